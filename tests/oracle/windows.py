"""Group windows: TUMBLE, HOP and CUMULATE with GROUP BY and HAVING."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.aggregates import aggregate, argument_of
from tests.oracle.calendars import CalendarWindowing, calendar_windowing
from tests.oracle.catalog import changes
from tests.oracle.expressions import evaluate
from tests.oracle.operator import QueryOperator, RowScope, Timer
from tests.oracle.ordering import ordered, orders
from tests.oracle.values import UnsupportedError

if TYPE_CHECKING:
    from tests.oracle.catalog import Catalog, Event
    from tests.oracle.operator import Scope

Row = dict[str, Any]


@dataclass
class Windowing:
    """Windows `[offset + k * every, offset + k * every + size)` (us).

    step: of CUMULATE, windows `[offset + k * size, offset + k * size + j * step)` up to the size.
    """

    size: int
    every: int
    offset: int = 0
    step: int | None = None

    def of(self, t: int) -> list[tuple[int, int]]:
        """Return start and end of the windows that contain a time, earliest first."""
        if self.step is not None:
            start = (t - self.offset) // self.size * self.size + self.offset
            lengths = range(self.step, self.size + 1, self.step)
            return [(start, start + n) for n in lengths if start + n > t]
        last = (t - self.offset) // self.every * self.every + self.offset
        starts = []
        while last + self.size > t:
            starts.append(last)
            last -= self.every
        return [(s, s + self.size) for s in reversed(starts)]


def windowing_of(query: ast.Select, catalog: Catalog) -> Windowing | CalendarWindowing | None:
    """Return the windows of a query, from GROUP BY or FROM; None if it has none."""
    if isinstance(query.from_, ast.TableFunction):
        call = query.from_
        return _windowing(call.function, call.args[2:], catalog, flink=True)
    for item in query.group_by:
        if isinstance(item, ast.Call) and item.name.upper() in ("TUMBLE", "HOP", "CUMULATE"):
            return _windowing(item.name, item.args, catalog, flink=False)
    return None


def _windowing(
    name: str, args: tuple[Any, ...], catalog: Catalog, *, flink: bool
) -> Windowing | CalendarWindowing:
    written = {a.name.lower(): a.value for a in args if isinstance(a, ast.NamedArgument)}
    plain = [a for a in args if not isinstance(a, ast.NamedArgument)]
    match name.upper():
        case "TUMBLE":
            keys = ["size", "offset"]
        case "HOP":
            keys = ["slide", "size", "offset"] if flink else ["size", "every", "offset"]
        case "CUMULATE":
            keys = ["step", "size", "offset"]
        case other:
            raise UnsupportedError(other)
    written.update(zip(keys, plain, strict=False))
    months = {k: v.months for k, v in written.items() if isinstance(v, ast.Duration)}
    given = {k: catalog.constant(v) for k, v in written.items()}
    offset = given.get("offset", 0)
    step = next((k for k in ("step", "slide", "every") if k in given), "size")
    if "zone" in given:
        size, every = ((given[k], months.get(k, 0)) for k in ("size", step))
        cumulates = step == "step"
        return calendar_windowing(given["zone"], offset, size, every, cumulates=cumulates)
    return Windowing(given["size"], given[step], offset, given.get("step"))


@dataclass
class Open:
    """An open window of a group: its key, its events, all events of the group before it."""

    start: int
    end: int
    key: list[Any]
    events: list[Event] = field(default_factory=list)


class GroupRows(QueryOperator):
    """What all windows of GROUP BY share: rows with their keys, and the row of a window that ends.

    by_rows: whether windows begin with a row rather than an instant, so that rows of the same instant may
    stand before them.
    """

    by_rows = False
    closed_state: str | None = None  # what `window_state` is in the row of a window that closes

    def begin(self, keys: list[ast.Expression]) -> None:
        """Start with the keys of GROUP BY, without rows."""
        self.keys = keys
        alias = getattr(self.query.from_, "alias", None)
        self.owners = {alias or self.reads[0]}
        self.seen: list[tuple[list[Any], Event]] = []
        self.open: list[Open] = []

    def at(self, event: Event) -> RowScope:
        """Return the scope of one row."""
        return RowScope(event.row, self.owners, self.catalog.parameters)

    def taken(self, event: Event) -> list[Any] | None:
        """Note a row that WHERE lets pass and return its key; None for the others."""
        scope = self.at(event)
        if self.query.where is not None and evaluate(self.query.where, scope) is not True:
            return None
        key = [evaluate(k, scope) for k in self.keys]
        self.seen.append((key, event))
        return key

    def close(self, window: Open, t: int) -> list[Row]:
        """Take a window out and return its row, unless HAVING holds it back."""
        self.open.remove(window)
        scope = GroupScope(self, window, self.closed_state)
        having = self.query.having
        if having is not None and evaluate(having, scope) is not True:
            return []
        return self.rows(t, [scope])


class GroupWindows(GroupRows):
    """SELECT .. GROUP BY keys, window: a row a group when the window closes."""

    orders = True

    def __init__(self, catalog: Catalog, rule: ast.CreateRule, reads: list[str]) -> None:
        super().__init__(catalog, rule, reads)
        found = windowing_of(self.query, catalog)
        if found is None:
            msg = "GROUP BY without a window"
            raise UnsupportedError(msg)
        self.windowing = found
        self.changes = changes(self.query)
        self.closed_state = "final" if self.changes else None
        self.begin([g for g in self.query.group_by if not _is_window(g)])

    def on_event(self, event: Event) -> list[Row]:
        key = self.taken(event)
        if key is None:
            return []
        given: list[Row] = []
        for start, end in self.windowing.of(event.t):
            found = [w for w in self.open if (w.start, w.end, w.key) == (start, end, key)]
            if not found:
                found = [Open(start, end, key)]
                self.open += found
            found[0].events.append(event)
            if self.changes:
                given += self.give(found[0], event.t, "update")
        return given

    def give(self, window: Open, t: int, state: str) -> list[Row]:
        """Return the row of a window as it is now, unless HAVING holds it back."""
        scope = GroupScope(self, window, state)
        having = self.query.having
        if having is not None and evaluate(having, scope) is not True:
            return []
        return self.rows(t, [scope])

    def project(self, t: int, scope: Scope) -> Row:
        row = super().project(t, scope)
        return {**row, "window_state": scope.name("window_state")} if self.changes else row

    def windows(self) -> list[Timer]:
        return self._ends([w for w in self.open if not _again(w)])

    def deadlines(self) -> list[Timer]:
        return self._ends([w for w in self.open if _again(w)])

    def _ends(self, windows: list[Open]) -> list[Timer]:
        if orders(self.query):
            return [
                Timer(end - 1, (end,), lambda end=end: self.close_all(end))
                for end in {w.end for w in windows}
            ]
        return [
            Timer(w.end - 1, (w.start, w.events[0].position), lambda w=w: self.close(w, w.end - 1))
            for w in windows
        ]

    def close_all(self, end: int) -> list[Row]:
        """Take out the windows of one end and return their rows as DISTINCT, ORDER BY and LIMIT leave them."""
        closed = [w for w in self.open if w.end == end]
        self.open = [w for w in self.open if w.end != end]
        closed.sort(key=lambda w: w.events[0].position)
        scopes = [GroupScope(self, w) for w in closed]
        having = self.query.having
        if having is not None:
            scopes = [s for s in scopes if evaluate(having, s) is True]
        return self.rows(end - 1, ordered(self.query, scopes))


def _again(window: Open) -> bool:
    """Whether a deadline in the last instant of a window has opened it again: it closes as a deadline of that instant."""
    first = window.events[0]
    return first.phase > 2 and first.t == window.end - 1


class Groups(GroupRows):
    """A view that groups without a window: the group of a row over all its rows so far, with every row."""

    by_rows = True

    def __init__(self, catalog: Catalog, rule: ast.CreateRule, reads: list[str]) -> None:
        super().__init__(catalog, rule, reads)
        self.begin(list(self.query.group_by))

    def on_event(self, event: Event) -> list[Row]:
        key = self.taken(event)
        if key is None:
            return []
        mine = [e for k, e in self.seen if k == key]
        return self.rows(event.t, [GroupScope(self, Open(mine[0].t, event.t, key, mine))])


def _is_window(item: ast.Expression) -> bool:
    match item:
        case ast.Call(name=name):
            return name.upper() in ("TUMBLE", "HOP", "CUMULATE")
        case ast.Name(name=name):
            return name in ("window_start", "window_end")
        case _:
            return False


class GroupScope(RowScope):
    """A group of a window: its keys, its bounds, aggregates over its rows."""

    def __init__(self, rule: GroupRows, window: Open, state: str | None = None) -> None:
        super().__init__(window.events[0].row, rule.owners, rule.catalog.parameters)
        self.rule = rule
        self.window = window
        self.state = state

    def name(self, name: str) -> Any:
        """Return a bound of the window or a grouped column."""
        if name == "window_state" and self.state is not None:
            return self.state
        bounds = {"window_start": self.window.start, "window_end": self.window.end}
        return bounds[name] if name in bounds else super().name(name)

    def call(self, call: ast.Call) -> Any:
        """Return an aggregate over the rows of the group."""
        if call.over is not None:
            raise UnsupportedError(call.name)
        inside = self._chosen(call, self.window.events)
        if call.star:
            return len(inside)
        old = [e for key, e in self.rule.seen if key == self.window.key]
        first = self.window.events[0].position
        before = [e for e in old if e.t < self.window.start or self._precedes(e, first)]
        earlier = self._chosen(call, before)
        plain = replace(call, filter=None)
        return aggregate(
            plain,
            self._samples(plain, inside),
            self._samples(plain, earlier),
            start=self.window.start,
            end=self.window.end,
        )

    def _precedes(self, event: Event, first: int) -> bool:
        return self.rule.by_rows and event.position < first

    def _chosen(self, call: ast.Call, events: list[Event]) -> list[Event]:
        """Return the events for which the FILTER of an aggregate is TRUE."""
        test = call.filter
        if test is None:
            return events
        return [e for e in events if evaluate(test, self.rule.at(e)) is True]

    def _samples(self, call: ast.Call, events: list[Event]) -> list[tuple[int, Any]]:
        argument = argument_of(call)
        return [(e.t, evaluate(argument, self.rule.at(e))) for e in events]
