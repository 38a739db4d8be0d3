"""Values as people write them in one language: amounts, numbers, dates, options.

What a field type says of itself (`FieldType.format`) counts; digits, dates and currencies are
written as the language's conventions in the Unicode CLDR ask for (Babel).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import (
    format_decimal,
    format_percent,
    get_currency_name,
    get_currency_precision,
    get_currency_symbol,
)

from engine.expressions.types import Kind, Type
from engine.fieldtypes.amounts import Amount
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.date import Date, MomentType
from engine.fieldtypes.duration import Duration
from engine.fieldtypes.number import Integer, Money, NumberType, Percent, Rating
from engine.fieldtypes.obscured import Obscured
from engine.texts.phrases import Piece
from engine.texts.words import DIGITS, chinese_amount, english_amount

_REGIONS = {"zh": "zh_Hans_CN"}
_PREFIXES = {"CNY": "人民币"}
_PLAIN_NUMBER = "#,##0.##################"


@dataclass(frozen=True)
class Formats:
    """How one language writes values; moments are told in `zone`, amounts are in `currency`."""

    locale: str
    zone: ZoneInfo
    currency: str

    @cached_property
    def babel(self) -> Locale:
        """The locale for Babel; languages that it does not know are written as in English."""
        try:
            return Locale.parse(_REGIONS.get(self.locale, self.locale.replace("-", "_")))
        except (UnknownLocaleError, ValueError):
            return Locale("en")

    @property
    def is_chinese(self) -> bool:
        """Whether it is Chinese."""
        return self.locale.startswith("zh")

    def field(self, type_: FieldType, value: Any) -> str:
        """A field's value; amounts without their currency."""
        if value is None:
            return ""
        if isinstance(value, Obscured):
            return str(value)
        match type_:
            case Money():
                return self.amount(value, _decimals(value, type_.scale))
            case Percent():
                return self.percent(value)
            case Rating():
                return type_.format(value, self.locale)
            case Integer() if type_.is_year:
                return type_.format(value, self.locale)
            case NumberType():
                return self.number(value)
            case Date():
                return self.day(value)
            case MomentType():
                return self.moment(value)
        return type_.format(value, self.locale)

    def result(self, type_: Type, value: Any) -> str:
        """An expression's value; amounts with their currency."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return {True: "是", False: "否"}[value] if self.is_chinese else "Yes" if value else "No"
        if isinstance(value, Decimal):
            if type_.unit == "money":
                return self.with_currency(value, _decimals(value, type_.scale))
            return self.percent(value) if type_.unit == "percent" else self.number(value)
        if isinstance(value, dt.datetime):
            return self.moment(value)
        if isinstance(value, dt.date):
            return self.day(value)
        if isinstance(value, dt.timedelta):
            return Duration().format(value, self.locale)
        if type_.kind is Kind.CHOICES:
            return ("、" if self.is_chinese else ", ").join(value)
        return str(value)

    def piece(self, piece: Piece, value: Any) -> str:
        """The value of an expression within a text; amounts with their currency.

        Whoever follows links turns records into their titles first.
        """
        if piece.field is not None and not isinstance(piece.field.type, Money):
            return self.field(piece.field.type, value)
        return self.result(piece.expression.type, value)

    def amount(self, value: Decimal, scale: int = 2) -> str:
        """An amount without its currency: 12,345.60."""
        pattern = "#,##0." + "0" * scale if scale else "#,##0"
        return str(format_decimal(value, pattern, self.babel))

    def with_currency(self, value: Decimal, scale: int = 2) -> str:
        """An amount with its currency: ¥12,345.60 in Chinese, CNY 12,345.60 in English."""
        code, mark = self.code_of(value), self.mark_of(value)
        gap = "\u00a0" if mark == code else ""
        sign = "-" if value < 0 else ""
        return f"{sign}{mark}{gap}{self.amount(abs(value), scale)}"

    def code_of(self, value: Any) -> str:
        """The code of an amount's own currency, else of the company's."""
        return str(getattr(value, "currency", self.currency))

    def mark_of(self, value: Any) -> str:
        """The currency's sign where the language has one of its own, else its ISO 4217 code."""
        code = self.code_of(value)
        symbol = str(get_currency_symbol(code, self.babel))
        return code if any(c.isascii() and c.isalpha() for c in symbol) else symbol

    @cached_property
    def mark(self) -> str:
        """The mark of the company's currency."""
        return self.mark_of(None)

    def number(self, value: Decimal) -> str:
        """A number without needless zeros: 2, 1,500.5."""
        return str(format_decimal(value, _PLAIN_NUMBER, self.babel))

    def percent(self, value: Decimal) -> str:
        """A fraction in per cent: 0.125 is 12.5%."""
        return str(format_percent(value, "#,##0.##########%", self.babel))

    def day(self, value: dt.date) -> str:
        """A date in full: 2026年3月16日, March 16, 2026."""
        return str(format_date(value, "long", self.babel))

    def moment(self, value: dt.datetime) -> str:
        """A point in time in the company's time zone."""
        return str(format_datetime(value, "medium", self.zone, self.babel))

    def in_words(self, value: Decimal | None) -> str:
        """The amount in words; empty where the language has no such form, or it is too large."""
        if value is None or (value and abs(value).adjusted() >= DIGITS):
            return ""
        code = self.code_of(value)
        if self.is_chinese:
            name = _PREFIXES.get(code) or get_currency_name(code, None, self.babel)
            return f"{name}{chinese_amount(value)}"
        if self.babel.language != "en":
            return ""
        name = get_currency_name(code, 1 if abs(value) == 1 else 2, self.babel)
        return english_amount(value, str(name), get_currency_precision(code))


def _decimals(value: Any, scale: int) -> int:
    """How many decimals an amount is written with: those that its currency leaves it."""
    return -int(value.as_tuple().exponent) if isinstance(value, Amount) else scale


def side(type_: FieldType) -> str:
    """Where a column of this type is aligned: numbers at the right."""
    return "right" if isinstance(type_, NumberType) else "left"
