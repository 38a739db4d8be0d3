"""The tables of what is computed for existing records before a revision is published.

`fw_backfill` is the journal of the one backfill that may be under way: which plan it is for
(`target`), which columns it has added that no revision knows yet (`fresh`), and how far it is.
`fw_touched` is written by triggers (`touching`): which records others have written meanwhile.
`fw_backfill_told` is what the audit will say of converted values once they are published.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.expressions.sqltypes import Id, Moment, String

BACKFILL, TOUCHED, TOLD = "fw_backfill", "fw_touched", "fw_backfill_told"


def add_backfill_tables(metadata: sa.MetaData) -> None:
    """Adds the journal, the records touched meanwhile, and what is to be told."""
    sa.Table(
        BACKFILL,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("target", String(), nullable=False),
        sa.Column("status", String(), nullable=False),
        sa.Column("fresh", String(), nullable=False),
        sa.Column("passes", String(), nullable=False),
        sa.Column("step", Id(), nullable=False),
        sa.Column("last", Id(), nullable=False),
        sa.Column("count", Id(), nullable=False),
        sa.Column("batch", Id()),
        sa.Column("at", Moment(), nullable=False),
        sqlite_strict=True,
    )
    sa.Table(
        TOUCHED,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("object", String(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sqlite_strict=True,
    )
    sa.Table(
        TOLD,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("object", String(), nullable=False),
        sa.Column("field", String(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sa.Column("version", Id()),
        sa.Column("data", String(), nullable=False),
        sa.Index("ix_fw_backfill_told", "object", "field", "record"),
        sqlite_strict=True,
    )
