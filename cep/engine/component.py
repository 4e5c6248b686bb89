"""Streams that share a clock and the rules over them: what may run, and in which order (rulings 2 and 4)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from cep.batch import EventBatch, empty_batch
from cep.engine.merge import joined_positions, order_of, order_source
from cep.engine.reorder import joined
from cep.engine.watermark import NEVER
from cep.types import MAX_I64, NULL_I64, Type, null_column

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.engine.clock import WallClock
    from cep.engine.rule_task import Rows, RuleTask
    from cep.engine.source_stream import SourceStream
    from cep.graph.graph import StreamSpec
    from cep.schema import Schema


class Component:
    """A clock, its source streams in declaration order, its rules in topological order.

    shared: output streams whose rows are put in order with those of other components.

    Invariants: the clock never goes back; rows are handed to rules in the total order.
    """

    def __init__(
        self,
        sources: list[SourceStream],
        rules: list[RuleTask],
        derived: dict[str, StreamSpec],
        written: Counter[str],
        wall: WallClock,
        *,
        bounded: bool,
        shared: frozenset[str] = frozenset(),
        tables: tuple[StreamSpec, ...] = (),
    ) -> None:
        self._wall = wall
        self._written = written  # rows of every derived stream so far, shared by all components
        self.sources = sources
        self.rules = rules
        self.clock = NEVER
        self._idle_since_us = 0
        # The clock before it went to the end of input in this step.
        self._ends_after: int | None = None
        self._derived = derived
        self._inputs = (*(s.spec for s in sources), *tables)
        self._bounded = bounded
        self._writers = Counter(
            n for task in rules for n in task.spec.outputs
        )  # in topological order
        merged = any(len(r.spec.inputs) > 1 for r in rules)
        merged = merged or any(n > 1 for n in self._writers.values())
        # Positions are kept only where someone reads them: merges, and windows over rows of deadlines.
        phases = any(r.reads_phases and derived.keys() & {*r.spec.inputs} for r in rules)
        placed = merged or phases or bool(shared & self._writers.keys())
        self.depth = _longest_chain(rules) if placed else None
        read = {name for task in rules for name in task.spec.inputs}
        for task in rules:
            task.slice_output(alone=self.depth is None and not read & {*task.spec.outputs})

    # ------------------------------------------------------------ clock

    def holding(self, source: SourceStream) -> bool:
        """Whether a stream's watermark holds the clock back."""
        if source.watermark.idle:
            return False
        return self._bounded or source.watermark.received or source.watermark.ended

    def others(self, source: SourceStream) -> int:
        """Return the minimum watermark of the other streams that hold the clock back."""
        marks = [s.watermark.value for s in self.sources if s is not source and self.holding(s)]
        return min(marks, default=MAX_I64)

    def runs_directly(self, source: SourceStream) -> bool:
        """Whether rows of a stream may run as they come: alone, in order, of one partition (section 5)."""
        return len(self.sources) == 1 and source.in_order and not source.several_partitions

    def move_clock(self) -> None:
        """Set the clock to the minimum watermark of the streams that hold it back."""
        marks = [s.watermark.value for s in self.sources if self.holding(s)]
        if marks:
            before, self.clock = self.clock, max(self.clock, min(marks))
            if self.clock == MAX_I64 and before < MAX_I64:
                self._ends_after = before

    def tick(self, now_us: int, default_idle_us: int) -> bool:
        """Mark streams idle that were silent too long; return whether the clock may have moved.

        When all streams are idle the clock goes on with the wall clock.
        """
        moved = False
        for source in self.sources:
            limit = source.idle_timeout_us(default_idle_us)
            if limit and not source.watermark.ended:
                moved |= source.watermark.fall_idle(now_us, limit)
        if self._all_idle():
            if self._idle_since_us and not moved:
                moved_on = self.clock + max(0, now_us - self._idle_since_us)
                self.clock = min(moved_on, MAX_I64 - 1)  # MAX_I64 is the end of input
                moved = True
            self._idle_since_us = now_us
        else:
            self._idle_since_us = 0
        return moved

    def next_tick(self, now_us: int, default_idle_us: int) -> int:
        """Return the time of the wall clock before which `tick` changes nothing if no stream ends."""
        if self._all_idle():
            return now_us
        limits = [(s.watermark, s.idle_timeout_us(default_idle_us)) for s in self.sources]
        times = [m.next_idle(now_us, limit) for m, limit in limits if limit and not m.ended]
        return min(times, default=MAX_I64)

    def _all_idle(self) -> bool:
        marks = [s.watermark for s in self.sources]
        open_ = [mark for mark in marks if mark.received and not mark.ended]
        return bool(open_) and all(mark.idle for mark in open_)

    def clocks(self) -> tuple[int, int]:
        """Return the clock and the wall clock it was last moved on by (0: it is not)."""
        return self.clock, self._idle_since_us

    def restore_clocks(self, clock: int, idle_since_us: int) -> None:
        """Take over what `clocks` returned."""
        self.clock, self._idle_since_us = clock, idle_since_us

    # ------------------------------------------------------------ a step

    def step(self, emit: Callable[[str, EventBatch], None]) -> None:
        """Run every row and timer that the clock allows; `emit` takes the rows of derived streams."""
        rows = self._released()
        self.run(rows, emit)
        if self._ends_after is not None:
            times = [int(batch.ts[-1]) for batch in rows.values() if len(batch)]
            instants = [op.last_instant for task in self.rules for op in task.operators]
            last, self._ends_after = max(self._ends_after, *times, *instants, NEVER), None
            self._flush(last, emit)

    def _flush(self, last: int, emit: Callable[[str, EventBatch], None]) -> None:
        """Let rule by rule decide what is open when all instants are over; T of these rows is the `last` one (ruling 8)."""
        for number, task in enumerate(self.rules):
            inputs = tuple(self._nothing(name) for name in task.spec.inputs)
            made = task.flush(inputs, last, self.depth, self._wall.now_us())
            if made:
                parts: dict[str, list[EventBatch]] = {}
                for name, batch in made:
                    parts.setdefault(name, []).append(batch)
                rows = {name: self._finished(name, parts[name], None) for name in parts}
                self.run(rows, emit, first=number + 1)

    def run(
        self,
        rows: dict[str, EventBatch],
        emit: Callable[[str, EventBatch], None],
        *,
        first: int = 0,
        ran: bool = False,
    ) -> None:
        """Run rows of source streams through the rules, and timers up to the clock.

        first: number of the first rule to run; those before it made nothing. ran: its first operator has run.
        """
        # Without a watermark yet no instant is known to be over.
        clock = self.clock if self.clock != NEVER else NULL_I64
        pending: dict[str, list[EventBatch]] = {}
        for number, task in enumerate(self.rules[first:]):
            inputs = tuple(self._input(name, rows, pending) for name in task.spec.inputs)
            if not any(map(len, inputs)) and not task.due(clock):
                continue
            now_us = self._wall.now_us()
            made = task.process(inputs, clock, self.depth, now_us, ran=ran and number == 0)
            for rows_of in task.rest(now_us):
                self._emit_slice(made, emit)
                made = (rows_of,)
            for name, batch in made:
                pending.setdefault(name, []).append(batch)
        for name in list(pending):
            rows[name] = self._finished(name, pending.pop(name), rows.get(name))
        for name in self._writers:
            if name in rows and len(rows[name]):
                emit(name, rows[name])

    def _emit_slice(self, made: Rows, emit: Callable[[str, EventBatch], None]) -> None:
        for name, batch in made:
            emit(name, self._finished(name, [batch], None))

    def load(self, table: str, rows: EventBatch, readers: list[RuleTask]) -> None:
        """Give the rows a table starts with to those of some rules that read it; they make nothing of them."""
        for task in self.rules:
            if task in readers and table in task.spec.inputs and len(rows):
                if self.depth is not None:
                    order_source(rows, 0, self.depth)
                inputs = tuple(rows if n == table else self._nothing(n) for n in task.spec.inputs)
                task.process(inputs, NULL_I64, self.depth, 0)

    def _released(self) -> dict[str, EventBatch]:
        """Return the rows that may run, by stream, with positions where they are needed."""
        found: dict[str, EventBatch] = {}
        before = MAX_I64
        for source in self.sources:
            batch = source.release(source.limit(self.clock, before))
            if batch is not None:
                found[source.spec.name] = batch
                if self.depth is not None:
                    order_source(batch, source.spec.declaration, self.depth)
            if self.holding(source):
                before = min(before, source.watermark.value)
        return found

    def _input(
        self, name: str, rows: dict[str, EventBatch], pending: dict[str, list[EventBatch]]
    ) -> EventBatch:
        """Return the rows of an input; all writers of a derived stream have run by now."""
        if name in pending:
            rows[name] = self._finished(name, pending.pop(name), rows.get(name))
        found = rows.get(name)
        return self._nothing(name) if found is None else found

    def _nothing(self, name: str) -> EventBatch:
        spec = self._derived.get(name)
        if spec is None:
            spec = next(s for s in self._inputs if s.name == name)
        empty = empty_batch(spec.schema)
        if self.depth is not None:
            order_source(empty, 0, self.depth)
        return empty

    def _finished(self, name: str, parts: list[EventBatch], known: EventBatch | None) -> EventBatch:
        """Return the rows of a derived stream: those of all its writers in the total order."""
        assert known is None
        schema = self._derived[name].schema
        shaped = [_as_schema(part, schema) for part in parts]
        batch = joined(shaped)
        first = self._written[name]
        self._written[name] += len(batch)
        batch.seq = first
        if len(shaped) == 1:
            return batch
        positions = joined_positions([p.positions for p in shaped if p.positions is not None])
        batch.positions = positions
        batch = batch.take(order_of(batch.ts, positions))
        batch.seq = first
        return batch


def _as_schema(batch: EventBatch, schema: Schema) -> EventBatch:
    """Return rows with the columns of a stream: missing ones NULL, INT as DOUBLE where the stream says so."""
    if batch.schema == schema:
        return batch
    columns: dict[str, np.ndarray] = {}
    for column in schema.columns:
        own = batch.schema.find(column.name)
        if own is None:
            columns[column.name] = null_column(column.type, len(batch))
        elif own.type is Type.INT and column.type is Type.DOUBLE:
            stored = batch.columns[column.name]
            columns[column.name] = np.where(stored == NULL_I64, np.nan, stored)
        else:
            columns[column.name] = batch.columns[column.name]
    return EventBatch(
        schema, columns, batch.ts, batch.seq, batch.positions, batch.cause, batch.extra
    )


def _longest_chain(rules: list[RuleTask]) -> int:
    """Return the number of rules on the longest way from a source event to an output."""
    depth: dict[str, int] = {}
    for task in rules:
        reached = 1 + max((depth.get(n, 0) for n in task.spec.inputs), default=0)
        for name in task.spec.outputs:
            depth[name] = max(depth.get(name, 0), reached)
    return max(depth.values(), default=1)
