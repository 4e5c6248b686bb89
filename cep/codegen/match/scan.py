"""Part of the kernel of a MATCH: one event is offered to the runs of its key, oldest start first."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from cep.codegen import conditions
from cep.codegen.match.runs import GREW
from cep.pattern.automaton import DEAD, Move, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.codegen.match.emit import Emitter
    from cep.codegen.match.forks import Forks
    from cep.codegen.match.parts import Condition, Parts, StateGate
    from cep.codegen.match.runs import Runs


CLOSED = -2
"""The `fate` of an open match that UNTIL closes."""
STRICT, GUARD, ABSENCE, UNTIL = 2, 3, 4, 5
KILLED = {
    STRICT: "runs_killed_strict",
    GUARD: "runs_killed_guard",
    ABSENCE: "runs_killed_absence",
    UNTIL: "runs_killed_until",
}
LONG = 8
"""More moves than this are written one after the other, fewer inside each other."""


class Scan:
    """Writes the scan over the runs of a key."""

    def __init__(self, parts: Parts, runs: Runs, emitter: Emitter) -> None:
        self.parts = parts
        self.runs = runs
        self.emitter = emitter

    # ------------------------------------------------------------------ gates

    def decide(self) -> None:
        """Write `scan = 1` if some run of the key may react to the event."""
        writer = self.parts.writer
        writer.line("scan = 0")
        for number, state in self.parts.waiting():
            flags = self._flags(number, state)
            if flags is None:
                with writer.block(f"if {self.parts.in_state(number)} > 0:"):
                    writer.line("scan = 1")
            elif flags:
                test = f"scan == 0 and {self.parts.in_state(number)} > 0 and ({' or '.join(flags)})"
                cohort = self.parts.cohort
                if cohort is not None and cohort.state == number:
                    # The first run of the key has the most events, or has left the step already.
                    writer.line("r = key_ends[2 * slot]")
                    test += f" and {cohort.enough}"
                with writer.block(f"if {test}:"):
                    self._through_gates(number, state)

    def _flags(self, number: int, state: State) -> list[str] | None:
        """Return the flags of what a state reacts to, or None if it reacts to every event."""
        if state.skipped != number:
            return None
        names = dict.fromkeys([*(move.variable for move in state.moves), *state.guards])
        return [f"{self.parts.conditions[name].flag} == 1" for name in names]

    def _through_gates(self, number: int, state: State) -> None:
        """Write `scan = 1` unless the gates of a state say that no run of it can react."""
        writer = self.parts.writer
        gates = [gate for gate in self.parts.gates if gate.state == number]
        gated = {gate.move for gate in gates}
        if not gates:
            writer.line("scan = 1")
            return
        free = [move.variable for move in state.moves if move not in gated]
        flags = [f"{self.parts.conditions[n].flag} == 1" for n in [*free, *state.guards]]
        if flags:
            with writer.block(f"if {' or '.join(dict.fromkeys(flags))}:"):
                writer.line("scan = 1")
        for move in dict.fromkeys(gate.move for gate in gates):
            flag = self.parts.conditions[move.variable].flag
            with writer.block(f"if scan == 0 and {flag} == 1:"):
                closed = [self._closed(gate) for gate in gates if gate.move == move]
                writer.line("scan = 1")
                with writer.block(f"if {' or '.join(closed)}:"):
                    writer.line("scan = 0")

    def _closed(self, gate: StateGate) -> str:
        """Return the condition that a comparison is FALSE for the kept value, so for every run."""
        scope = self.parts.scope
        scope.variable = gate.move.variable
        scope.gates = {gate.gate.leaf: f"{gate.array}[slot]"}
        text = conditions.is_false(gate.gate.condition, scope)
        scope.gates = {}
        return f"({text})"

    # ------------------------------------------------------------------ the scan

    def write(self) -> None:
        """Write the scan: the moves of each run, then what became of it (`fate`).

        fate: 0 lives on, 1 completed, GREW, from 2 on killed (`STRICT` and so on). `completed` counts matches of this event.
        """
        parts = self.parts
        writer = parts.writer
        for number, gate in enumerate(parts.gates):
            writer.line(f"kept{number} = {gate.empty}")
        if self.runs.forks is not None:
            writer.line("moved = 0")
        writer.line("r = key_ends[2 * slot]")
        with writer.block("while r >= 0:"):
            writer.lines("next_run = run_links[2 * r + 1]", "state = run_state[r]", "fate = 0")
            if self.runs.forks is not None:
                writer.line("other = -1")
            self._states(parts.waiting())
            with writer.block("if fate == 1:"):
                self._completed()
            deaths = self._deaths()
            if deaths:
                with writer.block("elif fate >= 2:"):
                    self.runs.remove_killed(deaths)
            growth = self.runs.growth
            if growth is not None:
                with writer.block(f"elif fate == {CLOSED}:"):
                    growth.close("ts", "row", "until")
                with writer.block(f"elif fate == {GREW}:"):
                    growth.change()
                    self._keep_gates()
                    writer.line("fate = 0")
            if parts.gates:
                with writer.block("else:"):
                    self._keep_gates()
            if self.runs.forks is not None:
                self._forked(self.runs.forks, deaths)
            writer.line("r = next_run")
        for number, gate in enumerate(parts.gates):
            writer.line(f"{gate.array}[slot] = kept{number}")
        if parts.past_last:
            with writer.block("if completed > 0:"):
                if growth is not None:
                    growth.remove_others()
                else:
                    self.runs.remove_all("runs_killed_skip", matched=1)

    def _forked(self, forks: Forks, deaths: dict[int, str]) -> None:
        """Write what the event does to the copy `other` that did not take it; of equal runs the later one goes."""
        writer = self.parts.writer
        if forks.merges:
            with writer.block("if fate == 0:"):
                forks.drop_equal()
        with writer.block("if other >= 0:"):
            writer.lines("r = other", "stayed = run_state[r]", "state = stayed", "fate = 0")
            for number, state in self.parts.waiting():
                if any(move.fork for move in state.moves) and self._has_more(number, state, ()):
                    with writer.block(f"if stayed == {number}:"):
                        self._not_taken(number, state, state.guards)
            if deaths:
                with writer.block("if fate >= 2:"):
                    self.runs.remove_killed(deaths)
            with writer.block("if fate == 0:"):
                forks.drop_equal()

    def _deaths(self) -> dict[int, str]:
        """Return the ways an event can end a run without completing it: fate and register."""
        found = set()
        for _, state in self.parts.waiting():
            found |= {self._death_by(state, name) for name in state.guards}
            found |= {STRICT} if state.skipped == DEAD else set()
            dead = (m for m in state.moves if m.kind == "until" and m.target == DEAD)
            found |= {UNTIL for _ in dead if not state.open}
        return {fate: reason for fate, reason in KILLED.items() if fate in found}

    def _death_by(self, state: State, guard: str) -> int:
        """Return the fate of a run of a state that an event of a negated variable ends."""
        absences = self.parts.automaton.absences
        if state.absence is not None and guard in absences[state.absence].variables:
            return ABSENCE
        return GUARD

    def _completed(self) -> None:
        """Write a completion: emit; under PAST LAST the run is removed with the others, after the scan."""
        growth = self.runs.growth
        if growth is not None:
            growth.open("ts", "row")
            self._keep_gates()
            self.parts.writer.line("completed = completed + 1")
            if self.parts.past_last:
                self.parts.writer.line("break")
            elif self.parts.node.skip_to:
                self.runs.spare()
                self.parts.writer.line("next_run = run_links[2 * r + 1]")
            return
        self.emitter.emit("ts", "row", "ts")
        self.parts.writer.line("completed = completed + 1")
        if self.parts.past_last:
            self.parts.writer.line("break")
            return
        if self.parts.node.skip_to and self.runs.forks is not None:
            self.runs.finish_fork()
            return
        self.runs.finish()
        if self.parts.node.skip_to:
            # Every older run has gone.
            self.parts.writer.line("next_run = key_ends[2 * slot]")

    def _keep_gates(self) -> None:
        """Write the joining of run `r` to the gates of the state it is in now."""
        parts = self.parts
        for number, gate in enumerate(parts.gates):
            cell = parts.scope.cells.text(parts.scope.cells.capture(gate.gate.leaf, 0))
            with parts.writer.block(f"if state == {gate.state}:"):
                parts.writer.line(f"kept{number} = {gate.joined(f'kept{number}', cell)}")

    def _states(self, states: list[tuple[int, State]]) -> None:
        """Write the moves of every state, as one chain of tests of `state`."""
        for place, (number, state) in enumerate(states):
            word = "if" if place == 0 else "elif"
            with self.parts.writer.block(f"{word} state == {number}:"):
                self.parts.writer.comment(f"{state.name}: after {state.variable}")
                self._state(number, state)

    def _state(self, number: int, state: State) -> None:
        """Write the moves of one state; runs of the cohort must have the events they need."""
        cohort = self.parts.cohort
        if cohort is None or cohort.state != number:
            self._moves(number, state, state.moves)
            return
        with self.parts.writer.block(f"if {cohort.enough}:"):
            self._moves(number, state, state.moves)

    def _moves(self, number: int, state: State, moves: tuple[Move, ...]) -> None:
        """Write the moves of a state in order of preference; behind the last one, what else may happen."""
        if len(moves) > LONG:
            self._long(number, state, moves)
            return
        if not moves:
            self._not_taken(number, state, state.guards)
            return
        move, rest = moves[0], moves[1:]
        self.fits(
            move.variable,
            lambda: self._take(number, move),
            lambda: self._moves(number, state, rest),
            self._has_more(number, state, rest),
            _missing(move),
        )

    def _take(self, number: int, move: Move) -> None:
        """Write what a move that fits does; UNTIL binds nothing, and the event may then end the run."""
        if move.kind != "until":
            self.runs.take(number, move)
        elif move.target != DEAD:
            if self.runs.forks is not None:
                self.parts.writer.line("moved = 1")
            self.runs.change_state(number, move.target, bound=False)
            ended = self.parts.automaton.states[move.target]
            self._not_taken(move.target, ended, ended.guards)
        else:
            fate = CLOSED if self.parts.is_open(number) else UNTIL
            self.parts.writer.line(f"fate = {fate}")

    def _long(self, number: int, state: State, moves: tuple[Move, ...]) -> None:
        """Write many moves: each is tried unless one before it took the event (`taken`)."""
        writer = self.parts.writer
        writer.line("taken = 0")
        for move in moves:
            condition = self.parts.conditions[move.variable]
            with writer.block(f"if taken == 0 and {condition.flag} == 1{_missing(move)}:"):
                test = self._test(condition) if condition.bound else ""
                with writer.block(f"if {test}:") if test else nullcontext():
                    writer.line("taken = 1")
                    self._take(number, move)
        with writer.block("if taken == 0:"):
            if self._has_more(number, state, ()):
                self._not_taken(number, state, state.guards)
            else:
                writer.line("fate = 0")

    def _has_more(self, number: int, state: State, rest: tuple[Move, ...]) -> bool:
        return bool(rest or state.guards or state.skipped != number)

    def _not_taken(self, number: int, state: State, guards: tuple[str, ...]) -> None:
        """Write what an event does that no move took: guards kill, strict edges kill or lapse."""
        writer = self.parts.writer
        cohort = self.parts.cohort
        if guards and cohort is not None and cohort.state == number:
            # The loop comes before the guard, and takes the event for all runs after the scan.
            tests = [f"{self.parts.conditions[name].flag} == 1" for name in guards]
            with writer.block(f"if {cohort.flag} == 0 and ({' or '.join(tests)}):"):
                writer.line(f"fate = {GUARD}")
        elif guards:
            more = len(guards) > 1 or state.skipped != number
            self.fits(
                guards[0],
                lambda: self._guarded(number, state, guards),
                lambda: self._not_taken(number, state, guards[1:]),
                more,
            )
        elif state.skipped == DEAD:
            writer.line(f"fate = {STRICT}")
        elif state.skipped != number:
            self.runs.change_state(number, state.skipped, bound=False)

    def _guarded(self, number: int, state: State, guards: tuple[str, ...]) -> None:
        """Write the death by a guard; before a deadline only after the instant of the last bound event."""
        parts = self.parts
        if state.absence is None or self._death_by(state, guards[0]) == GUARD:
            parts.writer.line(f"fate = {GUARD}")
            return
        length = parts.automaton.absences[state.absence].for_us
        with parts.writer.block(f"if ts > run_deadline[r] - {length}:"):
            parts.writer.line(f"fate = {ABSENCE}")
        if len(guards) > 1 or state.skipped != number:
            with parts.writer.block("else:"):
                self._not_taken(number, state, guards[1:])

    def fits(
        self,
        variable: str,
        then: Callable[[], None],
        otherwise: Callable[[], None],
        more: bool,  # noqa: FBT001 - whether `otherwise` writes anything
        also: str = "",
    ) -> None:
        """Write `if the candidate fits variable: then() else: otherwise()`; `also` is a further condition.

        The flag is tested first: what a condition reads of the event is there only for its own stream.
        """
        parts = self.parts
        writer = parts.writer
        condition = parts.conditions[variable]
        if not condition.bound:
            with writer.block(f"if {condition.flag} == 1{also}:"):
                then()
            if more:
                with writer.block("else:"):
                    otherwise()
            return
        if more:
            writer.line("took = 0")
        flag = writer.block(f"if {condition.flag} == 1{also}:")
        with flag, writer.block(f"if {self._test(condition)}:"):
            if more:
                writer.line("took = 1")
            then()
        if more:
            with writer.block("if took == 0:"):
                otherwise()

    def _test(self, condition: Condition) -> str:
        """Return the condition on the bindings, for run `r` or (empty cells) a new run."""
        scope = self.parts.scope
        scope.variable = condition.variable
        return " and ".join(f"({conditions.is_true(part, scope)})" for part in condition.bound)


def _missing(move: Move) -> str:
    """Return the further conditions of a move: its operand is not satisfied yet, its gap holds."""
    fill = move.fill
    text = ""
    if fill is not None and fill.start is None:
        text += f" and (run_missing[r] >> {fill.shift}) & {fill.mask} != 0"
    if move.low_us:
        text += f" and ts - run_anchor[r] >= {move.low_us}"
    if move.high_us is not None:
        text += f" and ts - run_anchor[r] <= {move.high_us}"
    return text
