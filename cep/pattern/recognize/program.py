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
class RowState:
    """A state: the variable (by number, -1 in start states) of the row just bound.

    follow: states that may come next, by preference. accepting: the match may end here, which is less
    preferred than every state of `follow`. excluded: ALL ROWS PER MATCH leaves the row out.
    """

    variable: int
    follow: tuple[int, ...]
    accepting: bool
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """The states; the first one (two with `anchored`) are start states."""

    states: tuple[RowState, ...]
    anchored: bool

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
        follow, accepting = code.closure(at + 1, at_start=False)
        states.append(RowState(consume.variable, follow, accepting, consume.excluded))
    return Program(_trimmed(states), code.anchored)


def _trimmed(states: list[RowState]) -> tuple[RowState, ...]:
    """Return the states without moves to those from which no match can be reached (`A ^`)."""
    useful = {number for number, state in enumerate(states) if state.accepting}
    grown = True
    while grown:
        more = {n for n, s in enumerate(states) if n not in useful and useful & set(s.follow)}
        grown = bool(more)
        useful |= more
    return tuple(replace(s, follow=tuple(n for n in s.follow if n in useful)) for s in states)


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


_Instruction = _Consume | _Split | _Begin | _Again | _AtFirst | _Accept


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
        for _ in range(pattern.low):
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

    def closure(self, at: int, *, at_start: bool) -> tuple[tuple[int, ...], bool]:
        """Return the states reached from an instruction without a row, by preference, and whether it ends.

        Nothing that is less preferred than the end is in the list. An instruction that is reached again with
        the same iterations begun can add nothing. Cost: O(instructions) without loops inside loops.
        """
        found: dict[int, None] = {}
        seen: set[tuple[int, frozenset[int]]] = set()
        waiting: list[tuple[int, frozenset[int]]] = [(at, frozenset())]
        while waiting:
            here = waiting.pop()
            if here in seen:
                continue
            seen.add(here)
            place, begun = here
            match self.instructions[place]:
                case _Consume() as consume:
                    found[consume.place + self.anchored] = None
                case _Split(targets=targets):
                    waiting.extend((target, begun) for target in reversed(targets))
                case _Begin(loop=loop):
                    waiting.append((place + 1, begun | {loop}))
                case _Again() as end:
                    bound_none = end.loop in begun
                    waiting.append((end.leave if bound_none else end.again, begun - {end.loop}))
                case _AtFirst():
                    if at_start:
                        waiting.append((place + 1, begun))
                case _Accept():
                    return tuple(found), True
        return tuple(found), False
