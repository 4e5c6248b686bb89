"""Random joins of random streams against the reference model."""

from __future__ import annotations

import os
import random

import pytest

from tests.oracle.comparison import differences
from tests.oracle.strategies import Pair

STREAMS = """\
CREATE STREAM a (ts TIMESTAMP, k STRING, n INT, v DOUBLE, WATERMARK FOR ts AS ts - 1s);
CREATE STREAM b (ts TIMESTAMP, k STRING, n INT, v DOUBLE, WATERMARK FOR ts AS ts - 1s);
"""
KINDS = ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "ASOF JOIN", "LEFT ASOF JOIN")
BOUNDS = ("WITHIN 3s", "WITHIN 0s", "WITHIN (1s BEFORE, 4s AFTER)", "WITHIN (2s BEFORE, 0s AFTER)")
CONDITIONS = (
    "x.k = y.k",
    "x.k = y.k AND x.n = y.n",
    "y.n = x.n",
    "x.k = y.k AND x.v < y.v",
    "x.n = y.n AND (x.k <> y.k OR x.v IS NULL)",
)
SHAPES = (
    "SELECT x.k AS k1, y.k AS k2, x.n, y.v, x.ts AS t1, y.ts AS t2 FROM {join}",
    "SELECT x.n + y.n AS n, x.v FROM {join} WHERE y.v > 1 OR y.v IS NULL",
    "SELECT x.k, COUNT(*) AS n, SUM(y.n) AS total FROM {join} GROUP BY x.k, TUMBLE(5s)",
    "SELECT x.k, y.n, COUNT(*) OVER (PARTITION BY x.k RANGE 4s PRECEDING) AS c FROM {join}",
)
SEEDS = {"ci": 300, "full": 5_000}[os.environ.get("CEP_TEST_SIZE", "full")]


def pair_of(seed: int) -> Pair:
    """Return a rule with a join, and rows of both sides, somewhat out of order."""
    rng = random.Random(seed)
    kind = rng.choice(KINDS)
    bound = "" if "ASOF" in kind else rng.choice(BOUNDS)
    right = rng.choice(("b", "b", "b", "a"))
    join = f"a AS x {kind} {right} AS y {bound} ON {rng.choice(CONDITIONS)}"
    rule = rng.choice(SHAPES).format(join=join)
    now, rows = 0, []
    for _ in range(40):
        now += rng.choice((0, 0, 500_000, 1_000_000, 2_000_000))
        row = {
            "ts": max(0, now - rng.choice((0, 0, 0, 1_000_000))),
            "k": rng.choice(("p", "q", None)),
            "n": rng.choice((None, 1, 2, 3)),
            "v": rng.choice((None, 0.5, 1.5, 2.5)),
        }
        rows.append((rng.choice("ab"), row))
    return Pair(f"{STREAMS}CREATE RULE r AS {rule};", tuple(rows), frozenset())


def check(seed: int, tier: str) -> None:
    pair = pair_of(seed)
    mode = {"batch_rows": (1, 4, 10_000)[seed % 3], "restart_after": 15 if seed % 4 == 0 else None}
    found = differences(pair, tier=tier, **mode)
    assert not found, f"seed {seed}, {mode}\n{pair}\n" + "\n".join(found)


def test_joins_are_what_the_model_says() -> None:
    for seed in range(60):
        check(seed, "python")
    for seed in range(60, 66):
        check(seed, "llvm")


@pytest.mark.slow
def test_many_joins_are_what_the_model_says() -> None:
    for seed in range(100, 100 + SEEDS):
        check(seed, "llvm" if seed % 10 == 0 else "python")
