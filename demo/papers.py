"""Quotations and orders: what is offered, accepted, produced and shipped."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from cli.demo_history import Ref

from .book import Book

if TYPE_CHECKING:
    from .sales import Deal

CENT = Decimal("0.01")
LINE_DISCOUNTS = {"0": 46.0, "0.03": 10.0, "0.05": 16.0, "0.08": 9.0, "0.10": 9.0, "0.12": 5.0,
                  "0.15": 3.0, "0.20": 2.0}  # fmt: skip
DISCOUNTS = {"0": 80.0, "0.02": 9.0, "0.03": 7.0, "0.05": 4.0}
TERMS = {"prepaid": 18.0, "deposit_30": 46.0, "on_delivery": 14.0, "net_30": 14.0, "net_60": 6.0,
         "net_90": 2.0}  # fmt: skip
FREELY = Decimal("0.10")
"""Up to this discount nobody has to agree."""
HOUR = dt.timedelta(hours=1)
REFUSED = {"price": "price", "product": "product", "delivery": "delivery",
           "competitor": "competitor", "budget": "cancelled"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A product, how many, and what is taken off its price."""

    product: dict[str, Any]
    quantity: int
    discount: Decimal = Decimal(0)

    def gross(self, discount: Decimal = Decimal(0)) -> Decimal:
        """The amount with tax, as the line's formula computes it."""
        price = Decimal(self.product["list_price"])
        amount = self.quantity * price * (1 - self.discount) * (1 - discount)
        return amount.quantize(CENT, ROUND_HALF_UP)

    def of_opportunity(self) -> dict[str, Any]:
        """As a line of an opportunity."""
        return {"product": Ref(f"product/{self.product['code']}"), "quantity": self.quantity}

    def of_paper(self) -> dict[str, Any]:
        """As a line of a quotation or an order."""
        return self.of_opportunity() | {"discount": self.discount}


@dataclass(frozen=True, slots=True)
class Offer:
    """What is quoted for an opportunity."""

    lines: tuple[Line, ...]
    discount: Decimal

    def gross(self) -> Decimal:
        """Its total with tax."""
        return sum((line.gross(self.discount) for line in self.lines), Decimal(0))

    @property
    def needs_approval(self) -> bool:
        """Whether somebody has to agree to its largest discount."""
        return max(self.discount, *(line.discount for line in self.lines)) > FREELY


class Papers:
    """Writes quotations and orders of opportunities."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._offers: dict[str, Offer] = {}

    def prepare(self, deal: Deal, proposed: dt.datetime | None, ended: dt.datetime | None) -> None:
        """Decides what is offered for an opportunity.

        Large discounts are given only where there is time for an approval, and more of them in
        the last days, so that some wait to be approved.
        """
        chance, live = self.book.chance, self.book.calendar.live_from
        waits = proposed is not None and proposed >= live and ended is None
        settled = proposed is not None and proposed + 3 * HOUR < min(live, ended or live)
        lines = []
        for line in deal.lines:
            discount = Decimal(chance.one(LINE_DISCOUNTS))
            if waits and chance.happens(0.5):
                discount = Decimal(chance.choice(("0.12", "0.15", "0.18", "0.22", "0.25")))
            if not (waits or settled):
                discount = min(discount, FREELY)
            lines.append(replace(line, discount=discount))
        self._offers[deal.key] = Offer(tuple(lines), Decimal(chance.one(DISCOUNTS)))

    def agreed(self, deal: Deal) -> Decimal:
        """The amount that a won opportunity comes to."""
        return self._offers[deal.key].gross()

    def write(self, deal: Deal, entered: dict[str, dt.datetime], ended: dt.datetime | None) -> None:
        """The quotation of an opportunity that came to a proposal, and the order that followed."""
        chance = self.book.chance
        won = deal.wins and ended is not None
        quotation = ""
        if "proposal" in entered and chance.happens(0.93 if won else 0.62):
            quotation = self._quotation(deal, entered["proposal"], ended)
        if won and ended is not None and chance.happens(0.94 if quotation else 0.6):
            self._order(deal, quotation, ended)

    def _quotation(self, deal: Deal, proposed: dt.datetime, ended: dt.datetime | None) -> str:
        book, chance, calendar = self.book, self.book.chance, self.book.calendar
        seller, offer = deal.client.seller.key, self._offers[deal.key]
        day = calendar.day(proposed)
        valid = chance.choice((30, 30, 30, 45, 60))
        key = book.create(proposed, seller, "quotation", {
            "subject": deal.name,
            "opportunity": Ref(deal.key),
            "customer": Ref(deal.client.key),
            "contact": Ref(deal.contact),
            "quoted_on": day,
            "valid_until": day + dt.timedelta(days=valid),
            "discount": offer.discount,
            "payment_terms": chance.one(TERMS),
            "delivery_terms": chance.choice(book.words.talk["delivery_terms"]),
            "notes": book.words.talk["quotation_notes"],
            "lines": [line.of_paper() for line in offer.lines],
        })  # fmt: skip
        if ended is None and chance.happens(0.1):
            return key  # still being written
        if offer.needs_approval:
            book.change(proposed, seller, key, {}, "submit")
            if proposed >= calendar.live_from:
                return key  # waits for the manager
            book.change(proposed + HOUR, deal.client.seller.manager, key, {}, "approve")
            sent: dt.datetime | None = proposed + 2 * HOUR
        else:
            sent = calendar.session(seller, day + chance.days(0, 3), proposed)
        if sent is None or (ended is not None and sent > ended):
            if ended is None:
                return key
            sent = proposed
        book.change(sent, seller, key, {}, "send")
        if ended is None:
            return key
        if deal.wins:
            book.change(ended, seller, key, {}, "accept")
        elif calendar.day(ended) > day + dt.timedelta(days=valid) and chance.happens(0.5):
            book.change(ended, seller, key, {}, "expire")
        else:
            reason = chance.choice(list(REFUSED.values()))
            book.change(ended, seller, key, {"reject_reason": reason}, "reject")
        return key

    def _order(self, deal: Deal, quotation: str, won: dt.datetime) -> None:
        book, chance, calendar = self.book, self.book.chance, self.book.calendar
        client, offer = deal.client, self._offers[deal.key]
        seller, manager = client.seller.key, client.seller.manager
        at = calendar.session(seller, calendar.day(won) + chance.days(0, 5), won)
        if at is None:
            return
        day = calendar.day(at)
        due = calendar.workday(day + chance.days(18, 60))
        key = book.create(at, seller, "order", {
            "customer": Ref(client.key),
            "contact": Ref(deal.contact),
            "quotation": Ref(quotation) if quotation else None,
            "opportunity": Ref(deal.key),
            "customer_reference": f"PO-{day:%y%m}{chance.randrange(1000):03}"
            if chance.happens(0.5) else None,
            "ordered_on": day,
            "delivery_date": due,
            "discount": offer.discount,
            "delivery_address": f"{client.place['province']}{client.place['city']}{client.address}",
            "lines": [line.of_paper() for line in offer.lines],
        })  # fmt: skip
        confirmed = calendar.session(seller, day + chance.days(0, 4), at)
        if confirmed is None:
            return
        book.change(confirmed, seller, key, {"delivery_date": due}, "confirm")
        if chance.happens(0.03):
            reason = chance.choice(book.words.talk["cancel_reasons"])
            stopped = calendar.session(
                seller, calendar.day(confirmed) + chance.days(2, 9), confirmed
            )
            if stopped is not None:
                book.change(stopped, seller, key, {"cancel_reason": reason}, "cancel")
            return
        started = calendar.session(manager, calendar.day(confirmed) + chance.days(1, 7), confirmed)
        if started is None:
            return
        book.change(started, manager, key, {}, "start_production")
        self._deliver(key, manager, seller, due, started)

    def _deliver(
        self, key: str, manager: str, seller: str, due: dt.date, started: dt.datetime
    ) -> None:
        book, chance, calendar = self.book, self.book.chance, self.book.calendar
        late = chance.days(1, 16) if chance.happens(0.16) else -chance.days(0, 6)
        ready = max(due + late, calendar.day(started) + dt.timedelta(days=5))
        shipped = calendar.session(manager, ready, started)
        if shipped is None:
            return
        number = chance.choice(book.words.talk["carriers"]) + f"{chance.randrange(10**12):012}"
        values = {"shipped_on": calendar.day(shipped), "tracking_number": number}
        book.change(shipped, manager, key, values, "ship")
        done = calendar.session(seller, calendar.day(shipped) + chance.days(5, 25), shipped)
        if done is not None:
            book.change(done, seller, key, {"completed_on": calendar.day(done)}, "complete")
