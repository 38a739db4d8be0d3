"""Which tasks an actor may decide: one predicate for the inbox and for the decision itself.

A task asks a person, whoever has a role, or whoever has a right, and is the actor's to decide
as long as the actor may read the record. Roles and teams are those of the moment. Whoever stands
in for others decides what asks these, too, unless they submitted it themselves.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Object
from engine.expressions.sqltypes import Id
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.permissions.roles import Role
from engine.records.gate import Gate
from engine.schema.tables import DELETED
from workflow.approvals.asking import ADMINISTER
from workflow.approvals.definitions import approvals_of
from workflow.approvals.tables import APPROVAL, PERSON, RIGHT, ROLE, RUNNING, TASK, WAITING


class Candidates:
    """The tasks about one object's records, joined with their approvals and the records.

    `binds` collects the parameters that facts about the actor need.
    """

    def __init__(self, gate: Gate, definition: Object, actor: Actor) -> None:
        self.gate, self.definition, self.actor = gate, definition, actor
        self.binds = Binds()
        self.task = gate.tables.system(TASK)
        self.approval = gate.tables.system(APPROVAL)
        self.record = gate.tables.table(definition.name)
        self.lens = gate.lenses.lens(definition.name, None if actor.is_system else actor.roles)

    def readable(self, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        """Tasks about live records that the actor may read, of approvals that are still defined."""
        keys = [a.stored for a in approvals_of(self.gate.catalog, self.definition.name)]
        statement = (
            sa.select(*columns)
            .select_from(self.task)
            .join(self.approval, self.approval.c.id == self.task.c.approval)
            .join(self.record, self.record.c.id == self.approval.c.record)
            .where(
                self.approval.c.object == self.definition.table,
                self.approval.c.definition.in_(keys),
                self.record.c[DELETED].is_(None),
            )
        )
        seen = self.lens.rows("read", self.record, self.binds)
        return statement if seen is None else statement.where(seen)

    def open(self, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        """The tasks that the actor is asked to decide now."""
        return self.readable(*columns).where(
            self.approval.c.state == RUNNING,
            self.task.c.state == WAITING,
            self.task.c.opened.is_not(None),
            self.asked(),
        )

    def asked(self) -> sa.ColumnElement[bool]:
        """Whether the task asks the actor, or somebody for whom they stand in."""
        if self.actor.person is None or self.actor.is_system:
            return sa.false()
        return sa.or_(self._asks(self.actor, self.binds), *(asks for _, asks in self._for_others()))

    def principal(self) -> sa.ColumnElement[Any]:
        """For whom the actor would decide the task; empty where it asks the actor, too."""
        others = self._for_others()
        nobody = sa.cast(sa.null(), Id())
        if not others:
            return nobody
        return sa.case(
            (self._asks(self.actor, self.binds), nobody), *((asks, id) for id, asks in others)
        )

    def _for_others(self) -> list[tuple[sa.ColumnElement[Any], sa.ColumnElement[bool]]]:
        """The principals, each with whether the task asks them."""
        submitted_by = self.approval.c.submitted_by
        by_others = sa.or_(submitted_by.is_(None), submitted_by != self.actor.person)
        return [
            (
                sa.literal(one.person, Id()),
                sa.and_(by_others, self._asks(one.actor, self.binds.of_principal(n))),
            )
            for n, one in enumerate(self.actor.principals)
            if one.approvals
        ]

    def _asks(self, actor: Actor, binds: Binds) -> sa.ColumnElement[bool]:
        """Whether the task asks this person, of whom facts are bound by `binds`."""
        task, known = self.task.c, self._roles(actor)
        by_others = sa.or_(
            task.own,
            self.approval.c.submitted_by.is_(None),
            self.approval.c.submitted_by != actor.person,
        )
        ways: list[sa.ColumnElement[bool]] = [
            sa.and_(task.kind == PERSON, task.person == actor.person)
        ]
        keys = [role.key or role.name for role in known]
        if keys:
            within = self._within(binds)
            ways.append(sa.and_(task.kind == ROLE, task.name.in_(keys), by_others, within))
        if any(role.administer for role in known):
            ways.append(sa.and_(task.kind == RIGHT, task.name == ADMINISTER, by_others))
        return sa.or_(*ways)

    def _within(self, binds: Binds) -> sa.ColumnElement[bool]:
        """Whether the record is among those that somebody is asked about in a role."""
        within, fields = self.task.c.within, self.definition.fields
        ways: list[sa.ColumnElement[bool]] = [within.is_(None)]
        if "owner" in fields:
            owner = self.record.c[fields["owner"].column]
            among = binds.among(owner, "actor_team", self.gate.dialect)
            ways.append(sa.and_(within == "team", among))
        if "department" in fields and "owner" in fields:
            department = self.record.c[fields["department"].column]
            same = binds.among(department, "actor_memberships", self.gate.dialect)
            among = binds.among(department, "actor_departments", self.gate.dialect)
            ways.append(sa.and_(within == "department", same))
            ways.append(sa.and_(within == "department_and_below", among))
        return sa.or_(*ways)

    def _roles(self, actor: Actor) -> list[Role]:
        known: dict[str, Role] = dict(self.gate.catalog.of("role"))
        return [known[name] for name in sorted(actor.roles) if name in known]
