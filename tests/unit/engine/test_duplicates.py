"""Rows that came before: told by an id for a time, counted, and never processed twice."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import cep
from cep.errors import CepError

RULES = """
CREATE STREAM s (ts TIMESTAMP, id {type}, v INT, WATERMARK FOR ts AS ts - 3s)
  WITH (dedup_key = 'id', dedup_for = 10s);
CREATE RULE r AS SELECT ts, id, v FROM s;
"""
VALUES: dict[str, Any] = {
    "STRING": lambda n: f"event {n}",
    "INT": lambda n: n - 2,
    "DOUBLE": lambda n: n / 2,
    "BOOLEAN": lambda n: n % 2 == 0,
}


def modelled(rows: list[dict[str, Any]]) -> tuple[list[int], int]:
    """Return the numbers of the rows that are no duplicates, straight from the definition, and how many are."""
    kept: list[int] = []
    times = [row["ts"] for row in rows]
    for number, row in enumerate(rows):
        newest = max(times[: number + 1])
        before = [k for k in kept if rows[k]["id"] == row["id"]]
        known = row["id"] is not None and before and times[before[-1]] + 10_000_000 >= newest
        if not known:
            kept.append(number)
    return kept, len(rows) - len(kept)


@pytest.mark.parametrize("kind", sorted(VALUES))
@pytest.mark.parametrize("seed", range(6))
def test_duplicates_are_those_of_the_definition(kind: str, seed: int) -> None:
    draw = random.Random(seed)
    rows: list[dict[str, Any]] = []
    now = 0
    for number in range(300):
        now += draw.choice((0, 100_000, 700_000))
        one = None if draw.random() < 0.05 else VALUES[kind](draw.randrange(40))
        late = draw.choice((0, 0, 2_500_000, 2_500_000))
        rows.append({"ts": now - late, "id": one, "v": number})
    kept, dropped = modelled(rows)
    assert 20 < dropped < 280
    found: list[int] = []
    engine = cep.Engine(RULES.format(type=kind), raw_time=True)
    at = 0
    while at < len(rows):
        engine.on("r")(lambda event: found.append(event["v"]))
        part = rows[at : at + draw.choice((1, 1, 2, 17))]
        if draw.random() < 0.3:
            columns = {
                "ts": np.array([row["ts"] for row in part]),
                "id": np.array([row["id"] for row in part], object),
                "v": np.array([row["v"] for row in part]),
            }
            engine.send_batch("s", columns)
        elif len(part) == 1:
            engine.send("s", part[0])
        else:
            engine.send_many("s", part)
        at += len(part)
        arrays = engine.snapshot()
        engine.close()
        engine = cep.Engine(RULES.format(type=kind), raw_time=True)
        engine.load_snapshot(arrays)
    engine.on("r")(lambda event: found.append(event["v"]))
    engine.flush()
    stats = engine.stats()["streams"]["s"]
    engine.check()
    engine.close()
    assert stats["rejected"] == {"duplicate": dropped}
    assert stats["late"] == 0
    assert sorted(found) == kept


def test_ids_are_forgotten() -> None:
    with cep.Engine(RULES.format(type="INT")) as engine:
        source = engine._core.sources["s"]
        assert source.duplicates is not None
        for second in range(200):
            engine.send("s", {"ts": second * 1_000_000, "id": second})
            assert len(source.duplicates) <= 11
        assert engine.errors == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("dedup_key = 'id'", "CEP224"),
        ("dedup_for = 10s", "CEP224"),
        ("dedup_key = 'ib', dedup_for = 10s", "CEP202"),
        ("dedup_key = 'id', dedup_for = 0s", "CEP216"),
        ("dedup_key = 'list', dedup_for = 10s", "CEP216"),
    ],
)
def test_mistakes(options: str, code: str) -> None:
    text = "CREATE STREAM s (ts TIMESTAMP, id INT, list ARRAY<INT>, WATERMARK FOR ts AS ts) "
    with pytest.raises(CepError) as caught:
        cep.Engine(text + f"WITH ({options});")
    assert [p.code for p in caught.value.problems] == [code]
