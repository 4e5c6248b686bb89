"""Building conditions: conjunctions, disjunctions and comparisons as calls of operators."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from cep.plan.expressions import Call, Expr, Literal
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_CHAIN = 32
TRUE = Literal(value=True, type=Type.BOOLEAN)


def both(left: Expr, right: Expr) -> Expr:
    """Return `left AND right`."""
    return Call("and", (left, right), Type.BOOLEAN, left.span)


def either(left: Expr, right: Expr) -> Expr:
    """Return `left OR right`."""
    return Call("or", (left, right), Type.BOOLEAN, left.span)


def negated(condition: Expr) -> Expr:
    """Return `NOT condition`."""
    return Call("not", (condition,), Type.BOOLEAN, condition.span)


def conjunction(parts: Sequence[Expr]) -> Expr:
    """Return the AND of all parts in order; TRUE for none."""
    return reduce(both, parts) if parts else TRUE


def disjunction(parts: Sequence[Expr]) -> Expr:
    """Return the OR of all parts (at least one) in order; a long one is a balanced tree.

    IN takes lists of any length, and what walks expressions recurses.
    """
    if len(parts) <= LONGEST_CHAIN:
        return reduce(either, parts)
    middle = len(parts) // 2
    return either(disjunction(parts[:middle]), disjunction(parts[middle:]))
