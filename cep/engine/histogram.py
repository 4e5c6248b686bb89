"""A histogram of durations, read by metrics."""

from __future__ import annotations

from typing import Any

import numpy as np


class Histogram:
    """Counts durations by upper bounds, seconds."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = np.array(bounds)
        self._counts = np.zeros(len(bounds) + 1, np.int64)
        self._sum = 0.0

    def add(self, seconds: np.ndarray | float) -> None:
        """Count one duration or an array of them."""
        places = np.searchsorted(self._bounds, np.atleast_1d(seconds))
        np.add.at(self._counts, places, 1)
        self._sum += float(np.sum(seconds))

    def stats(self) -> dict[str, Any]:
        """Return the sum, and (bound, count) for each bucket."""
        bounds = [*(str(b) for b in self._bounds.tolist()), "+Inf"]
        return {"sum": self._sum, "buckets": list(zip(bounds, self._counts.tolist(), strict=True))}
