"""CREATE TABLE: columns, primary key, the file it starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.errors import nearest
from cep.graph.graph import StreamSpec
from cep.lang import ast
from cep.plan.bind.constants import bind_constant
from cep.plan.bind.refused import refuse
from cep.plan.bind.types import bind_type
from cep.schema import ColumnSpec, Schema
from cep.types import Type

if TYPE_CHECKING:
    from cep.plan.bind.environment import Environment
    from cep.plan.bind.report import Report

FORMATS = ("jsonl", "csv", "parquet", "arrow")
TIME = "ts"


def bind_table(
    node: ast.CreateTable, declaration: int, environment: Environment, *, written: bool
) -> tuple[StreamSpec, bool]:
    """Return a table as the stream of its changes, and whether its columns are all known.

    written: whether rules write it, which then make its defaults and computed columns. Where they do that stream has a column `ts` in front, the time of the change.

    Errors: CEP202, CEP208, CEP209, CEP216, CEP236 no primary key.
    """
    report = environment.report
    before = report.mistakes
    columns: list[ColumnSpec] = []
    key: list[str] = []
    for element in node.elements or ():
        match element:
            case ast.ColumnDefinition():
                column = _column(element, columns, environment)
                columns += [] if column is None else [column]
                key += [element.name] if element.primary_key else []
            case ast.PrimaryKey():
                key += element.columns
            case _:
                message = "a table has no clock: its rows are changes at the time of their events"
                report.add("CEP236", message, element.span)
    for name in key:
        if not any(c.name == name for c in columns):
            hint = nearest(name, [c.name for c in columns])
            report.add("CEP202", f"unknown column {name!r}", node.span, hint)
    if not key:
        hint = "say which columns tell its rows apart: sensor STRING PRIMARY KEY"
        report.add("CEP236", f"table {node.name} has no primary key", node.span, hint)
    options = _options(node, environment)
    if not written or "source" in options:
        _refuse_made(node, report)
    spec = StreamSpec(
        name=node.name,
        schema=Schema(tuple(columns)),
        declaration=declaration,
        derived=True,
        hidden=True,
        primary_key=tuple(dict.fromkeys(key)),
        format=options.get("format"),
        options=tuple(options.items()),
        span=node.span,
    )
    return spec, report.mistakes == before


def _column(
    node: ast.ColumnDefinition, known: list[ColumnSpec], environment: Environment
) -> ColumnSpec | None:
    report = environment.report
    kind = bind_type(node.type, report)
    if node.name == TIME:
        message = "ts is the time of the last change of a row"
        report.add("CEP236", message, node.span, "call the column something else")
        return None
    if any(c.name == node.name for c in known):
        report.add("CEP209", f"column {node.name!r} is declared twice", node.span)
        return None
    # Rules that write the table may leave a column out, and must leave out computed ones.
    return None if kind is None or node.computed is not None else ColumnSpec(node.name, kind)


def _refuse_made(node: ast.CreateTable, report: Report) -> None:
    for element in node.elements or ():
        for unwanted in ("default", "computed"):
            if getattr(element, unwanted, None) is not None:
                refuse(report, f"ColumnDefinition.{unwanted}", element.span)


def _options(node: ast.CreateTable, environment: Environment) -> dict[str, str]:
    report = environment.report
    found: dict[str, str] = {}
    for option in node.options:
        name = option.name.lower()
        if name not in ("source", "format"):
            hint = nearest(name, ("source", "format")) or "options are source, format"
            report.add("CEP208", f"unknown option {option.name!r}", option.span, hint)
            continue
        value = bind_constant(option.value, Type.STRING, f"option {name}", environment)
        if value is None:
            continue
        if name == "format" and value.value not in FORMATS:
            message = f"option format is one of {', '.join(FORMATS)}"
            report.add("CEP216", message, option.value.span)
        found[name] = str(value.value)
    return found
