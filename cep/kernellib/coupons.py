"""Kernel routines: how many different values there are, estimated from the coupons they draw (APPROX_DISTINCT).

A value draws one coupon (bucket, level) by a hash: one of 4096 buckets evenly, level l with probability 2^-(l+1).
Equal values draw equal coupons, so a count of different coupons tells how many different values drew them.

Sources: P. Flajolet, G. N. Martin, "Probabilistic counting algorithms for data base applications", JCSS 31, 1985
(the matrix of buckets and levels); K. Lang, "Back to the future: an even more nearly optimal cardinality
estimation algorithm", arXiv:1708.06839, 2017 (the estimate from the number of coupons alone; relative standard
error ln 2 / sqrt(buckets), 1.1 %); S. Vigna's splitmix64 for the hash.
"""


def coupon_i64(value: int) -> int:
    """Return the coupon of a value, `64 * bucket + level`; NULL_I64 of NULL. Cost: O(1)."""
    if value == NULL_I64:
        return NULL_I64
    mixed = wrap_add(value, -7046029254386353131)
    mixed = wrap_mul(mixed ^ shift_right_logical(mixed, 30), -4658895280553007687)
    mixed = wrap_mul(mixed ^ shift_right_logical(mixed, 27), -7723592293110705685)
    mixed = mixed ^ shift_right_logical(mixed, 31)
    level = trailing_zeros(shift_right_logical(mixed, 12) | 1 << 51)
    return 64 * (mixed & 4095) + level


def coupon_f64(x: float) -> int:
    """Return the coupon of a double, minus zero is zero; NULL_I64 of NaN. Cost: O(1)."""
    if isnan(x):
        return NULL_I64
    return coupon_i64(bits_of_f64(x + 0.0))


def drawn_from(coupons: int) -> int:
    """Return the number of values that draw this many different coupons on average, to the nearest integer.

    n values draw 4096 * sum over l of (1 - exp(-n * p(l) / 4096)) on average. The sum is concave in n, so Newton's
    method from n = coupons comes up to the solution from below. Cost: O(51 * steps), about ten steps.
    """
    if coupons < 2:
        return coupons
    wanted = float(coupons)
    n = wanted
    for _ in range(400):
        mean = 0.0
        slope = 0.0
        rate = 0.0001220703125
        for level in range(52):
            missed = exp(-n * rate)
            mean += 4096.0 * (1.0 - missed)
            slope += 4096.0 * rate * missed
            if level < 50:
                rate = rate * 0.5
        step = div_f64(wanted - mean, slope)
        if isnan(step) or step < 0.0001:
            return to_i64(round_half_away(n))
        n = min_f64(n + step, 1.0e15)
    return to_i64(round_half_away(n))
