"""Values of ARRAY, MAP, JSON and BYTES as text: one text for each value, so that equal values are equal texts.

The text is JSON without spaces, the names of objects in code point order, and of numbers the shortest text (source:
RFC 8785, with integers kept exactly). TIMESTAMP and DURATION inside are us, BYTES is base64 (RFC 4648). In JSON a
number without a fraction is an integer; of names that stand twice the last counts; NaN and infinities are null.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cep.times import format_timestamp, to_datetime
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable

DEEPEST = 64  # arrays and objects inside each other
LONGEST_NUMBER = 400  # digits of an integer
_EXACT = 1 << 53  # integers up to here are doubles


class NotNestedError(ValueError):
    """A value that no text stands for; the message is the reason."""


def text_of(value: list[Any] | dict[str, Any]) -> str:
    """Return the text of an ARRAY or MAP whose elements are values of the language."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def json_text(value: object) -> str:
    """Return the text of anything that JSON has.

    Raises:
        NotNestedError: JSON has no such value, or it is nested too deeply.
    """
    return text_of(_plain(value, 0))


def _plain(value: Any, depth: int) -> Any:
    """Return a JSON value with numbers as they are written."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int):
        if value.bit_length() > LONGEST_NUMBER * 10 // 3:
            msg = f"an integer of more than {LONGEST_NUMBER} digits"
            raise NotNestedError(msg)
        return value
    if depth >= DEEPEST:
        msg = f"more than {DEEPEST} arrays and objects inside each other"
        raise NotNestedError(msg)
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {name: _plain(item, depth + 1) for name, item in value.items()}
    msg = f"a {type(value).__name__} is no JSON value"
    raise NotNestedError(msg)


def _number(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) <= _EXACT else value


def parse_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        NotNestedError: it is none.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as problem:
        msg = f"no JSON: {problem}"
        raise NotNestedError(msg) from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


@lru_cache(maxsize=4096)
def value_of(text: str) -> Any:
    """Return what a text stands for, to be read only: lists, dicts, numbers, .. with times in us."""
    return json.loads(text)


def bytes_text(value: bytes) -> str:
    """Return the text of BYTES."""
    return base64.b64encode(value).decode()


def bytes_of(text: str) -> bytes:
    """Return the bytes of a base64 text.

    Raises:
        NotNestedError: it is none.
    """
    try:
        return base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError) as problem:
        msg = f"no base64: {problem}"
        raise NotNestedError(msg) from None


def python_value(text: str, kind: Type, moment: Callable[[int], Any] | None) -> Any:
    """Return the Python value of a text: a list, a dict, bytes, anything JSON has.

    moment: what TIMESTAMP and DURATION elements become, None: they stay us.
    """
    if kind is Type.BYTES:
        return bytes_of(text)
    value = json.loads(text)
    if moment is None or kind.element not in (Type.TIMESTAMP, Type.DURATION):
        return value
    return elementwise(value, moment)


def elementwise(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a list or dict with every element changed; None stays None."""
    if isinstance(value, dict):
        return {name: None if v is None else change(v) for name, v in value.items()}
    return [None if v is None else change(v) for v in value]


def output_text(text: str, kind: Type) -> str:
    """Return what outputs write for a text: JSON with times as ISO-8601, BYTES as base64."""
    if kind.element is not Type.TIMESTAMP:
        return text
    return text_of(elementwise(json.loads(text), format_timestamp))


def moment_of(kind: Type) -> Callable[[int], Any] | None:
    """Return what makes Python's own times of the elements of a type, None where there are none."""
    from datetime import timedelta

    if kind.element is Type.TIMESTAMP:
        return to_datetime
    if kind.element is Type.DURATION:
        return lambda us: timedelta(microseconds=us)
    return None
