"""Events sent one by one, in lists and in tables lead to the same rows and the same counts."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import cep
from cep.engine.clock import ManualClock

STREAM = """
CREATE STREAM s (ts TIMESTAMP NOT NULL, room STRING, kind STRING NOT NULL, n INT, ok BOOLEAN,
  took DURATION, value DOUBLE, WATERMARK FOR ts AS ts{options}) WITH (ts_unit = 'ms');
"""
RULES = {
    "select": "CREATE RULE a AS SELECT ts, room, n + 1 AS n, value - n AS part FROM s WHERE value > 3;",
    "strings": "CREATE RULE a AS SELECT ts, upper(room) AS room FROM s WHERE room LIKE '%1' OR kind < 'k';",
    "computed": "CREATE RULE a AS SELECT ts, room || kind AS both FROM s WHERE ok;",
    "match": """CREATE RULE a AS SELECT room, x.n AS n, y.value - x.value AS rise FROM s
      MATCH (x[value > 2] -> y[value > x.value + 1] PARTITION BY room WITHIN 500ms);""",
    "absence": """CREATE RULE a AS SELECT room, x.ts AS at FROM s
      MATCH (x[value > 4] -> NOT y[kind = 'k1'] FOR 100ms PARTITION BY room);""",
    "window": """CREATE RULE a AS SELECT room, window_end, COUNT(*) AS n, AVG(value) AS mean FROM s
      GROUP BY room, HOP(size => 200ms, every => 50ms);""",
    "several": """CREATE RULE a AS SELECT ts, room, value FROM s WHERE value > 4;
      CREATE RULE b AS SELECT room, window_end, MAX(n) AS top FROM s GROUP BY room, TUMBLE(100ms);
      CREATE RULE c AS SELECT room, x.ts AS at FROM s
        MATCH (x[ok] -> y[NOT ok] PARTITION BY room, kind WITHIN 90ms);""",
    "chained": """CREATE RULE a AS SELECT ts, room, value FROM s WHERE value > 2;
      CREATE RULE b AS SELECT room, window_end, COUNT(*) AS n FROM a GROUP BY room, TUMBLE(100ms);
      CREATE RULE c AS SELECT ts, room, n FROM s WHERE n = 3;""",
    "both": """CREATE RULE a AS SELECT ts, room, value FROM s WHERE value > 4;
      CREATE RULE b AS SELECT p.room AS room, q.n AS n FROM
        MATCH (p:a -> q:s[n > 2] PARTITION BY room WITHIN 300ms);""",
}
OPTIONS = ["", ", LATE INTO late"]
ODD: list[dict[str, Any]] = [
    {"room": 7},
    {"room": "\ud800"},
    {"kind": None},
    {"ts": None},
    {"ts": True},
    {"ts": 2**62},
    {"n": 1.5},
    {"n": 2.0},
    {"n": 2**63},
    {"ok": 1},
    {"value": "3"},
    {"value": float("inf")},
    {"value": float("nan")},
    {"value": 2**60 + 1},
    {"took": "90s"},
    {"took": timedelta(seconds=1)},
    {"more": [1, 2]},
]


def events(seed: int) -> list[Any]:
    """Return some hundred events: mostly plain, some late, some with NULLs, some that do not fit."""
    draw = random.Random(seed)
    made: list[Any] = []
    now = 1_000_000
    for _ in range(300):
        now += draw.choice([0, 1, 5, 20, 60])
        event: dict[str, Any] = {
            "ts": now if draw.random() < 0.95 else now - draw.randrange(1, 300),
            "room": f"r{draw.randrange(4)}",
            "kind": f"k{draw.randrange(3)}",
            "n": draw.randrange(5),
            "ok": draw.random() < 0.5,
            "took": draw.randrange(100),
            "value": draw.choice([1, 2.5, 4.5, 5.0]),
        }
        if draw.random() < 0.2:
            event[draw.choice(["room", "n", "ok", "took", "value"])] = None
        if draw.random() < 0.05:
            del event[draw.choice(sorted(event))]
        if draw.random() < 0.1:
            event |= draw.choice(ODD)
        if draw.random() < 0.02:
            event["ts"] = datetime.fromtimestamp(now / 1e3, UTC)
        made.append(event if draw.random() < 0.99 else "no mapping")
    return made


def outcome(rules: str, tier: str, made: list[Any], sizes: list[int]) -> Any:
    """Return all rows by stream, rejects and counters, for parts of these sizes in turn (1: `send`)."""
    clock = ManualClock(5_000_000)
    with cep.Engine(rules, tier=tier, clock=clock, raw_time=True) as engine:
        rows: dict[str, list[str]] = {name: [] for name in engine.outputs}
        for name in engine.outputs:
            engine.on(name)(lambda event, into=rows[name]: into.append(repr(event)))
        start, turn = 0, 0
        while start < len(made):
            size = sizes[turn % len(sizes)]
            part = made[start : start + size]
            if len(part) == 1 and size == 1:
                engine.send("s", part[0])
            else:
                engine.send_many("s", part)
            engine.check()
            start, turn = start + size, turn + 1
        engine.flush()
        stats = engine.stats()
        for rule in stats["rules"].values():
            for timing in ("kernel_seconds", "compile_seconds", "match_delay", "state_bytes"):
                del rule[timing]
        del stats["step_seconds"]
        return rows, engine.errors, stats


@pytest.mark.parametrize("tier", ["python", "llvm"])
@pytest.mark.parametrize("name", RULES)
def test_one_by_one(name: str, tier: str) -> None:
    for seed, options in enumerate(OPTIONS):
        rules = STREAM.format(options=options) + RULES[name]
        made = events(seed)
        expected = outcome(rules, tier, made, [len(made)])
        assert outcome(rules, tier, made, [1]) == expected
        assert outcome(rules, tier, made, [1, 1, 1, 7, 1, 40]) == expected


def test_the_lane_is_taken() -> None:
    rules = STREAM.format(options="") + RULES["match"]
    with cep.Engine(rules, tier="llvm") as engine:
        for n in range(20):
            engine.send("s", {"ts": n, "room": f"r{n % 2}", "kind": "k", "value": 1.0})
        lane = engine._core._lanes["s"]
        general = lane._general
        lane._general = None  # type: ignore[assignment,method-assign]
        engine.send("s", {"ts": 30, "room": "r1", "kind": "k", "value": 2})
        lane._general = general  # type: ignore[method-assign]
        assert engine.stats()["streams"]["s"]["events"] == 21


def test_kernels_are_swapped_between_events() -> None:
    rules = STREAM.format(options="") + RULES["window"]
    with cep.Engine(rules, tier="auto") as engine:
        for n in range(50):
            engine.send("s", {"ts": n, "room": "r", "kind": "k", "value": 1.0})
        engine.wait_compiled()
        for n in range(50, 100):
            engine.send("s", {"ts": n, "room": "r", "kind": "k", "value": 1.0})
        assert engine.stats()["rules"]["a"]["tier"] == "llvm"
        assert engine.stats()["rules"]["a"]["windows_open"] == 4


def test_a_snapshot_brings_its_own_texts() -> None:
    rules = STREAM.format(options="") + RULES["match"]
    event = {"ts": 1, "room": "r1", "kind": "k", "value": 3.0}
    with cep.Engine(rules) as one, cep.Engine(rules) as two:
        one.send("s", {**event, "room": "r0"})
        one.send("s", event)
        two.load_snapshot(one.snapshot())
        found: list[Any] = []
        two.on("a")(found.append)
        for room in ("r2", "r1"):
            two.send("s", {**event, "ts": 2, "room": room, "value": 9.0})
        assert [e["room"] for e in found] == ["r1"]
