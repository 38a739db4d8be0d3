"""What is stored of approvals: one row per approval, one per vote that it asks for.

docs/decisions/0007-approvals-are-rows-of-votes.md says what each column is for, and how quorum,
branches, signing in turn, delegation, hand-over and deadlines fit into them. Names of objects,
definitions, steps and roles are stored as their permanent keys (rule 1).
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.expressions.sqltypes import Flag, Id, Moment, String

APPROVAL = "fw_approval"
TASK = "fw_approval_task"

RUNNING, GRANTED, REJECTED, WITHDRAWN = "running", "granted", "rejected", "withdrawn"
"""States of an approval."""
WAITING, APPROVED, SKIPPED, CANCELLED = "waiting", "approved", "skipped", "cancelled"
"""States of a task, besides `REJECTED`."""

PERSON, ROLE, RIGHT, NOBODY = "person", "role", "right", "nobody"
"""Who a task asks: a person, whoever has a role, whoever has a right; or nobody (skipped)."""


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the two tables to the platform's own."""
    sa.Table(
        APPROVAL,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("object", String(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sa.Column("definition", String(), nullable=False),
        sa.Column("revision", Id(), nullable=False),
        sa.Column("state", String(), nullable=False),
        sa.Column("submitted_by", Id()),
        sa.Column("submitted_on", Moment(), nullable=False),
        sa.Column("snapshot", String(), nullable=False),
        sa.Column("ended_by", Id()),
        sa.Column("ended_on", Moment()),
        sa.Column("comment", String()),
        sa.Index("ix_fw_approval_record", "object", "record", "state"),
        sa.Index("ix_fw_approval_submitted", "submitted_by", "state", "id"),
        sqlite_strict=True,
    )
    sa.Table(
        TASK,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("approval", Id(), nullable=False),
        sa.Column("step", String(), nullable=False),
        sa.Column("position", Id(), nullable=False),
        sa.Column("round", Id(), nullable=False),
        sa.Column("branch", Id(), nullable=False),
        sa.Column("turn", Id(), nullable=False),
        sa.Column("weight", Id(), nullable=False),
        sa.Column("rule", String(), nullable=False),
        sa.Column("kind", String(), nullable=False),
        sa.Column("person", Id()),
        sa.Column("name", String()),
        sa.Column("within", String()),
        sa.Column("own", Flag(), nullable=False),
        sa.Column("origin", Id()),
        sa.Column("state", String(), nullable=False),
        sa.Column("opened", Moment()),
        sa.Column("due", Moment()),
        sa.Column("decided_by", Id()),
        sa.Column("decided_on", Moment()),
        sa.Column("on_behalf_of", Id()),
        sa.Column("comment", String()),
        sa.Index("ix_fw_approval_task_approval", "approval", "position"),
        sa.Index("ix_fw_approval_task_waiting", "state", "kind", "person", "name"),
        sqlite_strict=True,
    )
