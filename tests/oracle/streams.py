"""Rules without memory beyond a frame: SELECT .. WHERE, windows as table functions, OVER."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.aggregates import aggregate, argument_of
from tests.oracle.expressions import evaluate
from tests.oracle.operator import QueryOperator, RowScope
from tests.oracle.values import UnsupportedError
from tests.oracle.windows import Windowing, windowing_of

if TYPE_CHECKING:
    from tests.oracle.calendars import CalendarWindowing
    from tests.oracle.catalog import Catalog, Event

Row = dict[str, Any]


class Filter(QueryOperator):
    """SELECT .. FROM stream WHERE .. [QUALIFY ..]: a row an event, at its time."""

    def __init__(self, catalog: Catalog, rule: ast.CreateRule, reads: list[str]) -> None:
        super().__init__(catalog, rule, reads)
        alias = getattr(self.query.from_, "alias", None)
        self.owners = {alias or reads[0]}
        self.named = {w.name: w.spec for w in self.query.windows}
        self.windowing: Windowing | CalendarWindowing | None = None
        if isinstance(self.query.from_, ast.TableFunction):
            self.windowing = windowing_of(self.query, catalog)
        self.seen: list[tuple[Event, Row]] = []

    def on_event(self, event: Event) -> list[Row]:
        rows = [event.row]
        if self.windowing is not None:
            rows = [
                {**event.row, "window_start": a, "window_end": b, "window_time": b - 1}
                for a, b in self.windowing.of(event.t)
            ]
        return [out for row in rows for out in self._one(event, row)]

    def _one(self, event: Event, row: Row) -> list[Row]:
        scope = OverScope(self, event, row)
        where = self.query.where
        if where is not None and evaluate(where, scope) is not True:
            return []
        self.seen.append((event, row))
        qualify = self.query.qualify
        if qualify is not None and evaluate(qualify, scope) is not True:
            return []
        return self.rows(event.t, [scope])


class OverScope(RowScope):
    """A row and the rows of its stream before it."""

    def __init__(self, rule: Filter, event: Event, row: Row) -> None:
        super().__init__(row, rule.owners, rule.catalog.parameters)
        self.rule = rule
        self.event = event

    def call(self, call: ast.Call) -> Any:
        """Return an aggregate over its frame."""
        if call.over is None:
            raise UnsupportedError(call.name)
        spec = self.rule.named[call.over] if isinstance(call.over, str) else call.over
        if call.name.lower() in ("row_number", "lag", "first_value", "last_value"):
            return self._of_one_row(call, spec)
        before, frame = self._frame(spec)
        before, frame = self._chosen(call, before), self._chosen(call, frame)
        if call.star:
            return len(frame)
        plain = replace(call, filter=None)
        now = self.event.t
        return aggregate(
            plain,
            self._samples(plain, frame),
            self._samples(plain, before),
            start=now - self._amount(spec),
            end=now,
        )

    def _of_one_row(self, call: ast.Call, spec: ast.WindowSpec) -> Any:
        """Return a function that looks at one row of the partition or the frame."""
        before, frame = self._frame(spec)
        name = call.name.lower()
        args = [a for a in call.args if not isinstance(a, ast.NamedArgument)]
        rows = [row for _, row in (*before, *frame)]
        if name == "row_number":
            return len(rows)
        place = len(before) if name == "first_value" else len(rows) - 1
        if name == "lag":
            place -= self.rule.catalog.constant(args[1]) if len(args) > 1 else 1
        if place < 0:
            return evaluate(args[2], self) if len(args) > 2 else None
        return evaluate(args[0], self._at(rows[place]))

    def _chosen(self, call: ast.Call, part: list[tuple[Event, Row]]) -> list[tuple[Event, Row]]:
        """Return the rows for which the FILTER of an aggregate is TRUE."""
        test = call.filter
        if test is None:
            return part
        return [(e, row) for e, row in part if evaluate(test, self._at(row)) is True]

    def _samples(self, call: ast.Call, part: list[tuple[Event, Row]]) -> list[tuple[int, Any]]:
        argument = argument_of(call)
        return [(e.t, evaluate(argument, self._at(row))) for e, row in part]

    def _at(self, row: Row) -> RowScope:
        return RowScope(row, self.owners, self.parameters)

    def _amount(self, spec: ast.WindowSpec) -> int:
        """Return how far a frame reaches back, in us or rows; 0 without a bound."""
        amount = spec.frame.low.amount if spec.frame else None
        return 0 if amount is None else int(self.rule.catalog.constant(amount))

    def _frame(
        self, spec: ast.WindowSpec
    ) -> tuple[list[tuple[Event, Row]], list[tuple[Event, Row]]]:
        """Return the rows of the partition before the frame, and those in it."""

        def key(row: Row) -> list[Any]:
            return [evaluate(p.value, self._at(row)) for p in spec.partition_by]

        mine = key(self.row)
        rows = [(e, row) for e, row in self.rule.seen if key(row) == mine]
        low = spec.frame.low if spec.frame else ast.FrameBound("unbounded_preceding")
        if spec.frame and spec.frame.high not in (None, ast.FrameBound("current_row")):
            raise UnsupportedError("frame")
        if low.kind == "unbounded_preceding":
            return [], rows
        if low.kind not in ("preceding", "current_row"):
            raise UnsupportedError(low.kind)
        amount = self._amount(spec)
        if spec.frame and spec.frame.kind == "rows":
            first = max(len(rows) - amount - 1, 0)
        else:
            first = sum(e.t < self.event.t - amount for e, _ in rows)
        return rows[:first], rows[first:]
