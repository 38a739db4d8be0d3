"""Documents that were made in the background: who may fetch them, and for how long.

A document is kept for the person who asked for it. It shows what that person could read then, so
it is handed out only while they may still read the record and print the document.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.expressions.sqltypes import Id, Moment, String
from engine.fieldtypes.link import LARGEST_ID
from engine.files import Files, Stored
from engine.permissions.actors import SYSTEM
from engine.records.gate import Gate
from engine.records.transaction import Transaction

MADE = "fw_made_document"
AREA = "documents"
"""The area of the store for files."""
KEPT = dt.timedelta(days=30)
GRACE = dt.timedelta(days=1)
"""A file that no row names is left alone for so long: its row may not be written yet."""
PRUNED_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeDocument:
    """One document that was made. `name` is that of its layout, `file_name` of the PDF."""

    id: int
    digest: str
    name: str
    file_name: str
    person: int
    object: str
    record: int


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the table of made documents to the platform's own.

    `object` is the physical key of the record's object (rule 1), `digest` names the file; it is
    empty where the row stays only for the sake of its id.
    """
    sa.Table(
        MADE,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("digest", String(), nullable=False),
        sa.Column("name", String(), nullable=False),
        sa.Column("file_name", String(), nullable=False),
        sa.Column("person", Id(), nullable=False),
        sa.Column("object", String(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sa.Index("ix_fw_made_document_at", "at"),
        sqlite_strict=True,
    )


def keep(tx: Transaction, stored: Stored, about: Mapping[str, Any], file_name: str) -> MadeDocument:
    """Writes down a document whose file is stored; `about` are name, person, object, record."""
    table = tx.tables.system(MADE)
    (id,) = tx.take_ids(table, 1)
    made = MadeDocument(id=id, digest=stored.digest, file_name=file_name, **about)
    tx.insert(
        table,
        [
            {
                "id": id,
                "at": tx.now,
                "digest": made.digest,
                "name": made.name,
                "file_name": made.file_name,
                "person": made.person,
                "object": tx.catalog.objects[made.object].table,
                "record": made.record,
            }
        ],
    )
    return made


def find(gate: Gate, id: int, person: int) -> MadeDocument | None:
    """The document that was made for the person, if it is still kept."""
    if not 0 < id <= LARGEST_ID:
        return None
    t = gate.tables.system(MADE)
    with gate.databases.reading() as connection:
        row = connection.execute(sa.select(t).where(t.c.id == id, t.c.person == person)).first()
    names = {definition.table: name for name, definition in gate.catalog.objects.items()}
    if row is None or not row.digest or row.object not in names:
        return None
    return MadeDocument(
        id=row.id,
        digest=row.digest,
        name=row.name,
        file_name=row.file_name,
        person=row.person,
        object=names[row.object],
        record=row.record,
    )


def any_old(gate: Gate) -> bool:
    """Whether there is a document that is older than `KEPT`."""
    t = gate.tables.system(MADE)
    old = sa.select(t.c.id).where(*_old(t, gate.clock())).limit(1)
    with gate.databases.reading() as connection:
        return connection.execute(old).first() is not None


def forget(gate: Gate, files: Files, real_now: dt.datetime) -> int:
    """Removes documents that are older than `KEPT`, and files that no row names any more.

    The row with the highest id stays, without its file: on SQLite the next id is counted from it.
    `files` is the documents' own area, `real_now` the time that stores go by.
    """
    t = gate.tables.system(MADE)
    gone = 0
    while True:
        with gate.transaction(SYSTEM) as tx:
            old = sa.select(t.c.id).where(*_old(t, tx.now)).limit(PRUNED_AT_ONCE)
            ids = list(tx.connection.scalars(old))
            these = t.c.id.in_(ids)
            tx.connection.execute(sa.update(t).where(these).values(digest=""))
            tx.connection.execute(sa.delete(t).where(these, t.c.id < _highest(t)))
        gone += len(ids)
        if len(ids) < PRUNED_AT_ONCE:
            break
    with gate.databases.reading() as connection:
        known = set(connection.scalars(sa.select(t.c.digest)))
    for digest, written in files.everything():
        if digest not in known and (written is None or written < real_now - GRACE):
            files.delete(digest)
    files.drop_drafts(real_now - GRACE)
    return gone


def _old(table: sa.Table, now: dt.datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Rows that are to go, and the last one as long as it names a file."""
    named = sa.or_(table.c.digest != "", table.c.id < _highest(table))
    return table.c.at < now - KEPT, named


def _highest(table: sa.Table) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.max(table.alias().c.id)).scalar_subquery()
