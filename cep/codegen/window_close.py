"""Part of the kernel of a group window: what happens when a pane ends.

In stage 0 the pane is merged and, if a window ends with it, its groups are picked; in stage 1 they are
written, which may be interrupted when the output is full; then the oldest pane is emptied for the next.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cep.codegen import forms
from cep.codegen.scope import Value
from cep.codegen.window_scope import OutputScope, columns_of, time_value
from cep.graph.kernel import CAUSE_WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.codegen.window import WindowKernel
    from cep.codegen.window_slots import Slot
    from cep.codegen.writer import Writer
    from cep.plan.expressions import Aggregate


class WindowClose:
    """Writes the closing of a pane into the kernel."""

    def __init__(self, kernel: WindowKernel, writer: Writer) -> None:
        self.kernel = kernel
        self.writer = writer
        self.layout = kernel.layout
        self.slots = kernel.slots
        self.panes = kernel.panes
        self.n_slots = kernel.keys.n_slots

    def write(self) -> None:
        """Write all of it; a full output leaves the row loop with `reason`."""
        writer, kernel = self.writer, self.kernel
        writer.line(f"n_slots = {self.n_slots}")
        if kernel.sliding:
            writer.line(f"oldest = {kernel.base_of('(pane + 1)')}")
        with writer.block(f"if {kernel.reg_stage} == 0:"):
            if kernel.sliding:
                self._merge_pane()
            writer.line("n_picked = 0")
            if self.panes.parts == 2:
                with writer.block("if pane & 1 == 0:"):
                    self._pick()
            else:
                self._pick()
            writer.lines(
                f"{kernel.reg_picked} = n_picked",
                f"{kernel.reg_written} = 0",
                f"{kernel.reg_stage} = 1",
            )
        self._emit()
        self._retire()

    # ------------------------------------------------------------------ merging panes

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
            self._loop_reset("acc_", "s", self.slots.merged())
        with writer.block("else:"):
            self._loops(("acc_", "s"), ("pane_", "base + s"))

    def _loops(self, into: tuple[str, str], later: tuple[str, str]) -> None:
        writer = self.writer
        left, right = f"{into[0]}first[{into[1]}]", f"{later[0]}first[{later[1]}]"
        with writer.block("for s in range(n_slots):"):
            writer.line(f"{left} = min_i64({left}, {right})")
        for slot in self.slots.merged():
            with writer.block("for s in range(n_slots):"):
                self.slots.merge(writer, slot, slot.cells(*into), slot.cells(*later))

    def _loop_reset(self, prefix: str, index: str, slots: tuple[Slot, ...]) -> None:
        writer = self.writer
        with writer.block("for s in range(n_slots):"):
            writer.line(f"{prefix}first[{index}] = MAX_I64")
        for slot in slots:
            with writer.block("for s in range(n_slots):"):
                self.slots.reset(writer, (slot,), lambda s: s.cells(prefix, index))

    # ------------------------------------------------------------------ the groups of a window

    def _first_row(self, slot: str) -> str:
        if self.kernel.sliding:
            return f"min_i64(pane_first[oldest + {slot}], acc_first[{slot}])"
        return f"pane_first[{slot}]"

    def _pick(self) -> None:
        """Write the loop that collects the groups of the window that pass HAVING, then sorts them."""
        writer, keys = self.writer, self.kernel.keys
        with writer.block("for s in range(n_slots):"):
            writer.line(f"first_row = {self._first_row('s')}")
            with writer.block("if first_row != MAX_I64:"):
                self._test()
            if keys.keys and not self.slots.carried():
                with writer.block(f"elif {keys.chain}[s] == -2:"):
                    keys.release(writer, "s")
        sort = self.layout.use("ordering", "sort_slots")
        writer.line(f"{sort}(picked, spare, window_first, n_picked)")

    def _test(self) -> None:
        writer, having = self.writer, self.kernel.node.having
        take = ("window_first[s] = first_row", "picked[n_picked] = s", "n_picked += 1")
        if having is None:
            writer.lines(*take)
            return
        scope = self._outputs("s", having=True)
        with writer.block(f"if {forms.is_true(having, scope)}:"):
            writer.lines(*take)

    def _outputs(self, slot: str, *, having: bool) -> OutputScope:
        """Return the scope of the output row of the group in `slot`."""
        node, kernel = self.kernel.node, self.kernel
        loaded: dict[str, dict[str, str]] = {}
        tested = {c.name for c in columns_of(node.having)}
        columns: dict[str, Callable[[], Value]] = {
            "window_start": lambda: time_value(f"(pane_end - {self.panes.size})"),
            "window_end": lambda: time_value("pane_end"),
        }
        for number, item in enumerate(node.keys):
            columns[item.name] = partial(self._key, number, slot)
        for name, aggregate in node.aggregates:
            count = having or name not in tested
            columns[name] = partial(self._aggregate, aggregate, slot, loaded, count_errors=count)
        sources = {item.name: item.value for item in node.keys} | dict(node.aggregates)
        return OutputScope(kernel.layout, self.writer, columns, sources)

    def _key(self, number: int, slot: str) -> Value:
        return self.kernel.keys.value(number, slot)

    def _aggregate(
        self,
        aggregate: Aggregate,
        slot: str,
        loaded: dict[str, dict[str, str]],
        *,
        count_errors: bool,
    ) -> Value:
        for used in self.slots.used_by([aggregate]):
            if used.name not in loaded:
                loaded[used.name] = self._load(used, slot)
        return self.slots.value(
            self.writer, aggregate, lambda s: loaded[s.name], count_errors=count_errors
        )

    def _load(self, used: Slot, slot: str) -> dict[str, str]:
        """Return where the fields of a slot over the whole window are; of sliding ones write the merging."""
        if used.kind.distinct:
            return {"n": self.kernel.distinct.count(used, slot)}
        if used.kind.carried:
            return used.cells("base_", slot)
        if not self.kernel.sliding:
            return used.cells("pane_", slot)
        names = used.locals("w_")
        for field, cell in used.cells("pane_", f"oldest + {slot}").items():
            self.writer.line(f"{names[field]} = {cell}")
        self.slots.merge(self.writer, used, names, used.cells("acc_", slot))
        return names

    def _emit(self) -> None:
        """Write the loop that writes the picked groups."""
        writer, kernel = self.writer, self.kernel
        writer.lines(f"n_picked = {kernel.reg_picked}", f"written = {kernel.reg_written}")
        with writer.block("while written < n_picked:"):
            with writer.block(f"if out >= {self.layout.capacity('out')}:"):
                writer.lines(f"reason = {self.layout.full('out')}", "break")
            writer.line("g = picked[written]")
            scope = self._outputs("g", having=False)
            for column in kernel.node.schema.columns:
                value = scope.named(column.name)
                writer.line(f"{self.layout.output(column.name, column.type)}[out] = {value.text}")
            writer.lines(
                "out_ts[out] = pane_end - 1",
                f"out_cause[out] = {CAUSE_WINDOW}",
                "out += 1",
                "written += 1",
            )
        with writer.block("if reason != 0:"):
            writer.lines(f"{kernel.reg_written} = written", "break")

    # ------------------------------------------------------------------ the next pane

    def _retire(self) -> None:
        """Write the emptying of the oldest pane, and the step to the next one."""
        writer, kernel, panes = self.writer, self.kernel, self.panes
        oldest = "oldest + s" if kernel.sliding else "s"
        for slot in self.slots.carried():
            with writer.block("for s in range(n_slots):"):
                self.slots.merge(
                    writer, slot, slot.cells("base_", "s"), slot.cells("pane_", oldest)
                )
        self._loop_reset("pane_", oldest, (*self.slots.merged(), *self.slots.carried()))
        kernel.distinct.forget(writer, f"(pane + 1) % {panes.n}" if kernel.sliding else "0")
        with writer.block(f"if newest <= pane - {panes.n - 1}:"):
            writer.line("pane_end = NULL_I64")
        with writer.block("else:"):
            writer.line("pane += 1")
            if panes.parts == 1:
                writer.line(f"pane_end = add_i64(pane_end, {panes.every})")
            else:
                with writer.block("if pane & 1 == 0:"):
                    writer.line(f"pane_end = add_i64(pane_end, {panes.split})")
                with writer.block("else:"):
                    writer.line(f"pane_end = add_i64(pane_end, {panes.every - panes.split})")
            with writer.block("if pane_end == NULL_I64:"):
                writer.line("pane_end = MAX_I64 - 1")
            if kernel.sliding:
                writer.line(f"base = {kernel.base_of('pane')}")
        writer.line(f"{kernel.reg_stage} = 0")
