"""A row pattern as a deterministic automaton: all starts of a key move together, one table look-up a row.

A configuration is the list of threads a key may have: the states they stand in, oldest start first, of one start the more
preferred first. Where conditions read no bound rows, two threads in one state have one future, so only the first of them
is kept and there are finitely many lists; what a match measures is kept in registers by the place in the list. A
program has such an automaton here if no row is ever looked at again: a thread that completes the pattern has no
more preferred one beside it, and goes on, if it does, from match to longer match. Where time ends starts (WITHIN), threads of
two starts in one state have two futures: then there must be none.
Source: V. Laurikari, "NFAs with tagged transitions, their conversion to deterministic automata and application to
regular expressions", 2000 (configurations ordered by preference, registers moved with the threads).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cep.pattern.recognize.program import Program, RowMove

MOST_THREADS = 6
MOST_CONFIGURATIONS = 32
MOST_TESTED = 5
"""Conditions of variables: a configuration has a transition for every combination of their results."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread of a configuration: its state, and which of the starts alive it belongs to, from 0."""

    state: int
    start: int


@dataclass(frozen=True, slots=True)
class Configuration:
    """The threads of a key; complete: thread 0, the only one, is a match that may still become longer."""

    threads: tuple[Thread, ...] = ()
    complete: bool = False

    @property
    def starts(self) -> int:
        """The number of starts alive."""
        return len({thread.start for thread in self.threads})


@dataclass(frozen=True, slots=True)
class Advance:
    """How a thread comes about: from thread `source` (None: the row is a start), bound to `variable` (-1: it waits)."""

    source: int | None
    variable: int


@dataclass(frozen=True, slots=True)
class Transition:
    """What a row does: the threads of the next configuration `target`, in its order.

    gives: the complete match of before ends with the row before this one. completes: the one thread of
    `threads` is a match that nothing can make longer, and `target` is without threads. begins: the row is a start.
    """

    target: int
    threads: tuple[Advance, ...] = ()
    gives: bool = False
    completes: bool = False
    begins: bool = False

    @property
    def ascending(self) -> bool:
        """Whether threads may be moved one after the other, the first one first, each into its place."""
        return all(a.source is None or a.source >= n for n, a in enumerate(self.threads))

    @property
    def descending(self) -> bool:
        """Whether they may be moved one after the other, the last one first."""
        return all(a.source is None or a.source <= n for n, a in enumerate(self.threads))


@dataclass(frozen=True, slots=True)
class Deterministic:
    """The automaton: configuration 0 has no threads; `moves[c][r]` is the transition of configuration c.

    tested: the variables with a condition; bit n of r is set if the row fits `tested[n]`. expiries: of each
    configuration with threads, from 1 on, what the end of its oldest start's time does; none without WITHIN.
    """

    configurations: tuple[Configuration, ...]
    moves: tuple[tuple[Transition, ...], ...]
    tested: tuple[int, ...]
    expiries: tuple[Transition, ...] = ()

    @property
    def width(self) -> int:
        """The largest number of threads."""
        return max(len(c.threads) for c in self.configurations)

    def transitions(self) -> Iterator[tuple[int, Transition]]:
        """Yield every transition with the number of its configuration."""
        for number, row in enumerate(self.moves):
            for transition in row:
                yield number, transition


class _NotDeterministicError(Exception):
    """The program has no such automaton, or none of the size allowed."""


def determinize(
    program: Program, tested: tuple[int, ...], possible: tuple[bool, ...], *, timed: bool = False
) -> Deterministic | None:
    """Return the automaton of a program, None if it has none of at most the sizes above.

    tested: the variables that have a condition, about the row alone; rows fit all others. possible: for each
    combination of their results (as in `moves`) whether rows may have it. timed: whether WITHIN ends starts.
    """
    if program.anchored or program.states[0].accepting or len(tested) > MOST_TESTED:
        return None
    try:
        return _Builder(program, tested, possible, timed=timed).build()
    except _NotDeterministicError:
        return None


def _equal_states(program: Program) -> tuple[int, ...]:
    """Return for each state the first one with the same future: the same moves, and both accept or neither does."""
    first: dict[object, int] = {}
    return tuple(first.setdefault((s.moves, s.accepting), n) for n, s in enumerate(program.states))


class _Builder:
    """Follows all configurations that can be reached."""

    def __init__(
        self,
        program: Program,
        tested: tuple[int, ...],
        possible: tuple[bool, ...],
        *,
        timed: bool,
    ) -> None:
        self.timed = timed
        self.states = program.states
        self.equal = _equal_states(program)
        self.tested = tested
        self.possible = possible
        self.numbers = {Configuration(): 0}
        self.waiting = deque(self.numbers)

    def build(self) -> Deterministic:
        """Return the automaton.

        Raises:
            _NotDeterministicError: there is none.
        """
        moves = []
        expiries = []
        while self.waiting:
            configuration = self.waiting.popleft()
            moves.append(
                tuple(
                    self._transition(configuration, results) if possible else Transition(0)
                    for results, possible in enumerate(self.possible)
                )
            )
            if self.timed and configuration.threads:
                expiries.append(self._expiry(configuration))
        return Deterministic(tuple(self.numbers), tuple(moves), self.tested, tuple(expiries))

    def _expiry(self, before: Configuration) -> Transition:
        """Return what the end of the oldest start's time does: a complete match is given, other starts stay."""
        if before.complete:
            return Transition(0, gives=True)
        left = [(n, t) for n, t in enumerate(before.threads) if t.start]
        target = self._number([(t.state, t.start) for _, t in left], complete=False)
        return Transition(target, tuple(Advance(n, -1) for n, _ in left))

    def _number(self, threads: list[tuple[int, int]], *, complete: bool) -> int:
        """Return the number of a configuration of (state, start) pairs."""
        starts = {start: n for n, start in enumerate(dict.fromkeys(s for _, s in threads))}
        named = tuple(Thread(state, starts[start]) for state, start in threads)
        found = Configuration(named, complete)
        if found not in self.numbers:
            if len(named) > MOST_THREADS or len(self.numbers) >= MOST_CONFIGURATIONS:
                raise _NotDeterministicError
            self.numbers[found] = len(self.numbers)
            self.waiting.append(found)
        return self.numbers[found]

    def _transition(self, before: Configuration, results: int) -> Transition:
        """Return what a row with these results of conditions does."""
        step = _Step(self, {v: bool(results >> n & 1) for n, v in enumerate(self.tested)})
        gives = False
        for place, thread in enumerate(before.threads):
            step.follow(thread.state, place, thread.start)
        if before.complete and not step.accepted:
            if (
                step.threads
            ):  # a longer match is possible, but not certain: rows might have to be read again
                raise _NotDeterministicError
            gives = True
        begins = step.follow(0, None, len(before.threads))
        advances = tuple(step.advances)
        if step.accepted and not self.states[step.threads[0][0]].moves:
            return Transition(0, advances, gives, completes=True, begins=begins)
        target = self._number(step.threads, complete=step.accepted)
        found = Transition(target, advances, gives, begins=begins)
        if not (found.ascending or found.descending):
            raise _NotDeterministicError
        return found


class _Step:
    """The threads that a row makes, in the order of preference."""

    def __init__(self, builder: _Builder, results: dict[int, bool]) -> None:
        self.states = builder.states
        self.timed = builder.timed
        self.equal = builder.equal
        self.results = results
        self.threads: list[tuple[int, int]] = []
        self.advances: list[Advance] = []
        self.accepted = False
        self.seen: dict[int, int] = {}

    def fits(self, variable: int) -> bool:
        """Whether the row fits a variable."""
        return self.results.get(variable, True)

    def follow(self, state: int, place: int | None, start: int) -> bool:
        """Make the threads that follow from one (place None: a start); return whether there are any.

        Raises:
            _NotDeterministicError: a match is complete while a more preferred thread goes on.
        """
        made = False
        for move in self.states[state].moves:
            if self.accepted:
                break
            variable = self.states[move.target].variable
            if self.fits(variable):
                made |= self._join(move.target, Advance(place, variable), start)
            elif move.wait >= 0 and not self._guarded(move):
                made |= self._join(move.wait, Advance(place, -1), start)
        return made

    def _guarded(self, move: RowMove) -> bool:
        return any(self.fits(variable) for variable in move.guards)

    def _join(self, state: int, advance: Advance, start: int) -> bool:
        state = self.equal[state]
        if state in self.seen:
            if self.timed and self.seen[state] != start:
                raise _NotDeterministicError
            return False
        self.seen[state] = start
        if self.states[state].accepting:
            if self.threads:
                raise _NotDeterministicError
            self.accepted = True
        elif not self.states[state].moves:
            return False
        self.threads.append((state, start))
        self.advances.append(advance)
        return True
