"""The history of stages: who moved a record where, and how long it had stayed."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from engine.expressions.among import among_ids
from engine.expressions.sqltypes import Id, Moment, String
from engine.fieldtypes.choice import Stage
from engine.records.changes import Batch
from engine.records.prepared import Prepared

TABLE = "fw_stage_history"


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the history's table to the platform's own."""
    sa.Table(
        TABLE,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("object", String(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sa.Column("field", String(), nullable=False),
        sa.Column("source", String()),
        sa.Column("target", String()),
        sa.Column("transition", String()),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor", Id()),
        sa.Column("seconds", Id()),
        sa.Index("ix_fw_stage_history_record", "object", "record", "field", "at"),
        sa.Index("ix_fw_stage_history_at", "object", "field", "target", "at"),
        sqlite_strict=True,
    )


def write_history(batch: Batch) -> None:
    """Writes a row for each stage that changed, with the seconds spent in the stage before."""
    tx = batch.tx
    rows = []
    for field in batch.definition.fields.values():
        if not isinstance(field.type, Stage):
            continue
        moved = [
            change
            for change in batch.changes
            if (change.before or {}).get(field.name) != change.row.get(field.name)
        ]
        since = _since(batch, field.name, [c.id for c in moved if c.before is not None and c.id])
        for change in moved:
            before = (change.before or {}).get(field.name)
            # a historical record entered its stage when it was created, not when it was imported
            at = change.row["created_on"] if tx.historical and change.before is None else tx.now
            way = change.notes.get("ways", {}).get(field.name)
            started = since.get(change.id or 0) or (change.before or {}).get("created_on")
            rows.append(
                {
                    "object": batch.name,
                    "record": change.id,
                    "field": field.name,
                    "source": before,
                    "target": change.row.get(field.name),
                    "transition": way.name if way else None,
                    "at": at,
                    "actor": tx.actor.person,
                    "seconds": int((at - started).total_seconds()) if started else None,
                }
            )
    tx.insert(tx.tables.system(TABLE), rows)


def _since(batch: Batch, field: str, ids: list[int]) -> dict[int, dt.datetime]:
    """When each record entered the stage that it leaves now."""
    if not ids:
        return {}
    tx, statements = batch.tx, batch.tx.gate.statements
    table = tx.tables.system(TABLE)

    def build() -> Prepared:
        return statements.prepared(
            sa.select(table.c.record, sa.func.max(table.c.at))
            .where(
                table.c.object == sa.bindparam("object_", type_=String()),
                table.c.field == sa.bindparam("field_", type_=String()),
                among_ids(table.c.record, "ids", tx.dialect),
            )
            .group_by(table.c.record)
        )

    statement: Prepared = statements.once(("stage history", "since"), build)
    values = {"object_": batch.name, "field_": field, "ids": ids}
    return {record: at for record, at in statement.rows(tx.connection, values)}
