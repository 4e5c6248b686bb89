"""[NOT] IN table and [NOT] EXISTS: every row is held against all rows the table has then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.catalog import table_asked
from tests.oracle.expressions import evaluate
from tests.oracle.operator import Operator, RowScope

if TYPE_CHECKING:
    from tests.oracle.catalog import Catalog, Event

Row = dict[str, Any]


class Membership(Operator):
    """A rule `SELECT * FROM stream WHERE condition on a table`; with one more item all rows, and the answer in it."""

    def __init__(self, catalog: Catalog, rule: ast.CreateRule, reads: list[str]) -> None:
        super().__init__(catalog, rule.name, reads, rule.name)
        query = rule.body.query
        assert isinstance(query, ast.Select)
        assert isinstance(query.from_, ast.TableName)
        self.owner = query.from_.alias or query.from_.name
        self.where: Any = query.where
        self.answer = query.items[1].alias if len(query.items) > 1 else None  # type: ignore[union-attr]
        self.table = table_asked(query.where)[0]
        self.shape = catalog.tables[self.table]
        self.now: dict[tuple[Any, ...], Row] = {}
        for row in self.shape.rows:
            self._change(row)

    def _change(self, row: Row) -> None:
        key = tuple(row[k] for k in self.shape.key)
        if self.shape.removed_by and row[self.shape.removed_by] is None:
            self.now.pop(key, None)
        elif None not in key:
            self.now[key] = row

    def on_event(self, event: Event) -> list[Row]:
        if event.stream == self.table:
            self._change(event.row)
            return []
        found = self._holds(event.row)
        if self.answer is not None:
            return [{**event.row, self.answer: found}]
        return [dict(event.row)] if found is True else []

    def _holds(self, row: Row) -> bool | None:
        where = self.where
        negated = isinstance(where, ast.Unary)
        where = where.operand if negated else where
        scope = RowScope(row, {self.owner}, self.catalog.parameters)
        if isinstance(where, ast.InTable):
            value = evaluate(where.operand, scope)
            found = any(value == key[0] for key in self.now)
            return None if value is None else found != (negated != where.negated)
        query = where.query
        names = {query.from_.name, query.from_.alias}
        found = any(
            evaluate(query.where, _Inner(mine, names, scope)) is True for mine in self.now.values()
        )
        return found != negated


class _Inner(RowScope):
    """A row of the table, around it a row of the stream."""

    def __init__(self, row: Row, owners: set[Any], outer: RowScope) -> None:
        super().__init__(row, owners, outer.parameters)
        self.outer = outer

    def name(self, name: str) -> Any:
        """Return a column of the table, else one of the stream."""
        return self.row[name] if name in self.row else self.outer.name(name)

    def member(self, owner: str, name: str) -> Any:
        """Return a column of the side that is named."""
        return self.row[name] if owner in self.owners else self.outer.member(owner, name)
