"""The kernel of GROUP BY with a window that rows open and end: one open window a group (ruling 33).

Each round of the loop takes the next timer or the next row, finds out whether the window of one group ends,
and writes its row. A timer is set when a window opens and moved only when it is due: a session that has
grown since then gets a later one.

| window | ends |
|---|---|
| SESSION | `gap` after its last row, inclusive (phase 3); before `max` after its first (phase 2) |
| BATCH | before `size` after its first row (phase 2), or with its `count`-th row |
| COUNT_WINDOW | with its `count`-th row |
| STATE_WINDOW | with the first row after the opening one that satisfies the closing condition |
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

from cep.codegen import conditions, loop
from cep.codegen.keys import KeySlots
from cep.codegen.layout import Layout
from cep.codegen.scope import RowScope
from cep.codegen.window.collected import BY_GROUP, Collected
from cep.codegen.window.ordering import Ordering
from cep.codegen.window.scope import OutputScope, columns_of, store_row, time_value
from cep.codegen.window.slots import Slots
from cep.codegen.writer import Writer
from cep.graph.kernel import CAUSE_DEADLINE, CAUSE_WINDOW
from cep.plan.nodes import EventWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AbstractContextManager

    from cep.codegen.scope import Value
    from cep.codegen.window.slots import Slot
    from cep.graph.kernel import KernelSpec
    from cep.plan.nodes import GroupWindow

_ENDS, _NOTHING_KEPT = 1, 2


class _EventWindowKernel:
    """Writes the kernel of one group window.

    Only one of them, with DISTINCT, ORDER BY or LIMIT n: `ending`, the slots of windows that end at one instant.
    State of a slot: rows (of its open window, 0: none is open), start, last (us), first (place of the window
    among all that opened), one timer, the slots of the aggregates.
    """

    def __init__(self, node: GroupWindow, entry: str) -> None:
        assert isinstance(node.window, EventWindow)
        self.node = node
        self.window = node.window
        self.timed = node.window.length_us is not None
        self.layout = layout = Layout(entry)
        self.body = Writer()
        self.keys = KeySlots(layout, [item.value.type for item in node.keys], fixed=True)
        pool = self.keys.pool
        self.slots = Slots(layout, [aggregate for _, aggregate in node.aggregates])
        for name in ("rows", "start", "last", "first"):
            layout.state(name, "i64", pool)
        if self.timed:
            layout.state("due", "i64", pool)
            layout.state("heap", "i32", pool)
            layout.state("heap_place", "i32", pool, fill=-1)
            self.timers = layout.register_number("timers")
        self.slots.arrays("pane_", (*self.slots.merged(), *self.slots.carried()), pool)
        self.slots.arrays("base_", self.slots.carried(), pool)
        self.collected = Collected(self.slots.collected(), layout, self.keys, BY_GROUP)
        self.seen = layout.register("windows_seen")
        self.open = layout.register("windows_open")
        # Windows that end together, where something is done with their rows together; only time ends several at once.
        self.together = self.timed and node.ordered
        if self.together:
            for name in ("ending", "picked", "spare"):
                layout.state(name, "i64", pool)
            self.n_ending = layout.register("n_ending")
        self.outputs = {c.name: layout.output(c.name, c.type) for c in node.schema.columns}

    def write(self) -> KernelSpec:
        """Return the kernel."""
        body, layout = self.body, self.layout
        half = layout.use("instants", "half_instant")
        ts, phase = layout.merge("ts"), layout.merge("phase")
        loop.begin(body)
        self.keys.enter(body)
        self.collected.enter(body)
        with body.block("while row <= n_rows:"):
            loop.no_room(body, layout)
            body.line(f"limit = {half}(ctl[2], 0)")
            with body.block("if row < n_rows:"):
                body.line(f"limit = {half}({ts}[row], 1 if {phase}[row] > 2 else 0)")
            body.lines("ends = 0", "slot = 0", "cause = row", "instant = 0", "bound = 0")
            keyword = "if"
            if self.together:
                keyword = "elif"
                self._ends_together()
            elif self.timed:
                keyword = "elif"
                with body.block(f"if {self._first_timer()} < limit:"):
                    self._timer()
            with body.block(f"{keyword} row == n_rows:"):
                body.line("break")
            with body.block("else:"):
                self._row()
                body.line("row += 1")
            self._end()
        next_clock = "MAX_I64"
        if self.timed:
            body.line(f"next_timer = {self._first_timer()}")
            next_clock = "next_timer // 2 + 1 if next_timer < MAX_I64 else MAX_I64"
        loop.end(body, next_clock=next_clock)
        return layout.spec(body, doc=[f"GROUP BY, {self.window.kind} windows."])

    # ------------------------------------------------------------------ timers

    def _first_timer(self) -> str:
        return f"{self.layout.use('timers', 'first_timer')}(reg, {self.timers}, heap, due)"

    def _timer_call(self, function: str, more: str = "") -> str:
        call = self.layout.use("timers", function)
        return f"{call}(reg, {self.timers}, heap, heap_place, due, first, slot{more})"

    def _deadline(self) -> None:
        """Write `bound`, the end of the window in `slot` as it stands, and its timer in halves, `deadline`."""
        body, window = self.body, self.window
        half = self.layout.use("instants", "half_instant")
        after = self.layout.use("deadlines", "deadline_after")
        if window.kind == "batch":
            body.lines(
                f"bound = {after}(start[slot], {window.length_us})",
                f"deadline = {half}(bound - 1, 0)",
            )
            return
        body.lines(
            f"bound = {after}(last[slot], {window.length_us})",
            f"deadline = {half}(bound, 1)",
        )
        if window.max_us is not None:
            body.line(f"longest = {after}(start[slot], {window.max_us})")
            with body.block(f"if {half}(longest - 1, 0) < deadline:"):
                body.lines("bound = longest", f"deadline = {half}(longest - 1, 0)")

    def _timer(self) -> None:
        """Write what the first timer does: end its window, or wait for the end of one that has grown."""
        body = self.body
        body.line("slot = heap[0]")
        self._deadline()
        with body.block("if deadline > due[slot]:"):
            body.line(self._timer_call("set_timer", ", deadline"))
        with body.block("else:"):
            body.line(f"ends = {_ENDS}")
            self._instant()

    def _instant(self) -> None:
        """Write `instant` and `cause` of the row of a window that ends at `bound` by its timer."""
        body = self.body
        body.lines(f"cause = {CAUSE_WINDOW}", "instant = bound - 1")
        if self.window.kind == "session":
            with body.block("if deadline & 1 == 1:"):
                body.lines(f"cause = {CAUSE_DEADLINE}", "instant = bound")

    def _ends_together(self) -> None:
        """Write the ends of all windows whose timers fire at once: first they are gathered, then their rows given."""
        body, layout = self.body, self.layout
        with body.block(f"if {self.n_ending} > 0:"):
            with body.block(f"if n_out + {self.n_ending} > {layout.capacity('out')}:"):
                body.lines(f"status = {layout.full('out')}", "break")
            self._rows_together()
        body.line(f"fires = {self._first_timer()}")
        gather = body.block(f"while {self._first_timer()} == fires:")
        with body.block("if fires < limit:"), gather:
            body.line("slot = heap[0]")
            self._deadline()
            with body.block("if deadline > due[slot]:"):
                body.line(self._timer_call("set_timer", ", deadline"))
            with body.block("else:"):
                body.lines(f"ending[{self.n_ending}] = slot", f"{self.n_ending} += 1")
                body.line(self._timer_call("clear_timer"))

    def _rows_together(self) -> None:
        """Write the rows of the windows in `ending` that pass HAVING, as the three clauses leave them; end all."""
        body, having = self.body, self.node.having
        body.line("slot = ending[0]")
        self._deadline()
        self._instant()
        body.line("n_picked = 0")
        with body.block(f"for number in range({self.n_ending}):"):
            body.line("slot = ending[number]")
            test = "" if having is None else conditions.is_true(having, self._outputs())
            with body.block(f"if {test}:") if test else nullcontext():
                body.lines("picked[n_picked] = slot", "n_picked += 1")
        scope = partial(self._outputs, counted=())
        Ordering(self.node, self.layout, self.keys.pool, scope, first="first").write(body)
        uncounted = {c.name for c in columns_of(having)}
        with body.block("for number in range(n_picked):"):
            body.line("slot = picked[number]")
            names = [n for n, _ in self.node.aggregates if n not in uncounted]
            store_row(self.node, self._outputs(counted=names), self.outputs, "n_out")
            body.lines("out_ts[n_out] = instant", "out_cause[n_out] = cause", "n_out += 1")
        with body.block(f"for number in range({self.n_ending}):"):
            body.line("slot = ending[number]")
            self._forget()
            if not self.keys.fixed and not self.slots.carried():
                self.keys.release(body)
        body.lines(f"{self.n_ending} = 0", "continue")

    # ------------------------------------------------------------------ rows

    def _row(self) -> None:
        node, body = self.node, self.body
        scope = RowScope(self.layout, body, "row")
        if node.where is None:
            self._taken(scope)
            return
        scope.load(columns_of(node.where))
        with body.block(f"if {conditions.is_true(node.where, scope)}:"):
            self._taken(scope)

    def _taken(self, scope: RowScope) -> None:
        """Write what a row does that WHERE lets pass."""
        body, window, keys = self.body, self.window, self.keys
        values = [item.value for item in self.node.keys]
        aggregates = [aggregate for _, aggregate in self.node.aggregates]
        scope.load(columns_of(*values, *aggregates, window.opens, window.closes))
        keys.look_up(scope, values)
        self.collected.check_room(body)
        keys.ensure(body)
        body.lines(f"instant = {self.layout.merge('ts')}[row]", "bound = instant")
        with body.block("if rows[slot] == 0:"):
            test: AbstractContextManager[None] = nullcontext()
            if window.opens is not None:
                body.line(f"ends = {_NOTHING_KEPT}")
                test = body.block(f"if {conditions.is_true(window.opens, scope)}:")
            with test:
                self._open()
        if window.closes is not None:
            closes = window.closes
            with body.block("else:"), body.block(f"if {conditions.is_true(closes, scope)}:"):
                body.line(f"ends = {_ENDS}")
            with body.block(f"if ends == {_NOTHING_KEPT}:"):
                body.line("last[slot] = instant")
                self._add(scope, self.slots.carried(), "base_")
        with body.block("else:" if window.closes is not None else "if ends == 0:"):
            body.lines("rows[slot] += 1", "last[slot] = instant")
            self._add(scope, self.slots.all(), "pane_")
        if self.timed:
            with body.block("if heap_place[slot] < 0:"):
                self._deadline()
                body.lines(self._timer_call("set_timer", ", deadline"), "bound = instant")
        if window.count is not None:
            with body.block(f"if rows[slot] == {window.count}:"):
                body.line(f"ends = {_ENDS}")

    def _open(self) -> None:
        self.body.lines(
            "ends = 0",
            "start[slot] = instant",
            f"first[slot] = {self.seen}",
            f"{self.seen} += 1",
            f"{self.open} += 1",
        )

    def _add(self, scope: RowScope, slots: tuple[Slot, ...], prefix: str) -> None:
        """Write the adding of the present row to slots of the group in `slot`."""
        self.slots.add_rows(
            scope,
            slots,
            "instant",
            lambda used, xs: self.collected.note(
                self.body, used, xs, "slot", "instant", pane="slot"
            ),
            cells=lambda used: used.cells(prefix, "slot"),
        )

    # ------------------------------------------------------------------ ends

    def _end(self) -> None:
        """Write the end of the window in `slot`: its row, and its cells as they were before it."""
        body, keys = self.body, self.keys
        with body.block(f"if ends == {_ENDS}:"):
            scope = self._outputs()
            having = self.node.having
            passes: AbstractContextManager[None] = nullcontext()
            if having is not None:
                passes = body.block(f"if {conditions.is_true(having, scope)}:")
            with passes:
                store_row(self.node, scope, self.outputs, "n_out")
                body.lines("out_ts[n_out] = instant", "out_cause[n_out] = cause", "n_out += 1")
            self._forget()
            if self.timed:
                body.line(self._timer_call("clear_timer"))
        if not keys.fixed and not self.slots.carried():
            with body.block("if ends > 0:"):
                keys.release(body)

    def _forget(self) -> None:
        """Write that no window of the group in `slot` is open, and its cells are as they were before."""
        body = self.body
        for used in self.slots.carried():
            self.slots.merge(body, used, used.cells("base_", "slot"), used.cells("pane_", "slot"))
        kept = (*self.slots.merged(), *self.slots.carried())
        self.slots.reset(body, kept, lambda used: used.cells("pane_", "slot"))
        self.collected.forget(body, "slot")
        body.lines("rows[slot] = 0", f"{self.open} -= 1")

    def _outputs(
        self, slot: str = "slot", *, counted: Collection[str] | None = None
    ) -> OutputScope:
        """Return the scope of the output row of the group in a slot; counted: aggregates whose errors count, None: all."""
        node = self.node
        columns: dict[str, Callable[[], Value]] = {
            "window_start": lambda: time_value(f"start[{slot}]"),
            "window_end": lambda: time_value("bound"),
        }
        for number, item in enumerate(node.keys):
            columns[item.name] = partial(self.keys.value, number, slot)
        for name, aggregate in node.aggregates:
            columns[name] = partial(
                self.slots.value,
                self.body,
                aggregate,
                partial(self._cells, slot=slot),
                start=f"start[{slot}]",
                end="bound",
                count_errors=counted is None or name in counted,
            )
        sources = {item.name: item.value for item in node.keys} | dict(node.aggregates)
        return OutputScope(self.layout, self.body, columns, sources, "instant")

    def _cells(self, used: Slot, slot: str) -> dict[str, str]:
        if used.kind.collects:
            return self.collected.fields(used, slot)
        return used.cells("base_" if used.kind.carried else "pane_", slot)


def event_window_kernel(node: GroupWindow, entry: str) -> KernelSpec:
    """Return the kernel of a group window that rows open; its outputs are the columns of the node's schema."""
    return _EventWindowKernel(node, entry).write()
