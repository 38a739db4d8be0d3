"""The tables of long work: one row per work, and what it has to say about single rows."""

from __future__ import annotations

import sqlalchemy as sa

from engine.expressions.sqltypes import Flag, Id, Moment, String

WORK = "fw_work"
WORK_ROW = "fw_work_row"

WAITING, RUNNING, PAUSED = "waiting", "running", "paused"
DONE, FAILED, CANCELLED = "done", "failed", "cancelled"
STATUSES = (WAITING, RUNNING, PAUSED, DONE, FAILED, CANCELLED)
"""What long work can be."""
PAUSE, CANCEL = "pause", "cancel"
"""What can be `wanted` of work that runs."""


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the tables of long work to the platform's own.

    `person`, `account`, `system`   who asked; as whom it acts is found out whenever it runs
    `revision`  the one whose names `params` and `object` are
    `cursor`    where to go on: whatever was done before it is committed
    `effect`    the row of the outbox that carries it out, or did so last
    `began`, `begun_at`   when the present run began, and how many rows were done by then
    `tries`     runs that began since it last came further
    `seen`      the number of rows in `fw_work_row`
    `kept`      whether its files are still there
    """
    work = sa.Table(
        WORK,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("kind", String(), nullable=False),
        sa.Column("title", String(), nullable=False),
        sa.Column("object", String()),
        sa.Column("person", Id()),
        sa.Column("account", String()),
        sa.Column("system", Flag(), nullable=False),
        sa.Column("name", String()),
        sa.Column("via", String(), nullable=False),
        sa.Column("params", String(), nullable=False),
        sa.Column("revision", Id()),
        sa.Column("cursor", String()),
        sa.Column("status", String(), nullable=False, server_default=WAITING),
        sa.Column("wanted", String(), nullable=False, server_default=""),
        sa.Column("tries", Id(), nullable=False, server_default="0"),
        sa.Column("done", Id(), nullable=False, server_default="0"),
        sa.Column("total", Id()),
        sa.Column("counts", String(), nullable=False, server_default="{}"),
        sa.Column("seen", Id(), nullable=False, server_default="0"),
        sa.Column("started", Moment()),
        sa.Column("began", Moment()),
        sa.Column("begun_at", Id(), nullable=False, server_default="0"),
        sa.Column("beat", Moment()),
        sa.Column("finished", Moment()),
        sa.Column("files", String(), nullable=False, server_default="[]"),
        sa.Column("kept", Flag(), nullable=False),
        sa.Column("problem", String()),
        sa.Column("trace", String()),
        sa.Column("effect", Id()),
        sa.Column("batch", Id()),
        sa.Column("undo_of", Id()),
        sqlite_strict=True,
    )
    sa.Index("ix_fw_work_person", work.c.person, work.c.id)
    sa.Index("ix_fw_work_status", work.c.status, work.c.id)
    sa.Index("ix_fw_work_batch", work.c.batch)
    sa.Index(
        "ix_fw_work_kept", work.c.finished, sqlite_where=work.c.kept, postgresql_where=work.c.kept
    )
    sa.Table(
        WORK_ROW,
        metadata,
        sa.Column("work", Id(), primary_key=True, autoincrement=False),
        sa.Column("number", Id(), primary_key=True, autoincrement=False),
        sa.Column("sort", String(), nullable=False),
        sa.Column("data", String(), nullable=False),
        sqlite_strict=True,
    )
