"""The currencies and exchange rates that a transaction needs, each read once, never per row."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.schema.tables import DELETED

if TYPE_CHECKING:
    from engine.records.transaction import Transaction

ONE = Decimal(1)
SINGLE = 3
"""Rates of one currency that are looked up singly before all of them are read."""


@dataclass(frozen=True, slots=True)
class Known:
    """A currency: its record, its code and its decimals."""

    id: int
    code: str
    decimals: int


class Currencies:
    """The currencies and rates that one transaction has met, read once each."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.site = tx.catalog.site
        self._by_id: dict[int, Known] = {}
        self._single: dict[tuple[int, dt.date], Decimal | None] = {}
        self._asked: dict[int, int] = {}
        self._all: dict[int, tuple[list[dt.date], list[Decimal]]] = {}

    def by_id(self, id: int | None) -> Known | None:
        """The currency with that id; None where it is empty or unknown."""
        if id is not None and id not in self._by_id:
            self._read()
        return None if id is None else self._by_id.get(id)

    def by_code(self, code: str) -> Known | None:
        """The currency with that code, or None."""
        found = self._coded(code)
        if found is None:
            self._read()
            found = self._coded(code)
        return found

    def code(self, id: int | None) -> str:
        """The code of a record's currency; empty is the company's."""
        found = self.by_id(id)
        return self.site.currency if found is None else found.code

    def decimals(self, id: int | None) -> int:
        """The decimals of a record's currency."""
        found = self.by_id(id) or self.by_code(self.site.currency)
        return 2 if found is None else found.decimals

    def codes(self) -> list[str]:
        """All codes, for hints."""
        return sorted(known.code for known in self._by_id.values())

    def rate(self, id: int | None, day: dt.date) -> Decimal | None:
        """What one unit is worth in the company's currency on that day; None: nobody said."""
        known = self.by_id(id)
        if known is None or known.code == self.site.currency:
            return ONE
        if not self.site.currencies.rates:
            return None
        if known.id in self._all:
            return self._among(known.id, day)
        key = (known.id, day)
        if key not in self._single:
            self._asked[known.id] = self._asked.get(known.id, 0) + 1
            if self._asked[known.id] > SINGLE:
                self._all[known.id] = self._read_all(known.id)
                return self._among(known.id, day)
            self._single[key] = self._read_one(known.id, day)
        return self._single[key]

    def _coded(self, code: str) -> Known | None:
        return next((known for known in self._by_id.values() if known.code == code), None)

    def _read(self) -> None:
        names = self.site.currencies
        if not names.object:
            return
        table = self.tx.tables.table(names.object)
        fields = self.tx.catalog.objects[names.object].fields
        code, decimals = (table.c[fields[n].column] for n in (names.code, names.decimals))
        query = sa.select(table.c.id, code, decimals).order_by(table.c[DELETED].is_not(None))
        for id, code_, places in self.tx.connection.execute(query):
            self._by_id[id] = Known(id, code_ or "", 2 if places is None else int(places))

    def _rates(self, id: int) -> tuple[sa.Select[Any], sa.ColumnElement[Any]]:
        names = self.site.currencies
        table = self.tx.tables.table(names.rates)
        fields = self.tx.catalog.objects[names.rates].fields
        currency, day, rate = (
            table.c[fields[n].column] for n in (names.rate_currency, names.rate_date, names.rate)
        )
        query = sa.select(day, rate).where(
            currency == id, table.c[DELETED].is_(None), day.is_not(None), rate.is_not(None)
        )
        return query, day

    def _read_one(self, id: int, day: dt.date) -> Decimal | None:
        query, date = self._rates(id)
        query = query.where(date <= sa.literal(day, date.type)).order_by(date.desc()).limit(1)
        found = self.tx.connection.execute(query).first()
        return None if found is None else found[1]

    def _read_all(self, id: int) -> tuple[list[dt.date], list[Decimal]]:
        query, date = self._rates(id)
        rows = self.tx.connection.execute(query.order_by(date)).all()
        return [row[0] for row in rows], [row[1] for row in rows]

    def _among(self, id: int, day: dt.date) -> Decimal | None:
        days, rates = self._all[id]
        place = bisect_right(days, day)
        return rates[place - 1] if place else None
