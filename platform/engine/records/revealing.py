"""Secrets shown to the few who may see them, with a line in the audit each time.

A role may see a secret's mask where it may read the field, replace it where it may write it, and
see the value itself where its grant names the field under `reveal:` and shows the row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from engine.fieldtypes.secret import Secret
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.permissions.lens import Lens
from engine.problems import Refusal
from engine.records.auditing import digests
from engine.records.guarded import MAY_NOT_REVEAL
from engine.records.rights import not_found
from engine.records.sealing import bound
from engine.schema.tables import DELETED
from engine.vault import Hidden

if TYPE_CHECKING:
    from engine.records.gate import Gate
    from engine.records.reading import Record
    from engine.records.transaction import Transaction

REVEAL = "reveal"
"""The action under which the audit keeps that somebody has looked at a secret."""


def revealing(lens: Lens, name: str) -> frozenset[str]:
    """The roles that show the secret itself, on whatever rows."""
    granted = frozenset(g.role for g in lens.grants if name in g.reveal)
    return granted & lens.showing(name)


def may_reveal(lens: Lens, name: str) -> bool:
    """Whether the value itself may be seen on some row."""
    return lens.is_system or bool(revealing(lens, name))


def may_look_for(lens: Lens, names: Iterable[str]) -> None:
    """Raises Refusal where one of the fields is a secret whose value the roles may not see."""
    for name in names:
        field = lens.definition.fields[name]
        if isinstance(field.type, Secret) and not may_reveal(lens, name):
            raise Refusal(MAY_NOT_REVEAL(path=name, field=field.label))


def reveal(gate: Gate, actor: Actor, object: str, record: int, name: str) -> str | None:
    """The value of a secret, for those who may see it; that they did stands in the audit.

    Raises Refusal where there is no such record or field to see, and where the actor may not.
    """

    def work(tx: Transaction) -> str | None:
        definition = tx.catalog.objects[object]
        lens = tx.lens(object)
        field = definition.fields.get(name)
        if field is None or not isinstance(field.type, Secret) or not lens.may_read(name):
            raise Refusal(not_found(lens, record))
        if not may_reveal(lens, name):
            raise Refusal(MAY_NOT_REVEAL(field=field.label))
        table, binds = tx.tables.table(object), Binds()
        conditions = [table.c.id == record, table.c[DELETED].is_(None)]
        readable = lens.rows("read", table, binds)
        if readable is not None:
            conditions.append(readable)
        roles = revealing(lens, name)
        shows = None if lens.is_system else lens.rows_of("read", roles, table, binds)
        flag = sa.literal(1) if shows is None else sa.case((shows, 1), else_=0)
        statement = sa.select(table.c[field.column], flag).where(*conditions)
        found = tx.connection.execute(statement, binds.values(actor, tx.context)).first()
        if found is None:
            raise Refusal(not_found(lens, record))
        if not found[1]:
            raise Refusal(MAY_NOT_REVEAL(field=field.label))
        if found[0] is None:
            return None
        vault = gate.databases.vault
        text = Hidden.kept(found[0], vault, bound(definition, field, record)).text()
        _note(tx, object, record, name)
        return text

    return gate.write(actor, work)


def reveal_all(gate: Gate, actor: Actor, record: Record, names: str) -> dict[str, str | None]:
    """The secrets of a record that `names` lists, separated by commas, by field."""
    wanted = dict.fromkeys(name for name in names.split(",") if name)
    return {name: reveal(gate, actor, record.object, record.id, name) for name in wanted}


def _note(tx: Transaction, object: str, record: int, name: str) -> None:
    """Writes down that the value was seen, not what it is."""
    row = {
        "at": tx.now, "actor": tx.actor.person, "via": tx.actor.via, "cause": tx.cause or None,
        "batch": None, "object": object, "record": record, "action": REVEAL, "version": None,
        "data": json.dumps({REVEAL: name}),
    }  # fmt: skip
    tx.insert(tx.tables.system("fw_audit"), [row | digests(row)])
