"""The engine without its Python conveniences: rows in, batches of derived streams out."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cep.engine.build import (
    build_components,
    build_rules,
    build_shared,
    build_sources,
    needed_columns,
)
from cep.engine.change import RuleChanges, changed_rules, check_streams
from cep.engine.clock import WallClock
from cep.engine.histogram import Histogram
from cep.engine.lane import Lane
from cep.engine.resume import check_snapshot, restored_rules, same_rules
from cep.engine.tables import open_table, table_rows
from cep.engine.watermark import NEVER
from cep.errors import error, nearest
from cep.graph.kernel import RUN_ENDS
from cep.kernel import BackgroundCompiler
from cep.state.arrays import put_under, take_from
from cep.strings import StringTable
from cep.types import MAX_I64

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from cep.batch import Decoded, EventBatch
    from cep.engine.component import Component
    from cep.engine.rule_task import RuleTask
    from cep.engine.source_stream import SourceStream
    from cep.graph.graph import Graph, StreamSpec

MOST_KEPT_REJECTS = 100_000
DEFAULT_IDLE_US = 5_000_000
STEP_BOUNDS = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)


@dataclass(frozen=True, slots=True)
class BadEvent:
    """An input row that was not read: stream, its seq, what it looked like, why."""

    stream: str
    seq: int
    raw: str
    reason: str


class EngineCore:
    """Streams, rules and clocks of one compiled graph. Not thread-safe; the caller holds a lock.

    Args:
        graph: what `compile_rules` made.
        tier: "auto" (python tier at once, compiled kernels when they are ready), "python" or "llvm".
        emit: takes the name and the rows of every derived stream and LATE INTO stream, in order.
        bounded: a run over bounded inputs: streams hold the clock back from the start, none is ever idle.
        clock: the wall clock.

    Invariants: `check`. Memory: that of operators and reorder buffers; at most `MOST_KEPT_REJECTS` rejects.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        tier: str = "auto",
        emit: Callable[[str, EventBatch], None],
        bounded: bool = False,
        clock: WallClock | None = None,
    ) -> None:
        self.strings = StringTable()
        self.bounded = bounded
        self.clock = clock or WallClock()
        self._emit = emit
        self.tier = tier
        self.compiler = BackgroundCompiler() if tier == "auto" else None
        self._written: Counter[str] = Counter()
        sources = build_sources(graph, self.strings, self.clock)
        self._arrange(graph, sources, build_rules(graph, self.strings, tier, self.compiler))
        self.rejects: deque[BadEvent] = deque(maxlen=MOST_KEPT_REJECTS)
        self.step_times = Histogram(STEP_BOUNDS)
        self._load(
            self._table_rows(graph, [s.name for s in graph.streams if s.primary_key]), self.rules
        )

    def _arrange(
        self, graph: Graph, sources: dict[str, SourceStream], rules: list[RuleTask]
    ) -> None:
        """Put streams and rules into components."""
        self.graph = graph
        self.sources = sources
        self.rules = rules
        self.components = build_components(
            graph, sources, rules, self._written, self.clock, bounded=self.bounded
        )
        self._shared = build_shared(graph, self.components, bounded=self.bounded)
        self._component_of: dict[str, Component] = {
            s.spec.name: c for c in self.components for s in c.sources
        }
        self._lanes: dict[str, Lane] = {}
        self.specs: dict[str, StreamSpec] = {s.name: s for s in graph.streams}
        self.next_tick_us = 0  # wall clock before which a tick changes nothing

    def change(self, graph: Graph, reset: Collection[str]) -> RuleChanges:
        """Run the rules of another graph from now on; rules that are in both go on with their state.

        reset: rules that start fresh all the same. A component's clock goes on; where components become one it is
        that of the slowest. A rule that is new sees the events from now on, and of a table the file it starts with and
        the changes from now on.

        Raises:
            CepError: CEP408 the streams do not allow it, CEP238 state that does not fit; nothing has changed then.
        """
        if self.bounded:
            msg = "the rules of a bounded run do not change"
            raise error("CEP408", msg)
        check_streams(graph, self.sources, self.rules)
        rules, fresh, changes = changed_rules(
            graph, self.rules, reset, self.strings, self.tier, self.compiler
        )
        started = [task for task in rules if task.spec.name in fresh]
        keyed = {spec.name for spec in graph.streams if spec.primary_key}
        read = keyed.intersection(name for task in started for name in task.spec.inputs)
        tables = self._table_rows(graph, read)
        clocks = {name: c.clocks() for name, c in self._component_of.items()}
        sources = build_sources(graph, self.strings, self.clock)
        for name, source in sources.items():
            if name in self.sources:
                sources[name] = self.sources[name]
                sources[name].spec = source.spec  # its place may be another
        self._arrange(graph, sources, rules)
        for component in self.components:
            names = [s.spec.name for s in component.sources if s.spec.name in clocks]
            if names:
                component.restore_clocks(*min(clocks[name] for name in names))
        self._load(tables, started)
        return changes

    def _table_rows(self, graph: Graph, read: Collection[str]) -> list[tuple[str, EventBatch]]:
        """Read the files that these tables start with.

        Raises:
            CepError: CEP504 not readable, CEP505 unknown format.
        """
        found = []
        for spec in graph.streams:
            if spec.name not in read or dict(spec.options).get("source") is None:
                continue
            for source in open_table(spec, self.strings):
                while (decoded := source.poll()) is not None:
                    for bad in decoded.rejects:
                        self.rejects.append(BadEvent(spec.name, bad.row, bad.raw, bad.reason))
                    found.append((spec.name, table_rows(spec, decoded)))
                source.close()
        return found

    def _load(self, tables: list[tuple[str, EventBatch]], rules: list[RuleTask]) -> None:
        """Give rows of tables to rules that read them: they come before every event."""
        for name, batch in tables:
            for component in self.components:
                component.load(name, batch, rules)

    # ------------------------------------------------------------ input

    def source(self, stream: str) -> SourceStream:
        """Return a source stream.

        Raises:
            CepError: CEP401, there is none of that name, or it is a derived stream.
        """
        found = self.sources.get(stream)
        if found is None:
            if stream in self.specs:
                msg = f"stream {stream} is written by rules and takes no outside input"
                raise error("CEP401", msg)
            msg = f"unknown stream {stream!r}"
            known = f"the rules read {', '.join(self.sources) or 'none'}"
            raise error("CEP401", msg, hint=nearest(stream, self.sources) or known)
        return found

    def needed(self, stream: str) -> frozenset[str]:
        """Return the columns of a source stream that the engine looks at; others may be left out.

        In a live engine rows that may wait have all: rules that come while they do may look at others.

        Raises:
            CepError: CEP401, no such source stream.
        """
        source = self.source(stream)
        if not self.bounded and not self._component_of[stream].runs_directly(source):
            return frozenset(source.spec.schema.names())
        return needed_columns(self.graph, source.spec)

    def ingest(self, stream: str, decoded: Decoded, *, partition: int = 0) -> bool:
        """Take decoded rows of one partition of a stream in arrival order, and run what may run.

        Returns whether the engine is done with the columns: they may be written over.

        Raises:
            CepError: CEP401, no such source stream.
        """
        if partition == 0 and decoded.in_order and self._lane(stream).take(decoded):
            return True
        self.take(stream, decoded, partition=partition)
        self._step(self._component_of[stream])
        return False

    def send(self, stream: str, event: object) -> None:
        """Process one event.

        Raises:
            CepError: CEP401, no such source stream.
        """
        self._lane(stream).send(event)

    def _lane(self, stream: str) -> Lane:
        lane = self._lanes.get(stream)
        if lane is None:
            source = self.source(stream)
            lane = self._lanes[stream] = Lane(self, source, self._component_of[stream])
        return lane

    def take(self, stream: str, decoded: Decoded, *, partition: int = 0) -> None:
        """Take rows without running them; `ingest` or `advance` runs them later."""
        source = self.source(stream)
        component = self._component_of[stream]
        first = source.events
        known = source.watermark.partitions
        joins = bool(known) and partition not in known
        if joins:
            self._step(component)  # rows that ran directly so far go first
        late = source.accept(
            decoded,
            partition,
            component.clock,
            component.others(source),
            direct=component.runs_directly(source) and not joins,
        )
        for reject in decoded.rejects:
            self.rejects.append(BadEvent(stream, first + reject.row, reject.raw, reject.reason))
        if late is not None and source.spec.late_into is not None:
            self._written[source.spec.late_into] += len(late)
            self._emit(source.spec.late_into, late)

    def advance(self, us: int, stream: str | None = None) -> None:
        """Move the watermark of a stream (None: of all) to at least `us` and run what may run.

        Raises:
            CepError: CEP401, no such source stream.
        """
        chosen = [self.source(stream)] if stream is not None else list(self.sources.values())
        for source in chosen:
            source.watermark.advance(us, self.clock.now_us())
        for component in self.components:
            self._step(component)

    def open_partition(self, stream: str, partition: int) -> None:
        """Say that rows of a partition will come, so that its watermark counts from the start.

        Raises:
            CepError: CEP401, no such source stream.
        """
        source = self.source(stream)
        if self.bounded:
            source.watermark.open(partition)

    def end_partition(self, stream: str, partition: int) -> None:
        """Say that a partition has no more rows; the stream ends with its last partition.

        Raises:
            CepError: CEP401, no such source stream.
        """
        self.source(stream).watermark.end(partition)
        self.next_tick_us = 0
        self._step(self._component_of[stream])

    def partition_watermark(self, stream: str, partition: int) -> int:
        """Return the watermark of one partition, us."""
        return self.source(stream).watermark.partitions.get(partition, NEVER)

    def end_stream(self, stream: str) -> None:
        """Say that a stream has no more rows; rows that come all the same are late.

        Raises:
            CepError: CEP401, no such source stream.
        """
        self.source(stream).watermark.ended = True
        self.next_tick_us = 0
        self._step(self._component_of[stream])

    def flush(self) -> None:
        """End all streams: every pending window and deadline is decided (ruling 8)."""
        for source in self.sources.values():
            source.watermark.ended = True
        for component in self.components:
            self._step(component)

    def tick(self) -> None:
        """Look at the wall clock: mark silent streams idle, let clocks of idle components go on (ruling 2)."""
        if self.bounded:
            return
        now = self.clock.now_us()
        if now < self.next_tick_us:
            return
        for component in self.components:
            if component.tick(now, DEFAULT_IDLE_US):
                self._step(component)
        ticks = [component.next_tick(now, DEFAULT_IDLE_US) for component in self.components]
        self.next_tick_us = min(ticks, default=MAX_I64)

    def _step(self, component: Component) -> None:
        start = time.perf_counter()
        component.move_clock()
        component.step(self.hand_out)
        for name, waiting in self._shared.items():
            ready = waiting.release()
            if ready is not None:
                self._emit(name, ready)
        self.step_times.count(time.perf_counter() - start)

    def hand_out(self, stream: str, batch: EventBatch) -> None:
        """Take rows that the rules of a component made."""
        shared = self._shared.get(stream)
        if shared is None:
            self._emit(stream, batch)
        else:
            shared.add(batch)

    # ------------------------------------------------------------ state

    @property
    def written(self) -> Counter[str]:
        """Rows written so far by stream."""
        return self._written

    def wait_compiled(self) -> None:
        """Wait until every kernel is compiled (tier "auto")."""
        for task in self.rules:
            for operator in task.operators:
                operator.wait_compiled()

    def close(self) -> None:
        """Stop the background compiler; may be called twice."""
        if self.compiler is not None:
            self.compiler.close()

    def check(self) -> None:
        """Assert the invariants of all parts."""
        for source in self.sources.values():
            source.check()
        for task in self.rules:
            for operator in task.operators:
                operator.check()

    def snapshot(self) -> dict[str, np.ndarray]:
        """Return all state as named arrays (copies): operators, buffers, clocks, strings, counters."""
        named = put_under("strings", self.strings.arrays())
        for source in self.sources.values():
            named |= put_under(f"stream/{source.spec.name}", source.arrays())
        for task in self.rules:
            named |= put_under(f"rule/{task.spec.name}", task.arrays())
        for name, shared in self._shared.items():
            named |= put_under(f"shared/{name}", shared.arrays())
        for name, component in self._component_of.items():
            named[f"clock/{name}"] = np.array(component.clocks(), np.int64)
        for spec in self.graph.streams:
            named[f"written/{spec.name}"] = np.array([self._written[spec.name]], np.int64)
        return {name: array.copy() for name, array in named.items()}

    def restore(self, arrays: dict[str, np.ndarray], *, changed: bool = False) -> RuleChanges:
        """Take over a snapshot; this engine must be fresh.

        changed: the rules may be others: those that do the same go on with their state, others keep it with KEEP STATE
        only. Returns what is not as it was.

        Raises:
            CepError: CEP506, the snapshot is of other rules or streams; CEP238, KEEP STATE of a rule of another form.
        """
        same = same_rules(arrays, self.rules)
        check_snapshot(arrays, self.sources, self.rules, same, changed=changed)
        self._lanes.clear()
        before = list(self.strings.texts()[:-1])
        self.strings.restore(take_from("strings", arrays))
        if list(self.strings.texts()[: len(before)]) != before:
            # The codes of constants are others than those that the rules were built with.
            rules = build_rules(self.graph, self.strings, self.tier, self.compiler)
            self._arrange(self.graph, self.sources, rules)
        changes = restored_rules(arrays, self.rules, same)
        for source in self.sources.values():
            known = take_from(f"stream/{source.spec.name}", arrays)
            if known:
                source.restore(known)
        for name, shared in self._shared.items():
            if f"shared/{name}/released" in arrays:
                shared.restore(take_from(f"shared/{name}", arrays))
        for component in self.components:
            names = [f"clock/{source.spec.name}" for source in component.sources]
            clocks = [arrays[name].tolist() for name in names if name in arrays]
            if clocks:
                component.restore_clocks(*min(clocks))
        for spec in self.graph.streams:
            self._written[spec.name] = int(arrays.get(f"written/{spec.name}", [0])[0])
        fresh = {*changes.added, *changes.reset}
        if fresh:
            started = [task for task in self.rules if task.spec.name.partition("$")[0] in fresh]
            keyed = [s.name for s in self.graph.streams if s.primary_key]
            self._load(self._table_rows(self.graph, keyed), started)
        return changes

    def stats(self) -> dict[str, object]:
        """Return counters by stream and rule as plain values."""
        return {
            "streams": {name: _stream_stats(s) for name, s in self.sources.items()},
            "rules": {
                task.spec.name: {
                    "matches": task.matches,
                    "match_delay": task.delays.stats(),
                    "errors": sum(o.errors for o in task.operators),
                    "tier": "llvm" if all(o.tier == "llvm" for o in task.operators) else "python",
                    "state_bytes": sum(o.state_bytes for o in task.operators),
                    "kernel_seconds": sum(o.kernel_seconds for o in task.operators),
                    "compile_seconds": sum(o.compile_seconds for o in task.operators),
                    **_counts(o.registers() for o in task.operators),
                }
                for task in self.rules
            },
            "written": dict(self._written),
            "step_seconds": self.step_times.stats(),
        }


def _stream_stats(source: SourceStream) -> dict[str, object]:
    return {
        "events": source.events,
        "late": source.late,
        "adjusted": source.adjusted,
        "rejected": dict(source.rejected),
        "waiting": source.waiting,
        "watermark_us": source.watermark.value if source.watermark.received else None,
        "newest_us": source.newest_us if source.newest_us != NEVER else None,
    }


def _counts(operators: Iterable[dict[str, int]]) -> dict[str, object]:
    """Return the registers of a rule's operators by name, summed; ends of runs by reason, and what they add up to."""
    total: Counter[str] = Counter()
    for one in operators:
        total.update(one)
    found: dict[str, object] = {n: v for n, v in total.items() if v != MAX_I64}
    if "runs_started" in total:
        found["run_ends"] = {why: total[name] for name, why in RUN_ENDS.items() if name in total}
        for kind in ("runs_expired", "runs_killed"):
            found[kind] = sum(v for n, v in total.items() if n.startswith(kind))
        found.setdefault("runs_dropped", 0)
    return found
