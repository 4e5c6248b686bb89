"""Typed expressions and constants as text, as close to the rule language as a plan can be."""

from __future__ import annotations

from typing import assert_never

from cep.plan.expressions import (
    EVENT,
    Aggregate,
    Bound,
    Call,
    Case,
    Column,
    Expr,
    Literal,
    Meta,
    State,
)
from cep.times import format_duration, format_timestamp
from cep.types import Type

# Operators written between their arguments: spelling and binding strength.
_INFIX: dict[str, tuple[str, int]] = {
    "or": ("OR", 1),
    "and": ("AND", 2),
    "eq": ("=", 4),
    "ne": ("<>", 4),
    "lt": ("<", 4),
    "le": ("<=", 4),
    "gt": (">", 4),
    "ge": (">=", 4),
    "like": ("LIKE", 4),
    "add": ("+", 5),
    "sub": ("-", 5),
    "concat": ("||", 5),
    "mul": ("*", 6),
    "div": ("/", 6),
    "mod": ("%", 6),
}
_POSTFIX = {"is_null": "IS NULL", "is_true": "IS TRUE", "is_false": "IS FALSE"}


def literal_text(value: Literal) -> str:
    """Return a constant as rule text."""
    if value.value is None:
        return "NULL"
    match value.type:
        case Type.DURATION:
            return format_duration(int(value.value))
        case Type.TIMESTAMP:
            return f"TIMESTAMP('{format_timestamp(int(value.value))}')"
        case Type.STRING:
            return "'" + str(value.value).replace("'", "''") + "'"
        case Type.BOOLEAN:
            return "TRUE" if value.value else "FALSE"
        case kind if kind.is_nested:
            return f"{kind.value} '{value.value}'"
        case _:
            return repr(value.value)


def expression_text(expr: Expr, *, strength: int = 0) -> str:
    """Return an expression as text.

    Args:
        expr: The expression.
        strength: Binding strength of the operator around it; weaker ones get parentheses.
    """
    match expr:
        case Literal():
            return literal_text(expr)
        case Column():
            return f"*.{expr.name}" if expr.input == EVENT else expr.name
        case State():
            return f"state.{expr.name}"
        case Bound():
            return _bound_text(expr)
        case Meta():
            return f"{expr.what}()"
        case Call():
            return _call_text(expr, strength)
        case Case():
            pairs = " ".join(
                f"WHEN {expression_text(c)} THEN {expression_text(v)}" for c, v in expr.whens
            )
            return f"CASE {pairs} ELSE {expression_text(expr.otherwise)} END"
        case Aggregate():
            return aggregate_text(expr)
        case _:
            assert_never(expr)


def _bound_text(expr: Bound) -> str:
    column = f"{expr.variable}.{expr.name}"
    if expr.which == "last" and expr.offset == 0 and not expr.candidate and expr.default is None:
        return column
    arguments = [column]
    if expr.offset or expr.default is not None:
        arguments.append(str(expr.offset))
    if expr.default is not None:
        arguments.append(expression_text(expr.default))
    return f"{expr.which.upper()}({', '.join(arguments)})"


def _call_text(expr: Call, strength: int) -> str:
    name, args = expr.function, expr.args
    if name in _INFIX and len(args) >= 2:
        word, own = _INFIX[name]
        # Comparisons do not associate: an operand that is one itself gets parentheses.
        first = own + 1 if own == 4 else own
        parts = [expression_text(args[0], strength=first)]
        parts += [expression_text(a, strength=own + 1) for a in args[1:]]
        return _wrap(f" {word} ".join(parts), own, strength)
    if name == "not":
        return _wrap(f"NOT {expression_text(args[0], strength=3)}", 3, strength)
    if name == "neg":
        return _wrap(f"-{expression_text(args[0], strength=7)}", 7, strength)
    if name in _POSTFIX:
        return _wrap(f"{expression_text(args[0], strength=5)} {_POSTFIX[name]}", 4, strength)
    if name == "array":
        return f"[{', '.join(expression_text(a) for a in args)}]"
    if name == "element":
        return f"{expression_text(args[0], strength=8)}[{expression_text(args[1])}]"
    return f"{function_text(name)}({', '.join(expression_text(a) for a in args)})"


def function_text(name: str) -> str:
    """Return the name of a function as text; those of the user's are known as `module:name(types) ..`."""
    return name.partition("(")[0] if ":" in name else name.upper()


def _wrap(text: str, own: int, around: int) -> str:
    return f"({text})" if own < around else text


def aggregate_text(expr: Aggregate) -> str:
    """Return an aggregate as text; over the bindings of several variables as `name[a, b](..)`."""
    variables = f"[{', '.join(expr.variables)}]" if expr.variables else ""
    arguments = [expression_text(a) for a in expr.args] or ["*"]
    arguments += [f"{name} => {literal_text(value)}" for name, value in expr.options]
    distinct = "DISTINCT " if expr.distinct else ""
    text = f"{expr.function.upper()}{variables}({distinct}{', '.join(arguments)})"
    if expr.filter is not None:
        text += f" FILTER (WHERE {expression_text(expr.filter)})"
    return text
