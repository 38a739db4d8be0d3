"""Open approvals go from one person to another: what asks them by name asks the other then."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from engine.records.auditing import digests
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from workflow.approvals.definitions import by_key
from workflow.approvals.starting import announce
from workflow.approvals.tables import APPROVAL, PERSON, RUNNING, TASK, WAITING

HANDED_OVER = "hand-over"
"""What the audit of the record calls it."""


def count_tasks(gate: Gate, person: int) -> int:
    """How many votes running approvals still ask of the person by name."""
    statement = _asking(gate.tables.system(TASK), gate.tables.system(APPROVAL), person)
    with gate.databases.reading() as connection:
        found = connection.scalar(sa.select(sa.func.count()).select_from(statement.subquery()))
    return found or 0


def move_tasks(tx: Transaction, person: int, to: int) -> tuple[int, int]:
    """Asks `to` what `person` is asked by name; returns how many votes moved, and how many stay.

    Votes on what `to` submitted stay: nobody decides that of their own. Whoever is asked now is
    told so.
    """
    task, approvals = tx.tables.system(TASK), tx.tables.system(APPROVAL)
    statement = _asking(task, approvals, person)
    ids = sa.select(statement.subquery().c.approval)
    locked = sa.select(approvals.c.id).where(approvals.c.id.in_(ids)).order_by(approvals.c.id)
    tx.connection.execute(locked.with_for_update())
    rows = tx.connection.execute(statement.order_by(task.c.id)).all()
    moving = [row for row in rows if row.own or row.submitted_by != to]
    if moving:
        these = sa.update(task).where(task.c.id.in_([row.id for row in moving]))
        tx.connection.execute(these.values(person=to))
    known = by_key(tx.catalog)
    for row in moving:
        approval = known.get(row.definition)
        if approval is None:
            continue
        _note(tx, approval.object, row, {"approval": row.approval, "people": [person, to]})
        if row.opened is not None:
            about = {"approval": row.approval, "step": row.step, "tasks": [row.id]}
            people = {"people": [to], "roles": []}
            announce(tx, approval, "approval.requested", row.record, about | people)
    return len(moving), len(rows) - len(moving)


def _asking(task: sa.Table, approvals: sa.Table, person: int) -> sa.Select[Any]:
    return (
        sa.select(
            task.c.id, task.c.approval, task.c.step, task.c.own, task.c.opened,
            approvals.c.record, approvals.c.definition, approvals.c.submitted_by,
        )
        .join_from(task, approvals, approvals.c.id == task.c.approval)
        .where(
            task.c.state == WAITING,
            task.c.kind == PERSON,
            task.c.person == person,
            approvals.c.state == RUNNING,
        )
    )  # fmt: skip


def _note(tx: Transaction, object: str, row: Any, data: dict[str, Any]) -> None:
    audit = {
        "at": tx.now, "actor": tx.actor.person, "via": tx.actor.via, "cause": tx.cause or None,
        "batch": None, "object": object, "record": row.record, "action": HANDED_OVER,
        "version": None, "data": json.dumps(data, separators=(",", ":")),
    }  # fmt: skip
    tx.insert(tx.tables.system("fw_audit"), [audit | digests(audit)])
