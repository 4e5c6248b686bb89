"""What MATCH_RECOGNIZE costs in one pass, in steps and bytes: one transition a row, and no row is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cep

RULE = """
CREATE STREAM s (ts TIMESTAMP, k STRING, v INT, WATERMARK FOR ts AS ts);
CREATE RULE m AS SELECT first, last, n FROM s MATCH_RECOGNIZE (
  PARTITION BY k ORDER BY ts MEASURES FIRST(A.v) AS first, LAST(B.v) AS last, COUNT(B.*) AS n
  PATTERN ({pattern}) DEFINE {define});
"""
# Pattern and DEFINE: every one of them is fed a row of v = 1 after the other, and 0 at the end.
PATTERNS = {
    "long match": ("A B{3,}", "B AS v > 0"),
    "every row starts and fails": ("A B{3,}", "B AS v > PREV(v)"),
    "wait for the end": ("A B* C", "A AS v = 1, B AS v = 1, C AS v = 0"),
    "relaxed": ("A -> B", "A AS v = 1, B AS v = 0"),
}


def engine_of(name: str, tier: str) -> cep.Engine:
    pattern, define = PATTERNS[name]
    return cep.Engine(RULE.format(pattern=pattern, define=define), tier=tier)


def counts_after(engine: cep.Engine, first: int, rows: int, keys: int = 1) -> dict[str, Any]:
    """Send rows, v = 1, of each key in turn; return the rule's counters."""
    numbers = np.arange(first, first + rows)
    names = np.array([f"k{n % keys}" for n in range(keys)], object)
    columns = {"ts": numbers * 1_000_000, "k": names[numbers % keys], "v": np.ones(rows, np.int64)}
    engine.send_batch("s", columns)
    engine.check()
    counts: dict[str, Any] = engine.stats()["rules"]["m"]
    return counts


@pytest.mark.parametrize("tier", ["python", "llvm"])
@pytest.mark.parametrize("name", PATTERNS)
def test_one_step_a_row_and_no_memory_a_row(name: str, tier: str) -> None:
    engine = engine_of(name, tier)
    before = counts_after(engine, 0, 10)
    after = counts_after(engine, 10, 5000)
    assert (before["tries"], after["tries"]) == (10, 5010)
    assert after["state_bytes"] == before["state_bytes"]
    assert {after[pool] for pool in ("rows_live", "threads_live", "nodes_live")} == {0}
    assert after["runs_live"] <= 3
    engine.close()


@pytest.mark.parametrize("name", PATTERNS)
def test_a_batch_costs_one_call_of_one_operator(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the rule selects is computed where its match completes: no operator comes behind it."""
    from cep.operators.kernel_operator import KernelOperator

    calls = []
    run = KernelOperator._run

    def counted(self: KernelOperator, *args: Any, **options: Any) -> None:
        calls.append(self.spec.kind)
        run(self, *args, **options)

    engine = engine_of(name, "python")
    monkeypatch.setattr(KernelOperator, "_run", counted)
    for first in range(0, 300, 100):
        counts_after(engine, first, 100, keys=7)
    assert len(calls) == 3
    engine.close()


def test_keys_are_given_back() -> None:
    """A key without threads has no state: rows that start nothing take none, those that end a match give it back."""
    engine = engine_of("wait for the end", "llvm")
    assert counts_after(engine, 0, 600, keys=300)["keys_live"] == 300
    keys = np.array([f"k{n}" for n in range(300)], object)
    times = np.arange(600, 900) * 1_000_000
    engine.send_batch("s", {"ts": times, "k": keys, "v": np.zeros(300, np.int64)})
    engine.check()
    counts = engine.stats()["rules"]["m"]
    assert (counts["keys_live"], counts["runs_live"], counts["matches"]) == (0, 0, 300)
    engine.close()


def test_starts_are_counted_and_accounted_for() -> None:
    """One start a row; the oldest one becomes the match and ends the others."""
    engine = engine_of("long match", "python")
    counts_after(engine, 0, 20)
    engine.flush()
    counts = engine.stats()["rules"]["m"]
    # Rows 1 to 3 start; row 4 completes B{3} of the first one, and those behind it go on with the match.
    assert (counts["runs_started"], counts["runs_matched"], counts["runs_killed"]) == (3, 1, 2)
    assert counts["runs_live"] == 0
    engine.close()
