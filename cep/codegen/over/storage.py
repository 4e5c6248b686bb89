"""Part of the kernel of OVER: where the rows of a frame stand.

A row has a number, by which other rows know it, and a cell of the row arrays. Rows of a frame that is cut by
time leave in the order they came, whatever their key: a ring. Those of ROWS leave key by key: a free list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cep.codegen.layout import Layout
    from cep.codegen.writer import Writer
    from cep.graph.kernel import Dtype


class Storage(Protocol):
    """Makes the row arrays of a frame and writes the taking and giving back of their cells."""

    def array(self, name: str, dtype: Dtype, *, width: int = 1, fill: int | float = 0) -> str:
        """Return a row array of `width` cells a row."""
        ...

    def cell(self, row: str) -> str:
        """Return the text of the cell of a row."""
        ...

    def enter(self, writer: Writer) -> None:
        """Write what is done at the start of a call."""
        ...

    def leave(self, writer: Writer) -> None:
        """Write what is done at the end of a call."""
        ...

    def check_room(self, writer: Writer) -> None:
        """Write the test for room for one row; it leaves the row loop with `status`."""
        ...

    def take(self, writer: Writer, row: str) -> None:
        """Write the taking of a row, whose number goes to `row`."""
        ...

    def free(self, writer: Writer, row: str) -> None:
        """Write the giving back of a row."""
        ...


class RowList:
    """Cells of rows that leave in any order: a free list; the number of a row is its cell."""

    def __init__(self, layout: Layout, prefix: str) -> None:
        self.layout = layout
        self.pool = f"{prefix}rows"
        layout.pool(self.pool, 256)
        self.at = layout.register_number(f"{prefix}rows_free", -1)
        layout.register(f"{prefix}rows_used")
        layout.register(f"{prefix}rows_live")
        self.chain = self.array(f"{prefix}row_chain", "i32", fill=-1)

    def array(self, name: str, dtype: Dtype, *, width: int = 1, fill: int | float = 0) -> str:
        """Return a row array of `width` cells a row."""
        return self.layout.state(name, dtype, self.pool, width=width, fill=fill)

    def cell(self, row: str) -> str:
        """Return the text of the cell of a row."""
        return row

    def enter(self, writer: Writer) -> None:
        """Write nothing: all is in the state."""

    def leave(self, writer: Writer) -> None:
        """Write nothing: all is in the state."""

    def check_room(self, writer: Writer) -> None:
        """Write the test for room for one row; it leaves the row loop with `status`."""
        next_slot = self.layout.use("slots", "next_slot")
        capacity = self.layout.capacity(self.pool)
        with writer.block(f"if {next_slot}(reg, {self.at}) >= {capacity}:"):
            writer.lines(f"status = {self.layout.full(self.pool)}", "break")

    def take(self, writer: Writer, row: str) -> None:
        """Write the taking of a row, whose number goes to `row`."""
        take_slot = self.layout.use("slots", "take_slot")
        writer.line(f"{row} = {take_slot}(reg, {self.at}, {self.chain})")

    def free(self, writer: Writer, row: str) -> None:
        """Write the giving back of a row."""
        free_slot = self.layout.use("slots", "free_slot")
        writer.line(f"{free_slot}(reg, {self.at}, {self.chain}, {row})")


class RowRing:
    """Cells of rows that leave in the order they came: a ring; numbers count up and never come again.

    The cell of a row is its number modulo the capacity, a power of two. When the arrays have grown, rows
    whose cell is another one now are moved into the new half.
    """

    def __init__(self, layout: Layout, prefix: str) -> None:
        self.layout = layout
        self.pool = f"{prefix}rows"
        layout.pool(self.pool, 256)
        self.head, self.tail, self.mask = (f"{prefix}{n}" for n in ("head", "tail", "mask"))
        self.registers = {
            local: layout.register(f"{prefix}{name}")
            for local, name in (
                (self.head, "oldest_row"),
                (self.tail, "next_row"),
                (self.mask, "row_mask"),
            )
        }
        self.moved = f"{prefix}moved"
        self._arrays: list[tuple[str, int]] = []

    def array(self, name: str, dtype: Dtype, *, width: int = 1, fill: int | float = 0) -> str:
        """Return a row array of `width` cells a row."""
        self._arrays.append((name, width))
        return self.layout.state(name, dtype, self.pool, width=width, fill=fill)

    def cell(self, row: str) -> str:
        """Return the text of the cell of a row."""
        return f"({row} & {self.mask})"

    def enter(self, writer: Writer) -> None:
        """Write the reading of the ring's ends, and the moving of rows after growth."""
        for local, register in self.registers.items():
            writer.line(f"{local} = {register}")
        capacity = self.layout.capacity(self.pool)
        with writer.block(f"if {self.mask} != {capacity} - 1:"):
            with writer.block(f"for {self.moved} in range({self.head}, {self.tail}):"):
                self._move(writer, f"({self.moved} & ({capacity} - 1))")
            writer.line(f"{self.mask} = {capacity} - 1")

    def _move(self, writer: Writer, new: str) -> None:
        old = self.cell(self.moved)
        with writer.block(f"if {new} != {old}:"):
            for array, width in self._arrays:
                for number in range(width):
                    place = "{}" if width == 1 else f"{{}} * {width} + {number}"
                    writer.line(f"{array}[{place.format(new)}] = {array}[{place.format(old)}]")

    def leave(self, writer: Writer) -> None:
        """Write the keeping of the ring's ends."""
        for local, register in self.registers.items():
            writer.line(f"{register} = {local}")

    def check_room(self, writer: Writer) -> None:
        """Write the test for room for one row; it leaves the row loop with `status`."""
        with writer.block(f"if {self.tail} - {self.head} > {self.mask}:"):
            writer.lines(f"status = {self.layout.full(self.pool)}", "break")

    def take(self, writer: Writer, row: str) -> None:
        """Write the taking of a row, whose number goes to `row`."""
        writer.lines(f"{row} = {self.tail}", f"{self.tail} += 1")

    def free(self, writer: Writer, row: str) -> None:
        """Write the giving back of a row, which is the oldest one."""
        writer.line(f"{self.head} = {row} + 1")


def storage(layout: Layout, prefix: str, *, by_time: bool) -> Storage:
    """Return the storage of the rows of a frame."""
    return RowRing(layout, prefix) if by_time else RowList(layout, prefix)
