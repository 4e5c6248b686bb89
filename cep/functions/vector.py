"""Numpy forms that need more than one operation: checked integer arithmetic, casts, string tables.

Each gives exactly what the intrinsic or kernellib function of the same name gives, row by row. Callers
switch numpy's floating-point warnings off (`np.errstate`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cep.types import NULL_I64

__all__ = [
    "NULL_I64",
    "abs_i64",
    "add_i64",
    "as_column",
    "div_f64",
    "finite",
    "look_up",
    "mul_i64",
    "neg_i64",
    "round_half_away",
    "round_to",
    "sub_i64",
    "to_f64",
    "trunc_i64",
]

Column = Any  # a numpy column, or a Python number standing for all rows

_POWERS = np.cumprod(np.array([1.0] + [10.0] * 22))


def add_i64(a: Column, b: Column) -> Column:
    """Sum; NULL for a NULL operand or a sum that does not fit."""
    total = np.add(a, b, dtype=np.int64)
    # The sum overflowed iff both operands have the sign the sum has not.
    wrong = ((total ^ a) & (total ^ b)) < 0
    return np.where(wrong | _either_null(a, b), NULL_I64, total)


def sub_i64(a: Column, b: Column) -> Column:
    """Difference; NULL for a NULL operand or a difference that does not fit."""
    rest = np.subtract(a, b, dtype=np.int64)
    wrong = ((np.asarray(a) ^ b) & (rest ^ a)) < 0
    return np.where(wrong | _either_null(a, b), NULL_I64, rest)


def mul_i64(a: Column, b: Column) -> Column:
    """Product; NULL for a NULL operand or a product that does not fit."""
    left, right = np.broadcast_arrays(np.asarray(a, np.int64), np.asarray(b, np.int64))
    product = left * right
    # The double product decides: where it is far from the limit the integer product is exact; near it
    # (never in practice) Python integers decide row by row.
    size = np.abs(left.astype(np.float64) * right.astype(np.float64))
    null = _either_null(left, right) | (size > 9.3e18)
    near = np.flatnonzero((size > 9.1e18) & (size <= 9.3e18) & ~null)
    if len(near):
        null = null.copy()
        exact = left[near].astype(object) * right[near].astype(object)
        null[near] = [not -(2**63) < int(v) < 2**63 for v in exact]
    return np.where(null, NULL_I64, product)


def neg_i64(a: Column) -> Column:
    """Negation; NULL stays NULL (the negation of the sentinel is the sentinel)."""
    return np.negative(a)


def abs_i64(a: Column) -> Column:
    """Absolute value; NULL stays NULL."""
    return np.abs(a)


def to_f64(a: Column) -> Column:
    """Integer to double; NULL gives NaN."""
    values = np.asarray(a)
    return np.where(values == NULL_I64, np.nan, values.astype(np.float64))


def div_f64(a: Column, b: Column) -> Column:
    """Quotient; NaN for divisor 0."""
    return np.where(np.equal(b, 0.0), np.nan, np.divide(a, b))


def finite(x: Column) -> Column:
    """`x` with infinities made NaN."""
    return np.where(np.isfinite(x), x, np.nan)


def trunc_i64(x: Column) -> Column:
    """Double to integer, truncated; NULL for NaN and outside the range."""
    values = np.asarray(x, np.float64)
    inside = (values >= -9223372036854775808.0) & (values < 9223372036854775808.0)
    return np.where(inside, np.where(inside, values, 0.0).astype(np.int64), NULL_I64)


def round_half_away(x: Column) -> Column:
    """Nearest integer as a double, halves away from zero."""
    whole = np.trunc(x)
    return np.where(np.abs(x - whole) >= 0.5, whole + np.copysign(1.0, x), whole)


def round_to(x: Column, digits: Column) -> Column:
    """Value rounded to decimal places, as `cep.kernellib.scalars.round_to`."""
    places = np.asarray(digits)
    scale = _POWERS[np.minimum(np.abs(np.where(places == NULL_I64, 0, places)), 22)]
    up = np.multiply(x, scale)
    fine = np.where(np.isfinite(up), round_half_away(up) / scale, x)
    coarse = round_half_away(np.divide(x, scale)) * scale
    return np.where(places == NULL_I64, np.nan, np.where(places >= 0, fine, coarse))


def look_up(table: Column, codes: Column, null: int | float) -> Column:
    """Cells of a table indexed by string code; `null` for code -1."""
    codes = np.asarray(codes)
    if len(table) == 0:
        return np.full(codes.shape, null, dtype=table.dtype)
    return np.where(codes >= 0, table.take(codes, mode="clip"), table.dtype.type(null))


def as_column(value: Column, rows: int, dtype: Any) -> np.ndarray:
    """A value as a column of `rows` cells of a dtype; a number stands in all of them."""
    column = np.asarray(value, dtype)
    return column if column.ndim else np.full(rows, column)


def _either_null(a: Column, b: Column) -> Column:
    return np.equal(a, NULL_I64) | np.equal(b, NULL_I64)
