"""Follow-ups: calls, visits, mails and meetings, each with the next step that was agreed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cli.demo_history import Ref

from .book import Book, Client

KINDS = {"call": 38.0, "visit": 24.0, "message": 18.0, "mail": 12.0, "meeting": 8.0}
OUTCOMES = {"advanced": 30.0, "interested": 34.0, "undecided": 28.0, "not_reached": 6.0,
            "refused": 2.0}  # fmt: skip
PACE = {"a": 45, "b": 75, "c": 120, "d": 220}
"""Days between two calls on a customer without a sale going on, by grade."""

PATIENCE = 35
"""Days after which somebody does notice what was forgotten."""


class Visits:
    """Writes follow-ups."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def note(
        self,
        client: Client,
        day: dt.date,
        stage: str,
        *,
        product: str = "",
        next_on: dt.date | None = None,
        done: bool = True,
        after: dt.datetime | None = None,
        **links: Ref,
    ) -> dt.datetime | None:
        """One follow-up on `day`, entered at the seller's next session; None if that is to come.

        `stage` chooses the texts; `next_on` is the next step, taken already or not.
        """
        book, chance = self.book, self.book.chance
        at = book.calendar.session(client.seller.key, day, after)
        if at is None:
            return None
        talk = book.words.talk["stages"][stage]
        contact = chance.choice(client.contacts)
        said = {"contact": contact.name, "product": product or "产品", "short": client.known}
        values: dict[str, Any] = {
            "subject": f"{chance.choice(talk['subjects'])}（{client.known}）",
            "kind": chance.one(KINDS),
            "happened_on": day,
            "outcome": chance.one(OUTCOMES),
            "notes": chance.choice(talk["notes"]).format(**said),
            **links,
        }
        if client.key:
            values |= {"customer": Ref(client.key), "contact": Ref(contact.key)}
        if next_on is not None:
            step = chance.choice(book.words.talk["next_steps"])
            values |= {"next_on": next_on, "next_step": step, "next_done": done}
        book.create(at, client.seller.key, "follow_up", values)
        return at

    def chain(
        self,
        client: Client,
        days: list[dt.date],
        stages: list[str],
        *,
        open_end: bool,
        product: str,
        after: dt.datetime,
        **links: Ref,
    ) -> None:
        """Follow-ups on these days, each announcing the next; the last one stays open."""
        for index, (day, stage) in enumerate(zip(days, stages, strict=True)):
            last = index + 1 == len(days)
            upcoming = None if last else days[index + 1]
            if last and open_end:
                upcoming = self.book.calendar.workday(day + self.book.chance.days(4, 18))
            self.note(
                client, day, stage, product=product, next_on=upcoming,
                done=not last, after=after, **links,
            )  # fmt: skip

    def done(self, day: dt.date, forgotten: float) -> bool:
        """Whether what was to be done on `day` is done: a share of it is forgotten for weeks."""
        if day >= self.book.today:
            return False
        lately = (self.book.today - day).days <= PATIENCE
        return not (lately and self.book.chance.happens(forgotten))

    def care(self) -> None:
        """Calls and visits between sales, and service, as often as the grade asks for."""
        book, chance = self.book, self.book.chance
        for client in book.clients:
            if client.status in ("lost", "blocked"):
                continue
            pace = PACE[client.grade] * (2.5 if client.status == "dormant" else 1.0)
            day = max(book.start, client.since) + chance.days(3, int(pace))
            while day <= book.today:
                day = book.calendar.workday(day)
                following = book.calendar.workday(
                    day + dt.timedelta(days=max(7, int(chance.spread(pace, 0.35))))
                )
                if chance.happens(0.14):
                    self._service(client, day)
                elif day <= book.today:
                    announced = chance.happens(0.35)
                    self.note(
                        client, day, "care", next_on=following if announced else None,
                        done=self.done(following, forgotten=0.08),
                    )  # fmt: skip
                day = following

    def _service(self, client: Client, day: dt.date) -> None:
        book, chance = self.book, self.book.chance
        at = book.calendar.session(client.seller.key, day)
        if at is None:
            return
        number = chance.randrange(len(book.words.talk["service_subjects"]))
        values = {
            "subject": f"{book.words.talk['service_subjects'][number]}（{client.known}）",
            "kind": "service",
            "happened_on": day,
            "customer": Ref(client.key),
            "contact": Ref(chance.choice(client.contacts).key),
            "outcome": "advanced",
            "notes": book.words.talk["service_notes"][
                number % len(book.words.talk["service_notes"])
            ],
        }
        book.create(at, client.seller.key, "follow_up", values)
