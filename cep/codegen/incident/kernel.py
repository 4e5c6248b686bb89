"""The kernel of an incident: at most one open thing a key, with its timers (ruling 37).

Each round of the kernel's loop takes the next timer or the next row, decides an action (opened, updated,
closed) for one slot, and then writes rows, moves the slot's timer or gives the slot back.
At one instant an incident's closings come before a pending UPDATED row, which a closing drops.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from cep.codegen import loop
from cep.codegen.conditions import is_true
from cep.codegen.forms import error_test, settled
from cep.codegen.incident.scope import IncidentScope
from cep.codegen.keys import KeySlots
from cep.codegen.layout import ORIGIN, Layout
from cep.codegen.texts import TRUE, all_of, null_text
from cep.codegen.writer import Writer
from cep.graph.kernel import PORT
from cep.plan.explain_expressions import expression_text
from cep.plan.nodes import CloseAfter, CloseWhen
from cep.times import format_duration
from cep.types import Type

if TYPE_CHECKING:
    from cep.graph.kernel import KernelSpec
    from cep.plan.nodes import Incident, IncidentClause, Item
    from cep.schema import ColumnSpec

OPENED, UPDATED, CLOSED, REMOVED = 1, 2, 3, 4
TABLE_PORT = 1
"""The port by which the changes of the incident's table leave; its events leave by port 0."""
STATES = {OPENED: "opened", UPDATED: "updated", CLOSED: "closed"}
# Values of close_reason.
BY_EVENT, BY_CONDITION, BY_IDLE, BY_TIME = "event", "condition", "idle", "timeout"


def hidden_columns(node: Incident) -> tuple[tuple[str, Type], ...]:
    """Return the hidden columns: where the opening event stands, and the port if there is a table."""
    return (*ORIGIN, (PORT, Type.INT)) if node.tabled else ORIGIN


class _IncidentKernel:
    """Writes the kernel of one incident.

    State of a slot: opened_at, updated_at (us), version (rows emitted), changed (1: updated since the last
    row), ticks (number of the last UPDATED EVERY tick), opening (place among all openings, the order of
    timers of one instant), origin_stream and origin_seq (the opening event), the state columns, and one
    timer, the earliest of its deadlines. With COOLDOWN a closed incident keeps its slot (cooling = 1) until
    the last instant in which it must not open again is over.
    """

    def __init__(self, node: Incident, entry: str) -> None:
        self.node = node
        self.layout = layout = Layout(entry, n_inputs=len(node.inputs))
        self.body = Writer()
        first = node.inputs[0].schema
        types = [column.type for name in node.keys if (column := first.find(name)) is not None]
        self.cools = node.cooldown_us is not None
        self.keys = KeySlots(layout, types, live="keys_live" if self.cools else "incidents_open")
        self.scope = IncidentScope(node, layout, self.body, self.keys)
        for name in ("opened_at", "updated_at", "version", "ticks", "opening", "due"):
            layout.state(name, "i64", "keys")
        layout.state("changed", "i8", "keys")
        layout.state("origin_stream", "i64", "keys")
        layout.state("origin_seq", "i64", "keys")
        layout.state("heap", "i32", "keys")
        layout.state("place", "i32", "keys", fill=-1)
        self.timers = layout.register_number("timers")
        self.openings = layout.register("openings")
        self.null_keys = layout.register("null_keys")
        closes = any(isinstance(c, CloseAfter) for c in node.closings)
        self.timed = closes or bool(self.every) or self.cools
        self.open_count = layout.register("incidents_open")
        if self.cools:
            layout.state("cooling", "i8", "keys")
        shown = [column for column in node.schema.columns if column.name != "incident_id"]
        self.columns = [(column, layout.output(column.name, column.type)) for column in shown]
        self.hidden = [layout.output(name, kind) for name, kind in hidden_columns(node)]

    @property
    def every(self) -> int:
        """Length of UPDATED EVERY in us; 0: a row for each update."""
        return self.node.updated_every_us if self.node.emit_updated else 0

    def write(self) -> KernelSpec:
        """Return the kernel."""
        body, layout = self.body, self.layout
        time = layout.merge("ts")
        timer = f"{layout.use('timers', 'first_timer')}(reg, {self.timers}, heap, due)"
        loop.begin(body)
        self.keys.enter(body)
        with body.block("while row <= n_rows:"):
            loop.no_room(body, layout, n_rows=4 if self.node.tabled else 2)
            body.line(f"now = {time}[row] if row < n_rows else ctl[2]")
            body.lines("slot = -1", "action = 0", "reason = -1", "tick = 0", "cause = row")
            with body.block(f"if {timer} < now:"):
                self._timer()
            with body.block("elif row == n_rows:"):
                body.line("break")
            with body.block("else:"):
                self._row()
                self._close_when()
                body.line("row += 1")
            with body.block("if action > 0:"):
                self._emit()
                self._move_timer()
        body.line(f"next_timer = {timer}")
        loop.end(body, next_clock="next_timer + 1 if next_timer < MAX_I64 else MAX_I64")
        doc = f"INCIDENT KEY ({', '.join(self.node.keys)})"
        return layout.spec(body, doc=[doc])

    # ------------------------------------------------------------------ timers

    def _deadline(self, closing: CloseAfter) -> str:
        """Return the text of a closing deadline of the incident in `slot`."""
        after = self.layout.use("deadlines", "deadline_after")
        return f"{after}({'updated_at' if closing.idle else 'opened_at'}[slot], {closing.after_us})"

    def _timer(self) -> None:
        """Write what the timer of the first slot of the heap does: close, or a row of UPDATED EVERY."""
        body = self.body
        body.lines("slot = heap[0]", "now = due[slot]", "cause = -2")
        keyword = "if"
        if self.cools:
            with body.block("if cooling[slot] == 1:"):
                body.comment("the cooldown is over")
                body.line(f"action = {REMOVED}")
            keyword = "elif"
        for closing in self.node.closings:
            if isinstance(closing, CloseAfter):
                reason = self.layout.constant(BY_IDLE if closing.idle else BY_TIME)
                idle = " IDLE" if closing.idle else ""
                with body.block(f"{keyword} {self._deadline(closing)} <= now:"):
                    body.comment(f"CLOSE AFTER {format_duration(closing.after_us)}{idle}")
                    body.lines(f"action = {CLOSED}", f"reason = {reason}")
                keyword = "elif"
        if self.every:
            with body.block("else:" if keyword == "elif" else "if changed[slot] == 1:"):
                body.comment(f"UPDATED EVERY {format_duration(self.every)}")
                body.lines(
                    f"action = {UPDATED}",
                    "tick = 1",
                    f"ticks[slot] = (now - opened_at[slot]) // {self.every}",
                )

    def _move_timer(self) -> None:
        """Write the timer of the incident in `slot` anew, or give the slot of a closed one back."""
        body, layout = self.body, self.layout
        place = f"(reg, {self.timers}, heap, place, due, opening, slot"
        leaves = f"action == {REMOVED}" if self.cools else "reason >= 0"
        with body.block(f"if {leaves}:"):
            if self.timed:
                body.line(f"{layout.use('timers', 'clear_timer')}{place})")
            self.keys.release(body)
        if self.cools:
            after = layout.use("deadlines", "deadline_after")
            with body.block("elif reason >= 0:"):
                body.comment(f"COOLDOWN {format_duration(self.node.cooldown_us or 0)}")
                body.lines("cooling[slot] = 1", f"{self.open_count} = {self.open_count} - 1")
                deadline = f"{after}(now, {self.node.cooldown_us}) - 1"
                body.line(f"{layout.use('timers', 'set_timer')}{place}, {deadline})")
        if not self.timed:
            return
        with body.block("else:"):
            body.line("deadline = MAX_I64")
            for closing in self.node.closings:
                if isinstance(closing, CloseAfter):
                    body.line(f"deadline = min_i64(deadline, {self._deadline(closing)})")
            if self.every:
                after = layout.use("deadlines", "deadline_after")
                with body.block("if changed[slot] == 1:"):
                    ticks = (
                        f"(updated_at[slot] - opened_at[slot] + {self.every - 1}) // {self.every}"
                    )
                    body.line(f"ahead = max_i64(ticks[slot] + 1, {ticks})")
                    body.line(
                        f"deadline = min_i64(deadline, {after}(opened_at[slot], ahead * {self.every}))"
                    )
            with body.block("if deadline < MAX_I64:"):
                body.line(f"{layout.use('timers', 'set_timer')}{place}, deadline)")
            with body.block("else:"):
                body.line(f"{layout.use('timers', 'clear_timer')}{place})")

    # ------------------------------------------------------------------ rows

    def _row(self) -> None:
        """Write what a row does: the clauses of its input, in the order CLOSE, UPDATE, OPEN."""
        body = self.body
        if len(self.node.inputs) == 1:
            body.line("j = row")
            self._input(0)
            return
        body.line(f"j = {self.layout.merge('row')}[row]")
        source = self.layout.merge("source")
        for number, scan in enumerate(self.node.inputs):
            with body.block(f"{'if' if number == 0 else 'elif'} {source}[row] == {number}:"):
                body.comment(f"an event of {scan.stream}")
                self._input(number)

    def _input(self, number: int) -> None:
        scope = self.scope
        columns = [scope.column(scope.key_column(number, name)) for name in self.node.keys]
        is_null = self.keys.load(scope, columns)
        if not is_null:
            self._clauses(number)
            return
        with self.body.block(f"if {is_null}:"):
            self.body.line(f"{self.null_keys} = {self.null_keys} + 1")
        with self.body.block("else:"):
            self._clauses(number)

    def _clauses(self, number: int) -> None:
        body = self.body
        mine = [c for c in self.node.clauses if c.input == number]
        self.keys.find(body)
        opening = [c for c in mine if c.kind == "open"]
        changing = [c for kind in ("close", "update") for c in mine if c.kind == kind]
        if changing:
            with body.block(f"if slot >= 0{' and cooling[slot] == 0' if self.cools else ''}:"):
                for place, clause in enumerate(changing):
                    self._clause(clause, first=place == 0)
        if opening:
            with body.block("elif slot < 0:" if changing else "if slot < 0:"):
                self.keys.room(body)
                self.scope.opening = number
                for place, clause in enumerate(opening):
                    self._clause(clause, first=place == 0)
                self.scope.opening = None

    def _clause(self, clause: IncidentClause, *, first: bool) -> None:
        """Write one clause: its condition, the values it sets (all from the old ones), its action."""
        body, scope = self.body, self.scope
        where = f" WHERE {expression_text(clause.where)}" if clause.where is not None else ""
        body.comment(f"{clause.kind.upper()} ON {self.node.inputs[clause.input].stream}{where}")
        condition = is_true(clause.where, scope) if clause.where is not None else TRUE
        if not first:
            condition = all_of(["action == 0", condition])
        with body.block(f"if {condition}:") if condition != TRUE else nullcontext():
            names = {item.name: self._set(item) for item in clause.sets}
            if clause.kind == "update":
                self._notice(names)
            if clause.kind == "open":
                self._open(clause.input)
            for column in self.node.state:
                if column.name in names or clause.kind == "open":
                    text = names.get(column.name, null_text(column.type))
                    body.line(f"{scope.states[column.name]}[slot] = {text}")
            if clause.kind == "update":
                body.lines("updated_at[slot] = now", "changed[slot] = 1", f"action = {UPDATED}")
            elif clause.kind == "close":
                body.lines(f"action = {CLOSED}", f"reason = {self.layout.constant(BY_EVENT)}")

    def _notice(self, names: dict[str, str]) -> None:
        """Write `tick = 1` if one of the columns of UPDATED ON CHANGE OF gets another value."""
        for column in self.node.state:
            if column.name in self.node.updated_on and column.name in names:
                new, old = names[column.name], f"{self.scope.states[column.name]}[slot]"
                test = f"{new} != {old}"
                if column.type is Type.DOUBLE:  # NULL is not another value than NULL
                    test = f"{test} and ({new} == {new} or {old} == {old})"
                with self.body.block(f"if {test}:"):
                    self.body.line("tick = 1")

    def _set(self, item: Item) -> str:
        """Write the new value of a state column and return its name; count an expression error."""
        name = self.body.fresh("new")
        given = settled(item.value, self.scope)
        self.body.line(f"{name} = {given.text}")
        test = error_test(item.value, replace(given, text=name), self.scope)
        if test is not None:
            with self.body.block(f"if {test}:"):
                self.body.line("ctl[5] = ctl[5] + 1")
        return name

    def _open(self, number: int) -> None:
        """Write the beginning of an incident."""
        self.keys.add(self.body)
        self.body.lines(
            "opened_at[slot] = now",
            "updated_at[slot] = now",
            "version[slot] = 0",
            "changed[slot] = 0",
            "ticks[slot] = 0",
            f"opening[slot] = {self.openings}",
            f"{self.openings} = {self.openings} + 1",
            f"origin_stream[slot] = {number}",
            f"origin_seq[slot] = {self.layout.seq(number, 'j')}",
            f"action = {OPENED}",
        )
        if self.cools:
            self.body.lines("cooling[slot] = 0", f"{self.open_count} = {self.open_count} + 1")

    def _close_when(self) -> None:
        """Write the test of CLOSE WHEN after an OPEN or UPDATE."""
        body = self.body
        conditions = [c.condition for c in self.node.closings if isinstance(c, CloseWhen)]
        if not conditions:
            return
        with body.block(f"if action == {OPENED} or action == {UPDATED}:"):
            for condition in conditions:
                body.comment(f"CLOSE WHEN {expression_text(condition)}")
                text = is_true(condition, self.scope)
                with body.block(f"if {text}:"):
                    body.line(f"reason = {self.layout.constant(BY_CONDITION)}")

    # ------------------------------------------------------------------ output

    def _emit(self) -> None:
        """Write the rows of an action: opened or updated, then closed; before each that of the table."""
        body, node = self.body, self.node
        body.line("shown = action")
        with body.block("while shown > 0:"):
            body.lines("visible = 1", *self._facts())
            for test in self._unseen():
                with body.block(f"if {test}:"):
                    body.line("visible = 0")
            with body.block("if visible == 1:"):
                body.lines("version[slot] = version[slot] + 1", "changed[slot] = 0")
            if node.tabled:
                self._output_row(TABLE_PORT)
            with body.block("if visible == 1:"):
                self._output_row(0)
            body.line(f"shown = {CLOSED} if shown < {CLOSED} and reason >= 0 else 0")

    def _facts(self) -> list[str]:
        """Return the lines that say what a row of the state `shown` has in `state` and at the closing."""
        constant = self.layout.constant
        lines = [
            f"label = {constant(STATES[UPDATED])} if shown == {UPDATED} else {constant(STATES[OPENED])}",
            f"label = {constant(STATES[CLOSED])} if shown == {CLOSED} else label",
            f"closed = now if shown == {CLOSED} else NULL_I64",
            f"why = reason if shown == {CLOSED} else -1",
        ]
        if self.cools:
            lines.append(f"label = -1 if shown == {REMOVED} else label")
        return lines

    def _unseen(self) -> list[str]:
        """Return the conditions under which a row is not given out."""
        node = self.node
        tests = [f"shown == {REMOVED}"] if self.cools else []
        if not node.emit_opened:
            tests.append(f"shown == {OPENED}")
        if not node.emit_updated:
            tests.append(f"shown == {UPDATED}")
        elif self.every or node.updated_on:
            tests.append(f"shown == {UPDATED} and tick == 0")
        if not node.emit_closed:
            tests.append(f"shown == {CLOSED}")
        return tests

    def _output_row(self, port: int) -> None:
        """Write a row of an event of the incident, or of a change of its table (state NULL: no row is left)."""
        body = self.body
        for column, array in self.columns:
            text = self._output_text(column)
            if column.name == "state" and port == TABLE_PORT and not self.cools:
                text = f"(-1 if shown == {CLOSED} else label)"
            body.line(f"{array}[n_out] = {text}")
        hidden = ("origin_stream[slot]", "origin_seq[slot]", str(port))
        for array, text in zip(self.hidden, hidden, strict=False):
            body.line(f"{array}[n_out] = {text}")
        body.lines("out_ts[n_out] = now", "out_cause[n_out] = cause", "n_out += 1")

    def _output_text(self, column: ColumnSpec) -> str:
        """Return the text of an output column, by its name."""
        fixed = {
            "ts": "now",
            "state": "label",
            "version": "version[slot]",
            "opened_at": "opened_at[slot]",
            "updated_at": "updated_at[slot]",
            "closed_at": "closed",
            "close_reason": "why",
            "duration": "now - opened_at[slot]",
        }
        if column.name in self.node.keys:
            return self.keys.value(self.node.keys.index(column.name)).text
        if column.name in self.scope.states:
            return f"{self.scope.states[column.name]}[slot]"
        return fixed[column.name]


def incident_kernel(node: Incident, entry: str) -> KernelSpec:
    """Return the kernel of an incident: all columns of its schema but `incident_id`, and the origin."""
    return _IncidentKernel(node, entry).write()
