"""Single-event latency: one reading through `engine.send` with W4 loaded, metrics on.

What is measured is CPU time per event over many events (the figure with a limit) and the wall time
of each call (median and tails), after a warm-up, in integer time. Readings are dicts, as a service
would send them.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from benchmarks.measure import WORKLOADS, cpu_seconds
from benchmarks.workloads.generate import KINDS, columns

LIMIT_MICROSECONDS = 5.0
"""CPU time per event."""
WARM_UP = 20_000


@dataclass(frozen=True, slots=True)
class Latency:
    """Microseconds per event.

    Attributes:
        events: events measured.
        cpu: CPU time per event of each repetition.
        p50: wall time of a call, median over the events of one repetition.
        p99: the slowest call in a hundred.
        p999: the slowest in a thousand.
        matches: output rows of one repetition, warm-up included.
    """

    events: int
    cpu: tuple[float, ...]
    p50: float
    p99: float
    p999: float
    matches: int

    def to_dict(self) -> dict[str, Any]:
        """The result for JSON."""
        return {**asdict(self), "cpu_median": statistics.median(self.cpu)}

    def text(self) -> str:
        """The result in one line."""
        return (
            f"engine.send, W4: {statistics.median(self.cpu):.2f} us of CPU per event (at most"
            f" {LIMIT_MICROSECONDS:g}); wall p50 {self.p50:.2f}, p99 {self.p99:.2f},"
            f" p99.9 {self.p999:.2f} us; {self.events:,} events, {self.matches:,} matches"
        )


def readings(rows: int) -> list[dict[str, Any]]:
    """The first readings of the benchmark input as dicts."""
    made = columns(1_000_000)
    fields = (made.ts, made.sensor, made.room, made.kind, made.value)
    return [
        {
            "ts": ts,
            "sensor": made.sensor_names[sensor],
            "room": made.room_names[room],
            "kind": KINDS[kind],
            "value": value,
        }
        for ts, sensor, room, kind, value in zip(
            *(field[:rows].tolist() for field in fields), strict=True
        )
    ]


def measure(events: int = 100_000, repetitions: int = 5, tier: str = "llvm") -> Latency:
    """Measures CPU time in `repetitions` runs, then the wall time of every call in one more."""
    import prometheus_client

    import cep

    rows = readings(WARM_UP + events)
    rules = (WORKLOADS / "w4.cep").read_text(encoding="utf-8")
    cpu: list[float] = []
    calls: list[int] = []
    matches = 0
    for repetition in range(repetitions + 1):
        registry = prometheus_client.CollectorRegistry()
        with cep.Engine(rules, tier=tier, metrics=registry) as engine:
            seen: list[object] = []
            engine.on("w4")(seen.append)
            send = engine.send
            for row in rows[:WARM_UP]:
                send("readings", row)
            if repetition < repetitions:
                work = partial(_send_all, send, rows[WARM_UP:])
                cpu.append(cpu_seconds(work) / events * 1e6)
            else:
                calls = _time_each(send, rows[WARM_UP:])
            engine.flush()
        matches = len(seen)
    calls.sort()
    p50, p99, p999 = (calls[int(len(calls) * part)] / 1e3 for part in (0.5, 0.99, 0.999))
    return Latency(events, tuple(cpu), p50, p99, p999, matches)


def _send_all(send: Any, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        send("readings", row)


def _time_each(send: Any, rows: list[dict[str, Any]]) -> list[int]:
    clock = time.perf_counter_ns
    taken = []
    for row in rows:
        start = clock()
        send("readings", row)
        taken.append(clock() - start)
    return taken
