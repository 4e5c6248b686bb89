"""Workload W4 as a hand-written kernel: hot reading -> +10 degrees -> smoke, within a minute, by room.

A test kernel, ungated: it scans all runs of a key, and its host grows the pools and re-enters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cep.graph.kernel import Array, KernelSpec, Role

if TYPE_CHECKING:
    from cep.kernel.loading import LoadedKernel

SOURCE = '''
"""W4: SEQ(temperature > hot, temperature > first + rise, smoke > limit) WITHIN 1 MINUTE, by room."""
ROW = 0
N_ROWS = 1
OUT = 2
FREE = 3
N_FREE = 4
CAPACITY_RUNS = 8
CAPACITY_OUT = 9
WITHIN = 60 * 1000
TEMPERATURE = 0
SMOKE = 1


def release(runs: "i64[4*r]", ctl: "i64[16]", run: int) -> None:
    """Give a run back to the pool."""
    runs[run * 4] = ctl[FREE]
    ctl[FREE] = run
    ctl[N_FREE] += 1


def w4(
    ts: "i64[n]", room: "i32[n]", kind: "i8[n]", value: "f64[n]", limits: "f64[3]",
    keys: "i64[3*k]", runs: "i64[4*r]", first: "f64[r]", second: "f64[r]",
    out_ts: "i64[o]", out_room: "i32[o]", out_start: "i64[o]", out_value: "f64[o]", ctl: "i64[16]",
) -> int:
    row = ctl[ROW]
    hot = limits[0]
    rise = limits[1]
    limit = limits[2]
    while row < ctl[N_ROWS]:
        is_temperature = kind[row] == TEMPERATURE
        v = value[row]
        starts = is_temperature and v > hot
        smokes = kind[row] == SMOKE and v > limit
        if starts or is_temperature or smokes:
            key = room[row] * 3
            run = keys[key]
            if run >= 0 or starts:
                live = keys[key + 2]
                if ctl[N_FREE] < live + 1:
                    ctl[ROW] = row
                    return 1
                if ctl[OUT] + 1 > ctl[CAPACITY_OUT]:
                    ctl[ROW] = row
                    return 2
                now = ts[row]
                before = -1
                matched = False
                while run >= 0:
                    after = runs[run * 4]
                    expired = runs[run * 4 + 2] < now - WITHIN
                    if not expired:
                        if runs[run * 4 + 1] == 1:
                            if is_temperature and v > first[run] + rise:
                                second[run] = v
                                runs[run * 4 + 1] = 2
                        elif smokes:
                            matched = True
                            break
                        before = run
                    else:
                        if before < 0:
                            keys[key] = after
                        else:
                            runs[before * 4] = after
                        if after < 0:
                            keys[key + 1] = before
                        release(runs, ctl, run)
                        live -= 1
                    run = after
                if matched:
                    at = ctl[OUT]
                    out_ts[at] = now
                    out_room[at] = room[row]
                    out_start[at] = runs[run * 4 + 2]
                    out_value[at] = second[run] - first[run]
                    ctl[OUT] = at + 1
                    run = keys[key]
                    while run >= 0:
                        after = runs[run * 4]
                        release(runs, ctl, run)
                        run = after
                    keys[key] = -1
                    keys[key + 1] = -1
                    live = 0
                elif starts:
                    made = ctl[FREE]
                    ctl[FREE] = runs[made * 4]
                    ctl[N_FREE] -= 1
                    runs[made * 4] = -1
                    runs[made * 4 + 1] = 1
                    runs[made * 4 + 2] = now
                    first[made] = v
                    if live == 0:
                        keys[key] = made
                    else:
                        runs[keys[key + 1] * 4] = made
                    keys[key + 1] = made
                    live += 1
                keys[key + 2] = live
        row += 1
    ctl[ROW] = row
    return 0
'''

ARRAYS = (
    Array("ts", "i64", Role.INPUT),
    Array("room", "i32", Role.INPUT),
    Array("kind", "i8", Role.INPUT),
    Array("value", "f64", Role.INPUT),
    Array("limits", "f64", Role.TABLE),
    Array("keys", "i64", Role.STATE),
    Array("runs", "i64", Role.STATE),
    Array("first", "f64", Role.STATE),
    Array("second", "f64", Role.STATE),
    Array("out_ts", "i64", Role.OUTPUT),
    Array("out_room", "i32", Role.OUTPUT),
    Array("out_start", "i64", Role.OUTPUT),
    Array("out_value", "f64", Role.OUTPUT),
    Array("ctl", "i64", Role.CONTROL),
)
SPEC = KernelSpec("w4", SOURCE, ARRAYS)

_NAMES = [a.name for a in ARRAYS]
_RUN_ARRAYS = ("runs", "first", "second")
_OUT_ARRAYS = ("out_ts", "out_room", "out_start", "out_value")
ROW, N_ROWS, OUT, FREE, N_FREE, CAPACITY = 0, 1, 2, 3, 4, 8


@dataclass
class Readings:
    """A stream: ts in ms, room, kind (0 temperature, 1 smoke, 2 other), value."""

    ts: np.ndarray
    room: np.ndarray
    kind: np.ndarray
    value: np.ndarray


def readings(n: int, *, rooms: int = 20, seed: int = 7) -> Readings:
    """Return n random readings in which rooms heat up and smoke now and then."""
    rng = np.random.default_rng(seed)
    ts = np.sort(rng.integers(0, n * 40, n))
    kind = rng.choice(np.array([0, 1, 2], np.int8), n, p=[0.7, 0.2, 0.1])
    value = np.where(kind == 0, 21.0, 0.02) + np.where(kind == 0, 6.0, 0.1) * rng.standard_normal(n)
    return Readings(ts, rng.integers(0, rooms, n).astype(np.int32), kind, value)


class Host:
    """What an operator does: owns the arrays, sets the inputs, grows pools, calls again."""

    def __init__(
        self, kernel: LoadedKernel, *, rooms: int, limits: tuple[float, float, float], runs: int = 4
    ) -> None:
        self.re_entries = 0
        self.arrays = {
            "ts": np.zeros(0, np.int64),
            "room": np.zeros(0, np.int32),
            "kind": np.zeros(0, np.int8),
            "value": np.zeros(0),
            "limits": np.array(limits),
            "keys": np.tile(np.array([-1, -1, 0]), rooms),
            "runs": np.zeros(0, np.int64),
            "first": np.zeros(0),
            "second": np.zeros(0),
            "out_ts": np.zeros(4, np.int64),
            "out_room": np.zeros(4, np.int32),
            "out_start": np.zeros(4, np.int64),
            "out_value": np.zeros(4),
            "ctl": np.zeros(16, np.int64),
        }
        self.ctl = self.arrays["ctl"]
        self.ctl[FREE] = -1
        self.ctl[CAPACITY + 1] = 4
        self.use(kernel)
        self._grow_runs(runs)

    def use(self, kernel: LoadedKernel) -> None:
        """Bind a kernel (of either tier) to the arrays."""
        self.bound = kernel.bind([self.arrays[n] for n in _NAMES])

    def _replace(self, name: str, array: np.ndarray) -> None:
        self.arrays[name] = array
        self.bound.update(_NAMES.index(name), array)

    def _grow(self, names: tuple[str, ...], capacity: int) -> None:
        for name in names:
            old = self.arrays[name]
            width = 4 if name == "runs" else 1
            new = np.zeros(capacity * width, old.dtype)
            new[: len(old)] = old
            self._replace(name, new)

    def _grow_runs(self, capacity: int) -> None:
        used = self.ctl[CAPACITY].item()
        self._grow(_RUN_ARRAYS, capacity)
        runs = self.arrays["runs"]
        for run in range(capacity - 1, used - 1, -1):
            runs[run * 4] = self.ctl[FREE]
            self.ctl[FREE] = run
        self.ctl[N_FREE] += capacity - used
        self.ctl[CAPACITY] = capacity

    def process(self, batch: Readings, *, large: bool = False) -> list[tuple[int, int, int, float]]:
        """Run one batch; return the matches (ts, room, start, rise)."""
        for name in ("ts", "room", "kind", "value"):
            self._replace(name, getattr(batch, name))
        self.ctl[ROW], self.ctl[N_ROWS], self.ctl[OUT] = 0, len(batch.ts), 0
        while reason := (self.bound.call_large if large else self.bound.call_small)():
            self.re_entries += 1
            if reason == 1:
                self._grow_runs(self.ctl[CAPACITY].item() * 2)
            else:
                self.ctl[CAPACITY + 1] *= 2
                self._grow(_OUT_ARRAYS, self.ctl[CAPACITY + 1].item())
        columns = [self.arrays[n][: self.ctl[OUT]].tolist() for n in _OUT_ARRAYS]
        return list(zip(*columns, strict=True))

    def state(self) -> dict[str, bytes]:
        """Return the bytes of all state arrays."""
        return {n: self.arrays[n].tobytes() for n in ("keys", *_RUN_ARRAYS)}
