"""When groups without a window give rows: EMIT CHANGES, EMIT EVERY, EMIT ON CHANGE OF (ruling 38)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.errors import NO_SPAN
from cep.lang import ast
from cep.plan.bind.constants import bind_duration
from cep.plan.bind.expressions import bind_expression
from cep.plan.bind.groups import STATE
from cep.plan.bind.names import item_name
from cep.plan.bind.operators import convert
from cep.plan.bind.ordering import given_clauses
from cep.plan.bind.refused import refuse
from cep.plan.bind.report import is_broken
from cep.plan.expressions import Column, Expr
from cep.plan.nodes import CalendarWindow, Conflate, Filter, Item, Node, OnChange, WindowSize
from cep.types import Type

if TYPE_CHECKING:
    from cep.errors import Span
    from cep.plan.bind.groups import GroupScope

WINDOWLESS_EMITS = frozenset({"changes", "every", "on_change"})
WINDOW_EMITS = frozenset({"final", "changes"})


def emit_clause(node: ast.Select) -> ast.Emit | None:
    """Return the EMIT of a query, None if it has none."""
    return next((c for c in node.output if isinstance(c, ast.Emit)), None)


def gives_changes(node: ast.Select, scope: GroupScope) -> bool:
    """Whether a window gives a row for every row it takes: EMIT CHANGES over TUMBLE.

    Errors: CEP224 beside DISTINCT, ORDER BY or LIMIT n, CEP308 over another window.
    """
    emit = emit_clause(node)
    if emit is None or emit.mode != "changes" or scope.unbounded:
        return False
    window = scope.grouping.window
    match window:
        case WindowSize():
            tumbles = window.size_us == window.every_us
        case CalendarWindow():
            tumbles = window.size == window.every
        case _:
            tumbles = False
    if not tumbles or emit.every is not None:
        refuse(
            scope.report, "Emit.changes" if emit.every is None else "Emit.changes_every", emit.span
        )
        return False
    if given_clauses(node):
        message = "EMIT CHANGES gives rows one by one: there is no window end to order them at"
        scope.report.add("CEP224", message, emit.span)
    return True


def with_state(items: list[tuple[Item, Span]] | None) -> list[tuple[Item, Span]] | None:
    """Return the items of a window with changes: the last column says what a row is."""
    if items is None or any(item.name == STATE for item, _ in items):
        return items
    return [*items, (Item(STATE, Column(0, STATE, Type.STRING, not_null=True)), NO_SPAN)]


def emitted_groups(
    node: ast.Select, scope: GroupScope, top: Node, having: Expr | None
) -> Node | None:
    """Return the rows of a group as its EMIT says, tested by HAVING; None on a mistake.

    HAVING is tested on the rows that EMIT EVERY gives, and before the changes of EMIT ON CHANGE OF are looked for.

    Errors: CEP202, CEP216, CEP308, and those of expressions.
    """
    emit = emit_clause(node) if scope.unbounded else None
    keys = tuple(Column(0, i.name, i.value.type) for _, i in scope.grouping.keys)
    if emit is not None and emit.mode == "every":
        if scope.environment.ttl is not None:
            scope.environment.ttl.taken = False  # the last rows that are kept are not forgotten
        assert emit.every is not None, "the grammar wants a duration"
        every = bind_duration(emit.every, "the time of EMIT EVERY", scope.environment)
        top = Conflate(top, keys, every or 1, emit.kind or "last", top.schema)
    if emit is not None and emit.mode == "changes" and emit.every is not None:
        refuse(scope.report, "Emit.changes_every", emit.span)
    if having is not None:
        top = Filter(top, having, top.schema)
    if emit is not None and emit.mode == "on_change":
        values = changing(node, scope, emit)
        if any(is_broken(v) for v in values):
            return None
        top = OnChange(top, keys, values, top.schema, scope.ttl_us())
    return top


def changing(node: ast.Select, scope: GroupScope, emit: ast.Emit) -> tuple[Expr, ...]:
    """Return the values of ON CHANGE OF: items of the select list by name, or expressions over the group.

    To be called before the node of the groups is made: it collects their aggregates.
    """
    scope.place = "EMIT ON CHANGE OF"
    items = [i for i in node.items if isinstance(i, ast.SelectItem)]
    named = {i.alias or item_name(i.value): i.value for i in items}
    values = []
    for column in emit.columns:
        written = named.get(column.name, column) if isinstance(column, ast.Name) else column
        value = bind_expression(written, scope)
        values.append(convert(value, Type.STRING) if value.type is Type.NULL else value)
    return tuple(values)
