"""Amounts of money in words: 大写金额 and English.

The Chinese form follows the People's Bank of China, 支付结算办法 (银发〔1997〕393 号), annex 1,
正确填写票据和结算凭证的基本规定, articles 1 to 4:

1. The digits are 零壹贰叁肆伍陆柒捌玖, the units 拾佰仟万亿, 元角分.
2. 整 follows an amount that ends with 元 or 角 (after 角 it may also be left out; we write it);
   after 分 there is none.
3. Zeros between digits are read as one 零, however many they are (6007.14: 陆仟零柒元壹角肆分).
4. A zero at the end of 元 or of 万 before a digit that is not zero may be read or left out; we
   leave it out (1680.32: 壹仟陆佰捌拾元叁角贰分; 107000.53: 壹拾万柒仟元伍角叁分). Where 角 is zero
   and 分 is not, 零 stands behind 元 (16409.02: 壹万陆仟肆佰零玖元零贰分).

Tens always have their digit (壹拾, never 拾). Beyond 亿 units are put together (万亿, 亿亿).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext

DIGITS = 18
"""The most digits before the point that amounts in words have."""

_FIGURES = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("", "拾", "佰", "仟")
_WAN = 10**4
_YI = 10**8

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS = (
    "zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)  # fmt: skip
_GROUPS = ("", "thousand", "million", "billion", "trillion", "quadrillion")


def chinese_amount(amount: Decimal) -> str:
    """The amount in 元, 角 and 分, rounded half up to 分: 10050.30 is 壹万零伍拾元叁角整.

    Negative amounts begin with 负. Raises ValueError for more than 18 digits before the point.
    """
    cents = _minor(amount, 2)
    whole, rest = divmod(abs(cents), 100)
    tenths, hundredths = divmod(rest, 10)
    parts = ["负" if cents < 0 else ""]
    if whole or not rest:
        parts.append(chinese_number(whole) + "元")
    if tenths:
        parts.append(_FIGURES[tenths] + "角")
    elif hundredths and whole:
        parts.append("零")
    parts.append(_FIGURES[hundredths] + "分" if hundredths else "整")
    return "".join(parts)


def chinese_number(number: int) -> str:
    """A whole number from 0 on in financial characters: 100010000 is 壹亿零壹万."""
    if number == 0:
        return _FIGURES[0]
    for unit, word in ((_YI, "亿"), (_WAN, "万")):
        if number >= unit:
            high, low = divmod(number, unit)
            gap = _FIGURES[0] if 0 < low < unit // 10 else ""
            return chinese_number(high) + word + gap + (chinese_number(low) if low else "")
    return _below_wan(number)


def _below_wan(number: int) -> str:
    text, gap = "", False
    for position in (3, 2, 1, 0):
        digit = number // 10**position % 10
        if digit == 0:
            gap = bool(text)
            continue
        text += (_FIGURES[0] if gap else "") + _FIGURES[digit] + _UNITS[position]
        gap = False
    return text


def english_amount(amount: Decimal, currency: str, decimals: int = 2) -> str:
    """The amount as on cheques: `One thousand two hundred five and 40/100 US dollars`.

    `currency` is the currency's name in the plural, `decimals` those of its minor unit; the
    amount is rounded half up to them. Raises ValueError for more than 18 digits before the point.
    """
    minor = _minor(amount, decimals)
    whole, rest = divmod(abs(minor), 10**decimals)
    words = english_number(whole)
    if minor < 0:
        words = f"minus {words}"
    fraction = f" and {rest:0{decimals}}/{10**decimals}" if rest else ""
    only = "" if rest else " only"
    return f"{words[0].upper()}{words[1:]}{fraction} {currency}{only}"


def english_number(number: int) -> str:
    """A whole number from 0 on in English: 21045 is `twenty-one thousand forty-five`."""
    if number == 0:
        return _ONES[0]
    parts: list[str] = []
    for name in _GROUPS:
        number, group = divmod(number, 1000)
        if group:
            parts.insert(0, f"{_below_thousand(group)} {name}".rstrip())
    return " ".join(parts)


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    parts = [f"{_ONES[hundreds]} hundred"] if hundreds else []
    if rest >= 20:
        tens, ones = divmod(rest, 10)
        parts.append(f"{_TENS[tens]}-{_ONES[ones]}" if ones else _TENS[tens])
    elif rest:
        parts.append(_ONES[rest])
    return " ".join(parts)


def _minor(amount: Decimal, decimals: int) -> int:
    """The amount in its minor unit."""
    if not amount.is_finite() or (amount and amount.adjusted() >= DIGITS):
        raise ValueError(f"more than {DIGITS} digits: {amount}")
    with localcontext(prec=60):
        return int(amount.scaleb(decimals).to_integral_value(ROUND_HALF_UP))
