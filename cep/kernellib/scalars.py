"""Kernel routines: scalar functions that are more than one intrinsic; all NULL for a NULL argument."""


def greatest_i64(a: int, b: int) -> int:
    """Return the larger one, NULL_I64 if either is NULL. Cost: O(1)."""
    if a == NULL_I64 or b == NULL_I64:
        return NULL_I64
    return max_i64(a, b)


def greatest_f64(a: float, b: float) -> float:
    """Return the larger one, NaN if either is NaN. Cost: O(1)."""
    if isnan(b):
        return b
    return max_f64(a, b)


def least_f64(a: float, b: float) -> float:
    """Return the smaller one, NaN if either is NaN. Cost: O(1)."""
    if isnan(b):
        return b
    return min_f64(a, b)


def sign_i64(a: int) -> int:
    """Return -1, 0 or 1, NULL_I64 for NULL. Cost: O(1)."""
    if a == NULL_I64 or a == 0:
        return a
    if a > 0:
        return 1
    return -1


def sign_f64(x: float) -> float:
    """Return -1.0, 0.0 or 1.0, NaN for NaN. Cost: O(1)."""
    if x > 0.0:
        return 1.0
    if x < 0.0:
        return -1.0
    return x


def round_to(x: float, digits: int) -> float:
    """Return `x` rounded to decimal places (negative: to tens, hundreds), halves away from zero.

    A value too large to be scaled up has no decimal places and is returned as it is. Cost: O(digits).
    """
    if digits == NULL_I64:
        return NAN
    scale = 1.0
    for _ in range(min_i64(abs_i64(digits), 22)):
        scale = scale * 10.0
    if digits >= 0:
        up = x * scale
        if isnan(finite(up)):
            return x
        return div_f64(round_half_away(up), scale)
    return round_half_away(div_f64(x, scale)) * scale
