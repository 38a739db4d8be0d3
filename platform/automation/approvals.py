"""What people are told about approvals: that they are asked, and what became of it.

Whoever may decide an open step is told so, unless it is their own submission; the submitter is
told the end. A request that nobody need look at any more, since it was decided or withdrawn, is
marked as read for everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from automation.approval_texts import asking, ending, source_of
from engine.permissions.actors import SYSTEM, Actor
from engine.permissions.roles import Role
from engine.records.deputies import standing_today
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from jobs.handlers import Handler, Running
from notices.bell import settle
from notices.seeing import bound
from notices.sights import Sights
from notices.tellers import Teller, write
from workflow.approvals.candidates import Candidates
from workflow.approvals.definitions import Approval, by_key
from workflow.approvals.tables import (
    APPROVAL,
    PERSON,
    RIGHT,
    ROLE,
    RUNNING,
    TASK,
    WAITING,
)

REQUESTED, DECIDED, WITHDRAWN = "approval.requested", "approval.decided", "approval.withdrawn"
AT_ONCE = 100
"""People about whom one statement asks."""


@dataclass(frozen=True)
class ApprovalNews:
    """Tells people about approvals."""

    teller: Teller

    def handlers(self) -> Iterator[Handler]:
        """What carries out the effects that approvals ask for."""
        yield Handler(kind=REQUESTED, run=self.requested)
        yield Handler(kind=DECIDED, run=self.decided)
        yield Handler(kind=WITHDRAWN, run=self.withdrawn)

    def requested(self, running: Running) -> None:
        """Tells those who may decide a step that was opened."""
        gate, effect = running.gate, running.effect
        ids: Sequence[int] = effect.payload["tasks"]
        row, approval = _approval(gate, effect.payload["approval"])
        people = self._asked(gate, effect.object, ids) if approval is not None else []
        notice = None
        if approval is not None and people:
            notice = asking(
                gate.catalog.objects[effect.object], approval, row, people, effect.payload
            )
        told = self.teller.prepare(gate, notice, effect.object, effect.record) if notice else ()
        with gate.transaction(SYSTEM) as tx:
            running.finish(tx)
            if notice is not None and _waits(tx, effect.payload["approval"], ids):
                write(tx, notice, effect, told)

    def decided(self, running: Running) -> None:
        """Tells the submitter the end, and settles what the step asked of others."""
        gate, effect = running.gate, running.effect
        payload = effect.payload
        row, approval = _approval(gate, payload["approval"])
        notice = None
        if approval is not None and payload["state"] != RUNNING and row.submitted_by is not None:
            notice = ending(gate.catalog.objects[effect.object], approval, row, payload)
        told = self.teller.prepare(gate, notice, effect.object, effect.record) if notice else ()
        with gate.transaction(SYSTEM) as tx:
            running.finish(tx)
            over = payload["state"] != RUNNING or not _open(
                tx, payload["approval"], payload["step"]
            )
            settle(tx, [source_of(payload)], None if over else payload["actor"])
            if notice is not None:
                write(tx, notice, effect, told)

    def withdrawn(self, running: Running) -> None:
        """Settles all that was asked."""
        task = running.gate.tables.system(TASK)
        id = running.effect.payload["approval"]
        with running.gate.transaction(SYSTEM) as tx:
            running.finish(tx)
            steps = sa.select(task.c.step).where(task.c.approval == id).distinct()
            found = tx.connection.scalars(steps)
            settle(tx, [source_of({"approval": id, "step": step}) for step in found])

    def _asked(self, gate: Gate, object: str, ids: Sequence[int]) -> list[int]:
        """The people who may decide one of the tasks now."""
        task = gate.tables.system(TASK)
        with gate.databases.reading() as connection:
            tasks = connection.execute(sa.select(task).where(task.c.id.in_(ids))).all()
        people = {found.person for found in tasks if found.kind == PERSON}
        for role in _roles(gate, tasks):
            people.update(self.teller.directory.people_of(gate, role))
        with gate.databases.reading() as connection:
            deputies = standing_today(gate, connection, people=sorted(people))
        people.update(row.deputy for row in deputies)
        actors = self.teller.directory.actors_of(gate, sorted(people))
        return _deciders(gate, object, list(actors.values()), ids)


def _deciders(gate: Gate, object: str, actors: Sequence[Actor], ids: Sequence[int]) -> list[int]:
    """Those of the actors who may decide one of the tasks, by the inbox's own predicate."""
    sights = Sights(gate, actors)
    found: list[int] = []
    for start in range(0, len(actors), AT_ONCE):
        questions = []
        for actor in actors[start : start + AT_ONCE]:
            candidates = Candidates(gate, gate.catalog.objects[object], actor)
            mine = candidates.open(sa.literal(actor.person).label("person"))
            mine = mine.where(candidates.task.c.id.in_(ids))
            values = candidates.binds.values(actor, sights.context_of(actor))
            questions.append(bound(mine, values))
        with gate.databases.reading() as connection:
            found += connection.scalars(sa.union(*questions))
    return sorted(found)


def _roles(gate: Gate, tasks: Sequence[Any]) -> list[str]:
    """The roles whose members the tasks ask."""
    known: Mapping[str, Role] = gate.catalog.of("role")
    keys = {task.name for task in tasks if task.kind == ROLE}
    rights = {task.name for task in tasks if task.kind == RIGHT}
    return [
        name
        for name, role in known.items()
        if (role.key or name) in keys or any(getattr(role, right, False) for right in rights)
    ]


def _approval(gate: Gate, id: int) -> tuple[Any, Approval | None]:
    """The approval's row and its definition, None where either is gone."""
    table = gate.tables.system(APPROVAL)
    with gate.databases.reading() as connection:
        row = connection.execute(sa.select(table).where(table.c.id == id)).first()
    return row, by_key(gate.catalog).get(row.definition) if row is not None else None


def _waits(tx: Transaction, approval: int, ids: Sequence[int]) -> bool:
    """Whether one of the tasks still waits; who decides or withdraws it now comes after us."""
    approvals, task = tx.tables.system(APPROVAL), tx.tables.system(TASK)
    locked = sa.select(approvals.c.state).where(approvals.c.id == approval).with_for_update()
    tx.connection.execute(locked)
    waiting = sa.select(task.c.id).where(task.c.id.in_(ids), task.c.state == WAITING).limit(1)
    return tx.connection.execute(waiting).first() is not None


def _open(tx: Transaction, approval: int, step: str) -> bool:
    """Whether a vote of the step is still asked for."""
    task = tx.tables.system(TASK)
    waiting = sa.select(task.c.id).where(
        task.c.approval == approval, task.c.step == step, task.c.state == WAITING
    )
    return tx.connection.execute(waiting.limit(1)).first() is not None
