"""Operators: arithmetic, comparisons, logic, IS .., LIKE and ||; what the signs of rule text mean.

Comparisons and logic have no kernel template: the code generator writes them as conditions in their two
forms (`cep.codegen.forms`).
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

from cep.functions.function import Function, Signature
from cep.functions.reference import round_half_away, strict, truncated
from cep.types import NESTED_TYPES, PLAIN_TYPES, Type

BOOLEAN, INT, DOUBLE, STRING = Type.BOOLEAN, Type.INT, Type.DOUBLE, Type.STRING
TIMESTAMP, DURATION = Type.TIMESTAMP, Type.DURATION
ORDERED = PLAIN_TYPES
VALUES = (*ORDERED, *NESTED_TYPES)


def _checked(name: str, left: Type, right: Type, result: Type) -> Signature:
    """Return integer arithmetic by an intrinsic: NULL for NULL and for overflow."""
    text = f"{name}({{0}}, {{1}})"
    return Signature((left, right), result, kernel=text, numpy=text)


def _plain(sign: str) -> Signature:
    """Return arithmetic of doubles; an infinite result stands for NULL."""
    text = f"({{0}} {sign} {{1}})"
    return Signature((DOUBLE, DOUBLE), DOUBLE, text, text, infinite=True, carries=(0, 1))


def _add(a: Any, b: Any) -> Any:
    return a + b


def _sub(a: Any, b: Any) -> Any:
    return a - b


def _mul(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, float):  # DURATION * DOUBLE
        return truncated(round_half_away(float(a) * b))
    return _mul(b, a) if isinstance(a, float) and isinstance(b, int) else a * b


def _div(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, float):  # DURATION / DOUBLE
        return truncated(round_half_away(float(a) / b))
    return float(a) / float(b)


def _int_div(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _mod(a: Any, b: Any) -> Any:
    if isinstance(a, float):
        return math.fmod(a, b)
    rest = abs(a) % abs(b)
    return -rest if a < 0 else rest


_SCALED = "to_i64(round_half_away(to_f64({0}) {sign} {1}))"
_DIV_SCALED = "to_i64(round_half_away(div_f64(to_f64({0}), {1})))"

ARITHMETIC = (
    Function(
        "add",
        (
            _checked("add_i64", INT, INT, INT),
            _plain("+"),
            _checked("add_i64", TIMESTAMP, DURATION, TIMESTAMP),
            _checked("add_i64", DURATION, TIMESTAMP, TIMESTAMP),
            _checked("add_i64", DURATION, DURATION, DURATION),
        ),
        strict(_add),
        operator=True,
        doc="a + b",
    ),
    Function(
        "sub",
        (
            _checked("sub_i64", INT, INT, INT),
            _plain("-"),
            _checked("sub_i64", TIMESTAMP, TIMESTAMP, DURATION),
            _checked("sub_i64", TIMESTAMP, DURATION, TIMESTAMP),
            _checked("sub_i64", DURATION, DURATION, DURATION),
        ),
        strict(_sub),
        operator=True,
        doc="a - b",
    ),
    Function(
        "mul",
        (
            _checked("mul_i64", INT, INT, INT),
            _plain("*"),
            _checked("mul_i64", DURATION, INT, DURATION),
            _checked("mul_i64", INT, DURATION, DURATION),
            Signature((DURATION, DOUBLE), DURATION, _SCALED.replace("{sign}", "*")),
            Signature((DOUBLE, DURATION), DURATION, "to_i64(round_half_away({0} * to_f64({1})))"),
        ),
        strict(_mul),
        operator=True,
        doc="a * b",
    ),
    Function(
        "div",
        (
            Signature(
                (DOUBLE, DOUBLE),
                DOUBLE,
                "div_f64({0}, {1})",
                "div_f64({0}, {1})",
                infinite=True,
                carries=(0,),
            ),
            Signature(
                (DURATION, DURATION),
                DOUBLE,
                "div_f64(to_f64({0}), to_f64({1}))",
                "div_f64(to_f64({0}), to_f64({1}))",
            ),
            Signature((DURATION, DOUBLE), DURATION, _DIV_SCALED),
        ),
        strict(_div),
        operator=True,
        doc="a / b, always DOUBLE for numbers; NULL for b = 0",
    ),
    Function(
        "int_div",
        (
            Signature((INT, INT), INT, "div_i64({0}, {1})"),
            Signature((DURATION, DURATION), INT, "div_i64({0}, {1})"),
        ),
        strict(_int_div),
        aliases=("div",),
        doc="DIV(a, b): quotient truncated toward zero",
    ),
    Function(
        "mod",
        (
            Signature((INT, INT), INT, "mod_i64({0}, {1})"),
            Signature((DOUBLE, DOUBLE), DOUBLE, "mod_f64({0}, {1})"),
            Signature((DURATION, DURATION), DURATION, "mod_i64({0}, {1})"),
        ),
        strict(_mod),
        doc="a % b, with the sign of a",
    ),
    Function(
        "neg",
        (
            Signature((INT,), INT, "neg_i64({0})", "neg_i64({0})", total=True),
            Signature((DOUBLE,), DOUBLE, "(-{0})", "(-{0})", total=True, carries=(0,)),
            Signature((DURATION,), DURATION, "neg_i64({0})", "neg_i64({0})", total=True),
        ),
        strict(lambda a: -a),
        operator=True,
        doc="-a",
    ),
)


# ---------------------------------------------------------------------- comparisons and logic


def _comparison(name: str, compare: Any, doc: str) -> Function:
    types = VALUES if name in ("eq", "ne") else ORDERED
    signatures = tuple(Signature((t, t), BOOLEAN, total=True) for t in types)
    return Function(name, signatures, strict(compare), operator=True, doc=doc)


def _is_distinct(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return (a is None) is not (b is None)
    return bool(a != b)


def _and(*values: Any) -> Any:
    if any(v is False for v in values):
        return False
    return None if any(v is None for v in values) else True


def _or(*values: Any) -> Any:
    if any(v is True for v in values):
        return True
    return None if any(v is None for v in values) else False


def _test(name: str, types: tuple[Type, ...], test: Any, doc: str) -> Function:
    signatures = tuple(Signature((t,), BOOLEAN, total=True) for t in types)
    return Function(name, signatures, test, strict=False, operator=True, doc=doc)


_LOGIC = (Signature((BOOLEAN, BOOLEAN), BOOLEAN, variadic=True, total=True),)

CONDITIONS = (
    _comparison("eq", lambda a, b: a == b, "a = b"),
    _comparison("ne", lambda a, b: a != b, "a <> b"),
    _comparison("lt", lambda a, b: a < b, "a < b"),
    _comparison("le", lambda a, b: a <= b, "a <= b"),
    _comparison("gt", lambda a, b: a > b, "a > b"),
    _comparison("ge", lambda a, b: a >= b, "a >= b"),
    Function(
        "is_distinct",
        tuple(Signature((t, t), BOOLEAN, total=True) for t in VALUES),
        _is_distinct,
        strict=False,
        operator=True,
        doc="a IS DISTINCT FROM b",
    ),
    Function("and", _LOGIC, _and, strict=False, operator=True, doc="a AND b"),
    Function("or", _LOGIC, _or, strict=False, operator=True, doc="a OR b"),
    Function(
        "not",
        (Signature((BOOLEAN,), BOOLEAN, total=True),),
        strict(lambda a: not a),
        operator=True,
        doc="NOT a",
    ),
    _test("is_null", VALUES, lambda a: a is None, "a IS NULL, a IS UNKNOWN"),
    _test("is_true", (BOOLEAN,), lambda a: a is True, "a IS TRUE"),
    _test("is_false", (BOOLEAN,), lambda a: a is False, "a IS FALSE"),
)


# ---------------------------------------------------------------------- texts


@lru_cache(maxsize=256)
def _like_pattern(pattern: str) -> re.Pattern[str]:
    """Return a LIKE pattern as a regular expression: `%` any text, `_` one character, backslash escapes."""
    parts = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "\\" and position < len(pattern):
            parts.append(re.escape(pattern[position]))
            position += 1
        else:
            parts.append({"%": ".*", "_": "."}.get(character) or re.escape(character))
    return re.compile("".join(parts), re.DOTALL)


def _like(text: str, pattern: str) -> bool:
    return _like_pattern(pattern).fullmatch(text) is not None


TEXTS = (
    Function(
        "like",
        (Signature((STRING, STRING), BOOLEAN, total=True),),
        strict(_like),
        operator=True,
        doc="text LIKE pattern: % stands for any text, _ for one character, \\ takes the next literally",
    ),
    Function(
        "concat",
        (Signature((STRING, STRING), STRING, variadic=True, total=True),),
        strict(lambda *texts: "".join(texts)),
        doc="a || b",
    ),
)

FUNCTIONS = ARITHMETIC + CONDITIONS + TEXTS
