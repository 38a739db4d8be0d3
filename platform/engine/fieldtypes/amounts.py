"""Amounts that know their currency, and how many decimals a currency leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Self


class Amount(Decimal):
    """A number that knows its currency: the ISO 4217 code. Arithmetic gives plain numbers."""

    currency: str

    @classmethod
    def of(cls, value: Decimal, currency: str) -> Self:
        """The amount `value` in the currency."""
        made = cls(value)
        made.currency = currency
        return made


def summed(values: Sequence[Decimal]) -> Decimal:
    """The sum, in their currency where all of them have the same one."""
    total = sum(values, Decimal(0))
    currencies = {getattr(value, "currency", None) for value in values}
    first = currencies.pop() if len(currencies) == 1 else None
    return total if first is None else Amount.of(total, first)


def decimals_of(scale: int, decimals: int) -> int:
    """How many decimals an amount has of a field with `scale`, in a currency with `decimals`.

    A field's scale is meant for a currency with two: prices with four have two more than amounts.
    """
    return min(scale, max(0, scale - 2) + decimals)


def rounded(value: Decimal, decimals: int) -> Decimal:
    """The number with so many decimals, rounded half away from zero (rule 18)."""
    unit = Decimal(1).scaleb(-decimals)
    return value.quantize(unit, ROUND_HALF_UP) or Decimal(0).quantize(unit)  # no negative zero
