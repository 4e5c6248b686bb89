"""Rewrites: optimized plans as text; each rewrite alone keeps the plan valid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from binding import match, plan_of, rule, text_of

from cep.errors import CepError
from cep.plan.nodes import Filter, Project
from cep.plan.rewrite import REWRITES, rewrite

if TYPE_CHECKING:
    from cep.plan.nodes import Node

OPTIMIZED: list[tuple[str, str]] = [
    (
        rule(
            "SELECT room, COUNT(*) AS n FROM r WHERE kind = 'a' AND 1 = 1 GROUP BY room, TUMBLE(1s)"
            " HAVING COUNT(*) > 1 + 2 AND room <> 'x' AND UPPER(room) <> 'Y'"
        ),
        "GroupWindow TUMBLE(1s) by room aggregates count_0 := COUNT(*)"
        " where kind = 'a' AND room <> 'x' AND UPPER(room) <> 'Y' having count_0 > 3"
        " rows ts := time(), room, n := count_0\n"
        "  Scan r",
    ),
    (
        rule(
            "SELECT room, SUM(n) OVER (PARTITION BY room ROWS 3 PRECEDING) AS s FROM r WHERE ok"
            " QUALIFY SUM(n) OVER (PARTITION BY room ROWS 3 PRECEDING) > 5"
        ),
        "Over sum_0 := SUM(n) OVER (PARTITION BY room ROWS 3 PRECEDING) where ok qualify sum_0 > 5"
        " rows ts := time(), room, s := sum_0\n"
        "  Scan r",
    ),
    (
        rule("SELECT r.value FROM r LEFT JOIN r AS z WITHIN 1m ON r.room = z.room WHERE z.n > 1"),
        "Project ts := time(), value := r.value\n  Filter z.n > 1\n"
        "    Join left outer on room = room within 1m before, 1m after\n"
        "      columns r.value, z.n\n      Scan r as r\n      Scan r as z",
    ),
    (
        rule("SELECT room FROM r WHERE TRUE AND NOT FALSE OR value > 1"),
        "Project ts := time(), room\n  Scan r",
    ),
    (
        rule("SELECT 1 + 2 * 3 AS x, 'a' || 'b' AS y, 7 / 2 AS z, 1 / 0 AS w FROM r"),
        "Project ts := time(), x := 7, y := 'ab', z := 3.5, w := NULL\n  Scan r",
    ),
    (
        rule("SELECT room FROM r WHERE value > $hot + 2 AND ts > TIMESTAMP('2024-01-01') + 1h * 2"),
        "Project ts := time(), room\n"
        "  Filter value > 42.0 AND ts > TIMESTAMP('2024-01-01T02:00:00.000000Z')\n    Scan r",
    ),
    (
        match("a[value > 1 + 1] -> b[value > a.value + 2 * 5]"),
        "Match a -> b partition by room within 1m starts each skip past_last\n"
        "  a: r where value > 2.0\n  b: r where value > a.value + 10.0\n"
        "  rows ts := time(), room\n  Scan r",
    ),
    (  # arithmetic over measures moves into the match,
        match("a -> b", items="b.value - a.value AS rise"),
        "Match a -> b partition by room within 1m starts each skip past_last\n"
        "  a: r\n  b: r\n  measures b_value := b.value, a_value := a.value\n"
        "  rows ts := time(), rise := b_value - a_value\n  Scan r",
    ),
    (  # a text that Python computes does not.
        match("a -> b", items="UPPER(a.room) AS room"),
        "Project ts := time(), room := UPPER(a_room)\n"
        "  Match a -> b partition by room within 1m starts each skip past_last\n"
        "    a: r\n    b: r\n    measures a_room := a.room\n    Scan r",
    ),
    (  # So does what is selected from a MATCH_RECOGNIZE; a measure that nothing reads is dropped.
        rule(
            "SELECT d + 1 AS e FROM r MATCH_RECOGNIZE (PARTITION BY room ORDER BY ts"
            " MEASURES LAST(B.value) - FIRST(A.value) AS d, COUNT(*) AS n"
            " PATTERN (A B) DEFINE B AS value > 1)"
        ),
        "Recognize A B partition by room rows one skip past_last\n"
        "  B: where value > 1.0\n"
        "  measure B_value_last := B.value\n  measure A_value_first := FIRST(A.value)\n"
        "  items ts := time(), e := B_value_last - A_value_first + 1.0\n"
        "  in one pass where its automaton can be deterministic\n  Scan r",
    ),
    (
        "CREATE RULE a AS INSERT INTO t SELECT n AS x FROM r;\n"
        "CREATE RULE b AS INSERT INTO t SELECT value AS x, room FROM r;\n"
        "CREATE RULE last AS SELECT room FROM r;",
        "Project ts := time(), room\n  Scan r",
    ),
]


@pytest.mark.parametrize(("text", "plan"), OPTIMIZED, ids=[t[:70] for t, _ in OPTIMIZED])
def test_optimized(text: str, plan: str) -> None:
    assert text_of(text, optimized=True) == plan


def test_columns_of_a_shared_stream_are_one_projection() -> None:
    text = OPTIMIZED[-1][0]
    assert text_of(text, rule=0) == (
        "Project ts, x := TO_DOUBLE(x), room := NULL\n  Project ts := time(), x := n\n    Scan r"
    )
    assert text_of(text, rule=0, optimized=True) == (
        "Project ts := time(), x := TO_DOUBLE(n), room := NULL\n  Scan r"
    )


@pytest.mark.parametrize("step", REWRITES)
def test_each_rewrite_alone_keeps_plans_valid(step: object) -> None:
    for text, _ in OPTIMIZED:
        rewrite(plan_of(text), rewrites=(step,))  # type: ignore[arg-type]


def test_rewriting_twice_changes_nothing() -> None:
    for text, _ in OPTIMIZED:
        once = rewrite(plan_of(text))
        assert rewrite(once) == once


def test_the_verifier_finds_a_broken_rewrite() -> None:
    def forget(node: object) -> object:
        return node.source if isinstance(node, Project) else node

    def misname(node: object) -> object:
        if isinstance(node, Filter):
            return Filter(node.source, node.condition, node.schema.__class__(()))
        return node

    plan = plan_of(rule("SELECT room FROM r WHERE ok"))
    for broken in (forget, misname):
        with pytest.raises(CepError, match="CEP901"):
            rewrite(plan, rewrites=(broken,))  # type: ignore[arg-type]


def test_a_rule_that_a_rewrite_leaves_alone_is_the_same_object() -> None:
    plan = plan_of(rule("SELECT room FROM r WHERE value > 1") + "CREATE RULE y AS SELECT n FROM r;")

    def step(node: Node) -> Node:
        return replace(node) if isinstance(node, Filter) else node

    first, second = rewrite(plan, rewrites=(step,)).rules
    assert first == plan.rules[0]
    assert first is not plan.rules[0]
    assert second is plan.rules[1]
