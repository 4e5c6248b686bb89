"""What MATCH_RECOGNIZE costs, in moves tried: linear in the rows without bound rows in conditions, bounded with them."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

import cep

RULE = """
CREATE STREAM s (ts TIMESTAMP, v INT, WATERMARK FOR ts AS ts);
CREATE RULE m AS SELECT n FROM s MATCH_RECOGNIZE (
  ORDER BY ts MEASURES COUNT(*) AS n {clauses} PATTERN ({pattern}) DEFINE {define});
CREATE RULE other AS SELECT v FROM s;
"""
# Pattern, DEFINE, clauses, moves a row at most.
HARD = {
    "thirty optional": (" ".join(["A?"] * 30) + " B", "A AS v = 1, B AS v = 2", "", 600),
    "loop in loop": ("((A+)+ B)", "A AS v = 1, B AS v = 2", "", 16),
    "choice in loop": ("(A | B)+ C", "A AS v = 1, B AS v > 0, C AS v = 2", "", 16),
    "optional in loop": ("(Y?){2,}", "Y AS v = 1", "", 4),
    "every start": ("A+ B", "A AS v = 1, B AS v = 2", "AFTER MATCH SKIP TO NEXT ROW", 8),
    "loops in loops": ("((A* A*)* B?)* C", "A AS v = 1, B AS v = 1, C AS v = 2", "", 40),
}


def run(rule: str, rows: int, tier: str = "llvm") -> tuple[dict[str, Any], int]:
    """Send rows whose v is 1; return the counters of rule m and the number of its matches."""
    engine = cep.Engine(rule, tier=tier)
    found = []
    engine.on("m")(found.append)
    for first in range(0, rows, 1000):
        times = np.arange(first, min(first + 1000, rows)) * 1_000_000
        engine.send_batch("s", {"ts": times, "v": np.ones(len(times), np.int64)})
    engine.flush()
    engine.check()
    counts = engine.stats()["rules"]
    engine.close()
    return counts, len(found)


@pytest.mark.parametrize("name", HARD)
def test_moves_grow_with_the_rows(name: str) -> None:
    pattern, define, clauses, most = HARD[name]
    rule = RULE.format(pattern=pattern, define=define, clauses=clauses)
    tries = []
    for rows in (1000, 10_000):
        counts, _ = run(rule, rows)
        tries.append(counts["m"]["tries"])
        assert counts["m"]["tries"] <= most * rows
        assert counts["m"]["runs_live"] == 0
    assert tries[1] <= 10.5 * tries[0]


@pytest.mark.parametrize("name", ["loop in loop", "optional in loop"])
def test_moves_are_the_same_in_python(name: str) -> None:
    pattern, define, clauses, _ = HARD[name]
    rule = RULE.format(pattern=pattern, define=define, clauses=clauses)
    llvm, python = (run(rule, 200, tier) for tier in ("llvm", "python"))
    assert llvm[0]["m"]["tries"] == python[0]["m"]["tries"]
    assert llvm[1] == python[1]


def test_equal_threads_are_one_where_conditions_read_bound_rows() -> None:
    """All threads know the same A, so they are pruned by state although the condition reads it."""
    define = "A AS v = 1, B AS v >= A.v, C AS v > A.v + 5"
    rule = RULE.format(pattern="A (B | B B)* C", define=define, clauses="")
    counts, _ = run(rule, 300)
    assert counts["m"]["stopped"] == 0
    assert counts["m"]["tries"] <= 300 * 300 * 4


def test_memory_is_given_back() -> None:
    define = "A AS v = 1, B AS v = 1"
    counts, matches = run(RULE.format(pattern="A B{2}", define=define, clauses=""), 3000)
    kept = ("rows_live", "threads_live", "nodes_live", "keys_live", "runs_live")
    assert matches == 1000
    assert {name: counts["m"][name] for name in kept} == dict.fromkeys(kept, 0)


def test_a_start_that_costs_too_much_stops_its_rule_and_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("cep.codegen.recognize.kernel.MOST_TRIES", 5000)
    define = "A AS SUM(A.v) < 100000, B AS SUM(B.v) < 100000, C AS SUM(v) < 0"
    rule = RULE.format(pattern="(A | B)* C", define=define, clauses="")
    with caplog.at_level(logging.ERROR, logger="cep"):
        counts, matches = run(rule, 500, "python")
    assert counts["m"]["stopped"] == 1
    assert matches == 0
    assert counts["other"]["matches"] == 500
    assert [record.levelname for record in caplog.records] == ["ERROR"]
