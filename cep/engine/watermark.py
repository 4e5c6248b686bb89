"""Watermarks of one stream: W of each partition after every row, lateness row by row (ruling 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cep.types import MAX_I64

if TYPE_CHECKING:
    from cep.graph.graph import StreamSpec

NEVER = -MAX_I64  # the watermark before the first row


@dataclass(slots=True)
class Arrival:
    """What the clock says of rows that arrived: T of each, and which are late (None: none)."""

    times: np.ndarray
    late: np.ndarray | None


class Watermark:
    """The watermark of a stream: the minimum over its partitions, infinity once it has ended.

    Invariants: a partition's watermark never goes back.
    """

    def __init__(self, spec: StreamSpec) -> None:
        self._delay = spec.watermark_delay_us
        self._adjust = spec.late_adjust
        self.partitions: dict[int, int] = {}
        self.ended = False
        self.idle = False
        self.last_seen_us = 0  # wall clock of the last row, for idle timeouts

    @property
    def received(self) -> bool:
        """Whether any row or `advance` has come."""
        return bool(self.partitions)

    @property
    def value(self) -> int:
        """W of the stream, us: no row below it will come."""
        if self.ended:
            return MAX_I64
        return min(self.partitions.values(), default=NEVER)

    def open(self, partition: int) -> None:
        """Count a partition from now on."""
        self.partitions.setdefault(partition, NEVER)

    def end(self, partition: int) -> None:
        """Say that a partition has no more rows."""
        self.partitions[partition] = MAX_I64
        self.ended = min(self.partitions.values()) == MAX_I64

    def advance(self, us: int) -> None:
        """Move all partitions to at least `us`."""
        for partition in self.partitions or {0: NEVER}:
            self.partitions[partition] = max(self.partitions.get(partition, NEVER), us)

    def arrive(
        self, times: np.ndarray, partition: int, clock: int, others: int, *, in_order: bool = False
    ) -> Arrival:
        """Take rows of a partition in arrival order and move its watermark past them.

        Args:
            times: int64[n], us, the rows' own times.
            partition: which one.
            clock: the component's clock before the rows.
            in_order: the times are known not to decrease.
            others: the minimum watermark of the component's other streams (MAX_I64: none holds back).
        """
        before = self.partitions.get(partition, NEVER)
        first_ok = self._delay == 0 and int(times[0]) >= max(before, clock)
        if first_ok and (in_order or not (times[1:] < times[:-1]).any()):
            self.partitions[partition] = int(times[-1])
            return Arrival(times, None)
        # A time too low to subtract the delay from would wrap around.
        marks = np.maximum.accumulate(np.maximum(times, NEVER + self._delay) - self._delay)
        limits = np.maximum(np.concatenate(([before], marks[:-1])), before)
        late = times < np.maximum(limits, clock)
        self.partitions[partition] = max(before, int(marks[-1]))
        if not late.any():
            return Arrival(times, None)
        if not self._adjust:
            return Arrival(times, late)
        rest = [w for p, w in self.partitions.items() if p != partition]
        stream = np.minimum(limits, min(rest, default=MAX_I64))
        at = np.maximum(np.minimum(stream, others), clock)
        return Arrival(np.where(late, at, times), late)

    def arrays(self) -> np.ndarray:
        """Return the state as int64: ended, idle, last seen, then partition and watermark in turn."""
        flat = [int(self.ended), int(self.idle), self.last_seen_us]
        for partition, value in sorted(self.partitions.items()):
            flat += [partition, value]
        return np.array(flat, np.int64)

    def restore(self, flat: np.ndarray) -> None:
        """Take over what `arrays` returned."""
        ended, idle, self.last_seen_us, *pairs = flat.tolist()
        self.ended, self.idle = bool(ended), bool(idle)
        self.partitions = dict(zip(pairs[::2], pairs[1::2], strict=True))
