"""Kernel routines: exact sums of int64 values, kept as two halves `high * 2**32 + low`.

Source: superaccumulators in the small: both halves are exact for up to 2**31 terms, so the sum depends
neither on the order of its terms nor on overflows on the way.
"""


def whole_value(high: int, low: int) -> int:
    """Return `high * 2**32 + low`, NULL_I64 if it does not fit into int64. Cost: O(1)."""
    top = high + (low >> 32)
    if top < -2147483648 or top > 2147483647:
        return NULL_I64
    return (top << 32) + (low & 4294967295)


def whole_double(high: int, low: int) -> float:
    """Return `high * 2**32 + low` as a double, exactly rounded up to 2**53. Cost: O(1)."""
    value = whole_value(high, low)
    if value != NULL_I64:
        return float(value)
    return float(high) * 4294967296.0 + float(low)


def whole_mean(high: int, low: int, n: int) -> int:
    """Return `(high * 2**32 + low)` divided by n > 0 and truncated toward zero.

    high, low: the two halves; n: number of terms, so the mean always fits. Cost: O(1).
    """
    value = whole_value(high, low)
    if value != NULL_I64:
        return div_i64(value, n)
    # Long division of the halves, on the absolute value.
    top = high + (low >> 32)
    rest = low & 4294967295
    negative = 0
    if top < 0:
        negative = 1
        top = -top
        if rest > 0:
            top = top - 1
            rest = 4294967296 - rest
    quotient = top // n
    mean = (quotient << 32) + ((top - quotient * n) * 4294967296 + rest) // n
    if negative == 1:
        return -mean
    return mean
