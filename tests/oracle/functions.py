"""Scalar functions of the model; they are NULL if an argument is NULL."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from cep.times import UNITS_US, parse_duration, parse_timestamp, to_datetime
from tests.oracle.values import clean, remainder, truncated

if TYPE_CHECKING:
    from collections.abc import Callable

Value = Any
SECOND = UNITS_US["s"]
MATHEMATICS = (
    "sqrt", "exp", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "degrees",
    "radians",
)  # fmt: skip


def guarded(function: Callable[..., float]) -> Callable[..., Value]:
    """Return a function that is NULL where it has no value."""

    def call(*values: Value) -> Value:
        try:
            found = function(*values)
        except (ValueError, OverflowError, ZeroDivisionError):
            return None
        return None if isinstance(found, complex) else clean(found)

    return call


def split_part(text: str, separator: str, number: int) -> str:
    """SPLIT_PART: the number-th part from 1, empty if there are fewer."""
    parts = text.split(separator)
    return parts[number - 1] if 0 < number <= len(parts) else ""


def padded(text: str, length: int, fill: str) -> str:
    """Return what LPAD and RPAD put beside a text."""
    missing = max(length - len(text), 0)
    return (fill * missing)[:missing]


def date_trunc(unit: str, t: int) -> int:
    """DATE_TRUNC for units of fixed length."""
    size = UNITS_US[unit[0]]
    return t // size * size


def rounded(value: Value, digits: int = 0) -> Value:
    """ROUND: halves go away from zero."""
    if isinstance(value, int):
        return value
    scaled = abs(value) * 10**digits
    return clean(math.copysign(math.floor(scaled + 0.5) / 10**digits, value))


def substring(text: str, start: int, length: int | None = None) -> str | None:
    """SUBSTRING: positions count from 1; those before the text are counted, not read."""
    end = None if length is None else max(start - 1 + length, 0)
    return text[max(start - 1, 0) : end]


def json_type(value: Value) -> str:
    """JSON_TYPE."""
    names = {list: "array", dict: "object", str: "string", bool: "boolean"}
    return names.get(type(value), "number")


STRICT_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "CARDINALITY": lambda a: len(a) if isinstance(a, list | dict) else None,
    "ARRAY_CONTAINS": lambda a, x: x in a,
    "MAP_KEYS": lambda m: sorted(m),
    "JSON_TYPE": json_type,
    "OCTET_LENGTH": len,
    "ABS": lambda x: clean(abs(x)),
    "SIGN": lambda x: (x > 0) - (x < 0),
    "ROUND": rounded,
    "FLOOR": lambda x: x if isinstance(x, int) else float(math.floor(x)),
    "CEIL": lambda x: x if isinstance(x, int) else float(math.ceil(x)),
    "TRUNC": lambda x: x if isinstance(x, int) else float(math.trunc(x)),
    **{name.upper(): guarded(getattr(math, name)) for name in MATHEMATICS},
    "LN": guarded(math.log),
    "LOG": guarded(lambda base, x: math.log(x) / math.log(base)),
    "POWER": guarded(lambda x, y: float(x) ** y),
    "PI": lambda: math.pi,
    "DIV": truncated,
    "MOD": remainder,
    "GREATEST": lambda *xs: max(xs),
    "LEAST": lambda *xs: min(xs),
    "UPPER": lambda s: s.upper(),
    "LOWER": lambda s: s.lower(),
    "LENGTH": len,
    "TRIM": lambda s: s.strip(" "),
    "CONCAT": lambda *xs: "".join(xs),
    "SUBSTRING": substring,
    "LEFT": lambda s, n: s[: max(n, 0)],
    "RIGHT": lambda s, n: s[-n:] if n > 0 else "",
    "REPLACE": lambda s, old, new: s.replace(old, new),
    "POSITION": lambda part, s: s.find(part) + 1,
    "STRPOS": lambda s, part: s.find(part) + 1,
    "STARTS_WITH": lambda s, part: s.startswith(part),
    "ENDS_WITH": lambda s, part: s.endswith(part),
    "CONTAINS": lambda s, part: part in s,
    "REVERSE": lambda s: s[::-1],
    "SPLIT_PART": split_part,
    "LPAD": lambda s, n, fill=" ": padded(s, n, fill) + s[:n],
    "RPAD": lambda s, n, fill=" ": s[:n] + padded(s, n, fill),
    "SECONDS": lambda d: d / SECOND,
    "MILLISECONDS": lambda d: d / 1_000,
    "MINUTES": lambda d: d / (60 * SECOND),
    "HOURS": lambda d: d / (3_600 * SECOND),
    "YEAR": lambda t: to_datetime(t).year,
    "MONTH": lambda t: to_datetime(t).month,
    "DAY": lambda t: to_datetime(t).day,
    "HOUR": lambda t: to_datetime(t).hour,
    "MINUTE": lambda t: to_datetime(t).minute,
    "SECOND": lambda t: to_datetime(t).second,
    "DAY_OF_WEEK": lambda t: to_datetime(t).isoweekday(),
    "EPOCH": lambda t: t / SECOND,
    "DATE_TRUNC": date_trunc,
    "TIMESTAMP": parse_timestamp,
    "DURATION": parse_duration,
}
