"""Kernel routines: runs of rising and falling values, decayed means, areas (see `cep/aggregates/slots/trends.py`)."""


def run_step(run: int, p: float, v: float) -> int:
    """Return the signed run after a step from p to v; 0 when they are equal. Cost: O(1)."""
    if v > p:
        return max_i64(run, 0) + 1
    if v < p:
        return min_i64(run, 0) - 1
    return 0


def whole_run_step(run: int, p: int, v: int) -> int:
    """Return the signed run after a step from p to v; 0 when they are equal. Cost: O(1)."""
    if v > p:
        return max_i64(run, 0) + 1
    if v < p:
        return min_i64(run, 0) - 1
    return 0


def run_join(run: int, later: int, steps: int) -> int:
    """Return the run after `steps` more steps that end with the run `later`. Cost: O(1)."""
    if steps == 0:
        return run
    if abs_i64(later) == steps and (run > 0) == (later > 0) and run != 0:
        return run + later
    return later


def time_decay(elapsed: int, tau: int) -> float:
    """Return what is left of a mean after `elapsed` us: exp(-elapsed / tau). Cost: O(1)."""
    return exp(0.0 - div_f64(elapsed, tau))


def step_decay(elapsed: int, alpha: float) -> float:
    """Return what is left of a mean after one more sample: 1 - alpha. Cost: O(1)."""
    return 1.0 - alpha


def decayed(first: float, keep: float, gain: float, left: float, last: float) -> float:
    """Return the mean after the last sample, of which `left` of the mean before stays. Cost: O(1)."""
    return (keep * first + gain) * left + (1.0 - left) * last


def held_area(total: float, last_ts: int, last: float, end: int) -> float:
    """Return an area in value x seconds whose last value holds to `end` (us). Cost: O(1)."""
    return total + last * div_f64(end - last_ts, 1000000.0)


def acceleration(
    third_ts: int, third: float, second_ts: int, second: float, last_ts: int, last: float
) -> float:
    """Return the change of the rate of change over three samples, per second and second. Cost: O(1)."""
    newer = div_f64(last - second, last_ts - second_ts)
    older = div_f64(second - third, second_ts - third_ts)
    return div_f64(newer - older, last_ts - second_ts) * 1000000.0 * 1000000.0
