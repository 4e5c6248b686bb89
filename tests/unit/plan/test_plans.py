"""Plans of the main constructs, as text: what the binder makes of a rule."""

from __future__ import annotations

import pytest
from binding import match, plan_of, rule, text_of

PLANS: list[tuple[str, str]] = [
    # plain rows, names, the time column
    (
        rule("SELECT room, value FROM r"),
        "Project ts := time(), room, value\n  Scan r",
    ),
    (
        rule("SELECT * FROM r AS x WHERE x.value > 50"),
        "Project ts, sensor, room, kind, value, n, ok, t2, d\n  Filter value > 50.0\n    Scan r",
    ),
    (
        rule("SELECT UPPER(room), r.n, value AS v FROM r"),
        "Project ts := time(), upper := UPPER(room), n, v := value\n  Scan r",
    ),
    # sugar and conversions
    (
        rule("SELECT n / 2 AS a, n + value AS b, ts - t2 AS c, ts + 5s AS e, d * 2 AS f FROM r"),
        "Project ts := time(), a := TO_DOUBLE(n) / 2.0, b := TO_DOUBLE(n) + value, c := ts - t2,"
        " e := ts + 5s, f := d * 2\n  Scan r",
    ),
    (
        rule("SELECT room FROM r WHERE n BETWEEN 1 AND 3 AND room NOT IN ('a', 'b')"),
        "Project ts := time(), room\n"
        "  Filter n >= 1 AND n <= 3 AND NOT (room = 'a' OR room = 'b')\n    Scan r",
    ),
    (
        rule(
            "SELECT CASE kind WHEN 'a' THEN 1 WHEN 'b' THEN 2.5 END AS c, NULLIF(n, 0) AS z FROM r"
        ),
        "Project ts := time(), c := CASE WHEN kind = 'a' THEN 1.0 WHEN kind = 'b' THEN 2.5 ELSE NULL"
        " END, z := NULLIF(n, 0)\n  Scan r",
    ),
    (
        rule("SELECT room FROM r WHERE ts > '2024-01-01' AND ok IS NOT TRUE AND room IS NOT NULL"),
        "Project ts := time(), room\n"
        "  Filter ts > TIMESTAMP('2024-01-01T00:00:00.000000Z') AND NOT ok IS TRUE AND"
        " NOT room IS NULL\n    Scan r",
    ),
    (
        rule("SELECT room FROM r WHERE value > $hot AND d > $quiet"),
        "Project ts := time(), room\n  Filter value > 40.0 AND d > 5m\n    Scan r",
    ),
    # group windows, in every spelling
    (
        rule(
            "SELECT room, window_start, COUNT(*) AS n, AVG(value) FROM r GROUP BY room, TUMBLE(10s)"
        ),
        "Project ts := time(), room, window_start, n := count_0, avg := avg_0\n"
        "  GroupWindow TUMBLE(10s) by room aggregates count_0 := COUNT(*), avg_0 := AVG(value)\n"
        "    Scan r",
    ),
    (
        rule(
            "SELECT room, COUNT(*) AS c FROM TABLE(HOP(DATA => TABLE r, TIMECOL => DESCRIPTOR(ts),"
            " SLIDE => INTERVAL '5' MINUTES, SIZE => INTERVAL '10' MINUTES))"
            " GROUP BY window_start, window_end, room"
        ),
        "Project ts := time(), room, c := count_0\n"
        "  GroupWindow HOP(size => 10m, every => 5m) by room aggregates count_0 := COUNT(*)\n"
        "    Scan r",
    ),
    (
        rule(
            "SELECT COUNT(*) AS c FROM TABLE(HOP(TABLE r, DESCRIPTOR(ts), 5m, 10m)) GROUP BY window_end"
        ),
        "Project ts := time(), c := count_0\n"
        "  GroupWindow HOP(size => 10m, every => 5m) aggregates count_0 := COUNT(*)\n    Scan r",
    ),
    (
        rule(
            "SELECT COUNT(*) AS c FROM TUMBLE(r, ts, 1m) GROUP BY window_start EMIT ON WINDOW CLOSE"
        ),
        "Project ts := time(), c := count_0\n"
        "  GroupWindow TUMBLE(1m) aggregates count_0 := COUNT(*)\n    Scan r",
    ),
    (
        rule("SELECT COUNT(*) AS c FROM r GROUP BY TUMBLE(10s, offset => 13s), room || kind"),
        "Project ts := time(), c := count_0\n"
        "  GroupWindow TUMBLE(10s, offset => 3s) by kind := room || kind"
        " aggregates count_0 := COUNT(*)\n    Scan r",
    ),
    (
        rule(
            "SELECT UPPER(room) AS u, SUM(n) FILTER (WHERE ok) + COUNT(DISTINCT kind) AS s FROM r"
            " GROUP BY UPPER(room), TUMBLE(1m) HAVING SUM(n) FILTER (WHERE ok) > 3"
        ),
        "Project ts := time(), u := upper, s := sum_0 + count_0\n"
        "  Filter sum_0 > 3\n"
        "    GroupWindow TUMBLE(1m) by upper := UPPER(room) aggregates"
        " sum_0 := SUM(n) FILTER (WHERE ok), count_0 := COUNT(DISTINCT kind)\n"
        "      Scan r",
    ),
    # window functions
    (
        rule(
            "SELECT sensor, AVG(value) OVER w AS m, SUM(n) OVER (ROWS 5 PRECEDING) AS s FROM r"
            " WINDOW w AS (PARTITION BY sensor ORDER BY ts"
            " RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW)"
            " QUALIFY ABS(DERIV(value, per => 1m) OVER w) > 3"
        ),
        "Project ts := time(), sensor, m := avg_0, s := sum_0\n"
        "  Filter ABS(deriv_0) > 3.0\n"
        "    Over avg_0 := AVG(value) OVER (PARTITION BY sensor RANGE 1h PRECEDING),"
        " sum_0 := SUM(n) OVER (ROWS 5 PRECEDING),"
        " deriv_0 := DERIV(value, per => 1m) OVER (PARTITION BY sensor RANGE 1h PRECEDING)\n"
        "      Scan r",
    ),
    # throttles
    (
        rule("SELECT room, value FROM r SUPPRESS BY (room) FOR 2m LIMIT 5 PER 1m"),
        "Limit 5 per 1m\n  Suppress by (room) for 2m\n    Project ts := time(), room, value\n      Scan r",
    ),
    # MATCH
    (
        match(
            "a[value > 1] -> b[value > a.value + n] c{2,5}", items="room, b.value - a.value AS x"
        ),
        "Project ts := time(), room, x := b_value - a_value\n"
        "  Match a -> b c{2,5} partition by room within 1m starts each skip past_last\n"
        "    a: r where value > 1.0\n"
        "    b: r where value > a.value + TO_DOUBLE(n)\n"
        "    c: r\n"
        "    measures b_value := b.value, a_value := a.value\n"
        "    Scan r",
    ),
    (
        match(
            "(a -> b+ STRICT) -> NOT (x[ok] | y) -> c++ -> NOT z FOR 30s",
            "PARTITION BY room WITHIN 1m STARTS FIRST AFTER MATCH SKIP TO NEXT EVENT",
        ),
        "Project ts := time(), room\n"
        "  Match a -> b+ STRICT -> NOT (x | y) -> c++ -> NOT z FOR 30s partition by room"
        " within 1m starts first skip to_next\n"
        "    a: r\n    b: r\n    x: r where ok\n    y: r\n    c: r\n    z: r\n    Scan r",
    ),
    (
        match(
            "a{3,} -> b[value > AVG(a.value) AND COUNT(*) > 4 AND LAST(a.n, 1, 0) < FIRST(b.n)]",
            items="COUNT(a.*) AS c, COUNT(DISTINCT a.sensor) AS d, MAX(value) AS m, b.*",
        ),
        "Project ts := time(), c := count_a, d := count_a_0, m := max, b_ts, b_sensor, b_room, b_kind,"
        " b_value, b_n, b_ok, b_t2, b_d\n"
        "  Match a{3,} -> b partition by room within 1m starts each skip past_last\n"
        "    a: r\n"
        "    b: r where value > AVG[a](*.value) AND COUNT[a, b](*) > 4 AND"
        " LAST(a.n, 1, 0) < FIRST(b.n)\n"
        "    measures count_a := COUNT[a](*), count_a_0 := COUNT[a](DISTINCT *.sensor),"
        " max := MAX[a, b](*.value), b_ts := b.ts, b_sensor := b.sensor, b_room := b.room,"
        " b_kind := b.kind, b_value := b.value, b_n := b.n, b_ok := b.ok, b_t2 := b.t2, b_d := b.d\n"
        "    Scan r",
    ),
    (
        rule(
            "SELECT room, MATCH_ID() AS id, MATCH_START() AS s, MATCH_DURATION() AS l, b.level"
            " FROM MATCH (a:r -> b:q -> NOT n:q FOR 5s PARTITION BY room DEFINE n AS level > 3)"
        ),
        "Project ts := time(), room, id := match_id(), s := match_start, l := match_duration,"
        " level := b_level\n"
        "  Match a -> b -> NOT n FOR 5s partition by room starts each skip past_last\n"
        "    a: r\n    b: q\n    n: q where level > 3\n"
        "    measures match_start := match_start(), match_duration := match_duration(),"
        " b_level := b.level\n"
        "    Scan r\n    Scan q",
    ),
    (
        rule("SELECT x, b.value FROM MATCH (a:r -> b:q PARTITION BY a.n = b.level AS x WITHIN 1m)"),
        "Project ts := time(), x, value := b_value\n"
        "  Match a -> b partition by x (n, level) within 1m starts each skip past_last\n"
        "    a: r\n    b: q\n    measures b_value := b.value\n    Scan r\n    Scan q",
    ),
    # a bare name in SELECT is a column of the last bound event
    (
        match("a -> b? -> NOT c FOR 1s", items="value"),
        "Project ts := time(), value := CASE WHEN count_b > 0 THEN b_value ELSE a_value END\n"
        "  Match a -> b? -> NOT c FOR 1s partition by room within 1m starts each skip past_last\n"
        "    a: r\n    b: r\n    c: r\n"
        "    measures a_value := a.value, count_b := COUNT[b](*), b_value := b.value\n    Scan r",
    ),
    # incidents
    (
        "CREATE INCIDENT i KEY (room) OPEN ON r AS e WHERE value > 50 SET top = 0, why = kind"
        " UPDATE ON r SET top = GREATEST(top, value) CLOSE ON q WHERE level = 0"
        " CLOSE WHEN top > 99 CLOSE AFTER $quiet IDLE EMIT OPENED, UPDATED EVERY 10s INTO out;",
        "Incident by room\n"
        "  open on r where value > 50.0 set top := 0.0, why := kind\n"
        "  update on r set top := GREATEST(state.top, value)\n"
        "  close on q where level = 0\n"
        "  close when state.top > 99.0\n"
        "  close after 5m idle\n"
        "  emit opened, updated every 10s\n"
        "  Scan r\n  Scan q",
    ),
]


@pytest.mark.parametrize(("text", "plan"), PLANS, ids=[t[:70] for t, _ in PLANS])
def test_plan(text: str, plan: str) -> None:
    assert text_of(text) == plan


def test_incident_columns() -> None:
    plan = plan_of(
        "CREATE INCIDENT i KEY (room) OPEN ON r SET top = value UPDATE ON r SET top = value;"
    )
    schema = plan.rules[0].root.schema
    assert " ".join(schema.names()) == (
        "ts room incident_id state version opened_at updated_at closed_at close_reason top duration"
    )
    assert plan.rules[0].output == "i_events"


def test_rules_are_used_before_their_place_and_sorted() -> None:
    plan = plan_of(
        "CREATE RULE c AS SELECT * FROM b;\n"
        "CREATE RULE z AS SELECT room FROM q;\n"
        "CREATE RULE b AS SELECT * FROM a;\n"
        "CREATE RULE a AS SELECT room FROM r;\n"
    )
    assert [(r.name, r.declaration) for r in plan.rules] == [("z", 1), ("a", 3), ("b", 2), ("c", 0)]


def test_components() -> None:
    plan = plan_of(
        "CREATE STREAM s (ts TIMESTAMP, room STRING, WATERMARK FOR ts AS ts);\n"
        "CREATE RULE a AS INSERT INTO both SELECT room FROM r;\n"
        "CREATE RULE b AS INSERT INTO both SELECT room FROM s;\n"
    )
    assert plan.components == (("s",), ("r",), ("q",), ("arr",))
    plan = plan_of(
        "CREATE STREAM s (ts TIMESTAMP, room STRING, WATERMARK FOR ts AS ts);\n"
        "CREATE RULE a AS INSERT INTO both SELECT room FROM r;\n"
        "CREATE RULE b AS INSERT INTO both SELECT room FROM s;\n"
        "CREATE RULE c AS SELECT room FROM both;\n"
    )
    assert plan.components == (("s", "r"), ("q",), ("arr",))


def test_a_stream_of_several_rules_has_the_union_of_columns() -> None:
    plan = plan_of(
        "CREATE RULE a AS INSERT INTO t SELECT room, n AS x FROM r;\n"
        "CREATE RULE b AS INSERT INTO t SELECT kind, value AS x FROM r;\n"
    )
    stream = next(s for s in plan.streams if s.name == "t")
    assert [(c.name, c.type.value) for c in stream.schema.columns] == [
        ("ts", "TIMESTAMP"),
        ("room", "STRING"),
        ("x", "DOUBLE"),
        ("kind", "STRING"),
    ]
    assert stream.derived
    assert all(rule.root.schema == stream.schema for rule in plan.rules)


def test_a_declared_output_stream() -> None:
    plan = plan_of(
        "CREATE STREAM t (kind STRING, room STRING);\n"
        "CREATE RULE a AS INSERT INTO t SELECT room FROM r;\n"
    )
    stream = plan.streams[0]
    assert (stream.name, stream.derived, stream.schema.names()) == (
        "t",
        True,
        ("ts", "kind", "room"),
    )


def test_stream_clauses() -> None:
    plan = plan_of(
        "CREATE STREAM s (at TIMESTAMP NOT NULL, k STRING, WATERMARK FOR at AS at - 2s,"
        " TIEBREAK BY (k), LATE INTO late_s)"
        " WITH (format = 'csv', ts_unit = 'ms', idle_timeout = 30s, late = 'adjust');"
    )
    stream = plan.streams[0]
    assert (stream.time_column, stream.watermark_delay_us) == ("at", 2_000_000)
    assert (stream.tiebreak, stream.late_into, stream.late_adjust) == (("k",), "late_s", True)
    assert (stream.format, stream.ts_unit, stream.idle_timeout_us) == ("csv", "ms", 30_000_000)
    late = next(s for s in plan.streams if s.name == "late_s")
    assert (late.derived, late.schema) == (True, stream.schema)


def test_replacing_a_rule_keeps_its_place() -> None:
    plan = plan_of(
        "CREATE RULE a AS SELECT room FROM r;\n"
        "CREATE RULE b AS SELECT room FROM r;\n"
        "CREATE OR REPLACE RULE a AS SELECT kind FROM r;\n"
    )
    assert [(r.name, r.declaration, r.root.schema.names()) for r in plan.rules] == [
        ("a", 0, ("ts", "kind")),
        ("b", 1, ("ts", "room")),
    ]


def test_annotations() -> None:
    plan = plan_of(
        "@severity('high') @tags(fire, house) @max_runs(5) @null_key('group') " + match("a -> b")
    )
    assert plan.rules[0].annotations == (
        ("severity", ("high",)),
        ("tags", ("fire", "house")),
        ("max_runs", (5,)),
        ("null_key", ("group",)),
    )
    root = plan.rules[0].root
    source = getattr(root, "source", None)
    assert (source.group_null_keys, source.max_runs) == (True, 5)
