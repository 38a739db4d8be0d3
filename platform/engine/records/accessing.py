"""What was seen, where an object's policy asks for it: `audit: {opened: true, …}`.

1. Reading hands a row to `engine.schema.buffering`, which writes it within a second; whoever is
   answered does not wait for that.
2. What the system reads for itself is nobody's access.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.definition.access import DOWNLOADED, LISTED, OPENED, PRINTED, SEARCHED
from engine.definition.objects import Object
from engine.fieldtypes.secret import Secret
from engine.permissions.actors import Actor
from engine.records.auditing import FOR, digests, plain
from engine.records.contexts import reading_context
from engine.records.guarded import without_secrets
from engine.records.standing import principals_of

if TYPE_CHECKING:
    from engine.records.gate import Gate
    from engine.records.query import Query
    from engine.records.seen import Record

MOST_IDS = 200
"""Ids of a list that a row names; the number is always there."""


def note_opened(gate: Gate, actor: Actor, definition: Object, record: int) -> None:
    """Somebody has opened a record."""
    _note(gate, actor, definition, OPENED, record, {})


def note_listed(
    gate: Gate, actor: Actor, definition: Object, query: Query, items: list[Record]
) -> None:
    """Somebody has read a page of a list, or of what a search found."""
    action = SEARCHED if query.words else LISTED
    if actor.is_system or action not in definition.audit:
        return
    said: dict[str, Any] = {"count": len(items), "ids": [one.id for one in items[:MOST_IDS]]}
    if query.words:
        said["words"] = query.words
    if query.where:
        said["where"] = without_secrets(gate, query.where)
    if query.filters:
        said["filters"] = {
            name: None if _secret(definition, name) else plain(value)
            for name, value in query.filters.items()
        }
    _note(gate, actor, definition, action, 0, said)


def note_printed(gate: Gate, actor: Actor, object: str, record: int, document: str) -> None:
    """Somebody has got a record on paper."""
    definition = gate.catalog.objects[object]
    _note(gate, actor, definition, PRINTED, record, {"document": document})


def note_downloaded(
    gate: Gate, actor: Actor, object: str, record: int, file: Mapping[str, Any]
) -> None:
    """Somebody has got a file of a record."""
    _note(gate, actor, gate.catalog.objects[object], DOWNLOADED, record, dict(file))


def _note(
    gate: Gate, actor: Actor, definition: Object, action: str, record: int, data: dict[str, Any]
) -> None:
    if actor.is_system or action not in definition.audit:
        return
    if actor.principals:
        data |= _for(gate, actor, definition, record)
    row = {
        "at": gate.clock(), "actor": actor.person, "via": actor.via, "cause": None, "batch": None,
        "object": definition.name, "record": record, "action": action, "version": None,
        "data": json.dumps(data, ensure_ascii=False, default=str) if data else None,
    }  # fmt: skip
    gate.databases.note_access(row | digests(row))


def _for(gate: Gate, actor: Actor, definition: Object, record: int) -> dict[str, Any]:
    """For whom a deputy reads: of a list all for whom they stand in."""
    people = [principal.person for principal in actor.principals if principal.rows]
    if record:
        with gate.databases.reading() as connection:
            context = reading_context(gate, connection, actor)
            found = principals_of(
                gate, connection, actor, context, definition.name, "read", [record]
            )
        people = found.get(record, [])
    return {FOR: people} if people else {}


def _secret(definition: Object, name: str) -> bool:
    field = definition.fields.get(name)
    return field is not None and isinstance(field.type, Secret)
