"""Whole numbers, decimals, percentages and money. No float anywhere (rule 18)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from sqlalchemy.types import TypeEngine

from engine.expressions.sqltypes import DIGITS, Id, Number, quantized
from engine.expressions.types import Kind, Type
from engine.fieldtypes.amounts import Amount
from engine.fieldtypes.base import FieldType, is_empty, not_readable
from engine.problems import Message, Refusal

TOO_MANY_DECIMALS = Message(
    "too-many-decimals",
    en="{found} has more than {scale} decimals",
    zh="{found} 的小数超过 {scale} 位",
    hint_en="round it",
    hint_zh="请先四舍五入",
)
TOO_LARGE = Message(
    "number-too-large",
    en="{found} has more than {digits} digits",
    zh="{found} 超过 {digits} 位数字",
)
OUT_OF_RANGE = Message(
    "out-of-range",
    en="{found} lies outside {low} to {high}",
    zh="{found} 不在 {low} 到 {high} 的范围内",
)
OTHER_CURRENCY = Message(
    "other-currency",
    en="the amount is in {found}, this field takes {expected}",
    zh="金额币种为 {found}，此字段只接受 {expected}",
    hint_en="convert it to {expected} first",
    hint_zh="请先换算为 {expected}",
)
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．－＋，％", "0123456789.-+,%")


@dataclass(frozen=True, kw_only=True)
class NumberType(FieldType):
    """A decimal number with `scale` decimals, between `min` and `max` where they are given."""

    name = "number"
    control = "number"
    scale: int = 2
    min: Decimal | None = None
    max: Decimal | None = None

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        bounds = {
            key: Decimal(str(settings[key]))
            for key in ("min", "max")
            if settings.get(key) is not None
        }
        return super().from_settings(settings | bounds)

    def expression_type(self) -> Type:
        return Type(Kind.NUMBER, scale=self.scale)

    def column_type(self) -> TypeEngine[Any]:
        return Number(self.scale)

    def read(self, raw: Any) -> Decimal | None:
        if is_empty(raw):
            return None
        number = self.decimal(raw)
        if not number.is_finite() or number.adjusted() >= DIGITS:
            raise Refusal(TOO_LARGE(found=str(raw)[:40], digits=DIGITS))
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > self.scale:
            number = number.normalize()
            if -int(number.as_tuple().exponent) > self.scale:
                raise Refusal(TOO_MANY_DECIMALS(found=str(raw)[:40], scale=self.scale))
        try:
            number = quantized(number, self.scale)
        except (OverflowError, InvalidOperation):
            raise Refusal(TOO_LARGE(found=str(raw)[:40], digits=DIGITS)) from None
        low, high = self.min, self.max
        if (low is not None and number < low) or (high is not None and number > high):
            raise Refusal(
                OUT_OF_RANGE(
                    found=f"{number:f}",
                    low="-∞" if low is None else f"{low:f}",
                    high="∞" if high is None else f"{high:f}",
                )
            )
        return number

    def decimal(self, raw: Any) -> Decimal:
        """The number that `raw` writes: thousands separators and full-width digits allowed."""
        if isinstance(raw, Decimal):
            return raw
        if isinstance(raw, int) and not isinstance(raw, bool):
            return Decimal(raw)
        if isinstance(raw, float):  # JSON numbers: repr is the shortest text that reads the same
            return Decimal(repr(raw))
        if isinstance(raw, str) and len(raw) <= 60:
            text = raw.strip()
            if not text.isascii():
                text = text.translate(_FULL_WIDTH)
            try:
                return Decimal(text if "," not in text else _ungrouped(text))
            except InvalidOperation:
                pass
        raise not_readable(raw, "a number", "数字")

    def to_json(self, value: Any) -> Any:
        return None if value is None else f"{value:f}"

    def to_text(self, value: Any) -> str:
        return "" if value is None else f"{value:f}"

    def format(self, value: Any, locale: str) -> str:
        return "" if value is None else f"{value:,f}"


def _ungrouped(text: str) -> str:
    """`text` without thousands separators; refuses commas that do not group by three."""
    whole, dot, rest = text.partition(".")
    first, *groups = whole.split(",")
    if any(len(group) != 3 for group in groups) or "," in rest or len(first.strip("+-")) > 3:
        raise InvalidOperation
    return "".join([first, *groups, dot, rest])


@dataclass(frozen=True, kw_only=True)
class Integer(NumberType):
    """A whole number."""

    name = "integer"
    control = "integer"
    scale: int = 0

    @property
    def is_year(self) -> bool:
        """Whether its limits say that it is a year, which is written without separators."""
        lowest, highest = self.min, self.max
        return lowest is not None and highest is not None and 1000 <= lowest <= highest <= 9999

    def format(self, value: Any, locale: str) -> str:
        plain = value is not None and self.is_year
        return f"{value:f}" if plain else super().format(value, locale)

    def to_json(self, value: Any) -> Any:
        return None if value is None else int(value)


@dataclass(frozen=True, kw_only=True)
class Percent(NumberType):
    """A fraction that people read in per cent: 0.25 is written 25 %."""

    name = "percent"
    control = "percent"
    scale: int = 4

    def expression_type(self) -> Type:
        return Type(Kind.NUMBER, scale=self.scale, unit="percent")

    def decimal(self, raw: Any) -> Decimal:
        if isinstance(raw, str) and raw.strip().translate(_FULL_WIDTH).endswith("%"):
            return super().decimal(raw.strip()[:-1].strip()).scaleb(-2)
        return super().decimal(raw)

    def format(self, value: Any, locale: str) -> str:
        if value is None:
            return ""
        shown = format((value * 100).normalize(), "f")
        return f"{shown}%"


@dataclass(frozen=True, kw_only=True)
class Rating(Integer):
    """Stars: a whole number from 1 to `max`, five unless it says otherwise."""

    name = "rating"
    control = "rating"
    min: Decimal | None = Decimal(1)
    max: Decimal | None = Decimal(5)

    @property
    def stars(self) -> int:
        """How many there can be."""
        return int(self.max or 5)

    def format(self, value: Any, locale: str) -> str:
        return "" if value is None else "★" * int(value) + "☆" * (self.stars - int(value))


@dataclass(frozen=True, kw_only=True)
class Progress(Percent):
    """How much of something is done, from 0 to 100 %, shown as a bar."""

    name = "progress"
    control = "percent"
    scale: int = 2
    min: Decimal | None = Decimal(0)
    max: Decimal | None = Decimal(1)


@dataclass(frozen=True, kw_only=True)
class Money(NumberType):
    """An amount in the company's `currency`, or in the one that `currency_path` leads to.

    The path is the name of a currency field of the record, in lines behind the link to their
    record: `quotation.currency`. Values are then read as `engine.fieldtypes.amounts.Amount`.
    """

    name = "money"
    control = "money"
    currency: str = ""
    currency_path: str = ""

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        plain = {key: value for key, value in settings.items() if key != "currency"}
        return super().from_settings(plain | {"currency_path": settings.get("currency") or ""})

    def expression_type(self) -> Type:
        return Type(Kind.NUMBER, scale=self.scale, unit="money")

    def read(self, raw: Any) -> Decimal | None:
        if isinstance(raw, dict):
            if set(raw) - {"amount", "currency"}:
                raise not_readable(raw, 'an amount {"amount", "currency"}', "金额")
            currency = raw.get("currency") or self.currency
            if self.currency_path and isinstance(raw.get("currency"), str):
                number = super().read(raw.get("amount"))
                return None if number is None else Amount.of(number, currency[:10])
            if currency != self.currency:
                raise Refusal(OTHER_CURRENCY(found=str(currency)[:10], expected=self.currency))
            raw = raw.get("amount")
        return super().read(raw)

    def currency_of(self, value: Any) -> str:
        """The code of the currency that a value is in."""
        return getattr(value, "currency", self.currency)

    def known_currency_of(self, value: Any) -> str:
        """The same; empty of a number that was once in a record, whatever that was in."""
        return getattr(value, "currency", "" if self.currency_path else self.currency)

    def to_json(self, value: Any) -> Any:
        if value is None:
            return None
        return {"amount": f"{value:f}", "currency": self.currency_of(value)}


@dataclass(frozen=True, kw_only=True)
class Identifier(Integer):
    """A record's id or version: a whole number that the system sets."""

    name = "identifier"

    def read(self, raw: Any) -> Any:
        number = super().read(raw)
        return None if number is None else int(number)

    def column_type(self) -> TypeEngine[Any]:
        return Id()
