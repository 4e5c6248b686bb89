"""Part of the kernels of windows and frames: the values of a group in order (`cep/kernellib/ordered.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.codegen.keys import KeySlots
    from cep.codegen.layout import Layout
    from cep.codegen.window.slots import Slot
    from cep.codegen.writer import Writer


class OrderedValues:
    """One tree a group and slot; writes nothing where no aggregate needs it.

    panes: how many panes a group has open (their rows leave together), 0 where rows leave one by one.
    """

    def __init__(
        self, slots: Sequence[Slot], layout: Layout, keys: KeySlots, panes: int, prefix: str = ""
    ) -> None:
        self.slots = tuple(slots)
        self.layout = layout
        self.n = len(self.slots)
        self.panes = panes
        if not self.slots:
            return
        self.pool = f"{prefix}ordered"
        layout.pool(self.pool, 256)
        self.at = layout.register_number(f"{prefix}ordered_free", -1)
        layout.register(f"{prefix}ordered_used")
        self.live = layout.register(f"{prefix}ordered_live")
        self.counter = layout.register_number(f"{prefix}ordered_rows")
        self.chain = layout.state(f"{prefix}ordered_chain", "i32", self.pool, fill=-1)
        self.words = layout.state(f"{prefix}ordered_words", "i64", self.pool, width=4)
        self.links = layout.state(f"{prefix}ordered_links", "i64", self.pool, width=4, fill=-1)
        self.roots = layout.state(f"{prefix}ordered_roots", "i64", keys.pool, width=self.n, fill=-1)
        self.last = layout.state(
            f"{prefix}ordered_last", "i64", keys.pool, width=2 * self.n, fill=-1
        )
        if panes:
            pool = keys.pool if panes < 0 else f"{prefix}ordered_panes"
            if panes > 0:
                layout.pool(pool, 1)
            self.later = layout.state(f"{prefix}ordered_later", "i64", self.pool, fill=-1)
            self.heads = layout.state(
                f"{prefix}ordered_heads", "i64", pool, width=abs(panes), fill=-1
            )

    @property
    def _tree(self) -> str:
        return f"reg, {self.at}, {self.chain}, {self.words}, {self.links}, {self.roots}"

    def room(self) -> list[tuple[str, str]]:
        """Return the tests that one row would not fit, each with the pool that is full."""
        if not self.slots:
            return []
        return [(f"{self.live} + {self.n} > {self.layout.capacity(self.pool)}", self.pool)]

    def _group(self, slot: Slot, group: str) -> str:
        number = self.slots.index(slot)
        return group if self.n == 1 else f"({group} * {self.n} + {number})"

    def fields(self, slot: Slot, group: str) -> dict[str, str]:
        """Return what formulas read of the tree of a group."""
        number = self._group(slot, group)
        return {
            "root": f"{self.roots}[{number}]",
            "tree": f"{self.words}, {self.links}, {self.roots}[{number}]",
            "words": self.words,
            "links": self.links,
            "newest": f"{self.last}[2 * {number}]",
            "floats": str(int(slot.args[0].type is Type.DOUBLE)),
        }

    def _order(self, kind: Type, x: str) -> str:
        if kind is not Type.DOUBLE:
            return x
        return f"{self.layout.use('ordered', 'order_of')}({x})"

    def add(self, slot: Slot, xs: tuple[str, ...], group: str) -> str:
        """Return the call that adds the values of a row of a group; it gives the entry."""
        add = self.layout.use("ordered", "add_ordered")
        order, payload = self._order(slot.args[-1].type, xs[-1]), "0"
        if len(xs) > 1:
            payload = self._order(slot.args[0].type, xs[0])
        return (
            f"{add}({self._tree}, {self.counter}, {self._group(slot, group)}, {order}, {payload})"
        )

    def settle(self, writer: Writer, slot: Slot, entry: str, ts: str) -> None:
        """Write what follows the adding: of samples of one instant only the last stays."""
        if slot.kind.name == "ordered_samples":
            replace = self.layout.use("ordered", "replace_last")
            writer.line(
                f"{replace}({self.words}, {self.links}, {self.roots}, {self.last}, {entry}, {ts})"
            )

    def note(
        self, writer: Writer, slot: Slot, xs: tuple[str, ...], group: str, pane: str, ts: str
    ) -> None:
        """Write that the present row is in a pane of its group."""
        if self.panes >= 0:
            pane = f"{pane} % {self.panes}" if self.panes > 1 else "0"
        entry = writer.fresh("entry_")
        writer.line(f"{entry} = {self.add(slot, xs, group)}")
        self.settle(writer, slot, entry, ts)
        writer.lines(
            f"{self.later}[{entry}] = {self.heads}[{pane}]", f"{self.heads}[{pane}] = {entry}"
        )

    def forget(self, writer: Writer, pane: str) -> None:
        """Write that the rows of a pane leave."""
        if self.slots:
            drop = self.layout.use("ordered", "drop_pane")
            writer.line(f"{drop}({self._tree}, {self.last}, {self.later}, {self.heads}, {pane})")

    def drop(self, entry: str) -> str:
        """Return the call that takes a row out."""
        return f"{self.layout.use('ordered', 'drop_ordered')}({self._tree}, {self.last}, {entry})"
