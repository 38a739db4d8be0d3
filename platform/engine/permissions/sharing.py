"""Rows beside those of the roles' scopes: records shared with somebody, and members of records.

The exact rule: a share, or a place among a record's members, adds that record to the rows of
*each role of that person that grants the action on some rows*. So it widens rows, never columns
and never actions: a person sees of a shared record the fields that the own roles show, and
changes those that they let change. It counts for reading and, where it gives the level `write`,
for changing; never for deleting, restoring or exporting. A share with a department reaches the
people of the departments below it, too.

Both are sets of ids that depend on the actor only, not on the row: the database finds them once
for each statement by an index and looks each row up in them (asked row by row, a list of 60,000
records took a hundred times as long).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.definition.objects import Object
from engine.definition.sharing import READ, WRITE
from engine.expressions.sqltypes import Day, Id, Moment, String
from engine.fieldtypes.choice import Choice
from engine.fieldtypes.link import Lines
from engine.permissions.binds import Binds

if TYPE_CHECKING:
    from engine.permissions.lens import Lens

SHARE = "fw_share"
NEEDED = {"read": READ, "update": WRITE}
"""The level that an action needs; actions that are not here are never shared."""
KINDS = ("person", "team", "department", "role")
"""Whom a record can be shared with."""


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the table of shares to the platform's own.

    `object`   the physical key of the record's object (rule 1)
    `holder`   with whom: `person:7`, `team:2`, `department:3`, `role:<physical key>`
    `ended`    when it was taken back; shares are never removed
    """
    table = sa.Table(
        SHARE,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("object", String(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sa.Column("holder", String(), nullable=False),
        sa.Column("level", String(), nullable=False),
        sa.Column("from_on", Day()),
        sa.Column("until_on", Day()),
        sa.Column("reason", String()),
        sa.Column("by", Id()),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("ended", Moment()),
        sqlite_strict=True,
    )
    going = table.c.ended.is_(None)
    for name, columns, unique in (
        ("uq_fw_share_record", ("object", "record", "holder"), True),
        ("ix_fw_share_holder", ("object", "holder", "record"), False),
    ):
        sa.Index(
            name,
            *(table.c[c] for c in columns),
            unique=unique,
            sqlite_where=going,
            postgresql_where=going,
        )


def is_widened(definition: Object) -> bool:
    """Whether the object's records can have more readers than the scopes of roles say."""
    return definition.sharing is not None or definition.members is not None


def shared_rows(
    lens: Lens, action: str, source: sa.FromClause, binds: Binds
) -> sa.ColumnElement[bool]:
    """The rows that are shared with the actor for an action of `NEEDED`."""
    names = ("object", "record", "holder", "level", "from_on", "until_on", "ended")
    share = sa.table(SHARE, *(sa.column(name) for name in names)).alias()
    conditions = [
        share.c.object == lens.definition.table,
        share.c.ended.is_(None),
        binds.holding(share.c.holder, _role_holders(lens), lens.dialect),
        *_today(share.c.from_on, share.c.until_on, binds),
    ]
    if NEEDED[action] == WRITE:
        conditions.append(share.c.level == WRITE)
    return source.c.id.in_(sa.select(share.c.record).where(*conditions))


def _role_holders(lens: Lens) -> Iterable[str]:
    known = lens.catalog.of("role")
    return (f"role:{known[name].key or name}" for name in sorted(lens.roles) if name in known)


def member_rows(
    lens: Lens, action: str, source: sa.FromClause, binds: Binds
) -> sa.ColumnElement[bool]:
    """The rows among whose members the actor is, with rights for an action of `NEEDED`."""
    members, level = lens.definition.members, NEEDED[action]
    assert members is not None
    lines_type = lens.definition.fields[members.lines].type
    assert isinstance(lines_type, Lines)
    child = lens.catalog.objects[lines_type.of]
    line = lens.view.source(child.name)

    def column(name: str) -> sa.ColumnElement[Any]:
        return line.c[child.fields[name].column]

    conditions: list[sa.ColumnElement[bool]] = [
        column(members.person) == binds.actor("actor_person"),
    ]
    live = lens.view.visible(child.name, line)
    if live is not None:
        conditions.append(live)
    if not members.all_reach(level):
        roles = members.roles_reaching(level) if members.role else ()
        conditions.append(_in_role(child, members.role, roles, line) if roles else sa.false())
    from_on, until_on = (
        column(name) if name else None for name in (members.from_on, members.until_on)
    )
    conditions += _today(from_on, until_on, binds)
    return source.c.id.in_(sa.select(column(lines_type.by)).where(*conditions))


def _in_role(
    child: Object, name: str, roles: Iterable[str], line: sa.FromClause
) -> sa.ColumnElement[bool]:
    field = child.fields[name]
    stored = field.type.keys if isinstance(field.type, Choice) else {}
    column = line.c[field.column]
    return sa.or_(*(column == stored.get(role, role) for role in roles))


def _today(
    from_on: sa.ColumnElement[Any] | None, until_on: sa.ColumnElement[Any] | None, binds: Binds
) -> list[sa.ColumnElement[bool]]:
    """Whether today lies in a range of days, both ends included; an empty end is open."""
    found: list[sa.ColumnElement[bool]] = []
    if from_on is not None:
        found.append(sa.or_(from_on.is_(None), from_on <= binds.today()))
    if until_on is not None:
        found.append(sa.or_(until_on.is_(None), until_on >= binds.today()))
    return found
