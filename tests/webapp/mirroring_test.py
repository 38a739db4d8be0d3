"""Roles of the definitions in Flask-AppBuilder's tables."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from engine.permissions.roles import Role
from support.world import World
from webapp.accounts import find_account, roles_of
from webapp.mirroring import sync_roles
from webapp.tables import PERMISSION, PERMISSION_VIEW, PERMISSION_VIEW_ROLE, ROLE, VIEW


def mirrored(connection: sa.Connection, role: str) -> set[tuple[str, str]]:
    """What the role grants according to the mirror."""
    statement = (
        sa.select(PERMISSION.c.name, VIEW.c.name)
        .select_from(PERMISSION_VIEW_ROLE)
        .join(ROLE, ROLE.c.id == PERMISSION_VIEW_ROLE.c.role_id)
        .join(PERMISSION_VIEW, PERMISSION_VIEW.c.id == PERMISSION_VIEW_ROLE.c.permission_view_id)
        .join(PERMISSION, PERMISSION.c.id == PERMISSION_VIEW.c.permission_id)
        .join(VIEW, VIEW.c.id == PERMISSION_VIEW.c.view_menu_id)
        .where(ROLE.c.name == role)
    )
    return {(permission, view) for permission, view in connection.execute(statement)}


def test_grants(world: World) -> None:
    """What is granted is there, and nothing else; doing it again changes nothing."""
    catalog = world.site.current.catalog
    with world.site.databases.writes.connect() as connection, connection.begin() as transaction:
        before = mirrored(connection, "sales_representative")
        assert ("can_read", "obj:customer") in before
        assert ("can_delete", "obj:customer") not in before
        sync_roles(connection, catalog)
        assert mirrored(connection, "sales_representative") == before
        role: Role = catalog.of("role")["sales_representative"]
        grants = {name: grant for name, grant in role.grants.items() if name != "customer"}
        fewer = catalog.with_others(
            "role", {**catalog.of("role"), role.name: replace(role, grants=grants)}
        )
        sync_roles(connection, fewer)
        after = mirrored(connection, "sales_representative")
        assert before - after == {pair for pair in before if pair[1] == "obj:customer"}
        transaction.rollback()


def test_a_renamed_role_keeps_its_members(world: World) -> None:
    """The key stays, so the row stays: whoever had the role has it under its new name."""
    catalog = world.site.current.catalog
    roles = dict(catalog.of("role"))
    role: Role = roles.pop("finance")
    roles["accounting"] = replace(role, name="accounting", key=role.key or "finance")
    with world.site.databases.writes.connect() as connection, connection.begin() as transaction:
        clerk = find_account(connection, "clerk").id
        sync_roles(connection, catalog.with_others("role", roles))
        assert roles_of(connection, clerk) == ["accounting"]
        assert ("can_read", "obj:customer") in mirrored(connection, "accounting")
        transaction.rollback()


def test_rights_by_the_library(world: World) -> None:
    """Its security manager gives the catalog's answers, and its clean-up removes nothing."""
    with world.app.test_request_context("/"):
        manager = world.app.extensions["appbuilder"].sm
        user = manager.find_user(username="rep")
        assert manager._has_view_access(user, "can_read", "obj:customer")
        assert not manager._has_view_access(user, "can_delete", "obj:customer")
        assert not manager._has_view_access(user, "can_read", "obj:customer_secret")
        assert not manager._has_view_access(user, "can_list", "UserDBModelView")
        manager.security_cleanup([], None)
        manager.session.rollback()
    with world.site.databases.reading() as connection:
        assert ("can_read", "obj:customer") in mirrored(connection, "sales_representative")
