"""The world of the model: rows arrive, clocks advance, instants run their three phases (rulings 1, 2, 4, 6, 8)."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.catalog import Catalog, Event, Source, table_asked
from tests.oracle.event_windows import EventWindows, event_window_of
from tests.oracle.expressions import evaluate as value_of
from tests.oracle.incidents import Incidents
from tests.oracle.joins import Joins
from tests.oracle.match import Match
from tests.oracle.membership import Membership
from tests.oracle.operator import RowScope, Sent
from tests.oracle.recognize import Recognize
from tests.oracle.running_groups import RunningGroups
from tests.oracle.streams import Filter
from tests.oracle.values import UnsupportedError, read
from tests.oracle.windows import Groups, GroupWindows, windowing_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.oracle.operator import Operator, Timer

Row = dict[str, Any]
FOREVER = float("inf")
__all__ = ["UnsupportedError", "World", "evaluate"]


def evaluate(
    text: str,
    arrivals: Iterable[tuple[str, Row]],
    *,
    parameters: Mapping[str, Any] | None = None,
    end: bool = True,
) -> dict[str, list[Row]]:
    """Return the rows of every output stream, late streams included, of rows given in arrival order.

    Raises:
        UnsupportedError: the rules use what the model does not cover.
    """
    arrivals = list(arrivals)
    world = World(text, parameters, fed={stream for stream, _ in arrivals})
    for stream, row in arrivals:
        world.send(stream, row)
    if end:
        world.end()
    return {s: rows for s, rows in world.outputs.items() if not world.catalog.hidden(s)}


class World:
    """Rules and their streams; `outputs` grows with every call."""

    def __init__(
        self, text: str, parameters: Mapping[str, Any] | None = None, *, fed: set[str] | None = None
    ) -> None:
        self.catalog = Catalog(text)
        self.catalog.parameters.update(parameters or {})
        self.rules = [self._operator(rule) for rule in self.catalog.rules]
        self.outputs: dict[str, list[Row]] = {t: [] for r in self.rules for t in r.targets}
        self.outputs |= {
            s.late_into: [] for s in self.catalog.sources.values() if s.late_into is not None
        }
        self.columns = {t: self.catalog.columns(t) for r in self.rules for t in r.targets}
        self.topological = self._sorted()
        self.seen_by = {rule.name: self._behind(rule) for rule in self.rules}
        self.pending: list[tuple[Any, Event]] = []
        self.position = 0
        self.instants: dict[frozenset[str], int] = {}  # the last one of each component
        self.phase = 1
        for source in self.catalog.sources.values():
            if fed is not None and source.name not in fed:
                source.watermark = FOREVER

    def _operator(self, rule: ast.CreateRule | ast.CreateIncident) -> Operator:
        reads = self.catalog.reads(rule)
        if isinstance(rule, ast.CreateIncident):
            return Incidents(self.catalog, rule, reads)
        query = rule.body.query
        assert isinstance(query, ast.Select)
        if table_asked(query.where):
            return Membership(self.catalog, rule, reads)
        if isinstance(query.from_, ast.Join):
            return Joins(self.catalog, rule, reads)
        if isinstance(query.from_, ast.Match):
            return Match(self.catalog, rule, reads)
        if isinstance(query.from_, ast.MatchRecognize):
            return Recognize(self.catalog, rule, reads)
        if event_window_of(query) is not None:
            return EventWindows(self.catalog, rule, reads)
        if rule.name in self.catalog.tables:
            return Groups(self.catalog, rule, reads)
        if query.group_by and windowing_of(query, self.catalog) is None:
            return RunningGroups(self.catalog, rule, reads)
        if query.group_by:
            return GroupWindows(self.catalog, rule, reads)
        return Filter(self.catalog, rule, reads)

    def _behind(self, rule: Operator) -> set[str]:
        """Return the streams that a rule and the queries inside it read."""
        found = {*rule.reads}
        for other in self.rules:
            if any(t in rule.reads and self.catalog.hidden(t) for t in other.targets):
                found |= self._behind(other)
        return found

    def _sorted(self) -> list[Operator]:
        """Return the rules, each after all it reads, otherwise in declaration order."""
        rest = list(self.rules)
        found: list[Operator] = []
        while rest:
            ready = [r for r in rest if not any({*w.targets} & {*r.reads} for w in rest)]
            if not ready:
                msg = "rules feed each other"
                raise UnsupportedError(msg)
            found.append(ready[0])
            rest.remove(ready[0])
        return found

    # ------------------------------------------------------------ what users do

    def send(self, stream: str, row: Row) -> None:
        """Take one row of a source stream."""
        source = self.catalog.sources[stream]
        seq, source.read = source.read, source.read + 1
        if not source.any_fields:
            row = {n: read(row.get(n), kind) for n, kind in source.columns.items()}
        if any(row[n] is None for n in {*source.required, source.time}):
            return
        t, before = row[source.time], source.watermark
        source.watermark = max(before, t - source.delay)
        if t < before or t < self._clock(source):
            if source.adjusts:
                clock = self._clock(source)
                t = int(clock) if math.isfinite(clock) else t
            elif source.late_into is not None:
                self.outputs[source.late_into].append(row)
                return
            else:
                return
        row = self._whole(source, row)
        self.pending.append((self._rank(source, t, row, seq), Event(stream, t, row, seq)))
        self._run()

    def _whole(self, source: Source, row: Row) -> Row:
        """Return a row with defaults where it is NULL, and the columns computed of it."""
        if source.any_fields:
            return row
        filled = {n: source.defaults.get(n) if v is None else v for n, v in row.items()}
        scope = RowScope(filled, {source.name}, self.catalog.parameters)
        made = {n: value_of(e, scope) for n, e in source.made.items()}
        return {n: {**filled, **made}[n] for n in source.order_of_columns}

    def advance(self, stream: str, t: int) -> None:
        """Move the watermark of a source stream."""
        source = self.catalog.sources[stream]
        source.watermark = max(source.watermark, t)
        self._run()

    def end(self) -> None:
        """End all input: everything that is pending happens, in time order."""
        for source in self.catalog.sources.values():
            source.watermark = FOREVER
        for rule in self.rules:
            rule.ended = True
        self._run()
        for rule in self.topological:
            t = self.instants.get(self._together(self._some_source(rule)))
            if t is not None:
                self._complete(deque(self._events(rule, rule.at_end(t), t)))
                self._run()

    def take(self, stream: str) -> list[Row]:
        """Return the rows of an output stream since the last call."""
        rows = self.outputs[stream]
        self.outputs[stream] = []
        return rows

    # ------------------------------------------------------------ clocks

    def _rank(self, source: Source, t: int, row: Row, seq: int) -> tuple[Any, ...]:
        """Return the place of a source event in the total order (ruling 1)."""
        ties = tuple((row[c] is None, row[c]) for c in source.ties)
        return (t, source.order, tuple((null, "" if null else v) for null, v in ties), seq)

    def _together(self, source: Source) -> frozenset[str]:
        """Return the names of the sources of a component."""
        return frozenset(s.name for s in self._component(source))

    def _component(self, source: Source) -> list[Source]:
        """Return the sources that reach a common rule with this one, itself included."""
        names = {source.name}
        while True:
            grown = set(names)
            for rule in self.rules:
                if names & {*rule.reads}:
                    grown |= {*rule.reads}
                    grown |= {t for r in self.rules for t in rule.targets if t in r.reads}
                if names & {*rule.targets}:
                    grown |= {*rule.reads}
            if grown == names:
                break
            names = grown
        return [s for s in self.catalog.sources.values() if s.name in names]

    def _clock(self, source: Source) -> float:
        return min(s.watermark for s in self._component(source))

    def _may_run(self, event: Event) -> bool:
        """Whether nothing that stands before a source event can still come."""
        source = self.catalog.sources[event.stream]
        if self._clock(source) < event.t:
            return False
        return all(
            s.watermark > event.t
            for s in self._component(source)
            if s.order < source.order or (s is source and s.ties)
        )

    def _passed(self, rule: Operator, t: int) -> bool:
        """Whether phases 2 and 3 of an instant may run for a rule."""
        return self._clock(self._some_source(rule)) > t

    def _some_source(self, rule: Operator) -> Source:
        for name in rule.reads:
            if name in self.catalog.sources:
                return self.catalog.sources[name]
        return self._some_source(next(r for r in self.rules if {*r.targets} & {*rule.reads}))

    # ------------------------------------------------------------ instants

    def _run(self) -> None:
        """Let everything happen that the clocks allow, one cause after the other."""
        while self._one():
            pass

    def _one(self) -> bool:
        """Run the first cause: the earliest instant, in it phase 1, 2, 3; False if none may run."""
        events = sorted((p for p in self.pending if self._may_run(p[1])), key=lambda p: p[0])
        causes: list[tuple[Any, Any]] = []
        if events:
            causes.append(((events[0][1].t, 1), events[0]))
        for phase in (2, 3):
            for number, rule in enumerate(self.topological):
                timers = rule.windows() if phase == 2 else rule.deadlines()
                allowed = [t for t in timers if self._passed(rule, t.t)]
                causes += [((t.t, phase, number, t.order), (rule, t)) for t in allowed]
        if not causes:
            return False
        place, cause = min(causes, key=lambda c: c[0])
        instant, self.phase = place[:2]
        first = place[1] == 1
        source = self.catalog.sources[cause[1].stream] if first else self._some_source(cause[0])
        self.instants[self._together(source)] = instant
        if first:
            self.pending.remove(cause)
            self._complete(deque([cause[1]]))
        else:
            rule, timer = cause
            self._act(rule, timer)
        return True

    def _act(self, rule: Operator, timer: Timer) -> None:
        self._complete(deque(self._events(rule, timer.act(), timer.t)))

    def _events(self, rule: Operator, rows: list[Row], t: int) -> list[Event]:
        """Return the rows of a rule as events of the streams they go to."""
        return [Event(r.target if isinstance(r, Sent) else rule.target, t, r) for r in rows]

    def _complete(self, queue: deque[Event]) -> None:
        """Take events and all that follows from them, breadth first (ruling 1)."""
        while queue:
            event = queue.popleft()
            self._number(event)
            for rule in self.rules:
                if event.stream in self.seen_by[rule.name]:
                    rule.sees(event.t)
                if event.stream in rule.reads:
                    queue.extend(self._events(rule, rule.on_event(event), event.t))

    def _number(self, event: Event) -> None:
        event.position, event.phase = self.position, self.phase
        self.position += 1
        if event.stream not in self.columns:
            return
        event.row = {n: event.row.get(n) for n in self.columns[event.stream]}
        declared = self.catalog.declared.get(event.stream)
        if declared is not None and (declared.defaults or declared.made):
            event.row = self._whole(declared, event.row)
        event.seq = self.catalog.written.get(event.stream, 0)
        self.catalog.written[event.stream] = event.seq + 1
        self.outputs[event.stream].append(event.row)
