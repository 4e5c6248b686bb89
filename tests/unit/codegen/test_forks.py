"""How much patterns that fork keep: the bounds that `cep.codegen.match.forks` and `cep.kernellib.shared_bindings` state."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Literal

import pytest

import cep
from cep.operators.kernel_operator import SLICE_ROWS

if TYPE_CHECKING:
    from cep.tables import Table

STREAM = "CREATE STREAM s (ts TIMESTAMP, kind STRING, v INT, WATERMARK FOR ts AS ts);\n"
A_B = "a[kind = 'a'] ->> b[kind = 'b']"
LOOP = "a[kind = 'a'] -> b[kind = 'b']"
NONE = " AFTER MATCH SKIP NONE"
THEN = "-> c[kind = 'c']"


def after(pattern: str, kinds: str, options: str = "", different: int = 1000) -> dict[str, Any]:
    """Return the numbers of a rule after events of these kinds, a second apart; v counts modulo `different`."""
    rules = f"{STREAM}CREATE RULE m AS SELECT COUNT(*) AS n FROM s MATCH ({pattern} WITHIN 1h{options});"
    with cep.Engine(rules, tier="python") as engine:
        for number, kind in enumerate(kinds):
            engine.send(
                "s", {"ts": 1_000_000 * (number + 1), "kind": kind, "v": number % different}
            )
        engine.advance(1_000_000 * len(kinds) + 1)
        stats: dict[str, Any] = engine.stats()["rules"]["m"]
    if "runs_started" in stats:
        ended = sum(stats["run_ends"].values())
        assert stats["runs_started"] == ended + stats["runs_live"]
    return stats


@pytest.mark.parametrize("events", [10, 40, 300])
def test_an_event_over_a_fork_adds_one_run_to_those_of_its_start(events: int) -> None:
    """Under SKIP NONE one run for each b, one that still waits for the first of them: O(n)."""
    stats = after(f"{A_B} -> c[kind = 'c' AND v > b.v]", "a" + "b" * events, NONE)
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


@pytest.mark.parametrize(
    "pattern",
    [
        f"b[kind = 'b']+ COMBINE {THEN}",
        f"b[kind = 'b']{{3,}} COMBINE {THEN}",
        f"b[kind = 'b']{{1,3}} COMBINE {THEN}",
        f"x[kind = 'b'] ->> y[kind = 'b'] ->> z[kind = 'b'] {THEN}",
    ],
)
@pytest.mark.parametrize("events", [50, 100, 200])
def test_combinations_of_events_are_kept_once_an_event(pattern: str, events: int) -> None:
    """2^200 runs, or a million and more: a cell for each of 200 events, which all go with the last run."""
    stats = after(pattern, "b" * events, NONE)
    assert stats["runs_live"] == stats["runs_used"] == events


def test_what_matches_no_longer_need_is_given_back() -> None:
    """By an event that takes every run; by WITHIN; at once, if the event only completes matches."""
    taken = after(f"b[kind = 'b']+ COMBINE {THEN}", "b" * 10 + "cc", NONE)
    assert (taken["matches"], taken["runs_live"], taken["keys_live"]) == (1023, 0, 0)
    kept = after("a[kind = 'a'] ->> c[kind = 'c']", "aa" + "c" * 100, NONE)
    assert (kept["matches"], kept["runs_live"], kept["runs_used"]) == (200, 2, 3)
    rules = (
        f"{STREAM}CREATE RULE m AS SELECT COUNT(*) AS n FROM s "
        f"MATCH (b[kind = 'b']+ COMBINE {THEN} WITHIN 10s{NONE});"
    )
    with cep.Engine(rules, tier="python") as engine:
        for second in range(2000):
            engine.send("s", {"ts": 1_000_000 * second, "kind": "b", "v": second})
        stats = engine.stats()["rules"]["m"]
        assert stats["runs_live"] <= stats["runs_used"] <= 12
        small = stats["state_bytes"]
        engine.send_many("s", [{"ts": 2_000_000_000, "kind": "b", "v": v} for v in range(1000)])
        engine.advance(2_000_500_000)
        assert engine.stats()["rules"]["m"]["state_bytes"] > small
        engine.advance(2_020_000_000)
        stats = engine.stats()["rules"]["m"]
        assert (stats["runs_live"], stats["keys_live"], stats["state_bytes"]) == (0, 0, small)


@pytest.mark.parametrize("tier", ["python", "llvm"])
def test_matches_of_one_event_come_in_slices(tier: Literal["python", "llvm"]) -> None:
    """C(60, 3) matches of one event, in the order of their first difference, in slices of the output."""
    rules = (
        f"{STREAM}CREATE RULE m AS SELECT FIRST(b.v) AS x, SUM(b.v) AS total, LAST(b.v) AS z FROM s "
        f"MATCH (b[kind = 'b']{{3}} COMBINE {THEN} WITHIN 1h{NONE});"
    )
    found: list[tuple[int, int, int]] = []
    sizes: list[int] = []

    def take(table: Table) -> None:
        sizes.append(len(table))
        columns = (table[name] for name in ("x", "total", "z"))
        found.extend(zip(*(map(int, column) for column in columns), strict=True))

    with cep.Engine(rules, tier=tier) as engine:
        engine.on_batch("m")(take)
        kinds = "b" * 60 + "c"
        rows = [{"ts": 1_000_000 * n, "kind": k, "v": n} for n, k in enumerate(kinds)]
        engine.send_many("s", rows)
        engine.flush()
    expected = [(x, x + y + z, z) for x, y, z in itertools.combinations(range(60), 3)]
    assert found == expected
    assert max(sizes) == SLICE_ROWS
