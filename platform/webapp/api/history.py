"""A record's history from its audit, as far as the actor may read it.

A change of fields that the actor may not read is left out altogether. Links are shown with the
title that they have now, and hidden where the linked record may not be seen (rule 31).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from flask import Response, request

from engine.definition.objects import Field, Object
from engine.expressions import Context
from engine.fieldtypes.file import File
from engine.fieldtypes.link import Lines, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.secret import Secret
from engine.permissions.binds import Binds
from engine.problems import Refusal
from engine.records.auditing import FOR
from engine.records.query import Query
from engine.records.reading import Linked, Record
from engine.records.serial import linked_to_json
from webapp.answers import answer
from webapp.api.call import Call
from webapp.api.filed_history import file_titles, file_value
from webapp.api.queries import opened, read_limit, read_parameters, sealed
from webapp.api.records import one

Changes = Mapping[str, tuple[Any, Any]]


def record_history(call: Call, object: str, record: str) -> Response:
    """GET o/<object>/<record>/history: its changes, the newest first."""
    given = read_parameters(request, "limit", "after")
    limit = min(read_limit(given.get("limit")), 1_000)
    before = opened(given.get("after", ""), f"{object} history", call.shell.keys)
    found = one(call, object, record)
    items, following = history_of(call, found, limit, int(before) if before else 0)
    return answer({"items": items, "next": sealed(following, f"{object} history", call.shell.keys)})


def history_of(
    call: Call, found: Record, limit: int, before: int = 0
) -> tuple[list[dict[str, Any]], str | None]:
    """Changes of a record that the actor has read, and the id from which older ones go on."""
    definition = call.application.catalog.objects[found.object]
    if definition.is_view:  # whose rows nobody changes
        return [], None
    table = call.application.tables.system("fw_audit")
    statement = (
        sa.select(table)
        .where(table.c.object.in_(definition.names), table.c.record == found.id)
        .order_by(table.c.id.desc())
        .limit(limit + 1)
    )
    if before:
        statement = statement.where(table.c.id < before)
    with call.application.databases.reading() as connection:
        rows = connection.execute(statement).all()
        readable = _readable(call, connection, found)
    entries = list(_entries(call, definition, rows[:limit], readable))
    following = str(rows[limit - 1].id) if len(rows) > limit else None
    titles = _titles(call, entries)
    titles |= file_titles(call, (one for entry in entries for one in entry._all()))
    return [entry.to_json(titles) for entry in entries], following


@dataclass
class _Entry:
    """One audit row; `fields` as they changed, `lines` by field.

    `principals` are those for whom somebody did it as their deputy.
    """

    row: Any
    definition: Object
    person: Field | None
    transition: str | None = None
    principals: Sequence[int] = ()
    fields: Changes = field(default_factory=dict)
    lines: dict[str, list[tuple[Object, dict[str, Any], Changes]]] = field(default_factory=dict)

    def links(self) -> Iterator[tuple[str, int]]:
        """The linked records that it names: object and id."""
        if self.person is not None and self.row.actor is not None:
            assert isinstance(self.person.type, Link)
            yield self.person.type.to, self.row.actor
            yield from ((self.person.type.to, id) for id in self.principals)
        for definition, changes in self._all():
            for name, values in changes.items():
                type_ = definition.fields[name].type
                if isinstance(type_, Link):
                    yield from ((type_.to, id) for id in values if isinstance(id, int))
                elif isinstance(type_, Links):
                    yield from ((type_.to, id) for ids in values for id in ids or ())

    def to_json(self, titles: Mapping[tuple[str, int], str]) -> dict[str, Any]:
        """The entry in JSON form."""
        by = None
        if self.person is not None:
            by = _value(self.person, self.row.actor, titles)
        result: dict[str, Any] = {
            "at": self.row.at.isoformat().replace("+00:00", "Z"),
            "by": by,
            "via": self.row.via,
            "action": self.row.action,
            "version": self.row.version,
            "transition": self.transition,
            "fields": _shown(self.definition, self.fields, titles),
        }
        if self.principals and self.person is not None:
            result["for"] = [_value(self.person, id, titles) for id in self.principals]
        if self.lines:
            result["lines"] = {
                name: [
                    {
                        "id": line["id"],
                        "action": line["action"],
                        "fields": _shown(definition, changes, titles),
                    }
                    for definition, line, changes in found
                ]
                for name, found in self.lines.items()
            }
        return result

    def _all(self) -> Iterator[tuple[Object, Changes]]:
        yield self.definition, self.fields
        for found in self.lines.values():
            yield from ((definition, changes) for definition, _, changes in found)


def _entries(call: Call, definition: Object, rows: Any, readable: _Readable) -> Iterator[_Entry]:
    objects = call.application.catalog.objects
    for row in rows:
        data = json.loads(row.data or "{}")
        entry = _Entry(
            row=row,
            definition=definition,
            person=definition.fields.get("created_by"),
            transition=data.get("transition"),
            principals=data.get(FOR, ()),
            fields=_changes(data.get("fields", {}), definition, readable.fields),
        )
        for told, lines in data.get("lines", {}).items():
            name = definition.renamed.get(told, told)
            found = definition.fields.get(name)
            if name not in readable.fields or found is None or not isinstance(found.type, Lines):
                continue
            child = objects[found.type.of]
            names = readable.lines[name]
            entry.lines[name] = [
                (child, line, _changes(line["fields"], child, names)) for line in lines
            ]
        if row.action != "update" or entry.fields or entry.lines or entry.transition:
            yield entry


def _changes(found: Mapping[str, Any], definition: Object, readable: frozenset[str]) -> Changes:
    named = ((definition.renamed.get(name, name), values) for name, values in found.items())
    return {
        name: (values[0], values[1])
        for name, values in named
        if name in readable and name in definition.fields
    }


@dataclass(frozen=True, slots=True)
class _Readable:
    """What of this very record the actor may read: its fields, and of its lines, by field."""

    fields: frozenset[str]
    lines: Mapping[str, frozenset[str]]


def _readable(call: Call, connection: sa.Connection, record: Record) -> _Readable:
    """What the actor may read of the record, cell by cell.

    A line has the rows of its record: of its fields those can be seen that some role shows which
    also shows this record.
    """
    application = call.application
    lens = call.lens(record.object)
    definition = application.catalog.objects[record.object]
    table = application.tables.table(record.object)
    binds = Binds()
    cells: dict[tuple[str, str], sa.ColumnElement[bool]] = {}
    shown: dict[str, set[str]] = {"": {name for name in definition.fields if lens.may_read(name)}}
    for name in shown[""]:
        if (condition := lens.cell(name, table, binds)) is not None:
            cells["", name] = condition
    for found in definition.lines:
        assert isinstance(found.type, Lines)
        inner = call.lens(found.type.of)
        shown[found.name] = {n for n in inner.definition.fields if inner.may_read(n)}
        for name in shown[found.name]:
            if inner.is_system or inner.showing(name) == lens.allowing("read"):
                continue
            condition = lens.rows_of("read", inner.showing(name), table, binds)
            if condition is not None:
                cells[found.name, name] = condition
    if cells:
        context = _context(call, connection)
        flags = [sa.case((condition, 1), else_=0) for condition in cells.values()]
        row = connection.execute(
            sa.select(*flags).where(table.c.id == record.id), binds.values(call.actor, context)
        ).one()
        for (of, name), flag in zip(cells, row, strict=True):
            if not flag:
                shown[of].discard(name)
    own = frozenset(shown.pop(""))
    return _Readable(own, {name: frozenset(found) for name, found in shown.items()})


def _context(call: Call, connection: sa.Connection) -> Context:
    return call.application.reader.context(connection, call.actor)


def _titles(call: Call, entries: list[_Entry]) -> dict[tuple[str, int], str]:
    """Titles of the linked records that the actor may see."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for entry in entries:
        for object, id in entry.links():
            wanted[object].add(id)
    titles: dict[tuple[str, int], str] = {}
    for object, ids in wanted.items():
        title = call.application.catalog.objects[object].title
        lens = call.lens(object)
        fields = (title,) if lens.may_read(title) else ("id",)
        for start in range(0, len(ids), 1_000):
            some = sorted(ids)[start : start + 1_000]
            query = Query(filters={"id": some}, fields=fields, limit=1_000)
            try:
                page = call.application.reader.page(call.actor, object, query)
            except Refusal:  # no right to read the object at all
                continue
            for found in page.items:
                value = found.values.get(title)
                text = value.title if isinstance(value, Linked) else value
                titles[object, found.id] = str(text if text is not None else f"#{found.id}")
    return titles


def _shown(
    definition: Object, changes: Changes, titles: Mapping[tuple[str, int], str]
) -> dict[str, Any]:
    return {
        name: {
            "before": _value(definition.fields[name], before, titles),
            "after": _value(definition.fields[name], after, titles),
        }
        for name, (before, after) in changes.items()
    }


def _value(found: Field, value: Any, titles: Mapping[tuple[str, int], str]) -> Any:
    """A value of the audit in JSON form."""
    type_ = found.type
    if isinstance(type_, Links):
        one = Link(to=type_.to)
        return [_value(replace(found, type=one), id, titles) for id in value or ()]
    if isinstance(type_, File):
        return file_value(found, value, titles)
    if isinstance(type_, Secret):  # that it changed is all that is told
        return value
    if isinstance(type_, Link):
        if value is None:
            return None
        title = titles.get((type_.to, value))
        restricted = Linked(None, None, True)
        return linked_to_json(restricted if title is None else Linked(value, title))
    try:
        return type_.to_json(type_.read(value))
    except Refusal:  # an option or a limit that has changed since
        return value
