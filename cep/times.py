"""Time stamps and durations as text: ISO-8601 in and out, durations such as `1h30m`; all values int us."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

from cep.types import MAX_I64

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# us per unit; `m` is minute. There are no months or years outside calendar windows.
UNITS_US: dict[str, int] = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}

# us per unit of integer time stamps (`ts_unit`), as (numerator, denominator).
TS_UNITS: dict[str, tuple[int, int]] = {
    "s": (1_000_000, 1),
    "ms": (1_000, 1),
    "us": (1, 1),
    "ns": (1, 1_000),
}

_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h|d|w)")
_LONGEST_TEXT = 64


def parse_duration(text: str) -> int | None:
    """Return the duration in us of text such as `500ms` or `1h30m` (a leading `-` negates), None if it is none."""
    negative = text.startswith("-")
    rest = text[1:] if negative else text
    total = 0.0
    exact = 0
    position = 0
    for part in _DURATION_PART.finditer(rest):
        if part.start() != position:
            return None
        position = part.end()
        number, unit = part.groups()
        if "." in number:
            total += float(number) * UNITS_US[unit]
        else:
            exact += int(number) * UNITS_US[unit]
    if position == 0 or position != len(rest):
        return None
    value = exact + round(total)
    if value > MAX_I64:
        return None
    return -value if negative else value


def format_duration(us: int) -> str:
    """Return the shortest exact spelling of a duration with unit suffixes, e.g. `1h30m`, `0s`."""
    if us == 0:
        return "0s"
    rest = abs(us)
    parts = []
    for unit in ("d", "h", "m", "s", "ms", "us"):
        count, rest = divmod(rest, UNITS_US[unit])
        if count:
            parts.append(f"{count}{unit}")
    return ("-" if us < 0 else "") + "".join(parts)


def parse_timestamp(text: str) -> int | None:
    """Return us since the epoch of ISO-8601 text (no offset: UTC), None if it is none or out of range."""
    if len(text) > _LONGEST_TEXT:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return from_datetime(moment)


def from_datetime(moment: datetime) -> int:
    """Return us since the epoch of a datetime (naive ones are read as UTC)."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(microseconds=1)


def to_datetime(us: int) -> datetime:
    """Return the aware UTC datetime of us since the epoch.

    Raises:
        OverflowError: the time lies outside the years 1-9999.
    """
    return EPOCH + timedelta(microseconds=us)


def format_timestamp(us: int) -> str:
    """Return ISO-8601 UTC with six digits and `Z`; times outside the years 1-9999 as `<us>us`."""
    try:
        moment = to_datetime(us)
    except OverflowError:
        return f"{us}us"
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def scale_timestamp(value: int | float, unit: str) -> int | None:
    """Return us since the epoch of a number in `unit` (s, ms, us, ns); floats round to the nearest us.

    None when the value is not finite or does not fit int64.
    """
    numerator, denominator = TS_UNITS[unit]
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        scaled = round(value * numerator / denominator)
    else:
        scaled = value * numerator // denominator
    return scaled if -MAX_I64 <= scaled <= MAX_I64 else None
