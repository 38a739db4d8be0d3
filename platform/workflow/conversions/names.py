"""What a conversion's expressions know besides the source: the records made before, as `made`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.definition.catalog import Catalog
from engine.expressions.types import Kind, Member, Type
from engine.records.rows import RowView

MADE = "made"
"""The variable: `made.customer` is the record of the part `customer`."""
MADE_OBJECT = "(made)"
"""Its object, which no definition can be called."""
MADE_TYPE = Type(Kind.RECORD, object=MADE_OBJECT)


@dataclass(frozen=True)
class ConversionNames:
    """The catalog and the parts made so far (`engine.expressions.types.Names`).

    `parts` are the objects of the parts by name.
    """

    catalog: Catalog
    parts: Mapping[str, str]

    @property
    def user_object(self) -> str:
        """The object whose records are people."""
        return self.catalog.user_object

    def tree(self, object: str) -> str:
        """The link that makes the object a tree, or an empty string."""
        return "" if object == MADE_OBJECT else self.catalog.tree(object)

    def member(self, object: str, name: str) -> Member | None:
        """A field of an object, or one of the parts."""
        if object != MADE_OBJECT:
            return self.catalog.member(object, name)
        target = self.parts.get(name)
        return Member(name, Type(Kind.RECORD, object=target)) if target is not None else None

    def members(self, object: str) -> Iterable[str]:
        """All names that can follow a record of `object`."""
        return self.parts if object == MADE_OBJECT else self.catalog.members(object)


@dataclass(frozen=True)
class MadeRow:
    """The records made so far, as expressions read them (`engine.expressions.types.Row`)."""

    made: Mapping[str, RowView | None]

    @property
    def id(self) -> int | None:
        """It is no record itself."""
        return None

    def value(self, name: str) -> RowView | None:
        """The record of a part; None where it was left out."""
        return self.made.get(name)
