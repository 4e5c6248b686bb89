"""Every aggregate over every kind of frame, random series with ties and gaps, against the reference model."""

from __future__ import annotations

import os
import random

import pytest

from tests.oracle.comparison import differences
from tests.oracle.strategies import Pair

STREAM = "CREATE STREAM s (ts TIMESTAMP, k STRING, v DOUBLE, n INT, w DOUBLE, t STRING, b BOOLEAN, WATERMARK FOR ts AS ts);\n"
# Calls whose arguments are columns of the stream; {p} stands before the columns of a pattern variable.
CALLS = (
    "EWMA({p}v, tau => 3s)",
    "EWMA({p}n, alpha => 0.25)",
    "ZSCORE({p}v)",
    "PREDICT({p}v, 4s)",
    "INTERCEPT({p}v)",
    "R2({p}n)",
    "TWA({p}v)",
    "INTEGRAL({p}n)",
    "CHANGES({p}v)",
    "CHANGES({p}t)",
    "CHANGES({p}b)",
    "MONOTONE_RUN({p}v)",
    "MONOTONE_RUN({p}n)",
    "ACCEL({p}v)",
    "IDELTA({p}n)",
    "IDELTA({p}v)",
    "IDERIV({p}v, per => 1m)",
    "ARG_MAX({p}t, {p}n)",
    "ARG_MIN({p}v, {p}t)",
    "ARG_MAX({p}b, {p}v)",
    "CORR({p}v, {p}w)",
    "REGR_SLOPE({p}v, {p}n)",
    "REGR_INTERCEPT({p}v, {p}w)",
    "REGR_R2({p}n, {p}w)",
    "REGR_COUNT({p}v, {p}n)",
    "REGR_AVGX({p}v, {p}n)",
    "REGR_AVGY({p}v, {p}n)",
    "REGR_SXX({p}v, {p}n)",
    "REGR_SYY({p}v, {p}n)",
    "REGR_SXY({p}v, {p}n)",
    "FIRST_TIME({p}t)",
    "LAST_TIME({p}v)",
    "DELTA({p}n)",
    "DERIV({p}v)",
    "SLOPE({p}v)",
    "STDDEV({p}v)",
    "AVG({p}n)",
    "MAX({p}t)",
)
COUNTERS = (
    "INCREASE(n)",
    "RATE(v)",
    "RESETS(n)",
    "INCREASE(v, first_is_zero => TRUE)",
    "RATE(n, first_is_zero => TRUE)",
    "RESETS(v, first_is_zero => TRUE)",
)
# Aggregates that hold the values of a frame.
HOLDING = (
    "APPROX_DISTINCT({p}v)",
    "APPROX_DISTINCT({p}n)",
    "APPROX_DISTINCT({p}t)",
    "MEDIAN({p}v)",
    "MEDIAN({p}n)",
    "QUANTILE({p}v, 0.9)",
    "QUANTILE({p}n, 0.25)",
    "MODE({p}t)",
    "MODE({p}v)",
    "MODE({p}b)",
    "MAD({p}v)",
    "MAD({p}n)",
    "SUM(DISTINCT {p}n)",
    "SUM(DISTINCT {p}v)",
    "AVG(DISTINCT {p}n)",
    "AVG(DISTINCT {p}v)",
    "MAX(DISTINCT {p}n)",
    "COUNT(DISTINCT {p}t)",
)
EXTRAPOLATED = ("INCREASE(v, mode => 'prometheus')", "RATE(n, mode => 'prometheus')")
FRAMES = {
    "tumble": "SELECT k, {calls} FROM s GROUP BY k, TUMBLE(4s)",
    "hop": "SELECT {calls} FROM s GROUP BY HOP(size => 6s, every => 2s)",
    "cumulate": "SELECT k, {calls} FROM s GROUP BY k, CUMULATE(step => 2s, size => 6s)",
    "uneven hop": "SELECT k, {calls} FROM s GROUP BY k, HOP(size => 5s, every => 3s)",
    "range": "SELECT {calls} FROM s WINDOW f AS (PARTITION BY k RANGE 5s PRECEDING)",
    "rows": "SELECT {calls} FROM s WINDOW f AS (PARTITION BY k ROWS 4 PRECEDING)",
    "unbounded": "SELECT {calls} FROM s WINDOW f AS (PARTITION BY k)",
    "session": "SELECT k, {calls} FROM s GROUP BY k, SESSION(2s, max => 9s)",
    "count": "SELECT {calls} FROM s GROUP BY COUNT_WINDOW(5)",
    "state": "SELECT k, {calls} FROM s GROUP BY k, STATE_WINDOW(n > 2, n < 2)",
    "match": "SELECT k, {calls} FROM s MATCH (x[n >= 0 OR n IS NULL]{{5}} -> y PARTITION BY k WITHIN 1h)",
    "recognize": "SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES {calls} PATTERN (x{{2,6}} y) DEFINE y AS y.n > 3)",
}
# Frames with a length in time, and frames with samples before them.
TIMED = ("tumble", "hop", "cumulate", "uneven hop", "range")
COUNTED = (*TIMED, "rows", "unbounded", "session", "count", "state")
HOLD = (*COUNTED, "match")
SEEDS = {"ci": 60, "full": 5_000}[os.environ.get("CEP_TEST_SIZE", "full")]


def pair_of(seed: int, frame: str) -> Pair:
    """Return a rule with six aggregates over a frame, and some thirty rows with ties and NULLs."""
    rng = random.Random(f"{frame} {seed}")
    calls = [*CALLS]
    calls += COUNTERS if frame in COUNTED else ()
    calls += HOLDING if frame in HOLD else ()
    calls += EXTRAPOLATED if frame in TIMED else ()
    chosen = rng.sample(calls, 6)
    prefix = "x." if frame in ("match", "recognize") else ""
    over = " OVER f" if "WINDOW f" in FRAMES[frame] else ""
    items = [f"{c.format(p=prefix)}{over} AS c{number}" for number, c in enumerate(chosen)]
    rule = FRAMES[frame].format(calls=", ".join(items))
    now, rows = 0, []
    for _ in range(30):
        now += rng.choice((0, 0, 250_000, 500_000, 1_000_000, 1_000_000, 7_000_000))
        rows.append((
            "s",
            {
                "ts": now,
                "k": rng.choice("ab"),
                "v": rng.choice((None, 1.0, 2.5, 2.5, -3.25, 7.0)),
                "n": rng.choice((None, 0, 1, 2, 3, 4, 5)),
                "w": rng.choice((0.5, 1.5, 4.0)),
                "t": rng.choice(("p", "q", "r", None)),
                "b": rng.choice((True, False, None)),
            },
        ))
    return Pair(f"{STREAM}CREATE RULE r AS {rule};", tuple(rows), frozenset())


def check(seed: int, frame: str, tier: str) -> None:
    pair = pair_of(seed, frame)
    found = differences(pair, tier=tier, batch_rows=(1, 3, 10_000)[seed % 3], restart_after=None)
    assert not found, f"seed {seed}, frame {frame}\n{pair.rules}\n" + "\n".join(found)


@pytest.mark.parametrize("frame", FRAMES)
def test_aggregates_are_what_the_model_says(frame: str) -> None:
    for seed in range(12):
        check(seed, frame, "python")
    check(30, frame, "llvm")


@pytest.mark.slow
@pytest.mark.parametrize("frame", FRAMES)
def test_many_aggregates_are_what_the_model_says(frame: str) -> None:
    for seed in range(100, 100 + SEEDS):
        check(seed, frame, "llvm" if seed % 10 == 0 else "python")
