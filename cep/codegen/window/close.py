"""Part of the kernel of a group window: what happens when a pane ends.

The pane is merged into what is kept of its block; if a window ends with it, its rows are written; then
the oldest pane is emptied to become the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.window.rows import View, WindowRows
from cep.graph.kernel import CAUSE_WINDOW

if TYPE_CHECKING:
    from cep.codegen.window.kernel import WindowKernel
    from cep.codegen.writer import Writer


class WindowClose:
    """Writes the closing of a pane into the kernel."""

    def __init__(self, kernel: WindowKernel, writer: Writer) -> None:
        self.kernel = kernel
        self.writer = writer
        self.slots = kernel.slots
        self.panes = kernel.panes
        first, later = ("pane_", "{s}"), None
        if kernel.sliding:
            first, later = ("pane_", "oldest + {s}"), ("acc_", "{s}")
        view = View("pane_end", CAUSE_WINDOW, first, later, kernel.collected, pane="pane")
        self.rows = WindowRows(kernel, writer, view)

    def write(self) -> None:
        """Write all of it; a full output leaves the row loop with `status`."""
        writer, kernel = self.writer, self.kernel
        writer.line(f"n_slots = {kernel.keys.n_slots}")
        if kernel.sliding:
            writer.line(f"oldest = {kernel.base_of('(pane + 1)')}")
        with writer.block(f"if {kernel.reg_stage} == 0:"):
            if kernel.sliding:
                self._merge_pane()
            writer.line("n_picked = 0")
            if self.panes.parts == 2:
                with writer.block("if pane & 1 == 0:"):
                    self.rows.pick(release=True)
            else:
                self.rows.pick(release=True)
            kernel.picked(writer)
        self.rows.write()
        self._retire()
        writer.line(f"{kernel.reg_stage} = 0")

    def _merge_pane(self) -> None:
        """Write the end of a block (its suffix sums), or the adding of the pane to the prefix sum."""
        writer, n = self.writer, self.panes.n
        with writer.block(f"if pane % {n} == {n - 1}:"):
            with writer.block(f"for back in range(1, {n}):"):
                writer.lines(
                    f"into = (pane - back) % {n} * stride",
                    f"later = (pane - back + 1) % {n} * stride",
                )
                self._loops(("pane_", "into + s"), ("pane_", "later + s"))
            self.kernel.empty(writer, "acc_", "s", self.slots.merged())
        with writer.block("else:"):
            self._loops(("acc_", "s"), ("pane_", "base + s"))

    def _loops(self, into: tuple[str, str], later: tuple[str, str]) -> None:
        writer = self.writer
        left, right = f"{into[0]}first[{into[1]}]", f"{later[0]}first[{later[1]}]"
        # One loop for all of one straight operation a field: LLVM makes vector code of it.
        straight = [s for s in self.slots.merged() if s.kind.straight]
        others = [s for s in self.slots.merged() if not s.kind.straight]
        with writer.block("for s in range(n_slots):"):
            writer.line(f"{left} = min_i64({left}, {right})")
            for slot in straight:
                self.slots.merge(writer, slot, slot.cells(*into), slot.cells(*later))
        for slot in others:
            with writer.block("for s in range(n_slots):"):
                self.slots.merge(writer, slot, slot.cells(*into), slot.cells(*later))

    def _retire(self) -> None:
        """Write the emptying of the oldest pane, and the step to the next one."""
        writer, kernel, panes = self.writer, self.kernel, self.panes
        if kernel.again is not None:
            kernel.again.keep_base(writer)
        if panes.steps > 1:
            with writer.block(f"if {panes.is_last_step()}:"):
                self._empty()
                writer.line("pane_end = NULL_I64")
            with writer.block("else:"):
                self._next()
            return
        self._empty()
        with writer.block(f"if newest <= pane - {panes.n - 1}:"):
            writer.line("pane_end = NULL_I64")
        with writer.block("else:"):
            self._next()

    def _empty(self) -> None:
        writer, kernel, panes = self.writer, self.kernel, self.panes
        oldest = "oldest + s" if kernel.sliding else "s"
        for slot in self.slots.carried():
            with writer.block("for s in range(n_slots):"):
                cells = slot.cells("pane_", oldest)
                self.slots.merge(writer, slot, slot.cells("base_", "s"), cells)
        kernel.empty(writer, "pane_", oldest, (*self.slots.merged(), *self.slots.carried()))
        kernel.collected.forget(writer, f"(pane + 1) % {panes.n}" if kernel.sliding else "0")

    def _next(self) -> None:
        writer, kernel = self.writer, self.kernel
        self.panes.next(writer)
        if kernel.sliding:
            writer.line(f"base = {kernel.base_of('pane')}")
