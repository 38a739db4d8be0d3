"""Sealing all secrets anew with the first key, as long work: in batches, resumable, harmless twice.

It changes no value, so it raises no version and is no change of the audit. A value that cannot be
opened (its key is gone, or it was altered) stays as it is and is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa

from engine.definition.objects import Field, Object
from engine.permissions.actors import Actor
from engine.problems import Refusal
from engine.records.gate import Gate
from engine.records.sealing import bound, secret_fields
from engine.records.transaction import Transaction
from engine.vault import NO_KEYS, Hidden
from jobs.work import ADMINISTER, Work
from jobs.work_ongoing import Ongoing
from jobs.work_running import WorkKind

ROTATE = "rotate"
AT_ONCE = 500
TITLE = {"en": "Seal secrets with the new key", "zh": "用新密钥重新加密机密内容"}


def rotate_work(gate: Gate, actor: Actor) -> Work:
    """The long work that seals all secrets anew. Raises Refusal without key or right."""
    gate.require_right(actor, ADMINISTER)
    if not gate.databases.vault.keys:
        raise Refusal(NO_KEYS())
    return Work(kind=ROTATE, title=TITLE)


def _run(ongoing: Ongoing) -> None:
    gate = ongoing.gate
    if not gate.databases.vault.keys:
        raise Refusal(NO_KEYS())
    columns = list(_columns(gate))
    counts = Counter(ongoing.counts)
    start = ongoing.cursor.get("column", 0)
    for number in range(start, len(columns)):
        after = ongoing.cursor.get("after", 0) if number == start else 0
        while True:
            with ongoing.chunk() as tx:
                last, found = _seal_some(tx, *columns[number], after)
                counts += found
                ongoing.save(
                    tx,
                    cursor={"column": number, "after": last},
                    counts=counts,
                    done=ongoing.done + found.total(),
                )
            if last == after:
                break
            after = last


def _columns(gate: Gate) -> Iterator[tuple[Object, Field]]:
    """All columns with secrets, in an order that renaming does not change."""
    for definition in sorted(gate.catalog.objects.values(), key=lambda o: o.table):
        for field in sorted(secret_fields(definition), key=lambda f: f.column):
            yield definition, field


def _seal_some(
    tx: Transaction, definition: Object, field: Field, after: int
) -> tuple[int, Counter[str]]:
    """Seals the next values, in the recycle bin too; the last id that was looked at."""
    vault, table = tx.gate.databases.vault, tx.tables.table(definition.name)
    column, counts = table.c[field.column], Counter[str]()
    statement = (
        sa.select(table.c.id, column)
        .where(table.c.id > after, column.is_not(None))
        .order_by(table.c.id)
        .limit(AT_ONCE)
        .with_for_update()
    )
    last = after
    for id, token in tx.connection.execute(statement).all():
        last = id
        if vault.is_current(token):
            counts["unchanged"] += 1
            continue
        place = bound(definition, field, id)
        try:
            text = Hidden.kept(token, vault, place).text()
        except Refusal:
            counts["rejected"] += 1
            continue
        digest = vault.digests(text, definition.table, field.column)[0]
        values = {field.column: vault.seal(text, place), field.folded: digest}
        tx.connection.execute(sa.update(table).where(table.c.id == id).values(values))
        counts["updated"] += 1
    return last, counts


ROTATE_KIND = WorkKind(ROTATE, _run)
