"""The model gives what the language text says: the worked cases of section 6, examples of the rulings."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.oracle.world import evaluate

SECOND = 1_000_000
STREAM = (
    "CREATE STREAM s (ts TIMESTAMP, name STRING, kind STRING, v DOUBLE, WATERMARK FOR ts AS ts);\n"
)


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the events of `a1@0 b@10`: name, kind (the letters), value (the number), time in seconds."""
    found = []
    for number, word in enumerate(text.split()):
        name, _, at = word.partition("@")
        letters, digits = re.fullmatch(r"([a-z]+)(\d*)", name).groups()  # type: ignore[union-attr]
        t = int(at) if at else number
        row = {"ts": t * SECOND, "name": name, "kind": letters, "v": float(digits or 0)}
        found.append(("s", row))
    return found


def matches(pattern: str, text: str, names: str, options: str = "") -> list[str]:
    """Return `T: bound event names` of every match; `names` are the variables, a loop with `+`."""
    items = []
    for number, variable in enumerate(names.split()):
        if variable.endswith("+"):
            loop = [f"COALESCE(FIRST({variable[:-1]}.name, {i}), '')" for i in range(5)]
            items.append(" || ' ' || ".join(loop) + f" AS x{number}")
        else:
            items.append(f"COALESCE({variable}.name, '') AS x{number}")
    rule = f"CREATE RULE m AS SELECT {', '.join(items)} FROM s MATCH ({pattern} {options});"
    rows = evaluate(STREAM + rule, events(text))["m"]
    shown = []
    for row in rows:
        bound = " ".join(row[f"x{n}"] for n in range(len(items)))
        shown.append(f"{row['ts'] // SECOND}: {' '.join(bound.split())}")
    return shown


def step(*kinds: str) -> str:
    """Return the pattern `a[kind = 'a'] -> b[kind = 'b']`."""
    return " -> ".join(f"{k}[kind = '{k}']" for k in kinds)


AB = step("a", "b")
F = "f[kind = 'f']"
S = "s1[kind = 's']"
GUARD = "a[kind = 'a'] -> NOT n[kind = 'n'] -> b[kind = 'b']"
ABSENT = "a[kind = 'a'] -> NOT n[kind = 'n'] FOR 10s"
LO = "lo[kind = 'lo'] -> up[v > COALESCE(LAST(up.v, 1), 0)]{} -> hi[v > 10]"

WORKED: list[tuple[str, str, str, str, str, list[str]]] = [
    ("next match", AB, "a c b1 b2", "a b", "", ["2: a b1"]),
    ("first start", AB, "a1 a2 b", "a b", "", ["2: a1 b"]),
    ("STARTS LAST", AB, "a1 a2 b", "a b", "STARTS LAST", ["2: a2 b"]),
    ("SKIP NONE", AB, "a1 a2 b", "a b", "AFTER MATCH SKIP NONE", ["2: a1 b", "2: a2 b"]),
    (
        "Flink's count of six",
        step("a", "c"),
        "a1 c1 a2 b1 c2 a3 d2 c3 b3",
        "a c",
        "",
        ["1: a1 c1", "4: a2 c2", "7: a3 c3"],
    ),
    ("loop", F + "{3,} -> " + S, "f1 x f2 f3 x f4 s", "f+ s1", "", ["6: f1 f2 f3 f4 s"]),
    ("strict", F + "{3,} STRICT -> " + S, "f1 x f2 f3 f4 x s", "f+ s1", "", ["6: f2 f3 f4 s"]),
    (
        "strict, then relaxed",
        F + "{3,} STRICT -> " + S,
        "f1 f2 f3 x f4 s",
        "f+ s1",
        "",
        ["5: f1 f2 f3 s"],
    ),
    ("guard", GUARD, "a1 n b a2 b n", "a b", "", ["4: a2 b"]),
    ("absence, at the deadline", ABSENT, "a@0 n@10", "a", "", []),
    ("absence, after it", ABSENT, "a@0 n@11", "a", "", ["10: a"]),
    ("absence, twice", ABSENT, "a1@0 a2@5 n@100", "a", "", ["10: a1", "15: a2"]),
    (
        "again",
        "a[kind = 'a'] -> NOT again FOR 10s",
        "a1@0 a2@5 a3@9 a4@30",
        "a",
        "",
        ["19: a3", "40: a4"],
    ),
    ("trailing loop", "h{3,}", "h1 h2 h3 h4 h5", "h+", "", ["2: h1 h2 h3"]),
    ("next step wins", LO.format("+"), "lo u2 u3 u15 u20", "lo up+ hi", "", ["3: lo u2 u3 u15"]),
    ("possessive", LO.format("++"), "lo u2 u3 u15 u20", "lo up+ hi", "", []),
    ("WITHIN is inclusive", AB, "a@0 b@10", "a b", "WITHIN 10s", ["10: a b"]),
    ("WITHIN has passed", AB, "a@0 b@11", "a b", "WITHIN 10s", []),
    ("same time, in order", AB, "a@0 b@0", "a b", "", ["0: a b"]),
    ("same time, not in order", AB, "b@0 a@0", "a b", "", []),
    (
        "flink 4331",
        "ab[kind = 'ab'] -> c[kind = 'c' AND c.v = ab.v]",
        "ab1 ab2 c2 c1",
        "ab c",
        "",
        ["2: ab2 c2"],
    ),
    (
        "optional",
        "a[kind = 'a'] -> b[kind = 'b']? -> c[kind = 'c']",
        "a b c a c",
        "a b c",
        "",
        ["2: a b c", "4: a c"],
    ),
    (
        "loop before an absence",
        "a[kind = 'a']+ -> NOT n[kind = 'n'] FOR 10s",
        "a1@0 a2@8 a3@15 n@40",
        "a+",
        "STARTS FIRST",
        ["25: a1 a2 a3"],
    ),
    # rulings and traps
    (
        "an event for both is taken",
        "a[kind = 'a'] -> NOT n[v > 1] -> b[v > 0]",
        "a b5",
        "a b",
        "",
        ["1: a b5"],
    ),
    ("absence ends with WITHIN", ABSENT, "a@0 x@30", "a", "WITHIN 10s", ["10: a"]),
    (
        "a guard before later loop events",
        "a[kind = 'a']+ -> NOT n[kind = 'n'] -> b[kind = 'b']",
        "a1 n a2 b",
        "a+ b",
        "",
        ["3: a2 b"],
    ),
    (
        "TO NEXT",
        AB,
        "a1 a2 b1 b2",
        "a b",
        "AFTER MATCH SKIP TO NEXT EVENT",
        ["2: a1 b1", "2: a2 b1"],
    ),
    (
        "STARTS FIRST",
        AB,
        "a1 a2 b1 a3 b2",
        "a b",
        "STARTS FIRST AFTER MATCH SKIP NONE",
        ["2: a1 b1", "4: a3 b2"],
    ),
    ("adjacent", "a[kind = 'a'] b[kind = 'b']", "a1 x b1 a2 b2", "a b", "", ["4: a2 b2"]),
    ("skipped by a match", step("a", "b", "c"), "a1 a2 b1 c1 b2 c2", "a b c", "", ["3: a1 b1 c1"]),
]


@pytest.mark.parametrize(
    ("pattern", "text", "names", "options", "expected"),
    [c[1:] for c in WORKED],
    ids=[c[0] for c in WORKED],
)
def test_worked_case(
    pattern: str, text: str, names: str, options: str, expected: list[str]
) -> None:
    assert matches(pattern, text, names, options) == expected


def test_windows_are_half_open_and_closed_by_the_watermark() -> None:
    rule = "CREATE RULE w AS SELECT COUNT(*) AS n, window_end FROM s GROUP BY TUMBLE(10s);"
    rows = evaluate(STREAM + rule, events("x@0 x@9 x@10"))["w"]
    assert [(r["ts"], r["n"], r["window_end"]) for r in rows] == [
        (10 * SECOND - 1, 2, 10 * SECOND),
        (20 * SECOND - 1, 1, 20 * SECOND),
    ]


def test_increase_of_consecutive_windows_adds_up() -> None:
    rule = "CREATE RULE w AS SELECT INCREASE(v) AS i FROM s GROUP BY TUMBLE(2s);"
    rows = evaluate(STREAM + rule, events("x1 x4 x6 x2 x3"))["w"]
    assert [r["i"] for r in rows] == [3.0, 4.0, 1.0]


def test_ties_and_disorder_follow_ruling_1() -> None:
    stream = STREAM.replace("AS ts)", "AS ts - 5s, TIEBREAK BY (v))")
    rule = "CREATE RULE r AS SELECT name FROM s;"
    rows = evaluate(stream + rule, events("a2@3 b1@3 c@1 d0@3"))["r"]
    assert [r["name"] for r in rows] == ["c", "d0", "b1", "a2"]


def test_late_rows_enter_no_rule() -> None:
    stream = STREAM.replace("AS ts)", "AS ts - 2s, LATE INTO late)")
    found = evaluate(stream + "CREATE RULE r AS SELECT name FROM s;", events("a@5 b@3 c@2"))
    assert [r["name"] for r in found["r"]] == ["b", "a"]
    assert [r["name"] for r in found["late"]] == ["c"]


def test_derived_events_come_directly_after_their_cause() -> None:
    """Rules of one event run breadth first: the second rule before the readers of the first."""
    rules = (
        "CREATE RULE p AS INSERT INTO o SELECT name || '1' AS x FROM s;"
        "CREATE RULE q AS INSERT INTO o SELECT x || '2' AS x FROM p2;"
        "CREATE RULE p2 AS SELECT name || '0' AS x FROM s;"
    )
    rows = evaluate(STREAM + rules, events("a b"))["o"]
    assert [r["x"] for r in rows] == ["a1", "a02", "b1", "b02"]
