"""The clock of scenarios: it stands still, and goes on when a step says so (rule 20)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

EPOCH = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


@dataclass
class Clock:
    """Tells the time that it was set to, aware and in UTC."""

    now: dt.datetime = EPOCH

    def __call__(self) -> dt.datetime:
        """The time."""
        return self.now


def moment(text: str, zone: ZoneInfo) -> dt.datetime:
    """The moment that `2026-03-16` or `2026-03-16 09:00` means in the company's time zone.

    Raises ValueError when there is none such.
    """
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(dt.UTC)


def company_time(moment: dt.datetime, zone: ZoneInfo) -> str:
    """A moment as scenarios write it."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")
