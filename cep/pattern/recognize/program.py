"""A row pattern as a program: states, and for each the states that may come next, most preferred first.

A state is a place of the pattern at which a row was just bound (loops with bounds are written out), so following
a state costs no look at anything but the row. What may come behind the place where a match is complete in the
order of preference is left out: such a path can never be preferred to the match.
Source: the position automaton of V. M. Glushkov, "The abstract theory of automata", 1961, with the
order of alternatives kept as in R. Cox, "Regular expression matching: the virtual machine approach", 2009.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, assert_never

from cep.plan.recognition import (
    RowChoice,
    RowEmpty,
    RowExcluded,
    RowFirst,
    RowFollowed,
    RowLoop,
    RowSequence,
    RowStep,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cep.plan.recognition import RowPattern

START = 0  # before the first row of a match
START_OF_KEY = 1  # the same where the next row is the first of its key; only with `^`


@dataclass(frozen=True, slots=True)
class RowMove:
    """A move to a state by a row that fits its variable.

    wait: the state in which a path goes on whose row does not fit (behind `->`), -1: none. guards: variables by
    number, a row that fits one of them ends the wait.
    """

    target: int
    wait: int = -1
    guards: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RowState:
    """A state: the variable (by number, -1 in start and waiting states) of the row just bound.

    moves: what may come next, by preference. accepting: the match may end here, which is less
    preferred than every state of `follow`. excluded: ALL ROWS PER MATCH leaves the row out.
    """

    variable: int
    moves: tuple[RowMove, ...]
    accepting: bool
    excluded: bool = False

    @property
    def follow(self) -> tuple[int, ...]:
        """The states of the moves."""
        return tuple(move.target for move in self.moves)


@dataclass(frozen=True, slots=True)
class Program:
    """The states; the first one (two with `anchored`) are start states."""

    states: tuple[RowState, ...]
    anchored: bool

    @property
    def waits(self) -> bool:
        """Whether some move waits for a row that fits (`->`)."""
        return any(move.wait >= 0 for state in self.states for move in state.moves)

    @property
    def starts(self) -> tuple[RowState, ...]:
        """The start states."""
        return self.states[: 1 + self.anchored]


def build_program(pattern: RowPattern, variables: Mapping[str, int]) -> Program:
    """Return the program of a pattern; `variables` numbers the variables."""
    code = _Code(dict(variables))
    code.write(pattern, excluded=False)
    code.instructions.append(_Accept())
    count = 1 + code.anchored
    states = [RowState(-1, *code.closure(0, at_start=n == START_OF_KEY)) for n in range(count)]
    for consume, at in code.rows:
        moves, accepting = code.closure(at + 1, at_start=False)
        states.append(RowState(consume.variable, moves, accepting, consume.excluded))
    return Program(_trimmed(_with_waits(states)), code.anchored)


def _with_waits(states: list[RowState]) -> list[RowState]:
    """Return the states with a waiting state for every different move behind `->` (whose `wait` is 0 so far)."""
    numbers: dict[tuple[int, tuple[int, ...]], int] = {}
    for state in states:
        for move in state.moves:
            if move.wait == 0:
                numbers.setdefault((move.target, move.guards), len(states) + len(numbers))

    def numbered(move: RowMove) -> RowMove:
        return move if move.wait else replace(move, wait=numbers[move.target, move.guards])

    found = [replace(s, moves=tuple(numbered(m) for m in s.moves)) for s in states]
    for (target, guards), number in numbers.items():
        found.append(RowState(-1, (RowMove(target, number, guards),), accepting=False))
    return found


def _trimmed(states: list[RowState]) -> tuple[RowState, ...]:
    """Return the states without moves to those from which no match can be reached (`A ^`)."""
    useful = {number for number, state in enumerate(states) if state.accepting}
    grown = True
    while grown:
        more = {n for n, s in enumerate(states) if n not in useful and useful & set(s.follow)}
        grown = bool(more)
        useful |= more
    return tuple(replace(s, moves=tuple(m for m in s.moves if m.target in useful)) for s in states)


# ---------------------------------------------------------------- the pattern as instructions


@dataclass(slots=True)
class _Consume:
    """Bind a row to a variable; `place`: which one of these instructions it is, from 1."""

    place: int
    variable: int
    excluded: bool


@dataclass(slots=True)
class _Split:
    """Go on at each target, the preferred one first."""

    targets: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Begin:
    """An iteration of loop `loop` begins."""

    loop: int


@dataclass(slots=True)
class _Again:
    """An iteration has ended: go on at `again`, or at `leave` if it has bound no row."""

    loop: int
    again: int
    leave: int = 0


@dataclass(slots=True)
class _AtFirst:
    """Go on only before the first row of the key."""


@dataclass(slots=True)
class _Accept:
    """The pattern is complete."""


@dataclass(slots=True)
class _Relax:
    """Rows may stand before the next one that is bound, but for such as fit a guard."""

    guards: tuple[int, ...]


_Instruction = _Consume | _Split | _Begin | _Again | _AtFirst | _Accept | _Relax


class _Code:
    """The instructions of a pattern; a split without targets behind it means the next instruction."""

    def __init__(self, variables: dict[str, int]) -> None:
        self.variables = variables
        self.instructions: list[_Instruction] = []
        self.rows: list[tuple[_Consume, int]] = []
        self.anchored = False
        self.loops = 0

    def write(self, pattern: RowPattern, *, excluded: bool) -> None:
        """Write the instructions of a part behind those there are."""
        match pattern:
            case RowStep():
                variable = self.variables[pattern.variable]
                consume = _Consume(len(self.rows) + 1, variable, excluded)
                self.rows.append((consume, len(self.instructions)))
                self.instructions.append(consume)
            case RowSequence():
                for part in pattern.parts:
                    self.write(part, excluded=excluded)
            case RowChoice():
                self._choice(pattern, excluded=excluded)
            case RowLoop():
                self._loop(pattern, excluded=excluded)
            case RowEmpty():
                pass
            case RowFirst():
                self.anchored = True
                self.instructions.append(_AtFirst())
            case RowFollowed():
                guards = tuple(self.variables[name] for name in pattern.guards)
                self.instructions.append(_Relax(guards))
            case RowExcluded():
                self.write(pattern.part, excluded=True)
            case _:
                assert_never(pattern)

    def _choice(self, pattern: RowChoice, *, excluded: bool) -> None:
        split = _Split()
        self.instructions.append(split)
        ends: list[_Split] = []
        for part in pattern.parts:
            split.targets.append(len(self.instructions))
            self.write(part, excluded=excluded)
            end = _Split()
            self.instructions.append(end)
            ends.append(end)
        for end in ends:
            end.targets.append(len(self.instructions))

    def _loop(self, pattern: RowLoop, *, excluded: bool) -> None:
        """Iterations that must be are written out; those that may be end the loop when they bind no row."""
        if pattern.relaxed and pattern.low == 0:
            # What leads to the first iteration is not inside the loop.
            inner = RowLoop(pattern.part, 1, pattern.high, pattern.reluctant, relaxed=True)
            pattern = RowLoop(inner, 0, 1, pattern.reluctant)
        again_from_last = pattern.high is None and pattern.low > 0
        for number in range(pattern.low):
            if pattern.relaxed and number:
                self.instructions.append(_Relax(()))
            if again_from_last and number == pattern.low - 1:
                self._repeated(pattern, excluded=excluded)
                return
            self.write(pattern.part, excluded=excluded)
        optional = 1 if pattern.high is None else pattern.high - pattern.low
        splits: list[_Split] = []
        agains: list[_Again] = []
        for _ in range(optional):
            split = _Split()
            splits.append(split)
            here = len(self.instructions)
            self.instructions.append(split)
            self.loops += 1
            split.targets.append(len(self.instructions))
            self.instructions.append(_Begin(self.loops))
            if pattern.relaxed:
                self.instructions.append(_Relax(()))
            self.write(pattern.part, excluded=excluded)
            after = here if pattern.high is None else len(self.instructions) + 1
            again = _Again(self.loops, after)
            agains.append(again)
            self.instructions.append(again)
        leave = len(self.instructions)
        for split in splits:
            split.targets.append(leave)
            if pattern.reluctant:
                split.targets.reverse()
        for again in agains:
            again.leave = leave

    def _repeated(self, pattern: RowLoop, *, excluded: bool) -> None:
        """Write the last iteration that must be of a loop without limit: it repeats itself unless it bound no row."""
        here = len(self.instructions)
        self.loops += 1
        self.instructions.append(_Begin(self.loops))
        self.write(pattern.part, excluded=excluded)
        again = _Again(self.loops, len(self.instructions) + 1)
        split = _Split([len(self.instructions) + 2])
        self.instructions += [again, split]
        self.instructions.append(_Relax(()) if pattern.relaxed else _Split([here]))
        if pattern.relaxed:
            self.instructions.append(_Split([here]))
        again.leave = len(self.instructions)
        split.targets.append(again.leave)
        if pattern.reluctant:
            split.targets.reverse()

    def closure(self, at: int, *, at_start: bool) -> tuple[tuple[RowMove, ...], bool]:
        """Return the moves from an instruction, by preference, and whether the match may end there.

        Nothing that is less preferred than the end is in the list. An instruction that is reached again with
        the same iterations begun and the same freedom to skip rows can add nothing. The first row of a match is that
        of its start, whatever stands before it. Cost: O(instructions) without loops inside loops.
        """
        found: dict[RowMove, None] = {}
        seen: set[_Place] = set()
        waiting = [_Place(at)]
        while waiting:
            here = waiting.pop()
            if here in seen:
                continue
            seen.add(here)
            match self.instructions[here.at]:
                case _Consume() as consume:
                    relaxed = here.relaxed and at > 0
                    target = consume.place + self.anchored
                    move = RowMove(target, 0, here.guards) if relaxed else RowMove(target)
                    found[move] = None
                case _Accept():
                    return tuple(found), True
                case _AtFirst() if not at_start:
                    continue
                case instruction:
                    waiting.extend(reversed(_next_places(instruction, here)))
        return tuple(found), False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk without rows stands: the instruction, the iterations begun, whether rows may be skipped."""

    at: int
    begun: frozenset[int] = frozenset()
    relaxed: bool = False
    guards: tuple[int, ...] = ()


def _next_places(instruction: _Instruction, here: _Place) -> list[_Place]:
    """Return where a walk goes on behind an instruction that binds no row, the preferred place first."""
    match instruction:
        case _Split(targets=targets):
            return [replace(here, at=target) for target in targets]
        case _Begin(loop=loop):
            return [replace(here, at=here.at + 1, begun=here.begun | {loop})]
        case _Again() as end:
            at = end.leave if end.loop in here.begun else end.again
            return [replace(here, at=at, begun=here.begun - {end.loop})]
        case _Relax(guards=guards):
            every = tuple(sorted({*here.guards, *guards}))
            return [replace(here, at=here.at + 1, relaxed=True, guards=every)]
        case _:
            return [replace(here, at=here.at + 1)]
