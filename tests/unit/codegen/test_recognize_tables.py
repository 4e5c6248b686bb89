"""MATCH_RECOGNIZE as a table of a larger query, and what measures say of the variables of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cep

STREAM = "CREATE STREAM s (ts TIMESTAMP, k STRING, v INT, WATERMARK FOR ts AS ts);\n"
PAIRS = (
    "FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES COUNT(*) AS n, {measures} "
    "PATTERN (A B+) SUBSET U = (A) DEFINE B AS v > PREV(v))"
)
TIERS = ("python", "llvm")


def run(rules: str, values: list[int], tier: str) -> dict[str, list[dict[str, Any]]]:
    """Run rules over rows of one key, one a second; return the rows of streams m and n."""
    engine = cep.Engine(STREAM + rules, tier=tier, raw_time=True)
    found: dict[str, list[dict[str, Any]]] = {"m": [], "n": []}
    for name, rows in found.items():
        if f"RULE {name} " in rules:
            engine.on_batch(name)(lambda table, rows=rows: rows.extend(table.to_dicts()))
    times = np.arange(len(values)) * 1_000_000
    engine.send_batch("s", {"ts": times, "k": np.array(["x"] * len(values), object), "v": values})
    engine.flush()
    engine.close()
    return found


@pytest.mark.parametrize("tier", TIERS)
def test_a_window_over_matches_is_that_over_their_stream(tier: str) -> None:
    table = PAIRS.format(measures="LAST(v) AS l")
    direct = f"CREATE RULE m AS SELECT window_end, SUM(n) AS rows, MAX(l) AS top {table} GROUP BY TUMBLE(5s);"
    through = (
        f"CREATE RULE p AS SELECT n, l {table};"
        "CREATE RULE n AS SELECT window_end, SUM(n) AS rows, MAX(l) AS top FROM p GROUP BY TUMBLE(5s);"
    )
    found = run(direct + through, [1, 2, 0, 3, 4, 1, 0, 5, 2, 3, 3], tier)
    assert found["m"] == found["n"]
    assert len(found["m"]) == 3


@pytest.mark.parametrize("tier", TIERS)
def test_navigation_over_variables_of_rows(tier: str) -> None:
    measures = (
        "FIRST(CLASSIFIER()) AS a, LAST(CLASSIFIER(), 1) AS b, CLASSIFIER(U) AS c, "
        "LAST(CLASSIFIER(U), 1) AS d"
    )
    table = PAIRS.format(measures=measures)
    found = run(f"CREATE RULE m AS SELECT n, a, b, c, d {table};", [1, 2, 3, 0, 1], tier)
    rows = [(row["n"], row["a"], row["b"], row["c"], row["d"]) for row in found["m"]]
    assert rows == [(3, "A", "B", "A", None), (2, "A", "A", "A", None)]
