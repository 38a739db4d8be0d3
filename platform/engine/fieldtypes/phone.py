"""Telephone numbers, kept in one form however they are written.

A number is stored as RFC 3966 writes global numbers: E.164 digits, and the extension behind
`;ext=` (+8675588886666;ext=12). Numbers without a country code belong to the field's country, or
else the site's. Reading and writing is done by `phonenumbers` (Google's libphonenumber), which
knows every country's plan. A number must be possible there; whether it has been given out is not
asked, since plans change faster than libraries.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from engine.fieldtypes.text import TextType
from engine.problems import Message, Refusal

DEFAULT_COUNTRY = "CN"
UNREADABLE = Message(
    "phone-not-readable",
    en="{found!r} is no telephone number of {country}",
    zh="{found!r} 不是有效的电话号码（{country}）",
    hint_en="give the area code, or for another country + and its code: +49 30 123456; "
    "an extension after x",
    hint_zh="请写上区号；其他国家请以 + 和国家代码开头，如 +49 30 123456；分机号写在“转”之后",
)
UNKNOWN_COUNTRY = Message(
    "unknown-country",
    en="there is no country {found!r}",
    zh="没有国家代码 {found!r}",
    hint_en="use two letters of ISO 3166 such as CN or DE",
    hint_zh="请使用 ISO 3166 两位字母代码，如 CN、DE",
)
_EXTENSION = re.compile(r"\s*(?:转分机|转|分机)[::]?\s*(?=\d{1,8}$)")
_TYPED = re.compile(r"[0-9+()./\-\s]{5,40}")
_SHORTEST_PART = 5


@dataclass(frozen=True, kw_only=True)
class Phone(TextType):
    """A telephone number of any country."""

    name = "phone"
    control = "phone"
    country: str = ""

    @property
    def home(self) -> str:
        """The country whose numbers need no country code."""
        return self.country or DEFAULT_COUNTRY

    def checked(self, text: str) -> str:
        plain = _EXTENSION.sub(" ext. ", unicodedata.normalize("NFKC", text))
        try:
            number = phonenumbers.parse(plain, self.home)
        except NumberParseException:
            number = None
        if number is None or not phonenumbers.is_possible_number(number):
            raise Refusal(UNREADABLE(found=text[:40], country=self.home))
        return stored(number)

    def format(self, value: object, locale: str) -> str:
        """As people at home dial it; numbers of other countries with their country's code."""
        if not value:
            return ""
        try:
            number = phonenumbers.parse(str(value))
        except NumberParseException:  # kept before the field became one of telephone numbers
            return str(value)
        extension, number.extension = number.extension, None
        own = phonenumbers.country_code_for_region(self.home) == number.country_code
        form = PhoneNumberFormat.NATIONAL if own else PhoneNumberFormat.INTERNATIONAL
        shown = phonenumbers.format_number(number, form)
        before = " 转 " if locale.startswith("zh") else " ext. "
        return f"{shown}{before}{extension}" if extension else shown


def stored(number: PhoneNumber) -> str:
    """The one form that a number is kept in."""
    digits = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"{digits};ext={number.extension}" if number.extension else digits


def is_country(code: str) -> bool:
    """Whether there is a numbering plan for the country."""
    return code in phonenumbers.SUPPORTED_REGIONS


def typed_digits(words: str) -> str:
    """What of a search stands in a stored number, where somebody typed one: its digits.

    Blanks, hyphens and brackets fall away, and so do the zeros in front, which are dialled at
    home only (0755) or before a country's code (0086).
    """
    text = unicodedata.normalize("NFKC", words).strip()
    digits = re.sub(r"\D", "", text).lstrip("0") if _TYPED.fullmatch(text) else ""
    return digits if len(digits) >= _SHORTEST_PART else ""
