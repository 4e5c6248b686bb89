"""Columns with DEFAULT and computed columns: rules read their stream through a view that has them.

`CREATE STREAM s (a INT DEFAULT 0, b INT AS (a + 1))` is read as
`SELECT a, CAST(a + 1 AS INT) AS b FROM (SELECT COALESCE(a, CAST(0 AS INT)) AS a FROM s)`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.lang import ast
from cep.lang.imports import renamed
from cep.plan.bind.constants import bind_constant
from cep.plan.bind.refused import refuse
from cep.plan.bind.types import bind_type
from cep.plan.bind.written_columns import made_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.plan.bind.environment import Environment


def with_made_columns(statements: Sequence[ast.Statement]) -> list[ast.Statement]:
    """Return the statements with a view behind each stream that has such columns, and rules that read the view."""
    streams: dict[str, ast.CreateStream] = {}
    for node in statements:
        if isinstance(node, ast.CreateStream) and (node.name not in streams or node.or_replace):
            streams[node.name] = node
    written = {name for node in statements for name in _written(node)}
    views = {
        name: f"{name}$columns"
        for name, node in streams.items()
        if name not in written and made_columns(node)
    }
    if not views:
        return list(statements)
    found: list[ast.Statement] = []
    for node in statements:
        match node:
            case ast.CreateStream() if node.name in views and node is streams[node.name]:
                found += [node, ast.CreateView(views[node.name], _query(node), span=node.span)]
            case ast.CreateRule():
                body = replace(node.body, query=renamed(node.body.query, views))
                timeouts = tuple(replace(t, query=renamed(t.query, views)) for t in node.timeouts)
                found.append(replace(node, body=body, timeouts=timeouts))
            case ast.CreateView() | ast.CreateTemplate():
                found.append(replace(node, query=renamed(node.query, views)))
            case ast.CreateIncident():
                clauses = tuple(
                    renamed(c, views) if isinstance(c, ast.IncidentOn) else c for c in node.clauses
                )
                found.append(replace(node, clauses=clauses))
            case _:
                found.append(node)
    return found


def _columns(node: ast.CreateStream) -> list[ast.ColumnDefinition]:
    return [e for e in node.elements or () if isinstance(e, ast.ColumnDefinition)]


def _written(node: ast.Statement) -> list[str]:
    """Return the streams that a statement writes."""
    match node:
        case ast.CreateRule():
            return [node.body.target or node.name, *(t.target or "" for t in node.timeouts)]
        case ast.CreateIncident():
            return [c.stream for c in node.clauses if isinstance(c, ast.IncidentInto)]
        case _:
            return []


def _query(node: ast.CreateStream) -> ast.Select:
    """Return what rules read instead of the stream."""
    columns = _columns(node)
    stream: ast.Table = ast.TableName(node.name, span=node.span)
    if any(c.default is not None for c in columns):
        plain = tuple(_filled(c) for c in columns if c.computed is None)
        filled = ast.Select(plain, stream, span=node.span)
        if all(c.computed is None for c in columns):
            return filled
        stream = ast.Derived(filled, node.name, node.span)
    return ast.Select(tuple(_computed(c) for c in columns), stream, span=node.span)


def _filled(column: ast.ColumnDefinition) -> ast.SelectItem:
    name = ast.Name(column.name, column.span)
    if column.default is None:
        return ast.SelectItem(name, span=column.span)
    default = ast.Cast(column.default, column.type, span=column.span)
    value = ast.Call("COALESCE", (name, default), span=column.span)
    return ast.SelectItem(value, column.name, column.span)


def _computed(column: ast.ColumnDefinition) -> ast.SelectItem:
    if column.computed is None:
        return ast.SelectItem(ast.Name(column.name, column.span), span=column.span)
    value = ast.Cast(column.computed, column.type, span=column.span)
    return ast.SelectItem(value, column.name, column.span)


def check_made(node: ast.ColumnDefinition, environment: Environment) -> None:
    """Check what the view cannot say itself.

    Errors: CEP215 and CEP216 of a DEFAULT that is no constant of the type, CEP310 NOT NULL of a computed column.
    """
    if node.computed is not None and (node.not_null or node.default is not None):
        what = "NOT NULL or DEFAULT of a computed column"
        refuse(environment.report, "ColumnDefinition.computed", node.span, name=what)
    elif node.default is not None:
        kind = bind_type(node.type, environment.report)
        if kind is not None:
            bind_constant(node.default, kind, f"the default of {node.name}", environment)
