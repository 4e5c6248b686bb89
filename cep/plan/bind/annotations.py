"""Annotations of rules: those with a meaning, and the rest, which travel as metadata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.errors import nearest
from cep.lang import ast
from cep.plan.bind.constants import bind_duration
from cep.plan.bind.matches import MatchOptions
from cep.plan.bind.refused import REFUSED, refuse
from cep.plan.expressions import Literal
from cep.types import Type

if TYPE_CHECKING:
    from cep.errors import Span
    from cep.plan.bind.environment import Environment
    from cep.plan.expressions import Expr

_REFUSED = frozenset(
    k.removeprefix("Annotation.") for k in REFUSED if k.startswith("Annotation.")
) - {"ttl"}


_META_TYPES = {bool: Type.BOOLEAN, int: Type.INT, float: Type.DOUBLE, str: Type.STRING}


@dataclass(slots=True)
class Ttl:
    """@ttl of a rule; `taken` once some groups of the rule are kept so long."""

    us: int
    span: Span
    taken: bool = False


@dataclass(frozen=True, slots=True)
class RuleOptions:
    """What the annotations of a rule say: to its MATCH, as metadata (name, values), to its groups (@ttl)."""

    match: MatchOptions
    metadata: tuple[tuple[str, tuple[object, ...]], ...]
    ttl: Ttl | None = None


def bind_annotations(
    node: ast.CreateRule | ast.CreateIncident, environment: Environment
) -> RuleOptions:
    """Return what the annotations of a rule say.

    Errors: CEP216 wrong value, CEP310 annotation of a later version; lint CEP610.
    """
    report = environment.report
    metadata: list[tuple[str, tuple[object, ...]]] = []
    group_null_keys, max_runs, ttl = False, environment.max_runs, None
    for annotation in node.annotations:
        name = annotation.name.lower()
        values = _values(annotation, environment)
        metadata.append((annotation.name, values))
        if name in _REFUSED:
            refuse(report, f"Annotation.{name}", annotation.span)
        elif name == "ttl":
            argument = annotation.args[0] if len(annotation.args) == 1 else None
            if argument is None or isinstance(argument, ast.NamedArgument):
                message = "@ttl takes a time, such as @ttl(1h)"
                report.add("CEP216", message, annotation.span)
            else:
                us = bind_duration(argument, "@ttl", environment)
                ttl = None if us is None else Ttl(us, annotation.span)
        elif name in ("null_key", "max_runs") and not _is_match(node):
            report.add("CEP610", f"@{name} has no effect without MATCH", annotation.span)
        elif name == "null_key":
            if values not in (("group",), ("drop",)):
                message = "@null_key is @null_key(group) or @null_key(drop)"
                report.add("CEP216", message, annotation.span)
            group_null_keys = values == ("group",)
        elif name == "max_runs":
            max_runs = values[0] if len(values) == 1 and isinstance(values[0], int) else None
            if max_runs is None or max_runs < 1:
                message = "@max_runs takes a number of runs, such as @max_runs(1000)"
                report.add("CEP216", message, annotation.span)
    return RuleOptions(MatchOptions(group_null_keys, max_runs), tuple(metadata), ttl)


def rule_meta(node: ast.Call, environment: Environment) -> Expr:
    """Return RULE_META('name'): the first value of an annotation of the rule, TRUE if it has none.

    Errors: CEP208 no such annotation, CEP214, CEP215 its name is no text, CEP216 a value that is no constant.
    """
    report = environment.report
    if len(node.args) != 1:
        message = f"RULE_META takes 1 argument, not {len(node.args)}"
        return report.add("CEP214", message, node.span)
    name = node.args[0]
    if not isinstance(name, ast.Text):
        return report.add("CEP215", "RULE_META takes the name of an annotation as text", node.span)
    known = {a.name.lower(): a for a in environment.annotations}
    found = known.get(name.value.lower())
    if found is None:
        hint = nearest(name.value, known) or f"write @{name.value}('..') before CREATE RULE"
        message = f"the rule has no annotation @{name.value}"
        return report.add("CEP208", message, name.span, hint)
    values = _values(found, environment) or (True,)
    value = values[0]
    if isinstance(value, bool | int | float | str):
        return Literal(value, _META_TYPES[type(value)], node.span)
    return report.add("CEP216", f"the value of @{found.name} is no constant", name.span)


def _is_match(node: ast.CreateRule | ast.CreateIncident) -> bool:
    if isinstance(node, ast.CreateIncident):
        return False
    query = node.body.query
    return isinstance(query, ast.Select) and isinstance(query.from_, ast.Match)


def _values(node: ast.Annotation, environment: Environment) -> tuple[object, ...]:
    """Return the arguments as Python values: constants, bare words as text, pairs for `name = value`."""
    values: list[object] = []
    for arg in node.args:
        if isinstance(arg, ast.NamedArgument):
            values.append((arg.name, _value(arg.value, environment)))
        else:
            values.append(_value(arg, environment))
    return tuple(values)


def _value(node: ast.Expression, environment: Environment) -> object:
    from cep.plan.bind.expressions import bind_expression
    from cep.plan.bind.scopes import Scope
    from cep.plan.constants import constant

    if isinstance(node, ast.Name):
        return node.name
    bound = constant(bind_expression(node, Scope(environment, "an annotation")))
    if bound is None:
        return None
    return f"{bound.value}us" if bound.type is Type.DURATION else bound.value
