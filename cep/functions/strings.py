"""String functions. They run on the host: once per distinct string, or per distinct row of arguments.

Positions count characters (code points) from 1. Results longer than LONGEST characters are NULL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.functions.function import Function, Signature
from cep.functions.reference import strict
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable

BOOLEAN, INT, STRING = Type.BOOLEAN, Type.INT, Type.STRING
LONGEST = 1_000_000


def _function(
    name: str,
    scalar: Callable[..., Any],
    args: tuple[Type, ...],
    result: Type,
    doc: str,
    *,
    optional: int = 0,
    aliases: tuple[str, ...] = (),
) -> Function:
    """Return a function whose last `optional` arguments may be left out."""
    signatures = tuple(Signature(args[: len(args) - n], result) for n in range(optional, -1, -1))
    return Function(name, signatures, strict(scalar), aliases=aliases, doc=doc)


def _substring(text: str, start: int, length: int | None = None) -> str | None:
    if length is not None and length < 0:
        return None
    end = len(text) + 1 if length is None else start + length
    return text[max(start, 1) - 1 : max(end, 1) - 1]


def _split_part(text: str, separator: str, number: int) -> str | None:
    if number == 0:
        return None
    parts = text.split(separator) if separator else [text]
    if number < 0:
        number += len(parts) + 1
    return parts[number - 1] if 1 <= number <= len(parts) else ""


def _padding(length: int, text: str, fill: str) -> str | None:
    """Return what is missing to `length` characters, or None if the result would be too long."""
    if length > LONGEST:
        return None
    missing = max(length - len(text), 0)
    return (fill * (missing // len(fill) + 1))[:missing] if fill else ""


def _lpad(text: str, length: int, fill: str = " ") -> str | None:
    padding = _padding(length, text, fill)
    return None if padding is None else padding + text[: max(length, 0)]


def _rpad(text: str, length: int, fill: str = " ") -> str | None:
    padding = _padding(length, text, fill)
    return None if padding is None else text[: max(length, 0)] + padding


def _repeat(text: str, times: int) -> str | None:
    return text * max(times, 0) if len(text) * times <= LONGEST else None


def _replace(text: str, old: str, new: str = "") -> str:
    return text.replace(old, new) if old else text


FUNCTIONS = (
    _function("upper", str.upper, (STRING,), STRING, "UPPER(text)", aliases=("ucase",)),
    _function("lower", str.lower, (STRING,), STRING, "LOWER(text)", aliases=("lcase",)),
    _function(
        "trim",
        lambda text, what=" ": text.strip(what),
        (STRING, STRING),
        STRING,
        "TRIM(text [, characters])",
        optional=1,
        aliases=("btrim",),
    ),
    _function(
        "ltrim",
        lambda text, what=" ": text.lstrip(what),
        (STRING, STRING),
        STRING,
        "LTRIM(text [, characters])",
        optional=1,
    ),
    _function(
        "rtrim",
        lambda text, what=" ": text.rstrip(what),
        (STRING, STRING),
        STRING,
        "RTRIM(text [, characters])",
        optional=1,
    ),
    _function(
        "length",
        len,
        (STRING,),
        INT,
        "LENGTH(text): number of characters",
        aliases=("char_length", "character_length"),
    ),
    _function(
        "substring",
        _substring,
        (STRING, INT, INT),
        STRING,
        "SUBSTRING(text, start [, length])",
        optional=1,
        aliases=("substr",),
    ),
    _function("left", lambda text, n: text[: max(n, 0)], (STRING, INT), STRING, "LEFT(text, n)"),
    _function(
        "right",
        lambda text, n: text[max(len(text) - n, 0) :] if n > 0 else "",
        (STRING, INT),
        STRING,
        "RIGHT(text, n)",
    ),
    _function(
        "replace",
        _replace,
        (STRING, STRING, STRING),
        STRING,
        "REPLACE(text, old [, new])",
        optional=1,
    ),
    _function(
        "position",
        lambda part, text: text.find(part) + 1,
        (STRING, STRING),
        INT,
        "POSITION(part, text): from 1, 0 if it does not occur",
        aliases=("locate",),
    ),
    _function(
        "strpos",
        lambda text, part: text.find(part) + 1,
        (STRING, STRING),
        INT,
        "STRPOS(text, part): from 1, 0 if it does not occur",
        aliases=("instr",),
    ),
    _function("starts_with", str.startswith, (STRING, STRING), BOOLEAN, "STARTS_WITH(text, part)"),
    _function("ends_with", str.endswith, (STRING, STRING), BOOLEAN, "ENDS_WITH(text, part)"),
    _function(
        "contains",
        lambda text, part: part in text,
        (STRING, STRING),
        BOOLEAN,
        "CONTAINS(text, part)",
    ),
    _function("reverse", lambda text: text[::-1], (STRING,), STRING, "REVERSE(text)"),
    _function(
        "split_part",
        _split_part,
        (STRING, STRING, INT),
        STRING,
        "SPLIT_PART(text, separator, n): from 1, negative from the end",
    ),
    _function(
        "lpad", _lpad, (STRING, INT, STRING), STRING, "LPAD(text, length [, fill])", optional=1
    ),
    _function(
        "rpad", _rpad, (STRING, INT, STRING), STRING, "RPAD(text, length [, fill])", optional=1
    ),
    _function("repeat", _repeat, (STRING, INT), STRING, "REPEAT(text, n)"),
)
