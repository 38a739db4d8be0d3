"""Rows that people see while they stand in for others: the deputies' part of the predicate.

The exact rule: of each person for whom somebody stands in today (the principal) the rows join
*each role of the deputy that grants the action on some rows* which the principal's own roles grant
for the same action

1. by a scope about the person: `own`, `team`, `department`, `department_and_below`, or a condition
   that names `user`; a scope `all` counts as `own`, and other conditions do not count: these are
   rights of the role, not of the person;
2. by a share or as a member of the record, where one of the principal's roles grants the action.

So a deputy widens rows, never columns and never actions. Whom the principal stands in for does
not count. It is the principal's own predicate, with what is bound about them under names of its
own; so the statement depends on the roles of the deputy and of the principals only, and people
who stand in for nobody have statements without any of this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from engine.expressions.nodes import User, walk
from engine.expressions.sqltypes import Day, Id, Moment, String
from engine.permissions.actors import STANDING_IN, principal_roles
from engine.permissions.binds import Binds
from engine.permissions.roles import Scope

if TYPE_CHECKING:
    from engine.permissions.lens import Lens

DEPUTY = "fw_deputy"
ROWS, APPROVALS, BOTH = "rows", "approvals", "both"
"""In what somebody stands in for another."""
WHAT = (BOTH, APPROVALS, ROWS)
PERSONAL = frozenset(("own", "team", "department", "department_and_below", "shared"))
"""The named scopes that are about the person who asks."""


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the table of deputies to the platform's own.

    `person` is away from `from_on` to `until_on`, both included; `deputy` stands in for them.
    Rows are never removed: `revoked` tells when one was taken back.
    """
    table = sa.Table(
        DEPUTY,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("person", Id(), nullable=False),
        sa.Column("deputy", Id(), nullable=False),
        sa.Column("from_on", Day(), nullable=False),
        sa.Column("until_on", Day(), nullable=False),
        sa.Column("what", String(), nullable=False),
        sa.Column("reason", String()),
        sa.Column("by", Id()),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("revoked", Moment()),
        sa.Column("revoked_by", Id()),
        sqlite_strict=True,
    )
    for name in ("person", "deputy"):
        sa.Index(f"ix_fw_deputy_{name}", table.c[name], table.c.until_on)


Widened = Callable[["Lens", str, sa.FromClause, Binds], list[sa.ColumnElement[bool]]]


def stands_in(lens: Lens) -> bool:
    """Whether the lens is that of somebody who stands in for others."""
    return any(role.startswith(STANDING_IN) for role in lens.roles)


def deputised(
    lens: Lens, action: str, source: sa.FromClause, binds: Binds, widened: Widened
) -> sa.ColumnElement[bool]:
    """The condition under which a row is one of a principal's; no row for who stands in for nobody.

    `widened` gives the other ways in which the principals' rows become theirs.
    """
    found: list[sa.ColumnElement[bool]] = []
    for number, roles in principal_roles(lens.roles):
        theirs = _lens_of(lens, roles)
        scopes = {
            scope.name: scope
            for grant in theirs.grants
            if not (scope := grant.scope(action)).nothing
        }
        if not scopes:
            continue
        bound = binds.of_principal(number)
        if scopes.pop("all", None) is not None and _is_owned(lens):
            scopes.setdefault("own", Scope("own"))
        personal = [scope for scope in scopes.values() if is_personal(scope)]
        found += [theirs.condition(scope, source, bound) for scope in personal]
        found += widened(theirs, action, source, bound)
    return sa.or_(*found) if found else sa.false()


def is_personal(scope: Scope) -> bool:
    """Whether it is about the person who asks, and not the same for all bearers of the role."""
    if scope.condition is None:
        return scope.name in PERSONAL
    return any(isinstance(node, User) for node in walk(scope.condition.tree))


def _lens_of(lens: Lens, roles: frozenset[str]) -> Lens:
    """The object as these roles see it."""
    known = lens.catalog.of("role")
    granting = [known[name] for name in sorted(roles) if name in known]
    name = lens.definition.name
    grants = tuple(role.grants[name] for role in granting if name in role.grants)
    return replace(lens, grants=grants, roles=roles)


def _is_owned(lens: Lens) -> bool:
    """Whether the object's records belong to people."""
    return "owner" in lens.definition.fields or lens.definition.name == lens.catalog.site.person
