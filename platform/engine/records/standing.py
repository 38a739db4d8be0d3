"""For whom somebody acted: whose deputy they were on records that they may not reach themselves.

A record that the own scopes, shares and memberships hold is nobody else's matter; of the others
the audit names the principals by whom it was reached. All of it asks the one predicate: once as
if the actor stood in for nobody, and once more for each principal alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from engine.expressions import Context
from engine.expressions.among import among_ids
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.records.auditing import FOR
from engine.records.changes import Batch

if TYPE_CHECKING:
    from engine.records.gate import Gate


def note_principals(batch: Batch) -> None:
    """Keeps with each change for whom it is made, before anything of the record has moved."""
    tx = batch.tx
    if tx.actor.is_system or not tx.actor.principals:
        return
    changes = {change.id: change for change in batch.changes if change.id is not None}
    found = principals_of(
        tx.gate, tx.connection, tx.actor, tx.context, batch.name, batch.action, sorted(changes)
    )
    for id, people in found.items():
        changes[id].notes[FOR] = people


def principals_of(
    gate: Gate,
    connection: sa.Connection,
    actor: Actor,
    context: Context,
    object: str,
    action: str,
    ids: Sequence[int],
) -> dict[int, list[int]]:
    """The principals by whom the actor reaches these records; those they reach anyway left out."""
    if actor.is_system or not actor.principals:
        return {}
    alone = actor.standing_in(())
    reached = _reached(gate, connection, alone, context, object, action, ids)
    left = [id for id in ids if id not in reached]
    found: dict[int, list[int]] = {}
    for principal in actor.principals:
        if not left or not principal.rows:
            continue
        one = actor.standing_in((principal,))
        for id in sorted(_reached(gate, connection, one, context, object, action, left)):
            found.setdefault(id, []).append(principal.person)
    return found


def _reached(
    gate: Gate,
    connection: sa.Connection,
    actor: Actor,
    context: Context,
    object: str,
    action: str,
    ids: Sequence[int],
) -> set[int]:
    """Those of the records on which the actor is granted the action."""
    binds, table = Binds(), gate.tables.table(object)
    statement = sa.select(table.c.id).where(among_ids(table.c.id, "ids", gate.dialect))
    rows = gate.lenses.lens(object, actor.roles).rows(action, table, binds)
    if rows is not None:
        statement = statement.where(rows)
    values = {"ids": list(ids)} | binds.values(actor, context)
    return set(connection.execute(statement, values).scalars())
