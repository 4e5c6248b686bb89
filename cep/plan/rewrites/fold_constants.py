"""Rewrite: parts of expressions that are the same for every event are computed once, now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.plan.constants import fold
from cep.plan.expressions import Call, Expr, Literal
from cep.plan.nodes import Filter
from cep.plan.tree import map_expressions, rebuild

if TYPE_CHECKING:
    from cep.plan.nodes import Node


def fold_constants(node: Node) -> Node:
    """Replace constant parts by their values, and drop conditions that are always TRUE.

    Before::

        Filter value > TO_DOUBLE(20 + 20) AND TRUE

    After::

        Filter value > 40.0
    """
    folded = map_expressions(node, lambda e: rebuild(e, _step))
    if isinstance(folded, Filter) and _is(folded.condition, value=True):
        return folded.source
    return folded


def _step(expr: Expr) -> Expr:
    if isinstance(expr, Call) and expr.function in ("and", "or") and len(expr.args) == 2:
        return _logic(expr)
    return fold(expr)


def _logic(expr: Call) -> Expr:
    """Simplify AND and OR with a constant side: `x AND TRUE` is x, `x AND FALSE` is FALSE; OR likewise."""
    decides = expr.function == "or"
    left, right = expr.args
    for side, other in ((left, right), (right, left)):
        if _is(side, value=decides):
            return Literal(decides, expr.type, expr.span)
        if _is(side, value=not decides):
            return other
    return fold(expr)


def _is(expr: Expr, *, value: bool) -> bool:
    return isinstance(expr, Literal) and expr.value is value
