"""Random windows of days and months in time zones, around the changes of their clocks, against the reference model."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime

import pytest

from cep.times import from_datetime
from tests.oracle.comparison import differences
from tests.oracle.draw_queries import AGGREGATES, aggregates_of
from tests.oracle.drawing import Draw, Stream
from tests.oracle.strategies import Pair

COLUMNS = {"ts": "TIMESTAMP", "k": "STRING", "n": "INT", "v": "DOUBLE"}
SOURCE = Stream("s", COLUMNS)
DECLARED = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
# Zones, and moments near which their clocks change in odd ways, or in none.
PLACES = (
    ("Europe/Berlin", (2026, 3, 28)), ("Europe/Berlin", (2026, 10, 24)), ("America/Sao_Paulo", (2018, 11, 3)),
    ("America/St_Johns", (2006, 10, 28)), ("Pacific/Apia", (2011, 12, 28)), ("Africa/Casablanca", (2026, 2, 13)),
    ("America/Havana", (2025, 11, 1)), ("Australia/Lord_Howe", (2026, 4, 4)), ("Asia/Kolkata", (2024, 2, 28)),
    ("UTC", (2400, 2, 28)), ("Europe/London", (2099, 12, 31)), ("America/New_York", (2503, 3, 10)),
)  # fmt: skip
OFFSETS = ("", "", ", offset => 6h", ", offset => 30m", ", offset => 23h")
HOUR = 3_600_000_000
SEEDS = {"ci": 300, "full": 2_000}[os.environ.get("CEP_TEST_SIZE", "full")]


def window(d: Draw, zone: str) -> str:
    """Return a window in a time zone."""
    end = f"{d.pick(OFFSETS)}, zone => '{zone}')"
    day = d.pick((1, 1, 2, 7))
    month = f"INTERVAL '{d.pick((1, 1, 3))}' MONTH"
    return (
        d.pick((
            f"TUMBLE({day}d",
            f"TUMBLE({month}",
            f"HOP(size => {day * 3}d, every => {day}d",
            "HOP(size => INTERVAL '2' MONTH, every => INTERVAL '1' MONTH",
            f"CUMULATE(step => {day}d, size => {day * 2}d",
            f"CUMULATE(step => 1d, size => {month}",
            "CUMULATE(step => INTERVAL '1' MONTH, size => INTERVAL '1' QUARTER",
        ))
        + end
    )


def pair_of(seed: int) -> Pair:
    """Return a rule with a window in a time zone, and rows some hours apart."""
    rng = random.Random(seed)
    d = Draw(rng)
    zone, (year, month, day) = d.pick(PLACES)
    calls = [aggregates_of(d, SOURCE, AGGREGATES)[0] for _ in range(d.pick((1, 2, 3)))]
    items = ", ".join(f"{call} AS o{n}" for n, call in enumerate(calls))
    key = d.pick(("", "k, "))
    made = window(d, zone)
    # Of HOP two windows may end at once, where a zone leaves a day out.
    orders = ("", "", "", "" if zone == "Pacific/Apia" else " ORDER BY o0 DESC LIMIT 1")
    rule = (
        f"SELECT {key}window_start, window_end, {items} FROM s GROUP BY {key}{made}{d.pick(orders)}"
    )
    now = from_datetime(datetime(year, month, day, tzinfo=UTC)) + rng.randrange(24) * HOUR
    rows = []
    for _ in range(rng.choice((8, 20))):
        now += rng.choice((0, HOUR // 2, HOUR, 5 * HOUR, 24 * HOUR, 100 * HOUR)) + rng.choice((
            -1,
            0,
            0,
            1,
        ))
        row = {
            "ts": now - rng.choice((0, 0, HOUR)),
            "k": rng.choice(("a", "b", None)),
            "n": rng.choice((None, 1, 2, 3)),
            "v": rng.choice((None, 0.5, 1.5, 2.5)),
        }
        rows.append(("s", row))
    text = f"CREATE STREAM s ({DECLARED}, WATERMARK FOR ts AS ts - 1h);\nCREATE RULE r AS {rule};"
    return Pair(text, tuple(rows), frozenset(d.tags))


def check(seed: int, tier: str) -> None:
    """Fail with rule and rows where engine and model differ."""
    pair = pair_of(seed)
    mode = {"batch_rows": (1, 4, 10_000)[seed % 3], "restart_after": 5 if seed % 4 == 0 else None}
    found = differences(pair, tier=tier, **mode)
    assert not found, f"seed {seed}, {mode}\n{pair}\n" + "\n".join(found)


def test_calendar_windows_are_what_the_model_says() -> None:
    for seed in range(25):
        check(seed, "python")
    for seed in range(25, 29):
        check(seed, "llvm")


@pytest.mark.slow
def test_many_calendar_windows_are_what_the_model_says() -> None:
    for seed in range(100, 100 + SEEDS):
        check(seed, "llvm" if seed % 10 == 0 else "python")
