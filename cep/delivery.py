"""Delivery of output rows: callbacks, queues of iterators, tables; what users see of a batch."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import logging
import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cep.functions.identity import match_id
from cep.tables import Event, Table, python_values
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from cep.batch import EventBatch
    from cep.graph.graph import Graph, RuleSpec
    from cep.schema import Schema
    from cep.strings import StringTable

LOGGER = logging.getLogger("cep")


class EventStream:
    """The events of one output stream as an iterator.

    `for` takes what is there and stops; `async for` waits for more until the engine is closed.
    Memory: events wait here until they are taken.
    """

    def __init__(self) -> None:
        self._waiting: collections.deque[Event] = collections.deque()
        self._closed = False
        self._lock = threading.Lock()
        self._wake: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def put(self, events: list[Event]) -> None:
        """Add events at the end (called by the engine)."""
        self._waiting.extend(events)
        self._call()

    def close(self) -> None:
        """Say that no more events come."""
        self._closed = True
        self._call()

    def _call(self) -> None:
        with self._lock:
            waiting, self._wake = self._wake, []
        for loop, event in waiting:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(event.set)

    def __iter__(self) -> Iterator[Event]:
        """Take the events that are there."""
        while self._waiting:
            yield self._waiting.popleft()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Take events as they come, until the engine is closed."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            woken = asyncio.Event()
            with self._lock:
                if self._closed and not self._waiting:
                    return
                if not self._waiting:
                    self._wake.append((asyncio.get_running_loop(), woken))
                else:
                    woken.set()
            await woken.wait()


@dataclass(frozen=True, slots=True)
class _Maker:
    """One of the queries that write a stream; writer: as in `$rule`; key_columns: of its rows."""

    rule: RuleSpec
    writer: int
    stream: str
    key_columns: tuple[str, ...]


class Delivery:
    """Hands output batches to whoever asked for their stream, in the order they were made."""

    def __init__(self, graph: Graph, strings: StringTable, *, raw_time: bool) -> None:
        self._strings = strings
        self._raw_time = raw_time
        self.describe(graph)
        self._callbacks: dict[str, list[Callable[[Event], Any]]] = {}
        self._batches: dict[str, list[Callable[[EventBatch], Any]]] = {}
        self._writers: dict[str, list[Callable[[EventBatch], Any]]] = {}
        self._streams: dict[str, list[EventStream]] = {}
        self.callback_failures = 0

    def describe(self, graph: Graph) -> None:
        """Take the streams and rules of a graph from now on; who asked for a stream stays asked."""
        self._schemas: dict[str, Schema] = {s.name: s.schema for s in graph.streams}
        for spec in graph.streams:
            if spec.late_into is not None:
                self._schemas.setdefault(spec.late_into, spec.schema)
        self._makers: dict[str, list[_Maker]] = {}
        for rule in graph.rules:
            keys = (rule.key_columns, *(branch.key_columns for branch in rule.branches))
            for number, (name, columns) in enumerate(zip(rule.outputs, keys, strict=True)):
                writer = rule.writer(number)
                self._makers.setdefault(name, []).append(_Maker(rule, writer, name, columns))
        late = {s.late_into for s in graph.streams if s.late_into is not None}
        hidden = {s.name for s in graph.streams if s.hidden}
        written = (n for r in graph.rules for n in r.outputs if n not in hidden)
        self.names = tuple(dict.fromkeys([*written, *sorted(late)]))

    def rewritten(self, graph: Graph) -> list[str]:
        """Return the streams that are written to files or tables and have other columns in a graph."""
        new = {s.name: s.schema for s in graph.streams}
        return [n for n in self._writers if n in new and new[n] != self._schemas[n]]

    def schema(self, stream: str) -> Schema:
        """Return the schema of an output stream."""
        return self._schemas[stream]

    def table(self, stream: str) -> Table:
        """Return an empty table of an output stream."""
        return Table(stream, self._schemas[stream], self._strings, raw_time=self._raw_time)

    def add_callback(self, stream: str, callback: Callable[[Event], Any]) -> None:
        """Call back for each event of a stream."""
        self._callbacks.setdefault(stream, []).append(callback)

    def add_batches(self, stream: str, callback: Callable[[EventBatch], Any]) -> None:
        """Call back for each batch of a stream."""
        self._batches.setdefault(stream, []).append(callback)

    def add_writer(self, stream: str, write: Callable[[EventBatch], Any]) -> None:
        """Hand each batch of a stream to what must not lose any: when it raises, the run fails."""
        self._writers.setdefault(stream, []).append(write)

    def add_stream(self, stream: str) -> EventStream:
        """Return a new iterator over the events of a stream from now on."""
        made = EventStream()
        self._streams.setdefault(stream, []).append(made)
        return made

    def close(self) -> None:
        """End all iterators."""
        for streams in self._streams.values():
            for stream in streams:
                stream.close()

    def deliver(self, made: list[tuple[str, EventBatch]]) -> None:
        """Hand out batches, then their events in the order of time over all streams.

        A callback that raises is logged and counted, the others go on.
        """
        found: list[tuple[float, Event]] = []
        # Late rows come in no order of time and keep that of arrival.
        reached: dict[str, float] = {}
        for stream, batch in made:
            for write in self._writers.get(stream, ()):
                write(batch)
            for take in self._batches.get(stream, ()):
                self._guarded(take, batch)
            if stream in self._callbacks or stream in self._streams:
                events = self.events(stream, batch)
                for waiting in self._streams.get(stream, ()):
                    waiting.put(events)
                newest = reached.get(stream, -math.inf)
                times = [newest := max(newest, t) for t in batch.ts.tolist()]
                reached[stream] = newest
                found += zip(times, events, strict=True)
        # Batches come in the order of the rules, so that of equal times a cause stays before its effects.
        found.sort(key=lambda pair: pair[0])
        for _, event in found:
            for callback in self._callbacks.get(event.stream, ()):
                self._guarded(callback, event)

    def _guarded(self, callback: Callable[[Any], Any], argument: object) -> None:
        try:
            callback(argument)
        except Exception:
            self.callback_failures += 1
            LOGGER.exception("a callback raised")

    def events(self, stream: str, batch: EventBatch) -> list[Event]:
        """Return the rows of a batch as events."""
        schema = self._schemas[stream]
        names = schema.names()
        lists = [
            python_values(batch.columns[c.name], c.type, self._strings, raw_time=self._raw_time)
            for c in schema.columns
        ]
        times = python_values(batch.ts, Type.TIMESTAMP, self._strings, raw_time=self._raw_time)
        makers = self._made_by(stream, batch)
        return [
            Event(stream, ts, rule, identity, dict(zip(names, row, strict=True)))
            for ts, (rule, identity), row in zip(
                times, makers, zip(*lists, strict=True), strict=True
            )
        ]

    def _made_by(self, stream: str, batch: EventBatch) -> list[tuple[str | None, str | None]]:
        """Return the rule and the match id of every row."""
        makers = self._makers.get(stream, [])
        if len(makers) == 1:
            return [(makers[0].rule.name, identity) for identity in self._ids(makers[0], batch)]
        found: list[tuple[str | None, str | None]] = [(None, None)] * len(batch)
        for maker in makers:  # several: each row says which one made it
            rows = np.flatnonzero(batch.extra["$rule"] == maker.writer)
            mine = self._ids(maker, batch.take(rows))
            for row, identity in zip(rows.tolist(), mine, strict=True):
                found[row] = (maker.rule.name, identity)
        return found

    def _ids(self, maker: _Maker, batch: EventBatch) -> list[str | None]:
        if "$origin_seq" not in batch.extra:
            return [None] * len(batch)
        rule = maker.rule
        keys = [
            python_values(
                batch.columns[n], self._column_type(maker.stream, n), self._strings, raw_time=True
            )
            for n in maker.key_columns
        ]
        origins = zip(
            batch.extra["$origin_stream"].tolist(), batch.extra["$origin_seq"].tolist(), strict=True
        )
        return [
            None
            if number < 0
            else match_id(
                rule.name, rule.version, rule.inputs[number], seq, *(k[row] for k in keys)
            )
            for row, (number, seq) in enumerate(origins)
        ]

    def _column_type(self, stream: str, name: str) -> Any:
        column = self._schemas[stream].find(name)
        assert column is not None
        return column.type
