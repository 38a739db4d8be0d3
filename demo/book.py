"""The book that the story is written into, with all that its chapters share."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from cli.demo_history import Deed

from .calendar import Calendar
from .chance import Chance
from .words import Words


@dataclass(slots=True)
class Seller:
    """Somebody who sells. `skill` is 1 for the average."""

    key: str
    manager: str
    region: str
    skill: float


@dataclass(slots=True)
class Contact:
    """A person at a customer."""

    key: str
    name: str
    position: str
    buys: str
    mobile: str
    email: str


@dataclass(slots=True)
class Client:
    """A company that may buy. `since` is the day from which it is known here."""

    key: str
    name: str
    short: str
    trade: dict[str, Any]
    place: dict[str, Any]
    seller: Seller
    grade: str
    since: dt.date
    address: str = ""
    source: str = ""
    status: str = "prospect"
    contacts: list[Contact] = field(default_factory=list)

    @property
    def known(self) -> str:
        """What people here call it."""
        return self.short


class Book:
    """Deeds as they are written, and what later chapters need of earlier ones."""

    def __init__(self, seed: int, end: dt.datetime, zone: ZoneInfo) -> None:
        self.chance = Chance(seed)
        self.words = Words()
        self.calendar = Calendar(Chance(seed + 1), end, zone)
        self.deeds: list[Deed] = []
        self.sellers: list[Seller] = []
        self.clients: list[Client] = []
        self._counts: dict[str, int] = defaultdict(int)
        self._openings = 0

    @property
    def today(self) -> dt.date:
        """The last day of the story."""
        return self.calendar.today

    @property
    def start(self) -> dt.date:
        """The first day of the story."""
        return self.calendar.start

    def opening(self) -> dt.datetime:
        """A moment before the first day; each call a second after the one before."""
        self._openings += 1
        moment = self.calendar.moment(self.start - dt.timedelta(days=1), 8)
        return moment + dt.timedelta(seconds=self._openings)

    def create(
        self, at: dt.datetime, by: str, object: str, values: dict[str, Any], key: str = ""
    ) -> str:
        """Somebody creates a record; returns its key."""
        if not key:
            self._counts[object] += 1
            key = f"{object}/{self._counts[object]}"
        given = {name: value for name, value in values.items() if value not in (None, "")}
        self.deeds.append(Deed(at=at, by=by, object=object, key=key, values=given, new=True))
        return key

    def change(
        self, at: dt.datetime, by: str, key: str, values: dict[str, Any], transition: str = ""
    ) -> None:
        """Somebody changes a record, or moves it by a transition."""
        object = key.partition("/")[0]
        self.deeds.append(
            Deed(at=at, by=by, object=object, key=key, values=values, transition=transition)
        )
