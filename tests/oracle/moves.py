"""Where a run of MATCH stands in the tree of its pattern, and what it can do next (ruling 14).

A place in a part says which of its events are bound: `()` for a step or a passed absence, (number, place)
for the part a sequence or a choice is in, (count, place, ended) for a loop, the counts of an any-order group.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, assert_never

from tests.oracle.tree import AnyOrder, Choice, Link, Loop, Part, Sequence, Step, Test, Wait
from tests.oracle.values import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

Place = Any


@dataclass
class Move:
    """Binding the next event to a test leads to a place; an UNTIL test leads there without binding.

    `link`: of the edge at which the parts of this event and of the one before are joined. `is_fatal`: UNTIL of a
    loop below its minimum. `before`: what must be absent before the event.
    """

    test: Test
    place: Place
    link: Link = field(default_factory=Link)
    is_loop: bool = False
    is_possessive: bool = False
    is_fatal: bool = False
    before: tuple[Wait, ...] = ()

    @property
    def is_strict(self) -> bool:
        """Whether it must take the very next event."""
        return self.link.strict


@dataclass
class Ahead:
    """What lies ahead of a place: moves, guards, the absence that runs, and what is required.

    `kills`: an event that is not taken ends the run. `done`: the part is satisfied.
    """

    steps: list[Move] = field(default_factory=list)
    loops: list[Move] = field(default_factory=list)
    guards: list[Test] = field(default_factory=list)
    wait: tuple[Wait, Place] | None = None
    kills: bool = False
    done: bool = True

    def within(self, wrap: Callable[[Place], Place]) -> Ahead:
        """Return the same in a part around it."""
        return replace(
            self,
            steps=[replace(m, place=wrap(m.place)) for m in self.steps],
            loops=[replace(m, place=wrap(m.place)) for m in self.loops],
            guards=list(self.guards),
            wait=None if self.wait is None else (self.wait[0], wrap(self.wait[1])),
        )

    def moves(self) -> list[Move]:
        """Return the moves, most preferred first."""
        possessive = [m for m in self.loops if m.is_possessive]
        others = [m for m in self.loops if not m.is_possessive]
        return [*possessive, *self.steps, *others]


def can_be_empty(part: Part) -> bool:
    """Whether a part can be satisfied without an event."""
    match part:
        case Step() | AnyOrder() | Wait():
            return False
        case Sequence(parts=parts):
            return all(can_be_empty(p) for p in parts)
        case Choice(parts=parts):
            return any(can_be_empty(p) for p in parts)
        case Loop(part=inner, low=low):
            return low == 0 or can_be_empty(inner)
        case _:
            assert_never(part)


def entries(part: Part) -> list[Move]:
    """Return the moves that bind the first event of a part, left to right."""
    match part:
        case Step(test=test):
            return [Move(test, ())]
        case Wait():
            msg = "NOT FOR at the start of a part"
            raise UnsupportedError(msg)
        case Sequence():
            return _entries_of_sequence(part)
        case Choice(parts=parts):
            return [_in(i, m) for i, p in enumerate(parts) for m in entries(p)]
        case Loop(part=inner):
            return [replace(m, place=(1, m.place, False)) for m in entries(inner)]
        case AnyOrder(operands=operands):
            return _unsatisfied(part, (0,) * len(operands))
        case _:
            assert_never(part)


def _in(number: int, move: Move) -> Move:
    return replace(move, place=(number, move.place))


def _entries_of_sequence(part: Sequence) -> list[Move]:
    found: list[Move] = []
    before: tuple[Wait, ...] = ()
    for number, inner in enumerate(part.parts):
        if number == 0 and isinstance(inner, Wait):
            before = (inner,)
            continue
        found += [_in(number, replace(m, before=(*before, *m.before))) for m in entries(inner)]
        if not can_be_empty(inner):
            break
    return found


def _unsatisfied(part: AnyOrder, counts: tuple[int, ...]) -> list[Move]:
    """Return the moves of the operands that are not satisfied, left to right."""
    found = []
    for i, (step, times) in enumerate(part.operands):
        if counts[i] < times:
            found.append(Move(step.test, (*counts[:i], counts[i] + 1, *counts[i + 1 :])))
    return found


def ahead(part: Part, place: Place) -> Ahead:
    """Return what lies ahead of a place within a part."""
    match part:
        case Step() | Wait():
            return Ahead()
        case Choice(parts=parts):
            number, inner = place
            return ahead(parts[number], inner).within(lambda p: (number, p))
        case AnyOrder():
            return _ahead_in_group(part, place)
        case Sequence():
            return _ahead_in_sequence(part, place)
        case Loop():
            return _ahead_in_loop(part, place)
        case _:
            assert_never(part)


def _ahead_in_group(part: AnyOrder, counts: tuple[int, ...]) -> Ahead:
    satisfied = sum(c == times for c, (_, times) in zip(counts, part.operands, strict=True))
    if satisfied == part.need:
        return Ahead()
    link = Link(strict=part.strict)
    moves = [replace(m, link=link) for m in _unsatisfied(part, counts)]
    return Ahead(moves, guards=list(part.guards), kills=part.strict, done=False)


def _ahead_in_sequence(part: Sequence, place: Place) -> Ahead:
    number, inner = place
    found = ahead(part.parts[number], inner).within(lambda p: (number, p))
    if not found.done:
        return found
    for later in range(number + 1, len(part.parts)):
        following, link = part.parts[later], part.links[later - 1]
        found.guards += link.guards
        if isinstance(following, Wait):
            found.wait = (following, (later, ()))
            found.done = False
            return found
        found.guards += passed_guards(following)
        found.steps += [_in(later, replace(m, link=link)) for m in entries(following)]
        if not can_be_empty(following):
            found.kills = found.kills or all(m.is_strict for m in found.steps)
            found.done = False
            return found
    return found


def _ahead_in_loop(part: Loop, place: Place) -> Ahead:
    count, inner, ended = place
    found = ahead(part.part, inner).within(lambda p: (count, p, ended))
    if not found.done:
        return found
    below = count < part.low and not can_be_empty(part.part)
    loop = Move(Test("", "", None), (), part.link, is_loop=True, is_possessive=part.possessive)
    if not ended and (part.high is None or count < part.high):
        found.guards += passed_guards(part.part)
        stop = (count, inner, True)
        found.loops += [replace(loop, test=t, place=stop, is_fatal=below) for t in part.until]
        found.loops += [
            replace(loop, test=m.test, place=(count + 1, m.place, False))
            for m in entries(part.part)
        ]
        strict = part.link.strict and all(m.is_strict for m in found.steps)
        found.kills = found.kills or (below and strict)
    if below:
        found.done = False
    return found


def passed_guards(part: Part) -> list[Test]:
    """Return what a part forbids before its first event: `NOT n` behind steps that can be left out."""
    match part:
        case Sequence(parts=parts, links=links):
            found = passed_guards(parts[0])
            for before, after, link in zip(parts, parts[1:], links, strict=False):
                if not can_be_empty(before):
                    break
                found += [*link.guards, *passed_guards(after)]
            return found
        case Choice(parts=parts):
            return [guard for p in parts for guard in passed_guards(p)]
        case Loop(part=inner):
            return passed_guards(inner)
        case Step() | Wait() | AnyOrder():
            return []
        case _:
            assert_never(part)


def awaited(part: Part, place: Place | None) -> str | None:
    """Return the variable of the leftmost unsatisfied non-optional step (ruling 13); place None: not entered."""
    match part:
        case Step(test=test):
            return test.variable if place is None else None
        case Wait():
            return None
        case Choice(parts=parts):
            if place is not None:
                return awaited(parts[place[0]], place[1])
            needs = [awaited(p, None) for p in parts]
            return None if None in needs else needs[0]
        case AnyOrder(operands=operands, need=need):
            counts = place or (0,) * len(operands)
            missing = [s.test.variable for c, (s, n) in zip(counts, operands, strict=True) if c < n]
            return missing[0] if len(operands) - len(missing) < need else None
        case Loop(part=inner, low=low):
            if place is None:
                return None if low == 0 else awaited(inner, None)
            below = place[0] < low and not can_be_empty(inner)
            return awaited(inner, place[1]) or (awaited(inner, None) if below else None)
        case Sequence(parts=parts):
            number, inside = place or (-1, None)
            found = [awaited(parts[number], inside)] if place is not None else []
            found += [awaited(p, None) for p in parts[number + 1 :]]
            return next((v for v in found if v is not None), None)
        case _:
            assert_never(part)


def links_of(part: Part) -> list[Link]:
    """Return all links of a pattern."""
    match part:
        case Step() | Wait() | AnyOrder():
            return []
        case Loop(part=inner, link=link):
            return [link, *links_of(inner)]
        case Sequence(parts=parts, links=links):
            return [*links, *(x for p in parts for x in links_of(p))]
        case Choice(parts=parts):
            return [x for p in parts for x in links_of(p)]
        case _:
            assert_never(part)
