"""The calendar in Python: adding durations, whose results stay within years 1 to 9999.

Durations are `datetime.timedelta` where they are exact (days, weeks, hours, minutes) and a whole
number of months where they follow the calendar. A date that leaves the calendar, and a duration
beyond 4,000,000 days, is empty, like a division by zero.
"""

from __future__ import annotations

import calendar
import datetime as dt
from decimal import Decimal
from typing import TypeVar

MOST_DAYS = 4_000_000
MOST_MONTHS = 120_000

Calendar = TypeVar("Calendar", dt.date, dt.datetime)


def exact(unit: str, limit: int, count: Decimal) -> dt.timedelta | None:
    """`count` days, hours or minutes, or None beyond `limit`."""
    return dt.timedelta(**{unit: int(count)}) if abs(count) <= limit else None


def months(count: Decimal, each: int = 1) -> int | None:
    """`count` times `each` months, or None beyond 10,000 years."""
    return int(count) * each if abs(count) * each <= MOST_MONTHS else None


def shift(day: Calendar, duration: dt.timedelta) -> Calendar | None:
    """`day` moved by an exact duration."""
    try:
        return day + duration
    except OverflowError:
        return None


def shift_months(day: Calendar, count: int) -> Calendar | None:
    """`day` moved by calendar months, clamped to the month's end (rule 20)."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        return None
    last = calendar.monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=min(day.day, last))


def end_of_month(day: dt.date) -> dt.date:
    """The last day of the month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def date_in(zone: dt.tzinfo, moment: dt.datetime) -> dt.date | None:
    """The calendar date of `moment` in `zone`."""
    try:
        return moment.astimezone(zone).date()
    except OverflowError:
        return None
