"""Queries: from a SELECT to its chain of plan nodes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.lang import ast
from cep.plan.bind.emission import (
    WINDOW_EMITS,
    WINDOWLESS_EMITS,
    changing,
    emit_clause,
    emitted_groups,
    gives_changes,
    with_state,
)
from cep.plan.bind.expressions import bind_condition
from cep.plan.bind.groups import GroupScope, bind_grouping, groups_windows, row_scope
from cep.plan.bind.lints import lint_lasting
from cep.plan.bind.matches import bind_match_query
from cep.plan.bind.ordering import bind_ordering, no_ordering
from cep.plan.bind.overs import OverScope
from cep.plan.bind.refused import refuse
from cep.plan.bind.report import is_broken
from cep.plan.bind.select import as_they_are, bind_items, project, throttle
from cep.plan.bind.sources import RowSource, bind_source, windowed_rows
from cep.plan.bind.timeouts import timeout_selects
from cep.plan.nodes import Filter, GroupWindow

if TYPE_CHECKING:
    from cep.plan.bind.environment import Environment
    from cep.plan.bind.matches import MatchOptions
    from cep.plan.nodes import Node


def bind_query(
    node: ast.Query,
    timeouts: tuple[ast.Query, ...],
    options: MatchOptions,
    environment: Environment,
) -> tuple[Node, ...] | None:
    """Return the plan of a query, its output columns being those of the top node; None on a mistake.

    Args:
        node: The query of a rule.
        timeouts: Its ON TIMEOUT queries, whose plans come behind it.
        options: What annotations of the rule say to a MATCH.
        environment: Names.

    Errors: all of the binder but those of streams and incidents.
    """
    report = environment.report
    if not isinstance(node, ast.Select):
        return None  # an APPLY whose mistake is reported
    before = report.mistakes
    if node.from_ is None:
        refuse(report, "Select.from_", node.span)
        return None
    if isinstance(node.from_, ast.Match):
        selects = timeout_selects(timeouts, report)
        for select in selects:
            no_ordering(select, report)
        no_ordering(node, report)
        found = bind_match_query(node, node.from_, selects, options, environment)
    else:
        for timeout in timeouts:
            message = "ON TIMEOUT belongs to a rule over MATCH"
            hint = "MATCH_RECOGNIZE has no timeouts" if _is_recognize(node.from_) else ""
            report.add("CEP224", message, timeout.span, hint)
        source = bind_source(node.from_, environment)
        result = None if source is None else _rows(node, source, environment)
        found = None if result is None else (result,)
    return found if report.mistakes == before else None


def _is_recognize(node: object) -> bool:
    return isinstance(node, ast.MatchRecognize)


def _rows(node: ast.Select, source: RowSource, environment: Environment) -> Node | None:
    """Bind a query without MATCH."""
    if source.windowed and not groups_windows(node.group_by):
        rows = windowed_rows(source, environment.report, node.span)
        if rows is None:
            return None
        source = rows
    below: Node | None = source.scan
    if node.where is not None:
        scope = row_scope("WHERE", source, environment)
        condition = bind_condition(node.where, scope)
        below = None if is_broken(condition) else Filter(source.scan, condition, source.scan.schema)
    if node.group_by:
        result = _grouped(node, source, below, environment)
    else:
        result = _each_row(node, source, below, environment)
    stateful = node.group_by or any(
        isinstance(c, ast.Suppress | ast.RateLimit) for c in node.output
    )
    if stateful:
        what = "GROUP BY" if node.group_by else "SUPPRESS and LIMIT"
        environment.needs_time(source.stream, what, node.span)
    return result


def _each_row(
    node: ast.Select, source: RowSource, below: Node | None, environment: Environment
) -> Node | None:
    """A row for each row, with or without window functions."""
    report = environment.report
    no_ordering(node, report)
    scope = OverScope(environment, source)
    scope.name_windows(node.windows)
    # Of a join inside a join all columns go on, as they are called there (subqueries.expand).
    items = bind_items(node.items, scope, scope, report) if node.items else as_they_are(source.scan)
    qualify = None
    if node.qualify is not None:
        scope.place = "QUALIFY"
        qualify = bind_condition(node.qualify, scope)
        if not scope.collected and not is_broken(qualify):
            hint = "conditions on columns go to WHERE"
            report.add("CEP223", "QUALIFY without a window function", node.qualify.span, hint)
    if node.having is not None:
        hint = "conditions on columns go to WHERE, on window functions to QUALIFY"
        report.add("CEP223", "HAVING without GROUP BY", node.having.span, hint)
    if scope.collected:
        environment.needs_time(source.stream, "OVER", node.span)
    if items is None or below is None or (qualify is not None and is_broken(qualify)):
        return None
    top = scope.node(below)
    if qualify is not None:
        top = Filter(top, qualify, top.schema)
    top = project(items, top, source.stream.time_column, report)
    return throttle(node.output, top, frozenset(), environment)


def _grouped(
    node: ast.Select, source: RowSource, below: Node | None, environment: Environment
) -> Node | None:
    """A row for each group and window."""
    report = environment.report
    emit = emit_clause(node)
    windowless = emit is not None and emit.mode in WINDOWLESS_EMITS
    grouping = bind_grouping(node.group_by, source, environment, windowless=windowless)
    for window in node.windows:
        report.add("CEP223", "WINDOW with GROUP BY", window.span, "windows are for OVER")
    if node.qualify is not None:
        hint = "conditions on aggregates go to HAVING"
        report.add("CEP223", "QUALIFY with GROUP BY", node.qualify.span, hint)
    if grouping is None:
        return None
    scope = GroupScope(environment, source, grouping)
    scope.changes = gives_changes(node, scope)
    items = bind_items(node.items, scope, scope, report)
    if scope.changes:
        items = with_state(items)
    having = None
    if node.having is not None and environment.groups_all:
        refuse(report, "View.having", node.having.span)
    elif node.having is not None:
        scope.place = "HAVING"
        having = bind_condition(node.having, scope)
    if emit is not None and scope.unbounded:
        changing(node, scope, emit)
    ordering = bind_ordering(node, scope)
    if items is None or below is None or (having is not None and is_broken(having)):
        return None
    forgets = emit is not None and emit.mode in ("changes", "on_change")
    named = any(a.name.lower() == "ttl" for a in environment.annotations)
    if scope.unbounded and forgets and grouping.keys and not named:
        lint_lasting(node.group_by[0].span, report)
    rows = scope.node(below)
    if ordering is not None and isinstance(rows, GroupWindow):
        distinct, order = ordering.distinct, ordering.order
        rows = replace(rows, having=having, distinct=distinct, order=order, limit=ordering.limit)
        having = None
    top = emitted_groups(node, scope, rows, having)
    if top is None:
        return None
    top = project(items, top, None, report)
    emits = WINDOWLESS_EMITS if scope.unbounded else WINDOW_EMITS
    return throttle(node.output, top, emits, environment)
