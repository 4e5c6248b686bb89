"""Rule text to AST: every mistake of the text in one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.errors import CepError, Problem, Span
from cep.lang.build import Builder
from cep.lang.build.walk import build
from cep.lang.depth import too_deep
from cep.lang.grammar import parser
from cep.lang.recover import declared_names, pieces, syntax_problem

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


def parse(source: SourceText) -> ParseResult:
    """Parse a rule text; never raises for what the text says.

    Texts above 256 KiB, brackets nested more than 100 deep and expressions more than 150 deep are refused.
    """
    if len(source.text) > LONGEST_TEXT:
        msg = f"the rule text has {len(source.text)} characters, at most {LONGEST_TEXT} are read"
        problem = Problem("CEP105", msg, Span(0, 1, source), "split it into several files")
        return ParseResult((), (problem,), frozenset())
    found, problems = pieces(source)
    statements: list[ast.Statement] = []
    read = found[-1].end if found else 0
    broken = set(declared_names(source.text[read:])) if problems else set()
    for piece in found:
        problem_or_statement = _statement(piece, source)
        if isinstance(problem_or_statement, Problem):
            problems.append(problem_or_statement)
            broken |= declared_names(piece.text)
        else:
            statements.extend(problem_or_statement)
    problems.sort(key=lambda p: p.span.start)
    return ParseResult(tuple(statements), tuple(problems), frozenset(broken))


def _statement(piece: Piece, source: SourceText) -> Problem | tuple[ast.Statement, ...]:
    from lark.exceptions import LarkError

    try:
        tree = parser().parse(piece.text)
    except LarkError as failure:
        return syntax_problem(failure, piece, source)
    builder = Builder()
    builder.source, builder.offset = source, piece.start
    try:
        built: tuple[ast.Statement, ...] = build(tree, builder)
    except CepError as failure:
        return failure.problems[0]
    return next((p for p in map(too_deep, built) if p is not None), built)
