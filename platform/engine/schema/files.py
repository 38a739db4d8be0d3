"""The table of uploaded files: what is known of each, and which record it belongs to."""

from __future__ import annotations

import sqlalchemy as sa

from engine.expressions.sqltypes import Id, Moment, String

FILES = "fw_file"
WAITING, ATTACHED = "waiting", "attached"
"""A file waits until a record is saved that names it; then it belongs to that record."""


def add_file_table(metadata: sa.MetaData) -> None:
    """Adds the table of files.

    `digest` names the content in the store, `thumb` that of a small picture of it. `person` or
    `account` has uploaded it. An attached file has one owner: `object` and `field` are permanent
    keys (rule 1), `record` the id; where the same content is used twice there are two rows.
    """
    sa.Table(
        FILES,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("digest", String(), nullable=False),
        sa.Column("name", String(), nullable=False),
        sa.Column("media", String(), nullable=False),
        sa.Column("size", Id(), nullable=False),
        sa.Column("width", Id()),
        sa.Column("height", Id()),
        sa.Column("thumb", String()),
        sa.Column("thumb_size", Id()),
        sa.Column("person", Id()),
        sa.Column("account", String()),
        sa.Column("state", String(), nullable=False),
        sa.Column("object", String()),
        sa.Column("field", String()),
        sa.Column("record", Id()),
        sa.Index("ix_fw_file_owner", "object", "record"),
        sa.Index("ix_fw_file_state", "state", "at"),
        sa.Index("ix_fw_file_digest", "digest"),
        sqlite_strict=True,
    )
