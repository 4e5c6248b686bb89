"""Part of the kernel of a group window: the rows of a window that ends.

In stage 0 the groups that pass HAVING are picked and put in the order of their first rows; in stage 1 they
are written, which is interrupted when the output is full and goes on in the next call.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cep.codegen import conditions
from cep.codegen.scope import Value
from cep.codegen.window.ordering import Ordering
from cep.codegen.window.scope import OutputScope, columns_of, store_row, time_value
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.codegen.window.collected import Collected
    from cep.codegen.window.kernel import WindowKernel
    from cep.codegen.window.slots import Slot
    from cep.codegen.writer import Writer
    from cep.plan.expressions import Aggregate


@dataclass(frozen=True, slots=True)
class View:
    """Where a window that ends is found in the state.

    end: the text of its end, us. cause: what `out_cause` says. first: prefix and index of the cells of the
    group in slot `{s}`; later: of the cells merged to these, None for none. collected: its collecting slots. base: prefix of the
    cells of the samples before it. time: T of its rows, if not its last instant. state: what `window_state` is.
    pane: the number of its last pane, if that is known.
    """

    end: str
    cause: int | str
    first: tuple[str, str]
    later: tuple[str, str] | None
    collected: Collected
    base: str = "base_"
    time: str = ""
    state: str = "final"
    pane: str = ""

    @property
    def ts(self) -> str:
        """Kernel text of T of the rows."""
        return self.time or f"{self.end} - 1"


class WindowRows:
    """Writes the picking and writing of the groups of one view of the state."""

    def __init__(self, kernel: WindowKernel, writer: Writer, view: View) -> None:
        self.kernel = kernel
        self.writer = writer
        self.view = view
        self.slots = kernel.slots

    # ------------------------------------------------------------------ stage 0

    def pick(self, *, release: bool) -> None:
        """Write the picking of groups; release: groups without a row in any open window lose their slot."""
        writer, keys = self.writer, self.kernel.keys
        with writer.block("for s in range(n_slots):"):
            writer.line(f"first_row = {self._first_row('s')}")
            with writer.block("if first_row != MAX_I64:"):
                self._test()
            if release and not keys.fixed and not self.slots.carried():
                with writer.block(f"elif {keys.chain}[s] == -2:"):
                    keys.release(writer, "s")
        sort = self.kernel.layout.use("ordering", "sort_slots")
        writer.line(f"{sort}(picked, spare, window_first, n_picked)")
        if self.kernel.node.ordered:
            pool, layout = keys.pool, self.kernel.layout
            scope = partial(self._outputs, testing=False, counting=False)
            Ordering(self.kernel.node, layout, pool, scope).write(writer)

    def _first_row(self, slot: str) -> str:
        prefix, index = self.view.first
        cell = f"{prefix}first[{index.format(s=slot)}]"
        if self.view.later is None:
            return cell
        prefix, index = self.view.later
        return f"min_i64({cell}, {prefix}first[{index.format(s=slot)}])"

    def _test(self) -> None:
        writer, having = self.writer, self.kernel.node.having
        take = ("window_first[s] = first_row", "picked[n_picked] = s", "n_picked += 1")
        if having is None:
            writer.lines(*take)
            return
        with writer.block(f"if {conditions.is_true(having, self._outputs('s', testing=True))}:"):
            writer.lines(*take)

    # ------------------------------------------------------------------ stage 1

    def write(self) -> None:
        """Write the writing of the picked groups; a full output leaves the row loop with `status`."""
        writer, kernel, layout = self.writer, self.kernel, self.kernel.layout
        writer.lines(f"n_picked = {kernel.reg_picked}", f"written = {kernel.reg_written}")
        with writer.block("while written < n_picked:"):
            with writer.block(f"if out >= {layout.capacity('out')}:"):
                writer.lines(f"status = {layout.full('out')}", "break")
            writer.line("g = picked[written]")
            scope = self._outputs("g", testing=False)
            store_row(kernel.node, scope, kernel.outputs, "out")
            self._out(writer)
            writer.line("written += 1")
        with writer.block("if status != 0:"):
            writer.lines(f"{kernel.reg_written} = written", "break")

    def _out(self, writer: Writer) -> None:
        writer.lines(
            f"out_ts[out] = {self.view.ts}", f"out_cause[out] = {self.view.cause}", "out += 1"
        )

    def write_group(self, slot: str) -> None:
        """Write the row of the group in one slot, if it passes HAVING; there is room for it."""
        kernel, having = self.kernel, self.kernel.node.having
        scope = self._outputs(slot, testing=having is not None)
        test = "" if having is None else conditions.is_true(having, scope)
        with self.writer.block(f"if {test}:") if test else nullcontext():
            store_row(kernel.node, scope, kernel.outputs, "out")
            self._out(self.writer)

    # ------------------------------------------------------------------ output columns

    def _state(self) -> Value:
        code = self.kernel.layout.constant(self.view.state)
        return Value(code, Type.STRING, nullable=False)

    def _outputs(self, slot: str, *, testing: bool, counting: bool = True) -> OutputScope:
        """Return the scope of the output row of the group in `slot`."""
        node, end = self.kernel.node, self.view.end
        loaded: dict[str, dict[str, str]] = {}
        tested = {c.name for c in columns_of(node.having)}
        columns: dict[str, Callable[[], Value]] = {
            "window_start": lambda: time_value(self.kernel.panes.start(end, self.view.pane)),
            "window_end": lambda: time_value(end),
            "window_state": self._state,
        }
        for number, item in enumerate(node.keys):
            columns[item.name] = partial(self.kernel.keys.value, number, slot)
        for name, aggregate in node.aggregates:
            count = counting and (testing or name not in tested)
            columns[name] = partial(self._aggregate, aggregate, slot, loaded, count_errors=count)
        sources = {item.name: item.value for item in node.keys} | dict(node.aggregates)
        return OutputScope(self.kernel.layout, self.writer, columns, sources, f"({self.view.ts})")

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
            self.writer,
            aggregate,
            lambda s: loaded[s.name],
            start=self.kernel.panes.start(self.view.end, self.view.pane),
            end=self.view.end,
            count_errors=count_errors,
        )

    def _load(self, used: Slot, slot: str) -> dict[str, str]:
        """Return where the fields of a slot over the window are, writing the merging if there is any."""
        if used.kind.collects:
            return self.view.collected.fields(used, slot)
        if used.kind.carried:
            return used.cells(self.view.base, slot)
        prefix, index = self.view.first
        cells = used.cells(prefix, index.format(s=slot))
        if self.view.later is None:
            return cells
        names = used.locals("w_")
        for field, cell in cells.items():
            self.writer.line(f"{names[field]} = {cell}")
        prefix, index = self.view.later
        self.slots.merge(self.writer, used, names, used.cells(prefix, index.format(s=slot)))
        return names
