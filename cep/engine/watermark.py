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
    """The watermark of a stream: the minimum over its partitions that are not idle, infinity once it has ended.

    Invariants: a partition's watermark never goes back; the stream is idle iff its partitions are.
    """

    def __init__(self, spec: StreamSpec) -> None:
        self._delay = spec.watermark_delay_us
        self._adjust = spec.late_adjust
        self.partitions: dict[int, int] = {}
        self.ended = False
        self._idle: set[int] = set()
        self._seen_us: dict[int, int] = {}  # wall clock of the last row of each partition

    @property
    def received(self) -> bool:
        """Whether any row or `advance` has come."""
        return bool(self.partitions)

    @property
    def idle(self) -> bool:
        """Whether all partitions are idle: the stream does not hold the clock back."""
        return bool(self._idle) and len(self._idle) == len(self.partitions)

    @property
    def value(self) -> int:
        """W of the stream, us: no row below it will come."""
        if self.ended:
            return MAX_I64
        if self._idle and not self.idle:
            return min(w for p, w in self.partitions.items() if p not in self._idle)
        return min(self.partitions.values(), default=NEVER)

    def open(self, partition: int) -> None:
        """Count a partition from now on."""
        self.partitions.setdefault(partition, NEVER)

    def end(self, partition: int) -> None:
        """Say that a partition has no more rows."""
        self.partitions[partition] = MAX_I64
        self.ended = min(self.partitions.values()) == MAX_I64

    def saw(self, partition: int, now_us: int) -> None:
        """Say that rows of a partition came at this time of the wall clock; it is not idle (any more)."""
        self._seen_us[partition] = now_us
        self._idle.discard(partition)

    def fall_idle(self, now_us: int, timeout_us: int) -> bool:
        """Mark partitions idle that were silent for more than the timeout; return whether there are new ones."""
        silent = {
            partition
            for partition, mark in self.partitions.items()
            if mark != MAX_I64 and now_us - self._seen_us.get(partition, now_us) > timeout_us
        }
        found = not silent <= self._idle
        self._idle |= silent
        return found

    def next_idle(self, now_us: int, timeout_us: int) -> int:
        """Return the first time of the wall clock at which a partition may fall idle."""
        active = [
            self._seen_us.get(partition, now_us)
            for partition, mark in self.partitions.items()
            if mark != MAX_I64 and partition not in self._idle
        ]
        return min(active, default=now_us) + timeout_us + 1

    def advance(self, us: int, now_us: int) -> None:
        """Move all partitions to at least `us`; none is idle at this time of the wall clock."""
        for partition in self.partitions or {0: NEVER}:
            self.partitions[partition] = max(self.partitions.get(partition, NEVER), us)
            self.saw(partition, now_us)

    def step(self, first: int, last: int, now_us: int) -> bool:
        """Take rows of partition 0 of a stream without delay, the times of the first and the last of which are given.

        Times do not decrease. Returns False, nothing done, if it is no plain case.
        """
        marks = self.partitions
        if (
            self.ended
            or self._idle
            or len(marks) > 1
            or marks.get(0, MAX_I64 if marks else NEVER) > first
        ):
            return False
        marks[0] = last
        self._seen_us[0] = now_us
        return True

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
        rest = [w for p, w in self.partitions.items() if p != partition and p not in self._idle]
        stream = np.minimum(limits, min(rest, default=MAX_I64))
        at = np.maximum(np.minimum(stream, others), clock)
        # While another stream has not begun there is no clock to adjust to.
        return Arrival(np.where(late & (at > NEVER), at, times), late)

    def arrays(self) -> np.ndarray:
        """Return the state as int64: ended, then for each partition number, watermark, last seen, idle."""
        flat = [int(self.ended)]
        for partition, value in sorted(self.partitions.items()):
            seen = self._seen_us.get(partition, NEVER)
            flat += [partition, value, seen, int(partition in self._idle)]
        return np.array(flat, np.int64)

    def restore(self, flat: np.ndarray) -> None:
        """Take over what `arrays` returned."""
        ended, *rows = flat.tolist()
        self.ended = bool(ended)
        parts = list(zip(*(rows[i::4] for i in range(4)), strict=True))
        self.partitions = {p: mark for p, mark, _, _ in parts}
        self._seen_us = {p: seen for p, _, seen, _ in parts if seen != NEVER}
        self._idle = {p for p, _, _, idle in parts if idle}
