"""What is kept of many keys is given back when they expire: by the engine's own count of bytes of state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cep

STREAM = "CREATE STREAM s (ts TIMESTAMP, k {key}, v INT, WATERMARK FOR ts AS ts);\n"
MATCH = (
    "CREATE RULE m AS SELECT {items} FROM s MATCH ({pattern} PARTITION BY k WITHIN 10s{clauses});"
)
RECOGNIZE = (
    "CREATE RULE m AS SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES COUNT(*) AS n"
    " PATTERN (A B+ C) {within}DEFINE A AS v = 1, B AS v = 2, C AS v = 3);"
)
RULES = {
    "sequence": MATCH.format(items="k", pattern="a[v = 1] -> b[v = 2]", clauses=""),
    "loop": MATCH.format(items="COUNT(f.*) AS n", pattern="f[v = 1]{2,} -> g[v = 2]", clauses=""),
    "absence": MATCH.format(items="k", pattern="a[v = 1] -> NOT b[v = 2] FOR 5s", clauses=""),
    "different values": MATCH.format(
        items="COUNT(DISTINCT f.v) AS n", pattern="f[v > 0]+ -> g[v = 0]", clauses=""
    ),
    "recognize": RECOGNIZE.format(within="WITHIN 10s "),
}
KEYS = 3000
SECOND = 1_000_000


def state(engine: cep.Engine) -> dict[str, Any]:
    """Return the counters of the rule; the engine's invariants hold."""
    engine.check()
    found: dict[str, Any] = engine.stats()["rules"]["m"]
    return found


def wave(engine: cep.Engine, second: int, number: int, kind: str, size: int = 500) -> None:
    """Send one event, v = 1, of each of `KEYS` keys that no other wave has."""
    for first in range(0, KEYS, size):
        codes = np.arange(number * KEYS + first, number * KEYS + first + size)
        keys = np.array([f"key {c}" for c in codes], object) if kind == "STRING" else codes
        rows = {"ts": np.full(size, second * SECOND), "k": keys, "v": np.ones(size, np.int64)}
        engine.send_batch("s", rows)


@pytest.mark.parametrize("tier", ["python", "llvm"])
@pytest.mark.parametrize("name", RULES)
def test_state_of_expired_keys_is_given_back(name: str, tier: str) -> None:
    engine = cep.Engine(STREAM.format(key="INT") + RULES[name], tier=tier)
    fresh = state(engine)["state_bytes"]
    for number in range(3):
        wave(engine, 100 * number, number, "INT")
        full = state(engine)
        assert full["keys_live"] == KEYS
        assert full["state_bytes"] > 20 * KEYS + fresh
        engine.advance((100 * number + 50) * SECOND)
        assert (state(engine)["keys_live"], state(engine)["state_bytes"]) == (0, fresh)
    engine.close()


def test_of_texts_the_map_of_their_codes_stays() -> None:
    """Four bytes for each text seen (up to twice that, as it doubles), for the string table forgets none."""
    engine = cep.Engine(STREAM.format(key="STRING") + RULES["sequence"], tier="llvm")
    fresh = state(engine)["state_bytes"]
    for number in range(3):
        wave(engine, 100 * number, number, "STRING")
        engine.advance((100 * number + 50) * SECOND)
        left = state(engine)
        assert left["keys_live"] == 0
        assert left["state_bytes"] - fresh <= 8 * KEYS * (number + 1)
    engine.close()


def test_keys_that_matches_end_are_given_back_once_a_batch_finds_them_gone() -> None:
    """A pool that every batch fills and empties keeps its size; it is small again after a batch that needs none of it."""
    engine = cep.Engine(STREAM.format(key="INT") + RECOGNIZE.format(within=""), tier="llvm")
    fresh = state(engine)["state_bytes"]
    keys = np.repeat(np.arange(KEYS), 3)
    values = np.tile([1, 2, 3], KEYS)
    sizes = []
    for number in range(3):
        times = np.full(3 * KEYS, number * SECOND)
        order = np.argsort(values, kind="stable")
        engine.send_batch("s", {"ts": times, "k": keys[order], "v": values[order]})
        assert state(engine)["keys_live"] == 0
        sizes.append(state(engine)["state_bytes"])
    assert sizes == [sizes[0]] * 3
    assert sizes[0] > fresh + 20 * KEYS
    engine.send_batch("s", {"ts": np.array([9 * SECOND]), "k": np.array([1]), "v": np.array([9])})
    assert state(engine)["state_bytes"] == fresh
    assert state(engine)["matches"] == 3 * KEYS
    engine.close()


@pytest.mark.parametrize("name", RULES)
def test_rows_are_the_same_whether_state_was_given_back_or_not(name: str) -> None:
    """The same rows come in one batch, where nothing is given back between the waves, and one by one."""
    draw = np.random.default_rng(5)
    rows = []
    for first in (0, 40, 41, 90):
        count = 700
        found = np.sort(draw.integers(0, 9 * SECOND, count)) + first * SECOND
        rows += zip(
            found.tolist(),
            draw.integers(0, 400, count).tolist(),
            draw.integers(0, 4, count).tolist(),
            strict=True,
        )
    rows.sort()
    played = []
    for size in (len(rows), 7, 1):
        engine = cep.Engine(STREAM.format(key="INT") + RULES[name], tier="llvm")
        out: list[Any] = []
        engine.on("m")(lambda e, out=out: out.append((e.ts, e.match_id, dict(e))))
        for first in range(0, len(rows), size):
            part = rows[first : first + size]
            engine.send_many("s", [{"ts": t, "k": k, "v": v} for t, k, v in part])
            engine.check()
        engine.flush()
        engine.close()
        played.append(out)
    assert len(played[0]) > 5
    assert played[0] == played[1] == played[2]
