"""The kernel of GROUP BY with TUMBLE, HOP or CUMULATE.

Time is cut into *panes* at every start and end of a window, so that each window is `n` whole panes in
a row. A row is added to the slots of its group in the present pane only. When a pane ends, it is merged
into what its windows have so far; when a window ends, its groups are tested (HAVING), the ones that pass are
put in the order of their first rows, and written. The windows of a CUMULATE that start together are one pane, which ends at
every step and is emptied at the last one.

Sources: J. Li et al., "No pane, no gain", SIGMOD Record 34(1), 2005; S. Krishnamurthy, C. Wu, M. Franklin,
"On-the-fly sharing for streamed aggregation", SIGMOD 2006 (paired windows: two panes a period when `size` is
no multiple of `every`). Sliding without subtraction: M. van Herk, Pattern Recognition Letters 13, 1992, and
J. Gil, M. Werman, IEEE PAMI 15, 1993: blocks of n panes at multiples of n, so the order of additions
depends on time alone; a window is a suffix of one block and a prefix of the next.

| here | there |
|---|---|
| `pane_.. [p % n]` of the block before | suffix sums S |
| `acc_..` | prefix sum P of the present block |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import conditions
from cep.codegen.keys import KeySlots
from cep.codegen.layout import Layout
from cep.codegen.loop import filtered, passes
from cep.codegen.scope import RowScope
from cep.codegen.texts import number_text
from cep.codegen.window.close import WindowClose
from cep.codegen.window.collected import Collected
from cep.codegen.window.panes import panes_of
from cep.codegen.window.reopen import Reopened
from cep.codegen.window.rows import View, WindowRows
from cep.codegen.window.scope import columns_of
from cep.codegen.window.slots import Slots
from cep.codegen.writer import Writer
from cep.plan.nodes import EventWindow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.codegen.window.slots import Slot
    from cep.graph.kernel import KernelSpec
    from cep.plan.expressions import Expr
    from cep.plan.nodes import GroupWindow

_WIDEN = {"f64": "widen_f64", "i64": "widen_i64", "i32": "widen_i32"}


class WindowKernel:
    """Everything the parts of one kernel share."""

    def __init__(self, node: GroupWindow, entry: str, *, phases: bool) -> None:
        self.node = node
        assert not isinstance(node.window, EventWindow)
        self.layout = Layout(entry)
        self.panes = panes_of(node.window, self.layout)
        self.keys = KeySlots(self.layout, [item.value.type for item in node.keys], fixed=True)
        self.slots = Slots(self.layout, [aggregate for _, aggregate in node.aggregates])
        self.sliding = self.panes.n > 1
        self.tables = (
            ("pane_first", "i64", "MAX_I64"),
            *(
                (f"pane_{name}", field.dtype, number_text(field.empty))
                for name, field in self.slots.fields((*self.slots.merged(), *self.slots.carried()))
            ),
        )
        self.collected = Collected(self.slots.collected(), self.layout, self.keys, self.panes.n)
        self._state()
        self.again = Reopened(self) if phases else None
        self.outputs = {c.name: self.layout.output(c.name, c.type) for c in node.schema.columns}

    def _state(self) -> None:
        layout, pool = self.layout, self.keys.pool
        layout.state("pane_first", "i64", pool, width=self.panes.n, fill=2**63 - 1)
        in_panes = (*self.slots.merged(), *self.slots.carried())
        self.slots.arrays("pane_", in_panes, pool, self.panes.n)
        if self.sliding:
            layout.state("acc_first", "i64", pool, fill=2**63 - 1)
            self.slots.arrays("acc_", self.slots.merged(), pool)
        self.slots.arrays("base_", self.slots.carried(), pool)
        for name in ("picked", "spare", "window_first"):
            layout.state(name, "i64", pool)
        self.reg_stride = layout.register("stride")
        self.reg_pane = layout.register("pane")
        self.reg_end = layout.register("pane_end", -(2**63))
        self.reg_newest = layout.register("newest_pane", -(2**63))
        self.reg_seen = layout.register("rows_seen")
        self.reg_open = layout.register("windows_open")
        self.reg_stage = layout.register("closing")
        self.reg_picked = layout.register("n_picked")
        self.reg_written = layout.register("n_written")

    def spec(self) -> KernelSpec:
        """Return the kernel."""
        writer = Writer()
        self._enter(writer)
        with writer.block("while True:"):
            self._next_instant(writer)
            if self.again is not None:
                self.again.close(writer)
            with writer.block("if now >= pane_end:"):
                self._open(writer)
                WindowClose(self, writer).write()
                writer.line("continue")
            with writer.block("if i >= n:"):
                writer.line("break")
            self._rows(writer)
        self._leave(writer)
        return self.layout.spec(writer, doc=[f"GROUP BY, windows of {self.panes.text}."])

    def _enter(self, writer: Writer) -> None:
        writer.lines("status = 0", "i = ctl[0]", "n = ctl[1]", "out = ctl[3]")
        self.keys.enter(writer)
        self.collected.enter(writer)
        if self.again is not None:
            self.again.collected.enter(writer)
        writer.line(f"stride = {self.keys.capacity}")
        if self.sliding:
            with writer.block(f"if {self.reg_stride} != 0 and {self.reg_stride} != stride:"):
                for array, dtype, empty in self.tables:
                    widen = self.layout.use("panes", _WIDEN[dtype])
                    writer.line(
                        f"{widen}({array}, {self.panes.n}, {self.reg_stride}, stride, {empty})"
                    )
            writer.line(f"{self.reg_stride} = stride")
        writer.lines(
            f"pane = {self.reg_pane}",
            f"pane_end = {self.reg_end}",
            f"newest = {self.reg_newest}",
            f"seen = {self.reg_seen}",
            f"base = {self.base_of('pane')}",
        )

    def base_of(self, pane: str) -> str:
        """Return the kernel text of the first cell of a pane."""
        return f"{pane} % {self.panes.n} * stride" if self.sliding else "0"

    def _next_instant(self, writer: Writer) -> None:
        writer.line("now = ctl[2]")
        with writer.block("if i < n:"):
            writer.line(f"now = {self.layout.merge('ts')}[i]")
        if self.again is not None:
            writer.line("instant = now")
            with writer.block(f"if i < n and {self.layout.merge('phase')}[i] > 2:"):
                writer.line("now += 1")

    def _open(self, writer: Writer) -> None:
        """Write what is done when no pane is open: open the one of the next row."""
        with writer.block("if pane_end == NULL_I64:"):
            with writer.block("if i >= n:"):
                writer.line("break")
            self.panes.open(writer)
            writer.lines(f"base = {self.base_of('pane')}", "continue")

    def _rows(self, writer: Writer) -> None:
        """Write the adding of row i to the slots of its group; of all rows of the open pane where some are filtered."""
        where = self.node.where
        scope = RowScope(self.layout, writer, "i")
        if where is None:
            self._add(writer, scope)
            writer.line("i += 1")
        elif self.again is None:
            more = f"{self.layout.merge('ts')}[i] < pane_end"
            with filtered(writer, "i", "n", lambda: self._passes(writer, where), more=more):
                self._add(writer, scope)
        else:
            scope.load(columns_of(where))
            with writer.block(f"if {conditions.is_true(where, scope)}:"):
                self._add(writer, scope)
            writer.line("i += 1")

    def _passes(self, writer: Writer, where: Expr) -> str:
        scope = RowScope(self.layout, writer, "i")
        scope.load(columns_of(where))
        return passes(where, scope)

    def _add(self, writer: Writer, scope: RowScope) -> None:
        keys = self.keys
        aggregates = [aggregate for _, aggregate in self.node.aggregates]
        scope.load(columns_of(*(item.value for item in self.node.keys), *aggregates))
        keys.look_up(scope, [item.value for item in self.node.keys])
        if self.node.changes:
            with writer.block(f"if out >= {self.layout.capacity('out')}:"):
                writer.lines(f"status = {self.layout.full('out')}", "break")
        self.collected.check_room(writer)
        if self.again is not None:
            self.again.collected.check_room(writer)
        keys.ensure(writer)
        if self.again is None:
            self._add_to_pane(scope)
            return
        with writer.block(f"if {self.again.is_late(writer)}:"):
            self.again.add(scope)
        with writer.block("else:"):
            self._add_to_pane(scope)

    def _add_to_pane(self, scope: RowScope) -> None:
        writer, slot = scope.writer, self.keys.slot
        if self.panes.parts == 2 and self.panes.n == 1 and not self.slots.carried():
            # The second part of a period is in no window (but may hold the sample before the next).
            with writer.block("if pane & 1 == 0:"):
                self._add_to_cell(scope, slot)
        else:
            self._add_to_cell(scope, slot)

    def _add_to_cell(self, scope: RowScope, group: str) -> None:
        writer = scope.writer
        writer.line(f"cell = base + {group}")
        # Not a branch: whether a row is its group's first one is hard to predict (W3: 11.3 -> 9 ns a row).
        writer.lines(
            "pane_first[cell] = min_i64(pane_first[cell], seen)", "newest = pane", "seen += 1"
        )
        ts = f"{self.layout.merge('ts')}[i]"
        self.slots.add_rows(
            scope,
            self.slots.all(),
            ts,
            lambda slot, xs: self.collected.note(writer, slot, xs, group, ts),
            cells=lambda slot: slot.cells("pane_", "cell"),
        )
        if self.node.changes:
            view = View(
                "pane_end",
                "i",
                ("pane_", "{s}"),
                None,
                self.collected,
                time=ts,
                state="update",
                pane="pane",
            )
            WindowRows(self, writer, view).write_group(group)

    def empty(self, writer: Writer, prefix: str, index: str, slots: Sequence[Slot]) -> None:
        """Write the emptying of cells `index` (in terms of s) of every group."""
        with writer.block("for s in range(n_slots):"):
            writer.line(f"{prefix}first[{index}] = MAX_I64")
            self.slots.reset(writer, slots, lambda used: used.cells(prefix, index))

    def picked(self, writer: Writer) -> None:
        """Write the end of stage 0: the picked groups are ready to be written."""
        writer.lines(
            f"{self.reg_picked} = n_picked", f"{self.reg_written} = 0", f"{self.reg_stage} = 1"
        )

    def _leave(self, writer: Writer) -> None:
        writer.lines(
            f"{self.reg_pane} = pane",
            f"{self.reg_end} = pane_end",
            f"{self.reg_newest} = newest",
            f"{self.reg_seen} = seen",
            f"{self.reg_open} = {self.panes.open_windows}",
            "ctl[0] = i",
            "ctl[3] = out",
            "ctl[4] = pane_end",
        )
        with writer.block("if pane_end == NULL_I64:"):
            writer.lines("ctl[4] = MAX_I64", f"{self.reg_open} = 0")
        if self.again is not None:
            with writer.block(f"if {self.again.reg_end} != NULL_I64:"):
                writer.line(f"ctl[4] = {self.again.reg_end}")
        writer.line("return status")


def window_kernel(node: GroupWindow, entry: str, *, phases: bool = True) -> KernelSpec:
    """Return the kernel of a group window; its outputs are the columns of the node's schema.

    phases: whether rows may come that were made by deadlines (see `reopen`).
    """
    return WindowKernel(node, entry, phases=phases).spec()
