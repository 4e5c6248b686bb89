"""One source stream at run time: numbers its rows, decides lateness, keeps rows until they may run."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from cep.batch import EventBatch
from cep.engine.duplicates import Duplicates
from cep.engine.reorder import ReorderBuffer, joined
from cep.engine.watermark import NEVER, Watermark
from cep.state.arrays import put_under, take_from
from cep.types import MAX_I64

if TYPE_CHECKING:
    from cep.batch import Decoded
    from cep.engine.clock import WallClock
    from cep.graph.graph import StreamSpec
    from cep.strings import StringTable


_NO_TIMES = np.empty(0, np.int64)


class SourceStream:
    """State of a source stream.

    Invariants: events = processed + late + rejected + waiting (rows adjusted to the clock count as
    processed, and in `adjusted`).
    """

    def __init__(self, spec: StreamSpec, strings: StringTable, clock: WallClock) -> None:
        self.spec = spec
        self.watermark = Watermark(spec)
        self.buffer = ReorderBuffer(spec, strings)
        self.ready: list[EventBatch] = []  # rows of a stream that needs no reordering
        self.events = 0  # rows that came, whatever became of them; the next row's seq
        self.late = 0
        self.adjusted = 0
        self.rejected: Counter[str] = Counter()
        self.processed = 0
        self.newest_us = NEVER  # the largest time of any row so far
        self._clock = clock
        self._last_arrival = 0
        self.duplicates = None if spec.dedup_key is None else Duplicates(spec)
        self.in_order = spec.watermark_delay_us == 0 and not spec.tiebreak

    @property
    def several_partitions(self) -> bool:
        """Whether rows came from more than one partition."""
        return len(self.watermark.partitions) > 1

    def idle_timeout_us(self, default_us: int) -> int:
        """Return after how long a silence the stream is idle, us of wall clock (0: never)."""
        own = self.spec.idle_timeout_us
        return default_us if own is None else own

    @property
    def waiting(self) -> int:
        """Number of rows that came and did not run yet."""
        return len(self.buffer) + sum(map(len, self.ready))

    def accept(
        self, decoded: Decoded, partition: int, clock: int, others: int, *, direct: bool
    ) -> EventBatch | None:
        """Take decoded rows in arrival order; return the late ones, None for none.

        direct: rows need no buffer, they run in the order they came.
        """
        first = self.events
        self.events += decoded.rows_read
        self.watermark.saw(partition, self._clock.now_us())
        rows = decoded.rows_read - len(decoded.rejects)
        times = self._times(decoded, rows) if rows else _NO_TIMES
        if rows and self.duplicates is not None:
            decoded, times = self.duplicates.without(decoded, times)
            rows = len(times)
        for reject in decoded.rejects:
            self.rejected[reject.kind] += 1
        if rows == 0:
            return None
        numbers = decoded.numbers
        seq = first if numbers is None else first + numbers
        newest = times[-1] if decoded.in_order else times.max()
        self.newest_us = max(self.newest_us, int(newest))
        if self.watermark.ended:
            self.late += rows
            return EventBatch(self.spec.schema, decoded.columns, times, seq).take(np.arange(rows))
        arrival = self.watermark.arrive(times, partition, clock, others, in_order=decoded.in_order)
        batch = EventBatch(self.spec.schema, decoded.columns, arrival.times, seq)
        late: EventBatch | None = None
        if arrival.late is not None:
            if self.spec.late_adjust:
                self.adjusted += int(arrival.late.sum())
            else:
                late = batch.take(arrival.late)
                self.late += len(late)
                batch = batch.take(~arrival.late)
        if len(batch):
            if direct:
                self.ready.append(batch)
            else:
                self.buffer.add(batch, partition, first)
        return late

    def count_rows(self, rows: int, newest: int) -> None:
        """Count rows that came in order, the last one at `newest`, and were processed."""
        self.events += rows
        self.processed += rows
        self.newest_us = max(self.newest_us, newest)

    def _times(self, decoded: Decoded, rows: int) -> np.ndarray:
        if self.spec.time_column is not None:
            return decoded.columns[self.spec.time_column]
        self._last_arrival = max(self._last_arrival, self._clock.now_us())
        return np.full(rows, self._last_arrival, np.int64)

    def release(self, limit: int) -> EventBatch | None:
        """Return the rows that may run now: those that came directly, and waiting ones with T <= limit."""
        parts = self.ready
        self.ready = []
        waiting = self.buffer.release(limit) if len(self.buffer) else None
        if waiting is not None:
            parts = [*parts, waiting]
        if not parts:
            return None
        batch = joined(parts)
        self.processed += len(batch)
        return batch

    def limit(self, clock: int, before: int) -> int:
        """Return up to which T rows may run (ruling 2).

        before: the minimum watermark of the streams declared before this one (MAX_I64: none).
        """
        limit = clock if before == MAX_I64 else min(clock, before - 1)
        if self.spec.tiebreak or self.several_partitions:
            # An idle stream promises nothing; what comes below the clock is late.
            own = clock if self.watermark.idle else self.watermark.value
            if own != MAX_I64:
                limit = min(limit, own - 1)
        return limit

    def check(self) -> None:
        """Assert that every row is accounted for."""
        rejected = sum(self.rejected.values())
        assert self.events == self.processed + self.late + rejected + self.waiting, self.spec.name

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the state by name; rows are never in `ready` between steps."""
        assert not self.ready
        reasons = "\n".join(self.rejected).encode()
        counters = [
            self.events,
            self.late,
            self.adjusted,
            self.processed,
            self._last_arrival,
            self.newest_us,
            *self.rejected.values(),
        ]
        return {
            "declared": self.declared(),
            "counters": np.array(counters, np.int64),
            "reasons": np.frombuffer(reasons, np.uint8).copy(),
            "watermark": self.watermark.arrays(),
            **put_under("buffer", self.buffer.arrays()),
            **(
                {} if self.duplicates is None else put_under("duplicates", self.duplicates.arrays())
            ),
        }

    def declared(self) -> np.ndarray:
        """Return a hash of the declaration, u8[16]."""
        text = repr(self.spec.as_declared()).encode()
        return np.frombuffer(blake2b(text, digest_size=16).digest(), np.uint8)

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over what `arrays` returned."""
        numbers = arrays["counters"].tolist()
        self.events, self.late, self.adjusted, self.processed = numbers[:4]
        self._last_arrival, self.newest_us, *counts = numbers[4:]
        reasons = arrays["reasons"].tobytes().decode().split("\n") if counts else []
        self.rejected = Counter(dict(zip(reasons, counts, strict=True)))
        self.watermark.restore(arrays["watermark"])
        self.buffer.restore(take_from("buffer", arrays))
        if self.duplicates is not None:
            self.duplicates.restore(take_from("duplicates", arrays))
