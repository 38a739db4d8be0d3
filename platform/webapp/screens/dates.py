"""Days and moments as people say them: "3 days ago", exact when pointed at."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import get_month_names

from webapp.screens.texts import say

NEAR = 7
"""Up to so many days away a date is told by its distance."""


def near_day(day: dt.date, today: dt.date, locale: str) -> str:
    """A day in the reader's form: near ones by their distance, others short."""
    distance = (day - today).days
    if -NEAR <= distance <= NEAR:
        return _distance(distance, locale)
    return short_day(day, today.year, locale)


@lru_cache(maxsize=128)
def _distance(days: int, locale: str) -> str:
    named = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(days)
    if named:
        return say(locale, named)
    return say(locale, "in_days" if days > 0 else "days_ago", n=abs(days))


@lru_cache(maxsize=4096)
def short_day(day: dt.date, this_year: int, locale: str) -> str:
    """A day without the year when it is this one."""
    key = "day_of_this_year" if day.year == this_year else "day_of_a_year"
    month = _months(locale)[day.month]
    return say(locale, key, year=day.year, month=month, number=day.month, day=day.day)


@lru_cache(maxsize=8)
def _months(locale: str) -> dict[int, str]:
    return dict(get_month_names("abbreviated", locale=locale.replace("-", "_")))


@lru_cache(maxsize=512)
def month_name(year: int, month: int, locale: str) -> str:
    """A month with its year: "March 2026", "2026年3月"."""
    return say(locale, "month_of_year", year=year, month=_whole_months(locale)[month], number=month)


@lru_cache(maxsize=8)
def _whole_months(locale: str) -> dict[int, str]:
    return dict(get_month_names("wide", locale=locale.replace("-", "_")))


def near_moment(moment: dt.datetime, now: dt.datetime, zone: ZoneInfo, locale: str) -> str:
    """A moment in the reader's form."""
    seconds = (now - moment).total_seconds()
    if 0 <= seconds < 60:
        return say(locale, "just_now")
    if 0 <= seconds < 3600:
        return say(locale, "minutes_ago", n=int(seconds // 60))
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"{say(locale, 'today')} {local:%H:%M}"
    return near_day(local.date(), today, locale)


def exact_moment(moment: dt.datetime, zone: ZoneInfo) -> str:
    """A moment to the minute, in the company's time zone."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
