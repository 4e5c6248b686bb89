"""Part of the kernels of windows and frames: COUNT(DISTINCT x), with an index of (group, value)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.codegen.keys import KeySlots
    from cep.codegen.layout import Layout
    from cep.codegen.window.slots import Slot
    from cep.codegen.writer import Writer


class DistinctValues:
    """The index of different values of one kernel; writes nothing where no aggregate needs it."""

    def __init__(
        self, slots: Sequence[Slot], layout: Layout, keys: KeySlots, panes: int, prefix: str = ""
    ) -> None:
        self.slots = tuple(slots)
        self.layout = layout
        self.n = len(self.slots)
        self.prefix = prefix
        if not self.slots:
            return
        self.pool, self.index_pool = f"{prefix}values", f"{prefix}value_index"
        layout.pool(self.pool, 64)
        layout.pool(self.index_pool, 256, rehash=True)
        self.at = int(layout.register(f"{prefix}value_free", -1)[4:-1])
        self.used = layout.register(f"{prefix}values_used")
        self.live_values = layout.register(f"{prefix}values_live")
        self.indexed = layout.register(f"{prefix}value_index_cells", 256)
        self.chain = layout.state(f"{prefix}value_chain", "i32", self.pool, fill=-1)
        self.words = layout.state(f"{prefix}value_words", "i64", self.pool, width=2)
        self.index = layout.state(f"{prefix}value_cells", "i32", self.index_pool, fill=-1)
        self.live = layout.state(f"{prefix}value_counts", "i64", keys.pool, width=self.n)
        if panes == 0:
            self.rows = layout.state(f"{prefix}value_rows", "i64", self.pool)
            return
        pool = keys.pool if panes < 0 else f"{prefix}panes"
        if panes > 0:
            layout.pool(pool, 1)
        self.seen_in = layout.state(f"{prefix}value_pane", "i64", self.pool)
        self.links = layout.state(f"{prefix}value_links", "i64", self.pool, width=2, fill=-1)
        self.heads = layout.state(f"{prefix}value_heads", "i64", pool, width=abs(panes), fill=-1)
        self.panes = panes

    @property
    def capacity(self) -> str:
        """The kernel text of the number of cells of the index."""
        return self.layout.capacity(self.index_pool)

    @property
    def _entries(self) -> str:
        return f"reg, {self.at}, {self.chain}, {self.words}, {self.index}, {self.capacity}"

    def enter(self, writer: Writer) -> None:
        """Write what is done at the start of a call: rebuild the index after it has grown."""
        if not self.slots:
            return
        rebuild = self.layout.use("hash_index", "rebuild_index")
        with writer.block(f"if {self.indexed} != {self.capacity}:"):
            writer.lines(
                f"{rebuild}({self.index}, {self.capacity}, {self.words}, 2, {self.chain}, {self.used})",
                f"{self.indexed} = {self.capacity}",
            )

    def room(self) -> list[tuple[str, str]]:
        """Return the tests that one row would not fit, each with the pool that is full."""
        if not self.slots:
            return []
        return [
            (f"{self.live_values} + {self.n} > {self.layout.capacity(self.pool)}", self.pool),
            (f"2 * ({self.live_values} + {self.n}) > {self.capacity}", self.index_pool),
        ]

    def count(self, slot: Slot, group: str) -> str:
        """Return the number of different values of a group."""
        return f"{self.live}[{self._group(slot, group)}]"

    def _group(self, slot: Slot, group: str) -> str:
        number = self.slots.index(slot)
        return group if self.n == 1 else f"{group} * {self.n} + {number}"

    def word(self, slot: Slot, x: str) -> str:
        """Return a value as the int64 the index holds."""
        if slot.args[0].type is Type.DOUBLE:
            return f"bits_of_f64({x} + 0.0)"  # minus zero is zero
        return x

    def note(self, writer: Writer, slot: Slot, x: str, group: str, pane: str) -> None:
        """Write that the present row has value `x` in a pane."""
        note = self.layout.use("distinct", "note_value")
        if self.panes >= 0:
            pane = f"{pane} % {self.panes}" if self.panes > 1 else "0"
        writer.line(
            f"{note}({self._entries}, {self.seen_in}, {self.links}, {self.heads}, {self.live}, "
            f"{self._group(slot, group)}, {self.word(slot, x)}, {pane})"
        )

    def forget(self, writer: Writer, pane: str) -> None:
        """Write that the values last seen in a pane leave."""
        if not self.slots:
            return
        forget = self.layout.use("distinct", "forget_values")
        writer.line(f"{forget}({self._entries}, {self.links}, {self.heads}, {self.live}, {pane})")

    def add(self, slot: Slot, x: str, group: str) -> str:
        """Return the call that counts one more row of a group with value `x`; it gives the entry."""
        add = self.layout.use("distinct", "add_value")
        return (
            f"{add}({self._entries}, {self.rows}, {self.live}, "
            f"{self._group(slot, group)}, {self.word(slot, x)})"
        )

    def drop(self, entry: str) -> str:
        """Return the call that counts one row less of an entry."""
        drop = self.layout.use("distinct", "drop_value")
        return f"{drop}({self._entries}, {self.rows}, {self.live}, {entry})"
