"""A swap of tiers, growths and a restart in the middle of live runs, open windows and incidents of one engine.

The bytes of all outputs are those of a run that nothing disturbs, and each output has rows before and
after every event.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

import cep
from cep.connectors.formats.jsonl import JsonLinesEncoder

RULES = """
CREATE STREAM s (ts TIMESTAMP NOT NULL, k STRING, v INT, d DOUBLE, WATERMARK FOR ts AS ts - 2s) WITH (ts_unit = 's');
CREATE RULE pairs AS SELECT k, a.v AS a, b.v AS b, MATCH_ID() AS id FROM s
  MATCH (a[v > 2] -> b[v > a.v] PARTITION BY k WITHIN 300s);
CREATE RULE silent AS SELECT k, a.v AS v FROM s MATCH (a[v > 0]+ -> NOT n[v < 0] FOR 20s PARTITION BY k STARTS FIRST);
CREATE RULE hops AS SELECT k, window_start, AVG(d) AS mean, COUNT(DISTINCT v) AS n FROM s
  GROUP BY k, HOP(size => 60s, every => 20s);
CREATE RULE frames AS SELECT k, SUM(d) OVER (PARTITION BY k RANGE 200s PRECEDING) AS total,
  INCREASE(v) OVER (PARTITION BY k ROWS 5 PRECEDING) AS more FROM s;
CREATE RULE quiet AS SELECT k, b.b AS v FROM pairs MATCH (a -> b[b > a.a] PARTITION BY k WITHIN 600s) SUPPRESS BY (k) FOR 60s;
CREATE INCIDENT trouble KEY (k)
  OPEN ON s AS e WHERE e.v > 5 SET peak = e.v, n = 1
  UPDATE ON s AS e WHERE e.v > 3 SET peak = GREATEST(peak, e.v), n = n + 1
  CLOSE AFTER 120s IDLE CLOSE AFTER 150s
  EMIT OPENED, UPDATED EVERY 30s, CLOSED INTO incidents;
CREATE RULE loud AS SELECT k, peak FROM incidents WHERE state = 'closed' LIMIT 3 PER 100s;
"""
ROWS = 3_000
SWAP, GROWTH, RESTART = 700, (1_100, 1_800), 2_200
LIVE = {
    "pairs": "runs_live",
    "silent": "runs_live",
    "hops": "windows_open",
    "quiet": "runs_live",
    "trouble": "incidents_open",
}
GROWING = {"pairs", "silent", "hops", "frames", "trouble"}


def arrivals() -> list[dict[str, Any]]:
    """Rows out of order by up to 2 s; 20 keys, and 400 more within GROWTH."""
    draw = random.Random(8)
    now, found = 10, []
    for number in range(ROWS):
        now += draw.choice((0, 0, 1))
        many = GROWTH[0] <= number < GROWTH[1]
        found.append({
            "ts": now - draw.choice((0, 1, 2)),
            "k": f"key {draw.randrange(420 if many else 20)}",
            "v": draw.choice((None, -1, 1, 2, 3, 4, 6, 9)),
            "d": draw.choice((None, 0.1, 0.7, 1e9, -3.25)),
        })
    return found


class Play:
    """An engine over RULES and the bytes of its outputs, over restarts."""

    def __init__(self, tier: str) -> None:
        self.tier = tier
        self.found: dict[str, bytes] = {}
        self.engine, self.tables = self._fresh()

    def _fresh(self) -> tuple[cep.Engine, dict[str, cep.Table]]:
        engine = cep.Engine(RULES, tier=self.tier, bounded=True)
        return engine, engine.tables()

    def take(self) -> dict[str, int]:
        """Move what the tables hold to `found`; return the bytes so far by output."""
        for name, table in self.tables.items():
            encoder = JsonLinesEncoder(table.schema, self.engine._core.strings)
            made = b"".join(encoder.encode(batch) for batch in table._batches)
            table._batches.clear()
            self.found[name] = self.found.get(name, b"") + made
        return {name: len(text) for name, text in self.found.items()}

    def restart(self) -> None:
        self.take()
        arrays = self.engine.snapshot()
        self.engine.close()
        self.engine, self.tables = self._fresh()
        self.engine.load_snapshot(arrays)

    def rules(self) -> dict[str, Any]:
        found: dict[str, Any] = self.engine.stats()["rules"]  # type: ignore[assignment]
        return found

    def pools(self) -> dict[str, int]:
        """Return the room of every pool of every operator."""
        return {
            f"{task.spec.name}/{number}/{pool.name}": room
            for task in self.engine._core.rules
            for number, operator in enumerate(task.operators)
            for pool, room in zip(operator.spec.kernel.pools, operator._pools, strict=True)
        }

    def end(self) -> dict[str, bytes]:
        self.engine.flush()
        self.engine.check()
        self.take()
        self.engine.close()
        return self.found


@pytest.mark.parametrize("size", [1, 13])
def test_swap_growth_and_restart_are_invisible(size: int) -> None:
    rows = arrivals()
    calm = Play("python")
    for start in range(0, ROWS, 100):
        calm.engine.send_many("s", rows[start : start + 100])
    expected = calm.end()

    play = Play("auto")
    at_first = play.pools()
    operators = [o for task in play.engine._core.rules for o in task.operators]
    boxes = [operator._box for operator in operators]
    for operator in operators:
        operator._box = None  # the swap comes when the test says so
    marks = []
    swapped = restarted = False
    for start in range(0, ROWS, size):
        if start >= SWAP and not swapped:
            assert {r["tier"] for r in play.rules().values()} == {"python"}
            assert all(play.rules()[rule][count] > 0 for rule, count in LIVE.items())
            for operator, box in zip(operators, boxes, strict=True):
                operator._box = box
            marks.append(play.take())
            play.engine.wait_compiled()
            assert {r["tier"] for r in play.rules().values()} == {"llvm"}
            swapped = True
        if start >= RESTART and not restarted:
            marks.append(play.take())
            grown = {name for name, room in play.pools().items() if room > at_first[name]}
            assert {name.split("/")[0] for name in grown} >= GROWING, grown
            live = {rule: play.rules()[rule][count] for rule, count in LIVE.items()}
            assert all(live.values()), live
            play.restart()
            assert {rule: play.rules()[rule][count] for rule, count in LIVE.items()} == live
            restarted = True
        play.engine.send_many("s", rows[start : start + size])
    found = play.end()
    assert found == expected
    marks = [dict.fromkeys(found, 0), *marks, {name: len(text) for name, text in found.items()}]
    for earlier, later in itertools.pairwise(marks):
        assert not [name for name in found if earlier[name] >= later[name]]
