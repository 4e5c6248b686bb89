"""Kernel routines: counters that only grow, except for resets (language.md, ruling 32).

A step from sample `p` to the next one `v` grows by `v - p`, or by `v` when the counter was reset
(`v < p`). Of int64 samples the step is taken in two halves (see `whole.py`). `total_..` adds to the steps
between the samples of a frame, all but the last, those at its ends: from the baseline (the sample before
the frame, `base_ts` NULL_I64 if there is none) to the first sample, and to the last sample.
"""


def counter_step(p: float, v: float) -> float:
    """Return the growth from p to v. Cost: O(1)."""
    if v < p:
        return v
    return v - p


def counter_high(p: int, v: int) -> int:
    """Return the upper half of the growth from p to v. Cost: O(1)."""
    if v < p:
        return v >> 32
    return (v >> 32) - (p >> 32)


def counter_low(p: int, v: int) -> int:
    """Return the lower half of the growth from p to v. Cost: O(1)."""
    if v < p:
        return v & 4294967295
    return (v & 4294967295) - (p & 4294967295)


def counter_reset(p: float, v: float) -> int:
    """Return 1 if v is below p, else 0. Cost: O(1)."""
    return int(v < p)


def whole_reset(p: int, v: int) -> int:
    """Return 1 if v is below p, else 0. Cost: O(1)."""
    return int(v < p)


def total_step(
    grown: float,
    base_ts: int,
    base: float,
    first_ts: int,
    first: float,
    before: float,
    last_ts: int,
    last: float,
) -> float:
    """Return the growth over a frame; 0.0 without samples. Cost: O(1)."""
    if first_ts == NULL_I64:
        return 0.0
    total = grown
    if first_ts != last_ts:
        total = total + counter_step(before, last)
    if base_ts != NULL_I64:
        total = total + counter_step(base, first)
    return total


def total_high(
    high: int,
    base_ts: int,
    base: int,
    first_ts: int,
    first: int,
    before: int,
    last_ts: int,
    last: int,
) -> int:
    """Return the upper half of the growth over a frame. Cost: O(1)."""
    if first_ts == NULL_I64:
        return 0
    total = high
    if first_ts != last_ts:
        total = total + counter_high(before, last)
    if base_ts != NULL_I64:
        total = total + counter_high(base, first)
    return total


def total_low(
    low: int,
    base_ts: int,
    base: int,
    first_ts: int,
    first: int,
    before: int,
    last_ts: int,
    last: int,
) -> int:
    """Return the lower half of the growth over a frame. Cost: O(1)."""
    if first_ts == NULL_I64:
        return 0
    total = low
    if first_ts != last_ts:
        total = total + counter_low(before, last)
    if base_ts != NULL_I64:
        total = total + counter_low(base, first)
    return total


def total_resets(
    resets: int,
    base_ts: int,
    base: float,
    first_ts: int,
    first: float,
    before: float,
    last_ts: int,
    last: float,
) -> int:
    """Return the number of decreases in a frame of DOUBLE samples. Cost: O(1)."""
    if first_ts == NULL_I64:
        return 0
    total = resets
    if first_ts != last_ts:
        total = total + counter_reset(before, last)
    if base_ts != NULL_I64:
        total = total + counter_reset(base, first)
    return total


def whole_total_resets(
    resets: int,
    base_ts: int,
    base: int,
    first_ts: int,
    first: int,
    before: int,
    last_ts: int,
    last: int,
) -> int:
    """Return the number of decreases in a frame of int64 samples. Cost: O(1)."""
    if first_ts == NULL_I64:
        return 0
    total = resets
    if first_ts != last_ts:
        total = total + whole_reset(before, last)
    if base_ts != NULL_I64:
        total = total + whole_reset(base, first)
    return total


def counter_elapsed(base_ts: int, first_ts: int, last_ts: int) -> int:
    """Return the us from the first element (the baseline, if there is one) to the last. Cost: O(1)."""
    if base_ts != NULL_I64:
        return last_ts - base_ts
    return last_ts - first_ts


def counter_one(p: float, v: float) -> int:
    """Return 1: the number of steps from p to v. Cost: O(1)."""
    return 1


def extrapolated(
    grown: float,
    steps: int,
    first_ts: int,
    first: float,
    before: float,
    last_ts: int,
    last: float,
    start: int,
    end: int,
) -> float:
    """Return the growth over two samples or more, stretched to the bounds of the frame. Cost: O(1).

    grown, steps: over the samples but the last; start, end: bounds of the frame, us. The stretch to a bound
    ends after half a mean step when the bound is more than 1.1 mean steps away, and where the counter was 0.
    """
    growth = grown + counter_step(before, last)
    sampled = div_f64(last_ts - first_ts, 1.0)
    step = div_f64(sampled, steps + 1)
    to_start = div_f64(first_ts - start, 1.0)
    to_end = div_f64(end - last_ts, 1.0)
    if to_start >= step * 1.1:
        to_start = div_f64(step, 2.0)
    if growth > 0.0 and first >= 0.0:
        to_start = min_f64(to_start, sampled * div_f64(first, growth))
    if to_end >= step * 1.1:
        to_end = div_f64(step, 2.0)
    return growth * div_f64(sampled + to_start + to_end, sampled)
