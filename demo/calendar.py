"""When people sit down and write: working days, and sessions at which they enter what happened."""

from __future__ import annotations

import bisect
import datetime as dt
import random
from zoneinfo import ZoneInfo

DAYS = 365
"""Length of the past."""
LIVE_DAYS = 7
"""In so many last days deeds count as they do for everybody: approvals wait, automations run."""
HABITS = ((14, 1.0), (45, 0.4), (DAYS + 1, 0.18))
"""On which share of working days a person writes, up to so many days before the end: of late
every day, long ago once a week (fewer, larger sessions are also told much faster)."""


class Calendar:
    """The past of a company: from `start` to the moment `end`, with everybody's sessions."""

    def __init__(self, rng: random.Random, end: dt.datetime, zone: ZoneInfo) -> None:
        self.zone = zone
        self.end = end
        self.today = end.astimezone(zone).date()
        self.start = self.today - dt.timedelta(days=DAYS)
        self.live_from = self.moment(self.today - dt.timedelta(days=LIVE_DAYS), 0)
        self._rng = rng
        self._sessions: dict[str, list[dt.datetime]] = {}

    def moment(self, day: dt.date, hour: int, minute: int = 0, second: int = 0) -> dt.datetime:
        """A time of a day here, in UTC."""
        local = dt.datetime.combine(day, dt.time(hour, minute, second), self.zone)
        return local.astimezone(dt.UTC)

    def hire(self, person: str) -> None:
        """Plans the person's sessions, later ones than `end` too."""
        rng, made = self._rng, []
        day = self.start
        while day <= self.today + dt.timedelta(days=7):
            age = (self.today - day).days
            share = next(share for days, share in HABITS if age < days)
            if day.weekday() < 5 and rng.random() < share:
                made.append(
                    self.moment(day, rng.choice((8, 9, 10, 11, 13, 14, 15, 16, 17)),
                                rng.randrange(60), rng.randrange(60))
                )  # fmt: skip
            day += dt.timedelta(days=1)
        self._sessions[person] = made

    def session(
        self, person: str, day: dt.date, after: dt.datetime | None = None
    ) -> dt.datetime | None:
        """The person's first session on `day` or later, and not before `after`.

        None when that is not within the past.
        """
        sessions = self._sessions[person]
        earliest = self.moment(day, 0)
        if after is not None:
            earliest = max(earliest, after)
        index = bisect.bisect_left(sessions, earliest)
        if index == len(sessions) or sessions[index] > self.end:
            return None
        return sessions[index]

    def day(self, moment: dt.datetime) -> dt.date:
        """The day of a moment here."""
        return moment.astimezone(self.zone).date()

    def workday(self, day: dt.date) -> dt.date:
        """The day itself, or the Monday after it."""
        return day + dt.timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
