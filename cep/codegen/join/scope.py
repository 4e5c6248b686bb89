"""Part of the kernel of a join: columns of the present row, of a kept row of the other side, and of no row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.layout import identifier, kernel_dtype
from cep.codegen.scope import Hosted, RowScope, Value, refused
from cep.codegen.texts import null_text
from cep.plan.expressions import Column

if TYPE_CHECKING:
    from cep.codegen.layout import Layout
    from cep.codegen.writer import Writer
    from cep.plan.nodes import Join

SIDES = ("left", "right")


class JoinScope(RowScope):
    """The present row of input `present` (-1: there is none) at `j`; of other inputs the kept row `partner`.

    missing: the side without a row, whose columns are NULL. pools: the pool a side's rows are kept in, "" for
    a side that keeps none.
    """

    def __init__(self, node: Join, layout: Layout, writer: Writer, pools: tuple[str, str]) -> None:
        super().__init__(layout, writer, row="j")
        self.node = node
        self.present = 0
        self.missing: int | None = None
        self.partner = "p"
        self.arrays: dict[tuple[int, str], str] = {}
        for number, name in sorted(needed(node)):
            column = node.inputs[number].schema.find(name)
            if pools[number] and column is not None:
                self.arrays[number, name] = layout.state(
                    f"{SIDES[number]}_{identifier(name)}_{len(self.arrays)}",
                    kernel_dtype(column.type),
                    pools[number],
                    fill=column.type.null if column.type.null == column.type.null else 0,
                )

    def column(self, column: Column) -> Value:
        """Return a column of the present row, of the kept one, or NULL."""
        if column.input == self.missing:
            return Value(null_text(column.type), column.type)
        if column.input == self.present:
            return super().column(column)
        array = self.arrays[column.input, column.name]
        return Value(f"{array}[{self.partner}]", column.type, nullable=not column.not_null)

    def computed(self, hosted: Hosted) -> Value:
        """Return a value the host computes from columns of the present row."""
        for column in hosted.columns:
            if column.input != self.present:
                what = "in a join this function of a column of the earlier row"
                raise refused(what, column, "compute it in a subquery below the join")
        return super().computed(hosted)

    def keep(self, number: int, place: str) -> None:
        """Write the keeping of the present row of an input at a place of its pool."""
        for (side, name), array in self.arrays.items():
            if side == number:
                column = self.node.inputs[number].schema.find(name)
                assert column is not None
                own = self.column(Column(number, name, column.type, column.not_null))
                self.writer.line(f"{array}[{place}] = {own.text}")

    def outputs(self, missing: int | None = None) -> list[Value]:
        """Return the columns of an output row, in order; missing: the side that has no row."""
        self.missing = missing
        found = []
        for number, name in output_columns(self.node):
            column = self.node.inputs[number].schema.find(name)
            assert column is not None
            found.append(self.column(Column(number, name, column.type, column.not_null)))
        self.missing = None
        return found


def output_columns(node: Join) -> list[tuple[int, str]]:
    """Return (input, column) of the columns of a join, in order."""
    found = [node.origin(column.name) for column in node.schema.columns]
    return [origin for origin in found if origin is not None]


def needed(node: Join) -> set[tuple[int, str]]:
    """Return (input, column) of what output and condition read of the sides."""
    from cep.plan.tree import walk

    parts = walk(node.condition) if node.condition is not None else ()
    read = {(e.input, e.name) for e in parts if isinstance(e, Column)}
    return read | set(output_columns(node))
