"""The determinism contract: the same bytes for any batch split, way in, restart, tier, and with rewrites on or off."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cep
from cep.connectors.formats.jsonl import JsonLinesEncoder

if TYPE_CHECKING:
    from pathlib import Path

STREAMS = """
CREATE STREAM a (ts TIMESTAMP NOT NULL, k STRING, x DOUBLE, WATERMARK FOR ts AS ts - 3s, TIEBREAK BY (k, x), LATE INTO late_a)
  WITH (ts_unit = 's');
CREATE STREAM b (ts TIMESTAMP NOT NULL, k STRING, y INT, WATERMARK FOR ts AS ts - 1s) WITH (ts_unit = 's');
CREATE STREAM c (ts TIMESTAMP NOT NULL, k STRING, z INT, WATERMARK FOR ts AS ts) WITH (ts_unit = 's');
"""
# Several writers of one stream, chains of rules, timers, windows, ties; one stream alone in its component.
GRAPHS = {
    "chains": """
CREATE RULE from_a AS INSERT INTO both SELECT k, x FROM a WHERE x > 1;
CREATE RULE from_b AS INSERT INTO both SELECT k, y AS x FROM b;
CREATE RULE rising AS SELECT k, p.x AS x1, q.x AS x2 FROM MATCH (p:both -> q:both[x > p.x] PARTITION BY k WITHIN 4s);
CREATE RULE silent AS INSERT INTO ends SELECT k FROM both MATCH (p -> NOT q FOR 2s PARTITION BY k);
CREATE RULE counted AS INSERT INTO ends SELECT k, COUNT(*) AS n, SUM(x) AS total FROM both GROUP BY k, TUMBLE(3s);
CREATE RULE ends_twice AS SELECT k, COUNT(*) AS n FROM ends GROUP BY k, TUMBLE(5s);
""",
    "own streams": """
CREATE RULE averages AS SELECT k, x, AVG(x) OVER (PARTITION BY k RANGE 5s PRECEDING) AS mean FROM a;
CREATE RULE hops AS INSERT INTO o SELECT k, MAX(y) AS y FROM b GROUP BY k, HOP(size => 4s, every => 2s);
CREATE RULE plain AS INSERT INTO o SELECT k, z AS y FROM c WHERE z > 0 OR z IS NULL;
CREATE INCIDENT trouble KEY (k)
  OPEN ON a WHERE x > 3 SET peak = x
  UPDATE ON a AS e WHERE e.x > peak SET peak = e.x
  CLOSE AFTER 3s IDLE
  EMIT OPENED, UPDATED, CLOSED INTO incidents;
CREATE RULE loud AS SELECT k, peak FROM incidents WHERE state = 'closed' SUPPRESS BY (k) FOR 5s;
""",
    "merged": """
CREATE RULE pairs AS SELECT a.k AS k, f.x AS x, g.y AS y FROM MATCH (f:a -> g:b PARTITION BY k WITHIN 5s) SUPPRESS BY (k) FOR 1s;
CREATE RULE loops AS SELECT k, COUNT(l.z) AS n FROM MATCH (s:b[y > 0] -> l:c[z > 0]+ -> e:c[z = 0] PARTITION BY k WITHIN 9s);
CREATE RULE lost AS SELECT k FROM c MATCH (p[z > 2] -> NOT q FOR 2s PARTITION BY k);
""",
}
GRAPHS["merged"] = GRAPHS["merged"].replace("SELECT a.k AS k, f.x", "SELECT k, f.x")
VALUE = {"a": "x", "b": "y", "c": "z"}
Row = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Way:
    """One way to play arrivals: rows a batch, restarts, tier, rewrites, and how rows come in."""

    batch: int = 1 << 30
    restart: int = 0  # after so many batches
    tier: str = "python"
    rewrites: bool = True
    send: str = "send_many"


def fresh(rules: str, way: Way) -> tuple[cep.Engine, dict[str, cep.Table]]:
    engine = cep.Engine(rules, tier=way.tier, rewrites=way.rewrites, bounded=True)
    return engine, engine.tables()


def hand_in(engine: cep.Engine, stream: str, rows: list[dict[str, Any]], send: str) -> None:
    if send == "send":
        for row in rows:
            engine.send(stream, row)
    elif send == "send_many":
        engine.send_many(stream, rows)
    elif send == "arrow":
        kinds = {
            "ts": pa.int64(),
            "k": pa.string(),
            "x": pa.float64(),
            "y": pa.int64(),
            "z": pa.int64(),
        }
        columns = {n: pa.array([r[n] for r in rows], kinds[n]) for n in rows[0]}
        engine.send_batch(stream, pa.table(columns))
    else:
        columns = {n: [r[n] for r in rows] for n in rows[0]}
        engine.send_batch(stream, {**columns, "ts": np.array(columns["ts"])})


def lines(table: cep.Table, strings: Any) -> bytes:
    encoder = JsonLinesEncoder(table.schema, strings)
    return b"".join(encoder.encode(batch) for batch in table._batches)


def play(rules: str, arrivals: list[Row], way: Way) -> dict[str, bytes]:
    engine, tables = fresh(rules, way)
    found = dict.fromkeys(engine.outputs, b"")

    def take() -> None:
        for name, table in tables.items():
            found[name] += lines(table, engine._core.strings)

    place = batches = 0
    while place < len(arrivals):
        stream = arrivals[place][0]
        end = place
        while end < min(len(arrivals), place + way.batch) and arrivals[end][0] == stream:
            end += 1
        hand_in(engine, stream, [row for _, row in arrivals[place:end]], way.send)
        place, batches = end, batches + 1
        engine.check()
        if way.restart and batches % way.restart == 0:
            take()
            arrays = engine.snapshot()
            engine.close()
            engine, tables = fresh(rules, way)
            engine.load_snapshot(arrays)
    engine.flush()
    engine.check()
    take()
    if way.tier == "llvm":
        assert {r["tier"] for r in engine.stats()["rules"].values()} == {"llvm"}
    engine.close()
    return found


def arrivals_of(seed: int, rows: int) -> list[Row]:
    """Return rows of three streams in an order of arrival: disorder, ties, late rows, NULLs."""
    draw = random.Random(seed)
    now = dict.fromkeys("abc", 0)
    found: list[Row] = []
    for _ in range(rows):
        stream = draw.choice("aaabbc")
        now[stream] += draw.choice((0, 0, 1, 1, 2))
        ts = now[stream] if stream == "c" else max(0, now[stream] - draw.choice((0, 0, 1, 2, 4)))
        number = draw.choice((0, 1, 2, 3, 4, None))
        value = None if number is None else number + 0.5 if stream == "a" else number
        found.append((
            stream,
            {"ts": ts, "k": draw.choice(("p", "q", "r", None)), VALUE[stream]: value},
        ))
    return found


SENDS = st.sampled_from(["send", "send_many", "columns", "arrow"])
WAYS = st.builds(
    Way,
    batch=st.sampled_from([1, 2, 3, 7, 1 << 30]),
    restart=st.sampled_from([0, 0, 1, 2, 5]),
    tier=st.sampled_from(["python", "python", "llvm"]),
    rewrites=st.booleans(),
    send=SENDS,
)


@pytest.mark.parametrize("graph", GRAPHS)
@given(st.integers(0, 10**6), st.integers(1, 40), st.lists(WAYS, min_size=2, max_size=2))
@settings(max_examples=8)
def test_the_same_bytes_in_every_way(graph: str, seed: int, rows: int, ways: list[Way]) -> None:
    rules = STREAMS + GRAPHS[graph]
    arrivals = arrivals_of(seed, rows)
    expected = play(rules, arrivals, Way())
    for way in ways:
        assert play(rules, arrivals, way) == expected, way


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_arrivals_reach_every_output(graph: str) -> None:
    """What the property compares is not empty."""
    found = play(STREAMS + GRAPHS[graph], arrivals_of(1, 300), Way())
    wanted = {"late_a"} if graph == "merged" else {"late_a", *found}
    assert not [name for name in wanted if not found[name]]
    assert sum(map(len, found.values())) > 1_000


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_files_give_what_events_give(graph: str, form: str, tmp_path: Path) -> None:
    import pandas as pd

    rules = STREAMS + GRAPHS[graph]
    arrivals = [r for r in arrivals_of(3, 200) if r[1]["k"] is not None]
    expected = play(rules, arrivals, Way())
    inputs = {}
    for stream in "abc":
        rows = [row for name, row in arrivals if name == stream]
        path = tmp_path / f"{stream}.{form}"
        frame = pd.DataFrame(rows).astype({VALUE[stream]: "Float64" if stream == "a" else "Int64"})
        if form == "csv":
            frame.to_csv(path, index=False)
        elif form == "parquet":
            frame.to_parquet(path, row_group_size=17)
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        inputs[stream] = path
    engine, tables = fresh(rules, Way())
    with engine:
        for _ in engine.read(inputs):
            engine.check()
        found = {name: lines(table, engine._core.strings) for name, table in tables.items()}
    assert found == expected


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_swap_of_tiers_a_growth_and_a_restart_in_the_middle(graph: str) -> None:
    rules = STREAMS + GRAPHS[graph]
    draw = random.Random(5)
    arrivals = arrivals_of(5, 1_500)
    # So many keys that arrays grow.
    for _, row in arrivals[300:1_200]:
        row["k"] = f"key {draw.randrange(400)}"
    expected = play(rules, arrivals, Way())
    assert all(
        len(text) for name, text in expected.items() if name in ("late_a", "both", "averages")
    )
    engine, tables = fresh(rules, Way(tier="auto"))
    found = dict.fromkeys(engine.outputs, b"")
    sizes = [engine.stats()["rules"][r]["state_bytes"] for r in engine.stats()["rules"]]
    for number, (stream, row) in enumerate(arrivals):
        engine.send(stream, row)
        if number == 100:
            engine.wait_compiled()
            assert {r["tier"] for r in engine.stats()["rules"].values()} == {"llvm"}
        if number == 900:
            grown = [engine.stats()["rules"][r]["state_bytes"] for r in engine.stats()["rules"]]
            assert sum(grown) > sum(sizes)
            for name, table in tables.items():
                found[name] += lines(table, engine._core.strings)
            arrays = engine.snapshot()
            engine.close()
            engine, tables = fresh(rules, Way(tier="auto"))
            engine.load_snapshot(arrays)
    engine.flush()
    engine.check()
    for name, table in tables.items():
        found[name] += lines(table, engine._core.strings)
    engine.close()
    assert found == expected
