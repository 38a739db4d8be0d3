"""Values as people write them, in Chinese and English."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from engine.expressions.types import Kind, Type
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.boolean import Boolean
from engine.fieldtypes.choice import Choice, Option
from engine.fieldtypes.date import Date, MomentType
from engine.fieldtypes.number import Integer, Money, NumberType, Percent
from engine.fieldtypes.text import TextType
from engine.problems import Text
from engine.texts.formatting import Formats

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZH = Formats("zh", SHANGHAI, "CNY")
EN = Formats("en", SHANGHAI, "CNY")
OPTION = Option(name="net", label=Text({"en": "30 days", "zh": "月结 30 天"}))


@pytest.mark.parametrize(
    ("type_", "value", "zh", "en"),
    [
        (Money(), Decimal("1234567.80"), "1,234,567.80", "1,234,567.80"),
        (Money(), Decimal("123456789012345678"), "123,456,789,012,345,678.00",
         "123,456,789,012,345,678.00"),
        (Money(scale=0), Decimal("1234"), "1,234", "1,234"),
        (Money(scale=4), Decimal("0.0001"), "0.0001", "0.0001"),
        (Money(), Decimal("-5.00"), "-5.00", "-5.00"),
        (NumberType(scale=3), Decimal("2.000"), "2", "2"),
        (NumberType(scale=3), Decimal("1500.250"), "1,500.25", "1,500.25"),
        (Integer(), Decimal(12345), "12,345", "12,345"),
        (Integer(min=Decimal(1900), max=Decimal(2100)), Decimal(2023), "2023", "2023"),
        (Percent(), Decimal("0.1250"), "12.5%", "12.5%"),
        (Percent(), Decimal("0.0000"), "0%", "0%"),
        (Date(), dt.date(2026, 3, 6), "2026年3月6日", "March 6, 2026"),
        (MomentType(), dt.datetime(2026, 3, 6, 18, 5, tzinfo=dt.UTC), "2026年3月7日 02:05:00",
         "Mar 7, 2026, 2:05:00\u202fAM"),
        (Boolean(), True, "是", "Yes"),
        (Choice(options=(OPTION,)), "net", "月结 30 天", "30 days"),
        (TextType(), "王", "王", "王"),
        (Money(), None, "", ""),
    ],
)  # fmt: skip
def test_fields(type_: FieldType, value: object, zh: str, en: str) -> None:
    """Through the field's type, with the language's digits and dates."""
    assert (ZH.field(type_, value), EN.field(type_, value)) == (zh, en)


@pytest.mark.parametrize(
    ("type_", "value", "zh", "en"),
    [
        (Type(Kind.NUMBER, scale=2, unit="money"), Decimal("1234.5"), "¥1,234.50",
         "CNY\u00a01,234.50"),
        (Type(Kind.NUMBER, scale=2, unit="money"), Decimal("-1"), "-¥1.00", "-CNY\u00a01.00"),
        (Type(Kind.NUMBER, scale=4, unit="percent"), Decimal("0.13"), "13%", "13%"),
        (Type(Kind.NUMBER, scale=2), Decimal("2.50"), "2.5", "2.5"),
        (Type(Kind.BOOLEAN), False, "否", "No"),
        (Type(Kind.DATE), dt.date(2026, 12, 31), "2026年12月31日", "December 31, 2026"),
        (Type(Kind.CHOICES), ("a", "b"), "a、b", "a, b"),
        (Type(Kind.TEXT), "x", "x", "x"),
        (Type(Kind.TEXT), None, "", ""),
    ],
)  # fmt: skip
def test_results(type_: Type, value: object, zh: str, en: str) -> None:
    """Of expressions; amounts carry their currency."""
    assert (ZH.result(type_, value), EN.result(type_, value)) == (zh, en)


@pytest.mark.parametrize(
    ("currency", "zh", "en", "words_zh", "words_en"),
    [
        ("CNY", "¥", "CNY", "人民币壹元整", "One Chinese yuan only"),
        ("USD", "USD", "$", "美元壹元整", "One US dollar only"),
        ("EUR", "€", "€", "欧元壹元整", "One euro only"),
        ("JPY", "JPY", "¥", "日元壹元整", "One Japanese yen only"),
    ],
)
def test_currencies(currency: str, zh: str, en: str, words_zh: str, words_en: str) -> None:
    """The sign where the language has one of its own, else the code."""
    one = Decimal("1.00")
    chinese, english = Formats("zh", SHANGHAI, currency), Formats("en", SHANGHAI, currency)
    assert (chinese.mark, english.mark) == (zh, en)
    assert (chinese.in_words(one), english.in_words(one)) == (words_zh, words_en)


def test_other_languages() -> None:
    """German writes its own way and has no amounts in words; an unknown language as English."""
    german = Formats("de", SHANGHAI, "EUR")
    assert german.field(Money(), Decimal("1234.50")) == "1.234,50"
    assert german.field(Date(), dt.date(2026, 3, 6)) == "6. März 2026"
    assert EN.in_words(Decimal(2)) == "Two Chinese yuan only"
    assert german.in_words(Decimal(1)) == ""
    assert Formats("xx", SHANGHAI, "EUR").field(Date(), dt.date(2026, 3, 6)) == "March 6, 2026"
    assert ZH.in_words(None) == ZH.in_words(Decimal(10) ** 18) == ""
