"""Rule text to AST: every mistake of the text in one run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from cep.errors import CepError, Problem, Span
from cep.lang.build import Builder
from cep.lang.build.walk import build
from cep.lang.depth import too_deep
from cep.lang.grammar import parser
from cep.lang.recover import closed, declared_names, end_of_code, pieces, split_at
from cep.lang.syntax_errors import syntax_problem

if TYPE_CHECKING:
    from cep.errors import SourceText
    from cep.lang import ast
    from cep.lang.recover import Piece

LONGEST_TEXT = 256 * 1024


class ParseResult:
    """What a rule text says: its statements, its mistakes, names that only broken statements declare."""

    __slots__ = ("broken_names", "problems", "statements")

    def __init__(
        self,
        statements: tuple[ast.Statement, ...],
        problems: tuple[Problem, ...],
        broken_names: frozenset[str],
    ) -> None:
        self.statements = statements
        self.problems = problems
        self.broken_names = broken_names


@lru_cache(maxsize=4)  # tools compile one text several times in a row
def parse(source: SourceText) -> ParseResult:
    """Parse a rule text; never raises for what the text says. The last results are kept.

    Texts above 256 KiB, brackets nested more than 100 deep and expressions more than 150 deep are refused.
    """
    if len(source.text) > LONGEST_TEXT:
        msg = f"the rule text has {len(source.text)} characters, at most {LONGEST_TEXT} are read"
        problem = Problem("CEP105", msg, Span(0, 1, source), "split it into several files")
        return ParseResult((), (problem,), frozenset())
    reading = _Reading(source)
    waiting = pieces(source)[::-1]
    while waiting:
        waiting.extend(reading.read(waiting.pop()))
    problems = sorted(reading.problems, key=lambda p: p.span.start)
    return ParseResult(tuple(reading.statements), tuple(problems), frozenset(reading.broken))


@dataclass(slots=True)
class _Reading:
    """What was read so far."""

    source: SourceText
    statements: list[ast.Statement] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def read(self, piece: Piece) -> list[Piece]:
        """Read one piece; return what is left of it to read, last part first."""
        from lark.exceptions import LarkError

        if piece.problem is not None:
            self._refuse(piece, piece.problem)
            return []
        try:
            tree = parser().parse(piece.text)
        except LarkError as failure:
            return self._failed(piece, failure)
        try:
            built = self._build(piece, tree)
        except CepError as mistake:
            self._refuse(piece, mistake.problems[0])
        else:
            self.statements.extend(built)
        return []

    def _build(self, piece: Piece, tree: object) -> tuple[ast.Statement, ...]:
        builder = Builder()
        builder.source, builder.offset = self.source, piece.start
        built: tuple[ast.Statement, ...] = build(tree, builder)
        for statement in built:
            problem = too_deep(statement)
            if problem is not None:
                raise CepError(problem)
        return built

    def _refuse(self, piece: Piece, problem: Problem) -> None:
        self.problems.append(problem)
        self.broken |= declared_names(piece.text)

    def _failed(self, piece: Piece, failure: Exception) -> list[Piece]:
        """Report what did not parse; where only a `;` is missing go on as if it stood there."""
        token = getattr(failure, "token", None)
        place = len(piece.text) if token is None or token.type == "$END" else token.start_pos
        parts = split_at(piece, place)
        if parts is not None and _parses(parts[0].text):
            self._no_semicolon(parts[1].start)
            return [parts[1], parts[0]]
        if not piece.ended and _parses(closed(piece.text)):
            self._no_semicolon(piece.end)
            return [replace(piece, text=closed(piece.text), ended=True)]
        self._refuse(piece, syntax_problem(failure, piece, self.source))
        return []

    def _no_semicolon(self, place: int) -> None:
        """Report a `;` missing after what stands before `place`."""
        end = end_of_code(self.source.text[:place])
        span = Span(end - 1, end, self.source)
        self.problems.append(Problem("CEP102", "the statement does not end", span, "add ';'"))


def _parses(text: str) -> bool:
    from lark.exceptions import LarkError

    try:
        parser().parse(text)
    except LarkError:
        return False
    return True
