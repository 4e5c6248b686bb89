"""Typed calls: picks the signature, makes implicit conversions explicit, says what does not fit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.plan.bind.report import BROKEN, Report, is_broken, listing
from cep.plan.expressions import Call, Case, Expr, Literal
from cep.times import parse_timestamp
from cep.types import WIDER, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.errors import Span
    from cep.functions import Function

COMPARISONS = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "is_distinct"})
_EQUALITIES = frozenset({"eq", "ne", "is_distinct"})
_ARITHMETIC = {"add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%", "concat": "||"}


def convert(expr: Expr, wanted: Type) -> Expr:
    """Return an expression of exactly the wanted type: NULL takes any type, INT becomes DOUBLE, in arrays too.

    The caller has checked that the types fit.
    """
    if expr.type is wanted:
        return expr
    if isinstance(expr, Literal) and expr.value is None:
        return Literal(None, wanted, expr.span)
    if isinstance(expr, Literal) and wanted is Type.DOUBLE and isinstance(expr.value, int):
        return Literal(float(expr.value), wanted, expr.span)
    return Call(f"to_{wanted.value.lower()}", (expr,), wanted, expr.span)


def fits(have: Type, wanted: Type) -> bool:
    """Whether a value of type `have` may stand where `wanted` is expected."""
    return have in (wanted, Type.NULL) or WIDER.get(have) is wanted


def shared_type(types: Sequence[Type]) -> Type | None:
    """Return the one type all of these convert to: NULL if all are NULL, None if there is none."""
    found = {t for t in types if t is not Type.NULL}
    for narrow, wide in WIDER.items():
        if found == {narrow, wide}:
            return wide
    if len(found) > 1:
        return None
    return found.pop() if found else Type.NULL


def call(
    function: Function, args: Sequence[Expr], span: Span, report: Report, name: str = ""
) -> Expr:
    """Return a call of a scalar function, with its arguments converted; `name` is what messages call it.

    Errors: CEP214 wrong number of arguments, CEP211 no signature for these types.
    """
    from cep.functions import resolve

    if is_broken(*args):
        return BROKEN
    args = [_as_moment(a, function) for a in args]
    found = resolve(function, [a.type for a in args])
    if found is not None:
        converted = tuple(convert(a, w) for a, w in zip(args, found.wants, strict=True))
        return Call(function.name, converted, found.result, span)
    name = name or function.name.upper()
    if all(s.wants(len(args)) is None for s in function.signatures):
        counts = sorted({len(s.args) for s in function.signatures})
        variadic = " or more" if any(s.variadic for s in function.signatures) else ""
        wanted = " or ".join(str(c) for c in counts)
        plural = "" if wanted == "1" and not variadic else "s"
        message = f"{name} takes {wanted}{variadic} argument{plural}, not {len(args)}"
        return report.add("CEP214", message, span)
    have = listing(a.type.value for a in args)
    usage = _usage(function, name)
    return report.add("CEP211", f"{name} cannot be applied to {have}", span, usage)


def _usage(function: Function, name: str) -> str:
    forms = []
    for signature in function.signatures:
        dots = ", .." if signature.variadic else ""
        forms.append(f"{name}({', '.join(t.value for t in signature.args)}{dots})")
    return "it is " + " or ".join(forms)


def _as_moment(arg: Expr, function: Function) -> Expr:
    """Return ISO text as a TIMESTAMP constant where the function takes nothing but a TIMESTAMP."""
    if not (isinstance(arg, Literal) and arg.type is Type.STRING):
        return arg
    if any(Type.STRING in s.args for s in function.signatures):
        return arg
    if all(Type.TIMESTAMP in s.args for s in function.signatures):
        return moment(arg) or arg
    return arg


def moment(text: Literal) -> Literal | None:
    """Return the TIMESTAMP constant written as ISO-8601 text, or None."""
    us = parse_timestamp(str(text.value))
    return None if us is None else Literal(us, Type.TIMESTAMP, text.span)


def operator(name: str, args: Sequence[Expr], span: Span, report: Report) -> Expr:
    """Return a call of an operator (`add`, `eq`, `not`, ..) with its arguments converted.

    Errors: CEP211, CEP212.
    """
    from cep.functions import FUNCTIONS, resolve

    if is_broken(*args):
        return BROKEN
    if name in COMPARISONS:
        return _comparison(name, args, span, report)
    function = FUNCTIONS[name]
    if name in _ARITHMETIC and len(args) == 2:
        args = read_json(args[0], args[1])
    found = resolve(function, [a.type for a in args])
    if found is None:
        return report.add("CEP211", _no_operator(name, args), span, _advice(name, args))
    converted = tuple(convert(a, w) for a, w in zip(args, found.wants, strict=True))
    return Call(name, converted, found.result, span)


def _comparison(name: str, args: Sequence[Expr], span: Span, report: Report) -> Expr:
    left, right = args
    left, right = _against(left, right), _against(right, left)
    left, right = read_json(left, right)
    kind = shared_type((left.type, right.type))
    if kind is not None and kind.is_nested and name not in _EQUALITIES:
        message = f"{kind.value} has no order"
        return report.add(
            "CEP212", message, span, "CAST it to a type that has one, or take an element"
        )
    if kind is None:
        message = f"cannot compare {left.type.value} with {right.type.value}"
        return report.add("CEP212", message, span, _compare_advice(left, right))
    if kind is Type.JSON and name != "is_distinct":
        return _json_comparison(name, left, right)
    kind = Type.INT if kind is Type.NULL else kind
    return Call(name, (convert(left, kind), convert(right, kind)), Type.BOOLEAN, span)


def _json_comparison(name: str, left: Expr, right: Expr) -> Expr:
    """Return whether two values of JSON are (un)equal: NULL where their run-time types differ."""
    left, right = convert(left, Type.JSON), convert(right, Type.JSON)
    kinds = [Call("json_type", (side,), Type.STRING, side.span) for side in (left, right)]
    same = Call("eq", (left, right), Type.BOOLEAN, left.span)
    comparable = Call("eq", tuple(kinds), Type.BOOLEAN, left.span)
    equal = Literal(name == "eq", Type.BOOLEAN)
    unequal = Literal(name != "eq", Type.BOOLEAN)
    unknown = Literal(None, Type.BOOLEAN)
    return Case(((same, equal), (comparable, unequal)), unknown, Type.BOOLEAN, left.span)


def read_json(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """Return JSON beside a value of another type as one of that type: NULL where it is none (as its run-time type says)."""
    if left.type is Type.JSON and right.type is not Type.JSON:
        right, left = read_json(right, left)
    elif right.type is Type.JSON and left.type not in (Type.JSON, Type.NULL):
        kind = Type.DOUBLE if left.type is Type.INT else left.type
        if not kind.is_nested:
            left = convert(left, kind)
            right = Call(f"json_as_{kind.value.lower()}", (right,), kind, right.span)
    return left, right


def _against(expr: Expr, other: Expr) -> Expr:
    """Return ISO text compared with a TIMESTAMP as a TIMESTAMP; anything else as it is."""
    if other.type is Type.TIMESTAMP and isinstance(expr, Literal) and expr.type is Type.STRING:
        return moment(expr) or expr
    return expr


def _compare_advice(left: Expr, right: Expr) -> str:
    types = {left.type, right.type}
    if types == {Type.TIMESTAMP, Type.STRING}:
        return "write the time as ISO-8601 text, such as '2026-01-31T08:00:00Z'"
    if Type.DURATION in types and types & {Type.INT, Type.DOUBLE}:
        return "write a duration such as 30s, or take SECONDS(..) of it"
    if Type.STRING in types and types & {Type.INT, Type.DOUBLE}:
        return "use CAST(.. AS DOUBLE) or write the constant as text in '..'"
    return ""


def _no_operator(name: str, args: Sequence[Expr]) -> str:
    types = [a.type.value for a in args]
    if name in _ARITHMETIC:
        return f"no {_ARITHMETIC[name]} of {types[0]} and {types[1]}"
    word = {"neg": "minus", "not": "NOT", "element": "[..]"}.get(
        name, name.upper().replace("_", " ")
    )
    return f"{word} cannot be applied to {listing(types)}"


def _advice(name: str, args: Sequence[Expr]) -> str:
    types = {a.type for a in args}
    if name == "add" and Type.STRING in types:
        return "texts are joined with ||"
    if name in ("add", "sub") and Type.TIMESTAMP in types and types & {Type.INT, Type.DOUBLE}:
        return "add a duration such as 5s"
    return ""


def condition(expr: Expr, what: str, span: Span, report: Report) -> Expr:
    """Return a condition, which must be BOOLEAN (NULL is a BOOLEAN too).

    Errors: CEP213.
    """
    if is_broken(expr):
        return BROKEN
    if expr.type is Type.NULL:
        return convert(expr, Type.BOOLEAN)
    if expr.type is not Type.BOOLEAN:
        message = f"{what} must be BOOLEAN, not {expr.type.value}"
        return report.add("CEP213", message, span)
    return expr


def case(whens: Sequence[tuple[Expr, Expr]], otherwise: Expr, span: Span, report: Report) -> Expr:
    """Return a searched CASE whose values have one type.

    Errors: CEP217.
    """
    values = [v for _, v in whens] + [otherwise]
    if is_broken(*values, *(c for c, _ in whens)):
        return BROKEN
    kind = shared_type([v.type for v in values])
    if kind is None:
        have = listing(dict.fromkeys(v.type.value for v in values if v.type is not Type.NULL))
        return report.add("CEP217", f"the values of CASE have different types: {have}", span)
    converted = tuple((c, convert(v, kind)) for c, v in whens)
    return Case(converted, convert(otherwise, kind), kind, span)


def cast(expr: Expr, wanted: Type, span: Span, report: Report, *, strict: bool = True) -> Expr:
    """Return CAST (TRY_CAST: not `strict`) of an expression.

    Errors: CEP211.
    """
    from cep.functions import cast as cast_function

    if is_broken(expr):
        return BROKEN
    if expr.type is Type.NULL:
        return convert(expr, wanted)
    name = cast_function(expr.type, wanted, strict=strict)
    if name is None:
        message = f"{expr.type.value} cannot be cast to {wanted.value}"
        return report.add("CEP211", message, span)
    return replace(expr, span=span) if name == "" else Call(name, (expr,), wanted, span)
