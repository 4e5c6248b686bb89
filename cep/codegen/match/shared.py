"""The kernel of a MATCH with `->>` or COMBINE whose runs share their events (`cep.plan.sharing`).

No run has cells of its own. A cell of the pool "runs" is an event that changed the runs of its key; it says what it does to a
run in each state of the automaton without counters (`cep.pattern.unrolled`), and keeps what binding it reads. How matches come out of
that, the bound and the source: `cep/kernellib/shared_bindings.py`. While a match is walked, each event on its way has the cells
of the match up to it, so that the way back finds them again.

A match is one row: when the output is full in the middle of the matches of an event (`walked` is that event), the walk rests in
registers and cells, and goes on in the next call.

Registers: `runs_live` counts the events that are kept; runs are not counted, there may be 2^n of them over n events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.match.candidate import Candidate
from cep.codegen.match.emit import Emitter
from cep.codegen.writer import Writer
from cep.pattern.unrolled import unrolled

if TYPE_CHECKING:
    from cep.codegen.match.cells import Cell
    from cep.codegen.match.parts import Parts
    from cep.codegen.match.past import PastScope
    from cep.pattern.unrolled import Plain, Way

_ROOM = "shared_bindings"


class SharedKernel:
    """Writes the body of the kernel function."""

    def __init__(self, parts: Parts, scope: PastScope) -> None:
        self.parts = parts
        self.scope = scope
        self.plain = unrolled(parts.automaton)
        self.states = len(self.plain.states)
        self.variables = {name: n for n, name in enumerate(parts.conditions)}
        self._arrays()
        self.candidate = Candidate(parts)
        self.emitter = Emitter(parts)

    def _arrays(self) -> None:
        """Add the pools, registers and arrays."""
        parts, layout = self.parts, self.parts.layout
        layout.pool("runs", 256, slots="runs_free")
        self.at = layout.register_number("runs_free", -1)
        layout.register("runs_used")
        layout.register("runs_live")
        layout.register("runs_matched")
        self.oldest = layout.register_number("oldest_run", -1)
        layout.register("newest_run", -1)
        self.walk = layout.register_number("walk_at", -1)
        layout.register("walk_next", -1)
        layout.register("walk_state", -1)
        self.walked = layout.register("walked", -1)
        self.after = layout.register("walked_after")
        self.due = layout.register("due")
        layout.state("key_ends", "i64", "keys", width=2, fill=-1)
        layout.state("key_newest", "i64", "keys", width=self.states, fill=-(2**63))
        layout.state("key_moved", "i64", "keys", width=self.states)
        layout.state("run_chain", "i32", "runs", fill=-1)
        for name in ("run_links", "run_ages"):
            layout.state(name, "i64", "runs", width=2, fill=-1)
        for name in ("run_take", "run_skip"):
            layout.state(name, "i32", "runs", width=self.states)
        layout.state("run_leads", "i8", "runs", width=self.states)
        for name in ("run_opens", "run_came", "run_bound_as"):
            layout.state(name, "i32", "runs")
        for name in ("run_path", "run_ts", "run_key", "run_place", "run_start", "run_seq"):
            layout.state(name, "i64", "runs")
        for name in ("run_source", "run_stream"):
            layout.state(name, "i8", "runs")
        if parts.keeps_class:
            layout.state("run_class", "i32", "runs", fill=-1)

    def _call(self, function: str, *args: str | int) -> str:
        return self.parts.call(_ROOM, function, *args)

    # ------------------------------------------------------------------ the loop over rows

    def write(self) -> None:
        """Write the whole body."""
        parts, writer = self.parts, self.parts.writer
        self._find_kept()
        writer.lines("row = ctl[0]", "rows = ctl[1]", "status = 0", f"due = {self.due}")
        writer.lines("ts = 0", "slot = -1", "r = -1", "deadline = 0", "source = 0", "j = 0")
        parts.keys.enter(writer)
        with writer.block("while True:"):
            writer.line("limit = ctl[2]")
            with writer.block("if row < rows:"):
                writer.line(f"limit = {parts.layout.merge('ts')}[row]")
            self._expire()
            with writer.block("if row >= rows:"):
                writer.line("break")
            writer.line("ts = limit")
            self.candidate.write()
            self._event()
            writer.line("row = row + 1")
        writer.lines("ctl[0] = row", f"{self.due} = due", "ctl[4] = MAX_I64")
        with writer.block("if due < MAX_I64:"):
            writer.line("ctl[4] = due + 1")
        writer.line("return status")

    def _find_kept(self) -> None:
        """Find out what events must keep: what the binding of every variable reads, written to nowhere."""
        writer = self.parts.writer
        nowhere = Writer()
        self.parts.writer = self.scope.writer = nowhere
        self._bind()
        self.parts.writer = self.scope.writer = writer

    def _expire(self) -> None:
        """Write the end of all events that are older than WITHIN before `limit`: no match can begin before them."""
        parts, writer = self.parts, self.parts.writer
        within = parts.node.within_us
        assert within is not None
        with writer.block("while due < limit:"):
            writer.lines("due = MAX_I64", f"r = reg[{self.oldest}]")
            with writer.block("if r < 0:"):
                writer.line("break")
            writer.line("due = " + parts.call("deadlines", "deadline_after", "run_ts[r]", within))
            with writer.block("if due >= limit:"):
                writer.line("break")
            writer.lines(f"{parts.register('last_instant')} = due", "slot = run_key[r]")
            self._drop()
            self._release_key()

    def _drop(self) -> None:
        """Write the giving back of event `r` of key `slot`."""
        parts, writer = self.parts, self.parts.writer
        writer.line(parts.call("runs", "remove_run", "key_ends", "2 * slot", "run_links", "r"))
        writer.line(parts.call("runs", "remove_run", "reg", self.oldest, "run_ages", "r"))
        writer.line(parts.call("slots", "free_slot", "reg", self.at, "run_chain", "r"))

    def _release_key(self) -> None:
        """Write the giving back of a slot whose last event has gone."""
        writer = self.parts.writer
        with writer.block("if key_ends[2 * slot] < 0:"):
            writer.line(self._call("forget_states", "key_newest", "slot", self.states))
            self.parts.keys.release(writer)

    # ------------------------------------------------------------------ an event

    def _event(self) -> None:
        """Write what an event does to the runs of its key, and the matches it completes."""
        parts, writer = self.parts, self.parts.writer
        self.candidate.pass_over()
        parts.keys.find(writer)
        with writer.block(f"if {self.walked} < 0:"):
            starters = dict.fromkeys(way.variable for way in self.plain.starts)
            writer.line("may_start = 0")
            with writer.block(f"if {' or '.join(self._fits(name) for name in starters)}:"):
                writer.line("may_start = 1")
            with writer.block("if slot < 0 and may_start == 0:"):
                writer.lines("row = row + 1", "continue")
            with writer.block(f"if reg[{self.at + 2}] >= {parts.layout.capacity('runs')}:"):
                writer.lines(f"status = {parts.layout.full('runs')}", "break")
            with writer.block("if slot < 0:"):
                parts.keys.room(writer)
                parts.keys.add(writer)
            self._arrive()
        with writer.block(f"if {self.walked} >= 0:"):
            self._matches()
        self._settle()

    def _fits(self, variable: str) -> str:
        return f"{self.parts.conditions[variable].flag} == 1"

    def _arrive(self) -> None:
        """Write the keeping of the event as `r`, and the moving of the runs of its key."""
        parts, writer = self.parts, self.parts.writer
        writer.line("r = " + parts.call("slots", "take_slot", "reg", self.at, "run_chain"))
        writer.lines("run_ts[r] = ts", "run_key[r] = slot")
        writer.line(parts.call("runs", "append_run", "key_ends", "2 * slot", "run_links", "r"))
        writer.line(parts.call("runs", "append_run", "reg", self.oldest, "run_ages", "r"))
        within = parts.node.within_us
        assert within is not None
        writer.line("deadline = " + parts.call("deadlines", "deadline_after", "ts", within))
        with writer.block("if deadline < due:"):
            writer.line("due = deadline")
        self._keep()
        for number, state in enumerate(self.plain.states):
            self._effect(number, state)
        writer.line("take = -1")
        self._chain(self.plain.starts)
        writer.line("run_opens[r] = take")
        arrays = ("key_newest", "key_moved", "run_take", "run_skip", "run_opens")
        counts = (self.states, len(self.variables))
        moved = self._call("move_states", *arrays, "slot", "r", *counts, "ts", within)
        writer.line(f"{self.after} = {moved}")
        with writer.block(f"if {self._did('COMPLETE')}:"):
            graph = ("run_links", "run_take", "run_skip", "run_leads")
            writer.line(self._call("mark_leading", "key_ends", "slot", *graph, *counts))
            writer.line(self._call("begin_walk", "reg", self.walk, "key_ends[2 * slot]"))
            writer.line(f"{self.walked} = r")

    def _did(self, what: str) -> str:
        """Return the test of a flag of what the event did (`move_states`)."""
        return f"{self.after} & {self.parts.layout.use(_ROOM, what)} != 0"

    def _keep(self) -> None:
        """Write the keeping of what binding the event reads of its row."""
        parts, writer = self.parts, self.parts.writer
        row = self.scope.row
        for number in range(len(parts.node.inputs) - parts.node.watched):
            seq = parts.layout.seq(number, row)
            lines = [f"run_source[r] = {number}", f"run_place[r] = {seq}"]
            lines += [
                f"kept_{a}[r] = {a}[{row}]" for a, n in self.scope.kept.items() if n == number
            ]
            if len(parts.node.inputs) == 1:
                writer.lines(*lines)
                continue
            with writer.block(f"if source == {number}:"):
                writer.lines(*lines)

    def _effect(self, number: int, state: Plain) -> None:
        """Write what the event does to a run of a state: `take` and `skip`."""
        writer = self.parts.writer
        writer.comment(state.name)
        writer.lines("take = -1", f"stay = {state.skipped}")
        if state.guards:
            with writer.block(f"if {' or '.join(self._fits(name) for name in state.guards)}:"):
                writer.line("stay = -1")
        self._chain(state.ways)
        at = f"r * {self.states} + {number}"
        writer.lines(f"run_take[{at}] = take", f"run_skip[{at}] = stay")

    def _chain(self, ways: tuple[Way, ...]) -> None:
        """Write the first way that the event fits as `take`; who takes it without a fork does not stay."""
        writer = self.parts.writer
        for place, way in enumerate(ways):
            with writer.block(f"{'elif' if place else 'if'} {self._fits(way.variable)}:"):
                code = way.target * len(self.variables) + self.variables[way.variable]
                writer.line(f"take = {code}")
                if not way.fork:
                    writer.line("stay = -1")

    def _settle(self) -> None:
        """Write what is left behind the event: nothing of the key if no run is, else the event if later matches need it."""
        writer = self.parts.writer
        with writer.block(f"if not ({self._did('ALIVE')}):"):
            writer.line("r = key_ends[2 * slot]")
            with writer.block("while r >= 0:"):
                self._drop()
                writer.line("r = key_ends[2 * slot]")
            self._release_key()
        with writer.block(f"elif not ({self._did('NEEDED')}):"):
            writer.line("r = key_ends[2 * slot + 1]")
            self._drop()

    # ------------------------------------------------------------------ matches

    def _matches(self) -> None:
        """Write the walk over the matches that event `walked` completes."""
        parts, writer = self.parts, self.parts.writer
        out = parts.layout.capacity("out")
        arrays = ["run_links", "run_take", "run_skip", "run_leads", "run_opens"]
        arrays += ["run_path", "run_came", "run_bound_as"]
        counts = (self.walked, self.states, len(self.variables))
        with writer.block("while True:"):
            with writer.block(f"if ctl[3] >= {out}:"):
                writer.lines(f"status = {parts.layout.full('out')}", "break")
            writer.line("r = " + self._call("next_binding", "reg", self.walk, *arrays, *counts))
            with writer.block("if r < 0:"):
                writer.line("break")
            self._bind()
            with writer.block(f"if r == {self.walked}:"):
                self.emitter.emit("ts", "row", "ts")
                parts.add_one("runs_matched")
        with writer.block("if status != 0:"):
            writer.line("break")
        writer.lines(f"{self.walked} = -1", "ts = limit")

    def _bind(self) -> None:
        """Write the cells of the match up to event `r`: those up to the event before, and `r` bound."""
        parts, writer, scope = self.parts, self.parts.writer, self.scope
        mixed = parts.call("runs", "mixed_binding", "mixed", "run_source[r]", "run_place[r]")
        cells = self._cells()
        # The instant of the event that is bound, which aggregates over time read.
        writer.lines("before = run_path[r]", "ts = run_ts[r]", "mixed = 0")
        with writer.block("if before < 0:"):
            writer.lines("run_start[r] = ts", "run_stream[r] = run_source[r]")
            writer.lines(*(f"{cell.array}[r] = {cell.empty}" for cell in cells))
        with writer.block("else:"):
            writer.lines("run_start[r] = run_start[before]", "run_stream[r] = run_stream[before]")
            writer.lines(*(f"{cell.array}[r] = {cell.array}[before]" for cell in cells))
            writer.line("mixed = run_seq[before]")
        writer.line(f"run_seq[r] = {mixed}")
        for number, name in enumerate(self._bound()):
            word = "elif" if number else "if"
            with (
                writer.block(f"{word} run_bound_as[r] == {self.variables[name]}:"),
                scope.binding(),
            ):
                scope.variable = name
                scope.bind(starting=False)
                if parts.keeps_class:
                    writer.line(f"run_class[r] = {parts.layout.constant(name)}")
        scope.variable = None

    def _bound(self) -> list[str]:
        """Return the variables that events are bound to."""
        ways = [*self.plain.starts, *(way for state in self.plain.states for way in state.ways)]
        return list(dict.fromkeys(way.variable for way in ways))

    def _cells(self) -> list[Cell]:
        """Return the cells of a match that measures read."""
        held = self.scope.cells
        found = [cell for cell, _ in held.captures.values()]
        found += held.counts.values()
        for fields in self.scope.aggregates.slots.values():
            found += fields.values()
        return found
