"""ORDER BY and DISTINCT over windows of many groups, more than scratch and output have room for at first."""

from __future__ import annotations

import pytest

import cep

STREAM = "CREATE STREAM s (ts TIMESTAMP, k INT, v INT, WATERMARK FOR ts AS ts);"


@pytest.mark.parametrize("tier", ["python", "llvm"])
def test_many_groups_of_one_window_end(tier: str) -> None:
    rows = [{"ts": 1_000 + n, "k": n, "v": n * 7919 % 3_001} for n in range(3_000)]
    text = f"""{STREAM}
    CREATE RULE up AS SELECT k, SUM(v) AS total FROM s GROUP BY k, TUMBLE(1s) ORDER BY total;
    CREATE RULE few AS SELECT DISTINCT SUM(v) % 10 AS rest FROM s GROUP BY k, TUMBLE(1s) ORDER BY rest DESC;
    """
    got = cep.run(text, {"s": rows}, tier=tier)
    by_total = sorted(rows, key=lambda r: r["v"])
    assert [e["k"] for e in got["up"]] == [r["k"] for r in by_total]
    assert [e["rest"] for e in got["few"]] == list(range(9, -1, -1))
