"""`stats()` says why runs ended: started runs are those of every reason and the live ones."""

import pytest

import cep

STREAM = "CREATE STREAM s (ts TIMESTAMP, k STRING, v INT, WATERMARK FOR ts AS ts);"

# Pattern and clauses, annotation, events as (seconds, kind), ends by reason, live runs.
CASES = {
    "matched and skipped": (
        "a[k = 'a'] -> b[k = 'b'] WITHIN 10s",
        "",
        [(0, "a"), (1, "a"), (2, "a"), (3, "b"), (4, "a")],
        {"matched": 1, "within": 0, "skip": 2},
        1,
    ),
    "nothing skipped": (
        "a[k = 'a'] -> b[k = 'b'] WITHIN 10s AFTER MATCH SKIP NONE",
        "",
        [(0, "a"), (1, "a"), (3, "b"), (4, "a"), (20, "c")],
        {"matched": 2, "within": 1},
        0,
    ),
    "strictness": (
        "a[k = 'a'] b[k = 'b'] WITHIN 10s",
        "",
        [(0, "a"), (1, "c"), (2, "a"), (3, "a"), (4, "b")],
        {"matched": 1, "within": 0, "strict": 2, "skip": 0},
        0,
    ),
    "guard and absence": (
        "a[k = 'a'] -> NOT n[k = 'n'] -> b[k = 'b'] -> NOT x[k = 'x'] FOR 5s WITHIN 10s",
        "",
        [(0, "a"), (1, "n"), (2, "a"), (3, "b"), (4, "x"), (5, "a"), (6, "b"), (20, "c")],
        {"matched": 1, "within": 0, "guard": 1, "absence": 1, "skip": 0},
        0,
    ),
    "replaced": (
        "a[k = 'a'] -> b[k = 'b'] WITHIN 10s STARTS LAST",
        "",
        [(0, "a"), (1, "a"), (2, "a"), (3, "b")],
        {"matched": 1, "within": 0, "skip": 0, "start": 2},
        0,
    ),
    "capped": (
        "a[k = 'a'] -> b[k = 'b'] WITHIN 10s",
        "@max_runs(2) ",
        [(0, "a"), (1, "a"), (2, "a"), (3, "a")],
        {"matched": 0, "within": 0, "skip": 0, "cap": 2},
        2,
    ),
}


@pytest.mark.parametrize("tier", ["python", "llvm"])
@pytest.mark.parametrize("name", CASES)
def test_reasons(name, tier):
    pattern, annotation, events, ends, live = CASES[name]
    rule = f"{annotation}CREATE RULE m AS SELECT a.v AS v FROM s MATCH ({pattern});"
    with cep.Engine(f"{STREAM}\n{rule}", tier=tier) as engine:
        for second, kind in events:
            engine.send("s", {"ts": second * 1_000_000, "k": kind, "v": 1})
        stats = engine.stats()["rules"]["m"]
    assert stats["run_ends"] == ends
    assert stats["runs_live"] == live
    assert stats["runs_started"] == sum(ends.values()) + live


def test_matches_that_grow_are_live_until_they_close():
    rule = (
        "CREATE RULE m AS SELECT COUNT(h.*) AS n FROM s "
        "MATCH (h[k = 'h']{2,} WITHIN 10s) EMIT CHANGES;"
    )
    with cep.Engine(f"{STREAM}\n{rule}", tier="python") as engine:
        for second in (0, 1, 2):
            engine.send("s", {"ts": second * 1_000_000, "k": "h", "v": 1})
        before = engine.stats()["rules"]["m"]
        engine.send("s", {"ts": 20_000_000, "k": "c", "v": 1})
        after = engine.stats()["rules"]["m"]
    assert (before["runs_live"], before["run_ends"]["matched"]) == (1, 0)
    assert (after["runs_live"], after["run_ends"]["matched"]) == (0, 1)
    assert after["run_ends"]["skip"] == 0


def test_match_recognize():
    rule = (
        "CREATE RULE m AS SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts "
        "MEASURES A.v AS v PATTERN (A B) WITHIN 5s DEFINE A AS v = 1, B AS v = 2);"
    )
    with cep.Engine(f"{STREAM}\n{rule}", tier="python") as engine:
        for second, value in ((0, 1), (1, 2), (2, 1), (3, 3), (4, 1)):
            engine.send("s", {"ts": second * 1_000_000, "k": "h", "v": value})
        engine.flush()
        stats = engine.stats()["rules"]["m"]
    assert stats["run_ends"]["matched"] == 1
    assert stats["runs_started"] == sum(stats["run_ends"].values()) + stats["runs_live"]
