"""Secret values, such as an account at a bank: sealed in the database, masked on every screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.types import TypeEngine

from engine.expressions.sqltypes import String
from engine.expressions.types import Kind, Type
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.link import UNCHANGED
from engine.fieldtypes.text import TextType
from engine.problems import Message, Refusal
from engine.vault import DOTS, Hidden, mask

LIMIT = 500

NOT_A_SECRET = Message(
    "secret-not-text",
    en="a text is expected",
    zh="此处应为文本",
)
"""Says nothing about what was found: it may be the secret."""


@dataclass(frozen=True, slots=True)
class Masked:
    """A secret as readers get it. `text` is its mask, `place` object, record and field."""

    text: str
    place: tuple[str, int, str] | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, kw_only=True)
class Secret(FieldType):
    """A text that nobody sees who does not ask for it by name.

    `shown` says what of it its mask shows: `last4` its last four characters, `none` nothing. A
    mask that comes back as input changes nothing.
    """

    name = "secret"
    control = "secret"
    blind = True
    max_length: int = LIMIT
    shown: str = "last4"

    def expression_type(self) -> Type:
        return Type(Kind.SECRET)

    def column_type(self) -> TypeEngine[Any]:
        return String()

    def read(self, raw: Any) -> Any:
        if raw is None or isinstance(raw, Hidden):
            return raw
        if isinstance(raw, Masked):
            return UNCHANGED
        if isinstance(raw, bool) or not isinstance(raw, str | int):
            raise Refusal(NOT_A_SECRET())
        if isinstance(raw, str) and raw.strip().startswith(DOTS):
            return UNCHANGED
        text = TextType(max_length=self.max_length).read(raw)
        return None if text is None else Hidden(text)

    def to_json(self, value: Any) -> Any:
        return None if value is None else self.to_text(value)

    def to_text(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, Hidden):
            return value.masked(self.shown)
        return str(value) if isinstance(value, Masked) else mask("", self.shown)
