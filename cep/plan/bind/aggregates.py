"""Aggregate calls: arguments, DISTINCT, FILTER, options; the scope says over which rows they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.errors import nearest
from cep.lang import ast
from cep.plan.bind.constants import bind_constant
from cep.plan.bind.expressions import bind_condition, bind_expression
from cep.plan.bind.report import is_broken, listing
from cep.plan.expressions import Aggregate, Expr, Literal
from cep.types import Type

if TYPE_CHECKING:
    from cep.aggregates import AggregateFunction
    from cep.aggregates.contract import Where
    from cep.plan.bind.scopes import Scope


def find_aggregate(node: ast.Call) -> AggregateFunction | None:
    """Return the aggregate function a call names, or None."""
    from cep.aggregates import AGGREGATES

    return AGGREGATES.get(node.name.lower())


def bind_aggregate(
    node: ast.Call, function: AggregateFunction, rows: Scope, where: Where
) -> Aggregate | None:
    """Return an aggregate over the rows that `rows` describes, or None.

    Errors: CEP211 argument type, CEP214 number of arguments, CEP208 unknown option, CEP225 DISTINCT
    that does not apply.
    """
    report, name = rows.report, node.name.upper()
    args, options = _arguments(node, function, rows)
    kept = None if node.filter is None else bind_condition(node.filter, rows)
    if is_broken(*args) or (kept is not None and is_broken(kept)) or options is None:
        return None
    count = len(args)
    if not function.min_args <= count <= function.max_args or (node.star and not function.star):
        wanted = "an argument or *" if function.star else "one argument"
        have = "*" if node.star else str(count)
        report.add("CEP214", f"{name} takes {wanted}, not {have}", node.span)
        return None
    if node.distinct and not function.distinct:
        report.add("CEP225", f"DISTINCT does not apply to {name}", node.span)
        return None
    types = tuple(a.type for a in args)
    result = function.resolve(types, where)
    if result is None:
        have = listing(t.value for t in types)
        accepted = ", ".join(t.value for t in function.results)
        report.add(
            "CEP211", f"{name} cannot be applied to {have}", node.span, f"it takes {accepted}"
        )
        return None
    return Aggregate(
        function.name, args, result, node.distinct, kept, tuple(options.items()), span=node.span
    )


def _arguments(
    node: ast.Call, function: AggregateFunction, rows: Scope
) -> tuple[tuple[Expr, ...], dict[str, Literal] | None]:
    """Return the arguments, and the options by name; None when an option has a mistake."""
    args: list[Expr] = []
    options: dict[str, Literal] | None = {}
    for arg in node.args:
        if isinstance(arg, ast.NamedArgument):
            value = _option(arg, function, rows)
            options = None if value is None or options is None else {**options, arg.name: value}
        elif not isinstance(arg, ast.MemberStar):
            args.append(bind_expression(arg, rows))
    return tuple(args), options


def _option(node: ast.NamedArgument, function: AggregateFunction, rows: Scope) -> Literal | None:
    known = {option.name: option for option in function.options}
    option = known.get(node.name.lower())
    name = function.name.upper()
    if option is None:
        hint = nearest(node.name, known) or (f"options are {', '.join(known)}" if known else "")
        rows.report.add("CEP208", f"{name} has no option {node.name!r}", node.span, hint)
        return None
    what = f"option {node.name} of {name}"
    value = bind_constant(node.value, option.type, what, rows.environment)
    if value is not None and option.type is Type.DURATION and int(value.value or 0) <= 0:
        rows.report.add("CEP216", f"{what} must be longer than zero", node.value.span)
        return None
    return value
