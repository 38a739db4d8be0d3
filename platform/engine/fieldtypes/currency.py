"""Currencies: which one a record's amounts are in, and what that is worth in the company's."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.expressions.types import Kind, Type
from engine.fieldtypes.link import Link
from engine.fieldtypes.number import NumberType

RATE_SCALE = 8
"""Decimals of exchange rates: also of one of which 10,000 make one of another."""


@dataclass(frozen=True, kw_only=True)
class Currency(Link):
    """A link to a currency; empty means the company's.

    `rate_on` names the date or moment whose exchange rate counts, `rate` a number field of the
    record that goes before the table of rates where it is filled.
    """

    name = "currency"
    rate_on: str = "created_on"
    rate: str = ""


@dataclass(frozen=True, kw_only=True)
class ExchangeRate(NumberType):
    """What one unit of a record's currency is worth in the company's; set by the system.

    `of` names the record's currency field.
    """

    name = "exchange_rate"
    scale: int = RATE_SCALE
    of: str = ""

    def expression_type(self) -> Type:
        return Type(Kind.NUMBER, scale=self.scale)

    def format(self, value: Decimal | None, locale: str) -> str:
        """Nothing where the amounts are in the company's currency anyway."""
        return "" if value is None or value == 1 else f"{value.normalize():f}"
