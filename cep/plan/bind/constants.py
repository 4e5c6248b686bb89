"""Constants demanded by clauses: durations, counts, options; parameters and arithmetic are evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.plan.bind.expressions import bind_expression
from cep.plan.bind.operators import convert, fits
from cep.plan.bind.report import is_broken
from cep.plan.bind.scopes import Scope
from cep.plan.constants import constant
from cep.types import Type

if TYPE_CHECKING:
    from cep.lang import ast
    from cep.plan.bind.environment import Environment
    from cep.plan.expressions import Literal


def bind_constant(
    node: ast.Expression, wanted: Type, what: str, environment: Environment
) -> Literal | None:
    """Return a constant of the wanted type (not NULL), or None.

    Errors: CEP215 not a constant, CEP216 wrong type or NULL.
    """
    scope = Scope(environment, what)
    expr = bind_expression(node, scope)
    if is_broken(expr):
        return None
    if not fits(expr.type, wanted):
        hint = "write a duration such as 30s or 5m" if wanted is Type.DURATION else ""
        message = f"{what} must be {wanted.value}, not {expr.type.value}"
        environment.report.add("CEP216", message, node.span, hint)
        return None
    value = constant(convert(expr, wanted))
    if value is None or value.value is None:
        environment.report.add("CEP216", f"{what} is NULL", node.span)
        return None
    return value


def bind_duration(
    node: ast.Expression, what: str, environment: Environment, *, zero: bool = False
) -> int | None:
    """Return a constant duration in us, or None.

    Errors: CEP216 when it is negative (or zero, unless `zero`).
    """
    value = bind_constant(node, Type.DURATION, what, environment)
    if value is None:
        return None
    us = int(value.value or 0)
    if us < 0 or (us == 0 and not zero):
        wanted = "must not be negative" if zero else "must be longer than zero"
        environment.report.add("CEP216", f"{what} {wanted}", node.span)
        return None
    return us


def bind_count(node: ast.Expression, what: str, environment: Environment) -> int | None:
    """Return a constant number of rows (0 or more), or None.

    Errors: CEP216.
    """
    value = bind_constant(node, Type.INT, what, environment)
    if value is None:
        return None
    count = int(value.value or 0)
    if count < 0:
        environment.report.add("CEP216", f"{what} must not be negative", node.span)
        return None
    return count
