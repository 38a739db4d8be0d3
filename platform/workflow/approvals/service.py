"""Approvals for screens and programs: the inbox, a record's approvals, decisions, withdrawal.

Everything is as an actor: what cannot be read is answered as if it did not exist.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from engine.expressions import Context
from engine.expressions.sqltypes import Id
from engine.permissions.actors import Actor
from engine.problems import Refusal, Text
from engine.records import messages as records
from engine.records.gate import Gate
from engine.records.query import MOST, Query
from engine.records.reading import Linked, Reader
from engine.records.rights import not_found
from workflow.approvals.candidates import Candidates
from workflow.approvals.deciding import Deciding, may_withdraw, no_approval
from workflow.approvals.definitions import approvals_of, by_key
from workflow.approvals.states import ApprovalState, Inbox, InboxItem, InboxQuery, TaskState
from workflow.approvals.tables import APPROVAL, RUNNING, TASK, WAITING
from workflow.approvals.texts import asked, names_of


class Approvals:
    """The approvals of one revision."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.reader = Reader(gate)
        self.task = gate.tables.system(TASK)
        self.approval = gate.tables.system(APPROVAL)

    def inbox(self, actor: Actor, query: InboxQuery | None = None) -> Inbox:
        """What waits for the actor. Raises Refusal for an unusable query."""
        wanted = query or InboxQuery()
        if not 1 <= wanted.limit <= MOST:
            expected = Text.of(f"1…{MOST}")
            raise Refusal(records.BAD_QUERY(key="limit", found=wanted.limit, expected=expected))
        self.gate.before_transaction()
        found: list[tuple[str, Any]] = []
        with self.gate.databases.reading() as connection:
            context = self.reader.context(connection, actor)
            for object in self._objects(wanted.object):
                rows = self._waiting(connection, actor, context, object, wanted)
                found += [(object, row) for row in rows]
            found.sort(key=lambda pair: pair[1].id)
            shown = found[: wanted.limit]
            people = {
                id for _, row in shown for id in (row.submitted_by, row.person, row.principal)
            }
            names = names_of(self.gate, connection, actor, context, people)
        titles = self._titles(actor, shown)
        definitions = by_key(self.gate.catalog)
        items = tuple(
            InboxItem(
                task=row.id,
                approval=row.approval,
                name=definitions[row.definition].name,
                label=definitions[row.definition].label,
                step=definitions[row.definition].step_label(row.step),
                asked=asked(self.gate, [row], names),
                object=object,
                record=row.record,
                title=titles.get((object, row.record), f"#{row.record}"),
                submitted_by=_linked(row.submitted_by, names),
                submitted_on=row.submitted_on,
                on_behalf_of=_linked(row.principal, names),
                opened=row.opened,
                due=row.due,
            )
            for object, row in shown
        )
        return Inbox(items=items, next=items[-1].task if len(found) > len(shown) else None)

    def of(self, actor: Actor, object: str, id: int) -> tuple[ApprovalState, ...]:
        """The approvals of a record, the newest first.

        Raises Refusal (not-found) where the actor may not see the record.
        """
        definition = self.reader.object(object)
        lens = self.gate.lenses.lens(object, None if actor.is_system else actor.roles)
        seen = Query(filters={"id": id}, fields=("id",), limit=1)
        if not lens.may("read") or not self.reader.page(actor, object, seen).items:
            raise Refusal(not_found(lens, id))
        if not approvals_of(self.gate.catalog, object):
            return ()
        with self.gate.databases.reading() as connection:
            context = self.reader.context(connection, actor)
            approvals = connection.execute(
                sa.select(self.approval)
                .where(self.approval.c.object == definition.table, self.approval.c.record == id)
                .order_by(self.approval.c.id.desc())
            ).all()
            tasks = self._tasks(connection, [row.id for row in approvals])
            candidates = Candidates(self.gate, definition, actor)
            statement = candidates.open(candidates.task.c.id).where(
                candidates.approval.c.record == id
            )
            mine = set(
                connection.execute(statement, candidates.binds.values(actor, context)).scalars()
            )
            names = names_of(self.gate, connection, actor, context, _people(approvals, tasks))
        return tuple(
            self._state(actor, object, row, tasks.get(row.id, ()), mine, names) for row in approvals
        )

    def one(self, actor: Actor, id: int) -> ApprovalState:
        """One approval. Raises Refusal (not-found) where the actor may not see its record."""
        statement = sa.select(self.approval.c.definition, self.approval.c.record)
        with self.gate.databases.reading() as connection:
            row = connection.execute(statement.where(self.approval.c.id == id)).first()
        definition = by_key(self.gate.catalog).get(row.definition) if row is not None else None
        if row is None or definition is None:
            raise Refusal(no_approval(id))
        try:
            found = self.of(actor, definition.object, row.record)
        except Refusal:
            raise Refusal(no_approval(id)) from None
        return next(state for state in found if state.id == id)

    def approval_of(self, actor: Actor, task_id: int) -> ApprovalState:
        """The approval that a task is part of. Raises Refusal (not-found) as `one`."""
        statement = sa.select(self.task.c.approval).where(self.task.c.id == task_id)
        with self.gate.databases.reading() as connection:
            id = connection.execute(statement).scalar()
        try:
            return self.one(actor, int(id or 0))
        except Refusal:
            raise Refusal(no_approval(task_id)) from None

    def decide(self, actor: Actor, task_id: int, decision: str, comment: str | None = None) -> int:
        """Approves or rejects a task ("approve", "reject"); returns the approval's id.

        Raises Refusal where the task is decided already, not the actor's to decide, or where
        the record may not enter its new stage.
        """
        return int(
            self.gate.write(actor, lambda tx: Deciding(tx).decide(task_id, decision, comment))
        )

    def withdraw(self, actor: Actor, approval_id: int, comment: str | None = None) -> None:
        """Takes a record back from its approval, for whoever submitted it, or an administrator.

        Raises Refusal for anybody else, and when the approval has ended.
        """
        self.gate.write(actor, lambda tx: Deciding(tx).withdraw(approval_id, comment))

    def _objects(self, only: str) -> list[str]:
        """The objects that have approvals."""
        names = {approval.object for approval in self.gate.catalog.of("approval").values()}
        if only:
            self.reader.object(only)
        return sorted(names & {only}) if only else sorted(names)

    def _waiting(
        self,
        connection: sa.Connection,
        actor: Actor,
        context: Context,
        object: str,
        query: InboxQuery,
    ) -> Sequence[Any]:
        """Open tasks about one object's records, one more than the page has."""
        candidates = Candidates(self.gate, self.gate.catalog.objects[object], actor)
        task, approval = candidates.task, candidates.approval
        columns = (
            *task.c,
            approval.c.record,
            approval.c.definition,
            approval.c.submitted_by,
            approval.c.submitted_on,
        )
        if query.submitted:
            nobody = sa.cast(sa.null(), Id()).label("principal")
            statement = candidates.readable(*columns, nobody).where(
                approval.c.state == RUNNING,
                task.c.state == WAITING,
                task.c.opened.is_not(None),
                approval.c.submitted_by == actor.person,
            )
        else:
            statement = candidates.open(*columns, candidates.principal().label("principal"))
        statement = statement.where(task.c.id > query.after).order_by(task.c.id)
        parameters = candidates.binds.values(actor, context)
        return connection.execute(statement.limit(query.limit + 1), parameters).all()

    def _tasks(self, connection: sa.Connection, ids: list[int]) -> Mapping[int, list[Any]]:
        """Tasks by approval, in the order in which they are asked."""
        found: dict[int, list[Any]] = defaultdict(list)
        order = (self.task.c.position, self.task.c.round, self.task.c.branch, self.task.c.id)
        statement = sa.select(self.task).where(self.task.c.approval.in_(ids)).order_by(*order)
        for task in connection.execute(statement):
            found[task.approval].append(task)
        return found

    def _titles(self, actor: Actor, shown: Iterable[tuple[str, Any]]) -> dict[tuple[str, int], str]:
        """The records' titles, where the actor may read them."""
        ids: dict[str, set[int]] = defaultdict(set)
        for object, row in shown:
            ids[object].add(row.record)
        titles: dict[tuple[str, int], str] = {}
        for object, wanted in ids.items():
            title = self.gate.catalog.objects[object].title
            lens = self.gate.lenses.lens(object, None if actor.is_system else actor.roles)
            if not lens.may_read(title):
                continue
            query = Query(filters={"id": sorted(wanted)}, fields=(title,), limit=len(wanted))
            for record in self.reader.page(actor, object, query).items:
                value = record.values.get(title)
                text = value.title if isinstance(value, Linked) else value
                if text is not None:
                    titles[object, record.id] = str(text)
        return titles

    def _state(
        self,
        actor: Actor,
        object: str,
        row: Any,
        tasks: Iterable[Any],
        mine: set[int],
        names: Mapping[int, str],
    ) -> ApprovalState:
        definition = by_key(self.gate.catalog).get(row.definition)
        running = row.state == RUNNING and definition is not None
        return ApprovalState(
            id=row.id,
            object=object,
            record=row.record,
            name=definition.name if definition else row.definition,
            label=definition.label if definition else Text.of(row.definition),
            state=row.state,
            submitted_by=_linked(row.submitted_by, names),
            submitted_on=row.submitted_on,
            ended_by=_linked(row.ended_by, names),
            ended_on=row.ended_on,
            comment=row.comment,
            tasks=tuple(
                TaskState(
                    id=task.id,
                    step=definition.step_label(task.step) if definition else Text.of(task.step),
                    state=task.state,
                    asked=asked(self.gate, [task], dict(names)),
                    opened=task.opened,
                    due=task.due,
                    decided_by=_linked(task.decided_by, names),
                    decided_on=task.decided_on,
                    on_behalf_of=_linked(task.on_behalf_of, names),
                    comment=task.comment,
                    mine=task.id in mine,
                )
                for task in tasks
            ),
            may_withdraw=running
            and may_withdraw(self.gate.catalog.of("role"), actor, row.submitted_by),
        )


def _people(approvals: Iterable[Any], tasks: Mapping[int, list[Any]]) -> set[int | None]:
    found = {id for row in approvals for id in (row.submitted_by, row.ended_by)}
    for task in (task for several in tasks.values() for task in several):
        found |= {task.person, task.decided_by, task.on_behalf_of}
    return found


def _linked(id: int | None, names: Mapping[int, str]) -> Linked | None:
    """A person; who may not be seen stays hidden (rule 31)."""
    if id is None:
        return None
    return Linked(id, names[id]) if id in names else Linked(None, None, True)
