"""A pattern of MATCH as a tree of parts: steps, sequences, choices, loops, any-order groups, absences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.values import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Test:
    """A variable with its stream and condition (None: TRUE); `until` marks the condition that ends a loop."""

    variable: str
    stream: str
    condition: ast.Expression | None
    until: bool = False


@dataclass
class Link:
    """What leads into a part: strict or not, whether it forks (`->>`), bounds of the gap (us), guards."""

    strict: bool = False
    fork: bool = False
    low: int | None = None
    high: int | None = None
    guards: tuple[Test, ...] = ()


@dataclass
class Step:
    """One event of a variable."""

    test: Test


@dataclass
class Wait:
    """Nothing that fits one of the tests for so long (us); takes no event."""

    tests: tuple[Test, ...]
    duration: int


@dataclass
class Sequence:
    """Parts one after the other; `links[i]` leads into `parts[i + 1]`."""

    parts: list[Part]
    links: list[Link]


@dataclass
class Choice:
    """One of the parts."""

    parts: list[Part]


@dataclass
class Loop:
    """A part `low` to `high` times (None: no limit)."""

    part: Part
    low: int
    high: int | None
    possessive: bool
    link: Link
    until: tuple[Test, ...]


@dataclass
class AnyOrder:
    """Steps in any order, each so many times; complete when `need` of them are."""

    operands: list[tuple[Step, int]]
    need: int
    guards: tuple[Test, ...]
    strict: bool


Part = Step | Wait | Sequence | Choice | Loop | AnyOrder


class TreeReader:
    """Turns the pattern of a MATCH clause into a tree; `positive` and `negated` are its tests."""

    def __init__(
        self, match: ast.Match, default: str | None, constant: Callable[[ast.Expression], Any]
    ) -> None:
        self.default = default
        self.constant = constant
        self.defines = {d.variable: d for d in match.defines}
        self.positive: list[Test] = []
        self.negated: list[Test] = []
        self.root = self._read(match.pattern)
        self._share()

    def _share(self) -> None:
        """Give all occurrences of a variable the stream and condition that one of them carries."""
        for test in self.positive:
            twins = [t for t in self.positive if t.variable == test.variable and not test.until]
            given = [t.condition for t in twins if t.condition is not None]
            test.condition = given[0] if given else test.condition

    def _read(self, part: ast.Pattern) -> Part:
        match part:
            case ast.Group(part=inner):
                return self._read(inner)
            case ast.Atom():
                test = self._test(part)
                self.positive.append(test)
                return Step(test)
            case ast.Followed(parts=parts, edges=edges):
                return self._sequence(parts, edges)
            case ast.Adjacent(parts=parts):
                links = [Link(strict=True) for _ in parts[1:]]
                return Sequence([self._read(p) for p in parts], links)
            case ast.Choice(parts=parts):
                return Choice([self._read(p) for p in parts])
            case ast.Quantified():
                return self._loop(part)
            case ast.AnyOrder(parts=parts):
                return self._any_order(parts, None, strict=False)
            case ast.AnyOf(count=count, parts=parts):
                return self._any_order(parts, count, strict=False)
            case ast.Permute(parts=parts):
                return self._any_order(parts, None, strict=True)
            case _:
                raise UnsupportedError(type(part).__name__)

    def _sequence(self, parts: tuple[ast.Pattern, ...], edges: tuple[ast.Edge, ...]) -> Part:
        """Return a sequence; `-> NOT n ->` becomes guards of one link, `NOT n FOR d` a part."""
        found: list[Part] = []
        links: list[Link] = []
        guards: tuple[Test, ...] = ()
        for part, edge in _spliced(parts, (None, *edges)):
            if isinstance(part, ast.Absent) and part.duration is None:
                guards = self._absent(part)
                continue
            if found:
                links.append(self._link(edge, guards))
                guards = ()
            if isinstance(part, ast.Absent) and part.duration is not None:
                found.append(Wait(self._absent(part), self.constant(part.duration)))
            else:
                found.append(self._read(part))
        return Sequence(found, links)

    def _link(self, edge: ast.Edge | None, guards: tuple[Test, ...]) -> Link:
        assert edge is not None
        low = None if edge.low is None else self.constant(edge.low)
        high = None if edge.high is None else self.constant(edge.high)
        return Link(fork=edge.any_match, low=low, high=high, guards=guards)

    def _loop(self, part: ast.Quantified) -> Part:
        if part.kind == "reluctant":
            raise UnsupportedError(part.kind)
        inner = self._read(part.part)
        until: tuple[Test, ...] = ()
        if part.until is not None:
            # Of a group, an event that belongs to no variable.
            variable = inner.test.variable if isinstance(inner, Step) else ""
            (stream,) = {t.stream for t in tests_of(inner)}
            until = (Test(variable, stream, part.until, until=True),)
        link = Link(strict=part.mode == "strict", fork=part.mode == "combine")
        return Loop(inner, part.low, part.high, part.kind == "possessive", link, until)

    def _any_order(
        self, parts: tuple[ast.Pattern, ...], count: int | None, *, strict: bool
    ) -> Part:
        operands: list[tuple[Step, int]] = []
        guards: list[Test] = []
        for part in parts:
            if isinstance(part, ast.Absent):
                guards += self._absent(part)
                continue
            match self._read(part):
                case Step() as step:
                    operands.append((step, 1))
                case Loop(part=Step() as step, low=low, high=high) if low == high:
                    operands.append((step, low))
                case _:
                    msg = "an operand"
                    raise UnsupportedError(msg)
        return AnyOrder(operands, count or len(operands), tuple(guards), strict)

    def _absent(self, part: ast.Absent) -> tuple[Test, ...]:
        tests = tuple(self._test(a) for a in _alternatives(part.part))
        self.negated += tests
        return tests

    def _test(self, atom: ast.Atom) -> Test:
        define = self.defines.get(atom.variable)
        stream = atom.stream or (define.stream if define else None) or self.default
        condition = atom.condition if define is None else define.condition
        if stream is None:
            msg = f"{atom.variable} without a stream"
            raise UnsupportedError(msg)
        return Test(atom.variable, stream, condition)


def tests_of(part: Part) -> list[Test]:
    """Return the tests whose events a part binds."""
    match part:
        case Step(test=test):
            return [test]
        case Wait():
            return []
        case Loop(part=inner):
            return tests_of(inner)
        case Sequence(parts=parts) | Choice(parts=parts):
            return [t for p in parts for t in tests_of(p)]
        case AnyOrder(operands=operands):
            return [step.test for step, _ in operands]


def _spliced(
    parts: tuple[ast.Pattern, ...], edges: tuple[ast.Edge | None, ...]
) -> list[tuple[ast.Pattern, ast.Edge | None]]:
    """Return parts with the edges before them, groups taken apart that hold a NOT and plain edges only.

    What is absent there counts from the event before the group where the group's first step is left out.
    """
    found: list[tuple[ast.Pattern, ast.Edge | None]] = []
    for part, edge in zip(parts, edges, strict=True):
        inner = part
        while isinstance(inner, ast.Group):
            inner = inner.part
        holds = isinstance(inner, ast.Followed) and any(
            isinstance(p, ast.Absent) for p in inner.parts
        )
        if holds and isinstance(inner, ast.Followed) and all(map(_is_plain, (edge, *inner.edges))):
            found += _spliced(inner.parts, (edge, *inner.edges))
        else:
            found.append((part, edge))
    return found


def _is_plain(edge: ast.Edge | None) -> bool:
    return edge is None or (not edge.any_match and edge.low is None and edge.high is None)


def _alternatives(part: ast.Pattern) -> list[ast.Atom]:
    match part:
        case ast.Atom():
            return [part]
        case ast.Group(part=inner):
            return _alternatives(inner)
        case ast.Choice(parts=parts):
            return [a for p in parts for a in _alternatives(p)]
        case _:
            msg = "NOT"
            raise UnsupportedError(msg)
