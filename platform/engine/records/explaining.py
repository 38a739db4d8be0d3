"""Why somebody may or may not do something: the decision and every rule that led to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from engine.definition.objects import Object
from engine.expressions.among import among_ids
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.permissions.roles import PLAIN_ACTIONS, Grant, Role
from engine.problems import Place, Text
from engine.records.gate import Gate
from engine.records.reading import Reader
from engine.records.rights import SCOPES
from engine.schema.tables import DELETED


@dataclass(frozen=True, slots=True)
class Reason:
    """What one role says: its scope, where that is written, whether the record is in it."""

    role: str
    label: Text
    scope: Text
    place: Place | None
    applies: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer and its reasons. `note` tells what no role could change (a deleted record)."""

    allowed: bool
    action: str
    object: str
    record: int | None
    reasons: tuple[Reason, ...]
    note: Text | None = None


_DENIED = Text({"en": "no grant on this object", "zh": "未授予该对象的权限"})
_GRANTED = Text({"en": "granted", "zh": "已授权"})
_NOT_GRANTED = Text({"en": "not granted", "zh": "未授权"})
_MISSING = Text({"en": "there is no such record", "zh": "不存在该记录"})
_DELETED = Text({"en": "the record is in the recycle bin", "zh": "该记录在回收站中"})
_SYSTEM = Text({"en": "the system may do everything", "zh": "系统拥有全部权限"})


def explain(
    gate: Gate, actor: Actor, action: str, object: str, record: int | str | None = None
) -> Decision:
    """The decision on `action` of `actor`, for one record (id or number) or in general.

    Raises Refusal (not-found) for an unknown object.
    """
    definition = Reader(gate).object(object)
    if actor.is_system:
        return Decision(True, action, object, None, (), _SYSTEM)
    owner = definition
    if definition.parent:  # a line's rows take its record's grant
        owner = gate.catalog.objects[definition.parent_object]
    found = _find(gate, definition, record) if record is not None else None
    if record is not None and found is None:
        return Decision(False, action, object, None, (), _MISSING)
    id, deleted = found or (None, False)
    roles: Mapping[str, Role] = gate.catalog.of("role")
    reasons = tuple(
        _reason(gate, actor, action, owner, roles[name], id)
        for name in sorted(actor.roles)
        if name in roles
    )
    note = _DELETED if deleted and action != "restore" else None
    allowed = any(reason.applies for reason in reasons) and note is None
    return Decision(allowed, action, object, id, reasons, note)


def _reason(
    gate: Gate, actor: Actor, action: str, definition: Object, role: Role, id: int | None
) -> Reason:
    grant = role.grants.get(definition.name)
    if grant is None:
        place = role.source.at("grants") if role.source else None
        return Reason(role.name, role.label, _DENIED, place, False)
    place = grant.source.at(action) if grant.source else None
    if action in PLAIN_ACTIONS:
        granted = action in grant.allowed
        return Reason(role.name, role.label, _GRANTED if granted else _NOT_GRANTED, place, granted)
    scope = grant.scope(action)
    text = SCOPES.get(scope.name) or Text.of(scope.name)
    applies = not scope.nothing
    if applies and id is not None:
        applies = _matches(gate, actor, action, definition, grant, id)
    return Reason(role.name, role.label, text, scope.place or place, applies)


def _matches(
    gate: Gate, actor: Actor, action: str, definition: Object, grant: Grant, id: int
) -> bool:
    """Whether the record lies in the scope, by the very predicate that lists use."""
    lens = gate.lenses.lens(definition.name, actor.roles)
    binds = Binds()
    table = gate.tables.table(definition.name)
    statement = sa.select(table.c.id).where(
        among_ids(table.c.id, "ids", gate.dialect),
        lens.granting(grant, action, table, binds),
    )
    with gate.databases.reading() as connection:
        context = Reader(gate).context(connection, actor)
        parameters = {"ids": [id]} | binds.values(actor, context)
        return bool(connection.execute(statement, parameters).first())


def _find(gate: Gate, definition: Object, record: int | str) -> tuple[int, bool] | None:
    """Id of the record and whether it is deleted, as the system sees it."""
    key = "id" if isinstance(record, int) or str(record).isdigit() else "number"
    if key not in definition.fields:
        return None
    table = gate.tables.table(definition.name)
    column = table.c[definition.fields[key].column]
    value = int(record) if key == "id" else record
    with gate.databases.reading() as connection:
        row = connection.execute(
            sa.select(table.c.id, table.c[DELETED]).where(column == value)
        ).first()
    return None if row is None else (row[0], row[1] is not None)
