"""The engine makes of the first readings of the benchmarks' patterns what the model makes of them."""

from __future__ import annotations

import pytest

from benchmarks.measure import WORKLOADS
from benchmarks.workloads.generate import KINDS, columns
from tests.oracle.comparison import differences
from tests.oracle.strategies import Pair
from tests.oracle.world import evaluate

ROWS = 400
SENSORS = 10  # of one room
UNIT = ", ts_unit = 'ms'"
# Thresholds so low that the few readings hold matches.
LOWER = {
    "w4_hot": {"> 0.03": "> 0.02", "+ 2.5": "+ 1.5"},
    "w5": {"+ 0.3": "+ 0.0"},
    "loop_mean": {"> 0.04": "> 0.03", "< 20.5": "< 20.8"},
    "any_order": {"> 24": "> 22", "> 0.042": "> 0.03", "< 34": "< 39"},
    "strict_loop": {"> 0.055": "> 0.03"},
}


@pytest.mark.parametrize("workload", LOWER)
def test_first_readings(workload: str) -> None:
    made = columns(ROWS, SENSORS)
    rows = zip(made.ts, made.sensor, made.room, made.kind, made.value, strict=True)
    arrivals = tuple(
        (
            "readings",
            {
                "ts": int(ts) * 1000,
                "sensor": made.sensor_names[sensor],
                "room": made.room_names[room],
                "kind": KINDS[kind],
                "value": float(value),
            },
        )
        for ts, sensor, room, kind, value in rows
    )
    rules = (WORKLOADS / f"{workload}.cep").read_text(encoding="utf-8")
    rules = rules.replace(UNIT, "")  # the model takes times in us
    for high, low in LOWER[workload].items():
        assert high in rules
        rules = rules.replace(high, low)
    assert not differences(Pair(rules, arrivals, frozenset()))
    assert len(evaluate(rules, arrivals)[workload.removesuffix("_hot")]) >= 3
