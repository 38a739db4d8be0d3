"""Numbers with a check character, as text fields name them under `format:`.

- `unified_social_credit_code`: GB 32100-2015, 18 characters; the last one is weighted modulo 31.
- `china_tax_number`: that code; the number of an identity card (GB 11643-1999, 18 characters, the
  last one modulo 11), which is the tax number of a person; or one of 15 or 20 characters from
  before 2015, which has no check character.
- `iban`: ISO 13616, up to 34 characters, two check digits modulo 97.

Full width, blanks, hyphens and small letters are read; what is stored is written together, in
capitals.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

from engine.problems import Message, Refusal, Text

NOT_SUCH_A_NUMBER = Message(
    "not-such-a-number",
    en="{found!r} is no {what}",
    zh="{found!r} 不是{what}",
    hint_en="compare it character by character with the certificate",
    hint_zh="请与证照逐位核对",
)
WRONG_CHECK_CHARACTER = Message(
    "wrong-check-character",
    en="{found!r} is no {what}: its check character is wrong, so something is mistyped",
    zh="{found!r} 不是有效的{what}：校验位不符，可能有误录",
    hint_en="compare it character by character with the certificate",
    hint_zh="请与证照逐位核对",
)
_BETWEEN = re.compile(r"[\s\-.]+")
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_FORM = re.compile(rf"[{_CREDIT}]{{2}}\d{{6}}[{_CREDIT}]{{10}}", re.ASCII)
_CARD_FORM = re.compile(r"[1-9]\d{5}(18|19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dX]")
_CARD_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_FORMER_FORM = re.compile(r"(?=.*\d)([0-9A-Z]{15}|[0-9A-Z]{20})", re.ASCII)
_IBAN_FORM = re.compile(r"[A-Z]{2}\d{2}[0-9A-Z]{11,30}", re.ASCII)


def _credit_code(text: str) -> bool | None:
    if not _CREDIT_FORM.fullmatch(text):
        return None
    total = sum(_CREDIT.index(c) * pow(3, place, 31) for place, c in enumerate(text[:17]))
    return _CREDIT[-total % 31] == text[17]


def _identity_card(text: str) -> bool | None:
    if not _CARD_FORM.fullmatch(text):
        return None
    total = sum(int(c) * weight for c, weight in zip(text, _CARD_WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == text[17]


def _tax_number(text: str) -> bool | None:
    if len(text) != 18:
        return True if _FORMER_FORM.fullmatch(text) else None
    found = [known for read in (_credit_code, _identity_card) if (known := read(text)) is not None]
    return any(found) if found else None


def _iban(text: str) -> bool | None:
    if not _IBAN_FORM.fullmatch(text):
        return None
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


_STANDARDS: Mapping[str, tuple[Callable[[str], bool | None], Text]] = {
    "unified_social_credit_code": (
        _credit_code, Text({"en": "unified social credit code", "zh": "统一社会信用代码"}),
    ),
    "china_tax_number": (
        _tax_number, Text({"en": "Chinese tax number", "zh": "纳税人识别号"}),
    ),
    "iban": (_iban, Text({"en": "IBAN", "zh": " IBAN 号码"})),
}  # fmt: skip
"""Of each name what tells whether a text is right: None where it has not even the form."""


def as_standard(name: str, text: str) -> str:
    """`text` as the standard `name` writes it. Raises Refusal for anything that it is not."""
    written = _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()
    check, what = _STANDARDS[name]
    right = check(written)
    if right is None:
        raise Refusal(NOT_SUCH_A_NUMBER(found=text[:60], what=what))
    if not right:
        raise Refusal(WRONG_CHECK_CHARACTER(found=text[:60], what=what))
    return written
