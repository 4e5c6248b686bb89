"""Gates: what can be decided about all runs of a key at once, before any of them is looked at.

The condition of a step is a conjunction. Its parts that read no bindings are decided once an event
(`split`). A part that compares with one captured value, such as `value > a.value + 10`, is monotone in
that value: if it is FALSE for the smallest captured value of all runs, it is TRUE for none of them
(`gate_of`). The kernel keeps that smallest (or largest) value per key and state and skips the scan.
Rounded floating-point addition, subtraction and multiplication are monotone too, so this is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal as OneOf

from cep.plan.expressions import (
    Aggregate,
    Bound,
    Call,
    Case,
    Column,
    Expr,
    Literal,
    Meta,
    children,
)
from cep.plan.tree import conjuncts
from cep.types import Type

_COMPARISONS = {"gt": 1, "ge": 1, "lt": -1, "le": -1}


@dataclass(frozen=True, slots=True)
class Gate:
    """One separable comparison: `condition` can hold for no run if it is FALSE for the `keep` of `leaf`."""

    condition: Expr
    leaf: Bound
    keep: OneOf["min", "max"]


def leaves(expr: Expr) -> tuple[Expr, ...]:
    """Return the leaves of an expression (aggregates count as leaves) in order."""
    if isinstance(expr, Aggregate):
        return (expr,)
    below = tuple(leaf for child in children(expr) for leaf in leaves(child))
    if isinstance(expr, Bound):
        return (expr, *below)
    return below or (expr,)


def reads_bindings(expr: Expr) -> bool:
    """Return whether the value of an expression depends on the run, not on the event alone."""
    return any(isinstance(leaf, Bound | Aggregate) for leaf in leaves(expr))


def split(condition: Expr | None) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """Return the parts of a condition that read no bindings, and those that do."""
    parts = conjuncts(condition)
    return (
        tuple(part for part in parts if not reads_bindings(part)),
        tuple(part for part in parts if reads_bindings(part)),
    )


def own_columns(expr: Expr, variable: str, number: int) -> Expr:
    """Return a condition of `variable` with `v.x` (the candidate itself) as a column of its input."""
    match expr:
        case Bound() if (
            expr.variable == variable
            and expr.candidate
            and expr.which == "last"
            and expr.offset == 0
        ):
            return Column(number, expr.name, expr.type, span=expr.span)
        case Bound():
            if expr.default is None:
                return expr
            return replace(expr, default=own_columns(expr.default, variable, number))
        case Call():
            return replace(expr, args=tuple(own_columns(a, variable, number) for a in expr.args))
        case Case():
            return replace(
                expr,
                whens=tuple(
                    (own_columns(w, variable, number), own_columns(v, variable, number))
                    for w, v in expr.whens
                ),
                otherwise=own_columns(expr.otherwise, variable, number),
            )
        case _:
            return expr


def gate_of(condition: Expr, *, loop: bool = False) -> Gate | None:
    """Return the gate of one part of the condition of a move, or None if it is not separable.

    loop: the move is a loop, so that `LAST(v.x, 1)` in the condition of v itself is the last bound event.
    """
    if not isinstance(condition, Call) or condition.function not in _COMPARISONS:
        return None
    bound = [leaf for leaf in leaves(condition) if not isinstance(leaf, Column | Literal | Meta)]
    if len(bound) != 1 or not isinstance(bound[0], Bound):
        return None
    leaf = bound[0]
    if not _is_last_bound(leaf, loop=loop) or not _ordered(leaf.type):
        return None
    left, right = condition.args
    on_left = _direction(left, leaf)
    on_right = _direction(right, leaf)
    if on_left is None or on_right is None:
        return None
    truth = _COMPARISONS[condition.function] * (on_left - on_right)
    if truth == 0:
        return None
    return Gate(condition, leaf, "max" if truth > 0 else "min")


def _is_last_bound(leaf: Bound, *, loop: bool) -> bool:
    """Return whether a leaf is a column of the last (or first) event that is bound for certain."""
    if leaf.candidate:
        certain = loop or leaf.default is None
        return leaf.which == "last" and leaf.offset == 1 and certain
    return leaf.which != "prev" and leaf.offset == 0 and leaf.default is None


def _ordered(kind: Type) -> bool:
    return kind is Type.DOUBLE or kind.is_integer_stored


def _direction(expr: Expr, leaf: Bound) -> int | None:
    """Return 1 or -1 if the value rises or falls with the leaf, 0 if it does not depend, None if unknown."""
    if expr == leaf:
        return 1
    if leaf not in leaves(expr):
        return 0
    if not isinstance(expr, Call) or expr.type is not Type.DOUBLE:
        return None
    inner = [_direction(arg, leaf) for arg in expr.args]
    if any(d is None for d in inner):
        return None
    return _combined(expr, [d or 0 for d in inner])


def _combined(expr: Call, inner: list[int]) -> int | None:
    """Return the direction of a call of DOUBLE type from those of its arguments."""
    match expr.function, inner:
        case "to_double", [one]:
            return one
        case "neg", [one]:
            return -one
        case "add", [one, other]:
            return one + other if one * other >= 0 else None
        case "sub", [one, other]:
            return one - other if one * other <= 0 else None
        case "mul", [0, one]:
            return _scaled(expr.args[0], one)
        case "mul", [one, 0]:
            return _scaled(expr.args[1], one)
        case _:
            return None


def _scaled(factor: Expr, direction: int) -> int | None:
    """Return the direction of a product with a literal factor."""
    while isinstance(factor, Call) and factor.function == "to_double":
        factor = factor.args[0]
    if not isinstance(factor, Literal) or not isinstance(factor.value, int | float):
        return None
    return direction if factor.value > 0 else -direction if factor.value < 0 else None
