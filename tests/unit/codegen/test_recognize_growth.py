"""Every pool of a MATCH_RECOGNIZE grows in the middle of its work, and nothing is lost or done twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cep

STREAM = "CREATE STREAM s (ts TIMESTAMP, k STRING, v INT, WATERMARK FOR ts AS ts);\n"
TIERS = ("python", "llvm")


def rows_of(rule: str, columns: dict[str, Any], tier: str, batch: int) -> list[dict[str, Any]]:
    """Return the rows of stream m, less `ts`; the engine is thrown away and restored after every batch."""
    engine = cep.Engine(STREAM + rule, tier=tier)
    found: list[dict[str, Any]] = []
    engine.on_batch("m")(lambda table: found.extend(table.to_dicts()))
    count = len(columns["ts"])
    for first in range(0, count, batch):
        part = {name: values[first : first + batch] for name, values in columns.items()}
        engine.send_batch("s", part)
        engine.check()
        state = engine.snapshot()
        engine.close()
        engine = cep.Engine(STREAM + rule, tier=tier)
        engine.on_batch("m")(lambda table: found.extend(table.to_dicts()))
        engine.load_snapshot(state)
    engine.flush()
    engine.check()
    engine.close()
    return [{name: row[name] for name in row if name != "ts"} for row in found]


def columns_of(keys: list[str], values: list[int]) -> dict[str, Any]:
    times = np.arange(len(values)) * 1_000_000
    return {"ts": times, "k": np.array(keys, object), "v": np.array(values)}


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("batch", [5000, 700])
def test_all_rows_of_one_long_match(tier: str, batch: int) -> None:
    """Rows, paths and output grow: 3,000 rows are bound, and written by the row that ends the match."""
    n = 3000
    rule = (
        "CREATE RULE m AS SELECT v, total, n FROM s MATCH_RECOGNIZE (MEASURES SUM(v) AS total, "
        "FINAL COUNT(*) AS n ALL ROWS PER MATCH PATTERN (A B+ C) "
        "DEFINE A AS v = 1, B AS v > PREV(v), C AS v = 0);"
    )
    values = [*range(1, n), 0]
    found = rows_of(rule, columns_of(["x"] * n, values), tier, batch)
    totals = np.cumsum(values).tolist()
    assert found == [{"v": v, "total": t, "n": n} for v, t in zip(values, totals, strict=True)]


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("mode", ["ONE ROW", "ALL ROWS"])
def test_different_values_of_long_matches(tier: str, mode: str) -> None:
    """Values and their index grow, in one set and in the other, and are given back with the match."""
    n = 1500
    rule = (
        "CREATE RULE m AS SELECT b, odd, n FROM s MATCH_RECOGNIZE (MEASURES COUNT(DISTINCT B.v) AS b, "
        "FINAL COUNT(DISTINCT v % 100) AS odd, COUNT(*) AS n "
        f"{mode} PER MATCH PATTERN (A B+ C) DEFINE A AS v = 0, B AS v > 0, C AS v < 0);"
    )
    values = [0, *range(1, n), *range(1, n), -1]
    found = rows_of(rule, columns_of(["x"] * 4 * n, values * 2), tier, 1200)
    last = {"b": n - 1, "odd": 101, "n": 2 * n}
    if mode == "ONE ROW":
        assert found == [last, last]
        return
    assert len(found) == 4 * n
    assert found[: 2 * n] == found[2 * n :]
    assert [row["b"] for row in found[: 2 * n]] == [min(i, n - 1) for i in range(2 * n)]
    assert found[-1] == last
    assert {row["odd"] for row in found} == {101}


@pytest.mark.parametrize("tier", TIERS)
def test_many_keys(tier: str) -> None:
    """Keys grow, and are decided at the end of input in the order of their starts."""
    keys = [f"k{number}" for number in range(400)]
    rule = (
        "CREATE RULE m AS SELECT k, n FROM s MATCH_RECOGNIZE (PARTITION BY k "
        "MEASURES COUNT(*) AS n PATTERN (A B*) DEFINE A AS v = 1, B AS v = 2);"
    )
    columns = columns_of(keys * 3, [1] * 400 + [2] * 800)
    found = rows_of(rule, columns, tier, 500)
    assert found == [{"k": key, "n": 3} for key in keys]


@pytest.mark.parametrize("tier", TIERS)
def test_many_threads_that_know_different_things(tier: str) -> None:
    """Threads grow: after n rows the sums of A are all subsets, of which the wanted one is found at last."""
    values = [1, 2, 4, 8, 16, 32, 64]
    rule = (
        "CREATE RULE m AS SELECT a, b FROM s MATCH_RECOGNIZE (MEASURES SUM(A.v) AS a, SUM(B.v) AS b "
        "PATTERN ((A | B)* C) DEFINE A AS v > 0, B AS v > 0, C AS v = 0 AND SUM(A.v) = 37);"
    )
    columns = columns_of(["x"] * 8, [*values, 0])
    assert rows_of(rule, columns, tier, 3) == [{"a": 37, "b": 90}]


@pytest.mark.parametrize("tier", TIERS)
def test_unmatched_rows(tier: str) -> None:
    """A start that fails after 2,000 rows gives them back one by one, each once."""
    n = 2000
    rule = (
        "CREATE RULE m AS SELECT v, num FROM s MATCH_RECOGNIZE (MEASURES MATCH_NUMBER() AS num "
        "ALL ROWS PER MATCH WITH UNMATCHED ROWS PATTERN (A B+ C) "
        "DEFINE A AS v = 1, B AS v > PREV(v), C AS v = 0);"
    )
    values = [*range(1, n), 5]
    found = rows_of(rule, columns_of(["x"] * n, values), tier, 900)
    assert found == [{"v": v, "num": None} for v in values]


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("batch", [8000, 450])
@pytest.mark.parametrize("time", ["", " WITHIN 10000s"])
def test_keys_and_output_of_rows_that_pass_a_filter(tier: str, batch: int, time: str) -> None:
    """In one pass: keys grow between rows that a filter leaves out, then output, for all matches come close together."""
    n = 1500
    rule = (
        "CREATE RULE m AS SELECT k, n FROM (SELECT * FROM s WHERE v <> 9 AND v < 20) MATCH_RECOGNIZE (PARTITION BY k "
        f"MEASURES COUNT(*) AS n PATTERN (A B+){time} DEFINE A AS v = 1, B AS v = 2);"
    )
    keys = [f"k{number}" for number in range(n)]
    columns = columns_of(
        [*keys, *keys, *keys, *keys], [1, 9] * (n // 2) + [2] * n + [30] * n + [3] * n
    )
    found = rows_of(rule, columns, tier, batch)
    assert found == [{"k": key, "n": 2} for key in keys[::2]]


@pytest.mark.parametrize("tier", TIERS)
def test_output_of_matches_that_time_ends_together(tier: str) -> None:
    """Output grows while deadlines pass before a row."""
    n = 1500
    rule = (
        "CREATE RULE m AS SELECT k, n FROM s MATCH_RECOGNIZE (PARTITION BY k "
        "MEASURES COUNT(*) AS n PATTERN (A B+) WITHIN 4000s DEFINE A AS v = 1, B AS v = 2);"
    )
    keys = [f"k{number}" for number in range(n)]
    columns = columns_of([*keys, *keys, "last"], [1] * n + [2] * n + [3])
    columns["ts"][-1] = 20_000 * 1_000_000
    found = rows_of(rule, columns, tier, 10_000)
    assert found == [{"k": key, "n": 2} for key in keys]
