"""Kernel routines: days and months by the clocks of a time zone, and the instants at which they begin.

`zone` is the table of `cep/zones.py`: the number n of entries, n instants, n offsets from UTC (us). It ends in 2501; later
times are moved back by whole cycles of the calendar, after which clocks change as before.

A *period* is `count` days (unit 0) or months (unit 1), numbered along the calendar. Period 0 of days begins with day
`first` after 1970-01-01, period 0 of months with day `first` after the first day of January 1970. A period begins at the
first instant at which the clocks of the zone have reached the time of day `clock` (us) of its first day. So a day has 23 or 25 hours where clocks
change, begins later where they pass over that time, and a day that a zone leaves out is empty.
"""

from cep.kernellib.calendar import civil_date, days_of_date

DAY = 86400000000
CYCLE = 12622780800000000
LIMIT = 16725225600000000
FARTHEST = 106751980


def cycles_after(at: int) -> int:
    """Return the length in us of the whole cycles by which a time is moved back to lie before 2500. Cost: O(1)."""
    if at < LIMIT:
        return 0
    return ((at - LIMIT) // CYCLE + 1) * CYCLE


def zone_entry(zone: "i64[z]", at: int) -> int:
    """Return the number of the last entry at or before a time, 0 if there is none. Cost: O(log entries)."""
    low = 0
    high = zone[0]
    while high - low > 1:
        middle = (low + high) // 2
        if zone[1 + middle] <= at:
            low = middle
        else:
            high = middle
    return low


def when_clocks_show(zone: "i64[z]", local: int) -> int:
    """Return the first instant at which the clocks of the zone show a local time (us as if UTC) or a later one.

    Cost: O(log entries): clocks are never a day apart from UTC.
    """
    back = cycles_after(local)
    wanted = local - back
    n = zone[0]
    entry = zone_entry(zone, wanted - DAY)
    at = max_i64(zone[1 + entry], wanted - zone[1 + n + entry])
    while entry + 1 < n and at >= zone[2 + entry]:
        entry += 1
        at = max_i64(zone[1 + entry], wanted - zone[1 + n + entry])
    return at + back


def period_start(zone: "i64[z]", number: int, unit: int, count: int, first: int, clock: int) -> int:
    """Return the instant at which a period begins, at most the last one but one of 64 bits. Cost: O(log entries)."""
    day = number * count + first
    if unit == 1:
        month = number * count
        day = days_of_date(1970 + month // 12, month % 12 + 1, 1) + first
    if day > FARTHEST:
        return MAX_I64 - 1
    if day < -FARTHEST:
        return -MAX_I64
    return when_clocks_show(zone, day * DAY + clock)


def period_of(zone: "i64[z]", at: int, unit: int, count: int, first: int, clock: int) -> int:
    """Return the number of the last period that begins at or before a time. Cost: O(log entries)."""
    entry = zone_entry(zone, at - cycles_after(at))
    shown = at % DAY + zone[1 + zone[0] + entry] - clock
    day = at // DAY + shown // DAY - first
    number = day // count
    if unit == 1:
        date = civil_date(max_i64(-FARTHEST, min_i64(FARTHEST, day)) * DAY)
        number = ((date // 10000 - 1970) * 12 + date // 100 % 100 - 1) // count
    number += 1
    while period_start(zone, number, unit, count, first, clock) > at:
        number -= 1
    return number
