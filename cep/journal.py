"""A journal of what is pushed into an engine: durable before it is processed, replayed behind the last checkpoint.

Every push is kept as the engine decoded it, with the wall clock it is processed at, so that a replay decides the same.
Group commit: pushes of several threads that wait at once become durable together (J. Gray, A. Reuter, Transaction Processing, 1993, 9.4.7).
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cep.batch import Decoded, Reject
from cep.connectors.columns import from_dicts
from cep.engine.clock import WallClock
from cep.entrance import Entrance
from cep.errors import error
from cep.state.checkpoint_file import DamagedError, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from cep.engine.core import EngineCore
    from cep.graph.graph import StreamSpec
    from cep.strings import StringTable


@dataclass(frozen=True, slots=True)
class Step:
    """Something pushed: rows, or what is said of time; now_us: the wall clock it is processed at.

    kind: rows, advance, end, flush, tick. us: of advance.
    """

    kind: str
    now_us: int
    stream: str | None = None
    us: int = 0
    rows: Decoded | None = None


class Journal:
    """Steps in a SQLite file, by numbers from 1.

    Invariants: what `commit` returned for is on the medium. Memory: none but SQLite's.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._lock = threading.Lock()  # of the connection
        self._committing = threading.Lock()
        self._committed = 0
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS steps (number INTEGER PRIMARY KEY AUTOINCREMENT, content BLOB NOT NULL)"
            )
            last = self._db.execute("SELECT MAX(seq) FROM sqlite_sequence").fetchone()
        except sqlite3.Error as problem:
            raise self._failure(problem) from problem
        self._last = int(last[0] or 0)

    @property
    def last(self) -> int:
        """The number of the last step that was appended, 0 if there never was one."""
        return self._last

    def _failure(self, problem: Exception) -> Exception:
        return error("CEP510", f"journal {self._path}: {problem}", hint="nothing was processed")

    def append(self, content: bytes) -> int:
        """Add a step and return its number; it is durable once `commit` returned for it.

        Raises:
            CepError: CEP510, the file cannot be written.
        """
        with self._lock:
            try:
                if not self._db.in_transaction:
                    self._db.execute("BEGIN")
                made = self._db.execute("INSERT INTO steps (content) VALUES (?)", (content,))
            except sqlite3.Error as problem:
                raise self._failure(problem) from problem
            self._last = int(made.lastrowid or 0)
            return self._last

    def commit(self, number: int) -> None:
        """Return when a step is durable, with all those before it.

        Raises:
            CepError: CEP510, the file cannot be written.
        """
        with self._committing:
            if self._committed >= number:
                return  # with the steps of another thread
            with self._lock:
                last = self._last
                try:
                    if self._db.in_transaction:
                        self._db.execute("COMMIT")
                except sqlite3.Error as problem:
                    raise self._failure(problem) from problem
            self._committed = last

    def after(self, number: int) -> Iterator[tuple[int, bytes]]:
        """Yield the steps behind a number, in order."""
        while True:
            with self._lock:
                found = self._db.execute(
                    "SELECT number, content FROM steps WHERE number > ? ORDER BY number LIMIT 100",
                    (number,),
                ).fetchall()
            if not found:
                return
            yield from found
            number = found[-1][0]

    def trim(self, number: int) -> None:
        """Remove the steps up to a number, which no checkpoint needs any more."""
        with self._lock:
            self._db.execute("DELETE FROM steps WHERE number <= ?", (number,))
            if self._db.in_transaction:
                self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file; may be called twice."""
        with self._lock:
            self._db.close()


class JournaledEntrance(Entrance):
    """An entrance that writes what is pushed into a journal first.

    Invariants: steps are processed in the order of their numbers, each at most once. Before the first push, or with
    `replay`, what stands in the journal behind the checkpoint is processed.
    """

    def __init__(
        self,
        core: EngineCore,
        deliver: Callable[[], None],
        lock: threading.RLock,
        batch_rows: int,
        journal: Journal,
        clock: FixedClock,
    ) -> None:
        super().__init__(core, deliver, lock, batch_rows)
        self._journal = journal
        self._clock = clock
        self._waiting: deque[tuple[int, Step]] = deque()
        self.processed = 0  # number of the last step processed
        self._trimmed = 0
        self._replayed = False

    def go_on(self, number: int) -> None:
        """Go on behind a step, that of a checkpoint.

        Raises:
            CepError: CEP510, the journal has never had that step: it is of another engine.
        """
        if self._journal.last < number:
            msg = f"the journal ends at step {self._journal.last}, the checkpoint is behind step {number}"
            raise error(
                "CEP510", msg, hint="give the journal of the engine that wrote the checkpoint"
            )
        self.processed = self._trimmed = number

    def replay(self) -> int:
        """Process what stands in the journal and was not processed; return how many steps that were.

        Raises:
            CepError: CEP510, a step cannot be read.
        """
        with self._lock:
            self.check_open()
            if self._replayed:
                return 0
            self._replayed = True
            count = 0
            for number, content in self._journal.after(self.processed):
                self._process(number, from_bytes(content, self.core.strings))
                count += 1
            return count

    def saved(self, number: int) -> None:
        """Be told that a checkpoint holds the steps up to a number; those behind the one before it stay."""
        with self._lock:
            if number > self._trimmed:
                self._journal.trim(self._trimmed)
                self._trimmed = number

    def close(self) -> None:
        """Close the journal."""
        super().close()
        self._journal.close()

    # ------------------------------------------------------------ pushes

    def send(self, stream: str, event: Mapping[str, object]) -> None:
        """Process one event."""
        self._push(lambda: self._rows(stream, (event,)))

    def send_many(self, stream: str, events: Iterable[Mapping[str, object]]) -> None:
        """Process events in order."""
        given = list(events)
        for first in range(0, len(given), self._batch_rows):
            part = given[first : first + self._batch_rows]
            self._push(lambda part=part: self._rows(stream, part))  # type: ignore[misc]

    def _rows(self, stream: str, events: Any) -> Step:
        spec = self.core.source(stream).spec
        return Step("rows", 0, stream, rows=from_dicts(events, spec, self.core.strings))

    def send_batch(self, stream: str, table: Any) -> None:
        """Process the rows of a table of columns."""
        with self._lock:
            reader = self._readers.get(stream) or self._reader(stream)
            parts = list(reader.read(table))
        for part in parts:
            self._push(lambda part=part: Step("rows", 0, stream, rows=part))  # type: ignore[misc]

    def advance(self, us: int, stream: str | None) -> None:
        """Move event time on."""
        self._push(lambda: Step("advance", 0, stream and self.core.source(stream).spec.name, us))

    def end(self, stream: str) -> None:
        """End one stream."""
        self._push(lambda: Step("end", 0, self.core.source(stream).spec.name))

    def flush(self) -> None:
        """End all streams."""
        self._push(lambda: Step("flush", 0))

    def tick(self) -> None:
        """Look at the wall clock; only what may change something is written."""
        if self._clock.wall.now_us() >= self.core.next_tick_us:
            self._push(lambda: Step("tick", 0))

    def needed(self, stream: str) -> frozenset[str]:
        """Return all columns: the rules of a replay may read others."""
        return frozenset(self.core.source(stream).spec.schema.names())

    def _push(self, make: Callable[[], Step]) -> None:
        """Let a step be durable, then processed, behind those that were pushed before it."""
        self.replay()
        with self._lock:
            self.check_open()
            made = make()
            step = Step(made.kind, self._clock.wall.now_us(), made.stream, made.us, made.rows)
            specs = self.core.specs
            number = self._journal.append(to_bytes(step, specs, self.core.strings))
            self._waiting.append((number, step))
        self._journal.commit(number)
        with self._lock:
            while self._waiting and self._waiting[0][0] <= number:
                self._process(*self._waiting.popleft())

    def _process(self, number: int, step: Step) -> None:
        core = self.core
        self.processed = number
        self._clock.time_us = step.now_us
        match step.kind:
            case "rows":
                assert step.rows is not None
                core.ingest(step.stream or "", step.rows)
                core.tick()
            case "advance":
                core.advance(step.us, step.stream)
                core.tick()
            case "end":
                core.end_stream(step.stream or "")
            case "flush":
                core.flush()
            case _:
                core.tick()
        self._deliver()


class FixedClock(WallClock):
    """The clock of an engine with a journal: it stands at the time of the step being processed."""

    def __init__(self, wall: WallClock) -> None:
        self.wall = wall
        self.time_us = wall.now_us()

    def now_us(self) -> int:
        """Return the time of the step."""
        return self.time_us


def to_bytes(step: Step, specs: Mapping[str, StreamSpec], strings: StringTable) -> bytes:
    """Return a step as a journal holds it: the form of a checkpoint, texts written out."""
    meta: dict[str, Any] = {
        "kind": step.kind,
        "now_us": step.now_us,
        "stream": step.stream,
        "us": step.us,
    }
    rows = step.rows
    if rows is None:
        return encode({}, meta)
    assert step.stream is not None
    coded = {c.name for c in specs[step.stream].schema.columns if c.type.is_coded}
    arrays, texts = {}, {}
    for name, column in rows.columns.items():
        arrays[f"column/{name}"] = column
        if name in coded:
            used, places = np.unique(column, return_inverse=True)
            texts[name] = strings.decode(used)
            arrays[f"column/{name}"] = places.astype(np.int32)
    if rows.numbers is not None:
        arrays["numbers"] = rows.numbers
    meta |= {
        "texts": texts,
        "rows_read": rows.rows_read,
        "in_order": rows.in_order,
        "rejects": [[r.row, r.raw, r.reason, r.kind] for r in rows.rejects],
    }
    return encode(arrays, meta)


def from_bytes(content: bytes, strings: StringTable) -> Step:
    """Return the step that `to_bytes` wrote.

    Raises:
        CepError: CEP510, the bytes are others.
    """
    try:
        arrays, meta = decode(content)
    except DamagedError as problem:
        msg = f"a step of the journal cannot be read: {problem}"
        raise error("CEP510", msg) from problem
    step = Step(meta["kind"], meta["now_us"], meta["stream"], meta["us"])
    if step.kind != "rows":
        return step
    columns = {}
    for name, stored in arrays.items():
        if name != "numbers":
            columns[name.removeprefix("column/")] = stored
    for name, texts in meta["texts"].items():
        columns[name] = strings.encode(texts)[columns[name]]
    rows = Decoded(
        columns,
        meta["rows_read"],
        arrays.get("numbers"),
        tuple(Reject(*reject) for reject in meta["rejects"]),
        in_order=meta["in_order"],
    )
    return Step(step.kind, step.now_us, step.stream, step.us, rows)
