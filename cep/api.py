"""The Python interface: `Engine` for a service, `run` for bounded inputs; the one room that joins the wings."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cep.compile import compile_rules
from cep.connectors.file import open_sink
from cep.delivery import Delivery, EventStream
from cep.engine.clock import WallClock
from cep.engine.core import BadEvent, EngineCore
from cep.engine.pipeline import drive
from cep.entrance import Entrance
from cep.errors import SourceText, error, nearest
from cep.inputs import inputs_of, instant
from cep.journal import FixedClock, Journal, JournaledEntrance
from cep.operators.observed import ObservedOperator
from cep.recovery import CheckpointCounts, Places, described, last_checkpoint
from cep.rule_files import Rules, rule_sources
from cep.state.checkpoints import Checkpoints
from cep.state.disk import Disk
from cep.types import MAX_I64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime
    from types import TracebackType

    import numpy as np

    from cep.batch import EventBatch
    from cep.connectors.base import Sink
    from cep.engine.change import RuleChanges
    from cep.engine.pipeline import Input
    from cep.errors import Problem
    from cep.graph.graph import Graph
    from cep.tables import Event, Table

BATCH_ROWS = 10_000
TIERS = ("auto", "python", "llvm")


class Engine:
    """Rules at work inside a Python process.

    `send`, `send_many`, `send_batch` and `advance` may be called from several threads; each returns after
    its events were processed and the callbacks of what they led to were called.

    Args:
        rules: a path, a list of paths (or of `SourceText`), or rule text.
        params: values of PARAMs that win over their defaults.
        tier: "auto" runs at once and swaps compiled kernels in when they are ready, "llvm" compiles
            first, "python" never compiles.
        metrics: a `prometheus_client` registry to register the engine's metrics with.
        batch_rows: at most so many rows are processed at once by `send_many`.
        raw_time: output times as int us instead of aware datetimes and timedeltas.
        bounded: the inputs are bounded: every stream holds the clock back from the start, and none is
            ever idle (for backtests; `cep.run` does this).
        rewrites: whether to optimize the plan; outputs are the same without.
        workers: 1; more are not supported yet.
        observe: a rule with a MATCH whose runs are observed (for `cep.why`; bounded engines only).
        journal: a file in which all that is pushed is durable before `send` and its kin return. What stands in it
            behind the checkpoint is processed before the next push, or by `replay`. Changes of rules do not: write a
            checkpoint behind them.
        clock: the wall clock, for tests.

    Raises:
        CepError: all mistakes of the rules, with line and caret.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        params: Mapping[str, object] | None = None,
        tier: str = "auto",
        metrics: Any = None,
        batch_rows: int = BATCH_ROWS,
        raw_time: bool = False,
        bounded: bool = False,
        rewrites: bool = True,
        workers: int = 1,
        observe: str | None = None,
        journal: str | Path | None = None,
        clock: WallClock | None = None,
    ) -> None:
        _check_options(tier, batch_rows, workers)
        self._sources = rule_sources(rules)
        self._params = params
        self._rewrites = rewrites
        compiled = compile_rules(self._sources, params=params, rewrites=rewrites, observed=observe)
        self.lints: tuple[Problem, ...] = compiled.lints
        self.explained = compiled.explained  # texts that EXPLAIN statements of the rules ask for
        self.questions = compiled.questions  # what EXPLAIN WHY statements ask
        clock = clock or WallClock()
        fixed = None if journal is None else FixedClock(clock)
        self._core = EngineCore(
            compiled.graph, tier=tier, emit=self._emit, bounded=bounded, clock=fixed or clock
        )
        self._delivery = Delivery(compiled.graph, self._core.strings, raw_time=raw_time)
        self._outputs: list[tuple[str, EventBatch]] = []
        self._places = Places()
        self._disk = Disk()
        self._checkpoints = CheckpointCounts()
        self.restored: RuleChanges | None = None  # what is not as it was in the checkpoint
        self._lock = threading.RLock()
        self._changing = threading.RLock()  # rules change one after the other
        self._saving = threading.Lock()  # checkpoints are written one after the other
        self._snapshots = 0
        self._saved: dict[
            Path, tuple[int, Path]
        ] = {}  # of each folder the last snapshot, and its file
        self._delivering = False
        self._entrance = Entrance(self._core, self._deliver, self._lock, batch_rows)
        self._journaled: JournaledEntrance | None = None
        if journal is not None and fixed is not None:
            self._entrance = self._journaled = JournaledEntrance(
                self._core, self._deliver, self._lock, batch_rows, Journal(journal), fixed
            )
        self._metrics: Any = None
        if metrics is not None:
            from cep.metrics import register

            self._metrics = register(self, metrics)

    @property
    def observed(self) -> ObservedOperator | None:
        """The MATCH of the rule that is observed, None if there is none."""
        return next(
            (o for t in self._core.rules for o in t.operators if isinstance(o, ObservedOperator)),
            None,
        )

    # ------------------------------------------------------------ outputs

    def _emit(self, stream: str, batch: EventBatch) -> None:
        self._outputs.append((stream, batch))

    def _deliver(self) -> None:
        """Hand out what was made; a callback may send events itself, theirs come after."""
        if self._delivering or not self._outputs:
            return
        self._delivering = True
        try:
            while self._outputs:
                made, self._outputs = self._outputs, []
                self._delivery.deliver(made)
        finally:
            self._delivering = False

    def _known_output(self, stream: str) -> None:
        if stream not in self._delivery.names:
            msg = f"no rule writes stream {stream!r}"
            raise error("CEP401", msg, hint=nearest(stream, self._delivery.names))

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the source streams, in declaration order."""
        return tuple(self._core.sources)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the output streams: those that rules write, and LATE INTO streams."""
        return self._delivery.names

    def on(self, stream: str) -> Callable[[Callable[[Event], Any]], Callable[[Event], Any]]:
        """Return a decorator that calls a function back for every event of an output stream.

        An exception in it is logged and counted, and stops neither the engine nor other callbacks.

        Raises:
            CepError: CEP401, no rule writes the stream.
        """
        self._known_output(stream)

        def add(callback: Callable[[Event], Any]) -> Callable[[Event], Any]:
            self._delivery.add_callback(stream, callback)
            return callback

        return add

    def on_batch(self, stream: str) -> Callable[[Callable[[Table], Any]], Callable[[Table], Any]]:
        """Return a decorator that calls a function back with a `Table` for every batch of an output stream.

        Raises:
            CepError: CEP401, no rule writes the stream.
        """
        self._known_output(stream)

        def add(callback: Callable[[Table], Any]) -> Callable[[Table], Any]:
            def take(batch: EventBatch) -> None:
                table = self._delivery.table(stream)
                table.append(batch)
                callback(table)

            self._delivery.add_batches(stream, take)
            return callback

        return add

    def stream(self, stream: str) -> EventStream:
        """Return an iterator over the events of an output stream from now on (`for` and `async for`).

        Raises:
            CepError: CEP401, no rule writes the stream.
        """
        self._known_output(stream)
        return self._delivery.add_stream(stream)

    # ------------------------------------------------------------ input

    def send(self, stream: str, event: Mapping[str, object]) -> None:
        """Process one event; columns that are missing are NULL.

        An event that does not fit its stream is counted and kept in `errors`, it raises nothing.

        Raises:
            CepError: CEP401, no such source stream; CEP404, the engine is closed.
        """
        self._entrance.send(stream, event)

    def send_many(self, stream: str, events: Iterable[Mapping[str, object]]) -> None:
        """Process events in order, `batch_rows` at a time.

        Raises:
            CepError: CEP401, no such source stream; CEP404, the engine is closed.
        """
        self._entrance.send_many(stream, events)

    def send_batch(self, stream: str, table: Any) -> None:
        """Process a table of events in row order, without Python work for each row.

        table: a dict of numpy arrays (strings: str or object arrays, or `cep.Coded`), a pandas frame, or
        anything with `__arrow_c_stream__` (needs the `arrow` extra).

        Raises:
            CepError: CEP401, no such source stream; CEP402, it is no such table; CEP404, the engine is closed.
        """
        self._entrance.send_batch(stream, table)

    def advance(self, ts: datetime | str | float, stream: str | None = None) -> None:
        """Move event time on without an event: no event before `ts` will come (on one stream, or on all).

        ts: aware datetime, ISO-8601 text, or a number of us.

        Raises:
            CepError: CEP401 no such source stream; CEP405 `ts` is no time; CEP404, the engine is closed.
        """
        self._entrance.advance(instant(ts), stream)

    def end(self, stream: str) -> None:
        """Say that no more events of one stream will come; those that do are late.

        Raises:
            CepError: CEP401, no such source stream; CEP404, the engine is closed.
        """
        self._entrance.end(stream)

    def flush(self) -> None:
        """End the input: every pending window, absence and incident timer is decided. Events after it are late.

        Raises:
            CepError: CEP404, the engine is closed.
        """
        self._entrance.flush()

    def replay(self) -> int:
        """Process what the journal holds behind the checkpoint; return how many pushes that were.

        Add callbacks and files first: they get the rows that are made. Without a call the next push does it.

        Raises:
            CepError: CEP510, the journal cannot be read; CEP404, the engine is closed.
        """
        return self._entrance.replay()

    def tick(self) -> None:
        """Look at the wall clock: silent streams become idle, clocks of idle streams go on (ruling 2).

        `send` and its kin do this too; call it from a timer when absences must fire while nothing is sent.
        """
        self._entrance.tick()

    def read(
        self,
        inputs: Mapping[str, Any],
        *,
        start: datetime | str | float | None = None,
        end: datetime | str | float | None = None,
    ) -> Iterator[int]:
        """Read inputs to their end, flush, and yield the number of rows read after each step.

        inputs: for each source stream a URI (path, glob, `-`, `tail:PATH`), a table, or an iterable of
        mappings; several files of a glob are partitions of the stream. start, end: only rows with an event time
        in [start, end) are read, of streams that have one.

        Raises:
            CepError: CEP401 no such stream; CEP405 `start` or `end` is no time; CEP5xx an input cannot be read.
        """
        self._entrance.check_open()
        if self._journaled is not None:
            msg = "an engine with a journal takes what is pushed, it reads no inputs"
            raise error("CEP403", msg, hint="give journal or inputs")
        span = (instant(start, -MAX_I64), instant(end, MAX_I64))
        opened: list[Input] = []
        try:
            for stream, given in inputs.items():
                opened += inputs_of(self._core, stream, given, span)
            self._places.open_inputs(opened)
        except BaseException:
            for item in opened:
                item.source.close()
            raise
        with closing(drive(self._core, opened, self._lock)) as steps:
            for rows in steps:
                with self._lock:
                    self._deliver()
                yield rows

    def share_read(self) -> float | None:
        """Return which part of the inputs of `read` was read (0 to 1), None when their size is not known."""
        sources: list[Any] = [item.source for item in self._places.inputs]
        shares = [s.share() if hasattr(s, "share") else None for s in sources]
        known = [s for s in shares if s is not None]
        return sum(known) / len(known) if known and len(known) == len(shares) else None

    def write(self, stream: str, uri: str) -> Sink:
        """Write an output stream to a path or `-` from now on; the caller flushes and closes the sink.

        When writing fails, what sent the events raises the OSError.

        Raises:
            CepError: CEP401, no rule writes the stream; CEP504 not writable, CEP505 unknown format.
        """
        self._known_output(stream)
        begun = self._places.written(stream, uri)
        sink = open_sink(uri, self._delivery.schema(stream), self._core.strings, begun)
        self._delivery.add_writer(stream, sink.write)
        self._places.open_output(stream, uri, sink)
        return sink

    def tables(self) -> dict[str, Table]:
        """Return a table of each output stream that grows with its rows from now on."""
        tables = {name: self._delivery.table(name) for name in self._delivery.names}
        for name, table in tables.items():
            self._delivery.add_writer(name, table.append)
        return tables

    # ------------------------------------------------------------ rules

    def add_rules(self, text: str) -> RuleChanges:
        """Let further statements of the rule language act while events flow, and return what they changed.

        They act as if they stood behind the rules the engine has: new rules see the events from now on, CREATE OR REPLACE
        RULE replaces a rule (which keeps its state if it does the same, or with KEEP STATE), PAUSE, RESUME and DROP
        RULE act too. Text that has a mistake changes nothing. It is compiled in the calling thread while events go on;
        then all rules change at once, between two batches.

        Raises:
            CepError: mistakes of the text; CEP238 KEEP STATE of a rule of another form; CEP408 a change that a running
                engine does not allow; CEP404, the engine is closed.
        """
        with self._changing:
            self._entrance.check_open()
            added = SourceText(f"<rules {len(self._sources) + 1}>", text)
            sources = [*self._sources, added]
            compiled = compile_rules(sources, params=self._params, rewrites=self._rewrites)
            graph = compiled.graph
            reset = {r.name for r in graph.rules if r.state == "reset" and r.span.source is added}
            with self._lock:
                self._entrance.check_open()
                changes = self._change(graph, reset)
            self._sources, self.lints = sources, compiled.lints
            return changes

    def _change(self, graph: Graph, reset: set[str]) -> RuleChanges:
        rewritten = self._delivery.rewritten(graph)
        if rewritten:
            msg = f"{rewritten[0]} is being written with other columns"
            hint = "write to another stream, or close what takes it"
            raise error("CEP408", msg, hint=hint)
        changes = self._core.change(graph, reset)
        self._delivery.describe(graph)
        self._entrance.forget_columns()
        return changes

    def drop_rule(self, name: str) -> RuleChanges:
        """Remove a rule or an incident with its state; its open runs and windows give no rows.

        Raises:
            CepError: CEP237 there is no such rule; CEP201, another rule reads what it writes.
        """
        kinds = {task.spec.name: task.spec.kind for task in self._core.rules}
        return self.add_rules(f"DROP {kinds.get(name, 'rule').upper()} {_as_written(name)};")

    def pause(self, name: str) -> RuleChanges:
        """Stop a rule: its runs, windows and timers are gone, without rows (ruling 39).

        Raises:
            CepError: CEP237 there is no such rule; CEP408, it is an incident.
        """
        return self.add_rules(f"PAUSE RULE {_as_written(name)};")

    def resume(self, name: str) -> RuleChanges:
        """Let a paused rule start anew at the present clock.

        Raises:
            CepError: CEP237 there is no such rule.
        """
        return self.add_rules(f"RESUME RULE {_as_written(name)};")

    # ------------------------------------------------------------ state

    @property
    def errors(self) -> list[BadEvent]:
        """The input rows that were not read, with their reasons (the last 100,000)."""
        with self._lock:
            return list(self._core.rejects)

    def stats(self) -> dict[str, Any]:
        """Return counters by stream and rule, as plain values."""
        with self._lock:
            return {
                **self._core.stats(),
                "callback_failures": self._delivery.callback_failures,
                "checkpoints": self._checkpoints.stats(),
            }

    def snapshot(self) -> dict[str, np.ndarray]:
        """Return all state as named arrays; `Engine(same rules).load_snapshot(arrays)` goes on from there."""
        with self._lock:
            return self._core.snapshot()

    def load_snapshot(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over a snapshot; this engine must be fresh and have the same rules.

        Raises:
            CepError: CEP506, the snapshot was taken of other rules.
        """
        with self._lock:
            self._core.restore(dict(arrays))

    def checkpoint(self, path: str | Path) -> Path:
        """Write all state and the positions of files into a folder, where the last two checkpoints are kept.

        What was written to files is on the medium first. Returns the path of the checkpoint.

        Raises:
            CepError: CEP508, it cannot be written (the last good one is kept); CEP404, the engine is closed.
        """
        start = time.perf_counter()
        with self._lock:
            self._entrance.check_open()
            self._entrance.replay()
            self._deliver()
            meta = described(self._core, self._places, self._sources, self._params)
            meta["journal"] = self._journaled.processed if self._journaled else 0
            arrays = self._core.snapshot()
            self._snapshots += 1
            number = self._snapshots
        # Nothing that holds `_saving` waits for `_lock`: a callback, which has that, may write checkpoints too.
        with self._saving:
            last, newest = self._saved.get(Path(path), (0, Path(path)))
            if number > last:
                written, size = Checkpoints(Path(path), self._disk).save(arrays, meta)
                self._saved[Path(path)] = number, written
                self._checkpoints.count(time.perf_counter() - start, size, time.time())
            else:  # another thread has written a newer one
                return newest
        if self._journaled is not None:
            self._journaled.saved(meta["journal"])
        return written

    @classmethod
    def restore(cls, path: str | Path, rules: Rules | None = None, **options: Any) -> Engine:
        """Return an engine that goes on from the last good checkpoint in a folder.

        rules: by default those of the checkpoint, with their parameters. Of others, those that do the same go on with
        their state, with KEEP STATE those that differ in literals of conditions; the rest starts fresh
        (`restored` tells). options: as of `Engine`. Inputs that are read and files that are written under the
        same names go on where the checkpoint was.

        Raises:
            CepError: CEP509 there is no checkpoint, none can be read, or a newer version wrote it; CEP506, the streams are
                others; CEP238, KEEP STATE of a rule of another form; mistakes of the rules.
        """
        arrays, meta = last_checkpoint(Path(path))
        given: Rules = [SourceText(name, text) for name, text in meta["rules"]]
        if rules is None:
            options.setdefault("params", meta["params"])
        engine = cls(given if rules is None else rules, **options)
        try:
            with engine._lock:
                engine.restored = engine._core.restore(arrays, changed=True)
                engine._core.rejects.extend(BadEvent(*row) for row in meta["rejects"])
                engine._places.go_on(meta)
                if engine._journaled is not None:
                    engine._journaled.go_on(meta["journal"])
        except BaseException:
            engine.close()
            raise
        return engine

    def check(self) -> None:
        """Assert the engine's invariants (for tests)."""
        with self._lock:
            self._core.check()

    def wait_compiled(self) -> None:
        """Wait until all kernels are compiled and swapped in (tier "auto")."""
        with self._lock:
            self._core.wait_compiled()

    def explain(
        self,
        rule: str | None = None,
        *,
        stage: str = "graph",
        format: str = "text",  # noqa: A002
    ) -> str:
        """Return a stage of the compile walk as text or picture (see `cep explain`).

        Raises:
            CepError: CEP406, no such rule, stage or format.
        """
        from cep.explain import explain

        return explain(self._sources, rule=rule, stage=stage, format=format, params=self._params)

    # ------------------------------------------------------------ life

    def close(self) -> None:
        """End iterators and background work; may be called twice. Does not flush."""
        with self._lock:
            if self._entrance.closed:
                return
            self._entrance.close()
            if self._metrics is not None:
                self._metrics.unregister()
        self._core.close()
        self._delivery.close()

    def __enter__(self) -> Self:
        """Return the engine."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the engine."""
        self.close()

    async def __aenter__(self) -> Self:
        """Return the engine."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the engine."""
        self.close()


def _as_written(name: str) -> str:
    """Return a name as it stands in rule text."""
    from cep.lang.print.names import dotted

    return dotted(name)


def _check_options(tier: str, batch_rows: int, workers: int) -> None:
    """Check what an engine is told about how to run.

    Raises:
        CepError: CEP403.
    """
    if workers != 1:
        msg = f"{workers} workers are not supported yet"
        raise error("CEP403", msg, hint="workers=1")
    if batch_rows < 1:
        msg = f"batch_rows={batch_rows} is not a number of rows"
        raise error("CEP403", msg, hint="1 or more")
    if tier not in TIERS:
        msg = f"unknown tier {tier!r}"
        raise error("CEP403", msg, hint=f"one of {', '.join(TIERS)}")
