"""Records as one actor sees them, for expressions and paths; read through the reader alone.

What the actor may not read is empty here, whether a field, a linked record or its lines, so a
document can never show more than the actor's own screens do. Records are read once; the links of
all lines of a record are followed together, in one query per link.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from engine.expressions import Context
from engine.fieldtypes.link import Lines, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import Identifier
from engine.fieldtypes.obscured import Obscured
from engine.permissions.actors import Actor
from engine.problems import Refusal
from engine.records.company_year import company_year
from engine.records.query import MOST, Query
from engine.records.reading import Linked, Reader, Record
from engine.records.settings import one_id
from engine.schema.tables import POSITION


class Sight:
    """Reads records as one actor, each once."""

    def __init__(self, reader: Reader, actor: Actor) -> None:
        self.reader = reader
        self.actor = actor
        self.objects = reader.gate.catalog.objects
        self._read: dict[tuple[str, int], Record | None] = {}
        self._settings: dict[str, int | None] = {}

    def record(self, object: str, key: int | str) -> Seen:
        """A record by id or number, with its lines. Raises Refusal where there is none to see."""
        found = self.reader.one(self.actor, object, key, masks=True)
        self._read[object, found.id] = found
        return Seen(self, object, found.id)

    @cached_property
    def context(self) -> Context:
        """What expressions are evaluated in."""
        gate = self.reader.gate
        people, person = gate.catalog.user_object, self.actor.person
        user = Seen(self, people, person) if people and person is not None else None
        return Context(
            now=gate.clock(), zone=gate.zone, user=user, below=self._below, settings=self._setting,
            company=company_year(gate),
        )  # fmt: skip

    def _setting(self, object: str) -> Seen | None:
        """The one record of a settings object, where the actor may see it."""
        gate = self.reader.gate
        if object not in self._settings:
            with gate.databases.reading() as connection:
                self._settings[object] = one_id(gate, connection, object)
        id = self._settings[object]
        return Seen(self, object, id) if id is not None and self.whole(object, id) else None

    def whole(self, object: str, id: int) -> Record | None:
        """The record with its lines, or None where the actor may not see it."""
        key = (object, id)
        lines = self.objects[object].lines
        if key not in self._read or (lines and not self._has_lines(self._read[key])):
            try:
                self._read[key] = self.reader.one(self.actor, object, id, masks=True)
            except Refusal:
                self._read[key] = None
        return self._read[key]

    def together(self, object: str, id: int, group: Iterable[int]) -> Record | None:
        """The record; if it has to be read, all of `group` are read with it."""
        if (object, id) not in self._read:
            wanted = [i for i in dict.fromkeys((id, *group)) if (object, i) not in self._read]
            for start in range(0, len(wanted), MOST):
                self._fetch(object, wanted[start : start + MOST])
        return self._read[object, id]

    def lines(self, parent: Record, name: str) -> Sequence[Seen]:
        """All lines in the field `name` of the record, in their order."""
        records = list(parent.values.get(name) or ())
        type_ = self.objects[parent.object].fields[name].type
        assert isinstance(type_, Lines)
        if len(records) == MOST:  # the reader gives no more at once
            records = self._all_lines(type_, parent.id)
        for record in records:
            self._read[type_.of, record.id] = record
        group = Group(records)
        return [Seen(self, type_.of, record.id, group) for record in records]

    def _all_lines(self, type_: Lines, parent: int) -> list[Record]:
        found: list[Record] = []
        after: str | None = ""
        while after is not None:
            filters = {type_.by: parent}
            query = Query(filters=filters, sort=(POSITION,), limit=MOST, after=after, masks=True)
            page = self.reader.page(self.actor, type_.of, query)
            found += page.items
            after = page.next
        return found

    def _fetch(self, object: str, ids: list[int]) -> None:
        self._read |= {(object, id): None for id in ids}
        try:
            query = Query(filters={"id": ids}, limit=MOST, masks=True)
            page = self.reader.page(self.actor, object, query)
        except Refusal:  # nothing of that object may be read
            return
        self._read |= {(object, record.id): record for record in page.items}

    @staticmethod
    def _has_lines(record: Record | None) -> bool:
        return record is None or any(isinstance(v, list) for v in record.values.values())

    def _below(self, object: str, id: int) -> frozenset[int]:
        gate = self.reader.gate
        with gate.databases.reading() as connection:
            return gate.hierarchy.below(connection, object, id)


class Group:
    """Lines of one record, whose links are followed together."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records

    def targets(self, name: str) -> list[int]:
        """The ids that the link `name` of all lines leads to."""
        links = (record.values.get(name) for record in self.records)
        return [link.id for link in links if isinstance(link, Linked) and link.id is not None]


class Seen:
    """A record as the actor sees it (`engine.expressions.types.Row`)."""

    __slots__ = ("_id", "_way", "group", "object", "sight", "title")

    def __init__(
        self,
        sight: Sight,
        object: str,
        id: int,
        group: Group | None = None,
        title: str = "",
        way: tuple[Group, str] | None = None,
    ) -> None:
        self.sight = sight
        self.object = object
        self._id = id
        self.group = group
        self.title = title
        self._way = way

    @property
    def id(self) -> int | None:
        """The record's id."""
        return self._id

    def value(self, name: str) -> Any:
        """The member's value; None, or no lines, where the actor may not read it."""
        type_ = self.sight.objects[self.object].fields[name].type
        if isinstance(type_, Lines):
            whole = self.sight.whole(self.object, self._id)
            return () if whole is None else self.sight.lines(whole, name)
        record = self._record()
        found = record.values.get(name) if record else None
        if isinstance(type_, Link):
            if not isinstance(found, Linked) or found.id is None:
                return None
            way = (self.group, name) if self.group else None
            return Seen(self.sight, type_.to, found.id, title=found.title or "", way=way)
        if isinstance(type_, Links):
            seen = [one for one in found or () if one.id is not None]
            return tuple(Seen(self.sight, type_.to, one.id, title=one.title) for one in seen)
        if isinstance(type_, Identifier) and found is not None:
            return Decimal(found)
        return None if isinstance(found, Obscured) else found

    def mask(self, name: str) -> Obscured | None:
        """The field's mask, where the actor may see no more of it."""
        record = self._record()
        found = record.values.get(name) if record else None
        return found if isinstance(found, Obscured) else None

    def along(self, path: Iterable[str]) -> Any:
        """The value at the end of a path of links."""
        found: Any = self
        for name in path:
            found = (found.mask(name) or found.value(name)) if isinstance(found, Seen) else None
        return found

    def _record(self) -> Record | None:
        group = self._way[0].targets(self._way[1]) if self._way else ()
        return self.sight.together(self.object, self._id, group)
