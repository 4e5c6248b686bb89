"""How long a checkpoint holds events up, how long writing and restoring it take, by the size of the state.

`python -m benchmarks.checkpoint [--mb 100] [--rounds 20]`. The pause is the time for which the engine's lock is held: state is
copied then, and written to the file while events go on.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

import cep

RULES = """
CREATE STREAM s (ts TIMESTAMP, k INT, v DOUBLE, WATERMARK FOR ts AS ts);
CREATE RULE pair AS SELECT k, a.v AS x, b.v AS y FROM s
  MATCH (a[v < 0.5] -> b[v > a.v + 0.5] PARTITION BY k WITHIN 1d);
CREATE RULE per AS SELECT k, COUNT(*) AS n, AVG(v) AS m FROM s GROUP BY k, TUMBLE(1d);
"""
PART = 100_000


def filled(megabytes: float) -> cep.Engine:
    """Return an engine whose state has at least this size: a partial match and a window for each key."""
    engine = cep.Engine(RULES, tier="llvm")
    for part in range(1_000):
        keys = np.arange(part * PART, (part + 1) * PART)
        engine.send_batch("s", {"ts": keys, "k": keys, "v": np.full(PART, 0.25)})
        size = sum(rule["state_bytes"] for rule in engine.stats()["rules"].values())
        if size >= megabytes * 1e6:
            return engine
    return engine


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=float, default=100)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    engine = filled(arguments.mb)
    pauses, writes, restores = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.rounds):
            start = time.perf_counter()
            engine.snapshot()
            pauses.append(time.perf_counter() - start)
            start = time.perf_counter()
            path = engine.checkpoint(folder)
            writes.append(time.perf_counter() - start)
        size = path.stat().st_size / 1e6
        for _ in range(3):
            start = time.perf_counter()
            cep.Engine.restore(Path(folder), tier="llvm").close()
            restores.append(time.perf_counter() - start)
    engine.close()
    print(f"checkpoint of {size:.0f} MB, {arguments.rounds} rounds")
    for what, times in (("pause", pauses), ("written", writes), ("restored", restores)):
        high = sorted(times)[max(0, int(len(times) * 0.99) - 1)]
        print(
            f"  {what:9} median {statistics.median(times) * 1e3:7.1f} ms   p99 {high * 1e3:7.1f} ms"
        )


if __name__ == "__main__":
    main()
