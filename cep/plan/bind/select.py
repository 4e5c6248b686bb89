"""The select list and what follows it: items, stars, the time column, SUPPRESS and LIMIT."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, assert_never

from cep.errors import NO_SPAN
from cep.lang import ast
from cep.plan.bind.constants import bind_duration
from cep.plan.bind.expressions import bind_expression
from cep.plan.bind.names import item_name, no_duplicates
from cep.plan.bind.operators import convert
from cep.plan.bind.refused import refuse
from cep.plan.bind.report import is_broken
from cep.plan.bind.scopes import RowScope
from cep.plan.expressions import Column, Expr, Meta
from cep.plan.nodes import Item, Limit, Node, Project, Suppress
from cep.schema import ColumnSpec, Schema
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cep.errors import Span
    from cep.plan.bind.environment import Environment
    from cep.plan.bind.report import Report
    from cep.plan.bind.scopes import Scope

TIME = "ts"


class SelectScope(Protocol):
    """A scope that can stand behind a select list."""

    def star(self, node: ast.Star | ast.MemberStar) -> list[Item] | None:
        """Return the items of `*` or `owner.*`, None when there are none (reported)."""


def bind_items(
    nodes: Sequence[ast.SelectItem | ast.Star], scope: Scope, stars: SelectScope, report: Report
) -> list[tuple[Item, Span]] | None:
    """Return the items of a select list with their places; None if one has a mistake.

    Errors: CEP209 two items of a name, and those of the expressions.
    """
    items: list[tuple[Item, Span]] = []
    broken = False
    for node in nodes:
        star = node if isinstance(node, ast.Star) else node.value
        if isinstance(star, ast.Star | ast.MemberStar):
            found = stars.star(star)
            broken = broken or found is None
            items += [(item, node.span) for item in found or ()]
        elif isinstance(node, ast.SelectItem):
            item = _item(node, scope, report)
            broken = broken or item is None
            items += [(item, node.span)] if item is not None else []
    no_duplicates(items, report)
    return None if broken else items


def as_they_are(node: Node) -> list[tuple[Item, Span]]:
    """Return the columns of a node as items of their names."""
    return [
        (Item(c.name, Column(0, c.name, c.type, c.not_null)), NO_SPAN) for c in node.schema.columns
    ]


def _item(node: ast.SelectItem, scope: Scope, report: Report) -> Item | None:
    value = bind_expression(node.value, scope)
    name = node.alias or item_name(node.value)
    if name is None:
        report.add("CEP209", "this output column has no name", node.span, "add AS name")
        return None
    if is_broken(value):
        return None
    if value.type is Type.NULL:
        hint = "say which: CAST(NULL AS DOUBLE)"
        report.add("CEP217", f"column {name!r} is NULL of no type", node.span, hint)
        return None
    return Item(name, value)


def project(
    items: Iterable[tuple[Item, Span]], source: Node, time_column: str | None, report: Report
) -> Project:
    """Return the projection, with the time column `ts` in front unless an item has that name.

    Args:
        items: Items with their places.
        source: Node below.
        time_column: Column of `source` that is T of the row, None if there is none.
        report: Takes the mistakes.

    Errors: CEP235 item ts of another type; lint CEP609.
    """
    named = list(items)
    for item, span in named:
        if item.name != TIME:
            continue
        if item.value.type is not Type.TIMESTAMP:
            message = f"output column ts must be TIMESTAMP, not {item.value.type.value}"
            report.add("CEP235", message, span, "give it another name with AS")
        elif not _is_time(item.value, time_column):
            message = "column ts is plain data here; windows and order use the time of the row"
            report.add("CEP609", message, span, "give it another name with AS")
    values = [item for item, _ in named]
    if not any(item.name == TIME for item in values):
        values.insert(0, Item(TIME, Meta("time", Type.TIMESTAMP)))
    columns = tuple(ColumnSpec(i.name, i.value.type, _not_null(i.value)) for i in values)
    return Project(source, tuple(values), Schema(columns))


def _is_time(value: Expr, time_column: str | None) -> bool:
    if isinstance(value, Meta):
        return value.what == "time"
    return isinstance(value, Column) and time_column is not None and value.name == time_column


def _not_null(value: Expr) -> bool:
    return isinstance(value, Meta) or (isinstance(value, Column) and value.not_null)


def throttle(
    clauses: Iterable[ast.OutputClause], node: Node, emits: frozenset[str], environment: Environment
) -> Node:
    """Put SUPPRESS, LIMIT and TIMESTAMP on top of a query, in the order written.

    Args:
        clauses: Output clauses of the query.
        node: The query below.
        emits: EMIT modes that say what this query does anyway.
        environment: Names.

    Errors: CEP202, CEP209, CEP216, CEP224, CEP235, CEP308.
    """
    report, emit = environment.report, None
    for clause in clauses:
        match clause:
            case ast.Emit():
                if emit is not None:
                    report.add("CEP224", "EMIT is given twice", clause.span)
                emit = clause
                if clause.mode not in emits:
                    refuse(report, f"Emit.{clause.mode}", clause.span)
            case ast.OutTime():
                node = _stamped(clause, node, environment)
            case ast.Suppress():
                node = _suppress(clause, node, environment)
            case ast.RateLimit():
                node = _limit(clause, node, environment)
            case _:
                assert_never(clause)
    return node


def _keys(
    nodes: Sequence[ast.Expression], what: str, node: Node, environment: Environment
) -> tuple[Expr, ...]:
    scope = RowScope(environment, what, node.schema)
    keys = (bind_expression(n, scope) for n in nodes)
    return tuple(convert(k, Type.STRING) if k.type is Type.NULL else k for k in keys)


def _suppress(clause: ast.Suppress, node: Node, environment: Environment) -> Node:
    keys = _keys(clause.columns, "SUPPRESS BY", node, environment)
    length = bind_duration(clause.duration, "the time of SUPPRESS", environment)
    if node.schema.find("suppressed") is not None:
        message = "SUPPRESS adds a column 'suppressed', which is there already"
        environment.report.add("CEP209", message, clause.span)
    schema = Schema((*node.schema.columns, ColumnSpec("suppressed", Type.INT, not_null=True)))
    return Suppress(node, keys, length or 0, schema)


def _stamped(clause: ast.OutTime, node: Node, environment: Environment) -> Node:
    """Put another time into the column `ts`; T of the rows stays (ruling 3)."""
    report = environment.report
    value = bind_expression(clause.value, RowScope(environment, "TIMESTAMP", node.schema))
    if is_broken(value):
        return node
    if value.type is not Type.TIMESTAMP:
        message = f"TIMESTAMP takes a TIMESTAMP, not {value.type.value}"
        report.add("CEP235", message, clause.span)
        return node
    if environment.output_is_read:
        message = "TIMESTAMP in a rule whose output another rule reads"
        hint = "rules go by the time of the row: give the other time a column of its own"
        report.add("CEP224", message, clause.span, hint)
    items = tuple(
        Item(c.name, value if c.name == TIME else Column(0, c.name, c.type, c.not_null))
        for c in node.schema.columns
    )
    columns = (
        replace(c, not_null=_not_null(value)) if c.name == TIME else c for c in node.schema.columns
    )
    return Project(node, items, Schema(tuple(columns)))


def _limit(clause: ast.RateLimit, node: Node, environment: Environment) -> Node:
    keys = _keys(clause.columns, "LIMIT .. BY", node, environment)
    per = bind_duration(clause.per, "the time of LIMIT", environment)
    if clause.count < 1:
        environment.report.add("CEP216", "LIMIT must let at least 1 row pass", clause.span)
    return Limit(node, keys, clause.count, per or 0, node.schema)


def with_schema(node: Node, schema: Schema) -> Node:
    """Return a query with exactly the columns of `schema`: missing ones NULL, INT as DOUBLE where asked."""
    if [(c.name, c.type) for c in node.schema.columns] == [
        (c.name, c.type) for c in schema.columns
    ]:
        return replace(node, schema=schema)
    items = []
    for column in schema.columns:
        found = node.schema.find(column.name)
        value = null_of(column.type) if found is None else Column(0, found.name, found.type)
        items.append(Item(column.name, convert(value, column.type)))
    return Project(node, tuple(items), schema)


def null_of(kind: Type) -> Expr:
    """Return a NULL of a type."""
    from cep.plan.expressions import Literal

    return Literal(None, kind)
