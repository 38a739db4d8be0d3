"""Opportunities: how each begins, passes its stages, and ends or is still open.

1. The day it begins follows the season; the customer is drawn by grade.
2. Its size is log-normal around what such a customer buys, made up of product lines.
3. Whether it will be won depends on grade, region, size, source and the seller's skill.
4. How long it takes is log-normal; the stages divide that time. What would lie behind the last
   day has not happened yet, and so the opportunity is open at the stage it has reached.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cli.demo_history import Ref

from .book import Book, Client
from .clients import WORK
from .papers import Line, Papers
from .visits import Visits

COUNT = 1_500
SEASON = (0.8, 0.55, 1.15, 1.1, 1.05, 1.2, 0.95, 0.95, 1.1, 1.0, 1.15, 1.1)
"""How busy the months are, January first: the spring festival, the ends of quarters."""
SIZE = {"a": 2.2, "b": 1.3, "c": 0.9, "d": 0.5}
WINS = {"a": 0.13, "b": 0.05, "c": 0.0, "d": -0.08}
REGION_WINS = {"CN-EAST": 0.05, "CN-SOUTH": 0.02, "CN-NORTH": 0.0, "CN-CENTRAL": -0.03,
               "CN-SOUTHWEST": -0.05}  # fmt: skip
SOURCE_WINS = {"referral": 0.1, "existing": 0.1, "tender": -0.1, "cold_call": -0.08}
LOST_AT = {"first_contact": 15.0, "needs": 30.0, "proposal": 34.0, "negotiation": 21.0}
STAGES = ("first_contact", "needs", "proposal", "negotiation")
STEPS = {"needs": "clarify_needs", "proposal": "propose", "negotiation": "negotiate"}
SOON = dt.timedelta(minutes=1)
SHARE = {"needs": (0.12, 0.3), "proposal": (0.38, 0.58), "negotiation": (0.66, 0.86)}
"""When in its time an opportunity enters a stage."""
REASONS = {
    "price": 34.0, "competitor": 20.0, "no_decision": 16.0, "budget": 11.0, "product": 7.0,
    "delivery": 6.0, "relationship": 4.0, "other": 2.0,
}  # fmt: skip


@dataclass(slots=True)
class Deal:
    """An opportunity in the making. `ends` is the day of the decision, `stuck` that none comes."""

    client: Client
    start: dt.date
    ends: dt.date
    lines: list[Line]
    wins: bool
    lost_at: str
    stuck: bool
    source: str
    key: str = ""
    name: str = ""
    product: dict[str, Any] = field(default_factory=dict)
    contact: str = ""

    @property
    def amount(self) -> Decimal:
        """What the lines come to."""
        return sum((line.gross() for line in self.lines), Decimal(0))


class Sales:
    """Writes opportunities with all that belongs to them."""

    def __init__(self, book: Book, visits: Visits, papers: Papers) -> None:
        self.book = book
        self.visits = visits
        self.papers = papers
        self._bought: set[str] = set()

    def tell(self) -> None:
        """All of them."""
        for day in sorted(self._days()):
            clients = [
                c for c in self.book.clients
                if c.since <= day and c.status not in ("lost", "blocked")
            ]  # fmt: skip
            weights = [WORK[c.grade] * (0.3 if c.status == "dormant" else 1) for c in clients]
            client = self.book.chance.choices(clients, weights)[0]
            self._live(self._deal(client, day))

    def _days(self) -> list[dt.date]:
        book = self.book
        days = [book.start + dt.timedelta(days=n) for n in range((book.today - book.start).days)]
        days = [day for day in days if day.weekday() < 5]
        weights = [SEASON[day.month - 1] * (1 + 0.25 * i / len(days)) for i, day in enumerate(days)]
        return book.chance.choices(days, weights, k=COUNT)

    def _deal(self, client: Client, start: dt.date) -> Deal:
        chance = self.book.chance
        lines = self._lines(client)
        amount = float(sum(line.gross() for line in lines))
        source = client.source if chance.happens(0.35) else chance.one(
            {"existing": 50.0, "tender": 18.0, "referral": 12.0, "website": 12.0, "partner": 8.0}
        )  # fmt: skip
        odds = (
            0.31 + WINS[client.grade] + REGION_WINS[client.seller.region]
            + SOURCE_WINS.get(source, 0) + 0.35 * (client.seller.skill - 1)
            - 0.05 * math.log(amount / 90_000)
        )  # fmt: skip
        wins = chance.happens(min(0.82, max(0.06, odds)))
        length = chance.spread(46, 0.55) * (1 + 0.12 * max(0, math.log(amount / 90_000)))
        length = min(260, max(6, length * (0.9 if wins else 1.05)))
        return Deal(
            client=client,
            start=start,
            ends=start + dt.timedelta(days=int(length)),
            lines=lines,
            wins=wins,
            lost_at="" if wins else chance.one(LOST_AT),
            stuck=chance.happens(0.035),
            source=source,
            product=lines[0].product,
            contact=chance.choice(client.contacts).key,
        )

    def _lines(self, client: Client) -> list[Line]:
        chance, products = self.book.chance, self.book.words.products
        sold = [row for row in products if row["weight"] != "0"]
        main = chance.row([row for row in sold if row["series"] in client.trade["buys"]])
        target = chance.spread(72_000 * SIZE[client.grade], 0.95)
        lines = [Line(main, max(1, min(60, round(target / float(main["list_price"])))))]
        for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
            more = chance.row(sold)
            price = float(more["list_price"])
            if more in [line.product for line in lines] or price > target:
                continue
            lines.append(Line(more, max(1, round(chance.spread(target * 0.15, 0.6) / price))))
        return lines

    def _live(self, deal: Deal) -> None:
        book, chance = self.book, self.book.chance
        seller = deal.client.seller.key
        at = book.calendar.session(seller, deal.start)
        if at is None:
            return
        self._open(deal, at)
        entered = [("first_contact", at)]
        span = (deal.ends - deal.start).days
        for stage, share in SHARE.items():
            if not deal.wins and STAGES.index(stage) > STAGES.index(deal.lost_at):
                break
            if deal.wins and stage == "negotiation" and chance.happens(0.15):
                break  # agreed at once
            day = book.calendar.workday(
                deal.start + dt.timedelta(days=int(span * chance.uniform(*share)))
            )
            moment = book.calendar.session(seller, day, entered[-1][1] + SOON)
            if moment is None:
                break
            self._enter(deal, stage, moment)
            entered.append((stage, moment))
        ended = None
        if not deal.stuck:
            ended = book.calendar.session(
                seller, book.calendar.workday(deal.ends), entered[-1][1] + SOON
            )
        reached = entered[-1][0]
        if reached != deal.lost_at and not (deal.wins and len(entered) > 2):
            ended = None
        stages = dict(entered)
        self.papers.prepare(deal, stages.get("proposal"), ended)
        if ended is not None:
            self._close(deal, ended)
        self._talk(deal, entered, ended)
        self.papers.write(deal, stages, ended)

    def _open(self, deal: Deal, at: dt.datetime) -> None:
        book, chance, client = self.book, self.book.chance, deal.client
        deal.name = (
            f"{client.known}{chance.choice(book.words.talk['projects'])}·{deal.product['short']}"
        )
        guess = (deal.ends - deal.start).days * chance.uniform(0.7, 1.25)
        detailed = chance.happens(0.7)
        amount = deal.amount if detailed else round(deal.amount, -3)
        deal.key = book.create(at, client.seller.key, "opportunity", {
            "name": deal.name,
            "customer": Ref(client.key),
            "contact": Ref(deal.contact),
            "product": Ref(f"product/{deal.product['code']}"),
            "amount": max(amount, Decimal(1000)),
            "budget": round(deal.amount * Decimal("1.1"), -4) or None
            if chance.happens(0.4) else None,
            "urgency": chance.one({"low": 1.0, "normal": 6.0, "high": 3.0, "critical": 0.7}),
            "source": deal.source,
            "start_date": deal.start,
            "expected_close": deal.start + dt.timedelta(days=int(guess) + 3),
            "needs": chance.choice(book.words.talk["needs"]),
            "lines": [line.of_opportunity() for line in deal.lines] if detailed else None,
        })  # fmt: skip

    def _enter(self, deal: Deal, stage: str, at: dt.datetime) -> None:
        book, chance = self.book, self.book.chance
        values: dict[str, Any] = {}
        if stage == "negotiation":
            close = max(deal.ends, book.calendar.day(at)) + chance.days(0, 12)
            values = {"expected_close": close}
            if chance.happens(0.55):
                rival = chance.row(book.words.competitors)
                values["competitors"] = [self._rival(deal, rival, "pending")]
        book.change(at, deal.client.seller.key, deal.key, values, STEPS[stage])

    def _rival(self, deal: Deal, rival: dict[str, Any], outcome: str) -> dict[str, Any]:
        chance = self.book.chance
        factor = {"lower": 0.9, "similar": 0.99, "higher": 1.25}[rival["price_level"]]
        quoted = round(
            deal.amount * Decimal(str(round(factor * chance.uniform(0.95, 1.05), 3))), -2
        )
        return {
            "competitor": Ref(f"competitor/{rival['name']}"),
            "strength": chance.one({"weaker": 2.0, "equal": 5.0, "stronger": 3.0}),
            "quoted_price": quoted if chance.happens(0.6) else None,
            "outcome": outcome,
        }

    def _close(self, deal: Deal, at: dt.datetime) -> None:
        book, chance, client = self.book, self.book.chance, deal.client
        seller = client.seller.key
        if deal.wins:
            values: dict[str, Any] = {"amount": max(self.papers.agreed(deal), Decimal(100))}
            if chance.happens(0.3):
                rival = chance.row(book.words.competitors)
                values["competitors"] = [self._rival(deal, rival, "beaten")]
            book.change(at, seller, deal.key, values, "win")
            if client.status == "prospect" and client.key not in self._bought:
                book.change(at, seller, client.key, {"status": "active"})
            self._bought.add(client.key)
            return
        reason = chance.one(REASONS)
        values = {"loss_reason": reason}
        if chance.happens(0.6):
            values["loss_notes"] = book.words.talk["loss_notes"][reason]
        if reason in ("price", "competitor", "delivery"):
            rival = chance.row(book.words.competitors)
            values["competitors"] = [self._rival(deal, rival, "lost_to")]
        book.change(at, seller, deal.key, values, "lose")

    def _talk(
        self, deal: Deal, entered: list[tuple[str, dt.datetime]], ended: dt.datetime | None
    ) -> None:
        book, chance, calendar = self.book, self.book.chance, self.book.calendar
        last = calendar.day(ended) if ended else book.today
        neglected = ended is None and chance.happens(0.13)
        if neglected:
            last -= chance.days(12, 45)
        days, day = [], deal.start
        while day <= last:
            days.append(day)
            pace = max(3, int(chance.spread(15, 0.5)))
            day = calendar.workday(day + dt.timedelta(days=pace))
        known = [(stage, calendar.day(moment)) for stage, moment in entered]
        stages = [next(s for s, since in reversed(known) if since <= max(d, known[0][1]))
                  for d in days]  # fmt: skip
        self.visits.chain(
            deal.client, days, stages, open_end=ended is None, product=deal.product["short"],
            after=entered[0][1], opportunity=Ref(deal.key),
        )  # fmt: skip
