"""The join tables of many links as rows of records are read: what names what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.expressions.among import among_ids
from engine.expressions.joined_sql import FROM, TO
from engine.fieldtypes.links import Links
from engine.schema.joins import POSITION
from engine.schema.tables import Tables

if TYPE_CHECKING:
    from engine.records.changes import Batch
    from engine.records.transaction import Transaction


def joined_ids(tx: Transaction, field: Field, ids: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """What these records name in the field, in their order, those in the recycle bin included."""
    join = tx.tables.join(field)

    def build() -> Any:
        return tx.gate.statements.prepared(
            sa.select(join.c[FROM], join.c[TO])
            .where(among_ids(join.c[FROM], "ids", tx.dialect))
            .order_by(join.c[FROM], join.c[POSITION], join.c[TO])
        )

    wanted = sorted(set(ids))
    if not wanted:
        return {}
    statement = tx.gate.statements.once(("joined", join.name), build)
    found: dict[int, list[int]] = defaultdict(list)
    for owner, target in statement.rows(tx.connection, {"ids": wanted}):
        found[owner].append(target)
    return {owner: tuple(targets) for owner, targets in found.items()}


def load_lists(batch: Batch) -> None:
    """Gives the changes of a batch the lists that their records have."""
    for field in batch.definition.many if batch.changes else ():
        old = [change for change in batch.changes if change.before is not None]
        found = joined_ids(batch.tx, field, [change.id for change in old if change.id is not None])
        for change in batch.changes:
            held = found.get(change.id or 0)
            change.row[field.name] = held
            if change.before is not None:
                change.before = change.before | {field.name: held}


def named_ids(tx: Transaction, field: Field, id: int) -> tuple[int, ...] | None:
    """What one record names in the field."""
    return joined_ids(tx, field, [id]).get(id)


def leading_to(
    tables: Tables, field: Field, source: sa.FromClause, id: int
) -> sa.ColumnElement[bool]:
    """Whether a row of `source` leads to the record `id` by the link, or list of links, `field`."""
    if isinstance(field.type, Links):
        join = tables.join(field)
        return source.c.id.in_(sa.select(join.c[FROM]).where(join.c[TO] == id))
    found: sa.ColumnElement[bool] = source.c[field.column] == id
    return found
