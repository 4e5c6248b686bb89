"""Expressions: from AST to typed plan; sugar (BETWEEN, IN, simple CASE, IS) becomes comparisons and CASE."""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING

from cep.lang import ast
from cep.plan.bind.calls import bind_call
from cep.plan.bind.operators import case, condition, convert, operator, shared_type
from cep.plan.bind.operators import cast as cast_to
from cep.plan.bind.refused import refuse
from cep.plan.bind.report import BROKEN, is_broken, listing
from cep.plan.bind.types import bind_type
from cep.plan.conditions import conjunction, disjunction, negated
from cep.plan.expressions import Call, Expr, Literal
from cep.plan.tree import walk
from cep.types import ARRAYS, Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.plan.bind.scopes import Scope

MOST_REPEATED = 20_000  # parts of an expression that sugar writes out several times
_NEGATED = {"not_like": "like", "is_not_distinct": "is_distinct"}


def bind_expression(node: ast.Expression, scope: Scope) -> Expr:
    """Return the typed form of an expression, BROKEN if it has a mistake (which is reported)."""
    known = scope.known(node)
    if known is not None:
        return known
    return _BINDERS[type(node)](node, scope)


def bind_condition(node: ast.Expression, scope: Scope) -> Expr:
    """Return a condition, which must be BOOLEAN.

    Errors: CEP213.
    """
    return condition(bind_expression(node, scope), scope.place, node.span, scope.report)


def _number(node: ast.Number, scope: Scope) -> Expr:
    if isinstance(node.value, float):
        if not math.isfinite(node.value):
            return scope.report.add("CEP216", "number is too large", node.span)
        return Literal(node.value, Type.DOUBLE, node.span)
    return Literal(node.value, Type.INT, node.span)


def _text(node: ast.Text, scope: Scope) -> Expr:
    del scope
    return Literal(node.value, Type.STRING, node.span)


def _boolean(node: ast.Boolean, scope: Scope) -> Expr:
    del scope
    return Literal(node.value, Type.BOOLEAN, node.span)


def _null(node: ast.Null, scope: Scope) -> Expr:
    del scope
    return Literal(None, Type.NULL, node.span)


def _duration(node: ast.Duration, scope: Scope) -> Expr:
    if node.months:
        hint = (
            "they size windows in a time zone: TUMBLE(INTERVAL '1' MONTH, zone => 'Europe/Berlin')"
        )
        return scope.report.add("CEP216", "months differ in length", node.span, hint)
    return Literal(node.us, Type.DURATION, node.span)


def _parameter(node: ast.Parameter, scope: Scope) -> Expr:
    return scope.environment.parameter(node.name, node.span)


def _name(node: ast.Name, scope: Scope) -> Expr:
    return scope.name(node.name, node.span)


def _member(node: ast.Member, scope: Scope) -> Expr:
    if isinstance(node.target, ast.Name):
        whole = scope.json(node.target.name, node.span)
        if whole is None:
            return scope.member(node.target.name, node.name, node.span)
    else:
        whole = bind_expression(node.target, scope)
    if is_broken(whole):
        return BROKEN
    if not whole.type.has_fields:
        message = f"a {whole.type.value} has no field {node.name!r}"
        return scope.report.add("CEP211", message, node.span, "fields are those of JSON and MAP")
    return operator("element", (whole, Literal(node.name, Type.STRING)), node.span, scope.report)


def _index(node: ast.Index, scope: Scope) -> Expr:
    """`array[n]`, `map[key]`, `json[n]`, `json['name']`."""
    whole, place = bind_expression(node.target, scope), bind_expression(node.index, scope)
    return operator("element", (whole, place), node.span, scope.report)


def _array(node: ast.ArrayLiteral, scope: Scope) -> Expr:
    items = [bind_expression(i, scope) for i in node.items]
    if is_broken(*items):
        return BROKEN
    kind = shared_type([i.type for i in items])
    if kind is None:
        have = listing(dict.fromkeys(i.type.value for i in items))
        return scope.report.add("CEP217", f"the elements have different types: {have}", node.span)
    if kind not in ARRAYS:
        what = "no type" if kind is Type.NULL else kind.value
        hint = "CAST('[]' AS JSON) is one of anything" if not items else ""
        return scope.report.add("CEP217", f"an array of {what}", node.span, hint)
    return Call("array", tuple(convert(i, kind) for i in items), ARRAYS[kind], node.span)


def _member_star(node: ast.MemberStar, scope: Scope) -> Expr:
    message = f".* cannot stand in {scope.place}"
    hint = "it stands alone in a select list, or in COUNT(v.*)"
    return scope.report.add("CEP225", message, node.span, hint)


def _unary(node: ast.Unary, scope: Scope) -> Expr:
    operand = bind_expression(node.operand, scope)
    if node.operator == "pos":
        if not is_broken(operand) and not _signed(operand):
            message = f"plus cannot be applied to {operand.type.value}"
            return scope.report.add("CEP211", message, node.span)
        return operand
    if node.operator == "not":
        operand = condition(operand, "the operand of NOT", node.operand.span, scope.report)
    elif (
        isinstance(operand, Literal) and isinstance(operand.value, int | float) and _signed(operand)
    ):
        return Literal(-operand.value, operand.type, node.span)
    return operator(node.operator, (operand,), node.span, scope.report)


def _signed(expr: Expr) -> bool:
    return expr.type.is_number or expr.type in (Type.DURATION, Type.NULL)


def _binary(node: ast.Binary, scope: Scope) -> Expr:
    if node.operator == "regexp":
        return refuse(scope.report, "Binary.regexp", node.span)
    left, right = bind_expression(node.left, scope), bind_expression(node.right, scope)
    if node.operator in ("and", "or"):
        word = node.operator.upper()
        left = condition(left, f"the left side of {word}", node.left.span, scope.report)
        right = condition(right, f"the right side of {word}", node.right.span, scope.report)
    name = _NEGATED.get(node.operator, node.operator)
    result = operator(name, (left, right), node.span, scope.report)
    return negated(result) if name != node.operator and not is_broken(result) else result


def _is(node: ast.Is, scope: Scope) -> Expr:
    operand = bind_expression(node.operand, scope)
    if node.what != "null":
        what = f"the operand of IS {node.what.upper()}"
        operand = condition(operand, what, node.operand.span, scope.report)
    name = {"null": "is_null", "unknown": "is_null", "true": "is_true", "false": "is_false"}
    result = operator(name[node.what], (operand,), node.span, scope.report)
    return negated(result) if node.negated and not is_broken(result) else result


def _repeated(node: ast.Expression, times: int, scope: Scope) -> Expr:
    """Return an operand that stands in the plan several times.

    Errors: CEP105, what is written out would be too long.
    """
    operand = bind_expression(node, scope)
    parts = sum(1 for _ in islice(walk(operand), MOST_REPEATED))
    if parts > 1 and parts * times > MOST_REPEATED:
        message = f"too long once its operand is written out {times} times"
        hint = "compute the operand in a rule before"
        return scope.report.add("CEP105", message, node.span, hint)
    return operand


def _between(node: ast.Between, scope: Scope) -> Expr:
    operand = _repeated(node.operand, 2, scope)
    low, high = bind_expression(node.low, scope), bind_expression(node.high, scope)
    parts = (
        operator("ge", (operand, low), node.span, scope.report),
        operator("le", (operand, high), node.span, scope.report),
    )
    if is_broken(*parts):
        return BROKEN
    return negated(conjunction(parts)) if node.negated else conjunction(parts)


def _in(node: ast.In, scope: Scope) -> Expr:
    operand = _repeated(node.operand, len(node.items), scope)
    parts = []
    for item in node.items:
        value = bind_expression(item, scope)
        parts.append(operator("eq", (operand, value), item.span, scope.report))
    if is_broken(*parts):
        return BROKEN
    return negated(disjunction(parts)) if node.negated else disjunction(parts)


def _case(node: ast.Case, scope: Scope) -> Expr:
    operand = None if node.operand is None else _repeated(node.operand, len(node.whens), scope)
    whens = []
    for when, then in node.whens:
        test = bind_expression(when, scope)
        if operand is None:
            test = condition(test, "the condition of WHEN", when.span, scope.report)
        else:
            test = operator("eq", (operand, test), when.span, scope.report)
        whens.append((test, bind_expression(then, scope)))
    otherwise: Expr = Literal(None, Type.NULL, node.span)
    if node.otherwise is not None:
        otherwise = bind_expression(node.otherwise, scope)
    return case(whens, otherwise, node.span, scope.report)


def _cast(node: ast.Cast, scope: Scope) -> Expr:
    operand = bind_expression(node.operand, scope)
    wanted = bind_type(node.type, scope.report)
    if wanted is None:
        return BROKEN
    return cast_to(operand, wanted, node.span, scope.report, strict=not node.tries)


def _call(node: ast.Call, scope: Scope) -> Expr:
    return bind_call(node, scope, bind_expression)


def _refused(node: ast.Expression, scope: Scope) -> Expr:
    return refuse(scope.report, type(node).__name__, node.span)


_BINDERS: dict[type, Callable[..., Expr]] = {
    ast.Number: _number,
    ast.Text: _text,
    ast.Boolean: _boolean,
    ast.Null: _null,
    ast.Duration: _duration,
    ast.Parameter: _parameter,
    ast.Name: _name,
    ast.Member: _member,
    ast.MemberStar: _member_star,
    ast.Unary: _unary,
    ast.Binary: _binary,
    ast.Is: _is,
    ast.Between: _between,
    ast.In: _in,
    ast.Case: _case,
    ast.Cast: _cast,
    ast.Call: _call,
    ast.Index: _index,
    ast.ArrayLiteral: _array,
    ast.InTable: _refused,
    ast.Exists: _refused,
}
