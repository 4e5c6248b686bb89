"""`Engine` as a service uses it: ways in, callbacks, iterators, threads, errors, snapshots."""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import cep
from cep.engine.clock import ManualClock

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
PARAM limit DOUBLE = 10.0;
CREATE STREAM s (ts TIMESTAMP NOT NULL, k STRING, x DOUBLE, WATERMARK FOR ts AS ts) WITH (ts_unit = 's');
CREATE RULE hot AS SELECT k, x FROM s WHERE x > $limit;
CREATE RULE twice AS SELECT k, b.x AS x FROM s MATCH (a[x > 10] -> b[x > 10] PARTITION BY k WITHIN 1h);
"""
EVENTS = [{"ts": i, "k": "ab"[i % 2], "x": float(i * 5)} for i in range(8)]


@pytest.fixture
def engine() -> Any:
    with cep.Engine(RULES, tier="python") as made:
        yield made


def dicts(rows: Any) -> list[dict[str, Any]]:
    return [dict(r) for r in rows]


def wanted() -> dict[str, list[dict[str, Any]]]:
    tables = cep.run(RULES, {"s": EVENTS}, tier="python")
    return {name: table.to_dicts() for name, table in tables.items()}


FRAME = pd.DataFrame(EVENTS)
WAYS: dict[str, Any] = {
    "send": lambda e: [e.send("s", row) for row in EVENTS],
    "send of mappings": lambda e: [e.send("s", MappingProxyType(row)) for row in EVENTS],
    "send_many": lambda e: e.send_many("s", iter(EVENTS)),
    "numpy": lambda e: e.send_batch(
        "s", {"ts": np.arange(8), "k": FRAME["k"].to_numpy(), "x": FRAME["x"].to_numpy()}
    ),
    "coded": lambda e: e.send_batch(
        "s",
        {
            "ts": np.arange(8),
            "k": cep.Coded(np.arange(8) % 2, ["a", "b"]),
            "x": np.arange(0.0, 40, 5),
        },
    ),
    "pandas": lambda e: e.send_batch("s", FRAME.assign(k=FRAME["k"].astype("category"))),
    "arrow": lambda e: e.send_batch("s", pa.Table.from_pandas(FRAME)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("batch_rows", [1, 3, 10_000])
def test_all_ways_in_give_what_run_gives(way: str, batch_rows: int) -> None:
    expected = wanted()
    assert len(expected["hot"]) == 5
    with cep.Engine(RULES, tier="python", batch_rows=batch_rows) as engine:
        got: dict[str, list[Any]] = {name: [] for name in engine.outputs}
        for name in engine.outputs:
            engine.on(name)(lambda event: got[event.stream].append(dict(event)))
        WAYS[way](engine)
        engine.flush()
        engine.check()
    assert got == expected


def test_run_takes_paths_globs_tables_and_iterables(tmp_path: Path) -> None:
    expected = wanted()
    FRAME.to_csv(tmp_path / "a.csv", index=False)
    FRAME.to_parquet(tmp_path / "a.parquet")
    FRAME.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    FRAME[:4].to_json(tmp_path / "part1.jsonl", orient="records", lines=True)
    FRAME[4:].to_json(tmp_path / "part2.jsonl", orient="records", lines=True)
    rules = tmp_path / "a.cep"
    rules.write_text(RULES)
    sources = ["a.csv", "a.parquet", "a.jsonl", "part?.jsonl"]
    inputs = [str(tmp_path / s) for s in sources] + [FRAME, EVENTS, tmp_path / "a.csv"]
    for given in inputs:
        for text in (rules, str(rules), [rules]):
            tables = cep.run(text, {"s": given}, tier="python")
            assert {n: t.to_dicts() for n, t in tables.items()} == expected, given
    assert {n: len(t) for n, t in cep.run(RULES, {}, tier="python").items()} == {
        "hot": 0,
        "twice": 0,
    }
    assert len(cep.run(RULES, {"s": EVENTS}, params={"limit": 34}, tier="python")["hot"]) == 1


def test_tables_in_other_forms() -> None:
    table = cep.run(RULES, {"s": EVENTS}, tier="python")["hot"]
    assert table.columns == ("ts", "k", "x")
    assert table["x"] == [15.0, 20.0, 25.0, 30.0, 35.0]
    assert list(table) == table.to_dicts()
    assert table.to_dicts()[0]["ts"] == datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC)
    assert table.to_numpy()["ts"].dtype == np.dtype("M8[us]")
    assert table.to_arrow().schema.field("ts").type == pa.timestamp("us", "UTC")
    assert table.to_pandas()["k"].tolist() == ["b", "a", "b", "a", "b"]
    with pytest.raises(KeyError):
        table["none"]
    raw = cep.run(RULES, {"s": EVENTS}, tier="python", raw_time=True)["hot"]
    assert raw["ts"][0] == 3_000_000


def test_events(engine: cep.Engine) -> None:
    found: list[cep.Event] = []
    engine.on("twice")(found.append)
    engine.send_many("s", EVENTS)
    event = found[0]
    assert (event.stream, event.rule) == ("twice", "twice")
    assert event.ts == datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)
    assert event["k"] == "b"
    assert set(event) == {"ts", "k", "x"}
    assert len(event.match_id or "") == 16
    assert event.to_dict() == dict(event)


def test_callbacks_that_raise_and_callbacks_that_send(
    engine: cep.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    order: list[tuple[str, Any]] = []

    @engine.on("hot")
    def fail(event: cep.Event) -> None:
        order.append(("fail", event["x"]))
        msg = "no"
        raise RuntimeError(msg)

    @engine.on("hot")
    def again(event: cep.Event) -> None:
        order.append(("again", event["x"]))
        if event["x"] < 100:
            engine.send("s", {"ts": event.ts, "k": event["k"], "x": event["x"] * 10})

    with caplog.at_level(logging.ERROR, "cep"):
        engine.send_many("s", EVENTS[3:5])
    # What the callback sends comes after; the event of second 3 is late by then.
    assert order == [(what, x) for x in (15.0, 20.0, 200.0) for what in ("fail", "again")]
    assert engine.stats()["callback_failures"] == sum(what == "fail" for what, _ in order)
    assert "a callback raised" in caplog.text


def test_on_batch(engine: cep.Engine) -> None:
    tables: list[cep.Table] = []
    engine.on_batch("hot")(tables.append)
    engine.send_many("s", EVENTS)
    assert [len(t) for t in tables] == [5]


def test_iterators(engine: cep.Engine) -> None:
    stream = engine.stream("hot")
    engine.send_many("s", EVENTS[:5])
    assert [e["x"] for e in stream] == [15.0, 20.0]
    engine.send_many("s", EVENTS[5:])
    assert [e["x"] for e in stream] == [25.0, 30.0, 35.0]
    assert not list(stream)


def test_async_iterators() -> None:
    async def main() -> list[float]:
        found = []
        async with cep.Engine(RULES, tier="python") as engine:
            stream = engine.stream("hot")
            feeder = threading.Thread(target=feed, args=(engine,))
            feeder.start()
            async for event in stream:
                found.append(event["x"])
            feeder.join()
        return found

    def feed(engine: cep.Engine) -> None:
        for event in EVENTS:
            engine.send("s", event)
        engine.close()

    assert asyncio.run(asyncio.wait_for(main(), 20)) == [15.0, 20.0, 25.0, 30.0, 35.0]


def test_several_threads() -> None:
    rules = """
    CREATE STREAM s (ts TIMESTAMP, n INT, WATERMARK FOR ts AS ts - 1d);
    CREATE RULE all_of_them AS SELECT n FROM s;
    """
    with cep.Engine(rules, tier="python") as engine:
        got: list[int] = []
        engine.on("all_of_them")(lambda e: got.append(e["n"]))

        def work(first: int) -> None:
            for n in range(first, first + 100):
                if n % 3:
                    engine.send("s", {"ts": n, "n": n})
                else:
                    engine.send_many("s", [{"ts": n, "n": n}, {"ts": "no"}])
                assert len(engine.errors) >= 0
                engine.stats()

        threads = [threading.Thread(target=work, args=(100 * k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        engine.flush()
        engine.check()
        assert got == list(range(400))
        assert engine.stats()["streams"]["s"]["rejected"] == {"value": len(engine.errors)}


def test_two_engines_share_nothing() -> None:
    with cep.Engine(RULES, tier="python") as one, cep.Engine(RULES, tier="python") as other:
        found: list[Any] = []
        other.on("twice")(found.append)
        one.send("s", {"ts": 1, "k": "a", "x": 50.0})
        other.send("s", {"ts": 1, "k": "b", "x": 50.0})
        one.send("s", {"ts": 2, "k": "b", "x": 50.0})
        other.send("s", {"ts": 2, "k": "c", "x": 50.0})
        assert not found
        assert other._core.strings.texts()[:-1] == ["b", "c"]
        other.send("s", {"ts": 3, "k": "b", "x": 50.0})
        assert len(found) == 1


def test_times_of_advance(engine: cep.Engine) -> None:
    for ts in (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:01Z", 1.8e15, 10**16):
        engine.advance(ts)
    assert engine.stats()["streams"]["s"]["watermark_us"] == 10**16
    engine.advance(5)
    assert engine.stats()["streams"]["s"]["watermark_us"] == 10**16
    for bad in ("soon", None, float("nan"), True, 10**30, [1]):
        with pytest.raises(cep.CepError) as caught:
            engine.advance(bad)  # type: ignore[arg-type]
        assert caught.value.code == "CEP405", bad


REFUSED: list[tuple[str, str, Any]] = [
    ("CEP401", "did you mean 's'?", lambda e: e.send("S", {})),
    ("CEP401", "", lambda e: e.send("nothing", {})),
    ("CEP401", "", lambda e: e.send_many("hot", [])),
    ("CEP401", "", lambda e: e.send_batch("hot", {})),
    ("CEP401", "", lambda e: e.advance(1, stream="zz")),
    ("CEP401", "", lambda e: e.end("zz")),
    ("CEP401", "did you mean 'hot'?", lambda e: e.on("hott")),
    ("CEP401", "", lambda e: e.on_batch("s")),
    ("CEP401", "", lambda e: e.stream("s")),
    ("CEP401", "", lambda e: e.write("s", "-")),
    ("CEP401", "", lambda e: list(e.read({"zz": []}))),
    ("CEP402", "", lambda e: e.send_batch("s", 5)),
    ("CEP406", "did you mean 'plan'?", lambda e: e.explain(stage="plam")),
    ("CEP406", "", lambda e: e.explain(format="gif")),
    ("CEP406", "did you mean 'hot'?", lambda e: e.explain("hat")),
    ("CEP406", "", lambda e: e.explain(stage="ast", format="svg")),
    ("CEP505", "", lambda e: e.write("hot", "out.parquet")),
    ("CEP505", "", lambda e: e.write("hot", "out.xyz")),
    ("CEP504", "", lambda e: e.write("hot", "/no/such/folder/out.csv")),
    ("CEP504", "", lambda e: list(e.read({"s": "/no/such/file.csv"}))),
    ("CEP504", "", lambda e: list(e.read({"s": "/no/such/*.csv"}))),
    ("CEP506", "", lambda e: e.load_snapshot({})),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_refusals(
    number: int, engine: cep.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, hint, act = REFUSED[number]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(cep.CepError) as caught:
        act(engine)
    assert caught.value.code == code
    assert hint in caught.value.hint
    assert not list(tmp_path.iterdir())
    engine.send_many("s", EVENTS)  # the engine goes on
    assert engine.stats()["rules"]["hot"]["matches"] == 5


def test_options_that_are_wrong() -> None:
    for options in ({"tier": "gpu"}, {"workers": 2}, {"batch_rows": 0}):
        with pytest.raises(cep.CepError) as caught:
            cep.Engine(RULES, **options)  # type: ignore[arg-type]
        assert caught.value.code == "CEP403"
    with pytest.raises(cep.CepError) as caught:
        cep.Engine("/no/such/file.cep")
    assert caught.value.code == "CEP201"


def test_closed_engines() -> None:
    engine = cep.Engine(RULES, tier="python")
    stream = engine.stream("hot")
    engine.close()
    engine.close()
    assert not list(stream)
    acts: list[Any] = [
        lambda: engine.send("s", {}),
        lambda: engine.send_many("s", []),
        lambda: engine.send_batch("s", {}),
        lambda: engine.advance(1),
        lambda: list(engine.read({})),
        engine.flush,
        engine.tick,
    ]
    for act in acts:
        with pytest.raises(cep.CepError) as caught:
            act()
        assert caught.value.code == "CEP404"


def test_snapshots(engine: cep.Engine) -> None:
    expected = wanted()["twice"]
    engine.send_many("s", EVENTS[:5])
    arrays = engine.snapshot()
    engine.send_many("s", [{"ts": 100, "k": "a", "x": 99.0}])  # the copy does not see it
    with cep.Engine(RULES, tier="python") as other:
        found: list[Any] = []
        other.on("twice")(lambda e: found.append(dict(e)))
        other.load_snapshot(arrays)
        other.send_many("s", EVENTS[5:])
        other.flush()
        other.check()
    assert found == expected[-len(found) :]
    assert len(found) >= 1
    changed = RULES.replace("RULE twice", "RULE thrice")
    with cep.Engine(changed, tier="python") as other, pytest.raises(cep.CepError) as caught:
        other.load_snapshot(arrays)
    assert (caught.value.code, "thrice" in caught.value.hint) == ("CEP506", True)


def test_explain_knows_the_parameters() -> None:
    rules = RULES.replace("limit DOUBLE = 10.0", "limit DOUBLE")
    with cep.Engine(rules, params={"limit": 3}, tier="python") as engine:
        assert "hot" in engine.explain("hot")


LATE = """
CREATE STREAM s (ts TIMESTAMP, x INT, WATERMARK FOR ts AS ts, LATE INTO too_late);
CREATE STREAM t (ts TIMESTAMP, x INT, WATERMARK FOR ts AS ts) WITH (late = 'adjust');
CREATE RULE r AS INSERT INTO o SELECT x FROM s;
CREATE RULE q AS SELECT x FROM t;
"""


@pytest.mark.parametrize("one_by_one", [True, False])
def test_late_rows(one_by_one: bool) -> None:
    with cep.Engine(LATE, tier="python", raw_time=True) as engine:
        got: dict[str, list[Any]] = {name: [] for name in engine.outputs}
        for name in engine.outputs:
            engine.on(name)(lambda e: got[e.stream].append((e.ts, e["x"])))
        for stream in "st":
            rows = [{"ts": t, "x": i} for i, t in enumerate((10, 5, 20, 20, 19))]
            for row in rows if one_by_one else ():
                engine.send(stream, row)
            if not one_by_one:
                engine.send_many(stream, rows)
        engine.flush()
        assert got["o"] == [(10, 0), (20, 2), (20, 3)]
        assert got["too_late"] == [(5, 1), (19, 4)]
        assert got["q"] == [(10, 0), (10, 1), (20, 2), (20, 3), (20, 4)]
        stats = engine.stats()["streams"]
        assert (stats["s"]["late"], stats["t"]["adjusted"], stats["t"]["late"]) == (2, 2, 0)


def test_streams_without_watermark_take_the_time_of_arrival() -> None:
    rules = "CREATE STREAM s (x INT);\nCREATE RULE r AS SELECT x FROM s;"
    clock = ManualClock(1_000)
    with cep.Engine(rules, tier="python", raw_time=True, clock=clock) as engine:
        got: list[Any] = []
        engine.on("r")(lambda e: got.append((e.ts, e["x"])))
        engine.send("s", {"x": 1})
        clock.forward(500)
        engine.send_many("s", [{"x": 2}, {"x": 3}])
        clock.forward(-900)
        engine.send("s", {"x": 4})
        assert got == [(1_000, 1), (1_500, 2), (1_500, 3), (1_500, 4)]
        engine.check()
    assert cep.run(rules, {"s": [{"x": 1}, {"x": 2}]}, tier="python")["r"]["x"] == [1, 2]


def test_times_that_python_has_no_datetime_for() -> None:
    rules = "CREATE STREAM s (ts TIMESTAMP, WATERMARK FOR ts AS ts);\nCREATE RULE r AS SELECT ts AS at FROM s;"
    with cep.Engine(rules, tier="python") as engine:
        got: list[Any] = []
        engine.on("r")(lambda e: got.append(e.ts))
        engine.send_many("s", [{"ts": -(2**62)}, {"ts": -1}, {"ts": 0}, {"ts": 2**62}])
        assert got[0] == -(2**62)
        assert got[1] == datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
        assert got[-1] == 2**62
    table = cep.run(rules, {"s": [{"ts": 2**62}]}, tier="python")["r"]
    assert table["at"] == [2**62]


def test_a_sink_that_fails_stops_the_run(engine: cep.Engine, tmp_path: Path) -> None:
    (tmp_path / "full.jsonl").symlink_to("/dev/full")
    sink = engine.write("hot", str(tmp_path / "full.jsonl"))
    with pytest.raises(OSError, match="No space left"):  # noqa: PT012
        for _ in range(2_000):
            engine.send_many("s", EVENTS[-1:] * 10)
        sink.flush()
    with pytest.raises(OSError, match="No space left"):
        sink.close()
    assert engine.stats()["callback_failures"] == 0


def test_events_of_a_stream_go_into_another_engine(engine: cep.Engine) -> None:
    follow = "CREATE STREAM hot (ts TIMESTAMP, k STRING, x DOUBLE, WATERMARK FOR ts AS ts);\n" + (
        "CREATE RULE r AS SELECT k FROM hot;"
    )
    with cep.Engine(follow, tier="python") as other:
        engine.on("hot")(lambda event: other.send("hot", event))
        engine.send_many("s", EVENTS)
        assert other.stats()["rules"]["r"]["matches"] == 5


@pytest.mark.parametrize("at_once", [False, True])
def test_events_of_a_stream_of_several_rules_say_which_made_them(at_once: bool) -> None:
    rules = """
    CREATE STREAM s (ts TIMESTAMP NOT NULL, k STRING, v INT, WATERMARK FOR ts AS ts) WITH (ts_unit = 'us');
    CREATE RULE high AS INSERT INTO out SELECT k, v FROM s WHERE v > 2;
    CREATE RULE rise AS INSERT INTO out SELECT k, b.v AS v FROM s
      MATCH (a[v = 1] -> b[v > 1] PARTITION BY k WITHIN 1m);
    CREATE RULE alone AS INSERT INTO single SELECT k, b.v AS v FROM s
      MATCH (a[v = 1] -> b[v > 1] PARTITION BY k WITHIN 1m);
    """
    sent = [{"ts": i, "k": "x", "v": v} for i, v in enumerate([1, 2, 3, 1, 4])]
    found: list[cep.Event] = []
    alone: list[cep.Event] = []
    with cep.Engine(rules) as engine:
        engine.on("out")(found.append)
        engine.on("single")(alone.append)
        if at_once:
            engine.send_many("s", sent)
        else:
            for row in sent:
                engine.send("s", row)
        engine.flush()
    made = [(e.rule, e["v"]) for e in found]
    assert made == [("rise", 2), ("high", 3), ("high", 4), ("rise", 4)]
    ids = [e.match_id for e in found]
    assert ids[1] is ids[2] is None
    assert len({ids[0], ids[3]} - {None}) == 2
    assert [e.rule for e in alone] == ["alone", "alone"]
    assert None not in [e.match_id for e in alone]
