"""Part of the kernel of a group window: rows that come after their window closed.

Windows that end with instant t close in phase 2 of t; a row made in phase 3 of t (by a deadline of another
rule) lies in such a window, but comes later. It opens the window again: the window gets a second row
for each group, over the rows of phase 3 alone, with the same T and as a deadline of t; the windows
that contain t and end later take the row as any other. No row is lost.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from cep.codegen.window.collected import Collected
from cep.codegen.window.rows import View, WindowRows
from cep.graph.kernel import CAUSE_DEADLINE

if TYPE_CHECKING:
    from cep.codegen.scope import Scope
    from cep.codegen.window.kernel import WindowKernel
    from cep.codegen.writer import Writer


class Reopened:
    """The state of a window that is open again, and what the kernel does with it."""

    def __init__(self, kernel: WindowKernel) -> None:
        self.kernel = kernel
        self.slots = kernel.slots
        layout, keys = kernel.layout, kernel.keys
        layout.state("again_first", "i64", keys.pool, fill=2**63 - 1)
        self._fields = (*self.slots.merged(), *self.slots.carried())
        self.slots.arrays("again_", self._fields, keys.pool)
        self.slots.arrays("prior_", self.slots.carried(), keys.pool)
        self.reg_end = layout.register("again_end", -(2**63))
        self.reg_closed = layout.register("closed_end", -(2**63))
        self.collected = Collected(self.slots.collected(), layout, keys, 1, "again_")

    # ------------------------------------------------------------------ closing it again

    def keep_base(self, writer: Writer) -> None:
        """Write, at the end of a pane, the keeping of the samples before the window that ends with it."""
        self._copy_base(writer)
        if self.slots.carried():
            writer.line(f"{self.reg_closed} = pane_end")

    def _copy_base(self, writer: Writer) -> None:
        for slot in self.slots.carried():
            prior, base = slot.cells("prior_", "s"), slot.cells("base_", "s")
            with writer.block("for s in range(n_slots):"):
                writer.lines(*(f"{cell} = {base[field]}" for field, cell in prior.items()))

    def close(self, writer: Writer) -> None:
        """Write the second closing: it is due when time has passed the instant."""
        kernel = self.kernel
        rows = WindowRows(kernel, writer, self._view(CAUSE_DEADLINE))
        with writer.block(f"if {self.reg_end} != NULL_I64 and instant >= {self.reg_end}:"):
            writer.line(f"n_slots = {kernel.keys.n_slots}")
            with writer.block(f"if {kernel.reg_stage} == 0:"):
                if self.slots.carried():
                    writer.comment("no pane has ended here: all samples lie before the window")
                    with writer.block(f"if {self.reg_closed} != {self.reg_end}:"):
                        self._copy_base(writer)
                writer.line("n_picked = 0")
                rows.pick(release=False)
                kernel.picked(writer)
            rows.write()
            if not kernel.sliding and self.slots.carried():
                self._carry(writer)
            kernel.empty(writer, "again_", "s", self._fields)
            self.collected.forget(writer, "0")
            writer.lines(f"{self.reg_end} = NULL_I64", f"{kernel.reg_stage} = 0", "continue")

    def _carry(self, writer: Writer) -> None:
        """Write that the samples of the window are before all later ones, unless a longer window of CUMULATE has them."""
        panes = self.kernel.panes
        ended = f"if {panes.is_full(self.reg_end)}:" if panes.steps > 1 else ""
        with writer.block(ended) if ended else nullcontext():
            for slot in self.slots.carried():
                with writer.block("for s in range(n_slots):"):
                    cells = slot.cells("again_", "s")
                    self.slots.merge(writer, slot, slot.cells("base_", "s"), cells)

    # ------------------------------------------------------------------ a row

    def is_late(self, writer: Writer) -> str:
        """Write the test whether row i comes after the window that ends with its instant; return it."""
        phase = self.kernel.layout.merge("phase")
        writer.line("pane_start = NULL_I64")
        with writer.block(f"if {phase}[i] > 2:"):
            writer.line(f"pane_start = {self.kernel.panes.pane_start()}")
        return "pane_start == now"

    def add(self, scope: Scope) -> None:
        """Write the adding of such a row: to the window opened again, and to the later windows."""
        writer, panes, slot = scope.writer, self.kernel.panes, self.kernel.keys.slot
        if panes.parts == 2:
            with writer.block("if pane & 1 == 1:"):
                self._add_again(scope)
        else:
            self._add_again(scope)
        if self.kernel.sliding:
            self._add_to_later(scope)
        elif panes.steps > 1:
            with writer.block(f"if not ({panes.is_first_step()}):"):
                self._cells(
                    scope, "pane_", slot, with_carried=True, with_collected=self.kernel.collected
                )
        writer.line("seen += 1")
        if self.kernel.node.changes:
            self._change(writer)

    def _change(self, writer: Writer) -> None:
        """Write the row that such a row gives at once, with EMIT CHANGES."""
        if self.slots.carried():
            with writer.block(f"if {self.reg_closed} != {self.reg_end}:"):
                writer.line(f"n_slots = {self.kernel.keys.n_slots}")
                self._copy_base(writer)
        view = self._view("i", time=self._ts(), state="update")
        WindowRows(self.kernel, writer, view).write_group(self.kernel.keys.slot)

    def _view(self, cause: int | str, *, time: str = "", state: str = "final") -> View:
        """Return where the window that is open again is found."""
        cells = ("again_", "{s}")
        return View(self.reg_end, cause, cells, None, self.collected, "prior_", time, state)

    def _add_again(self, scope: Scope) -> None:
        writer, slot = scope.writer, self.kernel.keys.slot
        writer.line(f"{self.reg_end} = now")
        self._cells(scope, "again_", slot, with_carried=True, with_collected=self.collected)

    def _add_to_later(self, scope: Scope) -> None:
        """Write the adding to panes that were merged already: the prefix sum, or all suffix sums."""
        writer, kernel, n = scope.writer, self.kernel, self.kernel.panes.n
        slot = kernel.keys.slot
        writer.lines("newest = max_i64(newest, pane - 1)", "own = (pane - 1) % " + f"{n} * stride")
        own = f"own + {slot}"
        with writer.block(f"if pane % {n} != 0:"):
            self._cells(scope, "acc_", slot)
            self._cells(scope, "pane_", own)
        with writer.block("else:"), writer.block(f"for back in range(1, {n}):"):
            writer.line(f"cell = (pane - back) % {n} * stride + {slot}")
            self._cells(scope, "pane_", "cell")
        for carried in self.slots.carried():
            self.slots.add_rows(
                scope, (carried,), self._ts(), cells=lambda s: s.cells("pane_", own)
            )
        self.slots.add_rows(
            scope,
            self.slots.collected(),
            self._ts(),
            lambda s, xs: kernel.collected.note(writer, s, xs, slot, self._ts(), "(pane - 1)"),
            cells=lambda _: {},
        )

    def _ts(self) -> str:
        return f"{self.kernel.layout.merge('ts')}[i]"

    def _cells(
        self,
        scope: Scope,
        prefix: str,
        index: str,
        *,
        with_carried: bool = False,
        with_collected: Collected | None = None,
    ) -> None:
        writer = scope.writer
        with writer.block(f"if {prefix}first[{index}] == MAX_I64:"):
            writer.line(f"{prefix}first[{index}] = seen")
        slots = list(self.slots.merged())
        if with_carried:
            slots += self.slots.carried()
        if with_collected is not None:
            slots += self.slots.collected()
        self.slots.add_rows(
            scope,
            slots,
            self._ts(),
            lambda s, xs: (with_collected or self.collected).note(
                writer, s, xs, self.kernel.keys.slot, self._ts(), "0"
            ),
            cells=lambda s: s.cells(prefix, index),
        )
