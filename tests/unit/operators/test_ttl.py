"""`@ttl`: keys that are quiet give their slots back, whether or not rows come."""

from __future__ import annotations

import numpy as np
import pytest

import cep

RULES = """
CREATE STREAM s (ts TIMESTAMP, k INT, v DOUBLE, WATERMARK FOR ts AS ts);
@ttl(1s) CREATE RULE c AS SELECT k, SUM(v) AS total, INCREASE(v) AS more FROM s GROUP BY k EMIT CHANGES;
@ttl(1s) CREATE RULE o AS SELECT k, MAX(v) AS top FROM s GROUP BY k EMIT ON CHANGE OF (top);
"""


@pytest.mark.parametrize("tier", ["python", "llvm"])
def test_memory_returns_to_its_start(tier: str) -> None:
    keys = 20_000
    with cep.Engine(RULES, tier=tier) as engine:
        before = {name: rule["state_bytes"] for name, rule in engine.stats()["rules"].items()}
        times = np.arange(keys) * 100  # 10,000 keys a second
        engine.send_batch("s", {"ts": times, "k": np.arange(keys), "v": np.ones(keys)})
        live = {name: rule["keys_live"] for name, rule in engine.stats()["rules"].items()}
        assert live == {"c": 10_001, "o": 2 * 10_001}  # two operators of `o` have keys
        engine.advance(int(times[-1]) + 1_000_001)
        for name, rule in engine.stats()["rules"].items():
            assert rule["keys_live"] == 0, name
            assert rule["state_bytes"] == before[name], name
