"""The outbox table: effects that were asked for, with what became of them."""

from __future__ import annotations

import sqlalchemy as sa

from engine.expressions.sqltypes import Id, Moment, String

OUTBOX = "fw_outbox"

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
"""What a row of the outbox can be."""

URGENT, DEFAULT, SLOW = "urgent", "default", "slow"
QUEUES = (URGENT, DEFAULT, SLOW)
"""The queues, the most urgent first: what people wait for, the rest, what takes long."""


def is_(table: sa.Table, status: str) -> sa.ColumnElement[bool]:
    """Rows with this status, named in the statement itself: only then its index is used."""
    return table.c.status == sa.literal_column(f"'{status}'")


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the outbox to the platform's own tables.

    `key`       at most one row with the same key waits, unless it has been begun before
    `token`     identifies the effect to receivers; the same at every attempt
    `trace`     the request or job that asked for it
    `due`       when it may begin, by the application's clock
    `holder`    the process that carries it out, until `lease` (by the real clock)
    `problem`   why the last attempt failed: JSON `{code, en, zh}`
    """
    table = sa.Table(
        OUTBOX,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("kind", String(), nullable=False),
        sa.Column("queue", String(), nullable=False, server_default=DEFAULT),
        sa.Column("object", String()),
        sa.Column("record", Id()),
        sa.Column("payload", String()),
        sa.Column("key", String()),
        sa.Column("token", String()),
        sa.Column("trace", String()),
        sa.Column("status", String(), nullable=False, server_default=WAITING),
        sa.Column("attempts", Id(), nullable=False, server_default="0"),
        sa.Column("due", Moment()),
        sa.Column("holder", String()),
        sa.Column("lease", Moment()),
        sa.Column("finished", Moment()),
        sa.Column("problem", String()),
        sqlite_strict=True,
    )
    waiting, running = table.c.status == WAITING, table.c.status == RUNNING
    keyed = sa.and_(waiting, table.c.key.is_not(None))
    # one that was begun keeps its holder: it may come back while another waits
    untouched = sa.and_(keyed, table.c.holder.is_(None))
    over = table.c.status.in_((DONE, FAILED, CANCELLED))
    for name, columns, unique, where in (
        ("ix_fw_outbox_waiting", ("queue", "due", "id"), False, waiting),
        ("ix_fw_outbox_key", ("key",), False, keyed),
        ("uq_fw_outbox_key", ("key",), True, untouched),
        ("ix_fw_outbox_running", ("lease",), False, running),
        ("ix_fw_outbox_over", ("status", "finished"), False, over),
        ("ix_fw_outbox_record", ("object", "record", "id"), False, table.c.record.is_not(None)),
    ):
        sa.Index(
            name, *(table.c[c] for c in columns), unique=unique,
            sqlite_where=where, postgresql_where=where,
        )  # fmt: skip
