"""Translating Python functions: what is taken gives Python's values, bit for bit; what is not is named."""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from cep.functions import FUNCTIONS
from cep.plan.constants import fold
from cep.plan.expressions import Call, Expr, Literal
from cep.plan.python_source import UntranslatableError, applied, translate
from cep.plan.tree import rebuild, walk
from cep.types import Type
from tests.data.functions.geo import clamped, haversine_km, share

if TYPE_CHECKING:
    from collections.abc import Callable

ZERO_C = 273.15
LIST = [1.0]


def heat_index(celsius: float, humidity: float) -> float:
    fahrenheit = celsius * 9 / 5 + 32
    if humidity <= 40 or not (80.0 <= 1.0):
        return (fahrenheit - 32) / 1.8
    low: float = 0.5 * (fahrenheit + 61.0 + (fahrenheit - 68.0) * 1.2 + humidity * 0.094)
    return (low - 32) / 1.8 + ZERO_C - ZERO_C


def dew_point(t: float, rh: float) -> float:
    gamma = math.log(rh / 100) + 17.62 * t / (243.12 + t)
    return 243.12 * gamma / (17.62 - gamma)


def curves(x: float, y: float) -> float:
    a, b = math.exp(-abs(x)), math.atan2(y, x)
    return +(max(a, b, 0.1) ** 2) - min(math.tanh(x), math.cosh(b)) / math.pow(2, 3) + math.sqrt(y)


def chained(x: float, y: float) -> float:
    return 1 / x if 0 <= x < y != 3 and (x > 1 or y > 1) else -x


def unused(x: float, y: float) -> float:
    lost = 1 / y
    del_ = lost * 2
    return x if x > 0 else del_


TAKEN: list[Callable[..., float]] = [
    heat_index,
    dew_point,
    curves,
    chained,
    unused,
    share,
]


def run(function: Callable[..., Any], *args: float) -> float | None:
    """Python's value; none where it raises or gives no number."""
    try:
        value = function(*args)
    except (ArithmeticError, ValueError):
        return None
    return value if isinstance(value, float) and math.isfinite(value) else None


def value_of(body: Expr, *args: float) -> Any:
    """The value of a translated body for constants."""
    found = applied(body, [Literal(a, Type.DOUBLE) for a in args])
    assert found is not None
    folded = fold_all(found)
    assert isinstance(folded, Literal)
    return folded.value


def fold_all(expr: Expr) -> Expr:
    return rebuild(expr, fold)


def numbers(seed: int) -> list[tuple[float, float]]:
    random = Random(seed)
    special = [0.0, 1.0, -1.0, 3.0, 40.0, 100.0]

    def one() -> float:
        return random.choice(special) if random.random() < 0.3 else random.uniform(-120, 120)

    return [(one(), one()) for _ in range(300)]


@pytest.mark.parametrize("function", TAKEN, ids=lambda f: f.__name__)
def test_values_are_those_of_python(function: Callable[..., float]) -> None:
    body = translate(function, 2)
    for pair in numbers(7):
        assert value_of(body, *pair) == run(function, *pair), pair


def test_more_parameters() -> None:
    body = translate(haversine_km, 4)
    between = translate(clamped, 3)
    for first, second in zip(numbers(1), numbers(2), strict=True):
        assert value_of(body, *first, *second) == run(haversine_km, *first, *second)
        assert value_of(between, *first, second[0]) == run(clamped, *first, second[0])


def test_null_arguments_give_null_even_where_no_branch_reads_them() -> None:
    body = translate(unused, 2)
    none = Literal(None, Type.DOUBLE)
    for args in ([Literal(1.0, Type.DOUBLE), none], [none, Literal(1.0, Type.DOUBLE)]):
        found = applied(body, args)
        assert found is not None
        assert fold_all(found) == Literal(None, Type.DOUBLE)


def test_every_call_of_a_translation_has_a_signature() -> None:
    for function in TAKEN:
        for part in walk(translate(function, 2)):
            if hasattr(part, "function"):
                types = tuple(a.type for a in part.args)
                assert FUNCTIONS[part.function].signature(types) is not None


def modulo(x: float) -> float:
    return x % 2


def listed(x: float) -> float:
    return x + LIST[0]


def looped(x: float) -> float:
    while x > 1:
        x /= 2
    return x


def computed_test(x: float) -> float:
    return 1.0 if math.sqrt(x) > 2 else 0.0


def helper(x: float) -> float:
    return modulo(x)


def no_end(x: float) -> None:
    """No return."""


def starred(*xs: float) -> float:
    return xs[0]


def truth(x: float) -> float:
    return 1.0 if x else 0.0


def long(x: float) -> float:
    a = x + x
    b = a * a * a * a * a
    c = b * b * b * b * b
    d = c * c * c * c * c
    return d * d * d * d * d


def captured(scale: float) -> Callable[[float], float]:
    def scaled(x: float) -> float:
        return x * scale

    return scaled


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (modulo, "it has `x % 2`"),
        (listed, "it has `LIST[0]`"),
        (looped, "it has `while x > 1: x /= 2`"),
        (computed_test, "it compares math.sqrt(x), which is computed"),
        (helper, "it calls modulo"),
        (no_end, "it may end without a result"),
        (starred, "its parameters are not plain ones"),
        (truth, "it has `x`"),
        (long, "it is too long"),
        (captured(2.0), "it reads more than its parameters"),
        (math.floor, "it is no function written with def"),
        (lambda x: x, "it is no plain function written with def"),
    ],
)
def test_what_stays_in_python_says_why(function: Callable[..., Any], reason: str) -> None:
    with pytest.raises(UntranslatableError) as caught:
        translate(function, 1)
    assert str(caught.value) == reason


def test_long_arguments_keep_the_call() -> None:
    body = translate(haversine_km, 4)
    long_one: Expr = Literal(1.0, Type.DOUBLE)
    for _ in range(200):
        long_one = Call("neg", (long_one,), Type.DOUBLE)
    assert applied(body, [long_one] * 4) is None
    assert applied(body, [Literal(1.0, Type.DOUBLE)] * 4) is not None
