"""The table of notices: one row for each person that was told something."""

from __future__ import annotations

import sqlalchemy as sa

from engine.expressions.sqltypes import Id, Moment, String

NOTICE_TABLE = "fw_notice"


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the table of notices to the platform's own.

    `person`   who is told, in the words that this person may read
    `object`   the physical key of the record's object, where it is about one (rule 1)
    `of`       what told it ("automation:quote_expires", "approval:12")
    `by`       the person whose doing it is
    `token`    of the effect that it came from; nobody is told the same twice
    """
    table = sa.Table(
        NOTICE_TABLE,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("person", Id(), nullable=False),
        sa.Column("object", String()),
        sa.Column("record", Id()),
        sa.Column("title", String(), nullable=False),
        sa.Column("text", String()),
        sa.Column("of", String()),
        sa.Column("by", Id()),
        sa.Column("token", String(), nullable=False),
        sa.Column("read_on", Moment()),
        sa.Index("ix_fw_notice_person", "person", "id"),
        sa.Index("uq_fw_notice_token", "token", "person", unique=True),
        sa.Index("ix_fw_notice_at", "at"),
        sqlite_strict=True,
    )
    unread = table.c.read_on.is_(None)
    for name, columns in (("ix_fw_notice_unread", ("person",)), ("ix_fw_notice_of", ("of",))):
        sa.Index(
            name, *(table.c[c] for c in columns), sqlite_where=unread, postgresql_where=unread
        )  # fmt: skip
