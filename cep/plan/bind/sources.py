"""Tables in FROM of a query over rows: a stream, or a window table function over one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cep.errors import nearest
from cep.lang import ast
from cep.plan.bind.joins import bind_join
from cep.plan.bind.recognize import bind_recognize
from cep.plan.bind.refused import refuse
from cep.plan.bind.windows import WINDOWS, table_window
from cep.plan.nodes import Scan, WindowedRows
from cep.schema import ColumnSpec, Schema
from cep.types import Type

if TYPE_CHECKING:
    from cep.errors import Span
    from cep.plan.bind.environment import Environment, StreamInfo
    from cep.plan.bind.report import Report
    from cep.plan.nodes import CalendarWindow, Node, WindowSize

BOUNDS = ("window_start", "window_end", "window_time")


@dataclass(frozen=True, slots=True)
class RowSource:
    """What a query over rows reads: a stream or table of matches, its names, its window table function if any."""

    scan: Node
    stream: StreamInfo
    qualifiers: tuple[str, ...]
    windowed: bool = False
    window: WindowSize | CalendarWindow | None = None


def bind_source(table: ast.Table, environment: Environment) -> RowSource | None:
    """Return the source of a FROM without MATCH, or None.

    Errors: CEP201, CEP232, CEP303, CEP304.
    """
    match table:
        case ast.TableName():
            if table.as_of is not None:
                refuse(environment.report, "TableName.as_of", table.as_of.span)
            stream = environment.stream(table.name, table.span)
            names = (table.alias,) if table.alias else (table.name,)
            return RowSource(Scan(stream.name, stream.schema), stream, names)
        case ast.TableFunction():
            return _table_function(table, environment)
        case ast.MatchRecognize():
            found = bind_recognize(table, environment)
            if found is None:
                return None
            return RowSource(found.node, found.stream, (table.alias,) if table.alias else ())
        case ast.Join():
            joined = bind_join(table, environment)
            return None if joined is None else RowSource(*joined)
        case ast.Derived():
            msg = "subqueries have become rules of their own (subqueries.expand)"
            raise AssertionError(msg)
        case ast.Match():
            message = "MATCH is read with SELECT .. FROM stream MATCH ( .. )"
            environment.report.add("CEP303", message, table.span)
            return None


def _table_function(table: ast.TableFunction, environment: Environment) -> RowSource | None:
    report, name = environment.report, table.function.lower()
    if name not in WINDOWS:
        hint = nearest(name, WINDOWS)
        report.add("CEP203", f"unknown table function {table.function!r}", table.span, hint)
        return None
    found = table_window(table, environment)
    if found is None:
        return None
    stream, window = found
    names = (table.alias,) if table.alias else (stream.name,)
    scan = Scan(stream.name, stream.schema)
    return RowSource(scan, stream, names, windowed=True, window=window)


def windowed_rows(source: RowSource, report: Report, span: Span) -> RowSource | None:
    """Return the rows of a window table function, once for each window they are in; None on a mistake.

    Errors: CEP209 a column is called as one of the bounds.
    """
    if source.window is None:
        return None
    own = source.scan.schema
    taken = [name for name in BOUNDS if own.find(name) is not None]
    if taken:
        message = f"stream {source.stream.name!r} has a column {taken[0]!r} already"
        report.add("CEP209", message, span)
        return None
    added = (ColumnSpec(name, Type.TIMESTAMP, not_null=True) for name in BOUNDS)
    schema = Schema((*own.columns, *added))
    rows = WindowedRows(source.scan, source.window, schema)
    return replace(source, scan=rows, windowed=False, window=None)
