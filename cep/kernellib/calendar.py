"""Kernel routines: fields of a time in us since 1970-01-01 UTC (Gregorian calendar, no time zones).

Source: H. Hinnant, "chrono-compatible low-level date algorithms", civil_from_days and days_from_civil.
All functions give NULL_I64 for NULL_I64.
"""


def civil_date(ts: int) -> int:
    """Return `year * 10000 + month * 100 + day` of a time. Cost: O(1)."""
    shifted = ts // 86400000000 + 719468
    era = shifted // 146097
    day_of_era = shifted - era * 146097
    years = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * years + years // 4 - years // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_from_march + 2) // 5 + 1
    month = month_from_march + 3
    year = years + era * 400
    if month > 12:
        month = month - 12
        year = year + 1
    return year * 10000 + month * 100 + day


def days_of_date(year: int, month: int, day: int) -> int:
    """Return the number of days from 1970-01-01 to a date. Cost: O(1)."""
    from_march = year
    if month <= 2:
        from_march = year - 1
    era = from_march // 400
    year_of_era = from_march - era * 400
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146097 + day_of_era - 719468


def year_of(ts: int) -> int:
    """Return the year of a time. Cost: O(1)."""
    if ts == NULL_I64:
        return ts
    return civil_date(ts) // 10000


def month_of(ts: int) -> int:
    """Return the month of a time, 1-12. Cost: O(1)."""
    if ts == NULL_I64:
        return ts
    return civil_date(ts) // 100 % 100


def day_of(ts: int) -> int:
    """Return the day of the month of a time, 1-31. Cost: O(1)."""
    if ts == NULL_I64:
        return ts
    return civil_date(ts) % 100


def field_of(ts: int, unit: int, count: int) -> int:
    """Return which of `count` units of `unit` us a time lies in: hours, minutes, seconds. Cost: O(1)."""
    if ts == NULL_I64:
        return ts
    return ts // unit % count


def day_of_week(ts: int) -> int:
    """Return the day of the week, Monday 1 to Sunday 7. Cost: O(1)."""
    if ts == NULL_I64:
        return ts
    return (ts // 86400000000 + 3) % 7 + 1


def day_of_year(ts: int) -> int:
    """Return the day of the year, from 1. Cost: O(1)."""
    if ts == NULL_I64:
        return ts
    return ts // 86400000000 - days_of_date(civil_date(ts) // 10000, 1, 1) + 1


def truncate_to(ts: int, unit: int) -> int:
    """Return the last multiple of `unit` us (offset to Mondays for a week) at or before a time. Cost: O(1)."""
    if ts == NULL_I64:
        return ts
    rest = ts % unit
    if unit == 604800000000:
        rest = (ts // 86400000000 + 3) % 7 * 86400000000 + ts % 86400000000
    return sub_i64(ts, rest)


def truncate_to_months(ts: int, months: int) -> int:
    """Return the start of the month (1), quarter (3) or year (12) a time lies in. Cost: O(1)."""
    if ts == NULL_I64:
        return ts
    date = civil_date(ts)
    month = date // 100 % 100
    first = month - (month - 1) % months
    return mul_i64(days_of_date(date // 10000, first, 1), 86400000000)
