"""Measures workloads: CPU time of the engine and of the C reference, interleaved in one process.

A run of a side is all readings in batches from typed columns in memory to output batches, end of
input included. Sides alternate, so that a change of the machine's speed meets both.
"""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.reference import library
from benchmarks.workloads.generate import KINDS, Readings

if TYPE_CHECKING:
    from collections.abc import Callable

WORKLOADS = Path(__file__).parent / "workloads"

EXPECTED_MATCHES = {
    "w1": 2231,
    "w2": 10_000,
    "w3": 2390,
    "w4": 64,
    "w4_hot": 4976,
    "w5": 12_413,
    "w6": 18,
    "sliding": 1_000_000,
    "tumbling": 44,
    "hop60": 2793,
    "loop_mean": 3746,
    "any_order": 1272,
    "strict_loop": 302,
    "join_within": 405_496,
    "join_asof": 999_000,
    "join_lookup": 677_642,
}
"""Output rows on a million readings of a thousand sensors (W1-W6: language.md, section 9)."""

LIMITS = {"w1": 2.5, "w2": 2.5, "w3": 2.0, "w4": 1.5, "w4_hot": 1.0, "w5": 1.5, "sliding": 2.5}
"""The most the engine may cost, as a multiple of the reference, in batches of 10,000."""

SAMPLES = 100
"""Live runs are counted behind at most so many batches of a run."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured for one workload and batch size.

    Attributes:
        workload: its name.
        rows: input rows.
        batch_rows: rows per batch.
        live_runs: runs live at a time, mean over the batches; None where no rule has any.
        state_bytes: size of the state arrays of all rules, the largest seen behind a batch.
        matches: output rows of the engine.
        reference_matches: output rows of the reference, None without reference.
        engine_seconds: CPU seconds of each repetition of the engine.
        reference_seconds: the same of the reference; empty without reference.
    """

    workload: str
    rows: int
    batch_rows: int
    live_runs: float | None
    state_bytes: int
    matches: int
    reference_matches: int | None
    engine_seconds: tuple[float, ...]
    reference_seconds: tuple[float, ...]

    @property
    def engine(self) -> float:
        """Median CPU seconds of the engine."""
        return statistics.median(self.engine_seconds)

    @property
    def reference(self) -> float | None:
        """Median CPU seconds of the reference."""
        return statistics.median(self.reference_seconds) if self.reference_seconds else None

    @property
    def ratio(self) -> float | None:
        """Median over the repetitions of engine / reference, each pair measured side by side."""
        if not self.reference_seconds:
            return None
        pairs = zip(self.engine_seconds, self.reference_seconds, strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)

    def to_dict(self) -> dict[str, Any]:
        """The result for JSON, medians and ratio included."""
        medians = {"engine": self.engine, "reference": self.reference, "ratio": self.ratio}
        return {**asdict(self), **medians}


def engine_batches(readings: Readings, batch_rows: int) -> list[dict[str, Any]]:
    """The readings as batches for `send_batch`: numpy slices, strings as `cep.Coded`."""
    import cep

    batches = []
    for start in range(0, len(readings), batch_rows):
        rows = slice(start, start + batch_rows)
        batches.append({
            "ts": readings.ts[rows],
            "sensor": cep.Coded(readings.sensor[rows], readings.sensor_names),
            "room": cep.Coded(readings.room[rows], readings.room_names),
            "kind": cep.Coded(readings.kind[rows], KINDS),
            "value": readings.value[rows],
        })
    return batches


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds that `work` takes, with the garbage collector off."""
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        work()
        return time.process_time() - start
    finally:
        gc.enable()


def run_engine(
    workload: str, batches: list[dict[str, Any]], tier: str = "llvm"
) -> tuple[float, int]:
    """One run of the engine: CPU seconds of sending all batches and of the flush, output rows."""
    import cep

    rules = (WORKLOADS / f"{workload}.cep").read_text(encoding="utf-8")
    output = workload.removesuffix("_hot")
    with cep.Engine(rules, tier=tier) as engine:
        counter = _RowCounter()
        engine.on_batch(output)(counter.add)

        def work() -> None:
            send_batch = engine.send_batch
            for batch in batches:
                send_batch("readings", batch)
            engine.flush()

        seconds = cpu_seconds(work)
    return seconds, counter.rows


def live_state(
    workload: str, batches: list[dict[str, Any]], tier: str = "llvm"
) -> tuple[float | None, int]:
    """The mean number of live runs and the most bytes of state behind the batches (one run, not measured)."""
    import cep

    rules = (WORKLOADS / f"{workload}.cep").read_text(encoding="utf-8")
    counts: list[int] = []
    most = 0
    with cep.Engine(rules, tier=tier) as engine:
        for number, batch in enumerate(batches):
            engine.send_batch("readings", batch)
            if number % (1 + len(batches) // (SAMPLES + 1)):
                continue
            stats = engine.stats()["rules"].values()
            most = max(most, sum(rule["state_bytes"] for rule in stats))
            counts += [rule["runs_live"] for rule in stats if "runs_live" in rule]
    return statistics.fmean(counts) if counts else None, most


class _RowCounter:
    """Counts the rows of output batches."""

    def __init__(self) -> None:
        self.rows = 0

    def add(self, table: Any) -> None:
        """Takes one output batch."""
        self.rows += len(table)


def run_reference(workload: str, readings: Readings, batch_rows: int) -> tuple[float, int]:
    """One run of the reference: CPU seconds, output rows."""
    side = library.new(workload, readings)
    batches = library.slices(readings, batch_rows)
    sizes = [min(batch_rows, len(readings) - k * batch_rows) for k in range(len(batches))]
    total = 0

    def work() -> None:
        nonlocal total
        step = side.step
        for rows, columns in zip(sizes, batches, strict=True):
            total += step(rows, columns)
        total += side.flush()

    seconds = cpu_seconds(work)
    side.close()
    return seconds, total


def has_reference(workload: str) -> bool:
    """Whether the C reference has the workload and gcc is there."""
    return library.gcc() is not None and workload in {
        "w1",
        "w2",
        "w3",
        "w4",
        "w4_hot",
        "w5",
        "sliding",
    }


def measure(
    workload: str, readings: Readings, batch_rows: int, repetitions: int, tier: str = "llvm"
) -> Result:
    """Measures one workload with one batch size; one warm-up run of each side comes first.

    Raises:
        ValueError: two runs of the same side gave different numbers of output rows.
    """
    batches = engine_batches(readings, batch_rows)
    with_reference = has_reference(workload)
    matches = {run_engine(workload, batches, tier)[1]}
    reference_matches = set()
    if with_reference:
        reference_matches.add(run_reference(workload, readings, batch_rows)[1])
    mine, theirs = [], []
    for _ in range(repetitions):
        seconds, rows = run_engine(workload, batches, tier)
        mine.append(seconds)
        matches.add(rows)
        if with_reference:
            seconds, rows = run_reference(workload, readings, batch_rows)
            theirs.append(seconds)
            reference_matches.add(rows)
    if len(matches) != 1 or len(reference_matches) > 1:
        msg = f"{workload}: the number of output rows differs between runs"
        raise ValueError(msg)
    runs, state_bytes = live_state(workload, batches, tier)
    return Result(
        workload=workload,
        rows=len(readings),
        batch_rows=batch_rows,
        live_runs=runs,
        state_bytes=state_bytes,
        matches=matches.pop(),
        reference_matches=reference_matches.pop() if reference_matches else None,
        engine_seconds=tuple(mine),
        reference_seconds=tuple(theirs),
    )
