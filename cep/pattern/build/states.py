"""From the fragment of a whole pattern to the states of its automaton.

A step has up to three states, by the number of its events: `below` its minimum, `open` (another one may
come), `full`. Behind an absence stands a state of its own, entered at the deadline.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cep.pattern.automaton import DEAD, Absence, Automaton, Move, State
from cep.pattern.build.fragment import Crossing, Fragment, Guard, Step, is_strict


@dataclass(slots=True)
class _Exit:
    """How a step can be left, from one point on: moves, guards, an absence to wait for, or the end."""

    steps: list[tuple[int, Crossing]] = field(default_factory=list)
    guards: list[str] = field(default_factory=list)
    absence: Guard | None = None
    behind: list[tuple[int | None, Crossing]] = field(default_factory=list)
    ends: bool = False


class _Builder:
    """Collects states; `entry[step]` is the state a run enters with the first event of a step."""

    def __init__(self, whole: Fragment) -> None:
        self.whole = whole
        self.states: list[State] = []
        self.entry: list[int] = []
        self.absences: list[Absence] = []

    def build(self) -> Automaton:
        """Return the automaton of the whole fragment."""
        phases = [self._phases(step) for step in self.whole.steps]
        for number, step in enumerate(self.whole.steps):
            exit_ = _exit(self._onward(number))
            self._fill(step, phases[number], exit_)
        starts = tuple(
            Move("step", self.whole.steps[step].variable, self.entry[step])
            for step, crossed in self.whole.firsts
            if not any(isinstance(item, Guard) and item.for_us is not None for item in crossed)
        )
        names = tuple(step.variable for step in self.whole.steps)
        optional = tuple(self._can_miss(number) for number in range(len(names)))
        return Automaton(tuple(self.states), starts, tuple(self.absences), names, optional)

    def _onward(self, number: int) -> list[tuple[int | None, Crossing]]:
        """Return what can follow a step: next steps in order, then None for the end of the pattern."""
        onward: list[tuple[int | None, Crossing]] = [
            (then, crossed) for step, then, crossed in self.whole.follow if step == number
        ]
        onward += [(None, crossed) for step, crossed in self.whole.lasts if step == number]
        return onward

    def _can_miss(self, number: int) -> bool:
        """Return whether some way through the pattern does not bind the step."""
        todo = [step for step, _ in self.whole.firsts if step != number]
        seen = set(todo)
        ends = {step for step, _ in self.whole.lasts}
        while todo:
            here = todo.pop()
            if here in ends:
                return True
            for step, then, _ in self.whole.follow:
                if step == here and then != number and then not in seen:
                    seen.add(then)
                    todo.append(then)
        return False

    def _new(self, name: str, variable: str) -> int:
        taken = {state.name for state in self.states}
        unique, n = name, 1
        while unique in taken:
            n += 1
            unique = f"{name}_{n}"
        self.states.append(State(unique, variable))
        return len(self.states) - 1

    def _phases(self, step: Step) -> dict[str, int]:
        """Make the states of a step, and note the one its first event leads to."""
        phases: dict[str, int] = {}
        if step.low > 1:
            phases["below"] = self._new(f"{step.variable}_below", step.variable)
        if step.high is None or step.high > step.low:
            phases["open"] = self._new(f"{step.variable}_open", step.variable)
        if step.high is not None:
            phases["full"] = self._new(step.variable, step.variable)
        self.entry.append(next(iter(phases.values())))
        return phases

    def _fill(self, step: Step, phases: dict[str, int], exit_: _Exit) -> None:
        """Give the states of a step their moves."""
        if "below" in phases:
            enough = phases.get("open", phases.get("full", DEAD))
            loop = Move("loop", step.variable, phases["below"], step.strict, step.low, enough)
            skipped = DEAD if step.strict else phases["below"]
            self.states[phases["below"]] = replace(
                self.states[phases["below"]], moves=(loop,), skipped=skipped
            )
        onward = None
        if "full" in phases:
            onward = self._leave(phases["full"], exit_, None)
        if "open" in phases:
            limit = step.high
            loop = Move(
                "loop", step.variable, phases["open"], step.strict, limit, phases.get("full", DEAD)
            )
            self._leave(phases["open"], exit_, loop, possessive=step.possessive, satisfied=onward)

    def _leave(
        self,
        number: int,
        exit_: _Exit,
        loop: Move | None,
        *,
        possessive: bool = False,
        satisfied: int | None = None,
    ) -> int | None:
        """Fill a state whose step has enough events; return the state behind its absence, if any."""
        steps = tuple(self._step(then, crossed) for then, crossed in exit_.steps)
        loops = (loop,) if loop else ()
        state = replace(
            self.states[number],
            moves=loops + steps if possessive else steps + loops,
            guards=tuple(dict.fromkeys(exit_.guards)),
            accepting=exit_.ends,
        )
        if exit_.absence is not None:
            if satisfied is None:
                satisfied = self._behind(state, exit_)
            state = replace(
                state,
                absence=self._absence(exit_.absence),
                satisfied=satisfied,
                guards=tuple(dict.fromkeys(state.guards + exit_.absence.variables)),
            )
        self.states[number] = state
        self.states[number] = replace(state, skipped=self._skipped(number))
        return satisfied

    def _step(self, then: int, crossed: Crossing) -> Move:
        variable = self.whole.steps[then].variable
        return Move("step", variable, self.entry[then], is_strict(crossed))

    def _absence(self, guard: Guard) -> int:
        absence = Absence(guard.variables, guard.for_us or 0)
        if absence not in self.absences:
            self.absences.append(absence)
        return self.absences.index(absence)

    def _behind(self, state: State, exit_: _Exit) -> int:
        """Make the state behind the absence of a state."""
        number = self._new(f"{state.variable}_quiet", state.variable)
        self._leave(number, _exit(exit_.behind), None)
        return number

    def _skipped(self, number: int) -> int:
        """Return the state after an event that was not taken.

        The step that must come next stands last; if its edge is strict the run dies. Strict edges to
        optional steps before it, and a STRICT loop that has enough, only lapse.
        """
        state = self.states[number]
        steps = [move for move in state.moves if move.kind == "step"]
        if steps and steps[-1].strict and state.absence is None:
            return DEAD
        kept = tuple(move for move in state.moves if not move.strict)
        if kept == state.moves:
            return number
        lapsed = self._new(f"{state.name}_lapsed", state.variable)
        self.states[lapsed] = replace(
            state, name=self.states[lapsed].name, moves=kept, skipped=lapsed
        )
        return lapsed


def _exit(onward: list[tuple[int | None, Crossing]]) -> _Exit:
    """Sort what can follow a step into what is open at once and what stands behind an absence."""
    result = _Exit()
    for then, crossed in onward:
        behind: Crossing | None = None
        for place, item in enumerate(crossed):
            if not isinstance(item, Guard):
                continue
            if item.for_us is not None:
                result.absence = item
                behind = crossed[place + 1 :]
                break
            result.guards += item.variables
        if behind is not None:
            result.behind.append((then, behind))
        elif then is None:
            result.ends = True
        else:
            result.steps.append((then, crossed))
    return result


def automaton_of(whole: Fragment) -> Automaton:
    """Return the automaton of the fragment of a whole pattern, not yet simplified.

    Raises:
        ValueError: the pattern can be empty; the binder refuses that before.
    """
    if whole.empty is not None:
        msg = "the pattern can be empty"
        raise ValueError(msg)
    return _Builder(whole).build()
