"""CREATE STREAM: columns, watermark, tie-break, late rows, options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cep.errors import nearest
from cep.graph.graph import StreamSpec
from cep.lang import ast
from cep.plan.bind.constants import bind_constant, bind_duration
from cep.plan.bind.refused import refuse
from cep.plan.bind.stream_columns import check_made
from cep.plan.bind.types import bind_type
from cep.schema import ColumnSpec, Schema
from cep.times import TS_UNITS
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.errors import Span
    from cep.plan.bind.environment import Environment

_FORMATS = ("jsonl", "csv", "parquet", "arrow")


@dataclass(slots=True)
class _Draft:
    """A stream being read; `broken` once a column or clause has a mistake."""

    columns: list[ColumnSpec] = field(default_factory=list)
    watermark: ast.Watermark | None = None
    delay_us: int = 0
    tiebreak: tuple[str, ...] = ()
    late: ast.LateInto | None = None
    values: dict[str, object] = field(default_factory=dict)
    broken: bool = False


def bind_stream(
    node: ast.CreateStream, declaration: int, environment: Environment
) -> tuple[StreamSpec, bool]:
    """Return the declared stream, and whether its columns are all known.

    Errors: CEP202, CEP206, CEP208, CEP209, CEP216, CEP224, CEP233, CEP309, CEP310.
    """
    report = environment.report
    draft = _Draft()
    for element in node.elements or ():
        if isinstance(element, ast.ColumnDefinition):
            _column(element, draft, environment)
    for element in node.elements or ():
        if not isinstance(element, ast.ColumnDefinition):
            _clause(element, draft, environment)
    for annotation in node.annotations:
        report.add("CEP610", f"@{annotation.name} has no effect on a stream", annotation.span)
    for option in node.options:
        _option(option, draft, environment)
    spec = StreamSpec(
        name=node.name,
        schema=Schema(tuple(draft.columns)),
        declaration=declaration,
        time_column=draft.watermark.column if draft.watermark else None,
        watermark_delay_us=draft.delay_us,
        tiebreak=draft.tiebreak,
        late_into=draft.late.stream if draft.late else None,
        late_adjust=draft.values.get("late") == "adjust",
        dedup_key=_dedup_key(node, draft, environment),
        dedup_for_us=_optional_int(draft.values.get("dedup_for")) or 0,
        idle_timeout_us=_optional_int(draft.values.get("idle_timeout")),
        ts_unit=str(draft.values.get("ts_unit", "us")),
        format=str(draft.values["format"]) if "format" in draft.values else None,
        options=tuple(draft.values.items()),
        span=node.span,
    )
    return spec, not draft.broken


def _optional_int(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _dedup_key(node: ast.CreateStream, draft: _Draft, environment: Environment) -> str | None:
    """Return the column whose values tell duplicates."""
    report, name = environment.report, draft.values.get("dedup_key")
    given = {option.name.lower(): option for option in node.options}
    alone = {"dedup_key", "dedup_for"} & given.keys()
    if len(alone) == 1:
        message = "dedup_key and dedup_for go together"
        hint = "WITH (dedup_key = 'id', dedup_for = 10m)"
        report.add("CEP224", message, given[alone.pop()].span, hint)
    if name is None:
        return None
    place = given["dedup_key"].value.span
    column = _find(str(name), place, draft, environment)
    if column is not None and column.type.is_nested:
        message = f"{name!r} is {column.type.value}: duplicates are told by a plain value"
        report.add("CEP216", message, place)
    return None if column is None else column.name


def _column(node: ast.ColumnDefinition, draft: _Draft, environment: Environment) -> None:
    report = environment.report
    if node.primary_key:
        refuse(report, "ColumnDefinition.primary_key", node.span)
    check_made(node, environment)
    kind = bind_type(node.type, report)
    if any(c.name == node.name for c in draft.columns):
        report.add("CEP209", f"column {node.name!r} is declared twice", node.span)
    elif kind is None:
        draft.broken = True
    elif node.computed is None:
        not_null = node.not_null and node.default is None
        draft.columns.append(ColumnSpec(node.name, kind, not_null))


def _find(name: str, span: Span, draft: _Draft, environment: Environment) -> ColumnSpec | None:
    for column in draft.columns:
        if column.name == name:
            return column
    if not draft.broken:
        hint = nearest(name, [c.name for c in draft.columns])
        environment.report.add("CEP202", f"unknown column {name!r}", span, hint)
    return None


def _clause(node: ast.StreamElement, draft: _Draft, environment: Environment) -> None:
    report = environment.report
    match node:
        case ast.Watermark():
            if draft.watermark is not None:
                report.add("CEP224", "WATERMARK is given twice", node.span)
            else:
                _watermark(node, draft, environment)
        case ast.LateInto():
            if draft.late is not None:
                report.add("CEP224", "LATE INTO is given twice", node.span)
            draft.late = node
        case ast.Tiebreak():
            _tiebreak(node, draft, environment)
        case _:
            refuse(report, "PrimaryKey", node.span)


def _watermark(node: ast.Watermark, draft: _Draft, environment: Environment) -> None:
    """`ts`, or `ts - constant`; nothing else (ruling 6)."""
    report = environment.report
    draft.watermark = node
    column = _find(node.column, node.span, draft, environment)
    if column is not None and column.type is not Type.TIMESTAMP:
        message = f"event time {node.column!r} must be TIMESTAMP, not {column.type.value}"
        report.add("CEP216", message, node.span, f"declare it: {node.column} TIMESTAMP")
    value = node.value
    if isinstance(value, ast.Binary) and value.operator == "sub":
        delay = bind_duration(value.right, "the delay of the watermark", environment, zero=True)
        draft.delay_us = delay or 0
        value = value.left
    if not (isinstance(value, ast.Name) and value.name == node.column):
        hint = f"write WATERMARK FOR {node.column} AS {node.column} - 2s"
        message = "a watermark is the time column, or the time column minus a constant"
        report.add("CEP233", message, node.value.span, hint)


def _tiebreak(node: ast.Tiebreak, draft: _Draft, environment: Environment) -> None:
    names = []
    for item in node.columns:
        if not isinstance(item, ast.Name):
            message = "TIEBREAK BY takes columns of the stream"
            environment.report.add("CEP215", message, item.span)
        elif _find(item.name, item.span, draft, environment) is not None:
            names.append(item.name)
    if draft.tiebreak:
        environment.report.add("CEP224", "TIEBREAK is given twice", node.span)
    draft.tiebreak = tuple(names)


def _option(node: ast.Option, draft: _Draft, environment: Environment) -> None:
    report, name = environment.report, node.name.lower()
    if name == "retain":
        refuse(report, "Option.retain", node.span)
    elif name not in _OPTIONS:
        hint = nearest(name, _OPTIONS) or f"options are {', '.join(_OPTIONS)}"
        report.add("CEP208", f"unknown option {node.name!r}", node.span, hint)
    elif name in draft.values:
        report.add("CEP224", f"option {name} is given twice", node.span)
    else:
        value = _OPTIONS[name](node, environment)
        if value is not None:
            draft.values[name] = value


def _one_of(words: tuple[str, ...]) -> Callable[[ast.Option, Environment], object]:
    def read(node: ast.Option, environment: Environment) -> object:
        value = bind_constant(node.value, Type.STRING, f"option {node.name}", environment)
        if value is None:
            return None
        if value.value not in words:
            message = f"option {node.name} is one of {', '.join(words)}"
            hint = nearest(str(value.value), words)
            environment.report.add("CEP216", message, node.value.span, hint)
            return None
        return value.value

    return read


def _duration_option(node: ast.Option, environment: Environment) -> object:
    return bind_duration(node.value, f"option {node.name}", environment, zero=True)


def _time_option(node: ast.Option, environment: Environment) -> object:
    return bind_duration(node.value, f"option {node.name}", environment)


def _name_option(node: ast.Option, environment: Environment) -> object:
    value = bind_constant(node.value, Type.STRING, f"option {node.name}", environment)
    return None if value is None else value.value


_OPTIONS: dict[str, Callable[[ast.Option, Environment], object]] = {
    "format": _one_of(_FORMATS),
    "ts_unit": _one_of(tuple(TS_UNITS)),
    "late": _one_of(("adjust",)),
    "idle_timeout": _duration_option,
    "dedup_key": _name_option,
    "dedup_for": _time_option,
}
