"""Time functions: durations to numbers and back, fields of a time (UTC), DATE_TRUNC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cep.functions.function import Function, Signature
from cep.functions.reference import round_half_away, strict, truncated
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable

INT, DOUBLE, STRING = Type.INT, Type.DOUBLE, Type.STRING
TIMESTAMP, DURATION = Type.TIMESTAMP, Type.DURATION

DAY_US = 86_400_000_000

# Lengths of the units that are functions: SECONDS(d) is a number, SECONDS(n) a duration.
LENGTHS = {
    "microseconds": 1,
    "milliseconds": 1_000,
    "seconds": 1_000_000,
    "minutes": 60_000_000,
    "hours": 3_600_000_000,
    "days": DAY_US,
    "weeks": 7 * DAY_US,
}

# Units of DATE_TRUNC: a length in us, or a number of months.
TRUNCATE_US = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": DAY_US,
    "week": 7 * DAY_US,
}
TRUNCATE_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def _length_function(name: str, unit: int) -> tuple[Function, Function]:
    """Return `SECONDS(d)`, and the reference of `SECONDS(n)`, which makes a duration."""
    text = f"div_f64(to_f64({{0}}), {unit}.0)"
    return (
        Function(
            name,
            (
                Signature((DURATION,), DOUBLE, text, text, total=True),
                Signature(
                    (INT,),
                    DURATION,
                    f"mul_i64({{0}}, {unit})",
                    f"mul_i64({{0}}, {unit})",
                    host=f"make_{name}",
                ),
                Signature(
                    (DOUBLE,),
                    DURATION,
                    f"to_i64(round_half_away({{0}} * {unit}.0))",
                    host=f"make_{name}",
                ),
            ),
            strict(lambda us: float(us) / unit),
            doc=f"{name.upper()}(d): a duration in {name}; {name.upper()}(n): a duration of n {name}",
        ),
        Function(
            f"make_{name}",
            (Signature((INT,), DURATION), Signature((DOUBLE,), DURATION)),
            strict(
                lambda n: n * unit if isinstance(n, int) else truncated(round_half_away(n * unit))
            ),
            operator=True,
            doc=f"a duration of n {name}",
        ),
    )


# ---------------------------------------------------------------------- fields


def _date(us: int) -> tuple[int, int, int]:
    # Day 0 of an era is 1 January 2000 here, so count from there: 1970 is 10957 days before.
    era, day = divmod(us // DAY_US - 10_957, 146_097)
    date = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return date.year + 400 * era, date.month, date.day


def days_of_date(year: int, month: int, day: int) -> int:
    """Return the number of days from 1970-01-01 to a date of any year."""
    era, rest = divmod(year - 2000, 400)
    date = datetime(2000 + rest, month, day, tzinfo=UTC)
    return (date - datetime(1970, 1, 1, tzinfo=UTC)).days + era * 146_097


def _day_of_year(us: int) -> int:
    return us // DAY_US - days_of_date(_date(us)[0], 1, 1) + 1


def _field(
    name: str,
    scalar: Callable[[int], int],
    kernel: str,
    routine: str,
    aliases: tuple[str, ...] = (),
) -> Function:
    signature = Signature((TIMESTAMP,), INT, kernel, uses=(("calendar", routine),), total=True)
    doc = f"{name.upper()}(time), UTC"
    return Function(name, (signature,), strict(scalar), aliases=aliases, doc=doc)


def _clock(name: str, unit: int, count: int) -> Function:
    """Return a field of the time of day: which of `count` units of `unit` us."""
    return _field(
        name,
        lambda us: us // unit % count,
        f"field_of({{0}}, {unit}, {count})",
        "field_of",
    )


FIELDS = (
    _field("year", lambda us: _date(us)[0], "year_of({0})", "year_of"),
    _field(
        "quarter",
        lambda us: (_date(us)[1] + 2) // 3,
        "div_i64(add_i64(month_of({0}), 2), 3)",
        "month_of",
    ),
    _field("month", lambda us: _date(us)[1], "month_of({0})", "month_of"),
    _field("day", lambda us: _date(us)[2], "day_of({0})", "day_of", ("day_of_month", "dayofmonth")),
    _clock("hour", 3_600_000_000, 24),
    _clock("minute", 60_000_000, 60),
    _clock("second", 1_000_000, 60),
    _clock("millisecond", 1_000, 1_000),
    _field(
        "day_of_week",
        lambda us: (us // DAY_US + 3) % 7 + 1,
        "day_of_week({0})",
        "day_of_week",
        ("dow",),
    ),
    _field("day_of_year", _day_of_year, "day_of_year({0})", "day_of_year", ("doy",)),
    Function(
        "epoch",
        (
            Signature(
                (TIMESTAMP,),
                DOUBLE,
                "div_f64(to_f64({0}), 1000000.0)",
                "div_f64(to_f64({0}), 1000000.0)",
                total=True,
            ),
        ),
        strict(lambda us: float(us) / 1_000_000),
        aliases=("to_epoch",),
        doc="EPOCH(time): seconds since 1970, UTC",
    ),
    Function(
        "from_epoch",
        (
            Signature((INT,), TIMESTAMP, "mul_i64({0}, 1000000)", "mul_i64({0}, 1000000)"),
            Signature((DOUBLE,), TIMESTAMP, "to_i64(round_half_away({0} * 1000000.0))"),
        ),
        strict(
            lambda n: (
                n * 1_000_000 if isinstance(n, int) else truncated(round_half_away(n * 1_000_000))
            )
        ),
        doc="FROM_EPOCH(seconds): the time",
    ),
)


def _date_trunc(unit: str, us: int) -> Any:
    name = unit.lower()
    if name in TRUNCATE_MONTHS:
        year, month, _ = _date(us)
        return days_of_date(year, month - (month - 1) % TRUNCATE_MONTHS[name], 1) * DAY_US
    if name == "week":
        return us - (us // DAY_US + 3) % 7 * DAY_US - us % DAY_US
    return us - us % TRUNCATE_US[name] if name in TRUNCATE_US else None


def date_trunc_kernel(unit: str) -> tuple[str, str] | None:
    """Return (template over the time, calendar routine) of DATE_TRUNC for a unit, None if it is none."""
    name = unit.lower()
    if name in TRUNCATE_MONTHS:
        return f"truncate_to_months({{0}}, {TRUNCATE_MONTHS[name]})", "truncate_to_months"
    if name in TRUNCATE_US:
        return f"truncate_to({{0}}, {TRUNCATE_US[name]})", "truncate_to"
    return None


FUNCTIONS = (
    *(f for name, unit in LENGTHS.items() for f in _length_function(name, unit)),
    *FIELDS,
    Function(
        "date_trunc",
        (Signature((STRING, TIMESTAMP), TIMESTAMP),),
        strict(_date_trunc),
        doc="DATE_TRUNC(unit, time): start of the second, minute, hour, day, week, month, quarter, year",
    ),
)
