"""The tables of what was done and seen, and of the seals over them (rule 11).

`fw_audit` holds changes and events, `fw_access` what was read where an object's policy asks for
it. Both are sealed in batches: a row knows the `seal` that covers it, null until then. `fw_seal`
is a chain for each of the two (`log`): every seal's hash covers the one before it. `fw_cut` says
up to which seal old rows were removed (`engine.records.pruning_audit`), with that seal's hash.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.expressions.sqltypes import Id, Moment, String

AUDIT, ACCESS, SEALS, CUTS = "fw_audit", "fw_access", "fw_seal", "fw_cut"
LOGS = (AUDIT, ACCESS)
"""The tables whose rows are sealed."""
MARKED = "action IN ('export', 'alarm')"
"""The rows of the audit that alarms look for, and that have an index of their own."""


def add_audit_tables(metadata: sa.MetaData) -> None:
    """Adds the audit, the log of access and their seals to `metadata`."""
    _log(
        metadata,
        AUDIT,
        sa.Index("ix_fw_audit_object_record", "object", "record", "id"),
        sa.Index("ix_fw_audit_batch", "batch"),
        sa.Index("ix_fw_audit_seal", "seal", "id"),
        sa.Index("ix_fw_audit_actor", "actor", "id"),
        sa.Index(
            "ix_fw_audit_marked",
            "action",
            "at",
            postgresql_where=sa.text(MARKED),
            sqlite_where=sa.text(MARKED),
        ),
    )
    _log(
        metadata,
        ACCESS,
        sa.Index("ix_fw_access_object_record", "object", "record", "id"),
        sa.Index("ix_fw_access_seal", "seal", "id"),
        sa.Index("ix_fw_access_actor", "actor", "at"),
        sa.Index("ix_fw_access_at", "at"),
    )
    sa.Table(
        SEALS,
        metadata,
        sa.Column("log", String(), primary_key=True),
        sa.Column("number", Id(), primary_key=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("first", Id(), nullable=False),
        sa.Column("last", Id(), nullable=False),
        sa.Column("count", Id(), nullable=False),
        sa.Column("rows", String(), nullable=False),
        sa.Column("previous", String(), nullable=False),
        sa.Column("hash", String(), nullable=False),
        sqlite_strict=True,
    )

    sa.Table(
        CUTS,
        metadata,
        sa.Column("log", String(), primary_key=True),
        sa.Column("number", Id(), nullable=False),
        sa.Column("hash", String(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sqlite_strict=True,
    )


def _log(metadata: sa.MetaData, name: str, *indexes: sa.Index) -> None:
    sa.Table(
        name,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor", Id()),
        sa.Column("via", String(), nullable=False),
        sa.Column("cause", String()),
        sa.Column("batch", Id()),
        sa.Column("object", String(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sa.Column("action", String(), nullable=False),
        sa.Column("version", Id()),
        sa.Column("data", String()),
        sa.Column("digest", String(), nullable=False),
        sa.Column("data_digest", String()),
        sa.Column("seal", Id()),
        *indexes,
        sqlite_strict=True,
    )
