"""TEST: streams, columns and values of GIVEN and EXPECT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.errors import nearest
from cep.plan.bind.expressions import bind_expression
from cep.plan.bind.operators import convert, fits
from cep.plan.bind.report import is_broken
from cep.plan.bind.scopes import Scope
from cep.plan.constants import constant
from cep.plan.rule_tests import RuleTest, TestTable
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Collection

    from cep.lang import ast
    from cep.plan.bind.environment import Environment, StreamInfo
    from cep.schema import ColumnSpec


def bind_test(
    node: ast.Test,
    rules: Collection[str],
    sources: Collection[str],
    outputs: Collection[str],
    environment: Environment,
) -> RuleTest | None:
    """Return a test, or None.

    Args:
        node: The statement.
        rules: Names of all rules and incidents.
        sources: Names of the streams that take rows.
        outputs: Names of the streams that rules write.
        environment: Names.

    Errors: CEP201 unknown rule or stream, CEP202 unknown column, CEP214 row of another length, CEP216 value of
    another type.
    """
    report = environment.report
    before = report.mistakes
    if node.rule not in rules and node.rule not in environment.broken_names:
        message = f"unknown rule {node.rule!r}"
        report.add("CEP201", message, node.span, nearest(node.rule, rules) or "")
    given = [_table(g, sources, "takes no rows from outside", environment) for g in node.given]
    expect = [_table(e, outputs, "is written by no rule", environment) for e in node.expect]
    if report.mistakes != before:
        return None
    return RuleTest(
        node.title or f"test of {node.rule}",
        node.rule,
        tuple(t for t in given if t is not None),
        tuple(t for t in expect if t is not None),
        node.span,
    )


def _table(
    node: ast.Given | ast.Expect, names: Collection[str], otherwise: str, environment: Environment
) -> TestTable | None:
    report = environment.report
    stream = environment.streams.get(node.stream)
    if stream is None or node.stream not in names:
        if node.stream not in environment.broken_names:
            message = f"stream {node.stream!r} {otherwise}"
            report.add("CEP201", message, node.span, nearest(node.stream, names) or "")
        return None
    columns = _columns(node, stream, environment)
    if columns is None:
        return None
    rows = []
    for row in node.rows:
        if len(row) != len(columns):
            message = f"{len(columns)} columns are named, this row has {len(row)} values"
            report.add("CEP214", message, row[0].span)
            continue
        values = zip(row, columns, strict=True)
        rows.append(tuple(_value(value, column, environment) for value, column in values))
    types = tuple(c.type for c in columns)
    return TestTable(node.stream, tuple(c.name for c in columns), types, tuple(rows), node.span)


def _columns(
    node: ast.Given | ast.Expect, stream: StreamInfo, environment: Environment
) -> list[ColumnSpec] | None:
    found = []
    for name in node.columns:
        column = stream.schema.find(name)
        if column is None:
            if not stream.unknown:
                hint = nearest(name, stream.schema.names()) or ""
                message = f"stream {stream.name} has no column {name!r}"
                environment.report.add("CEP202", message, node.span, hint)
            return None
        found.append(column)
    return found


def _value(node: ast.Expression, column: ColumnSpec, environment: Environment) -> object:
    """Return a constant as a value of a column; a DURATION is a TIMESTAMP since the epoch (ruling 30)."""
    what = f"column {column.name}"
    expr = bind_expression(node, Scope(environment, what))
    if is_broken(expr):
        return None
    offset = column.type is Type.TIMESTAMP and expr.type is Type.DURATION
    wanted = Type.DURATION if offset else column.type
    if not fits(expr.type, wanted):
        message = f"{what} is {column.type.value}, not {expr.type.value}"
        environment.report.add("CEP216", message, node.span)
        return None
    literal = constant(convert(expr, wanted))
    return None if literal is None else literal.value
