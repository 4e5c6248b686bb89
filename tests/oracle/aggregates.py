"""Aggregates over lists of samples (time, value), each from its definition."""

from __future__ import annotations

import hashlib
import itertools
import math
import struct
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.expressions import Arguments
from tests.oracle.values import UnsupportedError, clean

if TYPE_CHECKING:
    from collections.abc import Callable

Value = Any
Sample = tuple[int, Value]


# Constants that may stand without their names: the argument with this number.
PLACES = {"PREDICT": {1: "ahead"}, "QUANTILE": {1: "q"}}
DEFAULTS = {"DERIV": {"per": 1_000_000}, "IDERIV": {"per": 1_000_000}, "EWMA": {"tau": 30_000_000}}


def argument_of(call: ast.Call) -> ast.Expression:
    """Return the argument of an aggregate, those of an aggregate of pairs as an array."""
    places = PLACES.get(call.name.upper(), {})
    found = [
        a
        for n, a in enumerate(call.args)
        if not isinstance(a, ast.NamedArgument) and n not in places
    ]
    if len(found) != 1 + (call.name.upper() in OVER_PAIRS) or call.filter is not None:
        raise UnsupportedError(call.name)
    first = found[0]
    assert not isinstance(first, ast.NamedArgument)
    return first if len(found) == 1 else Arguments(tuple(found))  # type: ignore[arg-type]


def _options(call: ast.Call) -> dict[str, Value]:
    places = PLACES.get(call.name.upper(), {})
    found: dict[str, Value] = dict(DEFAULTS.get(call.name.upper(), {}))
    for number, argument in enumerate(call.args):
        named = isinstance(argument, ast.NamedArgument)
        if not named and number not in places:
            continue
        node: Any = argument.value if isinstance(argument, ast.NamedArgument) else argument
        value = node.us if isinstance(node, ast.Duration) else node.value
        found[argument.name if isinstance(argument, ast.NamedArgument) else places[number]] = value
    return found


def aggregate(
    call: ast.Call,
    samples: list[Sample],
    earlier: list[Sample] | None = None,
    *,
    start: int = 0,
    end: int = 0,
) -> Value:
    """Return an aggregate of samples in event order; NULL values are skipped.

    The last non-NULL sample of the `earlier` ones is the baseline of the counter functions. The frame
    lies between the instants start and end.
    """
    name = call.name.upper()
    options = _options(call)
    present = [s for s in samples if s[1] is not None]
    if name in OVER_PAIRS:
        return clean(OVER_PAIRS[name]([pair for _, pair in present]))
    if name == "MAD":
        return clean(_robust(list(dict(present).items())))
    if name == "QUANTILE":
        return clean(_quantile([v for _, v in present], options["q"]))
    if name in OVER_FRAME:
        collapsed = list(dict(present).items())
        return clean(OVER_FRAME[name](collapsed, options, end))
    if options.get("mode") == "prometheus":
        return clean(_extrapolated(list(dict(present).items()), start, end, rate=name == "RATE"))
    baseline = _last(earlier or [])
    if options.get("first_is_zero") and baseline is None and present:
        baseline = (present[0][0], 0)
    value = _aggregate(name, samples, distinct=call.distinct, baseline=baseline)
    if "per" in options and value is not None:
        return clean(value * (options["per"] / 1e6))
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
    if name in OVER_SAMPLES:
        return OVER_SAMPLES[name](present)
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


def _quantile(values: list[Value], q: float) -> float | None:
    """Between the neighbours of place q * (n - 1), by the distance (type 7 of Hyndman and Fan)."""
    if not values:
        return None
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    low = math.floor(place)
    high = math.ceil(place)
    return float(ordered[low] + (ordered[high] - ordered[low]) * (place - low))


def _robust(samples: list[Sample]) -> float | None:
    """The last value in median absolute deviations from the median of the others."""
    others = [v for _, v in samples[:-1]]
    middle = _quantile(others, 0.5)
    if middle is None:
        return None
    spread = _quantile([abs(v - middle) for v in others], 0.5)
    return (samples[-1][1] - middle) / spread if spread else None


def _mode(values: list[Value]) -> Value:
    """The most frequent value, of ties the one that came first."""
    return max(values, key=values.count) if values else None


BUCKETS, LEVELS = 4096, 52


def _coupon(value: Value) -> tuple[int, int]:
    """Return (bucket, level) of a value by splitmix64 of its 64 bits; of a text blake2b gives those."""
    if isinstance(value, str):
        word = int.from_bytes(hashlib.blake2b(value.encode(), digest_size=8).digest(), "little")
    elif isinstance(value, float):
        word = struct.unpack("<Q", struct.pack("<d", 0.0 if value == 0 else value))[0]
    else:
        word = value % 2**64
    word = (word + 0x9E3779B97F4A7C15) % 2**64
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB % 2**64
    word ^= word >> 31
    bits, bucket = divmod(word, BUCKETS)
    return bucket, next((n for n in range(LEVELS - 1) if bits >> n & 1), LEVELS - 1)


def _estimate(values: list[Value]) -> int:
    """The number of values that draw so many different coupons on average, found by halving."""
    drawn = len({_coupon(v) for v in values})
    levels = [2.0 ** -min(n + 1, LEVELS - 1) / BUCKETS for n in range(LEVELS)]
    low, high = 0.0, 2.0**50
    for _ in range(120):
        middle = (low + high) / 2
        if -BUCKETS * math.fsum(math.expm1(-middle * p) for p in levels) < drawn:
            low = middle
        else:
            high = middle
    return drawn if drawn < 2 else math.floor(low + 0.5)


OVER_VALUES: dict[str, Callable[[list[Value]], Value]] = {
    "COUNT": len,
    "APPROX_DISTINCT": _estimate,
    "SUM": _sum,
    "AVG": _average,
    "MIN": lambda v: min(v, default=None),
    "MAX": lambda v: max(v, default=None),
    "STDDEV": _deviation,
    "VARIANCE": _variance,
    "FIRST": lambda v: v[0] if v else None,
    "LAST": lambda v: v[-1] if v else None,
    "MEDIAN": lambda v: _quantile(v, 0.5),
    "MODE": _mode,
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


def _extrapolated(samples: list[Sample], start: int, end: int, *, rate: bool) -> float | None:
    """Increase and rate as Prometheus documents them: extrapolated to the bounds of the range."""
    if len(samples) < 2:
        return None
    growth = _increase(samples)
    (first, value), last = samples[0], samples[-1][0]
    sampled = (last - first) / 1e6
    average = sampled / (len(samples) - 1)
    before, after = (first - start) / 1e6, (end - last) / 1e6
    if before >= 1.1 * average:
        before = average / 2
    if growth > 0 and value >= 0:
        before = min(before, sampled * value / growth)
    if after >= 1.1 * average:
        after = average / 2
    whole = growth * (sampled + before + after) / sampled
    return whole / ((end - start) / 1e6) if rate else whole


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


# ---------------------------------------------------------------- the other functions of time


def _ideriv(samples: list[Sample]) -> float | None:
    return _derivative(samples[-2:])


def _acceleration(samples: list[Sample]) -> float | None:
    if len(samples) < 3:
        return None
    newer, older = _derivative(samples[-2:]), _derivative(samples[-3:-1])
    assert newer is not None
    assert older is not None
    return (newer - older) / ((samples[-1][0] - samples[-2][0]) / 1e6)


def _line_at(samples: list[Sample], at: int) -> float | None:
    """Return the least-squares line at an instant."""
    slope = _slope(samples)
    if slope is None:
        return None
    n = len(samples)
    middle = math.fsum((t - samples[0][0]) / 1e6 for t, _ in samples) / n
    mean = math.fsum(v for _, v in samples) / n
    return mean + slope * ((at - samples[0][0]) / 1e6 - middle)


def _fit(samples: list[Sample]) -> float | None:
    """1 - (what the line leaves) / (variance)."""
    if len(samples) < 2:
        return None
    mean = math.fsum(v for _, v in samples) / len(samples)
    whole = math.fsum((v - mean) ** 2 for _, v in samples)
    if whole == 0:
        return 1.0
    left = math.fsum((v - (_line_at(samples, t) or 0.0)) ** 2 for t, v in samples)
    return 1 - left / whole


def _ewma(samples: list[Sample], options: dict[str, Value], _: int) -> float | None:
    if not samples:
        return None
    mean = samples[0][1]
    for (before, _), (now, v) in itertools.pairwise(samples):
        alpha = options.get("alpha")
        weight = 1 - math.exp(-(now - before) / options["tau"]) if alpha is None else alpha
        mean += weight * (v - mean)
    return float(mean)


def _zscore(samples: list[Sample]) -> float | None:
    others = [v for _, v in samples[:-1]]
    deviation = _deviation(others)
    if not deviation:
        return None
    return (samples[-1][1] - math.fsum(others) / len(others)) / deviation


def _area(samples: list[Sample], end: int) -> float | None:
    if len(samples) < 2:
        return float(samples[0][1]) if samples else None
    times = [t for t, _ in samples[1:]] + [end]
    return math.fsum(v * ((after - t) / 1e6) for (t, v), after in zip(samples, times, strict=True))


def _time_weighted(samples: list[Sample], end: int) -> float | None:
    area = _area(samples, end)
    if len(samples) < 2 or area is None:
        return area
    return area / ((end - samples[0][0]) / 1e6)


def _run(samples: list[Sample]) -> int:
    run = 0
    for a, b in _steps(samples):
        direction = (b > a) - (b < a)
        run = run + direction if run * direction > 0 else direction
    return run


OVER_TIME |= {
    "IDELTA": lambda s: _delta(s[-2:]),
    "IDERIV": _ideriv,
    "ACCEL": _acceleration,
    "INTERCEPT": lambda s: _line_at(s, s[0][0]) if s else None,
    "R2": _fit,
    "ZSCORE": _zscore,
    "CHANGES": lambda s: sum(a != b for a, b in _steps(s)),
    "MONOTONE_RUN": _run,
}
OVER_SAMPLES: dict[str, Callable[[list[Sample]], Value]] = {
    "FIRST_TIME": lambda s: s[0][0] if s else None,
    "LAST_TIME": lambda s: s[-1][0] if s else None,
}
OVER_FRAME: dict[str, Callable[[list[Sample], dict[str, Value], int], Value]] = {
    "EWMA": _ewma,
    "PREDICT": lambda s, options, end: _line_at(s, end + options["ahead"]),
    "TWA": lambda s, _, end: _time_weighted(s, end),
    "INTEGRAL": lambda s, _, end: _area(s, end),
}


Pair = tuple[Value, Value]


def _moments(pairs: list[Pair]) -> tuple[float, float, float, float, float]:
    """Return the means of x and y and the centred sums of x x, y y and x y."""
    n = len(pairs)
    mx, my = math.fsum(x for _, x in pairs) / n, math.fsum(y for y, _ in pairs) / n
    return (
        mx,
        my,
        math.fsum((x - mx) ** 2 for _, x in pairs),
        math.fsum((y - my) ** 2 for y, _ in pairs),
        math.fsum((x - mx) * (y - my) for y, x in pairs),
    )


def _regression(
    value: Callable[[float, float, float, float, float], Value],
) -> Callable[[list[Pair]], Value]:
    def compute(pairs: list[Pair]) -> Value:
        if not pairs:
            return None
        moments = _moments(pairs)
        return value(*moments)

    return compute


def _constant(values: list[Value]) -> bool:
    return len(set(values)) < 2


def _correlation(pairs: list[Pair]) -> float | None:
    if _constant([x for _, x in pairs]) or _constant([y for y, _ in pairs]):
        return None
    _, _, sxx, syy, sxy = _moments(pairs)
    return sxy / math.sqrt(sxx * syy)


def _of_line(
    value: Callable[[float, float, float, float, float], Value],
) -> Callable[[list[Pair]], Value]:
    def compute(pairs: list[Pair]) -> Value:
        return None if _constant([x for _, x in pairs]) else value(*_moments(pairs))

    return compute


def _fit_of_pairs(pairs: list[Pair]) -> float | None:
    if _constant([x for _, x in pairs]):
        return None
    correlation = _correlation(pairs)
    return 1.0 if correlation is None else correlation**2


OVER_PAIRS: dict[str, Callable[[list[Pair]], Value]] = {
    "ARG_MAX": lambda p: max(p, key=lambda pair: pair[1])[0] if p else None,
    "ARG_MIN": lambda p: min(p, key=lambda pair: pair[1])[0] if p else None,
    "CORR": _correlation,
    "REGR_SLOPE": _of_line(lambda mx, my, sxx, syy, sxy: sxy / sxx),
    "REGR_INTERCEPT": _of_line(lambda mx, my, sxx, syy, sxy: my - sxy / sxx * mx),
    "REGR_R2": _fit_of_pairs,
    "REGR_COUNT": len,
    "REGR_AVGX": _regression(lambda mx, my, sxx, syy, sxy: mx),
    "REGR_AVGY": _regression(lambda mx, my, sxx, syy, sxy: my),
    "REGR_SXX": _regression(lambda mx, my, sxx, syy, sxy: sxx),
    "REGR_SYY": _regression(lambda mx, my, sxx, syy, sxy: syy),
    "REGR_SXY": _regression(lambda mx, my, sxx, syy, sxy: sxy),
}
