"""Part of the kernels of windows and frames: slots whose size grows with the rows they hold.

Such a slot is not merged from parts: a row is noted when it comes and forgotten when it leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.window.distinct import DistinctValues
from cep.codegen.window.ordered import OrderedValues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.codegen.keys import KeySlots
    from cep.codegen.layout import Layout
    from cep.codegen.window.slots import Slot
    from cep.codegen.writer import Writer


# Instead of a number of panes: the rows of a group leave together, and its pane is its slot.
BY_GROUP = -1


class Collected:
    """The collecting slots of one kernel: different values, and values in order."""

    def __init__(
        self, slots: Sequence[Slot], layout: Layout, keys: KeySlots, panes: int, prefix: str = ""
    ) -> None:
        self.slots = tuple(slots)
        self.n = len(self.slots)
        self.layout = layout
        distinct = [s for s in self.slots if s.kind.collects == "distinct"]
        ordered = [s for s in self.slots if s.kind.collects == "ordered"]
        self.distinct = DistinctValues(distinct, layout, keys, panes, prefix)
        self.ordered = OrderedValues(ordered, layout, keys, panes, prefix)

    def enter(self, writer: Writer) -> None:
        """Write what is done at the start of a call."""
        self.distinct.enter(writer)

    def check_room(self, writer: Writer) -> None:
        """Write the test that all values of one row would fit; leaves the row loop if not."""
        for test, pool in (*self.distinct.room(), *self.ordered.room()):
            with writer.block(f"if {test}:"):
                writer.lines(f"status = {self.layout.full(pool)}", "break")

    def fields(self, slot: Slot, group: str) -> dict[str, str]:
        """Return what formulas read of a slot of a group."""
        if slot.kind.collects == "distinct":
            return {"n": self.distinct.count(slot, group)}
        return self.ordered.fields(slot, group)

    def note(
        self,
        writer: Writer,
        slot: Slot,
        xs: tuple[str, ...],
        group: str,
        ts: str,
        pane: str = "pane",
    ) -> None:
        """Write that the present row, of time ts, is in a pane of its group, by default the present one."""
        if slot.kind.collects == "distinct":
            self.distinct.note(writer, slot, xs[0], group, pane)
        else:
            self.ordered.note(writer, slot, xs, group, pane, ts)

    def forget(self, writer: Writer, pane: str) -> None:
        """Write that the rows of a pane leave."""
        self.distinct.forget(writer, pane)
        self.ordered.forget(writer, pane)

    def add(
        self, writer: Writer, slot: Slot, xs: tuple[str, ...], group: str, ts: str, into: str
    ) -> None:
        """Write the adding of the present row to a frame; its entry goes to `into`."""
        if slot.kind.collects == "distinct":
            writer.line(f"{into} = {self.distinct.add(slot, xs[0], group)}")
            return
        writer.line(f"{into} = {self.ordered.add(slot, xs, group)}")
        self.ordered.settle(writer, slot, into, ts)

    def drop(self, number: int, entry: str) -> str:
        """Return the call that takes the entry of slot `number` out of its frame."""
        if self.slots[number].kind.collects == "distinct":
            return self.distinct.drop(entry)
        return self.ordered.drop(entry)
