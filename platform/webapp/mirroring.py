"""Roles of the definitions in Flask-AppBuilder's tables (rule 30).

A role of the definitions has a role of the same name there, which people are given. What it
grants is mirrored as permissions (`can_read` on `obj:invoice`), for Flask-AppBuilder's own pages
and for who asks its security manager; the platform itself never reads them.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.definition.catalog import Catalog
from engine.permissions.roles import ACTIONS, Grant, Role
from engine.schema.planning import Plan
from webapp.tables import (
    PERMISSION,
    PERMISSION_VIEW,
    PERMISSION_VIEW_ROLE,
    ROLE,
    ROLE_KEY,
    VIEW,
)

PREFIX = "obj:"
"""What the name of an object's permissions begins with."""


def sync_roles(connection: sa.Connection | Session, catalog: Catalog) -> None:
    """Makes roles and their mirrored grants those of the catalog; must run in a transaction.

    Whoever publishes a revision calls it, one process at a time. Roles that are no longer
    defined keep their members and grant nothing.
    """
    if isinstance(connection, Session):
        connection = connection.connection()
    roles = _roles(connection, catalog)
    wanted = {
        (roles[name], f"can_{action}", PREFIX + object)
        for name, role in catalog.of("role").items()
        for object, grant in role.grants.items()
        for action in ACTIONS
        if _grants(grant, action)
    }
    permissions = _ids(connection, PERMISSION, {permission for _, permission, _ in wanted})
    views = _ids(connection, VIEW, {view for _, _, view in wanted})
    pairs = _pairs(connection, {(permissions[p], views[v]) for _, p, v in wanted})
    _give(connection, {(pairs[permissions[p], views[v]], role) for role, p, v in wanted})


def mirror_roles(connection: sa.Connection, made: Plan) -> None:
    """A hook of publishing: the roles of what is published are mirrored with it."""
    sync_roles(connection, made.target.tables.catalog)


def _grants(grant: Grant, action: str) -> bool:
    return action in grant.allowed or not grant.scope(action).nothing


def _roles(connection: sa.Connection, catalog: Catalog) -> dict[str, int]:
    """Ids of all roles by name; a role that was renamed keeps its id, and so its members."""
    names = {n: id for n, id in connection.execute(sa.select(ROLE.c.name, ROLE.c.id))}
    keys = {k: id for k, id in connection.execute(sa.select(ROLE_KEY.c.key, ROLE_KEY.c.role_id))}
    by_id = {id: name for name, id in names.items()}
    result = {}
    defined: dict[str, Role] = dict(catalog.of("role"))
    for name, role in defined.items():
        key = role.key or name
        id = keys.get(key)
        if id is None or id not in by_id:
            id = names.get(name) or _inserted(connection, ROLE, name=name)
            connection.execute(sa.delete(ROLE_KEY).where(ROLE_KEY.c.key == key))
            connection.execute(sa.insert(ROLE_KEY).values(key=key, role_id=id))
        elif by_id[id] != name:
            connection.execute(sa.update(ROLE).where(ROLE.c.id == id).values(name=name))
        result[name] = id
    return result


def _ids(connection: sa.Connection, table: sa.Table, names: set[str]) -> dict[str, int]:
    """Ids by name, with rows for those that are missing."""
    found = {n: id for n, id in connection.execute(sa.select(table.c.name, table.c.id))}
    return found | {
        name: _inserted(connection, table, name=name) for name in sorted(names - found.keys())
    }


def _pairs(connection: sa.Connection, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], int]:
    table = PERMISSION_VIEW
    rows = connection.execute(sa.select(table.c.permission_id, table.c.view_menu_id, table.c.id))
    found = {(row.permission_id, row.view_menu_id): row.id for row in rows}
    return found | {
        pair: _inserted(connection, table, permission_id=pair[0], view_menu_id=pair[1])
        for pair in sorted(wanted - found.keys())
    }


def _give(connection: sa.Connection, wanted: set[tuple[int, int]]) -> None:
    """Makes the roles' permissions on objects exactly `wanted`; others are left alone."""
    table = PERMISSION_VIEW_ROLE
    ours = (
        sa.select(PERMISSION_VIEW.c.id)
        .join(VIEW, VIEW.c.id == PERMISSION_VIEW.c.view_menu_id)
        .where(VIEW.c.name.startswith(PREFIX, autoescape=True))
    )
    rows = connection.execute(
        sa.select(table.c.id, table.c.permission_view_id, table.c.role_id).where(
            table.c.permission_view_id.in_(ours)
        )
    )
    found = {(row.permission_view_id, row.role_id): row.id for row in rows}
    gone = [id for pair, id in found.items() if pair not in wanted]
    if gone:
        connection.execute(sa.delete(table).where(table.c.id.in_(gone)))
    missing = [
        {"permission_view_id": pair, "role_id": role}
        for pair, role in sorted(wanted - found.keys())
    ]
    if missing:
        connection.execute(sa.insert(table), missing)


def _inserted(connection: sa.Connection, table: sa.Table, **values: Any) -> int:
    id: int = connection.execute(
        sa.insert(table).values(**values).returning(table.c.id)
    ).scalar_one()
    return id
