"""Amounts in words: known cases, and an inverse that reads them back."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.texts.words import chinese_amount, chinese_number, english_amount, english_number

CHINESE = [
    # the examples of 正确填写票据和结算凭证的基本规定, articles 2 and 4
    ("1409.50", "壹仟肆佰零玖元伍角整"),
    ("6007.14", "陆仟零柒元壹角肆分"),
    ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
    ("107000.53", "壹拾万柒仟元伍角叁分"),
    ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
    ("325.04", "叁佰贰拾伍元零肆分"),
    # zeros
    ("0", "零元整"),
    ("0.05", "伍分"),
    ("0.50", "伍角整"),
    ("0.53", "伍角叁分"),
    ("1", "壹元整"),
    ("10", "壹拾元整"),
    ("100", "壹佰元整"),
    ("101", "壹佰零壹元整"),
    ("110.10", "壹佰壹拾元壹角整"),
    ("1001", "壹仟零壹元整"),
    ("1010", "壹仟零壹拾元整"),
    ("10050.30", "壹万零伍拾元叁角整"),
    ("10.01", "壹拾元零壹分"),
    ("100000", "壹拾万元整"),
    ("1000000", "壹佰万元整"),
    ("10000001", "壹仟万零壹元整"),
    ("10100000", "壹仟零壹拾万元整"),
    # 亿 and beyond
    ("100000000", "壹亿元整"),
    ("100000001", "壹亿零壹元整"),
    ("100010000", "壹亿零壹万元整"),
    ("123456789012.34", "壹仟贰佰叁拾肆亿伍仟陆佰柒拾捌万玖仟零壹拾贰元叁角肆分"),
    ("1000000000000", "壹万亿元整"),
    ("1000100000000", "壹万零壹亿元整"),
    ("10000000000000000", "壹亿亿元整"),
    # rounding and sign
    ("0.004", "零元整"),
    ("0.005", "壹分"),
    ("999.995", "壹仟元整"),
    ("-0.001", "零元整"),
    ("-12.3", "负壹拾贰元叁角整"),
]

ENGLISH = [
    ("0", "Zero US dollars only"),
    ("0.07", "Zero and 07/100 US dollars"),
    ("1205.40", "One thousand two hundred five and 40/100 US dollars"),
    ("21000045", "Twenty-one million forty-five US dollars only"),
    ("-15", "Minus fifteen US dollars only"),
    ("1.995", "Two US dollars only"),
]

AMOUNTS = st.decimals(
    min_value=Decimal(-(10**18) + 1), max_value=Decimal(10**18 - 1), places=2
).filter(lambda amount: abs(amount) < 10**18)


@pytest.mark.parametrize(("amount", "words"), CHINESE)
def test_chinese(amount: str, words: str) -> None:
    """As the rules write them."""
    assert chinese_amount(Decimal(amount)) == words


@pytest.mark.parametrize(("amount", "words"), ENGLISH)
def test_english(amount: str, words: str) -> None:
    """As on cheques."""
    assert english_amount(Decimal(amount), "US dollars") == words


def test_decimals_of_the_currency() -> None:
    """Yen have no minor unit, dinars have three decimals."""
    assert english_amount(Decimal("12.5"), "yen", 0) == "Thirteen yen only"
    assert english_amount(Decimal("1.005"), "dinars", 3) == "One and 005/1000 dinars"


@pytest.mark.parametrize("amount", ["1000000000000000000", "NaN", "Infinity"])
def test_too_large(amount: str) -> None:
    """More than 18 digits before the point are refused, whatever the sign."""
    for words in (chinese_amount, lambda a: english_amount(a, "")):
        with pytest.raises(ValueError):
            words(Decimal(amount))


@given(AMOUNTS)
def test_chinese_amounts_are_read_back(amount: Decimal) -> None:
    """Reading the words gives the amount again, so no two amounts look alike."""
    assert read_chinese_amount(chinese_amount(amount)) == amount


@given(st.integers(0, 10**18 - 1))
def test_chinese_form(number: int) -> None:
    """Never two 零 together, none at the end, none before a unit; every unit has its digit."""
    text = chinese_number(number)
    assert "零零" not in text
    assert number == 0 or not text.endswith("零")
    assert not re.search("零[拾佰仟万亿]", text)
    assert not re.search("(^|[拾佰仟万亿零])[拾佰仟]", text)


@given(st.integers(0, 10**18 - 1))
def test_english_numbers_are_read_back(number: int) -> None:
    """The same in English."""
    assert read_english(english_number(number)) == number


def read_chinese_amount(text: str) -> Decimal:
    """What the words mean: the inverse, written from the rules and not from the code."""
    match = re.fullmatch("(负?)(?:(.+)元)?零?(?:(.)角)?(?:(.)分)?整?", text)
    assert match
    sign, whole, tenths, hundredths = match.groups()
    cents = read_chinese(whole or "零") * 100
    cents += DIGITS.index(tenths or "零") * 10 + DIGITS.index(hundredths or "零")
    return Decimal(-cents if sign else cents) / 100


DIGITS = "零壹贰叁肆伍陆柒捌玖"


def read_chinese(text: str) -> int:
    for unit, value in (("亿", 10**8), ("万", 10**4), ("仟", 1000), ("佰", 100), ("拾", 10)):
        high, found, low = text.rpartition(unit)
        if found:
            return read_chinese(high) * value + (read_chinese(low) if low else 0)
    return DIGITS.index(text.removeprefix("零") or "零")


TEENS = "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen"
TEENS += "|fifteen|sixteen|seventeen|eighteen|nineteen"
ONES = {word: value for value, word in enumerate(re.split(r"\|", TEENS))}
TIES = re.split(" ", "twenty thirty forty fifty sixty seventy eighty ninety")
TENS = dict(zip(TIES, range(20, 100, 10), strict=True))
GROUPS = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12, "quadrillion": 15}


def read_english(text: str) -> int:
    total = group = 0
    for word in re.split("[ -]", text):
        if word in GROUPS:
            total, group = total + group * 10 ** GROUPS[word], 0
        elif word == "hundred":
            group *= 100
        else:
            group += ONES.get(word, 0) or TENS.get(word, 0)
    return total + group
