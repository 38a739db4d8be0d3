"""Writing an approval when it begins, and opening its steps one after the other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from engine.records.auditing import plain
from engine.records.changes import DELETE, Batch, Change
from engine.records.lines import lines_by_parent
from engine.records.transaction import Transaction
from jobs.outbox import Effect, put
from jobs.tables import URGENT
from workflow.approvals.asking import Planned
from workflow.approvals.definitions import Approval
from workflow.approvals.tables import (
    APPROVAL,
    CANCELLED,
    GRANTED,
    PERSON,
    ROLE,
    RUNNING,
    TASK,
    WAITING,
)

RULE = "any"
"""How the votes of a step count: the first that approves passes it, all must reject it."""


def begin(batch: Batch, change: Change, approval: Approval, steps: Sequence[Planned]) -> int:
    """Writes the approval with all its votes; returns its id.

    It has been granted already where every step is passed over.
    """
    tx = batch.tx
    waits = any(planned.waits for planned in steps)
    table = tx.tables.system(APPROVAL)
    (id,) = tx.take_ids(table, 1)
    tx.insert(
        table,
        [
            {
                "id": id,
                "object": batch.definition.table,
                "record": change.id,
                "definition": approval.stored,
                "revision": tx.gate.revision,
                "state": RUNNING if waits else GRANTED,
                "submitted_by": tx.actor.person,
                "submitted_on": tx.now,
                "snapshot": json.dumps(_snapshot(batch, change), ensure_ascii=False),
                "ended_on": None if waits else tx.now,
            }
        ],
    )
    rows = [
        row
        for position, planned in enumerate(steps, 1)
        for row in _votes(approval, planned, position)
    ]
    tasks = tx.tables.system(TASK)
    ids = tx.take_ids(tasks, len(rows))
    tx.insert(tasks, [{"id": n, "approval": id, **row} for n, row in zip(ids, rows, strict=True)])
    return id


def _votes(approval: Approval, planned: Planned, position: int) -> Iterable[dict[str, Any]]:
    for vote in planned.votes:
        # one vote that is skipped passes its step, so the others are not asked
        state = vote.state if planned.waits or vote.state != WAITING else CANCELLED
        yield {
            "step": approval.step_key(planned.step.name),
            "position": position,
            "round": 1,
            "branch": vote.branch,
            "turn": 1,
            "weight": 1,
            "rule": RULE,
            "kind": vote.kind,
            "person": vote.person,
            "name": vote.name,
            "within": vote.within,
            "own": vote.own,
            "state": state,
        }


def _snapshot(batch: Batch, change: Change) -> dict[str, Any]:
    """The record and its lines as they are submitted."""
    lines = {}
    for field in batch.definition.lines:
        found = change.lines.get(field.name)
        if found is not None:
            rows = [line.row for line in found if line.action != DELETE]
        else:
            rows = lines_by_parent(batch, field, [change.id or 0]).get(change.id or 0, [])
        lines[field.name] = [_plain_row(row) for row in rows]
    return {"fields": _plain_row(change.row), "lines": lines}


def _plain_row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in row.items() if value is not None}


def open_position(tx: Transaction, approval: Approval, id: int, record: int, position: int) -> None:
    """Opens the votes of one step, and announces who is asked."""
    table = tx.tables.system(TASK)
    these = sa.and_(table.c.approval == id, table.c.position == position, table.c.state == WAITING)
    tx.connection.execute(sa.update(table).where(these).values(opened=tx.now))
    tasks = tx.connection.execute(sa.select(table).where(these).order_by(table.c.id)).all()
    announce(
        tx,
        approval,
        "approval.requested",
        record,
        {
            "approval": id,
            "step": tasks[0].step,
            "tasks": [task.id for task in tasks],
            "people": [task.person for task in tasks if task.kind == PERSON],
            "roles": [task.name for task in tasks if task.kind == ROLE],
        },
    )


def announce(
    tx: Transaction, approval: Approval, kind: str, record: int, payload: dict[str, Any]
) -> None:
    """Asks for what follows from it after the commit: whoever is concerned is told."""
    about = {"definition": approval.name, "actor": tx.actor.person, "cause": tx.cause or None}
    effect = Effect(
        kind=kind, object=approval.object, record=record, payload=about | payload, queue=URGENT
    )
    put(tx, [effect])
