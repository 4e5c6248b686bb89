"""The automaton of a pattern as a frozen value: states, their moves in order of preference, absences.

A run stands in one state. On an event it takes the first move of that state which fits (language.md,
rulings 14 and 15); a state says what happens when none does. Counting of loops is one number a run
(`count`, the events bound to the step it is in), so that `f{1000}` is two states and not a thousand.

| here | in section 5 of the language |
|---|---|
| `Move.kind == "step"` | a step that can come next |
| `Move.kind == "loop"` | the current loop |
| `State.guards` | active negations |
| `State.absence` | `NOT n FOR d`, whose clock runs since the last bound event |
| `State.skipped` | the state after an event that was not taken (`DEAD`: a strict edge or loop) |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf

DEAD = -1


@dataclass(frozen=True, slots=True)
class Move:
    """One possible move: an event that fits `variable` is bound to it and the run enters `target`.

    A loop move adds 1 to the count of the run; when the count then equals `limit`, the run enters
    `at_limit` instead of `target`. A step move sets the count to 1.
    """

    kind: OneOf["step", "loop"]
    variable: str
    target: int
    strict: bool = False
    limit: int | None = None
    at_limit: int = DEAD


@dataclass(frozen=True, slots=True)
class Absence:
    """`NOT n FOR d`: no event of `variables` in the `for_us` us after the last bound event."""

    variables: tuple[str, ...]
    for_us: int


@dataclass(frozen=True, slots=True)
class State:
    """A state of a run.

    name: unique, for pictures and generated code. variable: the variable bound last. moves: in order of
    preference. guards: variables whose event kills the run if no move fits. absence: number of the
    awaited absence or None; `satisfied` is the state entered at its deadline. skipped: state after an
    event that was not taken. accepting: entering this state completes the run.
    """

    name: str
    variable: str
    moves: tuple[Move, ...] = ()
    guards: tuple[str, ...] = ()
    absence: int | None = None
    satisfied: int = DEAD
    skipped: int = DEAD
    accepting: bool = False


@dataclass(frozen=True, slots=True)
class Automaton:
    """A pattern: `starts` are the moves of a run that does not exist yet (the first that fits starts it).

    counted: whether a run needs its loop count. steps: variable of each step in pattern order.
    optional: for each step whether a match can do without it.
    """

    states: tuple[State, ...]
    starts: tuple[Move, ...]
    absences: tuple[Absence, ...]
    steps: tuple[str, ...]
    optional: tuple[bool, ...]

    @property
    def counted(self) -> bool:
        """Whether a limit of some loop is compared with the count of a run."""
        return any(move.limit is not None for move in self.moves())

    @property
    def strict(self) -> bool:
        """Whether an event that fits nothing can change a run."""
        return any(
            state.skipped != number
            for number, state in enumerate(self.states)
            if not state.accepting
        )

    def moves(self) -> tuple[Move, ...]:
        """Return the start moves and the moves of all states."""
        return (*self.starts, *(move for state in self.states for move in state.moves))

    def guard_variables(self) -> tuple[str, ...]:
        """Return the negated variables in order of first appearance."""
        return tuple(dict.fromkeys(name for state in self.states for name in state.guards))
