"""Windows of days and months in a time zone: their bounds by looking at the clock of the zone minute by minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from cep.times import EPOCH, from_datetime

_DAY_US = 86_400_000_000
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)


@cache
def _first_shown(zone: str, wanted: datetime) -> int:
    """Return the first minute (us) at which the clock of a zone shows a time or a later one."""
    place = wanted.replace(tzinfo=UTC) - timedelta(hours=26)
    while place.astimezone(ZoneInfo(zone)).replace(tzinfo=None) < wanted:
        place += timedelta(minutes=1)
    return from_datetime(place)


@dataclass(frozen=True)
class Steps:
    """Days or months that windows begin with, `count` together; offset us by the clock."""

    zone: str
    offset: int
    count: int
    months: bool

    def start(self, number: int) -> int:
        """Return when a step begins."""
        if self.months:
            month = number * self.count
            first = datetime(1970 + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        else:
            first = _MONDAY + timedelta(days=number * self.count)
        return _first_shown(
            self.zone, (first + timedelta(microseconds=self.offset)).replace(tzinfo=None)
        )

    def of(self, t: int) -> int:
        """Return the number of the step that contains a time."""
        moment = EPOCH + timedelta(microseconds=t)
        if self.months:
            near = ((moment.year - 1970) * 12 + moment.month - 1) // self.count
        else:
            near = (moment - _MONDAY).days // self.count
        return max(n for n in range(near - 3, near + 4) if self.start(n) <= t)


@dataclass
class CalendarWindowing:
    """Windows of `n` steps, one beginning with each; cumulating ones begin with `whole` and end with each step."""

    steps: Steps
    n: int = 1
    whole: Steps | None = None

    def of(self, t: int) -> list[tuple[int, int]]:
        """Return start and end of the windows that contain a time, earliest first."""
        number = self.steps.of(t)
        if self.whole is None:
            firsts = range(number - self.n + 1, number + 1)
            return [(self.steps.start(k), self.steps.start(k + self.n)) for k in firsts]
        outer = self.whole.of(t)
        start, last = self.whole.start(outer), self.whole.start(outer + 1)
        ends: list[int] = []
        while not ends or ends[-1] < last:
            number += 1
            end = self.steps.start(number)
            ends += [end] if end not in ends else []
        return [(start, end) for end in ends]


def calendar_windowing(
    zone: str, offset: int, size: tuple[int, int], every: tuple[int, int], *, cumulates: bool
) -> CalendarWindowing:
    """Return the windows of a call with a zone; size and every: us, months (one of them 0)."""

    def steps(span: tuple[int, int]) -> Steps:
        us, months = span
        return Steps(zone, offset, months or us // _DAY_US, months > 0)

    if cumulates:
        return CalendarWindowing(steps(every), whole=steps(size))
    return CalendarWindowing(steps(every), steps(size).count // steps(every).count)
