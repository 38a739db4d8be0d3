"""Text and its specialised forms: addresses of mail and of the web, formatted text, colours."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from sqlalchemy.types import TypeEngine

from engine.expressions.sqltypes import String
from engine.expressions.types import Kind, Type
from engine.fieldtypes.base import FieldType, not_readable
from engine.fieldtypes.standards import as_standard
from engine.problems import Message, Refusal

TOO_LONG = Message(
    "text-too-long",
    en="the text has {length} characters, at most {limit} are allowed",
    zh="文本有 {length} 个字符，最多允许 {limit} 个",
    hint_en="shorten it",
    hint_zh="请缩短",
)
BAD_CHARACTER = Message(
    "bad-character",
    en="the text contains a character that cannot be stored ({character})",
    zh="文本含有无法保存的字符（{character}）",
    hint_en="remove it",
    hint_zh="请删除该字符",
)
PATTERN = Message(
    "text-pattern",
    en="{found!r} does not have the form that is asked for",
    zh="{found!r} 不符合要求的格式",
)
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SPACES = re.compile(r"\s+")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_COLOUR = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
LIMIT = 200
MULTILINE_LIMIT = 100_000


@dataclass(frozen=True, kw_only=True)
class TextType(FieldType):
    """Text of one line or, with `multiline`, of several.

    `standard` names a kind of number with a check character (`format:` in YAML).
    """

    name = "text"
    control = "text"
    textual = True
    max_length: int = 0
    pattern: str = ""
    multiline: bool = False
    standard: str = ""

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        standard = {"standard": settings["format"]} if "format" in settings else {}
        return super().from_settings(settings | standard)

    @property
    def limit(self) -> int:
        """The most characters allowed."""
        return self.max_length or (MULTILINE_LIMIT if self.multiline else LIMIT)

    def expression_type(self) -> Type:
        return Type(Kind.TEXT)

    def column_type(self) -> TypeEngine[Any]:
        return String()

    def read(self, raw: Any) -> str | None:
        if raw is None:
            return None
        if isinstance(raw, bool) or not isinstance(raw, str | int):
            raise not_readable(raw, "a text", "文本")
        text = str(raw)
        if not (text.isascii() and text.isprintable() and "  " not in text):
            text = self._cleaned(text)
        text = text.strip()
        if not text:
            return None
        self.limited(text)
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise Refusal(PATTERN(found=text))
        return self.checked(text)

    def limited(self, text: str) -> str:
        """`text`, if it has no more characters than are allowed."""
        if len(text) > self.limit:
            raise Refusal(TOO_LONG(length=len(text), limit=self.limit))
        return text

    def _cleaned(self, text: str) -> str:
        """`text` composed, with single blanks and line ends; refuses what cannot be kept."""
        text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
        found = _FORBIDDEN.search(text) or _CONTROL.search(text)
        if found:
            raise Refusal(BAD_CHARACTER(character=f"U+{ord(found[0]):04X}"))
        return text if self.multiline else _SPACES.sub(" ", text)

    def checked(self, text: str) -> str:
        """`text` in this type's form; refuses what does not have it."""
        return as_standard(self.standard, text) if self.standard else text


@dataclass(frozen=True, kw_only=True)
class Email(TextType):
    """An e-mail address; the part after the @ is written small."""

    name = "email"
    control = "email"

    def checked(self, text: str) -> str:
        if not _EMAIL.fullmatch(text):
            raise not_readable(text, "an e-mail address", "电子邮件地址")
        local, _, host = text.rpartition("@")
        return f"{local}@{host.lower()}"


@dataclass(frozen=True, kw_only=True)
class Url(TextType):
    """A web address; only http and https, so that a link can never run a script."""

    name = "url"
    control = "url"

    def checked(self, text: str) -> str:
        address = text if "://" in text else f"https://{text}"
        try:
            parts = urlsplit(address)
            ok = parts.scheme in ("http", "https") and "." in (parts.hostname or "")
        except ValueError:
            ok = False
        if not ok or " " in address:
            raise not_readable(text, "a web address", "网址")
        return address


@dataclass(frozen=True, kw_only=True)
class Markdown(TextType):
    """Formatted text: Markdown (CommonMark with tables), shown as sanitised HTML."""

    name = "markdown"
    control = "multiline"
    multiline: bool = True


@dataclass(frozen=True, kw_only=True)
class Colour(TextType):
    """A colour as #rrggbb; #rgb is read, too."""

    name = "colour"
    control = "colour"
    textual = False

    def checked(self, text: str) -> str:
        if not _COLOUR.fullmatch(text):
            raise not_readable(text, "a colour such as #1f6feb", "颜色（如 #1f6feb）")
        digits = text.lower().lstrip("#")
        return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))
