"""Windows that rows open and end: SESSION, BATCH, COUNT_WINDOW, STATE_WINDOW with GROUP BY (ruling 33)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.expressions import evaluate
from tests.oracle.operator import QueryOperator, Timer
from tests.oracle.ordering import ordered, orders
from tests.oracle.values import UnsupportedError
from tests.oracle.windows import GroupRows, GroupScope, Open

if TYPE_CHECKING:
    from tests.oracle.catalog import Catalog, Event

Row = dict[str, Any]
NAMES = ("SESSION", "BATCH", "COUNT_WINDOW", "STATE_WINDOW", "SLIDE")


def event_window_of(query: ast.Select) -> ast.Call | None:
    """Return the window of GROUP BY, None if it is another one."""
    for item in query.group_by:
        if isinstance(item, ast.Call) and item.name.upper() in NAMES:
            return item
    return None


class EventWindows(GroupRows):
    """A row when a window of a group ends; a group has one window at a time."""

    by_rows = True
    orders = True

    def __init__(self, catalog: Catalog, rule: ast.CreateRule, reads: list[str]) -> None:
        QueryOperator.__init__(self, catalog, rule, reads)
        call = event_window_of(self.query)
        assert call is not None
        self.call = call
        self.kind = call.name.upper()
        self.begin([g for g in self.query.group_by if g is not call])

    def argument(self, name: str, place: int) -> Any:
        """Return an argument of the window by name or place, None if it is left out."""
        for number, arg in enumerate(self.call.args):
            if isinstance(arg, ast.NamedArgument):
                if arg.name.lower() == name:
                    return self.catalog.constant(arg.value)
            elif number == place:
                return self.catalog.constant(arg)
        return None

    def test(self, place: int, event: Event) -> bool:
        """Return whether a condition of STATE_WINDOW is TRUE."""
        condition = self.call.args[place]
        if isinstance(condition, ast.NamedArgument):
            raise UnsupportedError(self.kind)
        return evaluate(condition, self.at(event)) is True

    def on_event(self, event: Event) -> list[Row]:
        key = self.taken(event)
        if key is None:
            return []
        if self.kind == "SLIDE" or self.argument("every", 1 if self.kind == "COUNT_WINDOW" else 9):
            return self.frame(key, event)
        mine = [w for w in self.open if w.key == key]
        if not mine:
            if self.kind == "STATE_WINDOW" and not self.test(0, event):
                return []
            self.open.append(Open(event.t, event.t, key, [event]))
            window = self.open[-1]
            ends = False
        else:
            window = mine[0]
            window.events.append(event)
            ends = self.kind == "STATE_WINDOW" and self.test(1, event)
        window.end = event.t
        if self.kind in ("COUNT_WINDOW", "BATCH"):
            limit = self.argument("count", 0 if self.kind == "COUNT_WINDOW" else 1)
            ends = len(window.events) == limit
        return self.close(window, event.t) if ends else []

    def frame(self, key: list[Any], event: Event) -> list[Row]:
        """Return the row of a window that ends with this row and may share rows with others."""
        group = [e for k, e in self.seen if k == key]
        if self.kind == "SLIDE":
            start = event.t - self.argument("size", 0)
            inside = [e for e in group if e.t >= start]
        else:
            if len(group) % self.argument("every", 1):
                return []
            inside = group[-self.argument("count", 0) :]
            start = inside[0].t
        self.open.append(Open(start, event.t, key, inside))
        return self.close(self.open[-1], event.t)

    def windows(self) -> list[Timer]:
        if self.kind == "BATCH":
            length = self.argument("size", 0)
            return self._ends([(w, w.start + length) for w in self.open], 1)
        most = self.argument("max", 1) if self.kind == "SESSION" else None
        return [] if most is None else self._ends([(w, w.start + most) for w in self.open], 1)

    def deadlines(self) -> list[Timer]:
        if self.kind != "SESSION":
            return []
        gap = self.argument("gap", 0)
        return self._ends([(w, w.events[-1].t + gap) for w in self.open], 0)

    def _ends(self, ends: list[tuple[Open, int]], before: int) -> list[Timer]:
        """Return the timers of windows, `before` us before their ends; one for all of an end if their rows are ordered."""
        if orders(self.query):
            together = [[(w, end) for w, end in ends if end == e] for e in {e for _, e in ends}]
        else:
            together = [[pair] for pair in ends]
        return [
            Timer(
                some[0][1] - before,
                (some[0][0].start, min(w.events[0].position for w, _ in some)),
                lambda some=some: self._close_all(some, some[0][1] - before),
            )
            for some in together
        ]

    def _close_all(self, some: list[tuple[Open, int]], t: int) -> list[Row]:
        """Take out windows that end together and return their rows, in the order in which they opened."""
        scopes = []
        for window, end in sorted(some, key=lambda pair: pair[0].events[0].position):
            window.end = end
            self.open.remove(window)
            scope = GroupScope(self, window)
            having = self.query.having
            if having is None or evaluate(having, scope) is True:
                scopes.append(scope)
        return self.rows(t, ordered(self.query, scopes))
