"""Currency fields and amounts that know theirs: reading, JSON, text and formatting."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from engine.fieldtypes.amounts import Amount, decimals_of, rounded, summed
from engine.fieldtypes.currency import Currency, ExchangeRate
from engine.fieldtypes.link import Reference
from engine.fieldtypes.number import Money
from engine.problems import Refusal
from engine.texts.formatting import Formats

OWN = Money(currency="CNY", currency_path="currency")
COMPANY = Money(currency="CNY")
YEN, DOLLARS = Amount.of(Decimal(1200), "JPY"), Amount.of(Decimal("12.50"), "USD")


def test_a_currency_is_named_by_its_code() -> None:
    """A code, an id or what JSON gives; nothing is empty."""
    type_ = Currency(to="currency")
    found = [type_.read(raw) for raw in ("USD", 3, {"id": 3, "title": "USD"}, "", None)]
    assert found == [Reference("USD"), 3, 3, None, None]


def test_settings_of_the_types() -> None:
    """The keys of a definition become the settings; a path is no currency."""
    money = Money.from_settings({"type": "money", "currency": "offer.currency", "scale": 4})
    assert (money.currency, money.currency_path, money.scale) == ("", "offer.currency", 4)
    currency = Currency.from_settings({"rate_on": "day", "rate": "agreed"})
    assert (currency.rate_on, currency.rate, Currency().rate_on) == ("day", "agreed", "created_on")
    assert ExchangeRate(of="currency").format(Decimal("7.20000000"), "en") == "7.2"


@pytest.mark.parametrize("type_", [OWN, COMPANY])
@pytest.mark.parametrize("raw", ["1,200.50", 1200.5, {"amount": "1200.5"}])
def test_plain_amounts(type_: Money, raw: object) -> None:
    """Without a currency an amount is a plain number."""
    found = type_.read(raw)
    assert found == Decimal("1200.50") and not isinstance(found, Amount)


def test_amounts_with_a_currency() -> None:
    """A record's amount may name any; the company's only its own."""
    found = OWN.read({"amount": "5", "currency": "USD"})
    assert isinstance(found, Amount) and (found, found.currency) == (5, "USD")
    assert OWN.read({"amount": None, "currency": "USD"}) is None
    assert COMPANY.read({"amount": "5", "currency": "CNY"}) == 5
    for type_, raw in (
        (COMPANY, {"amount": "5", "currency": "USD"}),
        (OWN, {"amount": "x", "currency": "USD"}), (OWN, {"worth": "5"}),
    ):  # fmt: skip
        with pytest.raises(Refusal):
            type_.read(raw)


def test_json_and_text_come_back() -> None:
    """What is written is read again, with its currency."""
    assert OWN.to_json(DOLLARS) == {"amount": "12.50", "currency": "USD"}
    assert OWN.to_json(YEN) == {"amount": "1200", "currency": "JPY"}
    assert OWN.to_json(Decimal(1)) == {"amount": "1", "currency": "CNY"}
    again = OWN.read(OWN.to_json(DOLLARS))
    assert (again, getattr(again, "currency", "")) == (DOLLARS, "USD")
    assert OWN.read(OWN.to_text(DOLLARS)) == Decimal("12.50")


def test_formats_know_the_currency() -> None:
    """Signs, decimals and words of the amount's own currency, in both languages."""
    zh, en = (Formats(locale, ZoneInfo("UTC"), "CNY") for locale in ("zh", "en"))
    assert [f.field(OWN, YEN) for f in (zh, en)] == ["1,200", "1,200"]
    type_ = OWN.expression_type()
    assert [f.result(type_, DOLLARS) for f in (zh, en)] == ["USD\u00a012.50", "$12.50"]
    assert zh.result(type_, Decimal("12.50")) == "¥12.50"
    assert zh.in_words(DOLLARS) == "美元壹拾贰元伍角整"
    assert en.in_words(YEN).startswith("One thousand two hundred")
    assert zh.in_words(Decimal(5)) == "人民币伍元整"


def test_sums_keep_one_currency() -> None:
    """Of amounts in one currency the sum has it; of several it is a plain number."""
    assert summed([DOLLARS, DOLLARS]).currency == "USD"  # type: ignore[attr-defined]
    assert not isinstance(summed([DOLLARS, YEN]), Amount)
    assert summed([]) == 0 and summed([Decimal(2)]) == 2


@pytest.mark.parametrize(
    ("scale", "decimals", "left"),
    [(2, 2, 2), (2, 0, 0), (4, 0, 2), (4, 2, 4), (2, 3, 2), (0, 2, 0)],
)
def test_decimals_of_a_currency(scale: int, decimals: int, left: int) -> None:
    """A scale is meant for a currency with two decimals."""
    assert decimals_of(scale, decimals) == left


def test_rounding_is_half_away_from_zero() -> None:
    """Rule 18, without a negative zero."""
    found = [str(rounded(Decimal(raw), 0)) for raw in ("0.5", "-0.5", "1.49", "-0.4")]
    assert found == ["1", "-1", "1", "0"]
