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
