"""Kernel routines: least-squares lines from centred moments (see `cep/aggregates/slots/moments.py`)."""


def line_slope(
    n: int,
    first_ts: int,
    mean_t: float,
    mean: float,
    stt: float,
    stv: float,
    last_ts: int,
    last: float,
) -> float:
    """Return the slope per second over n > 0 samples and one more, (last_ts, last).

    first_ts, last_ts: us; mean_t: mean time of the n samples in seconds since first_ts; mean: of their
    values; stt, stv: centred sums of t * t and t * v. Cost: O(1).
    """
    weight = div_f64(n, n + 1)
    dt = div_f64(last_ts - first_ts, 1000000.0) - mean_t
    dv = last - mean
    return div_f64(stv + dt * dv * weight, stt + dt * dt * weight)


def line_value(
    n: int,
    first_ts: int,
    mean_t: float,
    mean: float,
    stt: float,
    stv: float,
    last_ts: int,
    last: float,
    at: int,
) -> float:
    """Return the value of the least-squares line at the instant `at` (us). Cost: O(1).

    The arguments before it are those of `line_slope`.
    """
    slope = line_slope(n, first_ts, mean_t, mean, stt, stv, last_ts, last)
    centre = mean_t + div_f64(div_f64(last_ts - first_ts, 1000000.0) - mean_t, n + 1)
    middle = mean + div_f64(last - mean, n + 1)
    return middle + slope * (div_f64(at - first_ts, 1000000.0) - centre)


def line_fit(
    n: int,
    first_ts: int,
    mean_t: float,
    mean: float,
    stt: float,
    stv: float,
    svv: float,
    last_ts: int,
    last: float,
) -> float:
    """Return the coefficient of determination of the line, 1.0 if all values are equal. Cost: O(1).

    svv: centred sum of v * v; the other arguments are those of `line_slope`.
    """
    weight = div_f64(n, n + 1)
    dt = div_f64(last_ts - first_ts, 1000000.0) - mean_t
    dv = last - mean
    whole = svv + dv * dv * weight
    if whole == 0.0:
        return 1.0
    both = stv + dt * dv * weight
    return div_f64(both * div_f64(both, stt + dt * dt * weight), whole)
