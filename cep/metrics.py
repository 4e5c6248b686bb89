"""Prometheus metrics: a collector that reads the engine's plain counters when the page is scraped.

Nothing is counted per event for metrics: counters are integers that kernels and streams keep anyway.
"""

from __future__ import annotations

import platform
import time
from importlib import metadata
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from cep import __version__
from cep.errors import error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cep.api import Engine

FAR_US = 1 << 62  # watermarks beyond stand for the end of a stream

# name: (type, help, labels); the README lists the same names.
METRICS: dict[str, tuple[Any, str, tuple[str, ...]]] = {
    "cep_events": (
        CounterMetricFamily,
        "Input rows that came, whatever became of them.",
        ("stream",),
    ),
    "cep_events_late": (
        CounterMetricFamily,
        "Input rows below the watermark.",
        ("stream", "reason"),
    ),
    "cep_events_rejected": (
        CounterMetricFamily,
        "Input rows that could not be read.",
        ("stream", "reason"),
    ),
    "cep_events_emitted": (CounterMetricFamily, "Rows written to an output stream.", ("stream",)),
    "cep_matches": (CounterMetricFamily, "Rows a rule made.", ("rule",)),
    "cep_rule_errors": (
        CounterMetricFamily,
        "Stored values that are NULL for an expression error; conditions and SELECT over batches of 128 "
        "rows and more count none.",
        ("rule", "reason"),
    ),
    "cep_runs_live": (
        GaugeMetricFamily,
        "Partial matches waiting for their next event.",
        ("rule",),
    ),
    "cep_runs_expired": (CounterMetricFamily, "Partial matches that ended by time.", ("rule",)),
    "cep_runs_dropped": (
        CounterMetricFamily,
        "Partial matches dropped by a cap or a skip.",
        ("rule",),
    ),
    "cep_runs_ended": (
        CounterMetricFamily,
        "Partial matches that ended, by reason; those started are these and the live ones.",
        ("rule", "reason"),
    ),
    "cep_windows_open": (GaugeMetricFamily, "Windows with rows that have not closed.", ("rule",)),
    "cep_keys_live": (GaugeMetricFamily, "Keys with state.", ("rule",)),
    "cep_incidents_open": (GaugeMetricFamily, "Incidents that are open.", ("rule",)),
    "cep_state_bytes": (GaugeMetricFamily, "Size of a rule's state arrays.", ("rule",)),
    "cep_watermark_timestamp_seconds": (
        GaugeMetricFamily,
        "Watermark, seconds since 1970.",
        ("stream",),
    ),
    "cep_watermark_lag_seconds": (GaugeMetricFamily, "Wall clock less watermark.", ("stream",)),
    "cep_kernel_seconds": (CounterMetricFamily, "Time spent in a rule's kernels.", ("rule",)),
    "cep_rule_compile_seconds": (
        GaugeMetricFamily,
        "CPU time of loading a rule's kernels.",
        ("rule",),
    ),
    "cep_checkpoint_bytes": (GaugeMetricFamily, "Size of the last checkpoint.", ()),
    "cep_checkpoint_timestamp_seconds": (
        GaugeMetricFamily,
        "When the last checkpoint was written, seconds since 1970.",
        (),
    ),
    "cep_kernel_tier": (
        GaugeMetricFamily,
        "0: a kernel runs in the python tier, 1: all compiled.",
        ("rule",),
    ),
}

# Metrics that are registers of kernels: name, register.
FROM_REGISTERS = {
    "cep_runs_live": "runs_live",
    "cep_runs_expired": "runs_expired",
    "cep_runs_dropped": "runs_dropped",
    "cep_windows_open": "windows_open",
    "cep_keys_live": "keys_live",
    "cep_incidents_open": "incidents_open",
}


class EngineCollector(Collector):
    """Makes the metrics page of one engine at each scrape."""

    def __init__(self, engine: Engine, registry: Any) -> None:
        self._engine = engine
        self._registry = registry

    def unregister(self) -> None:
        """Take the engine off the page."""
        self._registry.unregister(self)

    def describe(self) -> Iterable[Metric]:
        """Yield the metrics without values, so that a registry takes one engine only: names stand once."""
        for name, (kind, text, labels) in METRICS.items():
            yield kind(name, text, labels=labels)

    def collect(self) -> Iterable[Metric]:
        """Yield all metrics with their present values."""
        stats = self._engine.stats()
        families = {n: kind(n, text, labels=labels) for n, (kind, text, labels) in METRICS.items()}
        self._streams(stats, families)
        self._rules(stats["rules"], families)
        checkpoints = stats["checkpoints"]
        if checkpoints["timestamp"]:
            families["cep_checkpoint_bytes"].add_metric([], checkpoints["bytes"])
            families["cep_checkpoint_timestamp_seconds"].add_metric([], checkpoints["timestamp"])
        yield from families.values()
        yield from _histograms(stats)
        yield InfoMetricFamily("cep_build", "Versions.", value=_versions())

    def _streams(self, stats: dict[str, Any], families: dict[str, Any]) -> None:
        now = time.time()
        for name, stream in stats["streams"].items():
            families["cep_events"].add_metric([name], stream["events"])
            families["cep_events_late"].add_metric([name, "dropped"], stream["late"])
            families["cep_events_late"].add_metric([name, "adjusted"], stream["adjusted"])
            for reason, count in stream["rejected"].items():
                families["cep_events_rejected"].add_metric([name, reason], count)
            mark = stream["watermark_us"]
            if mark is not None and abs(mark) < FAR_US:
                seconds = mark / 1e6
                families["cep_watermark_timestamp_seconds"].add_metric([name], seconds)
                families["cep_watermark_lag_seconds"].add_metric([name], now - seconds)
        for name, count in stats["written"].items():
            families["cep_events_emitted"].add_metric([name], count)

    def _rules(self, rules: dict[str, Any], families: dict[str, Any]) -> None:
        for name, rule in rules.items():
            families["cep_matches"].add_metric([name], rule["matches"])
            families["cep_rule_errors"].add_metric([name, "expression"], rule["errors"])
            families["cep_state_bytes"].add_metric([name], rule["state_bytes"])
            families["cep_kernel_seconds"].add_metric([name], rule["kernel_seconds"])
            families["cep_rule_compile_seconds"].add_metric([name], rule["compile_seconds"])
            families["cep_kernel_tier"].add_metric([name], rule["tier"] == "llvm")
            for reason, count in rule.get("run_ends", {}).items():
                families["cep_runs_ended"].add_metric([name, reason], count)
            for metric, register in FROM_REGISTERS.items():
                if register in rule:
                    families[metric].add_metric([name], rule[register])


def _histograms(stats: dict[str, Any]) -> Iterable[Metric]:
    steps = HistogramMetricFamily("cep_step_seconds", "Time of one step of a component.")
    _fill(steps, [], stats["step_seconds"])
    yield steps
    checkpoints = HistogramMetricFamily("cep_checkpoint_seconds", "Time of writing a checkpoint.")
    _fill(checkpoints, [], stats["checkpoints"]["seconds"])
    yield checkpoints
    text = "Wall clock at emission less the time of the row."
    delays = HistogramMetricFamily("cep_match_delay_seconds", text, labels=("rule",))
    for name, rule in stats["rules"].items():
        _fill(delays, [name], rule["match_delay"])
    yield delays


def _fill(family: HistogramMetricFamily, labels: list[str], histogram: dict[str, Any]) -> None:
    total, buckets = 0, []
    for bound, count in histogram["buckets"]:
        total += count
        buckets.append((bound, total))
    family.add_metric(labels, buckets, histogram["sum"])


def _versions() -> dict[str, str]:
    try:
        llvmlite = metadata.version("llvmlite")
    except metadata.PackageNotFoundError:
        llvmlite = "none"
    return {"version": __version__, "python": platform.python_version(), "llvmlite": llvmlite}


def register(engine: Engine, registry: Any) -> EngineCollector:
    """Register an engine's metrics with a `prometheus_client` registry.

    Raises:
        CepError: CEP407, the registry has the metrics of an engine.
    """
    collector = EngineCollector(engine, registry)
    try:
        registry.register(collector)
    except ValueError:
        msg = "the metrics registry has the metrics of another engine"
        raise error("CEP407", msg, hint="one registry an engine, or close the other") from None
    return collector


def page(registry: Any) -> str:
    """Return the metrics page of a registry as text."""
    return generate_latest(registry).decode()


def new_registry() -> CollectorRegistry:
    """Return an empty registry."""
    return CollectorRegistry()


def serve(host: str, port: int) -> CollectorRegistry:
    """Serve a registry over HTTP from a daemon thread and return it.

    Raises:
        CepError: CEP507, the port is taken, or there is no such address.
    """
    registry = CollectorRegistry()
    try:
        start_http_server(port, addr=host, registry=registry)
    except (OSError, OverflowError) as problem:
        msg = f"cannot serve metrics at {host}:{port}: {problem}"
        raise error("CEP507", msg) from problem
    return registry
