"""What every kind of field must be able to do; each kind has its own file beside this one.

A field type is a frozen value made from a field's own keys (`Money(scale=2)`). It reads input
from JSON, forms and import files alike, gives the column and the expression type, and writes
values for people, for JSON and for export.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from sqlalchemy.types import TypeEngine

from engine.expressions.types import Type
from engine.problems import Message, Refusal, Text

NOT_READABLE = Message(
    "value-not-readable",
    en="{found} is not {expected}",
    zh="{found} 不是{expected}",
)


@dataclass(frozen=True, kw_only=True)
class FieldType:
    """A kind of field with its settings."""

    name: ClassVar[str] = ""
    """The word after `type:`."""
    control: ClassVar[str] = ""
    """The screen control that edits it."""
    stored: ClassVar[bool] = True
    """Whether records of the object hold the value themselves."""
    textual: ClassVar[bool] = False
    """Whether it can be searched by words."""
    blind: ClassVar[bool] = False
    """Whether its column is sealed and it is found by a digest that stands beside it."""

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        """The type from the field's own YAML keys (already validated by schema)."""
        known = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in settings.items() if key in known})

    @property
    def holds(self) -> str:
        """What its column holds; values of one kind never mean another thing."""
        return "text" if self.textual else self.name

    def expression_type(self) -> Type:
        """Its type in expressions."""
        raise TypeError(f"{self.name} has no expression type")

    def column_type(self) -> TypeEngine[Any] | None:
        """Its column's type, or None when nothing is stored in the row."""
        return None

    def read(self, raw: Any) -> Any:
        """The value that `raw` (JSON, form or import text) stands for; None is empty.

        Raises Refusal with one problem that says what was found and what was expected.
        """
        return raw

    def to_json(self, value: Any) -> Any:
        """The value for JSON, as the contract writes it."""
        return value

    def to_text(self, value: Any) -> str:
        """The value for export files, such that `read` gives it back."""
        return "" if value is None else str(value)

    def format(self, value: Any, locale: str) -> str:
        """The value for people."""
        return self.to_text(value)


def is_empty(raw: Any) -> bool:
    """Whether input means "empty": nothing, or a blank text (rule 19)."""
    return raw is None or (isinstance(raw, str) and not raw.strip())


def not_readable(raw: Any, expected_en: str, expected_zh: str) -> Refusal:
    """The refusal of a value: what was found and what was expected."""
    shown = repr(raw) if len(repr(raw)) <= 60 else repr(raw)[:57] + "…"
    return Refusal(NOT_READABLE(found=shown, expected=Text({"en": expected_en, "zh": expected_zh})))
