"""The lane: from dict or columns straight to the kernels, for a stream that is alone in its component.

What the lane does has the effect of the general way; it hands over to that way whatever is out of the ordinary:
events that do not fit or are late, a text not seen before, rows that a kernel made, timers of other rules.
"""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from cep.batch import EventBatch
from cep.connectors.columns import from_dicts
from cep.connectors.rows import row_reader
from cep.engine.merge import order_source
from cep.graph.graph import OperatorKind
from cep.graph.kernel import Column, Computed, Merge, Role, Seq
from cep.operators.base import Merged
from cep.times import TS_UNITS
from cep.types import Type

if TYPE_CHECKING:
    from cep.batch import Decoded
    from cep.engine.component import Component
    from cep.engine.core import EngineCore
    from cep.engine.rule_task import RuleTask
    from cep.engine.source_stream import SourceStream
    from cep.graph.graph import StreamSpec
    from cep.operators.kernel_operator import KernelOperator

MOST_TEXTS = 100_000
_FORMATS = {Type.BOOLEAN: "b7x", Type.DOUBLE: "d"}
_MERGED = {"row": np.int32, "source": np.int8, "phase": np.int8}


class Lane:
    """The way of single events, and of columns in order, into one stream.

    Memory: one row of buffers, and the codes of at most `MOST_TEXTS` texts a column.
    """

    def __init__(self, core: EngineCore, source: SourceStream, component: Component) -> None:
        self._core = core
        self._source = source
        self._component = component
        self._clock = core.clock
        spec = self._spec = source.spec
        self._texts: dict[str, dict[str, int]] = {
            c.name: {} for c in spec.schema.columns if c.type is Type.STRING
        }
        self._simple = _is_simple(core, source, component)
        self._open = (
            False  # single events may take it: there are buffers, and no kernel waits to be swapped
        )
        self._cells: np.ndarray | None = None
        if self._simple:
            self._tasks = [_task(number, task, spec) for number, task in enumerate(component.rules)]

    def _make_row(self, spec: StreamSpec) -> None:
        """Make the buffers of a row: 8 bytes a cell, `seq` first, then the columns."""
        names = spec.schema.names()
        self._time = names.index(spec.time_column or "")
        self._convert = row_reader(spec, self._texts)
        self._packer = struct.Struct(
            "<q"
            + "".join(
                "i4x" if c.type.is_coded else _FORMATS.get(c.type, "q") for c in spec.schema.columns
            )
        )
        self._cells = np.zeros(8 * (1 + len(names)), np.uint8)
        self._view = self._cells.data
        self._arrays = {
            c.name: self._cells[8 * k : 8 * k + 8].view(c.type.dtype)[:1]
            for k, c in enumerate(spec.schema.columns, 1)
        }
        self._seq = self._cells[:8].view(np.int64)
        self._merged = {what: np.zeros(1, dtype) for what, dtype in _MERGED.items()}
        self._merged["phase"][0] = 1
        self._merged["ts"] = self._arrays[names[self._time]]

    # ------------------------------------------------------------ an event

    def send(self, event: object) -> None:
        """Process one event."""
        row = self._convert(event) if self._open and type(event) is dict else None
        if row is None or not self._run(row):
            self._general(event)

    def _general(self, event: object) -> None:
        """Process an event the general way, and keep the codes of its texts."""
        core, source = self._core, self._source
        before = source.processed
        self._open = self._simple and self._settled()
        core.ingest(self._spec.name, from_dicts((event,), self._spec, core.strings))
        core.tick()
        if source.processed == before or type(event) is not dict:
            return
        # Rows that were processed: all tables indexed by code now have their codes.
        for name, texts in self._texts.items():
            text = event.get(name)
            if type(text) is str:
                if len(texts) >= MOST_TEXTS:
                    texts.clear()
                texts[text] = core.strings.code(text)

    def _settled(self) -> bool:
        """Return whether the kernels are those to stay; the buffers of a row are there then."""
        if self._cells is None:
            self._make_row(self._spec)
        return all(o.settled for task in self._component.rules for o in task.operators)

    def _run(self, row: tuple[Any, ...]) -> bool:
        """Process a row; return False, with nothing done, if it must go the general way."""
        start = time.perf_counter()
        source, component = self._source, self._component
        ts = row[self._time]
        now = self._clock.now_us()
        if ts < component.clock or source.ready or not source.watermark.step(ts, ts, now):
            return False
        component.clock = ts
        self._packer.pack_into(self._view, 0, source.events, *row)
        source.count_rows(1, ts)
        for number, first, later, task in self._tasks:
            if first is None:
                surprise = task.due(ts)
            else:
                if first.bound_to is not self:
                    self._bind(first)
                surprise = first.run_row(ts)
                for operator in later:
                    surprise = surprise or operator.due(ts)
            if surprise:
                columns = {name: array.copy() for name, array in self._arrays.items()}
                times = self._merged["ts"].copy()
                batch = EventBatch(self._spec.schema, columns, times, self._seq.copy())
                self._go_on(batch, number, ran=first is not None)
                break
        if now >= self._core.next_tick_us:
            self._core.tick()
        self._core.step_times.count(time.perf_counter() - start)
        return True

    def _go_on(self, batch: EventBatch, number: int, *, ran: bool) -> None:
        """Run the rules from this one on the general way; its first operator may have run."""
        component = self._component
        if component.depth is not None:
            order_source(batch, self._spec.declaration, component.depth)
        component.run({self._spec.name: batch}, self._core.hand_out, first=number, ran=ran)

    # ------------------------------------------------------------ columns

    def take(self, decoded: Decoded) -> bool:
        """Process rows that are in order; return False, with nothing done, if they must go the general way."""
        if not self._simple or decoded.numbers is not None or not decoded.rows_read:
            return False
        start = time.perf_counter()
        source, component, spec = self._source, self._component, self._spec
        times = decoded.columns[spec.time_column or ""]
        oldest, newest = times.item(0), times.item(-1)
        now = self._clock.now_us()
        if oldest < component.clock or source.ready:
            return False
        if not source.watermark.step(oldest, newest, now):
            return False
        component.clock = newest
        batch = EventBatch(spec.schema, decoded.columns, times, source.events)
        source.count_rows(decoded.rows_read, newest)
        merged = Merged((batch,), times)
        for number, first, later, task in self._tasks:
            ran = False
            if first is None:
                surprise = task.due(newest)
            elif first.spec.kind is OperatorKind.SELECT:
                surprise = True
            else:
                ran = True
                surprise = first.run(merged, newest)
                for operator in later:
                    surprise = surprise or operator.due(newest)
            if surprise:
                self._go_on(batch, number, ran=ran)
                break
        self._core.step_times.count(time.perf_counter() - start)
        return True

    # ------------------------------------------------------------ buffers

    def _bind(self, operator: KernelOperator) -> None:
        arrays = {}
        for array in operator.spec.kernel.arrays:
            match array.source:
                case Column(_, name):
                    arrays[array.name] = self._arrays[name]
                case Seq():
                    arrays[array.name] = self._seq
                case Merge(what):
                    arrays[array.name] = self._merged[what]
        operator.bind_row(arrays, self)


def _is_simple(core: EngineCore, source: SourceStream, component: Component) -> bool:
    """Whether single events of a stream may take the lane at all."""
    spec = source.spec
    return (
        not core.bounded
        and component.runs_directly(source)
        and spec.time_column is not None
        and spec.dedup_key is None
        and TS_UNITS[spec.ts_unit][1] == 1
        and all(
            len(task.spec.inputs) == 1 or spec.name not in task.spec.inputs
            for task in component.rules
        )
        and not any(
            isinstance(array.source, Computed)
            for task in component.rules
            if spec.name in task.spec.inputs
            for array in task.operators[0].spec.kernel.arrays
            if array.role is Role.INPUT
        )
    )


def _task(
    number: int, task: RuleTask, spec: StreamSpec
) -> tuple[int, KernelOperator | None, list[KernelOperator], RuleTask]:
    """Return number, operator that reads the stream (None: another stream), later ones with timers, rule."""
    first, *later = task.operators
    timers = [o for o in later if o.spec.kind is not OperatorKind.SELECT]
    return number, first if spec.name in task.spec.inputs else None, timers, task
