"""Lints: rule text with the place marked, and its code; rules that are fine get none."""

from __future__ import annotations

import pytest
from binding import bind_text, match, place_of, rule

from cep.plan.problems import CODES

LINTS: list[tuple[str, str]] = [
    ("CEP614", rule("SELECT room, COUNT(*) AS n FROM r GROUP BY ¦room EMIT CHANGES")),
    ("CEP614", rule("SELECT COUNT(*) AS n FROM r GROUP BY ¦room, sensor EMIT ON CHANGE OF (n)")),
    ("CEP601", match("¦a -> b", "PARTITION BY room")),
    ("CEP601", match("¦a+ -> NOT b FOR 30s", "PARTITION BY room STARTS FIRST")),
    ("CEP601", match("¦a -> NOT b FOR 30s -> c", "PARTITION BY room")),
    ("CEP601", match("¦a -> NOT b -[5s..]-> c", "PARTITION BY room")),
    ("CEP602", match("a -> b[¦value > LAST(b.value)]+ -> c[ok]")),
    ("CEP603", match("a -> b[value > ¦LAST(b.value, 1)]+ -> c[ok]")),
    (
        "CEP604",
        rule("SELECT room FROM MATCH (a:r -> ¦b:r[ok]+ STRICT -> c:q PARTITION BY room WITHIN 1m)"),
    ),
    ("CEP605", match("a -> b").replace(";", " WHERE ¦a.value > 1;")),
    ("CEP606", match("¦a -> b", "WITHIN 1m")),
    ("CEP607", match("a -> ¦b?")),
    ("CEP608", match("a -> ¦b[ok]+ -> c")),
    ("CEP607", match("a -> ¦(b -> c)?")),
    ("CEP612", match("c -> (¦(a -> b) | (a -> c))")),
    ("CEP612", match("c -> ¦(a -> (b[ok] | c[ok])){2} -> c")),
    ("CEP608", match("a -> ¦b[ok AND value > 10]+ -> c[value >= 5]")),
    ("CEP613", match("¦a & b[ok]")),
    ("CEP613", match("c[ok] -> (¦a[value > 5] & b[ok AND value = 7])")),
    ("CEP613", match("c[ok] -> ¦ANY 2 OF (a[value < 3.5], d[ok], b[value <= 3]) -> c")),
    ("CEP609", rule("SELECT ¦t2 AS ts FROM r")),
    ("CEP609", rule("SELECT ¦window_end AS ts, COUNT(*) AS n FROM r GROUP BY TUMBLE(1s)")),
    ("CEP610", "¦@max_runs(5) " + rule("SELECT room FROM r")),
    ("CEP610", "¦@owner('me') CREATE STREAM s (k INT);"),
    ("CEP611", rule("SELECT SUM(n) OVER (¦PARTITION BY room) AS s FROM r")),
    (
        "CEP611",
        rule("SELECT SUM(n) OVER (PARTITION BY room ROWS ¦UNBOUNDED PRECEDING) AS s FROM r"),
    ),
]

FINE = [
    match("a -> b[ok]"),
    match("a", "PARTITION BY room"),
    match("a -> NOT b FOR 30s", "PARTITION BY room"),
    match("NOT b FOR 30s -> a", "PARTITION BY room"),
    match("a -> NOT b FOR 30s -[..1m]-> c", "PARTITION BY room"),
    match("a -> NOT b -[..1m]-> c -> NOT b FOR 5s", "PARTITION BY room"),
    match("a -> b[value > LAST(b.value, 1, 0)]+ -> c[ok]"),
    match("a -> b[value > COALESCE(LAST(b.value, 1), 0)]+ -> c[ok]"),
    match("a -> b[ok]++ -> c"),
    match("a -> b{3} -> c"),
    match("a -> (b[ok] | c[NOT ok])"),
    match("(a[ok] -> b){2} -> c"),
    match("a[value > 5] & b[value > 4]"),
    match("a[ok] & b[ok]"),
    match("a[value > 5] & b[value < 9]"),
    match("b[value > 4]+ -> c[value > 5]"),
    rule("SELECT ts, room FROM r"),
    "CREATE TABLE t (room STRING PRIMARY KEY); " + rule("SELECT room FROM r WHERE room IN t"),
    "CREATE INCIDENT i KEY (room) OPEN ON q; "
    + rule("SELECT r.ts, i.state FROM r JOIN i ON i.room = r.room"),
    rule("SELECT SUM(n) OVER () AS s FROM r"),
    rule("SELECT SUM(n) OVER (PARTITION BY room RANGE 1h PRECEDING) AS s FROM r"),
]


@pytest.mark.parametrize(("code", "text"), LINTS, ids=[f"{c} {t[:60]}" for c, t in LINTS])
def test_lint(code: str, text: str) -> None:
    binding, problems = bind_text(text)
    assert binding.plan is not None
    found = [(p.code, p.span.line, p.span.column) for p in problems]
    assert found == [(code, *place_of(text))]


@pytest.mark.parametrize("text", FINE)
def test_no_lint(text: str) -> None:
    _, problems = bind_text(text)
    assert problems == []


def test_every_lint_has_a_case() -> None:
    assert {code for code, _ in LINTS} == {code for code in CODES if code.startswith("CEP6")}
