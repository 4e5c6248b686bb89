"""Evaluating expressions at bind time with the reference functions; no value depends on an event."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from cep.plan.expressions import Call, Case, Expr, Literal, children
from cep.types import MAX_I64, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.functions import Function

Value = bool | int | float | str | None


def fold(expr: Expr) -> Expr:
    """Return the constant an expression stands for, or the expression itself if it depends on events."""
    match expr:
        case Call():
            return fold_call(expr)
        case Case():
            return _fold_case(expr)
        case _:
            return expr


def fold_deep(expr: Expr) -> Expr:
    """Return an expression with every constant part replaced by its value."""
    from cep.plan.tree import rebuild

    return rebuild(expr, fold)


def constant(expr: Expr) -> Literal | None:
    """Return the value of an expression without columns, or None if it has some."""
    folded = fold_deep(expr)
    return folded if isinstance(folded, Literal) else None


def fold_call(expr: Call) -> Expr:
    """Return the value of a call whose arguments are all constants; other calls stay as they are."""
    if not all(isinstance(a, Literal) for a in expr.args):
        return expr
    arguments = [a for a in expr.args if isinstance(a, Literal)]
    function, host = _host(expr)
    if host is None or function is None:
        return expr
    values = [a.value for a in arguments]
    if function.strict and None in values:
        return Literal(None, expr.type, expr.span)
    try:
        value = cast("Value", host.scalar(*values))
    except (ArithmeticError, ValueError):
        value = None
    return Literal(checked(value, expr.type), expr.type, expr.span)


def _host(expr: Call) -> tuple[Function | None, Function | None]:
    """Return the function of a call, and the one that holds its scalar form for these types."""
    from cep.functions import FUNCTIONS

    function = FUNCTIONS.get(expr.function)
    if function is None:
        return None, None
    signature = function.signature(tuple(a.type for a in expr.args))
    if signature is None:
        return function, None
    return function, FUNCTIONS.get(signature.host) if signature.host else function


def checked(value: Value, kind: Type) -> Value:
    """Return a computed value as it is stored: NULL for infinities, NaN and integers beyond 64 bits."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    whole = kind.is_integer_stored and isinstance(value, int) and not isinstance(value, bool)
    if whole and not -MAX_I64 <= cast("int", value) <= MAX_I64:
        return None
    return value


def _fold_case(expr: Case) -> Expr:
    """Drop branches that can never be taken; the value itself where the first one left is certain."""
    whens: list[tuple[Expr, Expr]] = []
    otherwise = expr.otherwise
    for condition, value in expr.whens:
        if not isinstance(condition, Literal):
            whens.append((condition, value))
        elif condition.value is True:
            otherwise = value
            break
    if not whens:
        return otherwise
    return Case(tuple(whens), otherwise, expr.type, expr.span)


def is_constant(exprs: Sequence[Expr]) -> bool:
    """Whether no expression of the list depends on an event."""
    return all(
        isinstance(e, Literal) or (isinstance(e, Call | Case) and is_constant(children(e)))
        for e in exprs
    )
