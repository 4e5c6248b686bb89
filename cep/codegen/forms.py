"""The kernel form of a typed expression: a value, or a condition in its two forms.

Three-valued logic costs nothing: a condition is generated as *is true* or *is false*, never as a value;
`is_true(NOT c)` is `is_false(c)`, `is_false(a AND b)` is `is_false(a) or is_false(b)`. Ordered
comparisons of doubles fail on NaN, those of integers test the sentinel only where it matters
(`cep.codegen.conditions`).

A generator calls
    value(expr, scope)      -> Value, in-band; an infinity may stand for NULL (`Value.infinite`)
    settled(expr, scope)    -> Value whose NULL is the in-band one: use it to store, capture or emit
and in `cep.codegen.conditions`
    is_true(expr, scope)    -> condition text, to stand behind `if`
    is_false(expr, scope)   -> condition text
All of them may write temporaries to `scope.writer`, before the line that uses the text.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from cep.codegen import conditions
from cep.codegen.host import (
    compared,
    host_value,
    is_host_only,
    leaves,
    looked_up,
    signature_of,
    string_table,
    wants_host,
)
from cep.codegen.scope import Scope, Value
from cep.codegen.texts import FALSE, TRUE, null_test, null_text, number_text, present
from cep.functions import FUNCTIONS
from cep.functions.times import date_trunc_kernel
from cep.plan.expressions import (
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
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LONG_TEXT = 2_000  # characters; what is longer stands in a temporary
SMALL_TERM = 1e290  # half of the distance between the two largest doubles is 1e292
MOST_CHOICES = (
    16  # from more branches on they are written as statements, not as one nested expression
)
_SIMPLE = re.compile(r"-?[\w.]+(\[[\w +*-]+\])?")


def atom(given: Value, scope: Scope) -> Value:
    """Return a value whose text may be repeated: itself, or a temporary it is assigned to."""
    if _SIMPLE.fullmatch(given.text):
        return given
    name = scope.writer.fresh("t")
    scope.writer.line(f"{name} = {given.text}")
    return replace(given, text=name)


def settle(given: Value) -> Value:
    """Return a value with an infinity made NULL."""
    if not given.infinite:
        return given
    return Value(f"finite({given.text})", given.type)


def settled(expr: Expr, scope: Scope) -> Value:
    """Return the value with every computed infinity made NULL: what may be stored or emitted."""
    return settle(value(expr, scope))


def value(expr: Expr, scope: Scope) -> Value:
    """Return the kernel text of an expression's in-band value."""
    held = scope.held.get(id(expr))
    if held is not None:
        return held
    match expr:
        case Literal():
            return literal(expr, scope)
        case Column() | Bound() | State() | Meta() | Aggregate():
            return scope.leaf(expr)
        case Call() | Case():
            if wants_host(expr):
                table = string_table(expr, scope)
                if table is not None:
                    return looked_up(table, scope)
            return _call(expr, scope) if isinstance(expr, Call) else _case(expr, scope)
        case _:
            assert_never(expr)


def literal(expr: Literal, scope: Scope) -> Value:
    """Return a constant; a string is the code of a constant of the kernel."""
    if expr.value is None:
        return Value(null_text(expr.type), expr.type)
    if expr.type.is_coded:
        return Value(scope.layout.constant(str(expr.value)), expr.type, nullable=False)
    number = expr.value if isinstance(expr.value, float) else int(expr.value)
    return Value(number_text(number), expr.type, nullable=False)


def _call(call: Call, scope: Scope) -> Value:
    special = _SPECIAL.get(call.function)
    if special is not None:
        return special(call, scope)
    if call.function in conditions.FORMS:
        return _truth(call, scope)
    if is_host_only(call):
        return host_value(call, scope)
    signature = signature_of(call)
    template = signature.kernel or ""
    for module, function in signature.uses:
        scope.layout.use(module, function)
    values = []
    for number, arg in enumerate(call.args):
        given = value(arg, scope)
        if given.infinite and number not in signature.carries:
            given = settle(given)
        if template.count(f"{{{number}}}") > 1:
            given = atom(given, scope)
        values.append(given)
    texts = [v.text for v in values]
    if signature.variadic:
        text = texts[0]
        for further in texts[1:]:
            text = _short(template.format(text, further), scope)
    else:
        text = _short(template.format(*texts), scope)
    return Value(
        text,
        call.type,
        nullable=not signature.total or any(v.nullable or v.infinite for v in values),
        infinite=(signature.infinite and not _stays_finite(call))
        or any(values[i].infinite for i in signature.carries),
    )


def _stays_finite(call: Call) -> bool:
    """Whether finite operands give a finite sum: one is a constant too small to carry the largest double further."""
    terms = [a.value for a in call.args if isinstance(a, Literal)]
    small = any(isinstance(v, float) and abs(v) <= SMALL_TERM for v in terms)
    return call.function in ("add", "sub") and small


def _short(text: str, scope: Scope) -> str:
    """Return the text, or a temporary if it is long: what is nested deeply is not read by Python's parser."""
    if len(text) <= LONG_TEXT:
        return text
    name = scope.writer.fresh("t")
    scope.writer.line(f"{name} = {text}")
    return name


def _truth(expr: Expr, scope: Scope) -> Value:
    """Return a condition as a BOOLEAN value: 1, 0 or -1."""
    if not conditions.may_be_null(expr, scope):
        return Value(
            f"(1 if {conditions.is_true(expr, scope)} else 0)", Type.BOOLEAN, nullable=False
        )
    with _holding(compared(expr), scope):
        true, false = conditions.is_true(expr, scope), conditions.is_false(expr, scope)
    return Value(f"(1 if {true} else (0 if {false} else -1))", Type.BOOLEAN)


@contextmanager
def _holding(exprs: Iterable[Expr], scope: Scope) -> Iterator[None]:
    """Write temporaries for expressions, which stand for them inside the `with`."""
    fresh = [expr for expr in exprs if id(expr) not in scope.held]
    for expr in fresh:
        scope.held[id(expr)] = atom(value(expr, scope), scope)
    yield
    for expr in fresh:
        del scope.held[id(expr)]


def _choice(condition: str, then: Value, otherwise: Value) -> Value:
    """Return `then if condition else otherwise`."""
    if condition == TRUE:
        return then
    if condition == FALSE:
        return otherwise
    return Value(
        f"({then.text} if {condition} else {otherwise.text})",
        then.type if then.type is not Type.NULL else otherwise.type,
        nullable=then.nullable or otherwise.nullable,
        infinite=then.infinite or otherwise.infinite,
    )


def _typed(expr: Expr, kind: Type, scope: Scope) -> Value:
    """Return a branch as a value of the type of the whole (a bare NULL has none of its own)."""
    if isinstance(expr, Literal) and expr.value is None:
        return Value(null_text(kind), kind)
    return value(expr, scope)


def _case(expr: Case, scope: Scope) -> Value:
    if len(expr.whens) > MOST_CHOICES:
        return _long_case(expr, scope)
    result = _typed(expr.otherwise, expr.type, scope)
    for condition, then in reversed(expr.whens):
        result = _choice(
            conditions.is_true(condition, scope), _typed(then, expr.type, scope), result
        )
    return result


def _long_case(expr: Case, scope: Scope) -> Value:
    """Write a CASE of many branches as assignments, last branch first: text of any length is not nested."""
    name = scope.writer.fresh("t")
    result = settle(_typed(expr.otherwise, expr.type, scope))
    scope.writer.line(f"{name} = {result.text}")
    nullable = result.nullable
    for condition, then in reversed(expr.whens):
        with scope.writer.block(f"if {conditions.is_true(condition, scope)}:"):
            given = settle(_typed(then, expr.type, scope))
            scope.writer.line(f"{name} = {given.text}")
        nullable = nullable or given.nullable
    return Value(name, expr.type, nullable=nullable)


def _coalesce(call: Call, scope: Scope) -> Value:
    if len(call.args) > MOST_CHOICES:
        return _long_coalesce(call, scope)
    result = settle(_typed(call.args[-1], call.type, scope))
    for arg in reversed(call.args[:-1]):
        given = settle(_typed(arg, call.type, scope))
        if not given.nullable:
            result = given
            continue
        given = atom(given, scope)
        result = _choice(present(given), replace(given, nullable=False), result)
    return result


def _long_coalesce(call: Call, scope: Scope) -> Value:
    """Write a COALESCE of many arguments as assignments: text of any length is not nested."""
    name = scope.writer.fresh("t")
    result = Value(name, call.type)
    scope.writer.line(f"{name} = {settle(_typed(call.args[0], call.type, scope)).text}")
    for arg in call.args[1:]:
        with scope.writer.block(f"if {null_test(result)}:"):
            scope.writer.line(f"{name} = {settle(_typed(arg, call.type, scope)).text}")
    return result


def _nullif(call: Call, scope: Scope) -> Value:
    null = Value(null_text(call.type), call.type)
    equal = Call("eq", call.args, Type.BOOLEAN, call.span)
    with _holding([a for a in call.args[:1] if isinstance(a, Call | Case)], scope):
        return _choice(conditions.is_true(equal, scope), null, value(call.args[0], scope))


def _if(call: Call, scope: Scope) -> Value:
    condition, then, otherwise = call.args
    return _case(Case(((condition, then),), otherwise, call.type, call.span), scope)


def _date_trunc(call: Call, scope: Scope) -> Value:
    unit, time = call.args
    if not isinstance(unit, Literal):
        return host_value(call, scope)
    form = date_trunc_kernel(str(unit.value)) if unit.value is not None else None
    if form is None:
        return Value(null_text(call.type), call.type)
    scope.layout.use("calendar", form[1])
    return Value(form[0].format(value(time, scope).text), call.type)


_SPECIAL: dict[str, Callable[[Call, Scope], Value]] = {
    "coalesce": _coalesce,
    "nullif": _nullif,
    "if": _if,
    "date_trunc": _date_trunc,
}


def error_test(expr: Expr, result: Value, scope: Scope) -> str | None:
    """Return a condition that holds iff `result` is NULL by an expression error, or None if it cannot be.

    `result` is the stored value of `expr`.
    """
    if not can_fail(expr):
        return None
    tests = [null_test(result)]
    tests += [present(v) for v in (scope.leaf(leaf) for leaf in leaves(expr)) if v.nullable]
    return " and ".join(tests)


def can_fail(expr: Expr) -> bool:
    """Return whether a NULL may be an expression error, where no leaf is NULL.

    Expressions in which NULL may be meant (CASE, COALESCE, ..) are not counted.
    """
    fallible = False
    stack: list[Expr] = [expr]
    while stack:
        node = stack.pop()
        match node:
            case Call():
                if not FUNCTIONS[node.function].strict:
                    return False
                signature = signature_of(node)
                fallible = fallible or not signature.total
                stack.extend(node.args)
            case Case() | Literal(value=None):
                return False
            case _:
                continue
    return fallible
