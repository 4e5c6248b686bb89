"""The way into an engine for events that are pushed: one by one, in rows, in columns; and for steps of event time."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from cep.connectors.columnar import ColumnarReader
from cep.connectors.columns import from_dicts
from cep.errors import error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from threading import RLock

    from cep.engine.core import EngineCore


class Entrance:
    """Hands what is pushed to the engine, under its lock, and then its rows to who waits for them.

    Memory: the dictionaries of coded columns that were read last.
    """

    def __init__(
        self, core: EngineCore, deliver: Callable[[], None], lock: RLock, batch_rows: int
    ) -> None:
        self.core = core
        self.closed = False
        self._deliver = deliver
        self._lock = lock
        self._batch_rows = batch_rows
        self.forget_columns()

    def check_open(self) -> None:
        """Raise CEP404 if the engine is closed."""
        if self.closed:
            msg = "the engine is closed"
            raise error("CEP404", msg)

    def close(self) -> None:
        """Take nothing any more."""
        self.closed = True

    def replay(self) -> int:
        """Process what a journal holds; return how many pushes that were (none without a journal)."""
        return 0

    def send(self, stream: str, event: Mapping[str, object]) -> None:
        """Process one event."""
        with self._lock:
            self.check_open()
            self.core.send(stream, event)
            self._deliver()

    def send_many(self, stream: str, events: Iterable[Mapping[str, object]]) -> None:
        """Process events in order."""
        with self._lock:
            self.check_open()
            spec = self.core.source(stream).spec
            rows = iter(events)
            while part := list(islice(rows, self._batch_rows)):
                self.core.ingest(stream, from_dicts(part, spec, self.core.strings))
            self._after()

    def send_batch(self, stream: str, table: Any) -> None:
        """Process the rows of a table of columns."""
        with self._lock:
            self.check_open()
            reader = self._readers.get(stream) or self._reader(stream)
            for decoded in reader.read(table):
                if self.core.ingest(stream, decoded):
                    reader.recycle(decoded)
            self._after()

    def advance(self, us: int, stream: str | None) -> None:
        """Move event time on."""
        with self._lock:
            self.check_open()
            self.core.advance(us, stream)
            self._after()

    def end(self, stream: str) -> None:
        """End one stream."""
        with self._lock:
            self.check_open()
            self.core.end_stream(stream)
            self._deliver()

    def flush(self) -> None:
        """End all streams."""
        with self._lock:
            self.check_open()
            self.core.flush()
            self._deliver()

    def tick(self) -> None:
        """Look at the wall clock."""
        with self._lock:
            self.check_open()
            self._after()

    def _after(self) -> None:
        self.core.tick()
        self._deliver()

    def forget_columns(self) -> None:
        """Forget which columns are read; where kernels are compiled first, so are the readers."""
        self._readers: dict[str, ColumnarReader] = {}
        if self.core.tier == "llvm" and not self.core.bounded:
            for stream in self.core.sources:
                self._reader(stream)

    def needed(self, stream: str) -> frozenset[str]:
        """Return the columns of a table that are read."""
        return self.core.needed(stream)

    def _reader(self, stream: str) -> ColumnarReader:
        core = self.core
        reader = self._readers[stream] = ColumnarReader(
            core.source(stream).spec,
            core.strings,
            self.needed(stream),
            tier=core.tier,
            compiler=core.compiler,
        )
        return reader
