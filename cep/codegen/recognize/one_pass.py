"""The kernel of a MATCH_RECOGNIZE in one pass: a key is a configuration of a deterministic automaton and a few registers.

A row looks up one transition, which moves the threads of its key all together; no row is kept, and none is looked at
twice. For patterns and conditions that have no such automaton see `kernel.py`, which gives the same rows.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from cep.codegen import conditions
from cep.codegen.keys import KeySlots
from cep.codegen.layout import Layout
from cep.codegen.loop import filtered, passes
from cep.codegen.recognize.arrival import find_key, pass_filtered
from cep.codegen.recognize.cells import Cells
from cep.codegen.recognize.output import Output
from cep.codegen.recognize.parts import KernelParts, conditions_of, key_types
from cep.codegen.recognize.registers import NUMBER, SEQ, TIME, Registers
from cep.codegen.recognize.rows import LookBehind
from cep.codegen.recognize.scope import RecognizeScope
from cep.codegen.recognize.transitions import CELL_BITS, CELL_MASK, NO_CHANGE, Transitions
from cep.codegen.slot_uses import formula_of
from cep.codegen.writer import Writer
from cep.graph.kernel import CAUSE_DEADLINE, CAUSE_FLUSH
from cep.pattern.recognize.determinize import determinize
from cep.pattern.recognize.possible import possible_results
from cep.plan.expressions import Aggregate

if TYPE_CHECKING:
    from cep.codegen.recognize.cells import Cell
    from cep.graph.kernel import KernelSpec
    from cep.pattern.recognize.determinize import Deterministic
    from cep.pattern.recognize.program import Program
    from cep.plan.expressions import Expr
    from cep.plan.recognition import Recognize

MOST_ACTIONS = 40


def one_pass_kernel(node: Recognize, program: Program, name: str) -> KernelSpec | None:
    """Return the kernel of a MATCH_RECOGNIZE as a deterministic automaton, None if it cannot be one; `name`: its rule."""
    split = conditions_of(node)
    if not node.one_pass or any(c.bound for c in split) or any(map(_reads_end, node.measures)):
        return None
    alone = [c for c in split if c.alone]
    possible = possible_results([c.alone for c in alone])
    timed = node.within_us is not None
    automaton = determinize(program, tuple(c.number for c in alone), possible, timed=timed)
    if automaton is None:
        return None
    layout = Layout(f"recognize_{name}", n_inputs=len(node.inputs))
    for variable in node.variables:
        layout.constant(variable.name)  # constants[n] is the name of variable n, for CLASSIFIER()
    writer = Writer()
    look = LookBehind(node, layout)
    scope = _Scope(layout, writer, look)
    keys = KeySlots(layout, key_types(node), shrinks=True)
    parts = KernelParts(node, program, layout, writer, keys, scope, Cells(node, layout, "m"), split)
    for measure in node.measures:
        parts.measures.need(measure.value)
    kernel = _Kernel(parts, automaton, look)
    if len(kernel.transitions.actions) > MOST_ACTIONS:
        return None
    kernel.write()
    return layout.spec(writer, doc=(f"MATCH_RECOGNIZE of rule {name}, in one pass.",))


def _reads_end(measure: object) -> bool:
    """Whether the value of a measure depends on the instant of the last row of the match."""
    value = getattr(measure, "value", None)
    if not isinstance(value, Aggregate):
        return False
    formula = formula_of(value)
    return "{end}" in formula.value + formula.defined


class _Scope(RecognizeScope):
    """Leaves of conditions and measures: the row at hand is always the one that has just come."""

    def row_time(self) -> str:
        """Return the kernel text of the instant of the row."""
        return f"{self.layout.merge('ts')}[row]"


class _Kernel:
    """Writes the body of the kernel function."""

    def __init__(self, parts: KernelParts, automaton: Deterministic, look: LookBehind) -> None:
        self.parts = parts
        self.look = look
        self.automaton = automaton
        layout = parts.layout
        layout.state("key_state", "u8", "keys")
        for name in ("null_keys", "rows_live", "threads_live", "nodes_live"):
            layout.register(name)  # rows, threads and paths are not kept: these stay 0
        self.counters = {
            local: layout.register(register)
            for local, register in (
                ("seen", "rows_seen"),
                ("started", "runs_started"),
                ("matched", "runs_matched"),
                ("live", "runs_live"),
            )
        }
        self.timed = parts.node.within_us is not None
        if self.timed:
            self.counters["expired"] = layout.register("runs_expired")
        self.killed = layout.register("runs_killed")
        self.tries = layout.register("tries")
        self.flushing = layout.register("flushing")
        self.output = Output(parts)
        self.pending = [n for n, c in enumerate(automaton.configurations) if c.complete]
        if self.pending or self.timed:
            self.timers = layout.register_number("timers")
            for name, dtype in (("key_due", "i64"), ("key_order", "i64"), ("key_heap", "i32")):
                layout.state(name, dtype, "keys")  # type: ignore[arg-type]
            layout.state("key_place", "i32", "keys", fill=-1)
        self.transitions = Transitions(
            parts, automaton, Registers(parts, automaton, look), self.output
        )
        self.registers = self.transitions.registers

    # ------------------------------------------------------------ the body

    def write(self) -> None:
        """Write the whole body."""
        parts, writer = self.parts, self.parts.writer
        writer.lines("row = ctl[0]", "rows = ctl[1]", "n_out = ctl[3]", "status = 0")
        writer.lines(*(f"{local} = {register}" for local, register in self.counters.items()))
        parts.keys.enter(writer)
        self._rows()
        with writer.block("if ctl[6] == 1 and status == 0:"):
            self._flush()
        writer.lines(*(f"{register} = {local}" for local, register in self.counters.items()))
        expired = " - expired" if self.timed else ""
        writer.line(f"{self.killed} = started - matched - live{expired}")
        writer.lines(f"{self.tries} = seen", "ctl[0] = row", "ctl[3] = n_out", "ctl[4] = MAX_I64")
        if self.timed:
            writer.line(f"due = {self._first_timer()}")
            with writer.block("if due < MAX_I64:"):
                writer.line("ctl[4] = due + 1")
        writer.line("return status")

    def _rows(self) -> None:
        """Write the loop over the rows, and in it over what time does between them."""
        writer, where = self.parts.writer, self.parts.node.where
        if where is not None and not self.timed:
            self._filtered(where)
            return
        with writer.block("while True:" if self.timed else "while row < rows:"):
            if self.timed:
                self._time()
            self._at_row()
            pass_filtered(self.parts)
            self._row()
            writer.line("row = row + 1")

    def _filtered(self, where: Expr) -> None:
        """Write the loop over the rows that pass a filter."""
        writer = self.parts.writer
        self._at_row()
        with (
            writer.block("while row < rows:"),
            filtered(writer, "row", "rows", lambda: passes(where, self.parts.scope)),
        ):
            self._row()

    def _at_row(self) -> None:
        """Say that conditions are about input row `row`."""
        scope = self.parts.scope
        scope.at, scope.variable, scope.cells = "", None, None

    def _room(self, needed: int) -> None:
        layout = self.parts.layout
        with self.parts.writer.block(f"if n_out + {needed} > {layout.capacity('out')}:"):
            self.parts.writer.lines(f"status = {layout.full('out')}", "break")

    def _row(self) -> None:
        """Write the taking of input row `row`: it leaves the loop, with nothing touched, for want of room."""
        parts, writer = self.parts, self.parts.writer
        self._at_row()
        given = max(t.gives + t.completes for _, t in self.automaton.transitions())
        self._room(given)
        find_key(parts)
        if parts.keeps_keys:
            self._new_key("slot < 0")
            writer.line("state = key_state[slot]")
        else:
            writer.line("state = 0")
            with writer.block("if slot >= 0:"):
                writer.line("state = key_state[slot]")
        self._find_move()
        if not parts.keeps_keys:
            self._new_key("slot < 0 and (action != 0 or state != 0)")
        change = f"((move >> {2 * CELL_BITS}) & {CELL_MASK}) - {NO_CHANGE}"
        writer.lines("seen = seen + 1", f"live = live + ({change})")
        for number, text in enumerate(self.transitions.texts, 1):
            with writer.block(f"{'if' if number == 1 else 'elif'} action == {number}:"):
                writer.append(text)
        self.transitions.start()
        if parts.keeps_keys:
            writer.line("key_state[slot] = state")
            self.look.remember(writer, "row")
            self.registers.remember()
            if self.timed:
                with writer.block("if state != 0 and key_place[slot] < 0:"):
                    self._arm()
        else:
            with writer.block("if slot >= 0:"):
                writer.line("key_state[slot] = state")
                self.registers.remember()
                with writer.block("if state == 0:"):
                    self._forget()
                if self.timed:
                    with writer.block("elif key_place[slot] < 0:"):
                        self._arm()

    def _find_move(self) -> None:
        """Write `action` and the next `state`, found in the table by state and the results of all conditions."""
        parts, writer = self.parts, self.parts.writer
        by_number = {c.number: c for c in parts.conditions}
        results = []
        for place, number in enumerate(self.automaton.tested):
            tests = [f"({conditions.is_true(p, parts.scope)})" for p in by_number[number].alone]
            text = f"int({' and '.join(tests)})"
            results.append(f"({text} << {place})" if place else text)
        index = f"state * {1 << len(results)}" if results else "state"
        writer.line(f"move = moves[{' + '.join([index, *results])}]")
        writer.lines(f"action = move & {CELL_MASK}", f"state = (move >> {CELL_BITS}) & {CELL_MASK}")

    def _new_key(self, test: str) -> None:
        parts, writer = self.parts, self.parts.writer
        with writer.block(f"if {test}:"):
            parts.keys.room(writer)
            parts.keys.add(writer)
            self.look.clear_rings(writer)
            writer.line("key_state[slot] = 0")
            if self.output.numbered:
                writer.line("key_matches[slot] = 0")

    # ------------------------------------------------------------ WITHIN

    def _time(self) -> None:
        """Write what comes before the next row: the deadline of a key that passes before it, or the end of the loop.

        A key has one timer, which may be that of a start that is gone: then it is set anew.
        """
        parts, writer = self.parts, self.parts.writer
        writer.line("limit = ctl[2]")
        with writer.block("if row < rows:"):
            writer.line(f"limit = {parts.layout.merge('ts')}[row]")
        writer.line(f"due = {self._first_timer()}")
        with writer.block("if due < limit:"):
            self._room(1)
            writer.lines("slot = key_heap[0]", self._timer("clear_timer", "slot"))
            writer.line("state = key_state[slot]")
            with writer.block("if state != 0:"):
                early = f"{self._deadline()} > due or {self._oldest(NUMBER)} != key_order[slot]"
                with writer.block(f"if {early}:"):
                    self._arm()
                with writer.block("else:"):
                    self._expire()
            writer.line("continue")
        with writer.block("if row >= rows:"):
            writer.line("break")

    def _expire(self) -> None:
        """Write the end of the oldest start of key `slot`, whose time is over at `due`."""
        writer = self.parts.writer
        configurations = self.automaton.configurations
        for number, expiry in enumerate(self.automaton.expiries, 1):
            change = configurations[number].starts - configurations[expiry.target].starts
            with writer.block(f"{'if' if number == 1 else 'elif'} state == {number}:"):
                writer.lines(f"live = live - {change}", f"key_state[slot] = {expiry.target}")
                if expiry.gives:
                    self.registers.load(number, 0)
                    self.transitions.give(str(CAUSE_DEADLINE), self._oldest(SEQ), ts="due")
                else:
                    writer.line("expired = expired + 1")
                for place in range(len(expiry.threads)):
                    self.transitions.advance(number, expiry, place)
        with writer.block("if key_state[slot] != 0:"):
            self._arm()
        if not self.parts.keeps_keys:
            with writer.block("else:"):
                self._forget()

    def _oldest(self, cell: Cell) -> str:
        return self.registers.register(0, cell)

    def _deadline(self) -> str:
        within = str(self.parts.node.within_us)
        return self.parts.call("deadlines", "deadline_after", self._oldest(TIME), within)

    def _arm(self) -> None:
        """Write the setting of the timer of key `slot` to the last instant of its oldest start."""
        self.parts.writer.line(f"key_order[slot] = {self._oldest(NUMBER)}")
        self.parts.writer.line(self._timer("set_timer", "slot", self._deadline()))

    def _first_timer(self) -> str:
        return self.parts.call("timers", "first_timer", "reg", self.timers, "key_heap", "key_due")

    # ------------------------------------------------------------ the end of input

    def _flush(self) -> None:
        """Write the end of all runs: complete matches are given in the order of their starts."""
        parts, writer = self.parts, self.parts.writer
        keys = f"for slot in range({parts.keys.n_slots}):"
        if self.pending:
            with writer.block(f"if {self.flushing} == 0:"):
                writer.line(f"{self.flushing} = 1")
                pending = " or ".join(f"key_state[slot] == {n}" for n in self.pending)
                with writer.block(keys), writer.block("if key_chain[slot] == -2:"):
                    if self.timed:
                        writer.line(self._timer("clear_timer", "slot"))
                    with writer.block(f"if {pending}:"):
                        writer.line(f"key_order[slot] = {self._oldest(NUMBER)}")
                        writer.line(self._timer("set_timer", "slot", "0"))
            with writer.block(f"while reg[{self.timers}] > 0:"):
                self._room(1)
                writer.line("slot = key_heap[0]")
                writer.line(self._timer("clear_timer", "slot"))
                self._give_pending()
                writer.line("key_state[slot] = 0")
                writer.line("live = live - 1")
                self._forget()
        with writer.block("if status == 0:"):
            with writer.block(keys), writer.block("if key_chain[slot] == -2:"):
                writer.line("key_state[slot] = 0")
                self._forget()
            writer.lines(f"{self.flushing} = 0", "live = 0")

    def _timer(self, function: str, *args: str) -> str:
        arrays = ("key_heap", "key_place", "key_due", "key_order")
        return self.parts.call("timers", function, "reg", self.timers, *arrays, *args)

    def _give_pending(self) -> None:
        """Write the row of output of the complete match of key `slot`."""
        writer = self.parts.writer
        *others, last = self.pending
        for place, number in enumerate(others):
            with writer.block(f"{'elif' if place else 'if'} key_state[slot] == {number}:"):
                self.registers.load(number, 0)
        with writer.block("else:") if others else nullcontext():
            self.registers.load(last, 0)
        self.transitions.give(str(CAUSE_FLUSH), self.registers.register(0, SEQ), ts="ctl[2]")

    def _forget(self) -> None:
        """Write the giving back of key `slot`, where keys do not stay."""
        if self.parts.keeps_keys:
            return
        if self.timed:
            self.parts.writer.line(self._timer("clear_timer", "slot"))
        self.parts.keys.release(self.parts.writer)
