"""Where records come from: one row per record and line that a conversion made or linked to.

Conversions are stored by name, objects by their permanent keys (rule 1). The rows of one run
share its number. `quantity` says how much of the source's line a target's line takes, so that
what is still open can be computed from these rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Object
from engine.expressions.sqltypes import Flag, Id, Moment, Number, String
from engine.matching.merged import with_merged
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from engine.schema.tables import DELETED

TABLE = "fw_conversion"
QUANTITY_SCALE = 6
"""Decimals of a quantity: more than any quantity field needs."""


@dataclass(frozen=True, kw_only=True)
class LineOrigin:
    """One line and the line it came from."""

    source_object: str
    source: int
    target_object: str
    target: int
    quantity: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Origin:
    """One record that a conversion made (`made`) or linked to, and what it came from."""

    part: str
    source_object: str
    source: int
    target_object: str
    target: int
    made: bool
    lines: Sequence[LineOrigin] = ()
    conversion: str = ""
    run: int = 0
    at: dt.datetime | None = None
    actor: int | None = None


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the table to the platform's own."""
    sa.Table(
        TABLE,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("run", Id(), nullable=False),
        sa.Column("conversion", String(), nullable=False),
        sa.Column("part", String(), nullable=False),
        sa.Column("source_object", String(), nullable=False),
        sa.Column("source", Id(), nullable=False),
        sa.Column("target_object", String(), nullable=False),
        sa.Column("target", Id(), nullable=False),
        sa.Column("line", Flag(), nullable=False),
        sa.Column("made", Flag(), nullable=False),
        sa.Column("quantity", Number(QUANTITY_SCALE)),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor", Id()),
        sa.Index("ix_fw_conversion_source", "source_object", "source", "id"),
        sa.Index("ix_fw_conversion_target", "target_object", "target", "id"),
        sqlite_strict=True,
    )


def note(tx: Transaction, conversion: str, origins: Sequence[Origin]) -> int:
    """Writes what a run has made, with its lines; returns the number of the run."""
    keys = {name: o.table for name, o in tx.catalog.objects.items()}
    table = tx.tables.system(TABLE)
    shared = {"conversion": conversion, "at": tx.now, "actor": tx.actor.person}
    rows: list[dict[str, Any]] = []
    for origin in origins:
        common = shared | {"part": origin.part, "made": origin.made}
        ends: list[Origin | LineOrigin] = [origin, *origin.lines]
        for one in ends:
            rows.append(
                common
                | {
                    "source_object": keys[one.source_object],
                    "source": one.source,
                    "target_object": keys[one.target_object],
                    "target": one.target,
                    "line": isinstance(one, LineOrigin),
                    "quantity": one.quantity if isinstance(one, LineOrigin) else None,
                }
            )
    ids = tx.take_ids(table, len(rows))
    run = ids[0] if ids else 0
    tx.insert(table, [{"id": id, "run": run} | row for id, row in zip(ids, rows, strict=True)])
    return run


def came_from(gate: Gate, connection: sa.Connection, object: str, id: int) -> list[Origin]:
    """What a record was made from, the latest first."""
    return _origins(gate, connection, "target", object, id)


def became(gate: Gate, connection: sa.Connection, object: str, id: int) -> list[Origin]:
    """What was made from a record, the latest first."""
    return _origins(gate, connection, "source", object, id)


def of_run(gate: Gate, connection: sa.Connection, run: int) -> list[Origin]:
    """What a run has made, in its order."""
    table = gate.tables.system(TABLE)
    return _read(gate, connection, sa.and_(table.c.run == run, sa.not_(table.c.line)))[::-1]


def _origins(
    gate: Gate, connection: sa.Connection, side: str, object: str, id: int
) -> list[Origin]:
    table = gate.tables.system(TABLE)
    key = gate.catalog.objects[object].table
    ids = with_merged(gate, connection, object, id)
    about = sa.and_(table.c[f"{side}_object"] == key, table.c[side].in_(ids))
    return _read(gate, connection, sa.and_(about, sa.not_(table.c.line)))


def _read(gate: Gate, connection: sa.Connection, about: sa.ColumnElement[bool]) -> list[Origin]:
    """The rows of records, the latest first; those of objects that are gone are left out."""
    names = {o.table: name for name, o in gate.catalog.objects.items()}
    table = gate.tables.system(TABLE)
    rows = connection.execute(sa.select(table).where(about).order_by(table.c.id.desc()))
    return [
        Origin(
            part=row.part,
            source_object=names[row.source_object],
            source=row.source,
            target_object=names[row.target_object],
            target=row.target,
            made=row.made,
            conversion=row.conversion,
            run=row.run,
            at=row.at,
            actor=row.actor,
        )
        for row in rows
        if row.source_object in names and row.target_object in names
    ]


def living(tx: Transaction, conversion: str, source: Object, id: int) -> bool:
    """Whether something that the conversion made from the record has not been deleted."""
    wanted: dict[str, set[int]] = {}
    for origin in became(tx.gate, tx.connection, source.name, id):
        if origin.conversion == conversion and origin.made:
            wanted.setdefault(origin.target_object, set()).add(origin.target)
    for object, ids in wanted.items():
        table = tx.tables.table(object)
        alive = sa.select(table.c.id).where(table.c.id.in_(ids), table.c[DELETED].is_(None))
        if tx.connection.execute(alive.limit(1)).first() is not None:
            return True
    return False
