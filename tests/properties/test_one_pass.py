"""MATCH_RECOGNIZE in one pass gives what the kernel that keeps rows gives: random patterns, conditions, rows and batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

import cep
from cep.compile import compile_rules
from cep.errors import SourceText

STREAM = "CREATE STREAM s (ts TIMESTAMP, k STRING, v INT, x DOUBLE, WATERMARK FOR ts AS ts{delay}) WITH (ts_unit = 's');\n"
RULE = (
    "CREATE RULE m AS SELECT {select} FROM {source} MATCH_RECOGNIZE ({keys}ORDER BY ts MEASURES {measures}"
    " PATTERN ({pattern}){within} DEFINE {define});"
)
MEASURES = (
    "MATCH_NUMBER() AS number",
    "FIRST(A.v) AS first_a",
    "LAST(B.v) AS last_b",
    "FIRST(B.x, 1) AS second_b",
    "LAST(x, 1) AS last_but_one",
    "COUNT(*) AS n",
    "COUNT(B.*) AS n_b",
    "COUNT(C.x) AS n_c",
    "SUM(A.x) AS sum_a",
    "MAX(v) AS top",
    "CLASSIFIER() AS last_is",
    "LAST(A.x, 0) AS last_a",
    "PREV(LAST(B.v)) AS before_b",
)
FILTERS = (
    "",
    "",
    "v > 0",
    "v <> 2 AND x > 0",
    "v > 2 OR x IS NULL",
    "UPPER(k) = 'X' AND v < 3",
    "CASE WHEN v = 3 THEN FALSE WHEN x < 0 THEN NULL ELSE v >= 0 END",
)
CONDITIONS = ("v = {n}", "v > {n}", "v < PREV(v)", "v > {n} AND x IS NOT NULL", "PREV(v) IS NULL")

_steps = st.sampled_from("ABC")
_quantified = st.tuples(
    _steps, st.sampled_from(["", "", "", "+", "*", "?", "{2}", "{2,}", "{1,3}", "+?", "*?"])
)
_flat = st.lists(_quantified.map("".join), min_size=1, max_size=4).map(" ".join)
_grouped = st.tuples(
    _flat,
    _flat,
    st.sampled_from(["({0} | {1})", "({0})+ {1}", "{0} ({1})?", "{0} | {1}", "{0} -> {1}"]),
)
PATTERNS = st.one_of(_flat, _grouped.map(lambda found: found[2].format(*found[:2])))


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Draw a rule; every variable of its pattern has a condition or fits all rows."""
    pattern = draw(PATTERNS)
    define = []
    for name in sorted({c for c in pattern if c in "ABC"}):
        if draw(st.integers(0, 3)):
            text = draw(st.sampled_from(CONDITIONS)).format(n=draw(st.integers(0, 2)))
            define.append(f"{name} AS {text}")
    used = [m for m in MEASURES if all(f"{v}." not in m or v in pattern for v in "ABC")]
    chosen = draw(st.lists(st.sampled_from(used), min_size=1, max_size=4, unique=True))
    keyed = draw(st.booleans())
    names = [m.rsplit(" ", 1)[1] for m in chosen]
    items = (["k"] if keyed else []) + names
    select = ", ".join(
        [*items, f"COALESCE({names[0]}, {names[0]}) AS again"][
            : len(items) + draw(st.integers(0, 1))
        ]
    )
    define = define or [f"{pattern.strip('(')[0]} AS v >= 0"]
    keys = "PARTITION BY k " if keyed else ""
    where = draw(st.sampled_from(FILTERS))
    within = draw(st.sampled_from(["", "", " WITHIN 0s", " WITHIN 2s", " WITHIN 5s"]))
    delay = draw(st.sampled_from(["", " - 3s"]))
    rule = RULE.format(
        select=select,
        keys=keys,
        measures=", ".join(chosen),
        pattern=pattern,
        within=within,
        source=f"(SELECT * FROM s WHERE {where})" if where else "s",
        define=", ".join(define),
    )
    return STREAM.format(delay=delay) + rule


ROWS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from("xy"),
        st.integers(0, 3),
        st.sampled_from([None, 1.5, -2.0]),
    ),
    max_size=90,
)


def one_pass(rule: str) -> bool:
    """Whether a rule runs in one pass."""
    return "run_seq" in {
        a.name
        for o in compile_rules([SourceText("m.cep", rule)]).graph.rules[0].operators
        for a in o.kernel.arrays
    }


def played(
    rule: str, rows: list[dict[str, Any]], batch: int, *, rewrites: bool, restart: bool
) -> list[dict[str, Any]]:
    """Return the rows of m, in order."""
    found: list[dict[str, Any]] = []

    def fresh() -> cep.Engine:
        engine = cep.Engine(rule, tier="python", rewrites=rewrites)
        engine.on("m")(lambda e: found.append({**e, "ts": e.ts, "id": e.match_id}))
        return engine

    engine = fresh()
    for first in range(0, len(rows), batch):
        engine.send_many("s", rows[first : first + batch])
        engine.check()
        if restart:
            state = engine.snapshot()
            engine.close()
            engine = fresh()
            engine.load_snapshot(state)
    engine.flush()
    engine.check()
    counts = engine.stats()["rules"]["m"]
    assert counts["runs_live"] == 0
    engine.close()
    return found


def check_rule(
    rule: str, drawn: list[tuple[int, str, int, float | None]], batch: int, *, restart: bool
) -> None:
    """Fail unless the rule gives the same rows with rewrites and without."""
    times = np.cumsum([t for t, *_ in drawn]).tolist()
    rows = [{"ts": t, "k": k, "v": v, "x": x} for t, (_, k, v, x) in zip(times, drawn, strict=True)]
    try:
        kept = played(rule, rows, len(rows) or 1, rewrites=False, restart=False)
    except cep.CepError:  # PREV of what is not there, a loop of nothing, ..
        reject()
    assert played(rule, rows, batch, rewrites=True, restart=restart) == kept


DRAWN = given(rule=rules(), drawn=ROWS, batch=st.integers(1, 20), restart=st.booleans())
test_the_same_rows_with_and_without = settings(max_examples=80)(DRAWN(check_rule))
test_the_same_rows_at_length = pytest.mark.slow(settings(max_examples=1_000)(DRAWN(check_rule)))
