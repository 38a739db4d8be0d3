"""Leads and inquiries: who asked, what became of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cli.demo_history import Ref

from .book import Book, Client
from .clients import NEW, Clients
from .visits import Visits

LEADS = 620
INQUIRIES = 480
CAMPAIGNS = {
    "exhibition": "上海国际泵阀展", "website": "官网表单", "search": "百度推广",
    "social": "微信公众号", "referral": "老客户转介绍",
}  # fmt: skip
REASONS = {
    "no_need": 30.0, "no_budget": 18.0, "unreachable": 22.0, "wrong_data": 10.0,
    "competitor": 8.0, "duplicate": 6.0, "other": 6.0,
}  # fmt: skip
CHANNELS = {
    "website": 32.0, "email": 18.0, "phone": 18.0, "platform": 14.0, "chat": 12.0,
    "exhibition": 6.0,
}  # fmt: skip


class Leads:
    """Writes leads and inquiries; some leads become customers."""

    def __init__(self, book: Book, clients: Clients, visits: Visits) -> None:
        self.book = book
        self.clients = clients
        self.visits = visits

    def tell(self) -> None:
        """A year of leads; `NEW` of them become customers."""
        book, chance = self.book, self.book.chance
        span = (book.today - book.start).days
        for number in range(LEADS):
            day = book.calendar.workday(book.start + dt.timedelta(days=chance.randrange(span)))
            self._lead(self.clients.invent(day), becomes=number < NEW)

    def _lead(self, client: Client, *, becomes: bool) -> None:
        book, chance = self.book, self.book.chance
        seller, day = client.seller.key, client.since
        at = book.calendar.session(seller, day)
        if at is None:
            return
        contact = client.contacts[0]
        product = self._product(client)
        source = client.source
        key = book.create(at, seller, "lead", {
            "name": client.name,
            "contact_name": contact.name,
            "position": contact.position,
            "mobile": contact.mobile if chance.happens(0.9) else None,
            "email": contact.email,
            "source": source,
            "campaign": CAMPAIGNS.get(source),
            "rating": chance.one({"hot": 2.0, "warm": 5.0, "cold": 4.0}),
            "region": client.seller.region,
            "country": "中国",
            "product": Ref(f"product/{product['code']}"),
            "estimated_amount": round(chance.spread(60_000, 0.8), -3),
            "needs": chance.choice(book.words.talk["needs"]),
        })  # fmt: skip
        if chance.happens(0.04):
            return  # nobody has called yet
        called = book.calendar.workday(day + chance.days(0, 6))
        at = book.calendar.session(seller, called, at)
        if at is None:
            return
        book.change(at, seller, key, {}, "contact")
        talked = self._talk(client, key, called, product["short"], at)
        decided = book.calendar.workday(called + chance.days(3, 40))
        at = book.calendar.session(seller, decided, at)
        if at is None or not talked:
            return
        if becomes:
            self._becomes(client, key, at)
        elif chance.happens(0.72):
            reason = {"disqualify_reason": chance.one(REASONS)}
            book.change(at, seller, key, reason, "disqualify")

    def _talk(
        self, client: Client, key: str, day: dt.date, product: str, after: dt.datetime
    ) -> bool:
        book, chance = self.book, self.book.chance
        following = book.calendar.workday(day + chance.days(3, 12))
        done = self.visits.done(following, forgotten=0.15)
        self.visits.note(
            client, day, "lead", product=product, next_on=following,
            done=done, after=after, lead=Ref(key),
        )  # fmt: skip
        return done

    def _becomes(self, client: Client, key: str, at: dt.datetime) -> None:
        book, chance = self.book, self.book.chance
        seller = client.seller.key
        client.since = book.calendar.day(at)
        self.clients.enter(client, at, by=seller)
        rating = {"rating": chance.one({"hot": 5.0, "warm": 3.0}), "customer": Ref(client.key)}
        book.change(at, seller, key, rating, "qualify")
        book.clients.append(client)

    def _product(self, client: Client) -> dict[str, Any]:
        rows = [r for r in self.book.words.products if r["series"] in client.trade["buys"]]
        return self.book.chance.row([row for row in rows if row["weight"] != "0"])

    def ask(self) -> None:
        """A year of inquiries, most of them from customers."""
        book, chance = self.book, self.book.chance
        for _ in range(INQUIRIES):
            day = book.today - dt.timedelta(days=int(abs(chance.gauss(0, 1)) * 110) % 360)
            known = [c for c in book.clients if c.since < day]
            client = chance.choice(known) if chance.happens(0.7) else self.clients.invent(day)
            self._inquiry(client, book.calendar.workday(day))

    def _inquiry(self, client: Client, day: dt.date) -> None:
        book, chance, talk = self.book, self.book.chance, self.book.words.talk["inquiries"]
        seller, product = client.seller.key, self._product(client)
        at = book.calendar.session(seller, day)
        if at is None:
            return
        quantity = chance.choice((1, 2, 2, 3, 4, 5, 6, 8, 10, 12, 20))
        said = {
            "product": product["short"],
            "quantity": quantity,
            "project": chance.choice(book.words.talk["projects"]),
        }
        contact = client.contacts[0]
        key = book.create(at, seller, "inquiry", {
            "subject": chance.choice(talk["subjects"]).format(**said),
            "channel": chance.one(CHANNELS),
            "received_on": day,
            "customer": Ref(client.key) if client.key else None,
            "company": client.name,
            "contact_name": contact.name,
            "phone": contact.mobile,
            "email": contact.email,
            "country": "中国",
            "region": client.seller.region,
            "product": Ref(f"product/{product['code']}"),
            "quantity": quantity,
            "target_price": round(float(product["list_price"]) * 0.9, 0),
            "request": chance.choice(talk["requests"]).format(**said),
        })  # fmt: skip
        if chance.happens(0.025):
            return  # forgotten
        replied = book.calendar.workday(day + chance.days(0, 3))
        at = book.calendar.session(seller, replied, at)
        if at is None:
            return
        answer = chance.choice(talk["answers"]).format(**said)
        answered = {"status": "answered", "replied_on": replied, "answer": answer}
        book.change(at, seller, key, answered)
        at = book.calendar.session(seller, replied + chance.days(3, 25), at)
        if at is not None:
            status = chance.one({"quoted": 5.0, "closed": 4.0})
            book.change(at, seller, key, {"status": status})
