"""Standard spellings: one way to write a value, still readable; what bulk standardising applies.

They are not the normal forms that rules compare (`normalising.py`), which nobody reads. A spelling
changes how a value is written, never what it says: its normal form stays the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.definition.objects import Field
from engine.fieldtypes.phone import DEFAULT_COUNTRY, Phone
from engine.fieldtypes.text import Email, TextType, Url
from engine.problems import Text

_UNSEEN = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_BLANKS = re.compile(r"\s+")
_CJK = "\u3400-\u9fff\uf900-\ufaff"
_BETWEEN = re.compile(f"(?<=[{_CJK}（）]) +(?=[{_CJK}（）])")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_PUNCTUATION = {ord(c) for c in "，；：！？（）"}
"""Marks that Chinese text writes in full width."""
_HALF_WIDTH = {k: v for k, v in _FULL_WIDTH.items() if k not in _PUNCTUATION} | {0x3000: 0x20}
_FORMS = (
    (r"co\.?\s*,?\s*ltd\b\.?", "Co., Ltd."),
    (r"co\.?\s*,?\s*limited\b", "Co., Limited"),
    (r"(?<!co\., )ltd\b\.?", "Ltd."),
    (r"inc\b\.?", "Inc."),
    (r"corp\b\.?", "Corp."),
    (r"gmbh\b", "GmbH"),
    (r"llc\b", "LLC"),
    (r"plc\b", "PLC"),
)
_LEGAL = tuple((re.compile(rf"(?<![a-z0-9]){form}$", re.IGNORECASE), said) for form, said in _FORMS)


def trim(value: str, country: str = "") -> str:
    """Without blanks around it, double blanks, and characters that nobody sees."""
    text = unicodedata.normalize("NFC", _UNSEEN.sub("", value))
    return _BLANKS.sub(" ", text).strip()


def width(value: str, country: str = "") -> str:
    """Letters, digits and signs in half width; Chinese punctuation stays as it is."""
    return trim(value.translate(_HALF_WIDTH))


def company(value: str, country: str = "") -> str:
    """A company's name: half-width letters, Chinese brackets, the usual form of Co., Ltd. and kin.

    "ＡＢＣ 电子 (上海)有限公司" becomes "ABC 电子（上海）有限公司", "Acme co,ltd" "Acme Co., Ltd.".
    """
    text = width(value)
    if re.search(f"[{_CJK}]", text):
        text = _chinese_brackets(text)
        return _BETWEEN.sub("", text)
    for form, said in _LEGAL:
        changed = form.sub(said, text)
        if changed != text:
            head = changed.removesuffix(said).rstrip(" ,")
            return f"{head}, {said}" if text[: len(head) + 1].endswith(",") else f"{head} {said}"
        if text.endswith(said):
            return text
    return text


def _chinese_brackets(text: str) -> str:
    """Half-width brackets in pairs that stand among Chinese characters, in full width."""
    pairs = re.compile(r" ?\(([^()]*)\) ?")

    def full(found: re.Match[str]) -> str:
        around = text[max(0, found.start() - 1) : found.start()] + found[1]
        return f"（{found[1].strip()}）" if re.search(f"[{_CJK}]", around) else found[0]

    return pairs.sub(full, text)


def phone(value: str, country: str = "") -> str:
    """The number in E.164 digits. Raises Refusal for what is no number of the country."""
    return Phone(country=country).checked(value)


def email(value: str, country: str = "") -> str:
    """A mail address in small letters and half width."""
    return width(value).replace(" ", "").lower()


def code(value: str, country: str = "") -> str:
    """A code such as a tax number: capitals, half width, no blanks."""
    return width(value).replace(" ", "").upper()


@dataclass(frozen=True)
class Spelling:
    """One standard spelling: what it is called, how it is made, and of which types of fields.

    `make` takes a stored value and the country that telephone numbers belong to; it raises Refusal
    for a value that it cannot be made of.
    """

    name: str
    label: Text
    make: Callable[[str, str], str]
    types: tuple[type[TextType], ...]

    def suits(self, field: Field) -> bool:
        """Whether the field's values can be written so."""
        type_ = field.type
        if not isinstance(type_, TextType) or not type_.textual or type_.multiline:
            return False
        return type(type_) in self.types


_PLAIN = (TextType, Email, Url)
SPELLINGS: Mapping[str, Spelling] = {
    name: Spelling(name, Text({"en": en, "zh": zh}), make, types)
    for name, en, zh, make, types in (
        ("trim", "no superfluous blanks", "去除多余空格", trim, _PLAIN),
        ("width", "half-width letters and digits", "字母数字统一为半角", width, _PLAIN),
        ("company", "company name", "企业名称规范写法", company, (TextType,)),
        ("phone", "telephone number (E.164)", "电话号码（E.164）", phone, (TextType, Phone)),
        ("email", "mail address in small letters", "邮箱统一为小写", email, (TextType, Email)),
        ("code", "code in capitals without blanks", "代码大写、无空格", code, (TextType,)),
    )
}
"""Every standard spelling by its name."""


def country_of(field: Field) -> str:
    """The country that the field's telephone numbers belong to."""
    return str(getattr(field.type, "home", "") or DEFAULT_COUNTRY)
