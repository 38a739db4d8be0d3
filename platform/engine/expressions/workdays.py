"""The company's year: which days are worked, and when the fiscal year begins.

Monday to Friday are worked, except holidays; a Saturday or Sunday is, where it makes up for one. So
that counting costs the same over a week and over a century, days are counted from 1 January of the
year 1, a Monday:

1. `usual(day)`: the Mondays to Fridays up to a day, by arithmetic.
2. `exceptions` are the days that differ from that, in order, and `shifts` by how much the count of
   worked days differs from the usual one from each of them on. A count is two look-ups.
3. The other way round, `counts` are the worked days up to each exception. Between two exceptions
   the usual arithmetic leads from a count to its day; where it leads beyond the next exception,
   that one is the day.

The SQL reading (`functions.workdays`) does the same on the same three lists.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

MOST_WORKDAYS = 4_000_000
"""Beyond so many days a result is empty, as with durations."""
LAST = dt.date.max.toordinal() - 1


@dataclass(frozen=True)
class CompanyYear:
    """`exceptions` are days since 1 January of the year 1, each worked or not unlike others of
    its weekday; the fiscal year begins in `month`, from 1 to 12."""

    exceptions: tuple[int, ...] = ()
    month: int = 1

    @classmethod
    def of(cls, holidays: Iterable[dt.date], worked: Iterable[dt.date], month: int) -> CompanyYear:
        """From the company's holidays and the days worked for them; a day in both is worked."""
        free, extra = {_number(day) for day in holidays}, {_number(day) for day in worked}
        days = {n for n in free - extra if n % 7 < 5} | {n for n in extra if n % 7 >= 5}
        return cls(tuple(sorted(days)), month if 1 <= month <= 12 else 1)

    @functools.cached_property
    def shifts(self) -> tuple[int, ...]:
        """By how much the count of worked days differs from the usual one since each exception."""
        found, total = [], 0
        for day in self.exceptions:
            total += 1 if day % 7 >= 5 else -1
            found.append(total)
        return tuple(found)

    @functools.cached_property
    def counts(self) -> tuple[int, ...]:
        """The worked days up to each exception, itself included."""
        return tuple(
            usual(day) + shift for day, shift in zip(self.exceptions, self.shifts, strict=True)
        )

    @functools.cached_property
    def written(self) -> str:
        """All of it as text, for SQLite."""
        return json.dumps([self.month, *self.exceptions])

    def is_workday(self, day: dt.date) -> bool:
        """Whether the day is worked."""
        number = _number(day)
        return self._worked(number) > self._worked(number - 1)

    def between(self, start: dt.date, end: dt.date) -> Decimal:
        """The worked days after `start` up to `end`; less than 0 where that is before."""
        return Decimal(self._worked(_number(end)) - self._worked(_number(start)))

    def add(self, day: dt.date, count: Decimal) -> dt.date | None:
        """The `count`-th worked day after `day`, or before it; the day itself for 0."""
        if not count:
            return day
        if abs(count) > MOST_WORKDAYS:
            return None
        number = _number(day)
        if count > 0:
            return self._day(self._worked(number) + int(count))
        return self._day(self._worked(number - 1) + int(count) + 1)

    def fiscal_year(self, day: dt.date) -> Decimal:
        """The calendar year in which the day's fiscal year ends."""
        return Decimal(day.year + (1 < self.month <= day.month))

    def fiscal_quarter(self, day: dt.date) -> Decimal:
        """The quarter of the fiscal year, 1 to 4."""
        return Decimal((day.month - self.month) % 12 // 3 + 1)

    def _worked(self, number: int) -> int:
        found = bisect_right(self.exceptions, number)
        return usual(number) + (self.shifts[found - 1] if found else 0)

    def _day(self, wanted: int) -> dt.date | None:
        found = bisect_left(self.counts, wanted)
        left = wanted - (self.shifts[found - 1] if found else 0) - 1
        if wanted < 1 or left < 0:
            return None
        number = left // 5 * 7 + left % 5
        if found < len(self.exceptions):
            number = min(number, self.exceptions[found])
        return dt.date.fromordinal(number + 1) if number <= LAST else None


def usual(number: int) -> int:
    """The Mondays to Fridays up to a day."""
    return number // 7 * 5 + min(number % 7 + 1, 5)


@functools.lru_cache(maxsize=32)
def read_year(written: str) -> CompanyYear:
    """What `written` says."""
    month, *exceptions = json.loads(written)
    return CompanyYear(tuple(exceptions), month)


def _number(day: dt.date) -> int:
    return day.toordinal() - 1
