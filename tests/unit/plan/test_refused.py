"""Every construct the grammar accepts and the binder refuses: its row of the table, and its place."""

from __future__ import annotations

import pytest
from binding import bind_text, match, place_of, recognize, rule

from cep.plan.bind.refused import LATER_FUNCTIONS, REFUSED
from cep.plan.problems import CODES

GROUPED = "SELECT room, COUNT(*) AS n FROM r GROUP BY room, "

CASES: dict[str, str] = {
    "CreateFunction.aggregate": (
        "¦CREATE AGGREGATE FUNCTION f(a INT) RETURNS INT LANGUAGE PYTHON AS 'm:f';"
    ),
    "ExplainWhy": rule("SELECT room FROM r") + " EXPLAIN ¦WHY x;",
    "CreateStream.schemaless": "CREATE STREAM s; CREATE RULE m AS SELECT ¦* FROM s;",
    "PrimaryKey": "CREATE STREAM s (k INT, ¦PRIMARY KEY (k));",
    "ColumnDefinition.primary_key": "CREATE STREAM s (¦k INT PRIMARY KEY);",
    "ColumnDefinition.default": "CREATE TABLE s (k INT PRIMARY KEY, ¦n INT DEFAULT 1);",
    "ColumnDefinition.computed": "CREATE TABLE s (k INT PRIMARY KEY, ¦n INT AS (1 + 1));",
    "Option.retain": "CREATE STREAM s (k INT) WITH (¦retain = 1h);",
    "TypeName": "CREATE STREAM s (k ¦DECIMAL(10, 2));",
    "Annotation.on_error": "¦@on_error(drop) " + rule("SELECT room FROM r"),
    "Annotation.warmup": "¦@warmup(1h) " + rule("SELECT room FROM r"),
    "Annotation.ttl": "¦@ttl(1h) " + rule("SELECT room FROM r"),
    "Ttl.collects": "¦@ttl(1h) "
    + rule("SELECT room, COUNT(DISTINCT sensor) AS n FROM r GROUP BY room EMIT CHANGES"),
    "Annotation.peers": "¦@peers(include) " + rule("SELECT room FROM r"),
    "Insert.star": rule("¦INSERT INTO t (a) SELECT * FROM r"),
    "Select.from_": rule("¦SELECT 1 AS one"),
    "Select.group_by": rule("SELECT room FROM r GROUP BY ¦room"),
    "View.having": "CREATE VIEW v AS SELECT room, COUNT(*) AS n FROM r GROUP BY room HAVING ¦COUNT(*) > 1;",
    "Select.group_over": rule(
        "SELECT ¦SUM(n) OVER (ROWS 3 PRECEDING) AS s FROM r GROUP BY TUMBLE(1s)"
    ),
    "TableName.as_of": rule("SELECT room FROM r FOR SYSTEM_TIME AS OF ¦ts"),
    "Descriptor": rule(
        "SELECT COUNT(*) FROM TABLE(TUMBLE(TABLE r, ¦DESCRIPTOR(t2), 1m)) GROUP BY window_start"
    ),
    "Frame.following": rule(
        "SELECT SUM(n) OVER (ROWS BETWEEN 3 PRECEDING AND ¦3 FOLLOWING) AS s FROM r"
    ),
    "WindowSpec.order_by": rule("SELECT SUM(n) OVER (ORDER BY ¦n ROWS 3 PRECEDING) AS s FROM r"),
    "InTable": rule(GROUPED + "TUMBLE(1s) HAVING ¦room IN rooms"),
    "Exists": rule("SELECT ¦EXISTS (SELECT room FROM q) AS x FROM r"),
    "Binary.regexp": rule("SELECT room FROM r WHERE ¦room REGEXP 'a'"),
    "Call.later": rule("SELECT ¦COLLECT(value) AS x FROM r GROUP BY TUMBLE(1s)"),
    "Call.distinct": recognize("PATTERN (A B) DEFINE B AS ¦COUNT(DISTINCT A.sensor) > 1"),
    "Recognize.collects": recognize("MEASURES ¦MEDIAN(A.value) AS m PATTERN (A+)"),
    "Quantified.combine": match(
        "¦a+ COMBINE -> b[b.value > a.value]", "WITHIN 1m AFTER MATCH SKIP NONE"
    ),
    "Fork.max_runs": "@max_runs(3) " + match("¦a ->> b"),
    "Fork.grows": rule("SELECT room FROM r MATCH (¦a ->> b+ WITHIN 1m) EMIT ON CLOSE"),
    "Fork.distinct": match("¦a ->> b", items="MEDIAN(b.value) AS n"),
    "Recognize.edge_gap": recognize("PATTERN (A ¦-[1s..5s]-> B)"),
    "Recognize.stream": recognize("PATTERN (A B) DEFINE ¦A AS STREAM q"),
    "Recognize.gap": recognize("PATTERN (A -> B) GAP ¦1m"),
    "Recognize.starts": recognize("PATTERN (A B) STARTS FIRST", mark="¦"),
    "Match.partition": match("a -> b", "PARTITION BY ¦UPPER(room) WITHIN 1m"),
    "Emit.changes": rule(GROUPED + "HOP(size => 2s, every => 1s) ¦EMIT CHANGES"),
    "Emit.changes_every": rule(GROUPED.rstrip(", ") + " ¦EMIT CHANGES EVERY 1s"),
    "Emit.on_close": rule("SELECT room FROM r ¦EMIT ON CLOSE"),
    "Emit.on_expiry": rule("SELECT room FROM r ¦EMIT ON EXPIRY"),
    "Emit.on_change": rule("SELECT room FROM r ¦EMIT ON CHANGE OF (room)"),
    "Emit.every": rule(GROUPED + "TUMBLE(1s) ¦EMIT EVERY 10s"),
    "Emit.final": rule("SELECT room FROM r ¦EMIT FINAL"),
    "Emit.on_match": rule("SELECT room FROM r ¦EMIT ON MATCH"),
}


@pytest.mark.parametrize("key", REFUSED)
def test_refusal(key: str) -> None:
    _, problems = bind_text(CASES[key])
    found = [(p.code, p.span.line, p.span.column) for p in problems if not p.is_lint]
    assert found == [(REFUSED[key].code, *place_of(CASES[key]))]


def test_every_code_of_refusals_is_used_and_explained() -> None:
    used = {row.code for row in REFUSED.values()}
    assert used == {code for code in CODES if code.startswith("CEP3")}


@pytest.mark.parametrize("name", sorted(LATER_FUNCTIONS))
def test_functions_of_later_versions(name: str) -> None:
    _, problems = bind_text(rule(f"SELECT {name}(value) AS x FROM r GROUP BY TUMBLE(1s)"))
    assert [p.code for p in problems] == ["CEP305"]


def test_a_table_of_an_incident_is_no_stream() -> None:
    text = "CREATE INCIDENT i KEY (room) OPEN ON r;\nCREATE RULE x AS SELECT room FROM i;"
    _, problems = bind_text(text)
    assert [p.code for p in problems if not p.is_lint] == ["CEP232"]
