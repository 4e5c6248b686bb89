"""The automaton of a pattern as a frozen value: states, their moves in order of preference, absences.

A run stands in one state. On an event it takes the first move of that state which fits (language.md,
rulings 14 and 15); a state says what happens when none does. Rounds of loops are counted in cells of the
run, one for each level of counted loops inside each other, so that `f{1000}` is two states and not a thousand.

| here | in section 5 of the language |
|---|---|
| `Move.kind == "step"` | a step that can come next |
| `Move.kind == "loop"` | the current loop of one step |
| `Move.kind == "round"` | the current loop of a group |
| `Move.kind == "until"` | the condition that ends the current loop; binds nothing |
| `State.guards` | active negations |
| `State.absence` | `NOT n FOR d`, whose clock runs since the last bound event |
| `State.skipped` | the state after an event that was not taken (`DEAD`: a strict edge or loop) |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf

DEAD = -1


@dataclass(frozen=True, slots=True)
class Fill:
    """How an event fills an any-order group, whose missing events a run counts in one word.

    start: the word after the first event of the group, None for a later one. shift, mask: the field of the
    operand. need: where the number of operands that are still needed stands, None if all are needed.
    """

    start: int | None
    shift: int
    mask: int
    need: int | None


@dataclass(frozen=True, slots=True)
class Move:
    """One possible move: an event that fits `variable` is bound to it and the run enters `target`.

    A move with a limit adds 1 to the counter number `counter` of the run; when that then equals `limit`, the
    run enters `at_limit` instead of `target`; `least` is the least number that can be. resets: counters it
    sets to 1, of loops that begin. fill: of a move for an operand of an any-order group; behind the first
    event of the group it is possible while the operand is not satisfied, and completing the group leads to
    `at_limit`. low_us, high_us: how long after the last bound event (or the end of an absence) it is possible. A
    move of kind `until` binds nothing; to DEAD it kills the run, or closes an open match. fork: the run that did
    not take the event stays too (`->>`, COMBINE).
    """

    kind: OneOf["step", "loop", "round", "until"]
    variable: str
    target: int
    strict: bool = False
    limit: int | None = None
    at_limit: int = DEAD
    least: int = 2
    counter: int = 0
    resets: tuple[int, ...] = ()
    fill: Fill | None = None
    low_us: int = 0
    high_us: int | None = None
    fork: bool = False


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
    event that was not taken. accepting: entering this state completes the run. open: the run is complete
    and grows (`growing`); entering such a state from another one completes it. awaits: variable of the leftmost
    step that is not satisfied and not optional, empty if there is none; in an any-order group that is not
    complete it depends on the run, and is the first move whose operand is not satisfied. limit_us: how long after
    the last bound event (or the end of an absence) the run ends, because none of its moves is possible any more.
    quiet_us: behind an absence, how long that lasted, so how long before its end the last event was bound.
    """

    name: str
    variable: str
    moves: tuple[Move, ...] = ()
    guards: tuple[str, ...] = ()
    absence: int | None = None
    satisfied: int = DEAD
    skipped: int = DEAD
    accepting: bool = False
    open: bool = False
    awaits: str = ""
    limit_us: int | None = None
    quiet_us: int = 0


@dataclass(frozen=True, slots=True)
class Automaton:
    """A pattern: `starts` are the moves of a run that does not exist yet (the first that fits starts it).

    steps: variable of each step in pattern order. optional: for each step whether a match can do without it.
    """

    states: tuple[State, ...]
    starts: tuple[Move, ...]
    absences: tuple[Absence, ...]
    steps: tuple[str, ...]
    optional: tuple[bool, ...]
    before: Absence | None = None

    @property
    def counters(self) -> int:
        """Number of counters a run needs for the rounds of its loops."""
        return max((move.counter + 1 for move in self.moves() if move.limit is not None), default=0)

    @property
    def limits(self) -> tuple[int, ...]:
        """The different limits of states, us."""
        found = (s.limit_us for s in self.states if not s.accepting)
        return tuple(sorted({limit for limit in found if limit is not None}))

    @property
    def timed(self) -> bool:
        """Whether some move asks how long ago the last event was bound."""
        moves = (move for state in self.states for move in state.moves)
        return any(move.low_us or move.high_us is not None for move in moves)

    @property
    def strict(self) -> bool:
        """Whether an event that fits nothing can change a run."""
        return any(
            state.skipped != number
            for number, state in enumerate(self.states)
            if not state.accepting
        )

    @property
    def filled(self) -> bool:
        """Whether some run counts what an any-order group still needs."""
        return any(move.fill is not None for move in self.moves())

    @property
    def forks(self) -> bool:
        """Whether some run both takes an event and stays behind."""
        return any(move.fork for move in self.moves())

    def moves(self) -> tuple[Move, ...]:
        """Return the start moves and the moves of all states."""
        return (*self.starts, *(move for state in self.states for move in state.moves))

    def until_variables(self) -> tuple[str, ...]:
        """Return the variables whose events end loops, in order of first appearance."""
        names = (m.variable for state in self.states for m in state.moves if m.kind == "until")
        return tuple(dict.fromkeys(names))

    def guard_variables(self) -> tuple[str, ...]:
        """Return the negated variables in order of first appearance."""
        first = self.before.variables if self.before is not None else ()
        later = (name for state in self.states for name in state.guards)
        return tuple(dict.fromkeys((*first, *later)))


def bound_on_entry(automaton: Automaton) -> list[frozenset[str]]:
    """Return for each state the variables that every way into it has bound."""
    bound: dict[int, frozenset[str]] = {}
    todo = [(target, frozenset((m.variable,))) for m in automaton.starts for target in targets(m)]
    while todo:
        number, known = todo.pop()
        if number in bound and bound[number] <= known:
            continue
        bound[number] = known = bound.get(number, known) & known
        state = automaton.states[number]
        todo += [(target, known | {m.variable}) for m in state.moves for target in targets(m)]
        todo += [(other, known) for other in (state.skipped, state.satisfied) if other != DEAD]
    return [bound.get(number, frozenset()) for number in range(len(automaton.states))]


def targets(move: Move) -> tuple[int, ...]:
    """Return the states a move can lead to."""
    return tuple(target for target in (move.target, move.at_limit) if target != DEAD)
