"""Normal forms: what is left of a value once all ways to write it are the same.

Every normaliser takes a stored value and the country that telephone numbers belong to, and returns
a text, empty where nothing is left to compare. All begin with compatibility case folding (NFKC and
casefold, rule 21), so width and capitals never count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import phonenumbers

from engine.expressions.folding import fold
from engine.matching.legal_forms import COUNTRIES, ENDINGS_LATIN, ENDINGS_ZH, WITHIN

LONGEST = 200
"""Characters of a normal form that count: an index entry has its limits."""
_COUNTRY = re.compile(rf"\((?:{'|'.join(COUNTRIES)})\)")
_WITHIN = re.compile("|".join(sorted(WITHIN, key=len, reverse=True)))
_ENDING_ZH = re.compile(f"(?:{'|'.join(sorted(ENDINGS_ZH, key=len, reverse=True))})$")
_LATIN = frozenset(ENDINGS_LATIN)
_DOTTED = re.compile(r"\b(?:[a-z]\.){2,}")
_TITLES = re.compile(r"^(?:mr|mrs|ms|miss|dr|prof)\.?\s+|(?:先生|女士|小姐|经理|总监|总)$")


def company(value: str, country: str = "") -> str:
    """A company's name without legal form, country mark, blanks and punctuation.

    "上海华强电子(中国)有限公司" and "上海华强电子" agree; a branch keeps its bracket.
    """
    text = _COUNTRY.sub(" ", fold(value))
    text = _DOTTED.sub(lambda dots: dots[0].replace(".", "") + " ", text)  # g.m.b.h., s.a.
    text = _WITHIN.sub("", text)
    words = _words(text)
    while len(words) > 1 and words[-1] in _LATIN:
        words.pop()
    joined = "".join(words)
    while (shorter := _ENDING_ZH.sub("", joined)) not in ("", joined):
        joined = shorter
    return joined[:LONGEST]


def person(value: str, country: str = "") -> str:
    """A person's name without forms of address, blanks and punctuation."""
    text = fold(value).strip()
    return "".join(_words(_TITLES.sub("", text) or text))[:LONGEST]


def phone(value: str, country: str = "") -> str:
    """The digits that reach the telephone from anywhere (E.164), without an extension."""
    text = unicodedata.normalize("NFKC", value).partition(";ext=")[0]
    if not text.startswith("+"):
        try:
            number = phonenumbers.parse(text, country or "CN")
            text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        except phonenumbers.NumberParseException:
            pass  # its digits alone are still worth comparing
    return re.sub(r"\D", "", text)[:LONGEST]


def email(value: str, country: str = "") -> str:
    """A mail address without regard to case; what stands behind a plus counts."""
    return fold(value).strip()[:LONGEST]


def code(value: str, country: str = "") -> str:
    """The letters and digits of a number such as a tax number."""
    return "".join(c for c in fold(value) if c.isalnum())[:LONGEST]


def text(value: str, country: str = "") -> str:
    """Words without punctuation, one blank between them."""
    return " ".join(_words(fold(value)))[:LONGEST]


def same(value: Any, country: str = "") -> str:
    """The value as it is."""
    return str(value)[:LONGEST]


Normaliser = Callable[[Any, str], str]
NORMALISERS: Mapping[str, Normaliser] = {
    "company": company,
    "person": person,
    "phone": phone,
    "email": email,
    "code": code,
    "text": text,
    "same": same,
}


def _words(folded: str) -> list[str]:
    """Runs of letters, marks and digits; brackets of what is not a country stay as words."""
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded)
    return kept.split()
