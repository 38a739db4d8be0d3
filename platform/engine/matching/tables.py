"""Where keys stand, one narrow row per record, rule and key; where merged records went; which
records are known to be different; and what scans found.

Rows of keys stay while a record lies in the recycle bin; looking up asks for live records anyway.
Objects are named by their physical key, which survives renaming.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.expressions.sqltypes import Id, Moment, String

MATCH = "fw_match"
MERGE = "fw_merge"
APART = "fw_not_duplicate"
PAIR = "fw_scan_pair"
GROUP = "fw_scan_group"
MEMBER = "fw_scan_member"


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the tables to the platform's own.

    `fw_not_duplicate` holds each pair once, the lower of its two (object, record) first. The
    tables of scans name the long work (`work`) that the scan is; pairs are gone when it ends.
    """
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
    sa.Table(
        APART,
        metadata,
        sa.Column("object", String(), primary_key=True),
        sa.Column("record", Id(), primary_key=True, autoincrement=False),
        sa.Column("other_object", String(), primary_key=True),
        sa.Column("other", Id(), primary_key=True, autoincrement=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor", Id()),
        sa.Index("ix_fw_not_duplicate_other", "other_object", "other"),
        sqlite_strict=True,
    )
    _add_scans(metadata)


def _add_scans(metadata: sa.MetaData) -> None:
    sa.Table(
        PAIR,
        metadata,
        sa.Column("work", Id(), primary_key=True, autoincrement=False),
        sa.Column("rule", String(), primary_key=True),
        sa.Column("record", Id(), primary_key=True, autoincrement=False),
        sa.Column("other", Id(), primary_key=True, autoincrement=False),
        sa.Column("similarity", Id(), nullable=False),
        sqlite_strict=True,
    )
    sa.Table(
        GROUP,
        metadata,
        sa.Column("work", Id(), primary_key=True, autoincrement=False),
        sa.Column("number", Id(), primary_key=True, autoincrement=False),
        sa.Column("rules", String(), nullable=False),
        sa.Column("similarity", Id(), nullable=False),
        sa.Column("state", String(), nullable=False),
        sa.Column("at", Moment()),
        sa.Column("actor", Id()),
        sqlite_strict=True,
    )
    sa.Table(
        MEMBER,
        metadata,
        sa.Column("work", Id(), primary_key=True, autoincrement=False),
        sa.Column("number", Id(), primary_key=True, autoincrement=False),
        sa.Column("object", String(), primary_key=True),
        sa.Column("record", Id(), primary_key=True, autoincrement=False),
        sqlite_strict=True,
    )
