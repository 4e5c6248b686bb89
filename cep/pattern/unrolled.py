"""An automaton without counters: a state for each count, so that all runs in a state are alike.

Of a pattern whose runs do not differ in what its conditions read (`cep.plan.sharing`): an event does the same to every run
of a state. A counter that no move can ask for before it is set again tells no states apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.pattern.automaton import DEAD, targets

if TYPE_CHECKING:
    from cep.pattern.automaton import Automaton, Move, State

Place = tuple[int, tuple[int, ...]]
"""A state of the automaton with counters, and its counters."""


@dataclass(frozen=True, slots=True)
class Way:
    """An event of `variable` leads to `target`; fork: the run stays as well, as if it had not taken the event."""

    variable: str
    target: int
    fork: bool


@dataclass(frozen=True, slots=True)
class Plain:
    """A state: the first way whose variable the event fits is taken.

    guards: variables whose event ends a run that does not take it. skipped: where such a run is after any other event,
    DEAD if nowhere.
    """

    name: str
    ways: tuple[Way, ...]
    guards: tuple[str, ...]
    skipped: int


@dataclass(frozen=True, slots=True)
class Unrolled:
    """States by number; a way to `len(states)` completes the run. starts: of a run that does not exist yet."""

    states: tuple[Plain, ...]
    starts: tuple[Way, ...]


def unrolled(automaton: Automaton) -> Unrolled:
    """Return the automaton with counts as states; it has no absences, any-order groups or time between events."""
    return _Unrolling(automaton).build()


class _Unrolling:
    def __init__(self, automaton: Automaton) -> None:
        self.automaton = automaton
        self.asked = _counters_asked(automaton)
        self.numbers: dict[Place, int] = {}
        self.todo: list[Place] = []

    def build(self) -> Unrolled:
        """Number the places that can be reached, then complete the ways to the accepting state."""
        fresh = (1,) * self.automaton.counters
        starts = tuple(self._way(move, fresh) for move in self.automaton.starts)
        found: list[Plain] = []
        while self.todo:
            number, counts = self.todo.pop(0)
            state = self.automaton.states[number]
            ways = tuple(self._way(move, counts) for move in state.moves)
            skipped = DEAD if state.skipped == DEAD else self._number(state.skipped, counts)
            name = "_".join([state.name, *(str(count) for count in counts if count > 0)])
            found.append(Plain(name, ways, state.guards, skipped))
        states = tuple(_completed(state, len(found)) for state in found)
        return Unrolled(states, tuple(_led(way, len(found)) for way in starts))

    def _way(self, move: Move, counts: tuple[int, ...]) -> Way:
        held = [1 if n in move.resets else count for n, count in enumerate(counts)]
        target = move.target
        if move.limit is not None:
            held[move.counter] += 1
            target = move.at_limit if held[move.counter] == move.limit else target
        return Way(move.variable, self._number(target, tuple(held)), move.fork)

    def _number(self, state: int, counts: tuple[int, ...]) -> int:
        """Return the number of a place, ACCEPTED for complete; a counter not asked for any more counts as 0."""
        if self.automaton.states[state].accepting:
            return ACCEPTED
        kept = (count if n in self.asked[state] else 0 for n, count in enumerate(counts))
        place = (state, tuple(kept))
        if place not in self.numbers:
            self.numbers[place] = len(self.numbers)
            self.todo.append(place)
        return self.numbers[place]


ACCEPTED = -2
"""The target of ways that complete a run, until the number of states is known."""


def _led(way: Way, accepted: int) -> Way:
    return Way(way.variable, accepted, way.fork) if way.target == ACCEPTED else way


def _completed(state: Plain, accepted: int) -> Plain:
    ways = tuple(_led(way, accepted) for way in state.ways)
    return Plain(state.name, ways, state.guards, state.skipped)


def _counters_asked(automaton: Automaton) -> list[frozenset[int]]:
    """Return for each state the counters that some move may ask for before they are set again."""
    asked: list[frozenset[int]] = [frozenset() for _ in automaton.states]
    while True:
        found = [_asked_in(state, asked) for state in automaton.states]
        if found == asked:
            return asked
        asked = found


def _asked_in(state: State, asked: list[frozenset[int]]) -> frozenset[int]:
    found: frozenset[int] = frozenset()
    for move in state.moves:
        later = frozenset().union(*(asked[target] for target in targets(move)))
        own = frozenset() if move.limit is None else frozenset((move.counter,))
        found |= (later | own) - frozenset(move.resets)
    return found | (asked[state.skipped] if state.skipped != DEAD else frozenset())
