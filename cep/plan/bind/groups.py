"""Queries with GROUP BY and a window: keys, aggregates, HAVING."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.lang import ast
from cep.plan.bind.aggregates import (
    bind_aggregate,
    find_aggregate,
    keeps_values,
    needs_length,
)
from cep.plan.bind.event_windows import EVENT_WINDOWS, event_window
from cep.plan.bind.expressions import bind_expression
from cep.plan.bind.frame_windows import FrameWindow, framed_rows
from cep.plan.bind.names import fresh, item_name
from cep.plan.bind.operators import convert
from cep.plan.bind.refused import refuse
from cep.plan.bind.report import BROKEN, Report, is_broken
from cep.plan.bind.scopes import RowScope, Scope
from cep.plan.bind.windows import WINDOWS, group_window
from cep.plan.expressions import Aggregate, Column, Expr
from cep.plan.nodes import CalendarWindow, EventWindow, GroupWindow, Item, Node, WindowSize
from cep.schema import ColumnSpec, Schema
from cep.types import Type

if TYPE_CHECKING:
    from cep.errors import Span
    from cep.plan.bind.environment import Environment
    from cep.plan.bind.sources import RowSource

BOUNDS = ("window_start", "window_end")
STATE = "window_state"


@dataclass(frozen=True, slots=True)
class Grouping:
    """What GROUP BY says: keys with the expressions they were written as, and the window."""

    keys: tuple[tuple[ast.Expression, Item], ...]
    window: WindowSize | CalendarWindow | EventWindow | FrameWindow


def bind_grouping(
    nodes: tuple[ast.Expression, ...],
    source: RowSource,
    environment: Environment,
    *,
    windowless: bool = False,
) -> Grouping | None:
    """Return keys and window of GROUP BY, or None. `windowless`: whether there may be no window.

    Errors: CEP209, CEP224 two windows, CEP302 no window, and those of keys and windows.
    """
    report = environment.report
    rows = row_scope("GROUP BY", source, environment)
    windows: list[WindowSize | CalendarWindow | EventWindow | FrameWindow | None] = []
    keys: list[tuple[ast.Expression, Item]] = []
    broken = False
    for node in nodes:
        if isinstance(node, ast.Call) and node.name.lower() in WINDOWS:
            windows.append(group_window(node, environment))
        elif isinstance(node, ast.Call) and node.name.lower() in EVENT_WINDOWS:
            windows.append(event_window(node, rows, environment))
        elif source.windowed and _last_name(node) in BOUNDS:
            windows.append(source.window)
        else:
            item = _key(node, rows, [i.name for _, i in keys], report)
            broken = broken or item is None
            keys += [(node, item)] if item is not None else []
    if not windows and (environment.groups_all or (windowless and not source.windowed)):
        windows.append(FrameWindow("all", 0))
    if not windows and not broken:
        refuse(report, "Select.group_by", nodes[0].span)
    if any(w != windows[0] for w in windows):
        report.add("CEP224", "GROUP BY has two windows", nodes[-1].span)
    if broken or not windows or windows[0] is None:
        return None
    return Grouping(tuple(keys), windows[0])


def groups_windows(nodes: tuple[ast.Expression, ...]) -> bool:
    """Whether GROUP BY names a bound of the window of a table function, which makes it a group window (ruling 34)."""
    return any(_last_name(node) in BOUNDS for node in nodes)


def _last_name(node: ast.Expression) -> str | None:
    return node.name if isinstance(node, ast.Name | ast.Member) else None


def _key(node: ast.Expression, rows: Scope, taken: list[str], report: Report) -> Item | None:
    value = bind_expression(node, rows)
    if is_broken(value):
        return None
    name = item_name(node) or fresh("key", taken)
    if name in taken or name in BOUNDS:
        if isinstance(node, ast.Name | ast.Member):
            report.add("CEP209", f"two keys of GROUP BY are called {name!r}", node.span)
            return None
        name = fresh(name, taken)
    return Item(name, convert(value, Type.STRING) if value.type is Type.NULL else value)


def row_scope(place: str, source: RowSource, environment: Environment) -> RowScope:
    """Return the scope of one row of a source."""
    return RowScope(
        environment, place, source.scan.schema, source.qualifiers, unknown=source.stream.unknown
    )


class GroupScope(Scope):
    """SELECT and HAVING of a group: keys, the bounds of the window, aggregates (which are collected)."""

    def __init__(self, environment: Environment, source: RowSource, grouping: Grouping) -> None:
        super().__init__(environment, "SELECT")
        self.source = source
        self.grouping = grouping
        self.rows = row_scope("an aggregate", source, environment)
        self.collected: dict[Aggregate, str] = {}
        self.changes = False  # EMIT CHANGES of a window

    @property
    def unbounded(self) -> bool:
        """Whether there is no window."""
        window = self.grouping.window
        return isinstance(window, FrameWindow) and window.kind == "all"

    def known(self, node: ast.Expression) -> Expr | None:
        """Return the key an expression was grouped by, as written in GROUP BY."""
        for written, item in self.grouping.keys:
            if written == node:
                return Column(0, item.name, item.value.type, span=node.span)
        return None

    def name(self, name: str, span: Span) -> Expr:
        """Return a key or a bound of the window."""
        for _, item in self.grouping.keys:
            if item.name == name and isinstance(item.value, Column) and item.value.name == name:
                return Column(0, name, item.value.type, item.value.not_null, span)
        if name in BOUNDS and not self.unbounded:
            return Column(0, name, Type.TIMESTAMP, not_null=True, span=span)
        if name == STATE and self.changes:
            return Column(0, name, Type.STRING, not_null=True, span=span)
        column = self.rows.name(name, span)
        if is_broken(column):
            return BROKEN
        for _, item in self.grouping.keys:
            if item.value == column:
                return Column(0, item.name, column.type, span=span)
        message = f"column {name!r} is neither grouped nor in an aggregate"
        hint = f"add it to GROUP BY, or take LAST({name})"
        return self.report.add("CEP222", message, span, hint)

    def json(self, name: str, span: Span) -> Expr | None:
        """Return a key with fields."""
        return None if self.rows.json(name, span) is None else self.name(name, span)

    def member(self, owner: str, name: str, span: Span) -> Expr:
        """Return a key or a bound named with its stream."""
        if owner in self.source.qualifiers or self.source.stream.unknown:
            return self.name(name, span)
        return self.rows.member(owner, name, span)

    def call(self, node: ast.Call) -> Expr | None:
        """Return the column of an aggregate; None for ordinary functions."""
        if node.over is not None:
            return refuse(self.report, "Select.group_over", node.span)
        function = find_aggregate(node)
        if function is None:
            return None
        framed = isinstance(self.grouping.window, FrameWindow)
        self.rows.place = f"an argument of {node.name.upper()}"
        aggregate = bind_aggregate(node, function, self.rows, "over" if framed else "window")
        if aggregate is None:
            return BROKEN
        window = self.grouping.window
        sized = isinstance(window, WindowSize | CalendarWindow) or window.kind == "slide"
        if not sized and needs_length(aggregate):
            message = f"{node.name.upper()} extrapolates to the bounds of a window of one length"
            return self.report.add("CEP216", message, node.span, "write TUMBLE(5m)")
        if aggregate not in self.collected:
            taken = (*(i.name for _, i in self.grouping.keys), *self.collected.values())
            self.collected[aggregate] = fresh(aggregate.function, taken)
        return Column(0, self.collected[aggregate], aggregate.type, span=node.span)

    def star(self, node: ast.Star | ast.MemberStar) -> list[Item] | None:
        """Report a star: the columns of a group are keys and aggregates."""
        keys = [item.name for _, item in self.grouping.keys]
        hint = f"name the columns: {', '.join((*keys, *BOUNDS))} and aggregates"
        self.report.add("CEP222", "* cannot stand with GROUP BY", node.span, hint)
        return None

    def ttl_us(self) -> int | None:
        """Return how long after its last row a group without a window is forgotten (@ttl), None: never.

        Errors: CEP310.
        """
        ttl = self.environment.ttl
        if ttl is None or self.environment.groups_all:
            return None
        ttl.taken = True
        if any(keeps_values(aggregate) for aggregate in self.collected):
            refuse(self.report, "Ttl.collects", ttl.span)
        return ttl.us

    def node(self, below: Node) -> Node:
        """Return the node of the groups on top of a node."""
        keys = tuple(item for _, item in self.grouping.keys)
        aggregates = tuple((name, a) for a, name in self.collected.items())
        columns = [ColumnSpec(k.name, k.value.type) for k in keys]
        if not self.unbounded:
            columns += [ColumnSpec(name, Type.TIMESTAMP, not_null=True) for name in BOUNDS]
        if self.changes:
            columns.append(ColumnSpec(STATE, Type.STRING, not_null=True))
        columns += [ColumnSpec(name, a.type) for name, a in aggregates]
        schema = Schema(tuple(columns))
        if isinstance(self.grouping.window, FrameWindow):
            ttl_us = self.ttl_us() if self.unbounded else None
            return framed_rows(
                below, keys, self.grouping.window, dict(aggregates), schema, ttl_us=ttl_us
            )
        window, changes = self.grouping.window, self.changes
        return GroupWindow(below, keys, window, aggregates, schema, changes=changes)
