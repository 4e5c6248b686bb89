"""Time zones as tables of instants: when the clocks of a zone change, and by how much they are ahead of UTC.

Source: the time zone database of the machine (IANA, by `zoneinfo`). From 2100 on the clocks of a zone follow one rule of
months and days of the week, which repeats with the Gregorian calendar every 400 years (146,097 days, whole weeks);
so a table up to 2501 says all of the time after it too, and none is longer than about 1,500 changes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from cep.types import MAX_I64

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_SECOND_US = 1_000_000
_DAY_S = 86_400
# Seconds since 1970: before the first zone had a standard time; the last odd rules; after the last repetition.
_FIRST, _ODD, _LAST = (
    int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (1800, 2040, 2501)
)


@cache
def find_zone(name: str) -> ZoneInfo | None:
    """Return a zone by its name in the database, such as `Europe/Berlin`; None if there is none."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return None


@cache
def zone_table(name: str) -> tuple[int, ...]:
    """Return what `cep/kernellib/zones.py` reads: the number n of entries, n instants, n offsets, all in us.

    From the instant of an entry to that of the next one, clocks are ahead of UTC by its offset; the first entry
    holds for all time before.

    Raises:
        ValueError: there is no such zone.
    """
    zone = find_zone(name)
    if zone is None:
        msg = f"no time zone {name!r}"
        raise ValueError(msg)
    changes = [(-MAX_I64, _ahead(zone, _FIRST))]
    place, ahead = _FIRST, changes[0][1]
    while place < _LAST:
        # No change holds for less than a day; since 1972 none for less than a week.
        following = place + (_DAY_S if place < _ODD else 7 * _DAY_S)
        if _ahead(zone, following) != ahead:
            following = _change(zone, place, following)
            ahead = _ahead(zone, following)
            changes.append((following * _SECOND_US, ahead))
        place = following
    return (
        len(changes),
        *(instant for instant, _ in changes),
        *(seconds * _SECOND_US for _, seconds in changes),
    )


def _change(zone: ZoneInfo, before: int, after: int) -> int:
    """Return the first second at which clocks show what they do not show at `before`, by halving."""
    ahead = _ahead(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        if _ahead(zone, middle) == ahead:
            before = middle
        else:
            after = middle
    return after


def _ahead(zone: ZoneInfo, seconds: int) -> int:
    """Return by how many seconds the clocks of a zone are ahead of UTC."""
    offset = datetime.fromtimestamp(seconds, zone).utcoffset()
    return (offset or timedelta()) // timedelta(seconds=1)
