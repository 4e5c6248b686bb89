"""A pattern of MATCH as a list of steps with the edges between them, straight from the AST."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cep.lang import ast
from tests.oracle.values import UnsupportedError

if TYPE_CHECKING:
    from tests.oracle.catalog import Catalog


@dataclass
class Test:
    """A variable with its stream and condition (None: TRUE)."""

    variable: str
    stream: str
    condition: ast.Expression | None


@dataclass
class Step:
    """A step: how often it binds, and the edge that leads into it (strict, guarded)."""

    test: Test
    low: int = 1
    high: int | None = 1
    possessive: bool = False
    strict_loop: bool = False
    strict_edge: bool = False
    guards: list[Test] = field(default_factory=list)


@dataclass
class Steps:
    """The pattern: its steps, and what must stay absent after them for how long (us)."""

    steps: list[Step]
    absent: list[Test] = field(default_factory=list)
    absent_for: int | None = None


class PatternReader:
    """Turns a MATCH clause into steps."""

    def __init__(self, match: ast.Match, catalog: Catalog) -> None:
        if match.within_events or match.gap or match.subsets or match.order_by:
            msg = "MATCH clause"
            raise UnsupportedError(msg)
        self.catalog = catalog
        self.default = match.source.name if isinstance(match.source, ast.TableName) else None
        self.defines = {d.variable: d for d in match.defines}
        self.result = Steps([])
        self.pending: list[Test] = []
        self._read(match.pattern, strict=False)
        if self.pending:
            msg = "NOT at the end"
            raise UnsupportedError(msg)
        self._share()

    def _share(self) -> None:
        """Give all occurrences of a variable the stream and condition that one of them carries."""
        tests = [s.test for s in self.result.steps]
        for test in tests:
            twins = [t for t in tests if t.variable == test.variable]
            test.condition = next((t.condition for t in twins if t.condition is not None), None)

    def _read(self, part: ast.Pattern, *, strict: bool) -> None:
        match part:
            case ast.Group(part=inner):
                self._read(inner, strict=strict)
            case ast.Followed(parts=parts, edges=edges):
                if any(e != ast.Edge() for e in edges):
                    raise UnsupportedError("edge")
                for number, inner in enumerate(parts):
                    self._read(inner, strict=strict if number == 0 else False)
            case ast.Adjacent(parts=parts):
                for number, inner in enumerate(parts):
                    self._read(inner, strict=strict if number == 0 else True)
            case ast.Absent(part=inner, duration=duration):
                self._absent(inner, duration)
            case ast.Atom() | ast.Quantified():
                self._step(part, strict=strict)
            case _:
                raise UnsupportedError(type(part).__name__)

    def _absent(self, part: ast.Pattern, duration: ast.Expression | None) -> None:
        tests = [self._test(a) for a in _alternatives(part)]
        if not self.result.steps or self.result.absent:
            msg = "NOT first"
            raise UnsupportedError(msg)
        if duration is None:
            self.pending = tests
        else:
            self.result.absent = tests
            self.result.absent_for = self.catalog.constant(duration)

    def _step(self, part: ast.Atom | ast.Quantified, *, strict: bool) -> None:
        if self.result.absent:
            msg = "a step after NOT .. FOR"
            raise UnsupportedError(msg)
        loop = ast.Quantified(part) if isinstance(part, ast.Atom) else part
        if not isinstance(loop.part, ast.Atom) or loop.until is not None:
            raise UnsupportedError("loop")
        if loop.kind == "reluctant" or loop.mode == "combine":
            raise UnsupportedError("loop")
        self.result.steps.append(
            Step(
                self._test(loop.part),
                loop.low,
                loop.high,
                possessive=loop.kind == "possessive",
                strict_loop=loop.mode == "strict",
                strict_edge=strict,
                guards=self.pending,
            )
        )
        self.pending = []

    def _test(self, atom: ast.Atom) -> Test:
        define = self.defines.get(atom.variable)
        stream = atom.stream or (define.stream if define else None) or self.default
        condition = atom.condition if define is None else define.condition
        if stream is None:
            msg = f"{atom.variable} without a stream"
            raise UnsupportedError(msg)
        return Test(atom.variable, stream, condition)


def _alternatives(part: ast.Pattern) -> list[ast.Atom]:
    match part:
        case ast.Atom():
            return [part]
        case ast.Group(part=inner):
            return _alternatives(inner)
        case ast.Choice(parts=parts):
            return [a for p in parts for a in _alternatives(p)]
        case _:
            raise UnsupportedError("NOT")
