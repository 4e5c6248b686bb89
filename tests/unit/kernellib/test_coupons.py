"""APPROX_DISTINCT: the coupon in the kernel is that of Python, and the estimate is near the number of values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.functions import FUNCTIONS
from cep.types import NULL_I64
from tests.unit.kernellib.test_panes_and_sums import routines

ROOM = routines("coupons")
COUPON = FUNCTIONS["coupon"].scalar
STANDARD_ERROR = 0.6931 / 64


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_coupon_of_an_integer(value: int) -> None:
    assert ROOM["coupon_i64"](value) == COUPON(value)


@given(st.floats(allow_nan=False))
def test_coupon_of_a_double(value: float) -> None:
    assert ROOM["coupon_f64"](value) == COUPON(value)


def test_zeros_are_one_value_and_null_has_no_coupon() -> None:
    assert COUPON(0.0) == COUPON(-0.0)
    assert ROOM["coupon_i64"](NULL_I64) == NULL_I64
    assert ROOM["coupon_f64"](float("nan")) == NULL_I64
    assert COUPON(None) is None


@pytest.mark.parametrize("coupons", [0, 1, 2, 10, 50, 100])
def test_few_coupons_are_as_many_values(coupons: int) -> None:
    assert ROOM["drawn_from"](coupons) == coupons


@pytest.mark.parametrize("n", [1_000, 5_000, 20_000, 60_000])
@pytest.mark.parametrize("kind", [int, float, str])
def test_an_estimate_lies_within_four_standard_errors(n: int, kind: type) -> None:
    coupons = {COUPON(kind(value)) for value in range(n)}
    assert abs(ROOM["drawn_from"](len(coupons)) / n - 1) < 4 * STANDARD_ERROR


def test_more_coupons_are_never_fewer_values() -> None:
    told = [ROOM["drawn_from"](coupons) for coupons in (*range(0, 20_000, 997), 100_000, 212_992)]
    assert told == sorted(told)
    assert told[-1] > 10**14
