"""Histograms of durations: one bucket or many, few or many durations, all give the same counts."""

from __future__ import annotations

import numpy as np
import pytest

from cep.engine.histogram import Histogram

BOUNDS = (0.001, 1.0, 60.0)
TIMES = {
    "one bucket": [5, 6, 7] * 10,
    "one instant": [4_000_000],
    "all buckets": [*range(0, 60_000_000, 7_000), 60_000_000, 99_999_000, 99_999_999],
    "after now": [99_000_000, 100_000_001],
    "on a bound": [99_000_000, 99_999_000],
}


@pytest.mark.parametrize("name", TIMES)
def test_durations_since_instants_are_counted_as_one_by_one(name: str) -> None:
    times = np.sort(np.array(TIMES[name], np.int64))
    now = 100_000_000
    one, many = Histogram(BOUNDS), Histogram(BOUNDS)
    for t in times.tolist():
        one.count(max(now - t, 0) / 1e6)
    many.add_since(now, times)
    assert many.stats()["buckets"] == one.stats()["buckets"]
    assert many.stats()["sum"] == pytest.approx(one.stats()["sum"])
