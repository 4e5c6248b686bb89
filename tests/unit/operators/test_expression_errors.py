"""Expression errors are counted the same however rows are batched, in both tiers and in numpy."""

from __future__ import annotations

from typing import Any

import pytest

import cep

RULES = """
CREATE STREAM s (ts TIMESTAMP NOT NULL, k STRING, n INT, x DOUBLE, WATERMARK FOR ts AS ts) WITH (ts_unit = 'us');
CREATE RULE r AS SELECT ts, n / (n - 3) AS a, x * 1e308 * 1e10 AS b, n + 9223372036854775800 AS c,
  SQRT(x - 2) AS d, COALESCE(n / 0, 1) AS e, k FROM s WHERE n <> 5;
"""
ROWS: list[dict[str, Any]] = [
    {"ts": i, "k": "k", "n": (None, 3, 9, 5)[i % 4], "x": (None, 0.0, 1.0, 7.0, 3.0)[i % 5]}
    for i in range(600)
]


def errors_of(tier: str, size: int) -> int:
    """Return what is counted when the rows come `size` at a time."""
    with cep.Engine(RULES, tier=tier, batch_rows=size) as engine:
        engine.send_many("s", ROWS)
        engine.flush()
        return int(engine.stats()["rules"]["r"]["errors"])


def by_hand() -> int:
    """Return how many values are NULL although nothing they are made of is."""
    found = 0
    for row in ROWS:
        n, x = row["n"], row["x"]
        if n in (None, 5):
            continue  # WHERE is not TRUE
        found += n == 3  # division by zero
        found += n > 7  # beyond 64 bits
        if x is not None:
            found += x > 0.0  # 1e308 * 1e10 times more than nothing
            found += x < 2.0  # no root
    return found


@pytest.mark.parametrize("tier", ["python", "llvm"])
@pytest.mark.parametrize("size", [1, 7, 127, 128, 600])
def test_errors_do_not_depend_on_batches(tier: str, size: int) -> None:
    assert errors_of(tier, size) == by_hand() > 100
