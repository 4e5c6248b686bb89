"""Conditions in their two forms: text that holds iff an expression is TRUE, or iff it is FALSE.

INT64_MIN stands for NULL and is the smallest integer, so `a < b` tests only `a`, `a > b` only `b`, and
`a = b` one side; no test is written for what cannot be NULL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import forms
from cep.codegen.host import operands, string_table, wants_host
from cep.codegen.texts import FALSE, TRUE, all_of, any_of, null_test, opposite, present
from cep.plan.expressions import Call, Case, Expr, Literal
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.codegen.host import StringCells
    from cep.codegen.scope import Scope, Value


def is_true(expr: Expr, scope: Scope) -> str:
    """Return a condition that holds iff the expression is TRUE; it can be joined with `and`, `or`."""
    return _form(expr, scope, wanted=True)


def is_false(expr: Expr, scope: Scope) -> str:
    """Return a condition that holds iff the expression is FALSE; it can be joined with `and`, `or`."""
    return _form(expr, scope, wanted=False)


def _form(expr: Expr, scope: Scope, *, wanted: bool) -> str:
    if isinstance(expr, Literal):
        return TRUE if expr.value is wanted else FALSE
    if isinstance(expr, Call | Case) and wants_host(expr):
        table = string_table(expr, scope)
        if table is not None:
            return _looked_up(table, scope, wanted=wanted)
    form = FORMS.get(expr.function) if isinstance(expr, Call) else None
    if form is not None and isinstance(expr, Call):
        return form(expr, scope, wanted)
    return _tested(forms.value(expr, scope), wanted=wanted)


def _looked_up(cells: StringCells, scope: Scope, *, wanted: bool) -> str:
    code = forms.atom(scope.leaf(cells.leaf), scope)
    test = f"{scope.layout.string_map(cells.table)}[{code.text}] == {int(wanted)}"
    if cells.null.value is wanted:
        return any_of([null_test(code), test])
    return all_of([present(code), test])


def _tested(given: Value, *, wanted: bool) -> str:
    return f"{given.text} == {int(wanted)}"


def may_be_null(expr: Expr, scope: Scope) -> bool:
    """Whether a condition can be unknown, as far as that is known without writing it."""
    match expr:
        case Literal():
            return expr.value is None
        case Call(function="is_null" | "is_true" | "is_false" | "is_distinct"):
            return False
        case Call(function="and" | "or" | "not"):
            return any(may_be_null(a, scope) for a in expr.args)
        case Call(function="eq" | "ne" | "lt" | "le" | "gt" | "ge"):
            return any(
                may_be_null(a, scope) if isinstance(a, Literal) else not _leaf_is_present(a, scope)
                for a in expr.args
            )
        case _:
            return not _leaf_is_present(expr, scope)


def _leaf_is_present(expr: Expr, scope: Scope) -> bool:
    if isinstance(expr, Call | Case | Literal):
        return False
    return not scope.leaf(expr).nullable


# ---------------------------------------------------------------------- logic


def _and(call: Call, scope: Scope, wanted: bool) -> str:  # noqa: FBT001 - one shape for all forms
    texts = [_form(a, scope, wanted=wanted) for a in operands(call)]
    return all_of(texts) if wanted else any_of(texts)


def _or(call: Call, scope: Scope, wanted: bool) -> str:  # noqa: FBT001
    texts = [_form(a, scope, wanted=wanted) for a in operands(call)]
    return any_of(texts) if wanted else all_of(texts)


def _not(call: Call, scope: Scope, wanted: bool) -> str:  # noqa: FBT001
    return _form(call.args[0], scope, wanted=not wanted)


def _is_null(call: Call, scope: Scope, wanted: bool) -> str:  # noqa: FBT001
    given = forms.settled(call.args[0], scope)
    return null_test(given) if wanted else present(given)


def _is_true(call: Call, scope: Scope, wanted: bool) -> str:  # noqa: FBT001
    text = _form(call.args[0], scope, wanted=True)
    return text if wanted else opposite(text)


def _is_false(call: Call, scope: Scope, wanted: bool) -> str:  # noqa: FBT001
    text = _form(call.args[0], scope, wanted=False)
    return text if wanted else opposite(text)


def _is_distinct(call: Call, scope: Scope, wanted: bool) -> str:  # noqa: FBT001
    left, right = (forms.atom(forms.settled(a, scope), scope) for a in call.args)
    if Type.NULL in (left.type, right.type):
        given = right if left.type is Type.NULL else left
        return present(given) if wanted else null_test(given)
    if left.type is not Type.DOUBLE:
        return f"{left.text} {'!=' if wanted else '=='} {right.text}"
    equal = any_of([f"{left.text} == {right.text}", all_of([null_test(left), null_test(right)])])
    return opposite(equal) if wanted else equal


# ---------------------------------------------------------------------- comparisons

_SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_COMPLEMENT = {"eq": "ne", "ne": "eq", "lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}


def _comparison(call: Call, scope: Scope, wanted: bool) -> str:  # noqa: FBT001
    name = call.function if wanted else _COMPLEMENT[call.function]
    left, right = (forms.settled(a, scope) for a in call.args)
    return compare(name, left, right, scope)


def compare(name: str, left: Value, right: Value, scope: Scope) -> str:
    """Return a condition that holds iff neither value is NULL and `left name right` (`eq`, `lt`, ..).

    The values have one type and are settled.
    """
    if "NULL" in (left.type.value, right.type.value):
        return FALSE
    if left.type is Type.DOUBLE:
        return _compare_doubles(name, left, right, scope)
    if left.type is Type.STRING and name not in ("eq", "ne"):
        return _compare_ranks(name, left, right, scope)
    tested: tuple[Value, ...] = {
        "eq": (left,) if right.nullable else (),
        "ne": (left, right),
        "lt": (left,),
        "le": (left,),
        "gt": (right,),
        "ge": (right,),
    }[name]
    for number, given in enumerate((left, right)):
        if given in tested and given.nullable:
            simple = forms.atom(given, scope)
            tested = tuple(simple if t is given else t for t in tested)
            left, right = (simple, right) if number == 0 else (left, simple)
    test = f"{left.text} {_SIGNS[name]} {right.text}"
    return all_of([*(present(t) for t in tested), test])


def _compare_doubles(name: str, left: Value, right: Value, scope: Scope) -> str:
    if name != "ne" or not (left.nullable or right.nullable):
        return f"{left.text} {_SIGNS[name]} {right.text}"
    # Unequal and both there; `!=` alone also holds for NaN.
    left, right = forms.atom(left, scope), forms.atom(right, scope)
    return f"({left.text} < {right.text} or {left.text} > {right.text})"


def _compare_ranks(name: str, left: Value, right: Value, scope: Scope) -> str:
    left, right = forms.atom(left, scope), forms.atom(right, scope)
    ranks = scope.layout.ranks()
    test = f"{ranks}[{left.text}] {_SIGNS[name]} {ranks}[{right.text}]"
    return all_of([present(left), present(right), test])


FORMS: dict[str, Callable[[Call, Scope, bool], str]] = {
    "and": _and,
    "or": _or,
    "not": _not,
    "is_null": _is_null,
    "is_true": _is_true,
    "is_false": _is_false,
    "is_distinct": _is_distinct,
    **dict.fromkeys(_SIGNS, _comparison),
}
