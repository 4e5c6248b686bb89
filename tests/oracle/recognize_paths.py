"""The paths of a row pattern from one start, most preferred first: full backtracking over the AST.

A path is done (it satisfies the pattern), or it waits for a row that is not known yet; paths whose next row
does not fit do not appear.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.values import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.oracle.catalog import Event

MOST_STEPS = 200_000


@dataclass(frozen=True)
class Bound:
    """A row of the match: its number in the partition, its variable, whether `{- -}` encloses it."""

    row: int
    variable: str
    excluded: bool


@dataclass(frozen=True)
class Lead:
    """What leads to the next row: under `relaxed` the earliest that fits; gap (us); guards."""

    relaxed: bool = False
    low: int | None = None
    high: int | None = None
    guards: tuple[ast.Atom, ...] = ()


@dataclass(frozen=True)
class Path:
    """Rows bound so far, the next row, what leads to it; `waits`: that row is not known yet.

    A path that waits ends when an instant later than `expires` is reached.
    """

    bound: tuple[Bound, ...]
    next: int
    lead: Lead = Lead()
    waits: bool = False
    expires: int | None = None


@dataclass
class Paths:
    """Enumerates the paths of a start over the rows known so far.

    `passed` is the last instant that is over; `fits` tells whether a row can be bound to a step.
    """

    rows: list[Event]
    fits: Callable[[ast.Atom, tuple[Bound, ...], int], bool]
    constant: Callable[[ast.Expression], Any]
    within: int | None
    within_events: int | None
    gap: int | None
    passed: float
    ended: bool
    steps: int = field(default=0)

    def of(self, pattern: ast.Pattern, start: int) -> Iterator[Path]:
        """Yield the paths that start at a row."""
        return self._part(pattern, Path((), start), excluded=False)

    def _part(self, part: ast.Pattern, path: Path, *, excluded: bool) -> Iterator[Path]:
        match part:
            case ast.Atom():
                return self._atom(part, path, excluded=excluded)
            case ast.Group(part=inner):
                return self._part(inner, path, excluded=excluded)
            case ast.Excluded(part=inner):
                return self._part(inner, path, excluded=True)
            case ast.Empty():
                return iter([path])
            case ast.Anchor(end=False):
                return iter([path] if path.next == 0 else [])
            case ast.Adjacent(parts=parts):
                return self._sequence(parts, (Lead(),) * len(parts), path, excluded=excluded)
            case ast.Followed(parts=parts, edges=edges):
                steps, leads = self._followed(parts, edges)
                return self._sequence(steps, leads, path, excluded=excluded)
            case ast.Choice(parts=parts):
                return (p for x in parts for p in self._part(x, path, excluded=excluded))
            case ast.Permute(parts=parts):
                leads = (Lead(),) * len(parts)
                return (
                    p
                    for order in permutations(parts)
                    for p in self._sequence(order, leads, path, excluded=excluded)
                )
            case ast.Quantified():
                return self._loop(part, path, 0, excluded=excluded)
            case _:
                raise UnsupportedError(type(part).__name__)

    def _followed(
        self, parts: tuple[ast.Pattern, ...], edges: tuple[ast.Edge, ...]
    ) -> tuple[list[ast.Pattern], list[Lead]]:
        """Return the positive parts of `A -> NOT N -> B` and what leads into each."""
        steps: list[ast.Pattern] = []
        leads: list[Lead] = []
        guards: tuple[ast.Atom, ...] = ()
        for part, edge in zip(parts, (ast.Edge(), *edges), strict=True):
            if edge.any_match or (isinstance(part, ast.Absent) and part.duration is not None):
                msg = "->> or NOT FOR"
                raise UnsupportedError(msg)
            if isinstance(part, ast.Absent):
                guards = tuple(alternatives(part.part))
                continue
            low = None if edge.low is None else self.constant(edge.low)
            high = None if edge.high is None else self.constant(edge.high)
            steps.append(part)
            leads.append(Lead(bool(steps[1:]), low, high, guards))
            guards = ()
        return steps, leads

    def _sequence(self, parts: Any, leads: Any, path: Path, *, excluded: bool) -> Iterator[Path]:
        if not parts:
            yield path
            return
        lead = leads[0]
        ahead = replace(path, lead=lead) if lead.relaxed else path
        for first in self._part(parts[0], ahead, excluded=excluded):
            if first.waits:
                yield first
            else:
                yield from self._sequence(parts[1:], leads[1:], first, excluded=excluded)

    def _loop(
        self, part: ast.Quantified, path: Path, count: int, *, excluded: bool
    ) -> Iterator[Path]:
        """Yield one more iteration and leaving the loop, in the order of its kind."""
        if part.until is not None or part.kind == "possessive" or part.mode == "combine":
            msg = "UNTIL, possessive, COMBINE"
            raise UnsupportedError(msg)
        leaves = count >= part.low
        if leaves and part.kind == "reluctant":
            yield path
        if part.high is None or count < part.high:
            relaxed = part.mode == "relaxed" and count > 0
            ahead = replace(path, lead=Lead(relaxed=True)) if relaxed else path
            for once in self._part(part.part, ahead, excluded=excluded):
                if once.waits or once.next == path.next:
                    yield once  # an iteration without a row ends the loop
                else:
                    yield from self._loop(part, once, count + 1, excluded=excluded)
        if leaves and part.kind != "reluctant":
            yield path

    def _atom(self, atom: ast.Atom, path: Path, *, excluded: bool) -> Iterator[Path]:
        self.steps += 1
        if self.steps > MOST_STEPS:
            msg = "too many paths"
            raise UnsupportedError(msg)
        lead = path.lead if path.bound else Lead()
        last = self.rows[path.bound[-1].row].t if path.bound else None
        number = path.next
        while number < len(self.rows):
            t = self.rows[number].t
            if not self._in_time(path, number, t):
                return
            passed = 0 if last is None else t - last
            if lead.high is not None and passed > lead.high:
                return
            late_enough = lead.low is None or passed >= lead.low
            if late_enough and self.fits(atom, path.bound, number):
                bound = Bound(number, atom.variable, excluded)
                yield Path((*path.bound, bound), number + 1)
                return
            if not lead.relaxed or any(self.fits(g, path.bound, number) for g in lead.guards):
                return
            number += 1
        expires = self._expires(path, lead)
        over = expires is not None and expires <= self.passed
        if not (self.ended or over or self._used_up(path, number)):
            yield replace(path, waits=True, expires=expires)

    def _in_time(self, path: Path, number: int, t: int) -> bool:
        if not path.bound:
            return True
        first, last = path.bound[0].row, path.bound[-1].row
        if self.within is not None and t - self.rows[first].t > self.within:
            return False
        if self.gap is not None and t - self.rows[last].t > self.gap:
            return False
        return not self._used_up(path, number)

    def _used_up(self, path: Path, number: int) -> bool:
        if self.within_events is None or not path.bound:
            return False
        return number - path.bound[0].row >= self.within_events

    def _expires(self, path: Path, lead: Lead) -> int | None:
        if not path.bound:
            return None
        first, last = self.rows[path.bound[0].row].t, self.rows[path.bound[-1].row].t
        bounds = ((first, self.within), (last, self.gap), (last, lead.high))
        return min((t + d for t, d in bounds if d is not None), default=None)


def alternatives(part: ast.Pattern) -> list[ast.Atom]:
    """Return the steps of a negation."""
    match part:
        case ast.Atom():
            return [part]
        case ast.Group(part=inner):
            return alternatives(inner)
        case ast.Choice(parts=parts):
            return [a for p in parts for a in alternatives(p)]
        case _:
            msg = "NOT"
            raise UnsupportedError(msg)
