"""Text of several lines: notes, minutes, terms."""

from __future__ import annotations

from dataclasses import dataclass

from engine.fieldtypes.text import TextType

LONG_LIMIT = 20_000
"""The most characters, unless `max_length` says otherwise: some ten printed pages."""


@dataclass(frozen=True, kw_only=True)
class LongText(TextType):
    """Text of several lines, entered in a large box; line ends are kept."""

    name = "long_text"
    control = "multiline"
    multiline: bool = True

    @property
    def limit(self) -> int:
        return self.max_length or LONG_LIMIT
