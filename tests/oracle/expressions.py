"""Expressions over Python values with three-valued logic; names and aggregates come from a scope."""

from __future__ import annotations

from typing import Any, Protocol, assert_never

from cep.lang import ast
from tests.oracle.functions import SECOND, STRICT_FUNCTIONS
from tests.oracle.values import ARITHMETIC, UnsupportedError, cast, clean, element, same_kind

Value = Any


class Scope(Protocol):
    """Where the names of an expression get their values from."""

    parameters: dict[str, Value]

    def name(self, name: str) -> Value:
        """Return the value of a bare name."""

    def member(self, owner: str, name: str) -> Value:
        """Return the value of `owner.name`."""

    def call(self, call: ast.Call) -> Value:
        """Return the value of a call that is no scalar function: aggregates and navigation."""


def evaluate(expression: ast.Expression, scope: Scope) -> Value:
    """Return the value of an expression, None for NULL."""
    match expression:
        case ast.Number(value=value) | ast.Text(value=value) | ast.Boolean(value=value):
            return value
        case ast.Duration(us=us):
            return us
        case ast.Null():
            return None
        case Arguments(items=items):
            values = tuple(evaluate(item, scope) for item in items)
            return None if None in values else values
        case ast.ArrayLiteral(items=items):
            return [evaluate(item, scope) for item in items]
        case ast.Index(target=target, index=index):
            return element(evaluate(target, scope), evaluate(index, scope))
        case ast.Parameter(name=name):
            return scope.parameters[name]
        case ast.Name(name=name):
            return scope.name(name)
        case ast.Member():
            return member(expression, scope)
        case ast.Call():
            return call_value(expression, scope)
        case _:
            return operator_value(expression, scope)


class Arguments(ast.ArrayLiteral):
    """The arguments of an aggregate of two variables: NULL if one of them is."""


def member(expression: ast.Member, scope: Scope) -> Value:
    """Return `owner.column`, or a field of JSON or of a MAP."""
    target = expression.target
    if isinstance(target, ast.Name):
        try:
            return scope.member(target.name, expression.name)
        except UnsupportedError:
            return element(scope.name(target.name), expression.name)
    return element(evaluate(target, scope), expression.name)


def operator_value(expression: ast.Expression, scope: Scope) -> Value:
    """Return the value of an operator with operands."""
    match expression:
        case ast.Binary():
            return binary(expression, scope)
        case ast.Unary(operator=operator, operand=operand):
            return unary(operator, evaluate(operand, scope))
        case ast.Is(operand=operand, what=what, negated=negated):
            wanted = {"null": None, "unknown": None, "true": True, "false": False}[what]
            return (evaluate(operand, scope) is wanted) != negated
        case ast.Between(operand=operand, low=low, high=high, negated=negated):
            value = evaluate(operand, scope)
            found = conjunction(
                compare("ge", value, evaluate(low, scope)),
                compare("le", value, evaluate(high, scope)),
            )
            return inverse(found) if negated else found
        case ast.In(operand=operand, items=items, negated=negated):
            value = evaluate(operand, scope)
            found = disjunction(*(compare("eq", value, evaluate(i, scope)) for i in items))
            return inverse(found) if negated else found
        case ast.Case():
            return case(expression, scope)
        case ast.Cast(operand=operand, type=kind):
            return cast(evaluate(operand, scope), kind)
        case _:
            raise UnsupportedError(type(expression).__name__)


def compare(operator: str, left: Value, right: Value) -> bool | None:
    """Return a comparison, None if a side is NULL."""
    if left is None or right is None or not same_kind(left, right):
        return None
    return ARITHMETIC[operator](left, right)


def inverse(value: bool | None) -> bool | None:
    """NOT."""
    return None if value is None else not value


def conjunction(*values: bool | None) -> bool | None:
    """AND: FALSE wins, then NULL."""
    return False if False in values else None if None in values else True


def disjunction(*values: bool | None) -> bool | None:
    """OR: TRUE wins, then NULL."""
    return True if True in values else None if None in values else False


def unary(operator: str, value: Value) -> Value:
    """Return NOT x, -x or +x."""
    if value is None:
        return None
    match operator:
        case "not":
            return not value
        case "neg":
            return clean(-value)
        case "pos":
            return value
        case _:
            assert_never(operator)  # type: ignore[arg-type]


def binary(expression: ast.Binary, scope: Scope) -> Value:
    """Return the value of an operator with two sides."""
    left = evaluate(expression.left, scope)
    right = evaluate(expression.right, scope)
    match expression.operator:
        case "and":
            return conjunction(left, right)
        case "or":
            return disjunction(left, right)
        case "is_distinct":
            return left != right
        case "is_not_distinct":
            return left == right
        case operator if operator in ARITHMETIC:
            return compare(operator, left, right)
        case operator:
            raise UnsupportedError(operator)


def case(expression: ast.Case, scope: Scope) -> Value:
    """CASE: the first branch whose condition is TRUE."""
    for when, then in expression.whens:
        if expression.operand is None:
            holds = evaluate(when, scope)
        else:
            holds = compare("eq", evaluate(expression.operand, scope), evaluate(when, scope))
        if holds is True:
            return evaluate(then, scope)
    return None if expression.otherwise is None else evaluate(expression.otherwise, scope)


def call_value(call: ast.Call, scope: Scope) -> Value:
    """Return the value of a function: scalar ones here, all others by the scope."""
    name = call.name.upper()
    if name not in STRICT_FUNCTIONS and name not in ("COALESCE", "NULLIF", "IF"):
        return scope.call(call)
    if name == "SECONDS" and isinstance(call.args[0], ast.Number):
        return round(call.args[0].value * SECOND)
    values = [evaluate(a, scope) for a in call.args]
    if name == "COALESCE":
        return next((v for v in values if v is not None), None)
    if name == "NULLIF":
        return None if compare("eq", *values) is True else values[0]
    if name == "IF":
        return values[1] if values[0] is True else values[2]
    return None if None in values else STRICT_FUNCTIONS[name](*values)


def item_name(item: ast.SelectItem) -> str:
    """Return the name of an item of a SELECT list."""
    match item:
        case ast.SelectItem(alias=str(alias)):
            return alias
        case ast.SelectItem(value=ast.Name(name=name) | ast.Member(name=name)):
            return name
        case ast.SelectItem(value=ast.Call(name=name)):
            return name.lower()
        case _:
            msg = "an item without a name"
            raise UnsupportedError(msg)
