"""Part of the kernels of windows and frames: the scope of HAVING and QUALIFY, over output columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.loop import counted
from cep.codegen.scope import Scope, Value
from cep.plan.expressions import Aggregate, Column, Meta, children
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cep.codegen.layout import Layout
    from cep.codegen.scope import Leaf
    from cep.codegen.writer import Writer
    from cep.plan.expressions import Expr
    from cep.plan.nodes import GroupWindow, Over


class OutputScope(Scope):
    """Columns of the output row of a node: each is computed where it is first asked for.

    columns: name to a function that writes what is needed and returns the value; sources: name to the
    expression over the input that the values of a STRING column come from. time: text of T of the row.
    """

    def __init__(
        self,
        layout: Layout,
        writer: Writer,
        columns: Mapping[str, Callable[[], Value]],
        sources: Mapping[str, Expr],
        time: str,
    ) -> None:
        super().__init__(layout, writer)
        self._columns = columns
        self._sources = sources
        self._time = time
        self._values: dict[str, Value] = {}

    def column(self, column: Column) -> Value:
        """Return an output column."""
        return self.named(column.name)

    def meta(self, meta: Meta) -> Value:
        """Return T of the output row."""
        return time_value(self._time) if meta.what == "time" else super().meta(meta)

    def named(self, name: str) -> Value:
        """Return the output column of a name."""
        if name not in self._values:
            self._values[name] = self._columns[name]()
        return self._values[name]

    def string_columns(self, leaf: Leaf) -> tuple[tuple[int, str], ...] | None:
        """Return the input columns the codes of an output column come from."""
        if not isinstance(leaf, Column):
            return None
        source = self._sources.get(leaf.name)
        if isinstance(source, Aggregate) and source.args:
            source = source.args[0]
        return ((source.input, source.name),) if isinstance(source, Column) else None


def store_row(
    node: GroupWindow | Over, scope: OutputScope, arrays: Mapping[str, str], row: str
) -> None:
    """Write the columns of an output row, or the items selected of them, into cell `row` of their arrays."""
    if node.items:
        for item in node.items:
            scope.writer.line(f"{arrays[item.name]}[{row}] = {counted(item.value, scope).text}")
        return
    for column in node.schema.columns:
        scope.writer.line(f"{arrays[column.name]}[{row}] = {scope.named(column.name).text}")


def columns_of(*exprs: Expr | None) -> Iterator[Column]:
    """Yield every column that expressions read, each once, in order."""
    seen: dict[Column, None] = {}
    todo = [e for e in reversed(exprs) if e is not None]
    while todo:
        expr = todo.pop()
        if isinstance(expr, Column):
            seen.setdefault(expr)
        todo.extend(reversed(children(expr)))
    yield from seen


def time_value(text: str) -> Value:
    """Return a time the kernel knows, never NULL."""
    return Value(text, Type.TIMESTAMP, nullable=False)
