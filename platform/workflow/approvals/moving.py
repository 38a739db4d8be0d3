"""Moving what waits for approval to another step, and on a way back to where it was.

1. Only votes that wait, of approvals that run, are moved; decided ones keep their step.
2. The audit of each record tells which votes went from where to where, in the batch of publishing.
3. On the way back the batches since are read from the last to the first. A vote that still waits
   where the last of them put it goes back, step by step; any other one stays.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.expressions.among import among_ids
from engine.records.auditing import digests
from engine.records.transaction import Transaction
from engine.schema.audit_tables import AUDIT
from engine.schema.targets import Fix
from workflow.approvals.tables import APPROVAL, APPROVED, REJECTED, RUNNING, TASK, WAITING

STEPS, STEPS_BACK = "steps", "steps-back"
"""The kinds of fixes that move what waits for approval; `field` is the approval's key."""
MOVED = "move-step"
"""What the audit of the record calls it."""
CHUNK = 1_000
"""Votes that are looked at in one statement."""


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote of an approval that runs: it is at step `now`, and goes to `then`.

    When it does not `wait`, it has been decided.
    """

    id: int
    approval: int
    record: int
    now: str
    then: str
    waits: bool = True


def votes_moving(tx: Transaction, fix: Fix) -> list[Vote]:
    """The votes that a fix moves."""
    system = tx.tables.platform
    if fix.kind == STEPS_BACK:
        batches = fix.settings["batches"]
        back = votes_back(tx.connection, system, batches).get(fix.field, ())
        return [vote for vote in back if vote.waits and vote.now != vote.then]
    running, task = system[APPROVAL], system[TASK]
    these = _votes(running, task).where(
        running.c.definition == fix.field,
        task.c.step.in_(fix.replaced),
        task.c.state == WAITING,
    )
    rows = tx.connection.execute(these.order_by(task.c.id))
    return [
        Vote(row.id, row.approval, row.record, row.step, str(fix.replaced[row.step]))
        for row in rows
    ]


def move(tx: Transaction, object: str, votes: Sequence[Vote]) -> None:
    """Moves the votes, and says so in the history of the records that they are about."""
    task = tx.tables.system(TASK)
    ways: dict[tuple[str, str], list[int]] = defaultdict(list)
    told: dict[tuple[int, int, str, str], list[int]] = defaultdict(list)
    for vote in votes:
        ways[vote.now, vote.then].append(vote.id)
        told[vote.approval, vote.record, vote.now, vote.then].append(vote.id)
    for (_, then), ids in ways.items():
        change = sa.update(task).where(among_ids(task.c.id, "ids", tx.dialect)).values(step=then)
        tx.connection.execute(change, {"ids": ids})
    rows = [_noted(tx, object, *key, ids) for key, ids in told.items()]
    tx.insert(tx.tables.system(AUDIT), rows)


def _noted(
    tx: Transaction, object: str, approval: int, record: int, now: str, then: str, ids: list[int]
) -> dict[str, Any]:
    data = {"approval": approval, "tasks": ids, "steps": [now, then]}
    row = {
        "at": tx.now, "actor": tx.actor.person, "via": tx.actor.via, "cause": tx.cause or None,
        "batch": tx.batch, "object": object, "record": record, "action": MOVED,
        "version": None, "data": json.dumps(data, ensure_ascii=False, separators=(",", ":")),
    }  # fmt: skip
    return row | digests(row)


def votes_back(
    connection: sa.Connection, system: Mapping[str, sa.Table], batches: Sequence[int]
) -> dict[str, list[Vote]]:
    """What becomes on the way back of votes that these batches have moved, by approval's key.

    They are votes of approvals that run, and that wait or have been decided since.
    """
    moves = _moves(connection, system[AUDIT], batches)
    running, task = system[APPROVAL], system[TASK]
    found: dict[str, list[Vote]] = defaultdict(list)
    these = _votes(running, task).where(among_ids(task.c.id, "ids", connection.dialect.name))
    for ids in _chunks(sorted(moves)):
        for row in connection.execute(these.order_by(task.c.id), {"ids": ids}):
            waits = row.state == WAITING
            if not waits and row.state not in (APPROVED, REJECTED):
                continue
            then = _then(row.step, moves[row.id]) if waits else row.step
            found[row.definition].append(
                Vote(row.id, row.approval, row.record, row.step, then, waits)
            )
    return found


def _votes(running: sa.Table, task: sa.Table) -> sa.Select[Any]:
    return (
        sa.select(
            task.c.id, task.c.approval, task.c.step, task.c.state,
            running.c.record, running.c.definition,
        )
        .join_from(task, running, running.c.id == task.c.approval)
        .where(running.c.state == RUNNING)
    )  # fmt: skip


def _moves(
    connection: sa.Connection, audit: sa.Table, batches: Sequence[int]
) -> dict[int, list[tuple[str, str]]]:
    """From where to where the batches moved each vote, the last move first."""
    query = (
        sa.select(audit.c.data)
        .where(audit.c.batch.in_(batches), audit.c.action == MOVED, audit.c.data.is_not(None))
        .order_by(audit.c.id.desc())
    )
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for text in connection.scalars(query):
        data = json.loads(text)
        before, after = data["steps"]
        for id in data["tasks"]:
            found[id].append((before, after))
    return found


def _then(step: str, moves: Iterable[tuple[str, str]]) -> str:
    """The step of before all moves; the present one where somebody has moved it otherwise."""
    then = step
    for before, after in moves:
        if then != after:
            return step
        then = before
    return then


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
