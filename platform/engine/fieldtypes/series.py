"""Further numbers of a record beside its `number`: an invoice number, taken when it is invoiced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from engine.fieldtypes.text import TextType


@dataclass(frozen=True, kw_only=True)
class Series(TextType):
    """The next number of a series, taken once, when the field's condition `when` first holds.

    `numbers` is its pattern, written like that of a record's number: `INV-{year}-{seq:05}`.
    Nobody enters it, and no two records have the same.
    """

    name = "series"
    control = "text"
    numbers: str = ""
    gapless: bool = False

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        return cls(
            numbers=str(settings.get("pattern", "")), gapless=settings.get("gapless") is True
        )
