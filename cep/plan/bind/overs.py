"""Queries over rows without GROUP BY: a row for each row, with window functions (OVER) if there are any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from cep.errors import nearest
from cep.lang import ast
from cep.plan.bind.aggregates import bind_aggregate, find_aggregate, needs_length
from cep.plan.bind.constants import bind_count, bind_duration
from cep.plan.bind.expressions import bind_expression
from cep.plan.bind.lints import lint_unbounded
from cep.plan.bind.names import HIDDEN, fresh
from cep.plan.bind.operators import convert
from cep.plan.bind.refused import LATER_FUNCTIONS, refuse
from cep.plan.bind.report import BROKEN, is_broken
from cep.plan.bind.row_functions import ROW_FUNCTIONS, expand_row_function
from cep.plan.bind.scopes import RowScope
from cep.plan.expressions import Aggregate, Column, Expr
from cep.plan.nodes import Frame, Item, Node, Over
from cep.schema import ColumnSpec, Schema
from cep.types import Type

if TYPE_CHECKING:
    from cep.plan.bind.environment import Environment
    from cep.plan.bind.sources import RowSource


class OverScope(RowScope):
    """SELECT and QUALIFY: columns of the row, and window functions, which are collected for one Over node.

    Invariants: equal window functions and equal frames are kept once.
    """

    def __init__(self, environment: Environment, source: RowSource) -> None:
        super().__init__(
            environment,
            "SELECT",
            source.scan.schema,
            source.qualifiers,
            unknown=source.stream.unknown,
        )
        self.source = source
        self.windows: dict[str, Frame | None] = {}
        self.specs: dict[str, ast.WindowSpec] = {}
        self.frames: list[Frame] = []
        self.collected: dict[tuple[Aggregate, int], str] = {}

    def name_windows(self, windows: tuple[ast.NamedWindow, ...]) -> None:
        """Bind the windows of the WINDOW clause.

        Errors: CEP209 and those of frames.
        """
        for window in windows:
            if window.name in self.windows:
                message = f"window {window.name!r} is declared twice"
                self.report.add("CEP209", message, window.span)
            else:
                self.specs[window.name] = window.spec
                self.windows[window.name] = self._frame(window.spec)

    def call(self, node: ast.Call) -> Expr | None:
        """Return the column of a window function; None for ordinary functions."""
        if node.name.lower() in ROW_FUNCTIONS:
            return self._row_function(node)
        function = find_aggregate(node)
        name = node.name.upper()
        if node.over is None:
            if function is None:
                return None
            hint = "write OVER (PARTITION BY k RANGE 1m PRECEDING), or GROUP BY k, TUMBLE(1m)"
            return self.report.add("CEP221", f"aggregate {name} needs a window", node.span, hint)
        if function is None:
            if node.name.lower() in LATER_FUNCTIONS:
                return refuse(self.report, "Call.later", node.span, name=f"the function {name}")
            return self.report.add("CEP220", f"{name} is no window function", node.span)
        frame = self._frame_of(node.over, node)
        inner = RowScope(
            self.environment,
            f"an argument of {name}",
            self.schema,
            self.qualifiers,
            unknown=self.unknown,
        )
        aggregate = bind_aggregate(node, function, inner, "over")
        if frame is None or aggregate is None:
            return BROKEN
        if needs_length(aggregate) and (frame.kind == "rows" or frame.amount is None):
            message = f"{name} extrapolates to the bounds of a frame that has none in time"
            hint = "write OVER (PARTITION BY k RANGE 5m PRECEDING)"
            return self.report.add("CEP216", message, node.span, hint)
        return self._collect(aggregate, frame)

    def _row_function(self, node: ast.Call) -> Expr:
        """Return a window function that gives the value of one row."""
        if node.over is None:
            message = f"{node.name.upper()} needs OVER"
            hint = "write OVER (PARTITION BY k)"
            return self.report.add("CEP221", message, node.span, hint)
        spec = node.over if isinstance(node.over, ast.WindowSpec) else self.specs.get(node.over)
        if spec is None:
            self._frame_of(node.over, node)
            return BROKEN
        written = expand_row_function(node, spec, self.report)
        if written is None or (node.name.lower() == "last_value" and self._frame(spec) is None):
            return BROKEN
        return bind_expression(written, self)

    def _collect(self, aggregate: Aggregate, frame: Frame) -> Expr:
        if frame not in self.frames:
            self.frames.append(frame)
        key = (aggregate, self.frames.index(frame))
        if key not in self.collected:
            taken = (*self.schema.names(), *self.collected.values())
            self.collected[key] = fresh(aggregate.function, taken)
        return Column(0, self.collected[key], aggregate.type, span=aggregate.span)

    def _frame_of(self, over: ast.WindowSpec | str, node: ast.Call) -> Frame | None:
        if isinstance(over, ast.WindowSpec):
            return self._frame(over)
        if over not in self.windows:
            hint = nearest(over, self.windows) or f"declare it: WINDOW {over} AS (..)"
            self.report.add("CEP207", f"unknown window {over!r}", node.span, hint)
            return None
        return self.windows[over]

    def _frame(self, spec: ast.WindowSpec) -> Frame | None:
        rows = RowScope(
            self.environment, "PARTITION BY", self.schema, self.qualifiers, unknown=self.unknown
        )
        keys = [bind_expression(item.value, rows) for item in spec.partition_by]
        for item in spec.order_by:
            self._order(item)
        partition = tuple(convert(k, Type.STRING) if k.type is Type.NULL else k for k in keys)
        bounds = self._bounds(spec)
        return None if is_broken(*keys) or bounds is None else Frame(partition, *bounds)

    def _order(self, item: ast.SortItem) -> None:
        """Only the event time, ascending."""
        value = item.value
        name = value.name if isinstance(value, ast.Name | ast.Member) else None
        if self.unknown or (name == self.source.stream.time_column and item.direction != "desc"):
            return
        hint = f"write ORDER BY {self.source.stream.time_column}, or leave ORDER BY out"
        refuse(self.report, "WindowSpec.order_by", item.span, hint=hint)

    def _bounds(self, spec: ast.WindowSpec) -> tuple[Literal["range", "rows"], int | None] | None:
        """Return the kind and amount of a frame; without one, all rows up to this one (ruling 33)."""
        frame = spec.frame
        if frame is None:
            lint_unbounded(spec, spec.span, self.report)
            return "range", None
        high = frame.high
        if high is not None and high.kind != "current_row":
            refuse(self.report, "Frame.following", high.span)
            return None
        if frame.low.kind == "unbounded_preceding":
            lint_unbounded(spec, frame.low.span, self.report)
            return "range", None  # the same rows, whichever way they are counted
        amount = self._amount(frame)
        return None if amount is None else (frame.kind, amount)

    def _amount(self, frame: ast.Frame) -> int | None:
        """Return how far a bounded frame reaches back, in us or rows."""
        low = frame.low
        if low.kind == "current_row":
            return 0
        if low.kind != "preceding" or low.amount is None:
            refuse(self.report, "Frame.following", low.span)
            return None
        if frame.kind == "rows":
            return bind_count(low.amount, "the number of rows of a frame", self.environment)
        return bind_duration(low.amount, "the time of a frame", self.environment, zero=True)

    def node(self, below: Node) -> Node:
        """Return the Over node on top of a node; the node itself if there is no window function."""
        if not self.collected:
            return below
        aggregates = tuple((name, a, frame) for (a, frame), name in self.collected.items())
        added = tuple(ColumnSpec(name, a.type) for name, a, _ in aggregates)
        schema = Schema((*below.schema.columns, *added))
        return Over(below, tuple(self.frames), aggregates, schema)

    def star(self, node: ast.Star | ast.MemberStar) -> list[Item] | None:
        """Return the declared columns of the stream in order."""
        if isinstance(node, ast.MemberStar):
            target = node.target
            if not isinstance(target, ast.Name) or target.name not in self.qualifiers:
                message = "only the stream of this query has columns: write *"
                self.report.add("CEP202", message, node.span)
                return None
        if self.unknown:
            return None
        owner = (
            node.target.name
            if isinstance(node, ast.MemberStar) and isinstance(node.target, ast.Name)
            else ""
        )
        return [
            Item(self._own_name(c.name), Column(0, c.name, c.type, c.not_null, node.span))
            for c in self.schema.columns
            if (not (self.joined and owner) or c.name.rpartition(".")[0] == owner)
            and not self._own_name(c.name).startswith(HIDDEN)
        ]

    def _own_name(self, name: str) -> str:
        """Return the name of a column in its stream."""
        return name.rpartition(".")[2] if self.joined else name
