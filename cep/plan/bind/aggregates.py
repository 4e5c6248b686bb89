"""Aggregate calls: arguments, DISTINCT, FILTER, options; the scope says over which rows they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.errors import nearest
from cep.lang import ast
from cep.plan.bind.constants import bind_constant
from cep.plan.bind.expressions import bind_condition, bind_expression
from cep.plan.bind.report import is_broken, listing
from cep.plan.expressions import Aggregate, Call, Expr, Literal
from cep.types import Type

if TYPE_CHECKING:
    from cep.aggregates import AggregateFunction
    from cep.aggregates.contract import Option, Where
    from cep.plan.bind.scopes import Scope


# How the places of aggregates are called in messages.
_PLACES: dict[Where, str] = {"window": "window", "over": "frame", "match": "pattern"}


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
        one = "one argument" if function.max_args == 1 else f"{function.max_args} arguments"
        wanted = "an argument or *" if function.star else one
        have = "*" if node.star else str(count)
        report.add("CEP214", f"{name} takes {wanted}, not {have}", node.span)
        return None
    if node.distinct and not function.distinct:
        report.add("CEP225", f"DISTINCT does not apply to {name}", node.span)
        return None
    types = tuple(a.type for a in args)
    result = function.resolve(types, where, {n: literal.value for n, literal in options.items()})
    if result is None:
        have = listing(t.value for t in types)
        if where not in function.where:
            message = f"{name} is no aggregate of a {_PLACES[where]}"
            report.add("CEP211", message, node.span)
            return None
        accepted = ", ".join(t.value for t in function.results)
        report.add(
            "CEP211", f"{name} cannot be applied to {have}", node.span, f"it takes {accepted}"
        )
        return None
    if function.through:
        args = tuple(Call(function.through, (a,), Type.INT, a.span) for a in args)
    found = Aggregate(
        function.name, args, result, node.distinct, kept, tuple(options.items()), span=node.span
    )
    if where == "match" and needs_length(found):
        message = f"{name} extrapolates to the bounds of a frame, and a match has none in time"
        report.add("CEP216", message, node.span, "leave `mode` out")
        return None
    return found


def keeps_values(aggregate: Aggregate, *kinds: str) -> bool:
    """Return whether a slot of an aggregate grows with its rows: with all values, or with those of one of some kinds.

    kinds: "distinct", "ordered"; none: both.
    """
    from cep.aggregates import AGGREGATES
    from cep.aggregates.slots import SLOT_KINDS

    options = {name: literal.value for name, literal in aggregate.options}
    types = tuple(a.type for a in aggregate.args)
    formula = AGGREGATES[aggregate.function.lower()].formula(
        types, options, distinct=aggregate.distinct
    )
    return any(
        SLOT_KINDS[use.kind].collects in (kinds or ("distinct", "ordered")) for use in formula.uses
    )


def needs_length(aggregate: Aggregate) -> bool:
    """Return whether an aggregate reads the bounds of its frame, which must have a length in time."""
    from cep.aggregates import AGGREGATES

    options = {name: literal.value for name, literal in aggregate.options}
    types = tuple(a.type for a in aggregate.args)
    return AGGREGATES[aggregate.function].formula(types, options).bounded


def _arguments(
    node: ast.Call, function: AggregateFunction, rows: Scope
) -> tuple[tuple[Expr, ...], dict[str, Literal] | None]:
    """Return the arguments, and the options by name; None when an option has a mistake."""
    args: list[Expr] = []
    options: dict[str, Literal] = {}
    sound = True
    known = {option.name: option for option in function.options}
    places = {option.place: option for option in function.options if option.place}
    for place, arg in enumerate(node.args):
        if isinstance(arg, ast.NamedArgument):
            option, value = known.get(arg.name.lower()), arg.value
        elif place in places:
            option, value = places[place], arg
        else:
            if not isinstance(arg, ast.MemberStar):
                args.append(bind_expression(arg, rows))
            continue
        literal = None if option is None else _constant(value, option, function, rows)
        if option is None and isinstance(arg, ast.NamedArgument):
            _no_option(arg, function, rows)
        if literal is None or option is None:
            sound = False
        else:
            options[option.name] = literal
    for option in function.options:
        if sound and option.required and option.name not in options:
            message = (
                f"{function.name.upper()} needs a constant {option.type.value} `{option.name}`"
            )
            rows.report.add("CEP214", message, node.span)
            sound = False
    return tuple(args), options if sound else None


def _no_option(node: ast.NamedArgument, function: AggregateFunction, rows: Scope) -> None:
    known = [option.name for option in function.options]
    hint = nearest(node.name, known) or (f"options are {', '.join(known)}" if known else "")
    message = f"{function.name.upper()} has no option {node.name!r}"
    rows.report.add("CEP208", message, node.span, hint)


def _constant(
    node: ast.Expression, option: Option, function: AggregateFunction, rows: Scope
) -> Literal | None:
    what = f"option {option.name} of {function.name.upper()}"
    value = bind_constant(node, option.type, what, rows.environment)
    wrong = "" if value is None else _out_of_range(option, value)
    if wrong:
        rows.report.add("CEP216", f"{what} must be {wrong}", node.span)
        return None
    return value


def _out_of_range(option: Option, literal: Literal) -> str:
    """Return what a constant should have been, or nothing."""
    value = literal.value
    if option.type is Type.DURATION and int(value or 0) <= 0:
        return "longer than zero"
    if option.words and value not in option.words:
        return " or ".join(f"'{word}'" for word in option.words)
    if isinstance(value, (int, float)) and option.low is not None and value < option.low:
        return f"{option.low:g} or more"
    if isinstance(value, (int, float)) and option.high is not None and value > option.high:
        return f"{option.high:g} or less"
    return ""
