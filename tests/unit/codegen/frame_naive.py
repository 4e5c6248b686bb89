"""Aggregates of a list of samples by brute force and exact arithmetic: the twin of the slot formulas."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

from cep.types import Type

LIMIT = 2**63
# The aggregates this file computes.
NAMES = (
    "avg", "count", "delta", "deriv", "first", "increase", "last", "max", "min", "rate", "resets",
    "slope", "stddev", "sum", "variance",
)  # fmt: skip


def as_double(value: Fraction) -> float | None:
    """Return the nearest double, None when it is beyond the range."""
    try:
        return float(value)
    except OverflowError:
        return None


def as_int(value: int) -> int | None:
    """Return the value, None when it does not fit into int64."""
    return value if -LIMIT < value < LIMIT else None


def collapse(samples: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
    """Keep the last sample of each instant."""
    return [s for n, s in enumerate(samples) if n + 1 == len(samples) or samples[n + 1][0] != s[0]]


def aggregate(
    name: str,
    kind: Type | None,
    samples: list[tuple[int, Any]],
    baseline: tuple[int, Any] | None,
    *,
    distinct: bool = False,
) -> Any:
    """Return the value of an aggregate over samples (t, x) in order; x None is NULL.

    For COUNT(*) `kind` is None. baseline: the last sample that is not NULL before the frame.
    """
    if kind is None:
        return len(samples)
    samples = [s for s in samples if s[1] is not None]
    values = [x for _, x in samples]
    if name == "count":
        return len(set(values)) if distinct else len(values)
    if name in {"increase", "rate", "resets"}:
        return _counter(name, kind, samples, baseline)
    if name in {"delta", "deriv", "slope"}:
        return _gauge(name, kind, collapse(samples))
    if not values:
        return None
    return _plain(name, kind, values)


def _plain(name: str, kind: Type, values: list[Any]) -> Any:
    match name:
        case "first":
            return values[0]
        case "last":
            return values[-1]
        case "min":
            return min(values)
        case "max":
            return max(values)
    exact = [Fraction(x) for x in values]
    total, n = sum(exact), len(values)
    match name:
        case "sum":
            return as_double(total) if kind is Type.DOUBLE else as_int(int(total))
        case "avg":
            return as_double(total / n)
    if n < 2:
        return None
    mean = total / n
    variance = as_double(sum((x - mean) ** 2 for x in exact) / (n - 1))
    if name == "variance" or variance is None:
        return variance
    return variance**0.5


def _gauge(name: str, kind: Type, samples: list[tuple[int, Any]]) -> Any:
    if len(samples) < 2:
        return None
    (t1, v1), (tn, vn) = samples[0], samples[-1]
    change = Fraction(vn) - Fraction(v1)
    if name == "delta":
        return as_double(change) if kind is Type.DOUBLE else as_int(int(change))
    if name == "deriv":
        return as_double(change / (tn - t1) * 1_000_000)
    ts = [Fraction(t, 1_000_000) for t, _ in samples]
    vs = [Fraction(v) for _, v in samples]
    mean_t, mean_v = sum(ts) / len(ts), sum(vs) / len(vs)
    stv = sum((t - mean_t) * (v - mean_v) for t, v in zip(ts, vs, strict=True))
    return as_double(stv / sum((t - mean_t) ** 2 for t in ts))


def _counter(
    name: str, kind: Type, samples: list[tuple[int, Any]], baseline: tuple[int, Any] | None
) -> Any:
    samples = collapse(samples)
    elements = ([baseline] if baseline is not None and samples else []) + samples
    pairs = [(Fraction(p), Fraction(v)) for (_, p), (_, v) in itertools.pairwise(elements)]
    if name == "resets":
        return sum(v < p for p, v in pairs)
    if len(elements) < 2:
        return None
    grown = sum((v - p if v >= p else v for p, v in pairs), Fraction(0))
    if name == "increase":
        return as_double(grown) if kind is Type.DOUBLE else as_int(int(grown))
    elapsed = elements[-1][0] - elements[0][0]
    return as_double(grown / elapsed * 1_000_000) if elapsed else None


def close(name: str, got: Any, wanted: Any, samples: list[tuple[int, Any]]) -> bool:
    """Whether a computed value is near enough to the exact one, given the size of the samples."""
    if wanted is None or got is None or isinstance(wanted, str):
        return bool(got == wanted)
    scale = max([abs(x) for _, x in samples if isinstance(x, (int, float))], default=1)
    if name in {"variance", "stddev"}:
        error = 1e-9 * float(scale) + 1e-9 * abs(wanted)
        return bool(abs(got - wanted) <= error * (float(scale) if name == "variance" else 1))
    if isinstance(got, int) and isinstance(wanted, int):
        return got == wanted
    times = sorted({t for t, _ in samples})
    per = 1.0
    if name in {"slope", "deriv", "rate"} and len(times) > 1:
        per = 1e6 / min(b - a for a, b in itertools.pairwise(times))
    return bool(abs(got - wanted) <= 1e-9 * float(scale) * len(samples) * max(per, 1.0) + 1e-300)
