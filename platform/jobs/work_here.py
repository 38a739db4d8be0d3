"""Long work that a command carries out itself, with a row that others can follow and steer.

The command holds the effect as a worker would. When it ends without a word, the work is found
paused: a person decides whether it goes on, now by the workers.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from engine.files import Files
from engine.permissions.actors import Actor
from engine.problems import Problem, Refusal
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from engine.schema.fence import StaleRevision
from engine.tracing import current_trace
from jobs import tables as outbox
from jobs import work_messages as say
from jobs.carrying import own_name
from jobs.claims import Claims, real_now
from jobs.handlers import Claimed, LeaseLost, Running
from jobs.tables import OUTBOX, SLOW
from jobs.work import EFFECT, Work, insert_work
from jobs.work_ongoing import Asked, Halted, Ongoing, ongoing_of
from jobs.work_rows import work_row
from jobs.work_running import WorkKind
from jobs.work_tables import CANCELLED, DONE, FAILED, RUNNING, WORK

Watch = Callable[[Ongoing], None]
EXAMPLES = 10
"""Rows of which it is told at once what was said about them; the work's files have them all."""


def begin_here(gate: Gate, actor: Actor, work: Work, files: Files, watch: Watch) -> Ongoing:
    """Asks for the work and has it at once; `watch` is told after every chunk."""
    claims = Claims(gate.databases, gate.tables.system(OUTBOX), own_name())

    def begin(tx: Transaction) -> tuple[int, Claimed]:
        id = insert_work(tx, work)
        effect = _held_effect(tx, id, claims)
        table = tx.tables.system(WORK)
        values = {
            "status": RUNNING, "effect": effect.id, "started": tx.now, "began": tx.now,
            "beat": tx.now,
        }  # fmt: skip
        tx.connection.execute(sa.update(table).where(table.c.id == id).values(values))
        return id, effect

    id, effect = gate.write(actor, begin)
    table = gate.tables.system(WORK)
    with gate.databases.reading() as connection:
        found = connection.execute(sa.select(table).where(table.c.id == id)).mappings().one()
    ongoing = ongoing_of(Running(gate, effect, claims), work_row(found), actor, files)
    ongoing.watch = watch
    return ongoing


def end_here(
    ongoing: Ongoing, problem: Problem | None = None, *, asked: bool = False
) -> Problem | None:
    """Ends the work: done, failed, or cancelled because its user `asked` for it.

    Nobody is told: whoever gave the command sees how it ended, which is given back.
    """
    status = DONE if problem is None else CANCELLED if asked else FAILED
    try:
        ongoing.let_go(status, problem)
    except LeaseLost:
        return problem or say.LEASE_GONE(id=ongoing.row.id)
    except DBAPIError:
        pass  # it is found without a holder, and paused
    return problem


def halted_here(ongoing: Ongoing, why: Halted | Asked | LeaseLost) -> Problem:
    """Leaves the work to others: it was paused or ended, or somebody else has it by now."""
    try:
        if isinstance(why, Asked):
            ongoing.halt()
    except LeaseLost as lost:
        why = lost
    left = say.LEASE_GONE if isinstance(why, LeaseLost) else say.HALTED
    return left(id=ongoing.row.id)


@dataclass(frozen=True)
class Ended:
    """How work ended that a command carried out: its counts, what was said about the first rows,
    and why it ended too early, if it did."""

    id: int
    counts: Mapping[str, int]
    said: Sequence[Mapping[str, Any]]
    problem: Problem | None


def do_here(
    gate: Gate,
    actor: Actor,
    work: Work,
    kind: WorkKind,
    files: Files,
    shown: Callable[[int, int | None], None],
    sort: str,
) -> Ended:
    """Does the work here, from beginning to end; `shown` is told how far it is.

    `sort` is what of the things said about rows is given back. What the user interrupts is
    cancelled after the last chunk; what fails can be tried again.
    """
    ongoing = begin_here(gate, actor, work, files, lambda on: shown(on.done, on.total))
    problem = _run(ongoing, kind)
    said = list(itertools.islice(ongoing.rows(sort), EXAMPLES))
    return Ended(ongoing.row.id, ongoing.counts, said, problem)


def _run(ongoing: Ongoing, kind: WorkKind) -> Problem | None:
    problem: Problem | None = None
    asked, id = False, ongoing.row.id
    try:
        kind.run(ongoing)
    except (Halted, Asked, LeaseLost) as halted:
        return halted_here(ongoing, halted)
    except Refusal as refusal:
        problem = refusal.problems[0]
    except StaleRevision:
        problem = say.REPLACED(id=id)
    except DBAPIError as error:
        problem = say.NO_DATABASE(id=id, why=str(error.orig).strip().split("\n")[0])
    except KeyboardInterrupt:
        problem, asked = say.INTERRUPTED(id=id), True
    return end_here(ongoing, problem, asked=asked)


def _held_effect(tx: Transaction, work: int, claims: Claims) -> Claimed:
    """The effect of the work, held by this process from the beginning."""
    table = tx.tables.system(OUTBOX)
    (id,) = tx.take_ids(table, 1)
    payload = {"work": work, "here": True}
    token, trace = secrets.token_hex(16), current_trace()
    row = {
        "id": id,
        "at": tx.now,
        "kind": EFFECT,
        "queue": SLOW,
        "payload": json.dumps(payload),
        "token": token,
        "trace": trace or None,
        "status": outbox.RUNNING,
        "attempts": 1,
        "due": tx.now,
        "holder": claims.holder,
        "lease": real_now() + dt.timedelta(seconds=claims.lease),
    }
    tx.connection.execute(sa.insert(table).values(row))
    return Claimed(
        id=id, at=tx.now, kind=EFFECT, queue=SLOW, object="", record=None, payload=payload,
        token=token, trace=trace, attempt=1, holder=claims.holder, due=tx.now,
    )  # fmt: skip
