"""Yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.types import TypeEngine

from engine.expressions.sqltypes import Flag
from engine.expressions.types import Kind, Type
from engine.fieldtypes.base import FieldType, is_empty, not_readable

_WORDS = {
    "true": True, "yes": True, "y": True, "1": True, "on": True, "是": True,
    "false": False, "no": False, "n": False, "0": False, "off": False, "否": False,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Boolean(FieldType):
    """Yes or no, or not said."""

    name = "boolean"
    control = "boolean"

    def expression_type(self) -> Type:
        return Type(Kind.BOOLEAN)

    def column_type(self) -> TypeEngine[Any]:
        return Flag()

    def read(self, raw: Any) -> bool | None:
        if is_empty(raw):
            return None
        if isinstance(raw, bool):
            return raw
        word = _WORDS.get(str(raw).strip().lower()) if isinstance(raw, str | int) else None
        if word is None:
            raise not_readable(raw, "yes or no", "是或否")
        return word

    def to_text(self, value: Any) -> str:
        return "" if value is None else ("true" if value else "false")

    def format(self, value: Any, locale: str) -> str:
        if value is None:
            return ""
        if locale.startswith("zh"):
            return "是" if value else "否"
        return "Yes" if value else "No"
