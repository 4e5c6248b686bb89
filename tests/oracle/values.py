"""Python values as values of the language: NULL is None, INT has 64 bits, DOUBLE is finite."""

from __future__ import annotations

import base64
import json
import math
import re
from typing import Any

from cep.times import parse_timestamp
from cep.types import MAX_I64, TYPE_NAMES, Type

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


def type_named(node: Any) -> Type:
    """Return the type that a type name of the tree stands for."""
    if not node.parameters:
        return TYPE_NAMES[node.name.upper()]
    inner = ", ".join(type_named(p).value for p in node.parameters)
    return Type(f"{node.name.upper()}<{inner}>")


def read(value: Value, kind: Type) -> Value:
    """Return a value of an input row as a column of a type has it."""
    if value is None or kind.is_nested:
        return value
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


def cast(value: Value, node: Any) -> Value:
    """CAST: what cannot be read as the type is NULL."""
    kind = type_named(node)
    if value is None:
        return None
    if kind.element is not None:
        return _cast_all(value, node, list if kind.is_array else dict)
    try:
        return clean(CASTS[kind.value](value))
    except (ValueError, OverflowError, TypeError):
        return None


def _cast_all(value: Value, node: Any, wanted: type) -> Value:
    """CAST to ARRAY or MAP: each element by itself."""
    if not isinstance(value, wanted):
        return None
    of = node.parameters[-1]
    if wanted is dict:
        return {name: cast(v, of) for name, v in value.items()}
    return [cast(v, of) for v in value]


def element(whole: Value, place: Value) -> Value:
    """`whole[place]`: arrays count from 1; NULL where there is nothing."""
    if isinstance(whole, list) and isinstance(place, int):
        return whole[place - 1] if 1 <= place <= len(whole) else None
    return whole.get(place) if isinstance(whole, dict) and isinstance(place, str) else None


def same_kind(left: Value, right: Value) -> bool:
    """Whether values of JSON can be compared: run-time types are equal, numbers are of one."""
    return _run_time_type(left) is _run_time_type(right)


def _run_time_type(value: Value) -> type:
    return float if type(value) is int else type(value)


def _to_int(value: Value) -> int:
    return math.trunc(value) if isinstance(value, float) else int(value)


def _to_text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    if isinstance(value, bytes):
        return value.decode()
    return repr(value) if isinstance(value, float) else str(value)


def _to_json(value: Value) -> Value:
    return json.loads(value) if isinstance(value, str) else value


def base64_text(value: bytes) -> str:
    """Return the text that outputs have for BYTES."""
    return base64.b64encode(value).decode()


def _to_boolean(value: Value) -> bool | None:
    if isinstance(value, list | dict):
        return None
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
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
    "JSON": _to_json,
    "BYTES": str.encode,
}
