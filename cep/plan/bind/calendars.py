"""Windows by the clocks of a time zone: `TUMBLE(1d, zone => 'Europe/Berlin')`, of days, weeks, months, quarters, years (ruling 34)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.lang import ast
from cep.plan.bind.constants import bind_constant, bind_duration
from cep.plan.nodes import CalendarSpan, CalendarWindow
from cep.times import UNITS_US
from cep.types import Type
from cep.zones import find_zone

if TYPE_CHECKING:
    from cep import errors
    from cep.plan.bind.environment import Environment

_DAY_US = UNITS_US["d"]
_MOST_DAYS = 3_652_500  # as many as the months of an INTERVAL may have
_SHORTEST_MONTH_US = 28 * _DAY_US


def argument_name(window: str, key: str) -> str:
    """Return what messages call an argument of a window."""
    return f"the {key.replace('slide', 'every')} of {window.upper()}"


def calendar_window(
    name: str, given: dict[str, ast.Expression], span: errors.Span, environment: Environment
) -> CalendarWindow | None:
    """Return the window of a call that has a zone; given: its arguments by name.

    Errors: CEP215, CEP216.
    """
    zone = bind_constant(given["zone"], Type.STRING, argument_name(name, "zone"), environment)
    spans = {
        key: _span(value, argument_name(name, key), environment)
        for key, value in given.items()
        if key not in ("zone", "offset")
    }
    size = spans["size"]
    every = spans.get("step", spans.get("slide", size))
    offset: int | None = 0
    if "offset" in given:
        what = argument_name(name, "offset")
        offset = bind_duration(given["offset"], what, environment, zero=True)
    if zone is None or size is None or every is None or offset is None:
        return None
    report = environment.report
    if find_zone(str(zone.value)) is None:
        hint = "zones have names such as 'Europe/Berlin', 'America/New_York', 'UTC'"
        report.add("CEP216", f"there is no time zone {zone.value!r}", given["zone"].span, hint)
        return None
    if not _divides(every, size, grows=name == "cumulate"):
        message = f"in a time zone the size of {name.upper()} is a multiple of its steps"
        hint = (
            "days of days, months of months; CUMULATE(step => 1d, size => INTERVAL '1' MONTH, ..)"
        )
        report.add("CEP216", message, span, hint)
        return None
    starts = size if name == "cumulate" else every
    longest = starts.count * _DAY_US if starts.unit == "day" else _SHORTEST_MONTH_US
    if offset >= longest:
        message = "the offset is longer than the time between windows"
        hint = "it says where the first day begins: offset => 6h"
        report.add("CEP216", message, given["offset"].span, hint)
        return None
    return CalendarWindow(size, every, str(zone.value), offset, cumulates=name == "cumulate")


def _span(node: ast.Expression, what: str, environment: Environment) -> CalendarSpan | None:
    if isinstance(node, ast.Duration) and node.months:
        return CalendarSpan(node.months, "month")
    length = bind_duration(node, what, environment)
    if length is None:
        return None
    count, rest = divmod(length, _DAY_US)
    if rest or count > _MOST_DAYS:
        message = f"{what} is no number of days, at most {_MOST_DAYS}, but it has a time zone"
        hint = (
            "an hour is an hour in every zone: leave zone out, and write offset => 30m if need be"
        )
        environment.report.add("CEP216", message, node.span, hint)
        return None
    return CalendarSpan(count, "day")


def _divides(part: CalendarSpan, whole: CalendarSpan, *, grows: bool) -> bool:
    """Whether windows begin and end at steps; grows: of CUMULATE, whose months may grow by days."""
    if part.unit == whole.unit:
        return whole.count % part.count == 0
    return grows and part == CalendarSpan(1, "day")
