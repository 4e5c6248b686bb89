"""AST to text: one canonical layout, which the parser reads back to an equal AST."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.errors import CepError
from cep.lang.depth import too_deep
from cep.lang.print.expressions import expression
from cep.lang.print.files import format_text
from cep.lang.print.layout import render
from cep.lang.print.patterns import pattern
from cep.lang.print.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cep.lang import ast

__all__ = [
    "format_text",
    "print_expression",
    "print_pattern",
    "print_statement",
    "print_statements",
]


def print_statement(node: ast.Statement) -> str:
    """Return the canonical text of a statement, its `;` included.

    Raises:
        CepError: CEP105, the statement is nested too deep.
    """
    problem = too_deep(node)
    if problem is not None:
        raise CepError(problem)
    return render((statement(node), ";"))


def print_statements(nodes: Iterable[ast.Statement]) -> str:
    """Return the canonical text of a rule file without comments.

    Raises:
        CepError: CEP105, a statement is nested too deep.
    """
    return "".join(f"{print_statement(node)}\n" for node in nodes)


def print_expression(node: ast.Expression) -> str:
    """Return the canonical text of an expression on as many lines as it needs."""
    return render(expression(node))


def print_pattern(node: ast.Pattern) -> str:
    """Return the canonical text of a pattern on as many lines as it needs."""
    return render(pattern(node))
