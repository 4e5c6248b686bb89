"""Collecting mistakes: binding goes on after one, with an expression in its place that fits everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.errors import NO_SPAN, Problem, Span
from cep.plan.expressions import Expr, Literal
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Iterable

# Stands where an expression could not be bound. Told apart by identity; nothing is said about it again.
BROKEN = Literal(None, Type.NULL)


class Report:
    """The problems found so far, in the order found, each place and code once.

    Invariants: `mistakes` counts the problems that are no lints.
    Memory: grows with the number of mistakes in the rule text.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.mistakes = 0
        self._seen: set[tuple[str, str, int, int]] = set()

    def add(self, code: str, message: str, span: Span = NO_SPAN, hint: str = "") -> Expr:
        """Note a problem and return BROKEN, to be used in place of the expression."""
        name = span.source.name if span.source is not None else ""
        place = (code, name, span.start, span.end)
        if place not in self._seen or span == NO_SPAN:
            self._seen.add(place)
            problem = Problem(code, message, span, hint)
            self.problems.append(problem)
            self.mistakes += not problem.is_lint
        return BROKEN


def is_broken(*exprs: Expr) -> bool:
    """Whether one of the expressions could not be bound (and has been reported)."""
    return any(e is BROKEN for e in exprs)


def listing(names: Iterable[str]) -> str:
    """Return names as `a, b and c`."""
    words = list(names)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
