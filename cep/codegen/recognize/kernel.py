"""The kernel of a MATCH_RECOGNIZE: rows are kept by key until every start up to them is decided.

For each row: its key, the conditions that read no bound rows (a bit a variable), its place in the list of its key.
Then the key is worked on until it waits: the first row of the list is the start being tried (`step`), rows after it are
offered one by one, and what is decided is written (`decide`), so that the next start follows at once over
the rows that are there. A row is taken once; work that stops for want of room goes on from registers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import conditions
from cep.codegen.keys import KeySlots
from cep.codegen.layout import ORIGIN, Layout
from cep.codegen.recognize.arrival import find_key, pass_filtered
from cep.codegen.recognize.cells import Cells
from cep.codegen.recognize.decide import Decide
from cep.codegen.recognize.emit import Emitter
from cep.codegen.recognize.park import Park
from cep.codegen.recognize.parts import THREADS, Parts, conditions_of, key_types
from cep.codegen.recognize.rows import RowBuffer
from cep.codegen.recognize.scope import RecognizeScope
from cep.codegen.recognize.scout import SCOUTING, TO_THREADS, Scout
from cep.codegen.recognize.step import ALWAYS, MOST_THREADS, MOST_TRIES, Step
from cep.codegen.writer import Writer
from cep.graph.kernel import CAUSE_DEADLINE, CAUSE_FLUSH, Array, Numbers, Role
from cep.pattern.gates import leaves
from cep.plan.expressions import Aggregate, Bound, Column
from cep.plan.recognition import CLASSIFIER
from cep.plan.tree import walk

if TYPE_CHECKING:
    from cep.graph.kernel import KernelSpec
    from cep.pattern.recognize.program import Program
    from cep.plan.recognition import Recognize

HIDDEN = ORIGIN


def recognize_kernel(node: Recognize, program: Program, name: str = "recognize") -> KernelSpec:
    """Return the kernel of a MATCH_RECOGNIZE node with the program of its pattern; `name` is that of the rule."""
    layout = Layout(f"recognize_{name}", n_inputs=len(node.inputs))
    writer = Writer()
    for variable in node.variables:
        layout.constant(variable.name)  # constants[n] is the name of variable n, for CLASSIFIER()
    rows = RowBuffer(node, layout)
    parts = Parts(
        node,
        program,
        layout,
        writer,
        KeySlots(layout, key_types(node), shrinks=True),
        RecognizeScope(layout, writer, rows),
        Cells(node, layout, "m"),
        conditions_of(node),
        rows,
        Cells(node, layout, "known", THREADS),
    )
    _keep_what_is_read(parts)
    _Kernel(parts).write()
    return layout.spec(writer, doc=(f"MATCH_RECOGNIZE of rule {name}.",))


def _keep_what_is_read(parts: Parts) -> None:
    """Add the cells and the columns of rows that conditions on bound rows, measures and output read."""
    for condition in parts.conditions:
        for part in condition.bound:
            for leaf in leaves(part):
                parts.threads.need(leaf)
                if isinstance(leaf, Bound | Aggregate | Column):
                    _keep(parts, leaf)
    for measure in parts.node.measures:
        parts.measures.need(measure.value)
        if isinstance(measure.value, Bound | Aggregate):
            _keep(parts, measure.value)
    for name in parts.node.columns:
        parts.rows.cell(name, "0")


def _keep(parts: Parts, leaf: Bound | Aggregate | Column) -> None:
    for part in walk(leaf):
        if isinstance(part, Column | Bound) and part.name != CLASSIFIER:
            parts.rows.cell(part.name, "0")


class _Kernel:
    """Writes the body of the kernel function."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        layout = parts.layout
        layout.register("null_keys")
        self.stopped = layout.register("stopped")
        self.pending = layout.register("pending_key", -1)
        self.now = layout.register("pending_now")
        self.cause = layout.register("pending_cause")
        self.cut = layout.register("pending_cut")
        self.flushing = layout.register("flushing")
        self.timers = layout.register_number("timers")
        for name, fill in (("key_head", -1), ("key_tail", -1), ("key_at", -1), ("key_thread", -1)):
            layout.state(name, "i64", "keys", fill=fill)
        layout.state("key_best", "i64", "keys", fill=-2)
        layout.state("key_begun", "i8", "keys")
        layout.state("key_due", "i64", "keys")
        layout.state("key_order", "i64", "keys")
        layout.state("key_heap", "i32", "keys")
        layout.state("key_place", "i32", "keys", fill=-1)
        if parts.node.within_events is not None:
            layout.state("row_place", "i64", "rows")
        if parts.program.anchored:
            layout.state("row_first", "i8", "rows")
            layout.state("key_seen", "i8", "keys")
        self._tables()
        self.scout = Scout(parts)
        parts.marks = self.scout.possible or not parts.captures
        self.step = Step(parts)
        self.emitter = Emitter(parts)
        self.decide = Decide(parts, self.emitter)
        self.park = Park(parts)

    def _tables(self) -> None:
        """Add the program as tables: what may follow a state, its variable, whether it accepts, is excluded."""
        states = self.parts.program.states
        ends = [0]
        for state in states:
            ends.append(ends[-1] + len(state.follow))
        fits = [
            sum({1 << states[m.target].variable for m in state.moves})
            + ALWAYS * any(m.wait >= 0 for m in state.moves)
            for state in states
        ]
        moves = [move for state in states for move in state.moves]
        if self.parts.program.waits:
            guards = tuple(sum(1 << n for n in move.guards) for move in moves)
            source = Numbers(guards)
            self.parts.layout.add(Array("move_guards", "i64", Role.TABLE, source=source))
        self.parts.layout.add(Array("state_fits", "i64", Role.TABLE, source=Numbers(tuple(fits))))
        tables = {
            "follow_at": ends,
            "follow": [move.target for move in moves] or [0],
            "move_wait": [move.wait for move in moves] or [0],
            "state_variable": [max(state.variable, 0) for state in states],
            "state_accepts": [int(state.accepting) for state in states],
        }
        if any(state.excluded for state in states):
            tables["state_excluded"] = [int(state.excluded) for state in states]
        for name, values in tables.items():
            source = Numbers(tuple(values))
            self.parts.layout.add(Array(name, "i32", Role.TABLE, source=source))

    # ------------------------------------------------------------ the body

    def write(self) -> None:
        """Write the whole body."""
        parts, writer = self.parts, self.parts.writer
        with writer.block(f"if {self.stopped} != 0:"):
            writer.lines("ctl[0] = ctl[1]", "ctl[4] = MAX_I64", "return 0")
        writer.lines("row = ctl[0]", "rows = ctl[1]", "status = 0")
        writer.lines(f"slot = {self.pending}", f"now = {self.now}", f"cause = {self.cause}")
        writer.line(f"cut = {self.cut}")
        parts.keys.enter(writer)
        parts.measures.different.enter(writer)
        self._begin_flush()
        with writer.block("while True:"):
            with writer.block("if slot < 0:"):
                self._next_work()
            self._work()
        self._leave()

    def _leave(self) -> None:
        parts, writer = self.parts, self.parts.writer
        writer.lines("ctl[0] = row", f"{self.pending} = slot", f"{self.now} = now")
        writer.lines(f"{self.cause} = cause", f"{self.cut} = cut")
        first = parts.call("timers", "first_timer", "reg", self.timers, "key_heap", "key_due")
        writer.line(f"due = {first}")
        writer.line("ctl[4] = MAX_I64")
        with writer.block("if due < MAX_I64:"):
            writer.line("ctl[4] = due + 1")
        with writer.block("if status == 0:"):
            writer.line(f"{self.flushing} = 0")
        writer.line("return status")

    def _set_timer(self, slot: str, deadline: str) -> str:
        return self.parts.call(
            "timers",
            "set_timer",
            "reg",
            self.timers,
            "key_heap",
            "key_place",
            "key_due",
            "key_order",
            slot,
            deadline,
        )

    def _begin_flush(self) -> None:
        """Write the queue of all keys with an undecided start, by the place of the start, at the end of input."""
        parts, writer = self.parts, self.parts.writer
        with writer.block(f"if ctl[6] == 1 and {self.flushing} == 0:"):
            writer.line(f"{self.flushing} = 1")
            loop = writer.block(f"for key in range({parts.keys.n_slots}):")
            with loop, writer.block("if key_chain[key] == -2 and key_head[key] >= 0:"):
                writer.line("key_order[key] = row_number[key_head[key]]")
                writer.line(self._set_timer("key", "0"))

    def _next_work(self) -> None:
        """Write the choice of what comes next: a deadline, a row, or the end of the call."""
        parts, writer = self.parts, self.parts.writer
        writer.lines("limit = ctl[2]", "cut = 0")
        with writer.block("if row < rows:"):
            writer.line(f"limit = {parts.layout.merge('ts')}[row]")
        first = parts.call("timers", "first_timer", "reg", self.timers, "key_heap", "key_due")
        writer.line(f"due = {first}")
        with writer.block(f"if due < MAX_I64 and (due < limit or {self.flushing} == 1):"):
            self._due()
        with writer.block("elif row >= rows:"):
            writer.line("break")
        with writer.block("else:"):
            self._row()

    def _due(self) -> None:
        """Write the passing of a deadline; that of a start decided before only arms the next one."""
        parts, writer = self.parts, self.parts.writer
        clear = parts.call(
            "timers",
            "clear_timer",
            "reg",
            self.timers,
            "key_heap",
            "key_place",
            "key_due",
            "key_order",
            "slot",
        )
        writer.lines(
            "slot = key_heap[0]", clear, "now = due", f"cause = {CAUSE_DEADLINE}", "cut = 2"
        )
        with writer.block(f"if {self.flushing} == 1:"):
            writer.lines("now = ctl[2]", f"cause = {CAUSE_FLUSH}", "cut = 3")
        if not parts.timed:
            return
        with writer.block("elif key_begun[slot] == 0:"):
            writer.lines("slot = -1", "continue")
        with writer.block("else:"):
            self._deadline()
            with writer.block("if deadline > due:"):
                writer.line("key_order[slot] = row_number[key_head[slot]]")
                writer.lines(self._set_timer("slot", "deadline"), "slot = -1", "continue")

    def _deadline(self) -> None:
        """Write `deadline`, the last instant of the start of key `slot`; it only grows from start to start."""
        parts, writer = self.parts, self.parts.writer
        writer.line("deadline = MAX_I64")
        for row, length in (
            ("key_head", parts.node.within_us),
            ("key_tail", parts.node.gap_us),
        ):
            if length is not None:
                call = parts.call(
                    "deadlines", "deadline_after", f"row_ts[{row}[slot]]", str(length)
                )
                writer.line(f"deadline = min_i64(deadline, {call})")

    # ------------------------------------------------------------ a row

    def _row(self) -> None:
        """Write the taking of input row `row`, unless nothing can come of it."""
        parts, writer, scope = self.parts, self.parts.writer, self.parts.scope
        scope.at, scope.variable, scope.cells = "", None, None
        pass_filtered(parts)
        find_key(parts)
        if parts.keeps_keys:
            self._new_key()
        self._flags()
        self._pass_over()
        if self.park.possible:
            self.park.replace(self._fill)
        free = parts.call("slots", "next_slot", "reg", parts.rows.at)
        with writer.block(f"if {free} >= {parts.layout.capacity('rows')}:"):
            writer.lines(f"status = {parts.layout.full('rows')}", "slot = -1", "break")
        if not parts.keeps_keys:
            self._new_key()
        self._append()
        writer.lines("now = limit", "cause = row", "row = row + 1")

    def _new_key(self) -> None:
        parts, writer = self.parts, self.parts.writer
        with writer.block("if slot < 0:"):
            parts.keys.room(writer)
            parts.keys.add(writer)
            parts.rows.clear_rings(writer)
            writer.lines("key_head[slot] = -1", "key_tail[slot] = -1", "key_begun[slot] = 0")
            writer.lines("key_thread[slot] = -1", "key_best[slot] = -2", "key_place[slot] = -1")
            if parts.program.anchored:
                writer.line("key_seen[slot] = 0")
            if self.emitter.numbered:
                writer.line("key_matches[slot] = 0")

    def _flags(self) -> None:
        """Write `flags`: bit n is set if the row may be bound to variable n, bound rows aside."""
        parts, writer, scope = self.parts, self.parts.writer, self.parts.scope
        always = sum(1 << c.number for c in parts.conditions if not c.alone)
        writer.line(f"flags = {always}")
        for condition in parts.conditions:
            if condition.alone:
                tests = [f"({conditions.is_true(part, scope)})" for part in condition.alone]
                with writer.block(f"if {' and '.join(tests)}:"):
                    writer.line(f"flags = flags | {1 << condition.number}")

    def _pass_over(self) -> None:
        """Write the passing over of a row that no undecided start waits for and with which none can begin."""
        parts, writer = self.parts, self.parts.writer
        starts = parts.program.starts
        if any(s.accepting for s in starts) or parts.node.rows == "all_unmatched":
            return
        first = {parts.program.states[t].variable for s in starts for t in s.follow}
        if any(not parts.conditions[n].alone for n in first):
            return
        mask = sum(1 << n for n in first)
        with writer.block(f"if flags & {mask} == 0:"):
            waits = "slot >= 0 and key_head[slot] >= 0"
            writer.line("waits = 0")
            with writer.block(f"if {waits}:"):
                writer.line("waits = 1")
            with writer.block("if waits == 0:"):
                if parts.program.anchored:
                    writer.line("key_seen[slot] = 1")
                if parts.keeps_keys:
                    parts.rows.remember(writer, "row")
                writer.lines("slot = -1", "row = row + 1", "continue")

    def _fill(self) -> None:
        """Write the present row into the buffered row `kept`."""
        parts, writer = self.parts, self.parts.writer
        writer.lines("row_ts[kept] = limit", "row_flags[kept] = flags")
        parts.add_one("rows_seen")
        writer.line(f"row_number[kept] = {parts.layout.register('rows_seen')}")
        writer.line(f"row_seq[kept] = {parts.layout.seq(0, 'row')}")
        parts.rows.keep(writer, "row")
        parts.rows.remember(writer, "row")

    def _append(self) -> None:
        """Write the row as the last one of the list of its key."""
        parts, writer = self.parts, self.parts.writer
        take = parts.call("slots", "take_slot", "reg", parts.rows.at, "rows_chain")
        writer.lines(f"kept = {take}", "row_next[kept] = -1")
        self._fill()
        if parts.program.anchored:
            writer.lines("row_first[kept] = 1 - key_seen[slot]", "key_seen[slot] = 1")
        if parts.node.rows == "all_unmatched":
            writer.line("row_matched[kept] = 0")
        if parts.marks:
            width = parts.tried_words
            for word in range(width) if width <= 4 else ():
                place = "kept" if width == 1 else f"kept * {width} + {word}"
                writer.line(f"row_tried[{place}] = 0")
            if width > 4:
                with writer.block(f"for word in range({width}):"):
                    writer.line(f"row_tried[kept * {width} + word] = 0")
        writer.line("tail = key_tail[slot]")
        if parts.node.within_events is not None:
            writer.line("row_place[kept] = 0")
        with writer.block("if tail >= 0:"):
            writer.line("row_next[tail] = kept")
            if parts.node.within_events is not None:
                writer.line("row_place[kept] = row_place[tail] + 1")
        with writer.block("else:"):
            writer.line("key_head[slot] = kept")
        writer.line("key_tail[slot] = kept")

    # ------------------------------------------------------------ work on a key

    def _work(self) -> None:
        """Write one piece of work on key `slot`: a start begins, a row is offered, or a start is decided."""
        parts, writer = self.parts, self.parts.writer
        self._start()
        writer.lines("r = head", "stop = 0")
        with writer.block("if key_at[slot] >= 0:"):
            writer.line("r = row_next[key_at[slot]]")
        if self.scout.possible:
            with writer.block(f"if key_begun[slot] == {SCOUTING}:"):
                self.scout.write()
            with writer.block("elif key_thread[slot] == -1:"):
                writer.line("stop = 1")
            with writer.block("if stop == 1:"):
                writer.line("pass")
        else:
            with writer.block("if key_thread[slot] == -1:"):
                writer.line("stop = 1")
        if parts.node.within_events is not None:
            last = f"row_place[key_at[slot]] - row_place[head] >= {parts.node.within_events - 1}"
            with writer.block(f"elif key_at[slot] >= 0 and {last}:"):
                writer.line("stop = 2")
        with writer.block("elif r < 0:"):
            writer.line("stop = cut")
            with writer.block("if stop == 0:"):
                self._wait()
        if parts.node.within_us is not None:
            with writer.block(f"elif row_ts[r] - row_ts[head] > {parts.node.within_us}:"):
                writer.line("stop = 2")
        if parts.node.gap_us is not None:
            gap = f"row_ts[r] - row_ts[key_at[slot]] > {parts.node.gap_us}"
            with writer.block(f"elif key_at[slot] >= 0 and {gap}:"):
                writer.line("stop = 2")
        if parts.captures:
            self._budget()
        with writer.block("if stop == 0:"):
            self.step.write()
        with writer.block("else:"):
            self.decide.write()

    def _start(self) -> None:
        """Write the start of the trial of the first row of key `slot`, if none has begun."""
        parts, writer = self.parts, self.parts.writer
        writer.line("head = key_head[slot]")
        with writer.block("if key_begun[slot] == 0:"):
            with writer.block("if head < 0:"):
                if not parts.keeps_keys:
                    self._release()
                writer.lines("slot = -1", "continue")
            if self.park.possible:
                with writer.block(f"if {self.park.waits(self.flushing)}:"):
                    writer.lines("slot = -1", "continue")
            if self.scout.possible:
                self.scout.begin()
            else:
                self._begin()
        if self.scout.possible:
            with writer.block(f"if key_begun[slot] == {TO_THREADS}:"):
                self.step.begin()

    def _begin(self) -> None:
        """Write the start of the trial of row `head` with threads from the first row on."""
        self.step.begin()
        self.parts.add_one("runs_started")
        self.parts.add_one("runs_live")

    def _release(self) -> None:
        parts, writer = self.parts, self.parts.writer
        clear = parts.call(
            "timers",
            "clear_timer",
            "reg",
            self.timers,
            "key_heap",
            "key_place",
            "key_due",
            "key_order",
            "slot",
        )
        writer.line(clear)
        parts.keys.release(writer)

    def _wait(self) -> None:
        """Write the waiting of a start for rows: until WITHIN passes; at the end of input until its turn."""
        parts, writer = self.parts, self.parts.writer
        with writer.block(f"if {self.flushing} == 1:"):
            writer.line("key_order[slot] = row_number[head]")
            writer.line(self._set_timer("slot", "0"))
        if parts.timed:
            with writer.block("elif key_place[slot] < 0:"):
                self._deadline()
                writer.line("key_order[slot] = row_number[head]")
                writer.line(self._set_timer("slot", "deadline"))
        writer.lines("slot = -1", "continue")

    def _budget(self) -> None:
        """Write the end of the rule where one start of a key costs too much."""
        writer = self.parts.writer
        test = f"key_tries[slot] > {MOST_TRIES} or key_threads[slot] > {MOST_THREADS}"
        with writer.block(f"if {test}:"):
            writer.lines(f"{self.stopped} = 1", "row = rows", "slot = -1", "break")
