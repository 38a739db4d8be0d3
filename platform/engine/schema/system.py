"""The platform's own tables in every database; their names start with `fw_`.

Rooms above add theirs by the same convention and hand them to `build_tables`.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.expressions.sqltypes import Id, Moment, String
from engine.schema.audit_tables import add_audit_tables
from engine.schema.backfill_tables import add_backfill_tables
from engine.schema.files import add_file_table

RESERVED_PREFIXES = ("fw_", "ab_", "sqlite_", "pg_")
"""Prefixes that no object's table may have."""


def add_system_tables(metadata: sa.MetaData) -> None:
    """Adds the tables of state, of the browser layer, numbering and audit to `metadata`."""
    _table(
        metadata, "fw_state",
        sa.Column("name", String(), primary_key=True),
        sa.Column("value", String(), nullable=False),
    )  # fmt: skip
    _table(
        metadata, "fw_revision",
        _id(),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("by", String()),
        sa.Column("digest", String(), nullable=False),
        sa.Column("definitions", String(), nullable=False),
        sa.Column("message", String()),
        sa.Column("state", String()),
        sa.Column("inverse", String()),
        sa.Column("layers", String()),
        sa.Column("scenarios", String()),
    )  # fmt: skip
    _table(
        metadata, "fw_key",
        sa.Column("kind", String(), primary_key=True),
        sa.Column("owner", String(), primary_key=True),
        sa.Column("name", String(), primary_key=True),
        sa.Column("key", String(), nullable=False),
        sa.Column("type", String()),
    )  # fmt: skip
    _table(
        metadata, "fw_counter",
        sa.Column("object", String(), primary_key=True),
        sa.Column("period", String(), primary_key=True),
        sa.Column("value", Id(), nullable=False),
    )  # fmt: skip
    _table(
        metadata, "fw_batch",
        _id(),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor", Id()),
        sa.Column("via", String(), nullable=False),
        sa.Column("cause", String()),
        sa.Column("data", String()),
    )  # fmt: skip
    _table(
        metadata, "fw_layer_file",
        sa.Column("path", String(), primary_key=True),
        sa.Column("text", String(), nullable=False),
        sa.Column("version", Id(), nullable=False),
        sa.Column("changed_on", Moment(), nullable=False),
        sa.Column("changed_by", String()),
        sa.Column("begun", Id()),
        sa.Column("pulled", Id()),
        sa.Column("base", String()),
    )  # fmt: skip
    add_audit_tables(metadata)
    add_backfill_tables(metadata)
    add_file_table(metadata)


def _table(metadata: sa.MetaData, name: str, *items: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, metadata, *items, sqlite_strict=True)


def _id() -> sa.Column[int]:
    return sa.Column("id", Id(), sa.Identity(), primary_key=True)
