"""Aggregates over lists of samples (time, value), each from its definition."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.values import UnsupportedError, clean

if TYPE_CHECKING:
    from collections.abc import Callable

Value = Any
Sample = tuple[int, Value]


def argument_of(call: ast.Call) -> ast.Expression:
    """Return the one argument of an aggregate; the only option known is `per => d` of DERIV."""
    first, *rest = call.args
    known = call.name.upper() == "DERIV" and [type(r) for r in rest] == [ast.NamedArgument]
    if isinstance(first, ast.NamedArgument) or (rest and not known) or call.filter is not None:
        raise UnsupportedError(call.name)
    return first


def aggregate(call: ast.Call, samples: list[Sample], earlier: list[Sample] | None = None) -> Value:
    """Return an aggregate of samples in event order; NULL values are skipped.

    The last non-NULL sample of the `earlier` ones is the baseline of the counter functions.
    """
    name = call.name.upper()
    value = _aggregate(name, samples, distinct=call.distinct, baseline=_last(earlier or []))
    if len(call.args) > 1 and value is not None:
        per = call.args[1].value.us  # type: ignore[union-attr]
        return clean(value * (per / 1e6))
    return value


def _last(samples: list[Sample]) -> Sample | None:
    present = [s for s in samples if s[1] is not None]
    return present[-1] if present else None


def _aggregate(
    name: str, samples: list[Sample], *, distinct: bool, baseline: Sample | None
) -> Value:
    present = [s for s in samples if s[1] is not None]
    values = [v for _, v in present]
    if distinct:
        values = list(dict.fromkeys(values))
    if name in OVER_VALUES:
        return clean(OVER_VALUES[name](values))
    if name not in OVER_TIME:
        raise UnsupportedError(name)
    collapsed = list(dict(present).items())
    if name in COUNTERS and baseline is not None:
        collapsed.insert(0, baseline)
    return clean(OVER_TIME[name](collapsed))


def _sum(values: list[Value]) -> Value:
    return sum(values[1:], values[0]) if values else None


def _average(values: list[Value]) -> float | None:
    return _sum(values) / len(values) if values else None


def _variance(values: list[Value]) -> float | None:
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1)


def _deviation(values: list[Value]) -> float | None:
    variance = _variance(values)
    return None if variance is None else math.sqrt(variance)


OVER_VALUES: dict[str, Callable[[list[Value]], Value]] = {
    "COUNT": len,
    "SUM": _sum,
    "AVG": _average,
    "MIN": lambda v: min(v, default=None),
    "MAX": lambda v: max(v, default=None),
    "STDDEV": _deviation,
    "VARIANCE": _variance,
    "FIRST": lambda v: v[0] if v else None,
    "LAST": lambda v: v[-1] if v else None,
}


def _delta(samples: list[Sample]) -> Value:
    return samples[-1][1] - samples[0][1] if len(samples) > 1 else None


def _derivative(samples: list[Sample]) -> float | None:
    if len(samples) < 2:
        return None
    return _delta(samples) / ((samples[-1][0] - samples[0][0]) / 1e6)


def _slope(samples: list[Sample]) -> float | None:
    n = len(samples)
    if n < 2:
        return None
    times = [(t - samples[0][0]) / 1e6 for t, _ in samples]
    middle = math.fsum(times) / n
    mean = math.fsum(v for _, v in samples) / n
    above = math.fsum((t - middle) * (v - mean) for t, (_, v) in zip(times, samples, strict=True))
    return above / math.fsum((t - middle) ** 2 for t in times)


def _steps(samples: list[Sample]) -> list[tuple[Value, Value]]:
    return [(a[1], b[1]) for a, b in itertools.pairwise(samples)]


def _increase(samples: list[Sample]) -> Value:
    if len(samples) < 2:
        return None
    return sum(b - a if b >= a else b for a, b in _steps(samples))


def _rate(samples: list[Sample]) -> float | None:
    if len(samples) < 2 or samples[-1][0] == samples[0][0]:
        return None
    return _increase(samples) / ((samples[-1][0] - samples[0][0]) / 1e6)


def _resets(samples: list[Sample]) -> int:
    return sum(b < a for a, b in _steps(samples))


COUNTERS = ("INCREASE", "RATE", "RESETS")
OVER_TIME: dict[str, Callable[[list[Sample]], Value]] = {
    "DELTA": _delta,
    "DERIV": _derivative,
    "SLOPE": _slope,
    "INCREASE": _increase,
    "RATE": _rate,
    "RESETS": _resets,
}
