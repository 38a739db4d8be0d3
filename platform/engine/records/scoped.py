"""What somebody may change by the scope of a role, and not only by a share or as a member.

Such records they may pass on: share them, name members. Whoever has a record only for a time, or
through somebody, could otherwise make that last for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.expressions.among import among_ids
from engine.permissions.binds import Binds
from engine.problems import Message
from engine.records.auditing import QUIET
from engine.records.changes import CREATE, UPDATE, Batch

if TYPE_CHECKING:
    from engine.permissions.actors import Actor
    from engine.records.gate import Gate

_UNSAID = QUIET | {"id"}

MEMBERS_NOT_YOURS = Message(
    "members-not-yours",
    en="whoever may change a record only by a share or as a member adds and changes no members",
    zh="仅凭共享或成员身份可修改记录的人，不能新增或更改成员",
    hint_en="ask somebody who may change it by the own role",
    hint_zh="请联系按自身角色可修改该记录的人员",
)


def in_scope(
    gate: Gate, connection: sa.Connection, actor: Actor, context: Any, object: str,
    ids: Iterable[int],
) -> set[int]:  # fmt: skip
    """Those of the records that the scope of a role of the actor lets them change."""
    lens = gate.lenses.lens(object, actor.roles)
    table, binds = gate.tables.table(object), Binds()
    scopes = [grant.scope("update") for grant in lens.grants]
    granted = sa.or_(sa.false(), *(lens.condition(scope, table, binds) for scope in scopes))
    asked = among_ids(table.c.id, "ids_", gate.dialect)
    values = binds.values(actor, context) | {"ids_": sorted(ids)}
    return set(connection.execute(sa.select(table.c.id).where(asked, granted), values).scalars())


def guard_members(batch: Batch) -> None:
    """Refuses more members of records that the actor may change only by a share or as a member.

    Taking members away opens nothing to anybody, so they may leave.
    """
    members, tx = batch.definition.members, batch.tx
    if members is None or tx.actor.is_system or tx.historical:
        return
    changes = [
        change
        for change in batch.changes
        if any(
            line.action == CREATE or (line.action == UPDATE and line.changed() - _UNSAID)
            for line in change.lines.get(members.lines, ())
        )
    ]
    if not changes:
        return
    ids = [change.id for change in changes if change.id is not None]
    allowed = in_scope(tx.gate, tx.connection, tx.actor, tx.context, batch.name, ids)
    for change in changes:
        if change.id not in allowed:
            change.refuse(MEMBERS_NOT_YOURS(), members.lines)
    batch.settle()
