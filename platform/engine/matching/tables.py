"""Where keys stand, one narrow row per record, rule and key; and where merged records went.

Rows of keys stay while a record lies in the recycle bin; looking up asks for live records anyway.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.expressions.sqltypes import Id, Moment, String

MATCH = "fw_match"
MERGE = "fw_merge"


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the tables to the platform's own."""
    sa.Table(
        MATCH,
        metadata,
        sa.Column("rule", String(), primary_key=True),
        sa.Column("key", String(), primary_key=True),
        sa.Column("record", Id(), primary_key=True, autoincrement=False),
        sa.Index("ix_fw_match_record", "record", "rule"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    sa.Table(
        MERGE,
        metadata,
        sa.Column("object", String(), primary_key=True),
        sa.Column("record", Id(), primary_key=True, autoincrement=False),
        sa.Column("winner", Id(), nullable=False),
        sa.Column("batch", Id(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor", Id()),
        sa.Index("ix_fw_merge_winner", "object", "winner"),
        sqlite_strict=True,
    )
