"""Part of the kernel of a MATCH: starting, moving and removing runs, and their queues.

A run is a cell in each array of the pool "runs". It stands in the list of its key (`key_ends`, `run_links`), with WITHIN
in the list of all runs by age (`run_ages`), and while it awaits an absence in the queue of that absence.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.codegen.match.forks import Forks
from cep.codegen.match.notes import Notes
from cep.codegen.match.parts import Parts, cell_text
from cep.pattern.automaton import DEAD, Fill, Move

if TYPE_CHECKING:
    from cep.codegen.match.emit import Emitter
    from cep.codegen.match.growth import Growth

GREW = -1
"""The `fate` of a run that is open and took an event."""


class Runs:
    """Writes what happens to a single run."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        layout = parts.layout
        layout.pool("runs", 256, slots="runs_free")
        self.at = layout.register_number("runs_free", -1)
        layout.register("runs_used")
        layout.register("runs_live")
        for name in ("runs_started", "runs_matched"):
            layout.register(name)
        layout.state("key_ends", "i64", "keys", width=2, fill=-1)
        layout.state("key_runs", "i64", "keys")
        layout.state("key_in_state", "i64", "keys", width=parts.n_states)
        layout.state("run_chain", "i32", "runs", fill=-1)
        layout.state("run_links", "i64", "runs", width=2, fill=-1)
        layout.state("run_state", "i64", "runs")
        layout.state("run_start", "i64", "runs")
        layout.state("run_key", "i64", "runs")
        layout.state("run_stream", "i8", "runs")
        layout.state("run_seq", "i64", "runs")
        self.notes = Notes(parts) if parts.node.observed else None
        self.growth: Growth | None = None
        self.queues: list[int] = []
        self.forks = Forks(parts, self) if parts.automaton.forks else None
        self._kept_by_need()

    def _kept_by_need(self) -> None:
        """Add the arrays of runs that only some patterns need."""
        parts = self.parts
        layout = parts.layout
        if parts.keeps_ages:
            self.oldest = layout.register_number("oldest_run", -1)
            layout.register("newest_run", -1)
            layout.state("run_ages", "i64", "runs", width=2, fill=-1)
        for counter in range(parts.automaton.counters):
            layout.state(_count(counter), "i64", "runs")
        if parts.automaton.filled:
            layout.state("run_missing", "i64", "runs")
        if parts.node.starts == "last":
            layout.state("run_bound", "i64", "runs")
        if parts.keeps_last_time:
            layout.state("run_last_ts", "i64", "runs")
        if parts.node.within_events is not None:
            layout.state("key_events", "i64", "keys")
            layout.state("run_events", "i64", "runs")
        if parts.keeps_anchor:
            layout.state("run_anchor", "i64", "runs")
        if parts.keeps_class:
            layout.state("run_class", "i32", "runs", fill=-1)
        self._clocks()
        if parts.keeps_order:
            layout.state("run_number", "i64", "runs")
        if parts.numbers_events:
            layout.register("events_seen")
            layout.state("run_first_event", "i64", "runs")
            layout.state("run_last_event", "i64", "runs")
        if parts.node.skip_to:
            layout.state("run_skip_event", "i64", "runs")

    def _clocks(self) -> None:
        """Add the queues of runs that wait for a deadline of their own."""
        parts, layout = self.parts, self.parts.layout
        names = [f"absence{number}" for number, _ in enumerate(parts.automaton.absences)]
        for name in [*names, *(f"gap{number}" for number, _ in enumerate(parts.limits))]:
            self.queues.append(layout.register_number(f"{name}_first", -1))
            layout.register(f"{name}_last", -1)
        if parts.has_clocks:
            layout.state("run_queue", "i64", "runs", width=2, fill=-1)
            layout.state("run_deadline", "i64", "runs")

    # ------------------------------------------------------------------ removing

    def remove(self, reason: str, *, winner: str = "") -> None:
        """Write the removal of run `r` of key `slot`, counted in the register `reason` (of RUN_ENDS; empty: in none).

        winner: local of the run among those removed that has matched.
        """
        parts = self.parts
        writer = parts.writer
        if self.notes is not None:
            self.notes.ended(reason, winner)
        writer.line(parts.call("runs", "remove_run", "key_ends", "2 * slot", "run_links", "r"))
        if parts.keeps_ages:
            writer.line(parts.call("runs", "remove_run", "reg", self.oldest, "run_ages", "r"))
        if self.growth is not None:
            self.growth.forget()
        self._leave_queues()
        parts.scope.aggregates.drop(writer)
        counter = parts.in_state("run_state[r]")
        writer.line(f"{counter} = {counter} - 1")
        writer.line("key_runs[slot] = key_runs[slot] - 1")
        writer.line(parts.call("slots", "free_slot", "reg", self.at, "run_chain", "r"))
        if reason:
            parts.add_one(reason)

    def remove_killed(self, reasons: dict[int, str]) -> None:
        """Write the removal of run `r` for one of several reasons, by its `fate`."""
        if len(reasons) == 1:
            self.remove(*reasons.values())
            return
        self.remove("")
        for fate, reason in reasons.items():
            with self.parts.writer.block(f"if fate == {fate}:"):
                self.parts.add_one(reason)
                if self.notes is not None:
                    self.notes.because(reason)

    def _leave_queues(self) -> None:
        """Write the leaving of the queue run `r` stands in by its state."""
        parts = self.parts
        for number, at in enumerate(self.queues):
            states = [n for n, _ in parts.waiting() if parts.clock_of(n) == number]
            test = " or ".join(f"run_state[r] == {n}" for n in states)
            with parts.writer.block(f"if {test}:"):
                parts.writer.line(parts.call("runs", "remove_run", "reg", at, "run_queue", "r"))

    def remove_all(self, reason: str, *, matched: int = 0) -> None:
        """Write the removal of every run of key `slot`; `matched` of them have completed."""
        writer = self.parts.writer
        if matched:
            killed, done = self.parts.register(reason), self.parts.register("runs_matched")
            writer.lines(f"{done} = {done} + {matched}", f"{killed} = {killed} - {matched}")
        winner = "matched_run" if matched else ""
        if matched and self.notes is not None:
            writer.line("matched_run = r")
        writer.line("r = key_ends[2 * slot]")
        with writer.block("while r >= 0:"):
            self.remove(reason, winner=winner)
            writer.line("r = key_ends[2 * slot]")

    def _note_class(self, move: Move) -> None:
        """Write that the last bound event of run `r` is one of a move's variable, where CLASSIFIER() asks."""
        if self.parts.keeps_class:
            code = self.parts.layout.constant(move.variable)
            self.parts.writer.line(f"run_class[r] = {code}")

    def _note_skip(self, move: Move) -> None:
        """Write that the present event is the one a match of run `r` skips to, if a move binds such a variable."""
        parts = self.parts
        if move.variable not in parts.node.skip_to:
            return
        note = f"run_skip_event[r] = {parts.register('events_seen')}"
        if parts.node.skip == "to_last":
            parts.writer.line(note)
            return
        with parts.writer.block("if run_skip_event[r] < 0:"):
            parts.writer.line(note)

    def finish(self) -> None:
        """Write the end of matched run `r` and its skip TO FIRST or LAST of a variable, if it has one.

        Runs that started before the event of the variable end; without one (an optional step) it is PAST LAST.
        """
        if self.forks is not None and self.parts.node.skip == "to_next":
            self.forks.remove_family()
            return
        if not self.parts.node.skip_to:
            self.remove("runs_matched")
            return
        writer = self.parts.writer
        self._skip_event()
        self.remove("runs_matched")
        writer.line("r = key_ends[2 * slot]")
        with writer.block("while r >= 0 and run_first_event[r] < last_event:"):
            self.remove("runs_killed_skip")
            writer.line("r = key_ends[2 * slot]")

    def finish_fork(self) -> None:
        """Write the same for run `r` of a scan that forks: what is left of the runs of its start goes on behind it.

        `next_run` and the copy `other` may be among those that end.
        """
        writer = self.parts.writer
        self._skip_event()
        writer.line("ended = 0")
        with writer.block("if next_run >= 0:"):
            writer.line("ended = int(run_first_event[next_run] < last_event)")
        with writer.block("if run_first_event[r] < last_event:"):
            writer.line("other = -1")
        self.finish()
        with writer.block("if ended == 1:"):
            writer.line("next_run = key_ends[2 * slot]")

    def spare(self) -> None:
        """Write the same skip for run `r` that has opened: it stays."""
        writer = self.parts.writer
        self._skip_event()
        writer.lines("opened = r", "r = key_ends[2 * slot]")
        with writer.block("while r >= 0 and run_first_event[r] < last_event:"):
            writer.line("following = run_links[2 * r + 1]")
            with writer.block("if r != opened:"):
                self.remove("runs_killed_skip")
            writer.line("r = following")
        writer.line("r = opened")

    def _skip_event(self) -> None:
        found = "run_skip_event[r] if run_skip_event[r] >= 0 else run_last_event[r] + 1"
        self.parts.writer.line(f"last_event = {found}")

    def release_key(self) -> None:
        """Write the giving back of the slot if its last run is gone."""
        if self.parts.scope.previous:
            return
        forbidden = self.parts.automaton.before is not None
        also = " and key_forbidden[slot] == 0" if forbidden else ""
        with self.parts.writer.block(f"if key_runs[slot] == 0{also}:"):
            self.parts.keys.release(self.parts.writer)

    # ------------------------------------------------------------------ moving

    def wait(self, clock: int, base: str) -> None:
        """Write the start of a clock for run `r`: of an absence from instant `base`, of a gap from its anchor."""
        parts = self.parts
        absences = parts.automaton.absences
        if clock < len(absences):
            length = absences[clock].for_us
        else:
            length, base = parts.limits[clock - len(absences)], "run_anchor[r]"
        parts.writer.line("deadline = " + parts.call("deadlines", "deadline_after", base, length))
        if clock >= len(absences):
            # A strict way on that lapses now may leave those only that are out of time already.
            parts.writer.line("deadline = max_i64(deadline, ts)")
        parts.writer.line(
            parts.call(
                "deadlines",
                "arm",
                "reg",
                self.queues[clock],
                "run_queue",
                "run_deadline",
                "run_number",
                "r",
                "deadline",
            )
        )
        with parts.writer.block("if deadline < due:"):
            parts.writer.line("due = deadline")

    def stop_waiting(self, clock: int) -> None:
        """Write the stop of a clock for run `r`."""
        parts = self.parts
        parts.writer.line(
            parts.call("runs", "remove_run", "reg", self.queues[clock], "run_queue", "r")
        )

    def change_state(self, source: int, target: int, *, bound: bool) -> None:
        """Write the change of run `r` from one waiting state to another (or the same) one.

        bound: an event was bound, so that its clock starts again.
        """
        parts = self.parts
        writer = parts.writer
        before = parts.clock_of(source)
        after = parts.clock_of(target)
        if before is not None and (bound or after != before):
            self.stop_waiting(before)
        if source != target:
            writer.line(f"{parts.in_state(source)} = {parts.in_state(source)} - 1")
            writer.line(f"{parts.in_state(target)} = {parts.in_state(target)} + 1")
            writer.line(f"run_state[r] = {target}")
        writer.line(f"state = {target}")
        if after is not None and (bound or after != before):
            self.wait(after, "ts")

    def take(self, source: int, move: Move) -> None:
        """Write what taking a move does: bind the candidate, then the new state, or `fate = 1`."""
        parts = self.parts
        writer = parts.writer
        if parts.cohort is not None and source == parts.cohort.state:
            parts.cohort.leave()
        if self.forks is not None:
            self._fork(source, move, self.forks)
        if self.notes is not None:
            self.notes.took(move.variable)
        parts.scope.variable = move.variable
        parts.scope.bind(starting=False)
        self._note_event(move)
        for counter in move.resets:
            writer.line(f"{_count(counter)}[r] = 1")
        if move.fill is not None and move.fill.start is not None:
            writer.line(f"run_missing[r] = {move.fill.start}")
        elif move.fill is not None:
            self._fill_group(source, move, move.fill)
            return
        if move.limit is None:
            self._enter(source, move.target)
            return
        count = f"{_count(move.counter)}[r]"
        writer.line(f"{count} = {count} + 1")
        with writer.block(f"if {count} == {move.limit}:"):
            self._enter(source, move.at_limit)
        if move.target != DEAD:
            with writer.block("else:"):
                self._enter(source, move.target)

    def _note_event(self, move: Move) -> None:
        """Write what run `r` keeps of the event it has taken beside its values."""
        parts = self.parts
        writer = parts.writer
        if parts.node.starts == "last":
            writer.line("run_bound[r] = run_bound[r] + 1")
        if parts.keeps_last_time:
            writer.line("run_last_ts[r] = ts")
        if parts.keeps_anchor:
            writer.line("run_anchor[r] = ts")
        if parts.numbers_events:
            writer.line(f"run_last_event[r] = {parts.register('events_seen')}")
        self._note_skip(move)
        self._note_class(move)

    def _fork(self, source: int, move: Move, forks: Forks) -> None:
        """Write what taking a move of a pattern that forks does first: the copy that stays, the hash of all bound events."""
        parts = self.parts
        if forks.merges:
            parts.writer.line("moved = 1")
        if move.fork:
            forks.split(source)
        stream = parts.conditions[move.variable].input
        seq = parts.layout.seq(stream, parts.scope.row)
        mixed = parts.call("runs", "mixed_binding", "run_seq[r]", stream, seq)
        parts.writer.line(f"run_seq[r] = {mixed}")

    def _fill_group(self, source: int, move: Move, fill: Fill) -> None:
        """Write the giving of the candidate to an operand of the any-order group run `r` is in."""
        writer = self.parts.writer
        writer.line(f"run_missing[r] = run_missing[r] - {1 << fill.shift}")
        complete = "run_missing[r] == 0"
        if fill.need is not None:
            with writer.block(f"if (run_missing[r] >> {fill.shift}) & {fill.mask} == 0:"):
                writer.line(f"run_missing[r] = run_missing[r] - {1 << fill.need}")
            complete = f"run_missing[r] >> {fill.need} == 0"
        with writer.block(f"if {complete}:"):
            self._enter(source, move.at_limit)
        with writer.block("else:"):
            self._enter(source, move.target)

    def _enter(self, source: int, target: int) -> None:
        if self.parts.automaton.states[target].accepting:
            self.parts.writer.line("fate = 1")
            return
        self.change_state(source, target, bound=True)
        if self.parts.is_open(target):
            self.parts.writer.line(f"fate = {GREW if self.parts.is_open(source) else 1}")

    # ------------------------------------------------------------------ starting

    def start(self, move: Move, emitter: Emitter) -> None:
        """Write the start of a run by a move: a new run of key `slot`, or a match of one event."""
        parts = self.parts
        writer = parts.writer
        writer.line("r = " + parts.call("slots", "take_slot", "reg", self.at, "run_chain"))
        parts.add_one("runs_started")
        self._fill(move)
        if self.notes is not None:
            self.notes.started(move.variable)
        self._note_class(move)
        if parts.node.skip_to:
            writer.line("run_skip_event[r] = -1")
            self._note_skip(move)
        parts.scope.variable = move.variable
        parts.scope.bind(starting=True)
        if parts.cohort is not None:
            parts.cohort.start()
        self._link(move)
        if parts.automaton.states[move.target].accepting:
            emitter.emit("ts", "row", "ts")
            if parts.past_last:
                self.remove_all("runs_killed_skip", matched=1)
            else:
                self.finish()
            return
        if self.growth is not None and parts.is_open(move.target):
            self.growth.open("ts", "row")
            if parts.past_last:
                self.growth.remove_others()
            elif parts.node.skip_to:
                self.spare()
        clock = parts.clock_of(move.target)
        if clock is not None:
            self.wait(clock, "ts")
        if parts.node.within_us is not None:
            within = parts.call("deadlines", "deadline_after", "ts", parts.node.within_us)
            writer.line(f"deadline = {within}")
            with writer.block("if deadline < due:"):
                writer.line("due = deadline")
        self.join_gates(move.target)

    def _fill(self, move: Move) -> None:
        """Write the cells of a new run."""
        parts = self.parts
        writer = parts.writer
        condition = parts.conditions[move.variable]
        writer.lines("run_start[r] = ts", "run_key[r] = slot", f"run_state[r] = {move.target}")
        writer.line(f"run_stream[r] = {condition.input}")
        seq = parts.layout.seq(condition.input, parts.scope.row)
        if self.forks is not None:
            seq = parts.call("runs", "mixed_binding", "0", condition.input, seq)
        writer.line(f"run_seq[r] = {seq}")
        for counter in range(parts.automaton.counters):
            writer.line(f"{_count(counter)}[r] = 1")
        if parts.automaton.filled:
            start = move.fill.start if move.fill is not None else 0
            writer.line(f"run_missing[r] = {start or 0}")
        if parts.node.starts == "last":
            writer.line("run_bound[r] = 1")
        if parts.node.within_events is not None:
            writer.line("run_events[r] = key_events[slot] - 1")
        self._fill_times()
        parts.scope.aggregates.start(writer)
        kept = parts.scope.cells
        for key, (cell, _) in kept.captures.items():
            shifted = replace(key, offset=1) in kept.captures
            if key.offset > 0 or shifted or self.forks or key.variable not in parts.sure:
                writer.line(f"{cell_text(cell, 'r')} = {cell.empty}")
        for cell in kept.counts.values():
            writer.line(f"{cell_text(cell, 'r')} = {cell.empty}")
        for cells in parts.scope.aggregates.slots.values():
            for cell in cells.values():
                writer.line(f"{cell_text(cell, 'r')} = {cell.empty}")

    def _fill_times(self) -> None:
        """Write the cells of a new run that say when it stands where."""
        parts = self.parts
        writer = parts.writer
        if parts.keeps_last_time:
            writer.line("run_last_ts[r] = ts")
        if parts.keeps_anchor:
            writer.line("run_anchor[r] = ts")
        if self.growth is not None:
            self.growth.start()
        if parts.keeps_order:
            writer.line(f"run_number[r] = {parts.register('runs_started')}")
        if parts.numbers_events:
            seen = parts.register("events_seen")
            writer.lines(f"run_first_event[r] = {seen}", f"run_last_event[r] = {seen}")

    def _link(self, move: Move) -> None:
        parts = self.parts
        writer = parts.writer
        writer.line(parts.call("runs", "append_run", "key_ends", "2 * slot", "run_links", "r"))
        if parts.keeps_ages:
            writer.line(parts.call("runs", "append_run", "reg", self.oldest, "run_ages", "r"))
        counter = parts.in_state(move.target)
        writer.line(f"{counter} = {counter} + 1")
        writer.line("key_runs[slot] = key_runs[slot] + 1")

    def join_gates(self, state: int) -> None:
        """Write the joining of run `r`, just entered into `state`, to the gates of that state."""
        parts = self.parts
        for gate in parts.gates:
            if gate.state != state:
                continue
            cell = parts.scope.cells.text(parts.scope.cells.capture(gate.gate.leaf, 0))
            kept = f"{gate.array}[slot]"
            with parts.writer.block(f"if {parts.in_state(state)} == 1:"):
                parts.writer.line(f"{kept} = {gate.empty}")
            parts.writer.line(f"{kept} = {gate.joined(kept, cell)}")


def _count(counter: int) -> str:
    """Return the array of a counter of rounds."""
    return f"run_count{counter or ''}"
