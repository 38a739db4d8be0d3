"""Settings objects: exactly one record each, made with its defaults, never a second one.

Nobody creates, deletes or restores such a record: the system makes it where it is missing, when
definitions are applied or when somebody first opens it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from engine.problems import Message, Problem, Refusal
from engine.records.changes import CREATE, Batch, Change
from engine.records.prepared import Prepared
from engine.records.rows import RowView, Source
from engine.schema.tables import DELETED

if TYPE_CHECKING:
    from engine.records.gate import Gate
    from engine.records.transaction import Transaction

MAKING = "settings"
"""The cause of the transaction's change that makes the one record."""
ONE_RECORD = Message(
    "one-record-only",
    en="{object} has exactly one record: none can be added, deleted or restored",
    zh="“{object}”有且只有一条记录，不能新增、删除或恢复",
    hint_en="change the record that is there",
    hint_zh="请直接修改已有的记录",
)


def keep_one(batch: Batch) -> None:
    """Step: refuses a second record of a settings object, and the end of the first one."""
    if not batch.definition.is_settings:
        return
    if batch.action != CREATE or not batch.tx.actor.is_system or len(batch.changes) != 1:
        raise Refusal(_refused(batch))
    _lock(batch.tx, batch.name)
    if one_id(batch.tx.gate, batch.tx.connection, batch.name) is not None:
        raise Refusal(_refused(batch))


def _refused(batch: Batch) -> Problem:
    return ONE_RECORD(object=batch.definition.label)


def _lock(tx: Transaction, object: str) -> None:
    """Makes those who find no record wait for each other; SQLite has one writer anyway."""
    if tx.dialect == "postgresql":
        key = sa.func.hashtext(f"settings:{object}")
        tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def one_id(gate: Gate, connection: sa.Connection, object: str) -> int | None:
    """The id of the one record of a settings object, or None before it is made."""

    def build() -> Prepared:
        table = gate.tables.table(object)
        query = sa.select(table.c.id).where(table.c[DELETED].is_(None))
        return gate.statements.prepared(query.order_by(table.c.id).limit(1))

    rows = gate.statements.once(("one_id", object), build).rows(connection, {})
    return int(rows[0][0]) if rows else None


def reading(
    gate: Gate, connection: sa.Connection, source: Source
) -> Callable[[str], RowView | None]:
    """What gives expressions the one record of a settings object, looked for once each."""
    known: dict[str, RowView | None] = {}

    def setting(object: str) -> RowView | None:
        if object not in known:
            id = one_id(gate, connection, object)
            known[object] = None if id is None else source.linked(object, id)
        return known[object]

    return setting


def make_missing(tx: Transaction) -> int:
    """Makes the records of settings objects that have none; returns how many."""
    made = 0
    for name, definition in tx.catalog.objects.items():
        if definition.is_settings and one_id(tx.gate, tx.connection, name) is None:
            _lock(tx, name)
            if one_id(tx.gate, tx.connection, name) is None:
                tx.gate.pass_steps(tx, name, CREATE, [Change(given={})])
                made += 1
    return made


def ensure_one(gate: Gate, object: str) -> int:
    """The id of the one record, made now where it is missing.

    Raises Refusal where its defaults break its own rules.
    """
    with gate.databases.reading() as connection:
        found = one_id(gate, connection, object)
    if found is None:
        gate.write(SYSTEM, make_missing, quiet=True, cause=MAKING)
        with gate.databases.reading() as connection:
            found = one_id(gate, connection, object)
    assert found is not None
    return found
