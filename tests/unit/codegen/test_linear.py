"""A pattern that waits costs the same for every further event of one key: steps of the kernel at n and at 2 n events.

A step is a line of the kernel, or of what it calls, that the python tier runs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import cep

if TYPE_CHECKING:
    from types import FrameType

STREAM = "CREATE STREAM logins (ts TIMESTAMP, k STRING, ok INT, WATERMARK FOR ts AS ts);\n"
MATCH = (
    STREAM
    + "CREATE RULE m AS SELECT {items} FROM logins MATCH ({pattern} PARTITION BY k {clauses});"
)
RECOGNIZE = (
    STREAM
    + "CREATE RULE m AS SELECT n FROM logins MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES COUNT(*) AS n"
    " PATTERN ({pattern}) DEFINE f AS ok = 0, g AS ok = 1);"
)
LOOP = "f[ok = 0]{5,} -> g[ok = 1]"
RULES = {
    "brute force": MATCH.format(items="COUNT(f.*) AS n", pattern=LOOP, clauses="WITHIN 1h"),
    "without WITHIN": MATCH.format(items="COUNT(f.*) AS n", pattern=LOOP, clauses=""),
    "starts leave": MATCH.format(items="COUNT(f.*) AS n", pattern=LOOP, clauses="WITHIN 60s"),
    "one start": MATCH.format(
        items="COUNT(f.*) AS n, MAX(f.ok) AS top", pattern=LOOP, clauses="WITHIN 1h STARTS FIRST"
    ),
    "plain sequence": MATCH.format(
        items="k", pattern="f[ok = 0] -> g[ok = 1] -> h[ok = 2]", clauses="WITHIN 1h"
    ),
    "in one pass": RECOGNIZE.format(pattern="f{5,} g"),
    "after any rows": RECOGNIZE.format(pattern="f -> g"),
}


def _is_kernel(file: str) -> bool:
    return file.startswith("<kernel") or "kernellib" in file


class Steps:
    """Counts the lines of kernels that run while it is active."""

    def __init__(self) -> None:
        self.count = 0
        self._before: Any = None

    def __enter__(self) -> Steps:
        """Begin."""
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        sys.settrace(self._before)

    def _call(self, frame: FrameType, event: str, argument: object) -> Any:
        return self._line if _is_kernel(frame.f_code.co_filename) else None

    def _line(self, frame: FrameType, event: str, argument: object) -> Any:
        self.count += event == "line"
        return self._line


def steps_of(rules: str, failures: int) -> int:
    """Return the steps for so many failures of one key, a second apart, once all arrays have their size."""
    with cep.Engine(rules, tier="python") as engine:

        def send(first: int, rows: int, ok: int) -> None:
            times = np.arange(first, first + rows) * 1_000_000
            keys = cep.Coded(np.zeros(rows, np.int32), ("x",))
            engine.send_batch("logins", {"ts": times, "k": keys, "ok": np.full(rows, ok)})

        with Steps() as steps:
            send(0, failures, 0)
        assert engine.stats()["rules"]["m"]["matches"] == 0
        with Steps() as last:
            send(failures, 1, 1)
        assert last.count <= 60 * failures  # a match that ends all starts pays for each once
        engine.check()
    return steps.count


@pytest.mark.parametrize("name", RULES)
def test_failures_only(name: str) -> None:
    few, twice, four_times = (steps_of(RULES[name], n) for n in (500, 1000, 2000))
    assert few >= 500
    # Every further event costs the same, but for the times that arrays double.
    assert twice - few == pytest.approx((four_times - twice) / 2, rel=0.02)
    assert twice <= 2.05 * few


def test_a_condition_that_reads_each_start_is_not_linear() -> None:
    """The count finds what it is there for: here every event is compared with every start."""
    pattern = "a[ok = 0] -> f[ok <> a.ok]{5,}"
    rules = MATCH.format(items="k", pattern=pattern, clauses="WITHIN 1h")
    few, twice = (steps_of(rules, n) for n in (200, 400))
    assert twice > 3 * few
