"""PARTITION BY of patterns (ruling 20): the key of an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.expressions import evaluate
from tests.oracle.operator import RowScope
from tests.oracle.values import UnsupportedError

if TYPE_CHECKING:
    from tests.oracle.catalog import Event
    from tests.oracle.tree import Test


class PartitionKey:
    """An item of PARTITION BY: one name for all streams, or equalities between variables."""

    def __init__(self, item: ast.PartitionItem, tests: list[Test]) -> None:
        self.columns: dict[str, str] = {}
        self.expression: ast.Expression | None = None
        if isinstance(item.value, ast.Name):
            self.name = item.alias or item.value.name
            self.columns = {t.stream: item.value.name for t in tests}
            return
        streams = {t.variable: t.stream for t in tests}
        self.name = item.alias or ""
        if not isinstance(item.value, ast.Binary) or item.value.operator not in ("eq", "and"):
            self.expression = item.value
            return
        for side in _sides(item.value):
            if not isinstance(side, ast.Member) or not isinstance(side.target, ast.Name):
                msg = "PARTITION BY"
                raise UnsupportedError(msg)
            self.columns[streams[side.target.name]] = side.name

    def of(self, event: Event) -> Any:
        """Return the key of an event."""
        if self.expression is not None:
            return evaluate(self.expression, RowScope(event.row, set(), {}))
        return event.row[self.columns[event.stream]]


def _sides(value: ast.Expression) -> list[ast.Expression]:
    match value:
        case ast.Binary(operator="and", left=left, right=right):
            return [*_sides(left), *_sides(right)]
        case ast.Binary(operator="eq", left=left, right=right):
            return [left, right]
        case _:
            msg = "PARTITION BY"
            raise UnsupportedError(msg)
