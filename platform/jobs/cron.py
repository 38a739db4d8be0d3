"""The times of a cron line in a time zone, right across changes of the clock.

The line is read by croniter, in plain wall-clock time; what wall-clock time means when the clock
changes is settled here, by the rules of Vixie's cron (its manual, "Notes"):

1. Lines with a fixed hour (`30 2 * * *`): a time that the clock jumps over runs at once after the
   jump; a time that comes twice runs the first time only.
2. Lines whose hour begins with `*` run by real time: nothing is made up for, nothing left out.
"""

from __future__ import annotations

import bisect
import datetime as dt
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

FIELDS = 5
_SECOND = dt.timedelta(seconds=1)
_DAY = 24 * 3600
_RANDOM = re.compile(r"\b[RrHh]\b")
"""What croniter has beside cron: times that a random number or a hash chooses."""
_SOME_DAY = dt.datetime(2024, 1, 1)


def is_cron(line: str) -> bool:
    """Whether a line has five fields that croniter reads, and names a time that ever comes."""
    if len(line.split()) != FIELDS or not croniter.is_valid(line) or _RANDOM.search(line):
        return False
    try:
        croniter(line, _SOME_DAY).get_next(dt.datetime)
    except CroniterBadDateError:
        return False
    return True


def next_after(line: str, zone: ZoneInfo, moment: dt.datetime) -> dt.datetime:
    """The first time of the line after `moment`, in UTC."""
    fixed = not line.split()[1].startswith("*")
    local = moment.astimezone(zone)
    wall, offset = local.replace(tzinfo=None), _offset(local)
    begin = moment.astimezone(dt.UTC)
    while True:
        candidate: dt.datetime = croniter(line, wall).get_next(dt.datetime)
        found = (candidate - offset).replace(tzinfo=dt.UTC)
        change = _first_change(zone, begin, found)
        if change is not None:
            offset = _offset(change.astimezone(zone))
            after = change.replace(tzinfo=None) + offset
            if fixed and candidate < after:
                return change
            wall, begin = after - _SECOND, change
        elif fixed and found.astimezone(zone).fold:
            wall, begin = candidate, found
        else:
            return found


def times_between(
    line: str, zone: ZoneInfo, first: dt.datetime, last: dt.datetime
) -> Iterator[dt.datetime]:
    """The times of the line from `first` to `last`, both included."""
    at = next_after(line, zone, first - _SECOND)
    while at <= last:
        yield at
        at = next_after(line, zone, at)


def latest_until(
    line: str, zone: ZoneInfo, first: dt.datetime, last: dt.datetime, most: int
) -> list[dt.datetime]:
    """The latest `most` times of the line from `first` to `last`, in order.

    Looks back from `last` in spans that double, so that years of minutes cost no more than hours.
    """
    span = dt.timedelta(hours=1)
    while True:
        begin = max(first, last - span)
        found = list(times_between(line, zone, begin, last))
        if begin == first or len(found) >= most:
            return found[-most:]
        span *= 2


def _offset(local: dt.datetime) -> dt.timedelta:
    offset = local.utcoffset()
    assert offset is not None
    return offset


def _first_change(zone: ZoneInfo, begin: dt.datetime, end: dt.datetime) -> dt.datetime | None:
    """The first moment after `begin`, up to `end`, from which the zone has another offset.

    Clocks change at whole seconds, and less than once a day.
    """
    low, last = int(begin.timestamp()), int(end.timestamp())
    offset = _offset_at(zone, low)
    while low < last:
        high = min(low + _DAY, last)
        if _offset_at(zone, high) != offset:
            seconds = range(low, high)
            steps = bisect.bisect(seconds, False, key=lambda s: _offset_at(zone, s) != offset)
            return dt.datetime.fromtimestamp(low + steps, dt.UTC)
        low = high
    return None


def _offset_at(zone: ZoneInfo, second: int) -> dt.timedelta:
    return _offset(dt.datetime.fromtimestamp(second, zone))
