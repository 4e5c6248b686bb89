"""A histogram of durations, read by metrics."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import numpy as np

FEW = 16  # so many are counted one by one: numpy calls have a fixed cost


class Histogram:
    """Counts durations by upper bounds, seconds."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def count(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def add_since(self, now_us: int, times: np.ndarray) -> None:
        """Count the durations from instants to now, us; `times` (int64[n]) never falls. Later ones than now are 0."""
        first, last = now_us - times.item(0), now_us - times.item(-1)
        place = bisect_left(self._bounds, first / 1e6)
        if last < 0 or place != bisect_left(self._bounds, last / 1e6):
            self._add(np.maximum(now_us - times, 0) / 1e6)
            return
        # One bucket, as almost always: the sum is that of the distances from the last instant.
        count = len(times)
        self._counts[place] += count
        distances = np.subtract(times[-1], times).sum(dtype=np.float64)
        self._sum += (count * last + float(distances)) / 1e6

    def _add(self, seconds: np.ndarray) -> None:
        """Count an array of durations."""
        if len(seconds) <= FEW:
            for one in seconds.tolist():
                self.count(one)
            return
        counts = np.bincount(np.searchsorted(self._bounds, seconds), minlength=len(self._counts))
        self._counts = [a + b for a, b in zip(self._counts, counts.tolist(), strict=True)]
        self._sum += float(np.sum(seconds))

    def stats(self) -> dict[str, Any]:
        """Return the sum, and (bound, count) for each bucket."""
        bounds = [*(str(b) for b in self._bounds), "+Inf"]
        return {"sum": self._sum, "buckets": list(zip(bounds, self._counts, strict=True))}
