"""Merging two records that are the same thing: one stays, the other goes to the recycle bin.

All in one transaction and one batch of the audit, so that `undo` takes the whole of it back:

1. The actor must be able to change both records and delete the one that goes.
2. What refers to the one that goes refers to the one that stays: links, lists of links, links of
   lines (as a change of the record that they belong to). The system does so, as when a deletion
   clears links. A record that would stand above itself takes what stood above the other.
3. The one that goes is deleted, which frees its unique values.
4. The one that stays takes the values that were chosen, and those that it has none of; lists and
   files are put together, lines that it does not have yet are added.

Comments and origins are not moved: they are read along (`engine.matching.merged`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Field, Object
from engine.fieldtypes.choice import Stage
from engine.fieldtypes.composite import Composite
from engine.fieldtypes.file import File, ids_of
from engine.fieldtypes.link import Collection, Lines, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.secret import Secret
from engine.matching.tables import MERGE
from engine.permissions.actors import Actor
from engine.problems import Message, Refusal, did_you_mean
from engine.records.auditing import plain
from engine.records.changes import DELETE, UPDATE, Change
from engine.records.gate import Gate
from engine.records.joins import named_ids
from engine.records.reading import Reader
from engine.records.removal import STAMPS
from engine.records.rights import not_found
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from engine.schema.tables import DELETED
from exchange.lots import open_lot

CAUSE = "merge"
OTHER, OWN = "other", "own"
_NEVER = (Stage, Secret, Composite)
"""Types whose values are the record's own; the parts of a composite are taken one by one."""

SAME_RECORD = Message(
    "merge-same-record",
    en="a {object} cannot be merged with itself",
    zh="{object}不能与自身合并",
)
NOT_TAKEN = Message(
    "merge-not-taken",
    en="the value of {name!r} cannot be taken over",
    zh="字段 {name!r} 的值不能合并",
    hint_en="did you mean {best}?",
    hint_zh="是否想写 {best}？",
)
BAD_CHOICE = Message(
    "merge-choice",
    en="{name}: {found!r} is no choice; write `own` or `other`",
    zh="{name}：{found!r} 无效，应为 `own` 或 `other`",
)
NOT_MERGED = Message(
    "merge-not-here",
    en="{object} cannot be merged: lines go with their record, settings exist once",
    zh="{object}不能合并：明细随所属记录处理，设置仅有一条",
)


def merge_records(
    gate: Gate,
    actor: Actor,
    object: str,
    id: int,
    other: int,
    take: Mapping[str, str],
    version: int | None = None,
    other_version: int | None = None,
) -> int:
    """Merges the record `other` into `id`, which stays; returns the number of the batch.

    `take` says by field whose value stays: "own" or "other"; the versions are those of the two
    records that this was decided by. Raises Refusal for whatever speaks against it; then nothing
    is written.
    """
    definition = gate.catalog.objects[object]
    if definition.parent or definition.kind != "ordinary":
        raise Refusal(NOT_MERGED(object=definition.label))
    if id == other:
        raise Refusal(SAME_RECORD(object=definition.label))

    def work(tx: Transaction) -> int:
        tx.batch = open_lot(tx, CAUSE, {"object": object, "winner": id, "merged": other})
        _Merging(tx, definition, id, other, take, (version, other_version)).run()
        return tx.batch

    return gate.write(actor, work, cause=f"{CAUSE} of #{other}", quiet=True)


def mergeable(definition: Object) -> list[Field]:
    """The fields of which one value is chosen."""
    return [
        field
        for field in definition.fields.values()
        if field.stored
        and (field.writable or field.name == "owner")
        and not isinstance(field.type, (*_NEVER, File, Collection))
    ]


class _Merging:
    """One merge in its transaction."""

    def __init__(
        self,
        tx: Transaction,
        definition: Object,
        id: int,
        other: int,
        take: Mapping[str, str],
        versions: tuple[int | None, int | None],
    ) -> None:
        self.tx = tx
        self.system = tx.as_system()
        self.definition = definition
        self.id = id
        self.other = other
        self.take = take
        self.versions = versions

    def run(self) -> None:
        """Does all of it."""
        name = self.definition.name
        pair = zip((self.id, self.other), self.versions, strict=True)
        probes = [Change(given={}, id=id, expected_version=version) for id, version in pair]
        self.tx.gate.pass_steps(self.tx, name, UPDATE, probes)
        rows = self.tx.fetch(name, [self.id, self.other])
        winner, loser = dict(rows[self.id]), dict(rows[self.other])
        given = self._values(winner, loser)
        self._repoint(winner, loser)
        self.tx.gate.pass_steps(self.tx, name, DELETE, [Change(given={}, id=self.other)])
        if given:
            self.tx.gate.pass_steps(self.tx, name, UPDATE, [Change(given=given, id=self.id)])
        self._point()

    def _values(self, winner: Row, loser: Row) -> dict[str, Any]:
        """What the record that stays takes over, as input."""
        lens = self.tx.lens(self.definition.name)
        seen = self._seen()
        choices = {field.name: field for field in mergeable(self.definition)}
        self._check_take(choices)
        given: dict[str, Any] = {}
        for field in choices.values():
            wanted = self.take.get(field.name)
            if field.name not in seen or not lens.may_write(field.name):
                if wanted == OTHER:
                    best = did_you_mean(field.name, seen & choices.keys())
                    raise Refusal(NOT_TAKEN(path=field.name, name=field.name, best=best))
                continue
            empty = winner.get(field.name) in (None, ()) and loser.get(field.name) is not None
            if wanted == OTHER or (wanted is None and empty):
                value = loser.get(field.name)
                if self._is_own(field) and value in (self.id, self.other):
                    continue  # nobody stands above himself
                if winner.get(field.name) != value:
                    given[field.name] = plain(value)
        return given | self._together(winner, loser, seen)

    def _seen(self) -> set[str]:
        """The fields of the one that goes that the actor may read on this very record."""
        reader = Reader(self.tx.gate)
        name = self.definition.name
        found = reader.within(self.tx.connection, self.tx.actor, name, self.other)
        if found is None:
            raise Refusal(not_found(self.tx.lens(name), self.other))
        return set(found.values)

    def _check_take(self, choices: Mapping[str, Field]) -> None:
        for name, choice in self.take.items():
            if name not in choices:
                raise Refusal(NOT_TAKEN(path=name, name=name, best=did_you_mean(name, choices)))
            if choice not in (OWN, OTHER):
                raise Refusal(BAD_CHOICE(path=name, name=name, found=str(choice)[:40]))

    def _together(self, winner: Row, loser: Row, seen: set[str]) -> dict[str, Any]:
        """Lists, files and lines of both."""
        given: dict[str, Any] = {}
        lens = self.tx.lens(self.definition.name)
        for field in self.definition.fields.values():
            if field.name not in seen or not lens.may_write(field.name) or not field.writable:
                continue
            if isinstance(field.type, Links):
                own = named_ids(self.tx, field, self.id) or ()
                more = named_ids(self.tx, field, self.other) or ()
                both = [i for i in dict.fromkeys((*own, *more)) if i != self.other]
                if both != list(own):
                    given[field.name] = both
            elif isinstance(field.type, File):
                own, more = ids_of(winner.get(field.name)), ids_of(loser.get(field.name))
                if more and (field.type.multiple or not own):
                    given[field.name] = [*own, *more] if field.type.multiple else more[0]
            elif isinstance(field.type, Lines):
                lines = self._lines(field)
                if lines is not None:
                    given[field.name] = lines
        return given

    def _lines(self, field: Field) -> list[dict[str, Any]] | None:
        """The lines of both; one that says the same as another is left out. None: no more."""
        child = self.tx.gate.line_object(self.definition, field.name)
        link = child.parent
        own = self.tx.collection(child.name, link, self.id)
        more = self.tx.collection(child.name, link, self.other)
        known = [_line(self.tx, child, view.row or {}) for view in own]
        fresh = [line for v in more if (line := _line(self.tx, child, v.row or {})) not in known]
        return [{"id": view.id} for view in own] + fresh if fresh else None

    def _is_own(self, field: Field) -> bool:
        return isinstance(field.type, Link) and field.type.to == self.definition.name

    def _repoint(self, winner: Row, loser: Row) -> None:
        for definition in self.tx.catalog.objects.values():
            if definition.kind == "view":
                continue
            changes: dict[int, dict[str, Any]] = defaultdict(dict)
            if definition is self.definition and (link := self._moves_up(winner)):
                above = loser.get(link)
                changes[self.id][link] = above if above != self.id else None
            for field in definition.links:
                if self._refers(definition, field):
                    self._links(definition, field, loser, changes)
            for field in definition.many:
                if isinstance(field.type, Links) and field.type.to == self.definition.name:
                    self._lists(definition, field, changes)
            self._pass(definition, changes)

    def _moves_up(self, winner: Row) -> str:
        """The link of the object's tree, where the one that stays stands below the one that goes.

        It takes the other's place then: what stood between them comes to stand below it.
        """
        name = self.definition.name
        link = self.tx.gate.hierarchy.link(name)
        above, seen = (winner.get(link) if link else None), {self.id}
        while above is not None and above not in seen:
            if above == self.other:
                return link
            seen.add(above)
            above = self.tx.fetch(name, [above]).get(above, {}).get(link)
        return ""

    def _refers(self, definition: Object, field: Field) -> bool:
        assert isinstance(field.type, Link)
        return (
            field.type.to == self.definition.name
            and field.name not in STAMPS
            and field.name != definition.parent
            and not field.derived
        )

    def _links(
        self, definition: Object, field: Field, loser: Row, changes: dict[int, dict[str, Any]]
    ) -> None:
        table = self.tx.tables.table(definition.name)
        users = sa.select(table.c.id).where(
            table.c[field.column] == self.other, table.c[DELETED].is_(None)
        )
        for id in self.tx.connection.scalars(users.order_by(table.c.id)):
            target: int | None = self.id
            if definition is self.definition and id == self.id:
                above = loser.get(field.name)
                target = above if above not in (self.id, self.other) else None
            if definition is self.definition and id == self.other:
                continue
            name, value = field.name, target
            if field.part_of:
                whole = {"object": self.definition.name, "id": target} if target else None
                changes[id][field.part_of] = whole
            else:
                changes[id][name] = value

    def _lists(self, definition: Object, field: Field, changes: dict[int, dict[str, Any]]) -> None:
        join = self.tx.tables.join(field)
        owners = sa.select(join.c.from_id).where(join.c.to_id == self.other).distinct()
        rows = self.tx.fetch(definition.name, list(self.tx.connection.scalars(owners)))
        for id, row in rows.items():
            if row.get(DELETED) is not None or (definition is self.definition and id == self.other):
                continue
            held = named_ids(self.tx, field, id) or ()
            if self.other in held:
                named = dict.fromkeys(self.id if one == self.other else one for one in held)
                changes[id][field.name] = [
                    one for one in named if definition is not self.definition or one != id
                ]

    def _pass(self, definition: Object, changes: Mapping[int, dict[str, Any]]) -> None:
        if not changes:
            return
        if definition.parent:
            self._pass_lines(definition, changes)
            return
        batch = [Change(given=given, id=id) for id, given in sorted(changes.items())]
        self.tx.gate.pass_steps(self.system, definition.name, UPDATE, batch)
        self.tx.forget(definition.name)

    def _pass_lines(self, definition: Object, changes: Mapping[int, dict[str, Any]]) -> None:
        """Lines change as part of the records that they belong to."""
        above = self.tx.catalog.objects[definition.parent_object]
        field = next(
            f for f in above.lines if self.tx.gate.line_object(above, f.name) is definition
        )
        rows = self.tx.fetch(definition.name, list(changes))
        batch = []
        for parent in sorted({row[definition.parent] for row in rows.values()}):
            lines = [
                {"id": view.id, **changes.get(view.id or 0, {})}
                for view in self.tx.collection(definition.name, definition.parent, parent)
            ]
            batch.append(Change(given={field.name: lines}, id=parent))
        self.tx.gate.pass_steps(self.system, above.name, UPDATE, batch)
        self.tx.forget(definition.name)
        self.tx.forget(above.name)

    def _point(self) -> None:
        """Notes where the one that has gone went."""
        merge, key = self.tx.tables.system(MERGE), self.definition.table
        gone = sa.and_(merge.c.object == key, merge.c.record == self.other)
        self.tx.connection.execute(sa.delete(merge).where(gone))
        row = {
            "object": key, "record": self.other, "winner": self.id, "batch": self.tx.batch,
            "at": self.tx.now, "actor": self.tx.actor.person,
        }  # fmt: skip
        self.tx.connection.execute(sa.insert(merge).values(row))


def _line(tx: Transaction, child: Object, row: Row) -> dict[str, Any]:
    """A line as input for another one like it."""
    lists = {f.name: named_ids(tx, f, row["id"]) for f in child.many if f.writable}
    return {name: list(ids) for name, ids in lists.items() if ids} | {
        field.name: plain(row[field.name])
        for field in child.stored_fields
        if field.writable
        and not field.unique
        and field.name != child.parent
        and row.get(field.name) is not None
        and not isinstance(field.type, (*_NEVER, File))
    }
