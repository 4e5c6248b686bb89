"""Calls of scalar functions; aggregates and match functions are left to the scope."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.errors import nearest
from cep.lang import ast
from cep.plan.bind.operators import call, case, cast, condition, moment, operator
from cep.plan.bind.refused import LATER_FUNCTIONS, refuse
from cep.plan.bind.report import BROKEN, is_broken
from cep.plan.expressions import Call, Expr, Literal
from cep.plan.python_source import applied
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.plan.bind.functions import UserFunction
    from cep.plan.bind.scopes import Scope

    Bind = Callable[[ast.Expression, Scope], Expr]


def bind_call(node: ast.Call, scope: Scope, bind: Bind) -> Expr:
    """Return a call; `bind` binds its arguments.

    Errors: CEP203 unknown function, CEP225 RUNNING or FINAL outside MATCH_RECOGNIZE, CEP305 function of a later version, and those of the arguments.
    """
    if node.mode is not None:
        message = f"{node.mode.upper()} stands in MATCH_RECOGNIZE only"
        hint = "conditions of MATCH run over the match so far, its SELECT over the whole of it"
        return scope.report.add("CEP225", message, node.span, hint)
    special = scope.call(node)
    if special is not None:
        return special
    name = node.name.lower()
    if name == "rule_meta":
        from cep.plan.bind.annotations import rule_meta

        return rule_meta(node, scope.environment)
    if name in LATER_FUNCTIONS:
        return refuse(scope.report, "Call.later", node.span, name=f"the function {node.name}")
    args = plain_arguments(node, scope, bind)
    if args is None:
        return BROKEN
    if name in _SPECIAL:
        wanted, build = _SPECIAL[name]
        if len(args) != wanted:
            message = f"{name.upper()} takes {wanted} arguments, not {len(args)}"
            return scope.report.add("CEP214", message, node.span)
        return BROKEN if is_broken(*args) else build(node, args, scope)
    return _scalar(node, args, scope)


def _scalar(node: ast.Call, args: list[Expr], scope: Scope) -> Expr:
    from cep.functions import find

    own = scope.environment.functions.get(node.name.lower())
    if own is not None:
        return _own(own, node, args, scope)
    function = find(node.name)
    if function is None:
        return unknown_function(node, scope)
    return call(function, args, node.span, scope.report)


def _own(own: UserFunction, node: ast.Call, args: list[Expr], scope: Scope) -> Expr:
    """Return a call of a function of the user's: its body where that is known, else a call of Python."""
    bound = call(own.function, args, node.span, scope.report, own.plan.name)
    if own.body is None or not isinstance(bound, Call):
        return bound
    body = applied(own.body, bound.args)
    return bound if body is None else replace(body, span=node.span)


def unknown_function(node: ast.Call, scope: Scope) -> Expr:
    """Report a function that does not exist, with the nearest name of one that does."""
    from cep.aggregates import AGGREGATES
    from cep.functions import names

    if node.name in scope.environment.broken_names:
        return BROKEN
    own = [f.plan.name for f in scope.environment.functions.values()]
    hint = nearest(node.name, [*own, *(n.upper() for n in (*names(), *AGGREGATES, *_SPECIAL))])
    return scope.report.add("CEP203", f"unknown function {node.name!r}", node.span, hint)


def plain_arguments(node: ast.Call, scope: Scope, bind: Bind) -> list[Expr] | None:
    """Return the arguments of a scalar function; None if it is written as an aggregate.

    Errors: CEP208 named argument, CEP225 star, DISTINCT or FILTER.
    """
    from cep.functions import find

    name = node.name.lower()
    if find(name) is None and name not in _SPECIAL and name not in scope.environment.functions:
        unknown_function(node, scope)
        return None
    if node.star or node.distinct or node.filter is not None:
        message = f"{node.name.upper()} is no aggregate: *, DISTINCT and FILTER do not apply"
        scope.report.add("CEP225", message, node.span)
        return None
    args = []
    for arg in node.args:
        if isinstance(arg, ast.NamedArgument):
            message = f"{node.name.upper()} has no option {arg.name!r}"
            scope.report.add("CEP208", message, arg.span)
            return None
        args.append(bind(arg, scope))
    return args


def _nullif(node: ast.Call, args: list[Expr], scope: Scope) -> Expr:
    value, other = args
    same = operator("eq", (value, other), node.span, scope.report)
    if isinstance(same, Call) and same.args == (value, other) and value.type is other.type:
        return Call("nullif", (value, other), value.type, node.span)
    return case([(same, Literal(None, Type.NULL, node.span))], value, node.span, scope.report)


def _if(node: ast.Call, args: list[Expr], scope: Scope) -> Expr:
    test = condition(args[0], "the condition of IF", args[0].span, scope.report)
    return case([(test, args[1])], args[2], node.span, scope.report)


def _timestamp(node: ast.Call, args: list[Expr], scope: Scope) -> Expr:
    """TIMESTAMP('2026-01-31T08:00:00Z'), or a cast."""
    value = args[0]
    if isinstance(value, Literal) and value.type is Type.STRING:
        found = moment(value)
        if found is None:
            hint = "write it as '2026-01-31T08:00:00Z'"
            return scope.report.add("CEP216", "text is no ISO-8601 time", node.span, hint)
        return Literal(found.value, Type.TIMESTAMP, node.span)
    return cast(value, Type.TIMESTAMP, node.span, scope.report)


_SPECIAL: dict[str, tuple[int, Callable[[ast.Call, list[Expr], Scope], Expr]]] = {
    "nullif": (2, _nullif),
    "if": (3, _if),
    "timestamp": (1, _timestamp),
}
