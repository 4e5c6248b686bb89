"""How many runs patterns that fork keep: the bounds that `cep.codegen.match.forks` states."""

from __future__ import annotations

from typing import Any

import pytest

import cep

STREAM = "CREATE STREAM s (ts TIMESTAMP, kind STRING, v INT, WATERMARK FOR ts AS ts);\n"
A_B = "a[kind = 'a'] ->> b[kind = 'b']"
LOOP = "a[kind = 'a'] -> b[kind = 'b']"


def after(pattern: str, kinds: str, options: str = "", different: int = 1000) -> dict[str, Any]:
    """Return the numbers of a rule after events of these kinds, a second apart; v counts modulo `different`."""
    rules = f"{STREAM}CREATE RULE m AS SELECT COUNT(*) AS n FROM s MATCH ({pattern} WITHIN 1h{options});"
    with cep.Engine(rules, tier="python") as engine:
        for number, kind in enumerate(kinds):
            engine.send(
                "s", {"ts": 1_000_000 * (number + 1), "kind": kind, "v": number % different}
            )
        engine.advance(1_000_000 * len(kinds) + 1)
        stats = engine.stats()["rules"]["m"]
    ended = sum(stats["run_ends"].values())
    assert stats["runs_started"] == ended + stats["runs_live"]
    return stats


@pytest.mark.parametrize("events", [10, 40, 300])
def test_an_event_over_a_fork_adds_one_run_to_those_of_its_start(events: int) -> None:
    """Under SKIP NONE one run for each b, one that still waits for the first of them: O(n)."""
    stats = after(f"{A_B} -> c[kind = 'c']", "a" + "b" * events, " AFTER MATCH SKIP NONE")
    assert stats["runs_live"] == events + 1


@pytest.mark.parametrize("skip", ["", " AFTER MATCH SKIP TO NEXT EVENT"])
@pytest.mark.parametrize("events", [10, 40, 300])
def test_combinations_that_cannot_be_told_apart_are_one_run(events: int, skip: str) -> None:
    """2^(n - 1) combinations of n events; under PAST LAST and TO NEXT one run stands for them all."""
    stats = after(f"{LOOP}+ COMBINE -> c[kind = 'c']", "a" + "b" * events, skip)
    assert stats["runs_live"] == 1
    assert stats["runs_used"] == 2


def test_a_start_keeps_one_run_a_state() -> None:
    pattern = f"{A_B} ->> c[kind = 'c'] ->> d[kind = 'd']"
    stats = after(pattern, "a" + "bbcc" * 50)
    assert stats["runs_live"] == 3


@pytest.mark.parametrize(("different", "runs"), [(7, 8), (20, 21)])
def test_runs_that_differ_in_what_a_condition_reads_stay_apart(different: int, runs: int) -> None:
    """One run for each value of b that c compares with, and one that waits for b."""
    pattern = f"{A_B} -> c[kind = 'c' AND v = b.v]"
    assert after(pattern, "a" + "b" * 60, different=different)["runs_live"] == runs


def test_the_first_of_equal_runs_is_the_match() -> None:
    """A loop that has taken every event comes before those that left some out."""
    rules = (
        f"{STREAM}CREATE RULE m AS SELECT COUNT(b.*) AS n, FIRST(b.v) AS first, LAST(b.v) AS last "
        f"FROM s MATCH ({LOOP}+ COMBINE -> c[kind = 'c'] WITHIN 1h);"
    )
    found: list[cep.Event] = []
    with cep.Engine(rules, tier="python") as engine:
        engine.on("m")(found.append)
        for number, kind in enumerate("a" + "b" * 40 + "c"):
            engine.send("s", {"ts": 1_000_000 * (number + 1), "kind": kind, "v": number})
        engine.advance(60_000_000)
    assert [(e["n"], e["first"], e["last"]) for e in found] == [(40, 1, 40)]
