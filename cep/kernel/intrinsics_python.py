"""The python side of the intrinsics: one function each, total over all int64 and float64 values.

CPython's math module calls the C library, as the machine code does; what raises there (domain errors,
overflow) is NaN here. `abs`-like functions that can never raise are taken from `math` unchanged.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

NULL_I64 = -(2**63)
MAX_I64 = 2**63 - 1
NAN = math.nan
_MASK = 2**64 - 1
_SIGN = 2**63
_FLOAT_AS_INT = (struct.Struct("<d"), struct.Struct("<q"))
CANONICAL_NAN_BITS = 0x7FF8000000000000


def wrap(value: int) -> int:
    """Return an integer reduced to int64 (two's complement)."""
    return ((value + _SIGN) & _MASK) - _SIGN


def _fits(value: int) -> int:
    return value if -_SIGN < value < _SIGN else NULL_I64


def add_i64(a: int, b: int) -> int:
    """Sum; NULL_I64 if an operand is NULL_I64 or the sum does not fit."""
    return NULL_I64 if NULL_I64 in (a, b) else _fits(a + b)


def sub_i64(a: int, b: int) -> int:
    """Difference; NULL_I64 as in `add_i64`."""
    return NULL_I64 if NULL_I64 in (a, b) else _fits(a - b)


def mul_i64(a: int, b: int) -> int:
    """Product; NULL_I64 as in `add_i64`."""
    return NULL_I64 if NULL_I64 in (a, b) else _fits(a * b)


def neg_i64(a: int) -> int:
    """Negation; NULL_I64 stays NULL_I64."""
    return NULL_I64 if a == NULL_I64 else -a


def abs_i64(a: int) -> int:
    """Absolute value; NULL_I64 stays NULL_I64."""
    return NULL_I64 if a == NULL_I64 else abs(a)


def div_i64(a: int, b: int) -> int:
    """Quotient truncated toward zero; NULL_I64 for a NULL_I64 operand or divisor 0."""
    if NULL_I64 in (a, b) or b == 0:
        return NULL_I64
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def mod_i64(a: int, b: int) -> int:
    """Remainder with the sign of the dividend; NULL_I64 as in `div_i64`."""
    if NULL_I64 in (a, b) or b == 0:
        return NULL_I64
    remainder = abs(a) % abs(b)
    return -remainder if a < 0 else remainder


def wrap_add(a: int, b: int) -> int:
    """Sum modulo 2**64, as int64."""
    return wrap(a + b)


def wrap_mul(a: int, b: int) -> int:
    """Product modulo 2**64, as int64."""
    return wrap(a * b)


def shift_left_wrap(a: int, n: int) -> int:
    """`a` shifted left by `n & 63`, modulo 2**64, as int64."""
    return wrap(a << (n & 63))


def shift_right_logical(a: int, n: int) -> int:
    """`a` as 64 bits shifted right by `n & 63`, zeros shifted in."""
    return wrap((a & _MASK) >> (n & 63))


def leading_zeros(a: int) -> int:
    """Number of zero bits above the highest one bit of `a` as 64 bits (64 for 0)."""
    return 64 - (a & _MASK).bit_length()


def trailing_zeros(a: int) -> int:
    """Number of zero bits below the lowest one bit of `a` as 64 bits (64 for 0)."""
    return (a & -a).bit_length() - 1 if a else 64


def bits_of_f64(x: float) -> int:
    """The 64 bits of a double as int64; every NaN gives the same bits."""
    if x != x:
        return CANONICAL_NAN_BITS
    to_bytes, to_int = _FLOAT_AS_INT
    return int(to_int.unpack(to_bytes.pack(x))[0])


def f64_of_bits(a: int) -> float:
    """The double with these 64 bits."""
    to_float, from_int = _FLOAT_AS_INT
    return float(to_float.unpack(from_int.pack(a))[0])


def to_f64(a: int) -> float:
    """int64 to double, rounded to nearest even; NULL_I64 gives NaN."""
    return NAN if a == NULL_I64 else float(a)


def to_i64(x: float) -> int:
    """Double to int64, truncated; NULL_I64 for NaN and outside the range."""
    return int(x) if -9223372036854775808.0 <= x < 9223372036854775808.0 else NULL_I64


def div_f64(a: float, b: float) -> float:
    """Quotient; NaN for divisor 0. May be infinite (see `finite`)."""
    return NAN if b == 0.0 else a / b


def finite(x: float) -> float:
    """`x`, or NaN if it is infinite."""
    return x if -math.inf < x < math.inf else NAN


def isnan(x: float) -> bool:
    """Whether `x` is NaN."""
    return x != x


def min_i64(a: int, b: int) -> int:
    """The smaller one."""
    return b if b < a else a


def max_i64(a: int, b: int) -> int:
    """The larger one."""
    return b if b > a else a


def min_f64(a: float, b: float) -> float:
    """`b if b < a else a`: of equal values and when either is NaN the first."""
    return b if b < a else a


def max_f64(a: float, b: float) -> float:
    """`b if b > a else a`: of equal values and when either is NaN the first."""
    return b if b > a else a


def where_i64(condition: bool, a: int, b: int) -> int:  # noqa: FBT001 - the order of the language
    """`a` if the condition holds, else `b`; both are evaluated."""
    return a if condition else b


def where_f64(condition: bool, a: float, b: float) -> float:  # noqa: FBT001 - as above
    """`a` if the condition holds, else `b`; both are evaluated."""
    return a if condition else b


def floor(x: float) -> float:
    """Largest integer not above `x`, as a double; NaN and infinities stay."""
    return math.copysign(float(math.floor(x)), x) if math.isfinite(x) else x


def ceil(x: float) -> float:
    """Smallest integer not below `x`, as a double; NaN and infinities stay."""
    return math.copysign(float(math.ceil(x)), x) if math.isfinite(x) else x


def trunc(x: float) -> float:
    """`x` without its fraction; NaN and infinities stay."""
    return math.copysign(float(math.trunc(x)), x) if math.isfinite(x) else x


def round_half_away(x: float) -> float:
    """Nearest integer, halves away from zero, as a double; NaN and infinities stay."""
    if not math.isfinite(x):
        return x
    whole = math.trunc(x)
    if abs(x - whole) >= 0.5:
        whole += 1 if x > 0 else -1
    return math.copysign(float(whole), x)


def guarded(function: Callable[[float], float]) -> Callable[[float], float]:
    """Return a function of the C library as an intrinsic: undefined or infinite results are NaN."""

    def call(x: float) -> float:
        try:
            return finite(function(x))
        except (ValueError, OverflowError):
            return NAN

    call.__name__ = function.__name__
    return call


def guarded_pair(function: Callable[[float, float], float]) -> Callable[[float, float], float]:
    """As `guarded`, for two arguments; NaN in gives NaN (C's `pow(nan, 0)` is 1)."""

    def call(a: float, b: float) -> float:
        if a != a or b != b:
            return NAN
        try:
            return finite(function(a, b))
        except (ValueError, OverflowError):
            return NAN

    call.__name__ = function.__name__
    return call
