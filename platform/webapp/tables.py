"""The tables of accounts: Flask-AppBuilder's, and what it lacks.

`fw_account`      what an account prefers; `mail`: notices by mail, too (empty: yes)
`fw_sign_in`      failed sign-ins by account and by address, for the lock-out
`fw_api_key`      API keys, as keyed digests
`fw_role`         which of Flask-AppBuilder's roles stands for a role of the definitions
`fw_idempotency`  answers that are given again for the same `Idempotency-Key`
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from flask_appbuilder.security.sqla import models as fab
from sqlalchemy.dialects import postgresql, sqlite

from engine.expressions.sqltypes import Flag, Id, Moment, String

USER: sa.Table = fab.User.__table__
ROLE: sa.Table = fab.Role.__table__
GROUP_ROLE: sa.Table = fab.assoc_group_role
USER_GROUP: sa.Table = fab.assoc_user_group
USER_ROLE: sa.Table = fab.assoc_user_role
PERMISSION: sa.Table = fab.Permission.__table__
VIEW: sa.Table = fab.ViewMenu.__table__
PERMISSION_VIEW: sa.Table = fab.PermissionView.__table__
PERMISSION_VIEW_ROLE: sa.Table = fab.assoc_permissionview_role


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the platform's own tables of accounts to `metadata`."""
    sa.Table(
        "fw_account", metadata,
        sa.Column("user_id", Id(), primary_key=True, autoincrement=False),
        sa.Column("locale", String()),
        sa.Column("mail", Flag()),
        sqlite_strict=True,
    )  # fmt: skip
    sa.Table(
        "fw_sign_in", metadata,
        sa.Column("key", String(), primary_key=True),
        sa.Column("failures", Id(), nullable=False),
        sa.Column("last", Moment(), nullable=False),
        sa.Column("locked_until", Moment()),
        sqlite_strict=True,
    )  # fmt: skip
    sa.Table(
        "fw_api_key", metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("label", String(), nullable=False),
        sa.Column("digest", String(), nullable=False),
        sa.Column("stamp", String(), nullable=False),
        sa.Column("read_only", Id(), nullable=False),
        sa.Column("created_on", Moment(), nullable=False),
        sa.Column("expires_on", Moment()),
        sa.Column("revoked_on", Moment()),
        sa.Index("uq_fw_api_key_digest", "digest", unique=True),
        sqlite_strict=True,
    )  # fmt: skip
    sa.Table(
        "fw_role", metadata,
        sa.Column("key", String(), primary_key=True),
        sa.Column("role_id", Id(), nullable=False),
        sqlite_strict=True,
    )  # fmt: skip
    sa.Table(
        "fw_idempotency", metadata,
        sa.Column("account", Id(), primary_key=True, autoincrement=False),
        sa.Column("key", String(), primary_key=True),
        sa.Column("digest", String(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("records", String()),
        sa.Column("answer", String()),
        sa.Index("ix_fw_idempotency_at", "at"),
        sqlite_strict=True,
    )  # fmt: skip


_OWN = sa.MetaData()
add_tables(_OWN)
ACCOUNT, SIGN_IN, API_KEY, ROLE_KEY, IDEMPOTENCY = (
    _OWN.tables[name]
    for name in ("fw_account", "fw_sign_in", "fw_api_key", "fw_role", "fw_idempotency")
)


def account_tables() -> tuple[sa.MetaData, ...]:
    """All tables of accounts, for whoever creates the missing ones."""
    return (Model.metadata, _OWN)


def insert_of(dialect: str) -> Callable[[sa.Table], Any]:
    """The database's own INSERT, which knows ON CONFLICT."""
    return {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect]
