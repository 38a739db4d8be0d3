"""Links to a record of another object, and the collections that such links make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy.types import TypeEngine

from engine.expressions.sqltypes import Id
from engine.expressions.types import Kind, Type
from engine.fieldtypes.base import FieldType, not_readable
from engine.fieldtypes.text import TextType

LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Reference:
    """A record named in input by something else than its id: its number or another unique text."""

    word: str


@dataclass(frozen=True, kw_only=True)
class Link(FieldType):
    """A link to one record of the object `to`.

    `on_delete` says what happens here when that record is deleted: `refuse` the deletion,
    `clear` this link, or `cascade` (delete this record too).
    """

    name = "link"
    control = "link"
    to: str = ""
    on_delete: str = "refuse"
    where: str = ""

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        to = settings.get("to", "")
        return super().from_settings({**settings, "to": to if isinstance(to, str) else ""})

    def expression_type(self) -> Type:
        return Type(Kind.RECORD, object=self.to)

    def column_type(self) -> TypeEngine[Any]:
        return Id()

    def read(self, raw: Any) -> int | Reference | None:
        if isinstance(raw, dict):
            if raw.get("restricted"):  # what the actor may not see comes back unchanged (rule 31)
                return UNCHANGED
            raw = raw.get("id")
        if raw is None or raw == "":
            return None
        if isinstance(raw, int) and not isinstance(raw, bool) and 0 < raw <= LARGEST_ID:
            return raw
        if isinstance(raw, str) and len(raw) <= 200:
            text = TextType(max_length=200).read(raw) or ""
            if text.isascii() and text.isdigit() and 0 < int(text) <= LARGEST_ID:
                return int(text)
            if text and not text.isdigit():
                return Reference(text)
            if not text:
                return None
        raise not_readable(raw, "the id or number of a record", "记录的 ID 或编号")


UNCHANGED = Reference("")
"""Input that means: leave the link as it is."""


@dataclass(frozen=True, kw_only=True)
class Collection(FieldType):
    """Records of the object `of` whose link `by` points here; nothing is stored in this row."""

    stored = False
    of: str = ""
    by: str = ""

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        return cls(of=settings.get("of", ""), by=settings.get("by", ""))

    def expression_type(self) -> Type:
        return Type(Kind.RECORDS, object=self.of)


@dataclass(frozen=True, kw_only=True)
class Lines(Collection):
    """Lines: records that are part of this one, written, versioned and deleted with it."""

    name = "lines"
    control = "lines"


@dataclass(frozen=True, kw_only=True)
class Related(Collection):
    """Records of their own that link here."""

    name = "related"
    control = "related"
