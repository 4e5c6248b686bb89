"""Every mistake of the binder: rule text with the place marked, and its code."""

from __future__ import annotations

import pytest
from binding import bind_text, match, place_of, recognize, rule

from cep.plan.problems import CODES

INCIDENT = "CREATE INCIDENT i KEY (room) "

MISTAKES: list[tuple[str, str]] = [
    # names
    ("CEP201", rule("SELECT x FROM ¦nowhere")),
    ("CEP201", rule("SELECT room FROM MATCH (¦a:nowhere PARTITION BY room WITHIN 1m)")),
    (
        "CEP201",
        "CREATE RULE a AS INSERT INTO b SELECT room FROM r;\n" + rule("SELECT room FROM ¦a"),
    ),
    ("CEP201", INCIDENT + "¦OPEN ON nowhere;"),
    ("CEP202", rule("SELECT ¦valeu FROM r")),
    ("CEP202", rule("SELECT room FROM r WHERE ¦s.value > 1")),
    ("CEP202", rule("SELECT COUNT(¦nix) FROM r GROUP BY room, TUMBLE(1s)")),
    ("CEP202", match("a[¦nix > 1] -> b")),
    ("CEP202", match("a -> b", items="¦SUM(nix)")),
    ("CEP202", match("a -> b", items="¦a.nix")),
    ("CEP202", rule("SELECT room FROM r LIMIT 5 PER 1s BY (¦sensor)")),
    ("CEP202", "CREATE STREAM s (ts TIMESTAMP, ¦WATERMARK FOR tz AS tz);"),
    ("CEP202", INCIDENT + "OPEN ON r SET a = value CLOSE WHEN ¦b > 1;"),
    ("CEP202", match("a -> b[value > ¦a]")),
    ("CEP203", rule("SELECT ¦sqroot(value) AS x FROM r")),
    ("CEP203", rule("SELECT COUNT(*) FROM ¦TUMBEL(r, ts, 1s) GROUP BY window_start")),
    ("CEP204", match("a[value > ¦z.value] -> b")),
    ("CEP204", match("a -> b ", "PARTITION BY room WITHIN 1m DEFINE ¦c AS value > 1")),
    ("CEP205", rule("SELECT room FROM r WHERE value > ¦$hott")),
    ("CEP206", "CREATE STREAM s (ts TIMESTAMP, x ¦TEXTT);"),
    ("CEP206", rule("SELECT CAST(value AS ¦INTT) AS x FROM r")),
    ("CEP207", rule("SELECT ¦SUM(value) OVER v AS s FROM r WINDOW w AS (ROWS 3 PRECEDING)")),
    ("CEP208", "CREATE STREAM s (ts TIMESTAMP) WITH (¦formt = 'csv');"),
    ("CEP208", rule("SELECT DERIV(value, ¦pr => 1s) AS x FROM r GROUP BY TUMBLE(1s)")),
    ("CEP208", rule("SELECT ABS(¦x => 1) AS x FROM r")),
    ("CEP208", rule("SELECT COUNT(*) FROM r GROUP BY TUMBLE(1s, ¦grace => 1s)")),
    ("CEP209", rule("SELECT room, ¦room FROM r")),
    ("CEP209", "CREATE STREAM s (ts TIMESTAMP, ¦ts INT);"),
    ("CEP209", "CREATE STREAM s (ts TIMESTAMP);\n¦CREATE STREAM s (ts TIMESTAMP);"),
    ("CEP209", rule("SELECT room FROM r") + "\n¦" + rule("SELECT room FROM r")),
    ("CEP209", "PARAM p INT = 1;\n¦PARAM p INT = 2;"),
    ("CEP209", rule("SELECT ¦1 FROM r")),
    ("CEP209", rule("SELECT COUNT(*) FROM r GROUP BY room, ¦room, TUMBLE(1s)")),
    ("CEP209", match("a -> b", "PARTITION BY room, ¦room WITHIN 1m")),
    ("CEP209", INCIDENT + "OPEN ON r SET ¦state = 'x';"),
    ("CEP209", INCIDENT + "OPEN ON r SET a = 1, ¦a = 2;"),
    # types and constants
    ("CEP211", rule("SELECT ¦room + 1 AS x FROM r")),
    ("CEP211", rule("SELECT ¦UPPER(value) AS x FROM r")),
    ("CEP211", rule("SELECT ¦-room AS x FROM r")),
    ("CEP211", rule("SELECT ¦SUM(room) AS x FROM r GROUP BY TUMBLE(1s)")),
    ("CEP211", rule("SELECT ¦CAST(ok AS TIMESTAMP) AS x FROM r")),
    ("CEP211", match("a -> b[value > LAST(¦1)]")),
    ("CEP212", rule("SELECT room FROM r WHERE ¦value > 'hot'")),
    ("CEP212", rule("SELECT room FROM r WHERE ¦ts > 'yesterday'")),
    ("CEP212", rule("SELECT room FROM r WHERE n IN (1, ¦'b')")),
    ("CEP213", rule("SELECT room FROM r WHERE ¦value")),
    ("CEP213", rule("SELECT room FROM r WHERE ok AND ¦value")),
    ("CEP213", match("a[¦value] -> b")),
    ("CEP214", rule("SELECT ¦SQRT(value, 2) AS x FROM r")),
    ("CEP214", rule("SELECT ¦AVG(*) AS x FROM r GROUP BY TUMBLE(1s)")),
    ("CEP214", rule("SELECT COUNT(*) FROM r GROUP BY ¦TUMBLE()")),
    ("CEP214", rule("SELECT COUNT(*) FROM r GROUP BY ¦HOP(10s, 1s)")),
    ("CEP214", rule("SELECT COUNT(*) FROM ¦TUMBLE(r, 1s) GROUP BY window_start")),
    ("CEP214", match("a -> b", items="¦MATCH_START(a) AS x")),
    ("CEP214", rule("SELECT ¦NULLIF(value) AS x FROM r")),
    ("CEP215", rule("SELECT COUNT(*) FROM r GROUP BY TUMBLE(¦value)")),
    ("CEP215", "CREATE STREAM s (ts TIMESTAMP, TIEBREAK BY (¦1 + 1));"),
    ("CEP215", match("a -> b", items="¦LAST(a.value, 1, a.value) AS x")),
    ("CEP216", rule("SELECT COUNT(*) FROM r GROUP BY TUMBLE(¦10)")),
    ("CEP216", rule("SELECT COUNT(*) FROM r GROUP BY TUMBLE(¦0s)")),
    ("CEP216", rule("SELECT COUNT(*) FROM r GROUP BY ¦HOP(size => 1s, every => 2s)")),
    ("CEP216", rule("SELECT SUM(n) OVER (ROWS ¦0 - 1 PRECEDING) AS s FROM r")),
    ("CEP216", rule("SELECT DERIV(value, per => ¦0s) AS x FROM r GROUP BY TUMBLE(1s)")),
    ("CEP216", "CREATE STREAM s (t INT, ¦WATERMARK FOR t AS t);"),
    ("CEP216", "CREATE STREAM s (ts TIMESTAMP) WITH (format = ¦'xml');"),
    ("CEP216", "PARAM p INT = ¦'one';"),
    ("CEP216", "¦PARAM p INT;"),
    ("CEP216", rule("SELECT ¦1e999 AS x FROM r")),
    ("CEP216", rule("SELECT ¦TIMESTAMP('noon') AS x FROM r")),
    ("CEP216", rule("SELECT room FROM r LIMIT 0 PER 1s").replace("LIMIT", "¦LIMIT")),
    ("CEP216", "¦@max_runs('many') " + match("a -> b")),
    ("CEP217", rule("SELECT ¦CASE WHEN ok THEN 1 ELSE 'a' END AS x FROM r")),
    ("CEP217", rule("SELECT ¦NULL AS x FROM r")),
    ("CEP217", match("a -> b[value > LAST(a.value, 1, ¦'x')]")),
    ("CEP217", INCIDENT + "OPEN ON r SET a = value UPDATE ON r SET ¦a = 'x';"),
    # places
    ("CEP220", rule("SELECT room FROM r WHERE ¦SUM(n) OVER (ROWS 3 PRECEDING) > 5")),
    ("CEP220", rule("SELECT ¦ABS(n) OVER (ROWS 3 PRECEDING) AS x FROM r")),
    ("CEP220", INCIDENT + "OPEN ON r WHERE ¦SUM(n) OVER (ROWS 3 PRECEDING) > 5;"),
    ("CEP221", rule("SELECT room FROM r WHERE ¦SUM(n) > 5")),
    ("CEP221", rule("SELECT ¦COUNT(*) AS n FROM r")),
    ("CEP221", rule("SELECT SUM(¦AVG(n)) FROM r GROUP BY TUMBLE(1s)")),
    ("CEP222", rule("SELECT ¦sensor FROM r GROUP BY room, TUMBLE(1s)")),
    ("CEP222", rule("SELECT ¦* FROM r GROUP BY room, TUMBLE(1s)")),
    ("CEP222", rule("SELECT room FROM r GROUP BY room, TUMBLE(1s) HAVING ¦value > 1")),
    ("CEP223", rule("SELECT room FROM r HAVING ¦value > 1")),
    ("CEP223", rule("SELECT room FROM r QUALIFY ¦value > 1")),
    ("CEP223", rule("SELECT room FROM r GROUP BY room, TUMBLE(1s) QUALIFY ¦room > 'a'")),
    (
        "CEP223",
        rule("SELECT room FROM r GROUP BY room, TUMBLE(1s) WINDOW ¦w AS (ROWS 3 PRECEDING)"),
    ),
    ("CEP224", rule("SELECT room FROM r MATCH (a -> b WITHIN 1s) GROUP BY ¦room")),
    ("CEP224", match("a -> b", items="¦SUM(n) OVER (ROWS 3 PRECEDING) AS x")),
    ("CEP224", rule("SELECT COUNT(*) FROM r GROUP BY TUMBLE(1s), ¦TUMBLE(2s)")),
    ("CEP224", "CREATE STREAM s (t TIMESTAMP, WATERMARK FOR t AS t, ¦WATERMARK FOR t AS t);"),
    ("CEP224", rule("SELECT COUNT(*) FROM r GROUP BY TUMBLE(1s) EMIT FINAL ¦EMIT FINAL")),
    ("CEP225", rule("SELECT room FROM r WHERE ¦r.* IS NULL")),
    ("CEP223", rule("¦SELECT room FROM r ORDER BY room")),
    ("CEP216", rule("¦SELECT COUNT(*) AS n FROM r GROUP BY TUMBLE(1s) LIMIT 0")),
    ("CEP225", rule("SELECT ¦ABS(DISTINCT value) AS x FROM r")),
    ("CEP225", rule("SELECT ¦STDDEV(DISTINCT value) AS x FROM r GROUP BY TUMBLE(1s)")),
    ("CEP225", match("a -> b[¦MATCH_START() > a.ts]")),
    ("CEP225", match("a -> b", items="¦LAST(DISTINCT a.value) AS x")),
    # streams and time
    (
        "CEP230",
        "¦CREATE RULE a AS INSERT INTO t SELECT room FROM u;\n"
        "CREATE RULE b AS INSERT INTO u SELECT room FROM t;",
    ),
    ("CEP230", "¦CREATE RULE a AS SELECT room FROM a;"),
    (
        "CEP231",
        "CREATE RULE a AS INSERT INTO t SELECT room AS k FROM r;\n"
        "¦CREATE RULE b AS INSERT INTO t SELECT value AS k FROM r;",
    ),
    ("CEP231", "CREATE STREAM t (k INT);\n¦CREATE RULE t AS SELECT room FROM r;"),
    (
        "CEP231",
        "¦CREATE STREAM t (ts TIMESTAMP, room STRING, WATERMARK FOR ts AS ts);\n"
        "CREATE RULE t AS SELECT room FROM r;",
    ),
    ("CEP231", "¦CREATE STREAM s (t TIMESTAMP, LATE INTO r);"),
    ("CEP232", rule("SELECT room FROM ¦late_r")),
    ("CEP232", rule("SELECT reason FROM ¦engine.errors")),
    ("CEP233", "CREATE STREAM s (t TIMESTAMP, WATERMARK FOR t AS ¦t + 2s);"),
    ("CEP234", rule("¦SELECT COUNT(*) FROM arr GROUP BY TUMBLE(1s)")),
    ("CEP234", rule("¦SELECT SUM(x) OVER (ROWS 3 PRECEDING) AS s FROM arr")),
    ("CEP234", rule("SELECT a.x FROM ¦arr MATCH (a -> b PARTITION BY room WITHIN 1s)")),
    ("CEP234", INCIDENT + "¦OPEN ON arr;"),
    ("CEP234", rule("¦SELECT x FROM arr LIMIT 1 PER 1s")),
    (
        "CEP234",
        "CREATE RULE a AS SELECT x FROM arr;\n"
        "CREATE RULE b AS ¦SELECT COUNT(*) FROM a GROUP BY TUMBLE(1s);",
    ),
    ("CEP235", rule("SELECT ¦room AS ts FROM r")),
    # patterns
    ("CEP240", match("¦NOT a -> b")),
    ("CEP240", match("a -> ¦NOT b")),
    ("CEP240", match("a ¦NOT n -> b")),
    ("CEP240", match("a -> NOT n -> ¦NOT m -> b")),
    ("CEP240", match("a -> NOT (¦n+) -> b")),
    ("CEP240", match("a -> NOT ¦a -> b")),
    ("CEP241", match("¦a*")),
    ("CEP241", match("¦a? -> b*")),
    ("CEP242", match("¦a{0} -> b")),
    ("CEP243", match("¦a+ -> b", "PARTITION BY room WITHIN 1m STARTS LAST")),
    ("CEP244", match("a[value > 1] -> b -> ¦a[value > 2]")),
    ("CEP244", match("a[value > 1] -> b", "PARTITION BY room WITHIN 1m DEFINE ¦a AS n > 1")),
    ("CEP244", rule("SELECT a.room FROM MATCH (a:r -> b:r -> ¦a:q WITHIN 1m)")),
    ("CEP245", rule("SELECT a.room FROM MATCH (¦a -> b:r WITHIN 1m)")),
    ("CEP246", rule("SELECT a.room FROM MATCH (a:r -> b:q PARTITION BY ¦sensor WITHIN 1m)")),
    ("CEP246", rule("SELECT a.room FROM MATCH (a:r -> b:q PARTITION BY ¦value WITHIN 1m)")),
    ("CEP246", match("a -> b", "PARTITION BY ¦a.room = b.kind AS k WITHIN 1m")),
    ("CEP246", rule("SELECT x FROM MATCH (a:r -> b:q PARTITION BY ¦a.n = b.level WITHIN 1m)")),
    ("CEP204", rule("SELECT x FROM MATCH (a:r -> b:q PARTITION BY a.n = ¦c.n AS x WITHIN 1m)")),
    ("CEP246", "CREATE INCIDENT i KEY (sensor) OPEN ON r ¦CLOSE ON q;"),
    ("CEP247", match("a -> b", items="¦*")),
    ("CEP248", rule("SELECT ¦ts FROM MATCH (a:r -> b:q PARTITION BY room WITHIN 1m)")),
    (
        "CEP248",
        rule(
            "SELECT a.ts AS t FROM MATCH (a:r -> b:q[value > LAST(¦value, 1)] PARTITION BY room WITHIN 1m)"
        ),
    ),
    ("CEP249", match("a -> NOT n -> b[value > ¦n.value]")),
    ("CEP249", match("a -> b", items="¦SUM(a.value + b.value) AS x")),
    ("CEP250", match("a -> ¦NOT n FOR 2m")),
    ("CEP240", match("a -> (¦NOT n -> b){2}")),
    ("CEP240", match("a -> (b | (c -> ¦NOT n))")),
    ("CEP240", match("(a -> ¦NOT n FOR 1s)+ -> b")),
    ("CEP240", match("a? -> ¦NOT n FOR 1s -> b")),
    ("CEP241", match("¦(a? | b*)")),
    ("CEP243", match("¦(a | b)+ -> c", "PARTITION BY room WITHIN 1m STARTS LAST")),
    ("CEP204", match("a -> b", "PARTITION BY room WITHIN 1m SUBSET ¦u = (a, x)")),
    ("CEP209", match("a -> b", "PARTITION BY room WITHIN 1m SUBSET ¦a = (a, b)")),
    ("CEP249", match("a -> NOT n -> b", "PARTITION BY room WITHIN 1m SUBSET ¦u = (a, n)")),
    ("CEP251", match("¦a+? -> b")),
    ("CEP240", match("¦a & NOT b")),
    ("CEP243", match("(¦a & b) -> c", "PARTITION BY room WITHIN 1m STARTS LAST")),
    ("CEP252", match("¦a{9999} & b{9999} & a{9999} & b{9999} & a{9999}")),
    ("CEP256", match("¦a+ & b")),
    ("CEP257", match("¦a ->> b", "PARTITION BY room")),
    (
        "CEP257",
        rule(
            "SELECT room FROM r MATCH (¦a ->> b PARTITION BY room WITHIN 1m) ON TIMEOUT SELECT room"
        ),
    ),
    ("CEP256", match("¦ANY 2 OF (a, b)")),
    ("CEP256", match("PERMUTE(a, ¦b{2})")),
    ("CEP251", match("a -> ¦()")),
    ("CEP251", match("a -> ¦{- b -}")),
    ("CEP251", match("¦^ a")),
    ("CEP252", recognize("PATTERN (¦A{1001})")),
    ("CEP252", recognize("PATTERN (¦PERMUTE(A, B, C, D, E, F, G))")),
    ("CEP240", recognize("PATTERN (A -> ¦NOT N)")),
    ("CEP240", recognize("PATTERN (A -> NOT N -> ¦N)")),
    ("CEP240", recognize("PATTERN (A ¦NOT N B)")),
    ("CEP253", recognize("ORDER BY ¦value PATTERN (A)")),
    ("CEP253", recognize("ORDER BY ¦ts DESC PATTERN (A)")),
    ("CEP253", recognize("ORDER BY ts, ¦n PATTERN (A)")),
    ("CEP254", recognize("PATTERN (A ¦$)")),
    ("CEP254", recognize("PATTERN (A ¦->> B)")),
    ("CEP254", recognize("PATTERN (¦A & B)")),
    ("CEP254", recognize("PATTERN (¦A++)")),
    ("CEP254", recognize("PATTERN (A -> ¦NOT B FOR 3s)")),
    ("CEP255", recognize("AFTER MATCH SKIP ¦TO FIRST A PATTERN (A B)")),
    ("CEP255", recognize("AFTER MATCH SKIP ¦NONE PATTERN (A B)")),
    (
        "CEP255",
        recognize("ALL ROWS PER MATCH WITH UNMATCHED ROWS PATTERN (¦A {- B -})"),
    ),
    ("CEP204", recognize("PATTERN (A) DEFINE A AS value > ¦Z.value")),
    ("CEP204", recognize("PATTERN (A) SUBSET ¦U = (A, Z)")),
    ("CEP209", recognize("PATTERN (A B) SUBSET ¦A = (B)")),
    ("CEP225", recognize("PATTERN (A) DEFINE A AS value > ¦NEXT(value)")),
    ("CEP225", recognize("PATTERN (A) DEFINE A AS ¦FINAL LAST(value) > 3")),
    ("CEP225", recognize("PATTERN (A) DEFINE A AS ¦MATCH_NUMBER() > 3")),
    ("CEP225", recognize("PATTERN (A) DEFINE A AS value > FIRST(¦LAST(A.value))")),
    ("CEP249", recognize("PATTERN (A B) DEFINE B AS ¦LAST(A.value + B.value) > 3")),
    ("CEP252", match("¦((((((a -> b){2,3} -> a){2,3} -> b){2,3}) -> a){2,3} -> b){2,3}")),
    # statements about statements
    ("CEP237", "¦DROP RULE x;"),
    (
        "CEP238",
        rule("SELECT room FROM r") + "¦CREATE OR REPLACE RULE x KEEP STATE AS SELECT value FROM r;",
    ),
    # tables and joins
    ("CEP236", "¦CREATE TABLE t (k INT);"),
    ("CEP236", "CREATE TABLE t (k INT PRIMARY KEY, ¦ts TIMESTAMP);"),
    ("CEP236", rule("SELECT room FROM r").replace("SELECT", "¦UPSERT INTO t SELECT", 1)),
    ("CEP258", rule("SELECT r.room FROM r JOIN q WITHIN 1m ON ¦r.value > 1")),
    ("CEP259", rule("SELECT r.room FROM ¦r JOIN q ON r.room = q.room")),
    ("CEP259", rule("SELECT r.room FROM ¦r ASOF JOIN q WITHIN 1m ON r.room = q.room")),
    # functions in Python
    ("CEP270", "¦CREATE FUNCTION f(a INT) RETURNS INT LANGUAGE JAVA AS 'math:sqrt';"),
    ("CEP270", "¦CREATE FUNCTION f(a INT) RETURNS INT LANGUAGE PYTHON AS 'math.sqrt';"),
    ("CEP271", "¦CREATE FUNCTION f(a INT) RETURNS INT LANGUAGE PYTHON AS 'math:squirt';"),
    ("CEP272", "¦CREATE FUNCTION f(a INT, b INT) RETURNS INT LANGUAGE PYTHON AS 'math:sqrt';"),
    # incidents
    ("CEP260", "¦CREATE INCIDENT i KEY (room) CLOSE ON r;"),
    ("CEP260", INCIDENT + "OPEN ON r EMIT OPENED ¦EMIT CLOSED;"),
    ("CEP261", INCIDENT + "OPEN ON r SET a = 1 UPDATE ON r SET ¦b = 2;"),
]


@pytest.mark.parametrize(("code", "text"), MISTAKES, ids=[f"{c} {t[:60]}" for c, t in MISTAKES])
def test_mistake(code: str, text: str) -> None:
    _, problems = bind_text(text)
    found = [(p.code, p.span.line, p.span.column) for p in problems if not p.is_lint]
    assert found == [(code, *place_of(text))]


def test_every_code_has_a_mistake() -> None:
    tested = {code for code, _ in MISTAKES}
    wanted = {code for code in CODES if code.startswith("CEP2")}
    assert tested == wanted


def test_a_hint_names_the_nearest_column() -> None:
    _, problems = bind_text(rule("SELECT valeu FROM r"))
    assert [p.hint for p in problems] == ["did you mean 'value'?"]


def test_several_mistakes_of_one_statement() -> None:
    text = rule("SELECT nix, room || 1 AS x FROM r WHERE value > 'a' AND nox = 1")
    _, problems = bind_text(text)
    assert [p.code for p in problems] == ["CEP202", "CEP211", "CEP212", "CEP202"]


def test_readers_of_a_broken_rule_are_not_blamed() -> None:
    text = (
        "CREATE RULE a AS SELECT nix FROM r;\n"
        "CREATE RULE b AS SELECT nix, SUM(nox) OVER (ROWS 3 PRECEDING) AS s FROM a WHERE nux > 1;\n"
        "CREATE RULE c AS SELECT a.foo FROM b MATCH (a[bar > 1] -> b PARTITION BY baz WITHIN 1m);\n"
        "CREATE TABLE t (k INT);\n"
        "CREATE RULE d AS SELECT k FROM t;\n"
        "CREATE RULE e AS SELECT room, FROM r WHERE;\n"
        "CREATE RULE f AS SELECT k FROM e;\n"
        "CREATE INCIDENT g KEY (k) OPEN ON a SET z = foo UPDATE ON t SET z = z + bar;\n"
    )
    _, problems = bind_text(text)
    assert [p.code for p in problems if not p.is_lint] == ["CEP202", "CEP236", "CEP101"]


def test_five_kinds_of_mistakes_in_five_statements() -> None:
    text = (
        "CREATE RULE one AS SELECT room, FROM r WHERE;\n"
        "CREATE RULE two AS SELECT room, valeu FROM r;\n"
        "CREATE RULE three AS SELECT room FROM r WHERE value > 'hot';\n"
        "CREATE RULE four AS SELECT DISTINCT room FROM r;\n"
        "CREATE RULE five AS SELECT room FROM r WHERE SUM(n) OVER (ROWS 3 PRECEDING) > 5;\n"
    )
    binding, problems = bind_text(text)
    assert binding.plan is None
    assert [p.code for p in problems] == ["CEP101", "CEP202", "CEP212", "CEP223", "CEP220"]
    assert [p.span.line for p in problems] == [1, 2, 3, 4, 5]


PARAMS: list[tuple[object, str, object]] = [
    (45, "DOUBLE", 45.0),
    ("45.5", "DOUBLE", 45.5),
    ("7", "INT", 7),
    ("true", "BOOLEAN", True),
    ("1h30m", "DURATION", 5_400_000_000),
    ("1970-01-01T00:00:01Z", "TIMESTAMP", 1_000_000),
    ("text", "STRING", "text"),
]


@pytest.mark.parametrize(("given", "kind", "value"), PARAMS)
def test_parameter_values_from_outside(given: object, kind: str, value: object) -> None:
    binding, problems = bind_text(f"PARAM p {kind};", p=given)
    assert not problems
    assert binding.plan is not None
    assert dict(binding.plan.parameters)["p"] == value


@pytest.mark.parametrize(
    ("given", "kind"),
    [("x", "DOUBLE"), (1.5, "INT"), (True, "INT"), (1, "BOOLEAN"), ("5 min", "DURATION")],
)
def test_parameter_values_of_the_wrong_type(given: object, kind: str) -> None:
    _, problems = bind_text(f"PARAM p {kind};", p=given)
    assert [p.code for p in problems] == ["CEP216"]


def test_value_for_an_unknown_parameter() -> None:
    _, problems = bind_text("", hott=3)
    assert [(p.code, p.hint) for p in problems] == [("CEP205", "did you mean 'hot'?")]
