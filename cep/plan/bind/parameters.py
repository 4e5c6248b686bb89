"""Values of PARAMs: the default in the rule text, or what the caller gave as Python value or text."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cep.nested import NotNestedError, bytes_of, bytes_text, json_text, parse_json
from cep.plan.expressions import Literal
from cep.times import from_datetime, parse_duration, parse_timestamp
from cep.types import MAX_I64, Type

if TYPE_CHECKING:
    from collections.abc import Callable

_Value = bool | int | float | str | None


def given_value(value: object, kind: Type) -> Literal | None:
    """Return a value from outside as a constant of a type, or None if it is none.

    Text is read as on a command line (`45`, `5m`, `true`, ISO-8601); DURATION and TIMESTAMP also take
    timedelta and datetime, and int in us; None is NULL.
    """
    if value is None:
        return Literal(None, kind)
    found = _nested(value, kind) if kind.is_nested else _READERS[kind](value)
    return None if found is None else Literal(found, kind)


def _boolean(value: object) -> _Value:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _int(value: object) -> _Value:
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -MAX_I64 <= value <= MAX_I64 else None


def _double(value: object) -> _Value:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _string(value: object) -> _Value:
    return value if isinstance(value, str) else None


def _timestamp(value: object) -> _Value:
    if isinstance(value, datetime):
        return from_datetime(value)
    return parse_timestamp(value) if isinstance(value, str) else _int(value)


def _duration(value: object) -> _Value:
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    return parse_duration(value.strip()) if isinstance(value, str) else _int(value)


def _nested(value: object, kind: Type) -> _Value:
    """Return an ARRAY, MAP or JSON of a list, a dict or JSON text; BYTES of bytes or base64."""
    from cep.functions import FUNCTIONS

    try:
        if kind is Type.BYTES:
            given = value if isinstance(value, bytes) else bytes_of(str(value))
            return bytes_text(given)
        text = json_text(parse_json(value) if isinstance(value, str) else value)
    except NotNestedError:
        return None
    if kind is Type.JSON:
        return text
    found = FUNCTIONS[f"to_{kind.value.lower()}"].scalar(text)
    return found if isinstance(found, str) else None


_READERS: dict[Type, Callable[[object], _Value]] = {
    Type.BOOLEAN: _boolean,
    Type.INT: _int,
    Type.DOUBLE: _double,
    Type.STRING: _string,
    Type.TIMESTAMP: _timestamp,
    Type.DURATION: _duration,
}
