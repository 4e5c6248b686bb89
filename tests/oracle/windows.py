"""Group windows: TUMBLE and HOP with GROUP BY and HAVING."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.aggregates import aggregate, argument_of
from tests.oracle.expressions import evaluate
from tests.oracle.operator import QueryOperator, RowScope, Timer
from tests.oracle.values import UnsupportedError

if TYPE_CHECKING:
    from tests.oracle.catalog import Catalog, Event

Row = dict[str, Any]


@dataclass
class Windowing:
    """Windows `[offset + k * every, offset + k * every + size)` (us)."""

    size: int
    every: int
    offset: int = 0

    def of(self, t: int) -> list[tuple[int, int]]:
        """Return start and end of the windows that contain a time, earliest first."""
        last = (t - self.offset) // self.every * self.every + self.offset
        starts = []
        while last + self.size > t:
            starts.append(last)
            last -= self.every
        return [(s, s + self.size) for s in reversed(starts)]


def windowing_of(query: ast.Select, catalog: Catalog) -> Windowing | None:
    """Return the windows of a query, from GROUP BY or FROM; None if it has none."""
    if isinstance(query.from_, ast.TableFunction):
        call = query.from_
        return _windowing(call.function, call.args[2:], catalog, flink=True)
    for item in query.group_by:
        if isinstance(item, ast.Call) and item.name.upper() in ("TUMBLE", "HOP"):
            return _windowing(item.name, item.args, catalog, flink=False)
    return None


def _windowing(name: str, args: tuple[Any, ...], catalog: Catalog, *, flink: bool) -> Windowing:
    given = {
        a.name.lower(): catalog.constant(a.value) for a in args if isinstance(a, ast.NamedArgument)
    }
    plain = [catalog.constant(a) for a in args if not isinstance(a, ast.NamedArgument)]
    match name.upper():
        case "TUMBLE":
            keys = ["size", "offset"]
        case "HOP":
            keys = ["slide", "size", "offset"] if flink else ["size", "every", "offset"]
        case other:
            raise UnsupportedError(other)
    given.update(zip(keys, plain, strict=False))
    every = given.get("slide", given.get("every", given["size"]))
    return Windowing(given["size"], every, given.get("offset", 0))


@dataclass
class Open:
    """An open window of a group: its key, its events, all events of the group before it."""

    start: int
    end: int
    key: list[Any]
    events: list[Event] = field(default_factory=list)


class GroupWindows(QueryOperator):
    """SELECT .. GROUP BY keys, window: a row a group when the window closes."""

    def __init__(self, catalog: Catalog, rule: ast.CreateRule, reads: list[str]) -> None:
        super().__init__(catalog, rule, reads)
        found = windowing_of(self.query, catalog)
        if found is None:
            msg = "GROUP BY without a window"
            raise UnsupportedError(msg)
        self.windowing = found
        self.keys = [g for g in self.query.group_by if not _is_window(g)]
        alias = getattr(self.query.from_, "alias", None)
        self.owners = {alias or reads[0]}
        self.seen: list[tuple[list[Any], Event]] = []
        self.open: list[Open] = []

    def at(self, event: Event) -> RowScope:
        """Return the scope of one row."""
        return RowScope(event.row, self.owners, self.catalog.parameters)

    def on_event(self, event: Event) -> list[Row]:
        scope = self.at(event)
        if self.query.where is not None and evaluate(self.query.where, scope) is not True:
            return []
        key = [evaluate(k, scope) for k in self.keys]
        self.seen.append((key, event))
        for start, end in self.windowing.of(event.t):
            found = [w for w in self.open if w.start == start and w.key == key]
            if not found:
                found = [Open(start, end, key)]
                self.open += found
            found[0].events.append(event)
        return []

    def windows(self) -> list[Timer]:
        return [
            Timer(w.end - 1, (w.start, w.events[0].position), lambda w=w: self._close(w))
            for w in self.open
        ]

    def _close(self, window: Open) -> list[Row]:
        self.open.remove(window)
        scope = GroupScope(self, window)
        having = self.query.having
        if having is not None and evaluate(having, scope) is not True:
            return []
        return self.rows(window.end - 1, [scope])


def _is_window(item: ast.Expression) -> bool:
    match item:
        case ast.Call(name=name):
            return name.upper() in ("TUMBLE", "HOP")
        case ast.Name(name=name):
            return name in ("window_start", "window_end")
        case _:
            return False


class GroupScope(RowScope):
    """A group of a window: its keys, its bounds, aggregates over its rows."""

    def __init__(self, rule: GroupWindows, window: Open) -> None:
        super().__init__(window.events[0].row, rule.owners, rule.catalog.parameters)
        self.rule = rule
        self.window = window

    def name(self, name: str) -> Any:
        """Return a bound of the window or a grouped column."""
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
        earlier = self._chosen(call, [e for e in old if e.t < self.window.start])
        plain = replace(call, filter=None)
        return aggregate(
            plain,
            self._samples(plain, inside),
            self._samples(plain, earlier),
            start=self.window.start,
            end=self.window.end,
        )

    def _chosen(self, call: ast.Call, events: list[Event]) -> list[Event]:
        """Return the events for which the FILTER of an aggregate is TRUE."""
        test = call.filter
        if test is None:
            return events
        return [e for e in events if evaluate(test, self.rule.at(e)) is True]

    def _samples(self, call: ast.Call, events: list[Event]) -> list[tuple[int, Any]]:
        argument = argument_of(call)
        return [(e.t, evaluate(argument, self.rule.at(e))) for e in events]
