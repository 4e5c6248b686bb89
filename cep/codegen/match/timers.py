"""Part of the kernel of a MATCH: deadlines of absences and the end of runs by WITHIN, in time order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.match.emit import ENDED_PORT
from cep.codegen.match.growth import OPEN
from cep.graph.kernel import CAUSE_DEADLINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.codegen.match.emit import Emitter
    from cep.codegen.match.parts import Parts
    from cep.codegen.match.runs import Runs

TICK = -2
"""The `timer` of an update of a growing match."""


class Timers:
    """Writes the firing of everything that is due before `limit`."""

    def __init__(self, parts: Parts, runs: Runs, emitter: Emitter) -> None:
        self.parts = parts
        self.runs = runs
        self.emitter = emitter

    def write(self) -> None:
        """Write the loop over what is due: the earliest first, of equal instants absences before WITHIN.

        Of absences due together the run that was started first comes first. Sets `status` and
        leaves the loop if a row of output has no room.
        """
        parts = self.parts
        writer = parts.writer
        growth = self.runs.growth
        ticks = -1 if growth is None else growth.ticks
        if parts.node.within_us is None and not parts.has_clocks and ticks < 0:
            return
        with writer.block("while due < limit:"):
            writer.lines("due = MAX_I64", "timer = -1", "r = -1")
            for number, at in enumerate(self.runs.queues):
                self._absence_head(number, at)
            if ticks >= 0:
                self._next_tick(ticks)
            if parts.node.within_us is not None:
                self._oldest(parts.node.within_us)
            with writer.block("if due >= limit:"):
                writer.line("break")
            writer.lines(f"{parts.register('last_instant')} = due", "slot = run_key[r]")
            kinds: list[tuple[str, Callable[[], None]]] = []
            if parts.node.within_us is not None:
                kinds.append(("timer == 0", self._expire))
            if growth is not None and ticks >= 0:
                kinds.append((f"timer == {TICK}", self._tick))
            if parts.has_clocks:
                kinds.append(("timer > 0", self._fire))
            for place, (test, act) in enumerate(kinds):
                last = "else" if place else "if r >= 0"
                word = f"{'elif' if place else 'if'} {test}" if act != kinds[-1][1] else last
                with writer.block(f"{word}:"):
                    act()
            self.runs.release_key()

    def _absence_head(self, number: int, at: int) -> None:
        """Write the comparison with the first run in the queue of an absence."""
        writer = self.parts.writer
        writer.line(f"head = reg[{at}]")
        later = "run_deadline[head] < due"
        if number:
            later = (
                "(run_deadline[head] < due or "
                "(run_deadline[head] == due and run_number[head] < run_number[r]))"
            )
        with writer.block(f"if head >= 0 and {later}:"):
            writer.lines("due = run_deadline[head]", f"timer = {number + 1}", "r = head")

    def _oldest(self, within_us: int) -> None:
        writer = self.parts.writer
        writer.line(f"head = reg[{self.runs.oldest}]")
        with writer.block("if head >= 0:"):
            writer.line(
                "deadline = "
                + self.parts.call("deadlines", "deadline_after", "run_start[head]", within_us)
            )
            earlier = "deadline < due"
            node = self.parts.node
            if (node.timeouts and self.parts.has_clocks) or node.grows:
                # Of two runs the one started first, of one run its absence.
                earlier = (
                    "(deadline < due or "
                    "(deadline == due and r >= 0 and run_number[head] < run_number[r]))"
                )
            with writer.block(f"if {earlier}:"):
                writer.lines("due = deadline", "timer = 0", "r = head")

    def _expire(self, why: str = "within") -> None:
        """Write the end of run `r` by WITHIN or a gap: an open match closes, others have a row for ON TIMEOUT."""
        parts = self.parts
        growth = self.runs.growth
        if growth is not None:
            with parts.writer.block(f"if {OPEN}:"):
                self._room()
                growth.close("due", CAUSE_DEADLINE, why)
            with parts.writer.block("else:"):
                self._time_out(why)
        else:
            self._time_out(why)

    def _time_out(self, why: str) -> None:
        """Write the end of run `r`, which is not complete, with its row for the ON TIMEOUT queries."""
        parts = self.parts
        if parts.node.timeouts:
            self._room()
            end = "run_last_ts[r]"
            self.emitter.emit("due", str(CAUSE_DEADLINE), end, port=ENDED_PORT)
        self.runs.remove(f"runs_expired_{why}")

    def expire_by_count(self, most: int) -> None:
        """Write the end of the runs of key `slot` whose WITHIN n EVENTS the present event has used up."""
        parts = self.parts
        writer = parts.writer
        writer.line("r = key_ends[2 * slot]")
        growth = self.runs.growth
        with writer.block(f"while r >= 0 and key_events[slot] - run_events[r] >= {most}:"):
            if growth is None:
                self._use_up()
            else:
                with writer.block(f"if {OPEN}:"):
                    growth.close("ts", "row", "within")
                with writer.block("else:"):
                    self._use_up()
            writer.line("r = key_ends[2 * slot]")

    def _use_up(self) -> None:
        """Write the end of run `r`, which is not complete, at an event that it does not take."""
        if self.parts.node.timeouts:
            self.emitter.emit("ts", "row", "run_last_ts[r]", port=ENDED_PORT)
        self.runs.remove("runs_expired_within")

    def _next_tick(self, ticks: int) -> None:
        """Write the comparison with the first update in the heap of those that are due."""
        writer = self.parts.writer
        with writer.block(f"if reg[{ticks}] > 0:"):
            writer.line("head = ticks[0]")
            later = "(run_tick[head] == due and r >= 0 and run_number[head] < run_number[r])"
            with writer.block(f"if run_tick[head] < due or {later}:"):
                writer.lines("due = run_tick[head]", f"timer = {TICK}", "r = head")

    def _tick(self) -> None:
        self._room()
        if self.runs.growth is not None:
            self.runs.growth.tick()

    def _room(self) -> None:
        """Write the test that a row of output has room."""
        parts = self.parts
        with parts.writer.block(f"if ctl[3] >= {parts.layout.capacity('out')}:"):
            parts.writer.lines(f"status = {parts.layout.full('out')}", "break")

    def _fire(self) -> None:
        """Write the passing of the deadline of run `r`: a match, or the wait for what comes after."""
        parts = self.parts
        writer = parts.writer
        states = [(n, s) for n, s in parts.waiting() if s.absence is not None]
        clocks = {n: parts.clock_of(n) for n, _ in parts.waiting()}
        limited = any(c is not None and c >= len(parts.automaton.absences) for c in clocks.values())
        ends = [s.satisfied for _, s in states]
        if any(parts.automaton.states[n].accepting or parts.is_open(n) for n in ends):
            self._room()
        if self.runs.forks is not None and states:
            waits = " or ".join(f"run_state[earlier] == {number}" for number, _ in states)
            self.runs.forks.first_due(waits)
        writer.line("state = run_state[r]")
        for place, (number, state) in enumerate(states):
            with writer.block(f"{'if' if place == 0 else 'elif'} state == {number}:"):
                if parts.automaton.states[state.satisfied].accepting:
                    length = parts.automaton.absences[state.absence or 0].for_us
                    self._match(length)
                else:
                    self._go_on(number, state.satisfied)
        if limited and not states:
            self._expire("gap")
        elif limited:
            with writer.block("else:"):
                self._expire("gap")

    def _go_on(self, source: int, target: int) -> None:
        """Write the wait for what comes behind an absence; if nothing has to come, the match is complete and grows."""
        if self.parts.keeps_anchor:
            self.parts.writer.line("run_anchor[r] = due")
        self.runs.change_state(source, target, bound=False)
        self.runs.join_gates(target)
        growth = self.runs.growth
        if growth is not None and self.parts.is_open(target):
            growth.open("due", str(CAUSE_DEADLINE))
            if self.parts.past_last:
                growth.remove_earlier()
            elif self.parts.node.skip_to:
                self.runs.spare()

    def _match(self, length: int) -> None:
        """Write a match at a deadline; PAST LAST removes the runs that started up to its last event."""
        parts = self.parts
        writer = parts.writer
        self.emitter.emit("due", str(CAUSE_DEADLINE), f"(run_deadline[r] - {length})")
        if not parts.past_last:
            self.runs.finish()
            return
        writer.line("last_event = run_last_event[r]")
        self.runs.remove("runs_matched")
        writer.line("r = key_ends[2 * slot]")
        with writer.block("while r >= 0 and run_first_event[r] <= last_event:"):
            self.runs.remove("runs_killed_skip")
            writer.line("r = key_ends[2 * slot]")
