"""Streams that rules write: the union of their columns, checked against a declaration if there is one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cep.lang import ast
from cep.plan.bind.emission import emit_clause
from cep.plan.bind.operators import shared_type
from cep.plan.bind.select import with_schema
from cep.plan.nodes import GroupWindow, Join, Scan
from cep.plan.tree import source_of
from cep.schema import ColumnSpec, Schema
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cep.errors import Span
    from cep.graph.graph import StreamSpec
    from cep.plan.bind.environment import StreamInfo
    from cep.plan.bind.report import Report
    from cep.plan.nodes import Node

_TIME = ColumnSpec("ts", Type.TIMESTAMP, not_null=True)


@dataclass(frozen=True, slots=True)
class Writer:
    """A query that writes a stream: that of a rule (branch 0), an ON TIMEOUT query of it (1, 2, ..), or an incident."""

    rule: str
    branch: int
    root: Node
    declaration: int
    span: Span


@dataclass(slots=True)
class Output:
    """A stream and the queries that write it; `broken` when one of them has a mistake.

    arrival, changes: what `StreamInfo` says of it.
    """

    name: str
    declared: StreamSpec | None = None
    writers: list[Writer] = field(default_factory=list)
    broken: bool = False
    arrival: bool = False
    changes: bool = False


def union_schema(output: Output, report: Report) -> Schema:
    """Return the columns of a written stream (ruling 29).

    Errors: CEP231 same name with different types, or columns other than declared.
    """
    if output.declared is not None:
        return _declared_schema(output, output.declared, report)
    columns: dict[str, ColumnSpec] = {}
    for writer in output.writers:
        for column in writer.root.schema.columns:
            first = columns.setdefault(column.name, column)
            kind = shared_type((first.type, column.type))
            if kind is None:
                message = _conflict(output.name, column, first.type)
                report.add("CEP231", message, writer.span, "rename one of them with AS, or CAST it")
            else:
                columns[column.name] = ColumnSpec(
                    column.name, kind, first.not_null and column.not_null
                )
    everywhere = [{c.name for c in w.root.schema.columns} for w in output.writers]
    return Schema(
        tuple(
            c if all(c.name in names for names in everywhere) else replace(c, not_null=False)
            for c in columns.values()
        )
    )


def _conflict(stream: str, column: ColumnSpec, kind: Type) -> str:
    return f"column {column.name!r} of {stream} is {kind.value} and {column.type.value}"


def _declared_schema(output: Output, declared: StreamSpec, report: Report) -> Schema:
    columns = declared.schema.columns
    if declared.schema.find("ts") is None:
        columns = (_TIME, *columns)
    written = [writer.root.schema for writer in output.writers]
    schema = Schema(tuple(replace(c, not_null=_never_null(c.name, written)) for c in columns))
    for writer in output.writers:
        for column in writer.root.schema.columns:
            wanted = schema.find(column.name)
            if wanted is None:
                message = f"{output.name} is declared without column {column.name!r}"
                report.add("CEP231", message, writer.span, "add it to CREATE STREAM")
            elif shared_type((wanted.type, column.type)) is not wanted.type:
                message = _conflict(output.name, column, wanted.type)
                report.add("CEP231", message, writer.span, "CAST it, or change CREATE STREAM")
    return schema


def _never_null(name: str, written: Sequence[Schema]) -> bool:
    """Whether every rule that writes a stream gives a column that is never NULL."""
    found = [schema.find(name) for schema in written]
    return all(column is not None and column.not_null for column in found)


def check_declared(declared: StreamSpec, writer: str, span: Span, report: Report) -> None:
    """Report clauses that a stream written by rules cannot have.

    Errors: CEP231.
    """
    clauses = {
        "WATERMARK": declared.time_column is not None,
        "TIEBREAK": bool(declared.tiebreak),
        "LATE INTO": declared.late_into is not None,
    }
    for clause, there in clauses.items():
        if there:
            message = f"{declared.name} is written by rule {writer}: it takes no {clause}"
            report.add("CEP231", message, span, "its events have the time of the rule")


def conform(writers: Sequence[Writer], schema: Schema) -> list[Writer]:
    """Return the writers of a stream with exactly its columns."""
    return [replace(writer, root=with_schema(writer.root, schema)) for writer in writers]


def tells_changes(query: ast.Query, root: Node, streams: Mapping[str, StreamInfo]) -> bool:
    """Return whether several rows of a query may tell of one thing as that changes.

    So it is with EMIT CHANGES, and with every query without groups over a stream of such rows.
    """
    emit = emit_clause(query) if isinstance(query, ast.Select) else None
    if emit is not None:
        return emit.mode == "changes"
    node: Node | None = root
    while node is not None:
        match node:
            case GroupWindow():
                return False
            case Scan():
                return streams[node.stream].changes
            case Join():
                rows = node.inputs[:1] if node.kind == "lookup" else node.inputs
                return any(streams[scan.stream].changes for scan in rows)
            case _:
                node = source_of(node)
    return False
