"""The second chapter: the companies that buy, their people, and the leads that some came from."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

from pypinyin import lazy_pinyin

from cli.demo_history import Ref

from .book import Book, Client, Contact, Seller
from .identity import credit_code, landline, mobile

OLD, NEW = 190, 110
"""Customers known before the first day, and those that come during the year."""
WORK = {"a": 5.0, "b": 2.6, "c": 1.2, "d": 0.5}
"""How much there is to sell to a customer, by grade."""
GRADES = {"a": 8.0, "b": 21.0, "c": 43.0, "d": 28.0}
STATUSES = {"active": 64.0, "prospect": 20.0, "dormant": 11.0, "lost": 4.0, "blocked": 1.0}
REGIONS = {
    "CN-EAST": 34.0, "CN-SOUTH": 22.0, "CN-NORTH": 19.0, "CN-CENTRAL": 14.0, "CN-SOUTHWEST": 11.0,
}  # fmt: skip
SOURCES = {
    "exhibition": 20.0, "referral": 18.0, "cold_call": 14.0, "website": 14.0, "search": 10.0,
    "partner": 8.0, "tender": 10.0, "social": 4.0, "other": 2.0,
}  # fmt: skip


class Clients:
    """Makes companies with names of their own."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._names: set[str] = set()
        self._work: dict[str, float] = defaultdict(float)

    def old(self) -> None:
        """Those that were known before the story begins."""
        book, chance = self.book, self.book.chance
        at = book.opening()
        for _ in range(OLD):
            client = self.invent(book.start - dt.timedelta(days=int(chance.spread(700, 0.8)) + 5))
            client.status = chance.one(STATUSES)
            self.enter(client, at, by="")
            book.clients.append(client)
        self._subsidiaries(book.opening())

    def invent(self, since: dt.date) -> Client:
        """A company and its people, not yet entered."""
        book, chance = self.book, self.book.chance
        region = chance.one(REGIONS)
        while True:
            place = chance.choice(book.words.places[region])
            trade = chance.row(book.words.trades["trades"])
            stem = chance.choice(book.words.trades["stems"])
            short = stem + trade["name"]
            name = place["short"] + short + chance.choice(trade["ends"])
            if short not in self._names:
                break
        self._names.add(short)
        grade = chance.one(GRADES)
        client = Client(
            key="",
            name=name,
            short=short,
            trade=trade,
            place=place,
            seller=self._least_busy(region, grade),
            grade=grade,
            since=since,
            source=chance.one(SOURCES),
        )
        client.address = (
            f"{chance.choice(place['roads'])}{chance.randrange(1, 999)}号"
            + chance.choice(
                ("", "", f"{chance.randrange(1, 12)}号楼", f"{chance.randrange(1, 6)}栋")
            )
        )
        self._people(client, stem)
        return client

    def _least_busy(self, region: str, grade: str) -> Seller:
        """Customers go to whom has least to do, measured by skill; and to others by chance."""
        sellers = [seller for seller in self.book.sellers if seller.region == region]
        if self.book.chance.happens(0.3):
            return self.book.chance.choice(sellers)
        seller = min(sellers, key=lambda one: self._work[one.key] / one.skill)
        self._work[seller.key] += WORK[grade]
        return seller

    def enter(self, client: Client, at: dt.datetime, by: str) -> None:
        """Somebody enters the company, its addresses and its people."""
        book, chance = self.book, self.book.chance
        place, trade = client.place, client.trade
        history: dict[str, Any] = {}
        if not by:  # it had been here for long
            made = book.calendar.moment(client.since, 9, chance.randrange(60))
            history = {"created_on": made, "created_by": Ref(client.seller.key)}
            history["owner"] = Ref(client.seller.key)
        employees = max(6, int(chance.spread(trade["employees"], 0.7)))
        where = {
            "address_province": place["province"],
            "address_city": place["city"],
            "address_street": client.address,
            "address_postcode": place["postal"],
        }
        addresses = [where | {"kind": "office"}]
        if chance.happens(0.6):
            main = client.contacts[0]
            addresses.append(
                where | {"kind": "delivery", "recipient": main.name, "phone": main.mobile}
            )
        web = client.contacts[0].email.partition("@")[2]
        values = {
            "name": client.name,
            "short_name": client.short,
            "status": client.status,
            "grade": client.grade,
            "potential": chance.one({"high": 2.0, "medium": 5.0, "low": 3.0}),
            "industry": trade["industry"],
            "employees": employees,
            "annual_revenue": round(employees * chance.spread(0.9, 0.4), 2),
            "founded_year": client.since.year - chance.randrange(2, 28),
            "region": client.seller.region,
            "country": "中国",
            "source": client.source,
            "tags": self._tags(client),
            "website": f"www.{web}" if chance.happens(0.7) else None,
            "phone": landline(chance, place["area"]),
            "tax_number": credit_code(chance, place["division"]),
            "addresses": addresses,
        }
        client.key = book.create(at, by, "customer", values | history)
        for number, contact in enumerate(client.contacts):
            self._enter_contact(client, contact, at, by, history, main=number == 0)

    def _enter_contact(
        self, client: Client, contact: Contact, at: dt.datetime, by: str,
        history: dict[str, Any], *, main: bool,
    ) -> None:  # fmt: skip
        chance = self.book.chance
        division = next(
            row["division"]
            for row in self.book.words.names["positions"]
            if row["position"] == contact.position
        )
        birthday = None
        if chance.happens(0.15):
            birthday = dt.date(chance.randrange(1966, 1997), chance.randrange(1, 13),
                               chance.randrange(1, 29))  # fmt: skip
        values = {
            "name": contact.name,
            "customer": Ref(client.key),
            "position": contact.position,
            "division": division,
            "buying_role": contact.buys,
            "main_contact": main,
            "mobile": contact.mobile,
            "phone": landline(chance, client.place["area"]) if chance.happens(0.3) else None,
            "email": contact.email,
            "wechat": contact.mobile if chance.happens(0.6) else None,
            "birthday": birthday,
        }
        contact.key = self.book.create(at, by, "contact", values | history)

    def _people(self, client: Client, stem: str) -> None:
        book, chance = self.book, self.book.chance
        web = "-".join("".join(lazy_pinyin(word)) for word in (stem, client.trade["name"]))
        count = {"a": (3, 5), "b": (2, 4), "c": (1, 3), "d": (1, 2)}[client.grade]
        positions = book.words.names["positions"]
        taken: set[str] = set()
        for _ in range(chance.randint(*count)):
            surname, sound = chance.choice(book.words.names["surnames"])
            given, given_sound = chance.choice(book.words.names["given"])
            row = chance.row(positions)
            local = f"{given_sound}.{sound}"
            if local in taken:
                continue
            taken.add(local)
            client.contacts.append(
                Contact(
                    key="",
                    name=surname + given,
                    position=row["position"],
                    buys=row["role"],
                    mobile=mobile(chance),
                    email=f"{local}@{web}.example",
                )
            )

    def _tags(self, client: Client) -> list[str]:
        tags = ["经销商"] if client.trade.get("dealer") else []
        for tag, share in (("战略合作", 0.05), ("国企", 0.12), ("出口型", 0.08), ("账期敏感", 0.1)):
            if self.book.chance.happens(share):
                tags.append(tag)
        return tags

    def _subsidiaries(self, at: dt.datetime) -> None:
        chance = self.book.chance
        groups = [c for c in self.book.clients if c.name.endswith("集团有限公司")]
        for group in groups[:8]:
            for client in chance.sample(self.book.clients, 2):
                same = client.seller.region == group.seller.region
                if same and client not in groups:
                    self.book.change(at, "", client.key, {"parent": Ref(group.key)})
