"""Records as expressions read them (`engine.expressions.types.Row`), as the system sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from engine.definition.objects import Object
from engine.fieldtypes.link import Collection, Lines, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import Identifier
from engine.records.shapes import Row
from engine.records.trees import tree_value
from engine.schema.tables import DELETED

_GONE: Row = {DELETED: True}


class Source(Protocol):
    """Where a view gets what its own row does not hold."""

    def fetch(self, object: str, ids: Iterable[int]) -> Mapping[int, Row]:
        """Rows by id."""

    def linked(self, object: str, id: int) -> RowView:
        """The view of one linked record."""

    def collection(self, object: str, by: str, id: int) -> Sequence[RowView]:
        """The records whose link `by`, or list of links, leads to `id`."""

    def named(self, object: str, name: str, id: int) -> Sequence[RowView]:
        """The records that the record `id` of `object` names in its field `name`."""

    def branch(self, object: str, id: int) -> Sequence[RowView]:
        """The live records below one, in the tree that its object is."""


class RowView:
    """A record whose members can be asked for; linked records are fetched when needed.

    Within a change, `lines` gives a record's lines and `parent` a line's record as they will be.
    """

    __slots__ = ("_id", "definition", "lines", "parent", "row", "tx")

    def __init__(
        self,
        tx: Source,
        definition: Object,
        row: Row | None,
        *,
        id: int | None = None,
        lines: dict[str, list[RowView]] | None = None,
        parent: RowView | None = None,
    ) -> None:
        self.tx = tx
        self.definition = definition
        self.row = row
        self._id = id
        self.lines = lines
        self.parent = parent

    @property
    def id(self) -> int | None:
        """The record's id; None before it is written."""
        return self._id if self.row is None else self.row.get("id")

    def other(self, id: int) -> RowView:
        """Another record of the same object."""
        return self.tx.linked(self.definition.name, id)

    def value(self, name: str) -> Any:
        """The member's value; of links a view, of collections a list of views."""
        if self.row is None:
            assert self._id is not None
            self.row = self.tx.fetch(self.definition.name, [self._id]).get(self._id, {})
        if "@" in name:  # its place in a tree
            return tree_value(self, name)
        field = self.definition.fields[name]
        type_ = field.type
        if isinstance(type_, Link):
            if self.parent is not None and name == self.definition.parent:
                return self.parent
            target = self.row.get(name)
            return None if target is None else self.tx.linked(type_.to, target)
        if isinstance(type_, Collection):
            return self._collection(name, type_)
        found = self.row.get(name)
        if isinstance(type_, Identifier) and found is not None:
            return Decimal(found)
        return found

    def _collection(self, name: str, type_: Collection) -> Sequence[RowView]:
        if isinstance(type_, Lines) and self.lines is not None and name in self.lines:
            return self.lines[name]
        if isinstance(type_, Links) and self.row is not None and name in self.row:
            found = self.tx.fetch(type_.to, self.row[name] or ())
            live = [id for id in self.row[name] or () if found.get(id, _GONE).get(DELETED) is None]
            return [self.tx.linked(type_.to, id) for id in live]
        if self.id is None:
            return ()
        if isinstance(type_, Links):
            return self.tx.named(self.definition.name, name, self.id)
        return self.tx.collection(type_.of, type_.by, self.id)
