"""Python values as values of the language: NULL is None, INT has 64 bits, DOUBLE is finite."""

from __future__ import annotations

import math
import re
from typing import Any

from cep.times import parse_timestamp
from cep.types import MAX_I64, Type

Value = Any


class UnsupportedError(Exception):
    """The model does not cover this construct."""


class Identity(tuple):
    """A match or incident id: only its equality means something."""


def clean(value: Value) -> Value:
    """Return a computed value as it is stored: overflow, infinity and NaN are NULL."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -MAX_I64 <= value <= MAX_I64 else None
    return value


def read(value: Value, kind: Type) -> Value:
    """Return a value of an input row as a column of a type has it."""
    if value is None:
        return None
    if kind is Type.DOUBLE:
        return clean(float(value))
    return clean(value)


def truncated(left: Value, right: Value) -> Value:
    """DIV: the quotient without its fraction."""
    if right == 0:
        return None
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right)
        return clean(quotient if (left < 0) == (right < 0) else -quotient)
    return clean(float(math.trunc(left / right)))


def remainder(left: Value, right: Value) -> Value:
    """The operator %: it has the sign of the dividend."""
    if right == 0:
        return None
    if isinstance(left, int) and isinstance(right, int):
        rest = abs(left) % abs(right)
        return rest if left >= 0 else -rest
    return clean(math.fmod(left, right))


def divided(left: Value, right: Value) -> Value:
    """The operator /: always of DOUBLEs."""
    return None if right == 0 else clean(left / right)


def like(text: str, pattern: str) -> bool:
    """LIKE: % is any text, _ any one character; a backslash takes the next character literally."""
    parts = {"%": ".*", "_": "."}
    items = re.findall(r"\\.|.", pattern, re.DOTALL)
    expression = "".join(parts.get(item, re.escape(item[-1])) for item in items)
    return re.fullmatch(expression, text, re.DOTALL) is not None


ARITHMETIC = {
    "add": lambda a, b: clean(a + b),
    "sub": lambda a, b: clean(a - b),
    "mul": lambda a, b: clean(a * b),
    "div": divided,
    "mod": remainder,
    "concat": lambda a, b: a + b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "like": like,
    "not_like": lambda a, b: not like(a, b),
}


def cast(value: Value, name: str) -> Value:
    """CAST: what cannot be read as the type is NULL."""
    if value is None:
        return None
    try:
        return clean(CASTS[name.upper()](value))
    except (ValueError, OverflowError):
        return None


def _to_int(value: Value) -> int:
    return math.trunc(value) if isinstance(value, float) else int(value)


def _to_text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _to_boolean(value: Value) -> bool:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())  # type: ignore[return-value]
    return value != 0


def _to_time(value: Value) -> int | None:
    return parse_timestamp(value) if isinstance(value, str) else value


CASTS = {
    "INT": _to_int,
    "BIGINT": _to_int,
    "DOUBLE": float,
    "STRING": _to_text,
    "VARCHAR": _to_text,
    "BOOLEAN": _to_boolean,
    "TIMESTAMP": _to_time,
}
