"""What a pattern reads by default: a stream, or a subquery over one (filter and SELECT list)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.expressions import evaluate, item_name
from tests.oracle.operator import RowScope
from tests.oracle.values import UnsupportedError

if TYPE_CHECKING:
    from tests.oracle.catalog import Catalog, Event

QUERY = "(query)"


class Input:
    """The FROM item of a pattern. `name` is what its events are called, None without FROM."""

    def __init__(self, source: ast.Table | None, catalog: Catalog) -> None:
        self.catalog = catalog
        self.query: ast.Select | None = None
        self.table = ""
        self.name: str | None = None
        self.columns: list[str] = []
        match source:
            case None:
                pass
            case ast.TableName(name=name):
                self.name, self.columns = name, catalog.columns(name)
            case ast.Derived(query=ast.Select(from_=ast.TableName(name=name)) as query):
                self.query, self.table, self.name = query, name, QUERY
                self.columns = catalog.columns_of_source(source)
                if query.group_by or query.output or query.qualify or query.distinct:
                    raise UnsupportedError(QUERY)
            case _:
                raise UnsupportedError(type(source).__name__)

    def take(self, event: Event) -> Event | None:
        """Return an event as the pattern sees it, None if the subquery leaves it out."""
        if self.query is None or event.stream != self.table:
            return event
        scope = RowScope(event.row, {self.table}, self.catalog.parameters)
        where = self.query.where
        if where is not None and evaluate(where, scope) is not True:
            return None
        row: dict[str, Any] = {}
        for item in self.query.items:
            if isinstance(item, ast.Star):
                row |= event.row
            else:
                row[item_name(item)] = evaluate(item.value, scope)
        return replace(event, stream=QUERY, row=row)
