"""What statements declare: streams, parameters, rules and incidents, with their places in the file order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cep.errors import nearest
from cep.lang import ast
from cep.plan.bind import incidents
from cep.plan.bind.constants import bind_constant
from cep.plan.bind.order import Flow
from cep.plan.bind.parameters import given_value
from cep.plan.bind.refused import refuse
from cep.plan.bind.types import bind_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cep.plan.bind.environment import Environment

Rule = ast.CreateRule | ast.CreateIncident


@dataclass(slots=True)
class Declarations:
    """Statements by kind; the number is the place in declaration order over all files."""

    streams: dict[str, tuple[ast.CreateStream, int]] = field(default_factory=dict)
    tables: dict[str, tuple[ast.CreateTable, int]] = field(default_factory=dict)
    parameters: dict[str, ast.Param] = field(default_factory=dict)
    functions: dict[str, ast.CreateFunction] = field(default_factory=dict)
    rules: dict[str, tuple[Rule, int]] = field(default_factory=dict)
    tests: list[ast.Test] = field(default_factory=list)
    refused_names: set[str] = field(default_factory=set)


def collect(statements: Sequence[ast.Statement], environment: Environment) -> Declarations:
    """Sort statements by kind; OR REPLACE takes the place of the one before it.

    Errors: CEP209 name declared twice, CEP301 statement not supported.
    """
    found = Declarations()
    for number, node in enumerate(statements):
        match node:
            case ast.CreateStream():
                place = _place(node, found.streams, number, environment)
                if place is not None:
                    found.streams[node.name] = (node, place)
            case ast.CreateTable():
                place = _place(node, found.tables, number, environment)
                if place is not None:
                    found.tables[node.name] = (node, place)
            case ast.CreateRule() | ast.CreateIncident():
                place = _place(node, found.rules, number, environment)
                if place is not None:
                    found.rules[node.name] = (node, place)
            case ast.CreateFunction():
                _add_function(node, found, environment)
            case ast.Test():
                found.tests.append(node)
            case ast.Param():
                if node.name in found.parameters:
                    message = f"parameter {node.name!r} is declared twice"
                    environment.report.add("CEP209", message, node.span)
                found.parameters.setdefault(node.name, node)
            case _:
                refuse(environment.report, type(node).__name__, node.span)
                found.refused_names |= {getattr(node, "name", "")}
    return found


def _add_function(node: ast.CreateFunction, found: Declarations, environment: Environment) -> None:
    """Take a function; calls write its name in any case, as those of the language."""
    if node.name.lower() in found.functions and not node.or_replace:
        hint = "write CREATE OR REPLACE to replace the first one"
        message = f"the function {node.name!r} is declared twice"
        environment.report.add("CEP209", message, node.span, hint)
        return
    found.functions[node.name.lower()] = node


def _place(
    node: ast.CreateStream | ast.CreateTable | Rule,
    known: Mapping[str, tuple[object, int]],
    number: int,
    environment: Environment,
) -> int | None:
    """Return the place of a declaration; None when it does not count."""
    if node.name not in known:
        return number
    if node.or_replace:
        return known[node.name][1]
    if not getattr(node, "if_not_exists", False):
        hint = "write CREATE OR REPLACE to replace the first one"
        environment.report.add("CEP209", f"{node.name!r} is declared twice", node.span, hint)
    return None


def bind_parameters(
    declared: Mapping[str, ast.Param], given: Mapping[str, object], environment: Environment
) -> None:
    """Put the values of all PARAMs into the environment.

    Args:
        declared: PARAM statements by name, in text order.
        given: Values from outside, which win over defaults.
        environment: Takes the values.

    Errors: CEP205 value for a parameter that is not declared, CEP206, CEP216.
    """
    report = environment.report
    for node in declared.values():
        kind = bind_type(node.type, report)
        if kind is None:
            environment.broken_names |= {node.name}
            continue
        value = None
        if node.name in given:
            value = given_value(given[node.name], kind)
            if value is None:
                message = f"parameter {node.name} is {kind.value}, not {given[node.name]!r}"
                report.add("CEP216", message, node.span)
        elif node.default is None:
            hint = f"give it a default, or a value: --param {node.name}=.."
            report.add("CEP216", f"parameter {node.name} has no value", node.span, hint)
        else:
            what = f"the default of {node.name}"
            value = bind_constant(node.default, kind, what, environment)
        if value is None:
            environment.broken_names |= {node.name}
        else:
            environment.parameters[node.name] = value
    for name in given:
        if name not in declared and name not in environment.broken_names:
            hint = nearest(name, declared)
            report.add("CEP205", f"no PARAM is called {name!r}", hint=hint)


def flows(rules: Mapping[str, tuple[Rule, int]]) -> tuple[Flow, ...]:
    """Return what each rule and incident reads and writes.

    An incident writes the table of its name too if something reads it (and nothing else is called so).
    """
    found = [_flow(node, place) for node, place in rules.values()]
    read = {name for item in found for name in item.reads}
    written = {name for item in found for name in item.writes}
    tables = {
        name
        for name, (node, _) in rules.items()
        if isinstance(node, ast.CreateIncident) and name in read - written
    }
    return tuple(
        replace(item, writes=(*item.writes, item.name)) if item.name in tables else item
        for item in found
    )


def _flow(node: Rule, declaration: int) -> Flow:
    if isinstance(node, ast.CreateIncident):
        return Flow(node.name, incidents.reads(node), (incidents.output(node),), declaration)
    names = tuple(dict.fromkeys(_tables(node.body.query)))
    timeouts = (t.target or f"{node.name}_timeout" for t in node.timeouts)
    writes = (node.body.target or node.name, *timeouts)
    return Flow(node.name, names, writes, declaration)


def _tables(node: object) -> Iterator[str]:
    """Yield the streams a query reads, in text order."""
    match node:
        case ast.Select():
            yield from _tables(node.from_)
        case ast.TableName():
            yield node.name
        case ast.TableFunction():
            yield from _function_tables(node)
        case ast.Match() | ast.MatchRecognize():
            yield from _tables(node.source)
            yield from _pattern_streams(node.pattern)
            yield from (d.stream for d in node.defines if d.stream is not None)
        case ast.Derived():
            yield from _tables(node.query)
        case ast.Join() | ast.Union():
            yield from _tables(node.left)
            yield from _tables(node.right)
        case _:
            return


def _function_tables(node: ast.TableFunction) -> Iterator[str]:
    for arg in node.args:
        if isinstance(arg, ast.TableArgument):
            yield arg.table
        elif isinstance(arg, ast.Name) and not node.standard:
            yield arg.name
            return


def _pattern_streams(node: object) -> Iterator[str]:
    """Yield the streams named in a pattern (`v:stream`)."""
    if isinstance(node, ast.Atom):
        if node.stream is not None:
            yield node.stream
        return
    for name in ("part", "parts"):
        below = getattr(node, name, ())
        for part in below if isinstance(below, tuple) else (below,):
            yield from _pattern_streams(part)
