"""Fields that are made of several: an address of its city and street, a link to one of several.

A composite is not stored. It brings ordinary fields, its parts, named `<field>_<suffix>`; they
hold the values, and everything that ordinary fields can do (filters, indexes, expressions,
history) they do. Input for the whole is spread over the parts, reading gathers it from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.expressions.types import Kind, Type
from engine.fieldtypes.base import FieldType

INHERITED = ("read_only", "set_once", "restricted", "personal", "copied")
"""Keys of the whole that each part has, too, unless it says otherwise."""
NOT_FOR_WHOLES = ("default_from", "suggest", "formula", "rollup", "copy", "unique")
"""Keys that belong to a single value."""


@dataclass(frozen=True, kw_only=True)
class Composite(FieldType):
    """A kind of field that consists of others."""

    stored = False

    def expression_type(self) -> Type:
        """The whole has no value in expressions; its parts have."""
        return Type(Kind.EMPTY)

    def parts(self) -> Mapping[str, Mapping[str, Any]]:
        """What it brings: by suffix, the keys of a field as a definition would write them.

        `label` is the part's own; "Address: city" is made of it.
        """
        raise TypeError(f"{self.name} has no parts")

    @property
    def needed(self) -> tuple[str, ...]:
        """The parts that must be filled where the whole is required; none: any one will do."""
        return ()

    def spread(self, raw: Any) -> Mapping[str, Any]:
        """Input of the whole as input of all its parts, by suffix; None empties a part.

        Raises Refusal for what cannot be the whole; each part reads its own input itself.
        """
        raise TypeError(f"{self.name} cannot be spread")

    def gather(self, values: Mapping[str, Any]) -> Any:
        """The whole from the values of those parts that may be read; None when all are empty."""
        found = {suffix: value for suffix, value in values.items() if value is not None}
        return found or None

    def check(self, values: Mapping[str, Any]) -> None:
        """Refuses values of parts that do not go together. Raises Refusal."""

    def read(self, raw: Any) -> Any:
        """The whole as its parts would take it (for defaults and checks of definitions)."""
        return None if raw is None else dict(self.spread(raw))
