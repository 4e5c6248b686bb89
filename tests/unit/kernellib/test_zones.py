"""Periods of days and months in time zones, as plain Python against the clock of the zone database."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_panes_and_sums import routines

from cep.times import EPOCH, from_datetime, to_datetime
from cep.zones import find_zone, zone_table

ROOM = routines("calendar", "zones")
DAY = 86_400_000_000
ZONES = (
    "UTC", "Europe/Berlin", "America/Sao_Paulo", "America/St_Johns", "Pacific/Apia", "Africa/Casablanca",
    "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Gaza", "America/Havana", "Africa/Cairo",
)  # fmt: skip
ZONE = st.sampled_from(ZONES)
MOMENT = st.integers(-62_133_000_000, 253_370_000_000).map(lambda s: EPOCH + timedelta(seconds=s))
LATELY = st.integers(0, 2_208_988_800).map(lambda s: EPOCH + timedelta(seconds=s))


def shown(zone: str, at: int) -> datetime:
    """Return what the clock of a zone shows."""
    return to_datetime(at).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@given(ZONE, MOMENT | LATELY)
def test_the_table_has_every_offset(zone: str, moment: datetime) -> None:
    at, table = from_datetime(moment), zone_table(zone)
    entry = ROOM["zone_entry"](table, at - ROOM["cycles_after"](at))
    ahead = moment.astimezone(ZoneInfo(zone)).utcoffset()
    assert timedelta(microseconds=table[1 + table[0] + entry]) == ahead


@given(
    ZONE, MOMENT | LATELY, st.sampled_from([1, 2, 7]), st.sampled_from([0, 1, 6 * 3_600_000_000])
)
def test_days_begin_when_clocks_show_it_first(
    zone: str, moment: datetime, count: int, clock: int
) -> None:
    at, table, rest = from_datetime(moment), zone_table(zone), (0, count, 4, clock)
    number = ROOM["period_of"](table, at, *rest)
    start, end = (ROOM["period_start"](table, n, *rest) for n in (number, number + 1))
    assert start <= at < end
    monday = (EPOCH + timedelta(days=4 + number * count, microseconds=clock)).replace(tzinfo=None)
    assert shown(zone, start) >= monday > shown(zone, start - 1)
    # Not even clocks that are set back later have shown it before.
    assert all(shown(zone, start - k * 600_000_000 - 1) < monday for k in range(1, 24))


@given(ZONE, MOMENT | LATELY, st.sampled_from([1, 3, 12]))
def test_months_begin_when_clocks_show_their_first_day(
    zone: str, moment: datetime, count: int
) -> None:
    at, table, rest = from_datetime(moment), zone_table(zone), (1, count, 0, 0)
    number = ROOM["period_of"](table, at, *rest)
    start, end = (ROOM["period_start"](table, n, *rest) for n in (number, number + 1))
    assert start <= at < end
    month = number * count
    first = datetime(1970 + month // 12, month % 12 + 1, 1)  # noqa: DTZ001
    assert shown(zone, start) >= first > shown(zone, start - 1)


@given(st.integers(-(2**63) + 1, 2**63 - 3), ZONE, st.sampled_from([(0, 1, 4, 0), (1, 1, 0, 0)]))
def test_all_of_time_lies_in_periods(at: int, zone: str, rest: tuple[int, ...]) -> None:
    table = zone_table(zone)
    number = ROOM["period_of"](table, at, *rest)
    assert ROOM["period_start"](table, number, *rest) <= at
    assert at < ROOM["period_start"](table, number + 1, *rest)


def test_there_is_no_such_zone() -> None:
    assert [find_zone(name) for name in ("Mars/Olympus", "", "../etc/passwd", "/etc/passwd")] == [
        None
    ] * 4
    with pytest.raises(ValueError, match="no time zone"):
        zone_table("Mars/Olympus")
