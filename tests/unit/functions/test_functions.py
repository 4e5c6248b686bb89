"""Names, signatures, conversions and references of the scalar functions."""

from __future__ import annotations

import math
from typing import Any

import pytest

from cep.functions import FUNCTIONS, cast, find, names, resolve
from cep.functions.identity import match_id
from cep.types import MAX_I64, Type

INT, DOUBLE, STRING = Type.INT, Type.DOUBLE, Type.STRING
TIMESTAMP, DURATION, BOOLEAN, NULL = Type.TIMESTAMP, Type.DURATION, Type.BOOLEAN, Type.NULL

VALUES = [
    ("add", (MAX_I64, 1), None),
    ("add", (1e308, 1e308), None),
    ("sub", (None, 1), None),
    ("div", (1.0, 0.0), None),
    ("div", (7.0, 2.0), 3.5),
    ("int_div", (-7, 2), -3),
    ("int_div", (7, 0), None),
    ("mod", (-7, 3), -1),
    ("mod", (7, -3), 1),
    ("mod", (-7.5, 2.0), -1.5),
    ("and", (False, None), False),
    ("and", (True, None), None),
    ("or", (True, None), True),
    ("or", (False, None), None),
    ("is_distinct", (None, None), False),
    ("is_distinct", (None, 1), True),
    ("lt", ("Z", "a"), True),
    ("like", ("temperature", "temp%"), True),
    ("like", ("a_c", "a\\_c"), True),
    ("like", ("abc", "a\\_c"), False),
    ("like", ("a\nb", "a%b"), True),
    ("coalesce", (None, None, 3), 3),
    ("nullif", (1, 1), None),
    ("if", (None, 1, 2), 2),
    ("greatest", (1, None), None),
    ("greatest", (2.5, 1.0, 3.0), 3.0),
    ("least", ("b", "a"), "a"),
    ("round", (2.5,), 3.0),
    ("round", (-0.5,), -1.0),
    ("round", (0.49999999999999994,), 0.0),
    ("round", (2.345, 2), 2.35),
    ("round", (1234.5, -2), 1200.0),
    ("sqrt", (-1.0,), None),
    ("ln", (0.0,), None),
    ("log", (2.0, 8.0), 3.0),
    ("power", (2.0, 0.5), math.sqrt(2.0)),
    ("sign", (-2.5,), -1.0),
    ("pi", (), math.pi),
    ("substring", ("abcdef", 2, 3), "bcd"),
    ("substring", ("abcdef", 0, 2), "a"),
    ("substring", ("abc", 2), "bc"),
    ("left", ("abc", 2), "ab"),
    ("right", ("abc", 2), "bc"),
    ("position", ("c", "abc"), 3),
    ("strpos", ("abc", "x"), 0),
    ("split_part", ("a,b,c", ",", 2), "b"),
    ("split_part", ("a,b,c", ",", -1), "c"),
    ("lpad", ("7", 3, "0"), "007"),
    ("rpad", ("abc", 2), "ab"),
    ("repeat", ("ab", 3), "ababab"),
    ("repeat", ("ab", 10**9), None),
    ("replace", ("aXbX", "X", ""), "ab"),
    ("trim", ("  a ",), "a"),
    ("length", ("aé",), 2),
    ("concat", ("a", "b", "c"), "abc"),
    ("seconds", (1_500_000,), 1.5),
    ("make_minutes", (2,), 120_000_000),
    ("make_seconds", (0.5,), 500_000),
    ("year", (951_782_400_000_000,), 2000),
    ("month", (951_782_400_000_000,), 2),
    ("day", (951_782_400_000_000,), 29),
    ("day_of_week", (0,), 4),
    ("day_of_year", (951_782_400_000_000,), 60),
    ("hour", (-1,), 23),
    ("date_trunc", ("month", 951_782_400_000_000), 949_363_200_000_000),
    ("date_trunc", ("week", 0), -3 * 86_400_000_000),
    ("date_trunc", ("fortnight", 0), None),
    ("to_int", ("12x",), None),
    ("to_int", (" 12 ",), 12),
    ("to_int", (-2.9,), -2),
    ("to_int", (1e19,), None),
    ("to_double", ("1e3",), 1000.0),
    ("to_double", ("nan",), None),
    ("to_double", ("1_000",), None),
    ("to_boolean", ("FALSE",), False),
    ("to_string", (0.1,), "0.1"),
    ("to_string", (-0.0,), "0.0"),
    ("to_string", (True,), "true"),
    ("timestamp_to_string", (0,), "1970-01-01T00:00:00.000000Z"),
    ("to_timestamp", ("2024-01-01T00:00:00Z",), 1_704_067_200_000_000),
    ("to_duration", ("1h30m",), 5_400_000_000),
    ("to_duration", ("soon",), None),
]


@pytest.mark.parametrize(("name", "arguments", "wanted"), VALUES)
def test_reference(name: str, arguments: tuple[Any, ...], wanted: Any) -> None:
    got = FUNCTIONS[name].scalar(*arguments)
    assert got == wanted
    assert type(got) is type(wanted)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_strict_functions_give_null_for_null(name: str) -> None:
    function = FUNCTIONS[name]
    if not function.strict:
        return
    for signature in function.signatures:
        if signature.args:
            assert function.scalar(*[None] * len(signature.args)) is None


def test_names() -> None:
    for text, name in [
        ("Substr", "substring"),
        ("DIV", "int_div"),
        ("ceiling", "ceil"),
        ("POW", "power"),
    ]:
        function = find(text)
        assert function is not None
        assert function.name == name
    assert find("add") is None
    assert "timestamp" in names()


def test_every_host_name_exists() -> None:
    for function in FUNCTIONS.values():
        for signature in function.signatures:
            assert not signature.host or signature.host in FUNCTIONS


@pytest.mark.parametrize(
    ("name", "types", "wants", "result"),
    [
        ("add", (INT, INT), (INT, INT), INT),
        ("add", (INT, DOUBLE), (DOUBLE, DOUBLE), DOUBLE),
        ("div", (INT, INT), (DOUBLE, DOUBLE), DOUBLE),
        ("sub", (TIMESTAMP, TIMESTAMP), (TIMESTAMP, TIMESTAMP), DURATION),
        ("add", (TIMESTAMP, DURATION), (TIMESTAMP, DURATION), TIMESTAMP),
        ("mul", (INT, DURATION), (INT, DURATION), DURATION),
        ("greatest", (INT, DOUBLE, INT), (DOUBLE, DOUBLE, DOUBLE), DOUBLE),
        ("seconds", (DURATION,), (DURATION,), DOUBLE),
        ("seconds", (INT,), (INT,), DURATION),
        ("coalesce", (NULL, STRING), (STRING, STRING), STRING),
        ("round", (DOUBLE, INT), (DOUBLE, INT), DOUBLE),
    ],
)
def test_resolve(name: str, types: Any, wants: Any, result: Type) -> None:
    found = resolve(FUNCTIONS[name], types)
    assert found is not None
    assert (found.wants, found.result) == (wants, result)


def test_resolve_refuses() -> None:
    assert resolve(FUNCTIONS["add"], (TIMESTAMP, INT)) is None
    assert resolve(FUNCTIONS["upper"], (INT,)) is None
    assert resolve(FUNCTIONS["upper"], (STRING, STRING)) is None


def test_casts() -> None:
    assert cast(STRING, DOUBLE) == "to_double"
    assert cast(STRING, TIMESTAMP, strict=False) == "to_timestamp"
    assert cast(INT, INT) == ""
    assert cast(BOOLEAN, TIMESTAMP) is None


def test_match_id_is_stable() -> None:
    first = match_id("w4", "", "readings", 7, "r1", None)
    assert first == match_id("w4", "", "readings", 7, "r1", None)
    assert len(first) == 16
    assert first != match_id("w4", "2", "readings", 7, "r1", None)
    assert first != match_id("w4", "", "readings", 8, "r1", None)
