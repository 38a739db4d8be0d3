"""Long work: asking for it, following it, and steering it.

    id = gate.write(actor, lambda tx: start_work(tx, Work(kind="export", title=…, params={…})))
    one(gate, actor, id).progress.remaining
    gate.write(actor, lambda tx: pause(tx, id))

Whoever asked may follow and steer it, and those who may administer. It is carried out in chunks,
each a transaction (`jobs.work_ongoing`), by the effect `work`. What is wanted of work that runs
is heeded between two chunks.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine.permissions.actors import Actor
from engine.problems import Problem, Refusal, Text
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from engine.tracing import current_trace
from jobs import tables as outbox
from jobs import work_messages as say
from jobs.claims import real_now
from jobs.outbox import Effect, put
from jobs.tables import OUTBOX, SLOW, is_
from jobs.work_links import FOLLOWED, undone_by
from jobs.work_rights import require_results
from jobs.work_rows import WorkRow, work_row
from jobs.work_tables import (
    CANCEL,
    CANCELLED,
    DONE,
    FAILED,
    PAUSE,
    PAUSED,
    RUNNING,
    WAITING,
    WORK,
    WORK_ROW,
)

EFFECT = "work"
"""The kind of the effect that carries long work out."""
LIMIT = 50
ADMINISTER = "administer"


@dataclass(frozen=True, kw_only=True)
class Work:
    """Long work that is asked for.

    `kind` names who carries it out (`jobs.work_running.WorkKind`). `title` says in each language
    what it is, `object` what it is about. `params` is plain JSON, what the kind needs to know.
    `total` is the number of rows where it is known. `undo_of` is the batch that it takes back.
    """

    kind: str
    title: Mapping[str, str]
    object: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    total: int | None = None
    undo_of: int | None = None


def start_work(tx: Transaction, work: Work, *, due: dt.datetime | None = None) -> int:
    """Asks for long work as the transaction's actor; returns its number.

    It begins at once, or at the moment `due` (UTC), and waits until then.
    """
    id = insert_work(tx, work)
    _hand_over(tx, id, due)
    return id


def start_following(tx: Transaction, id: int, work: Work) -> int:
    """Asks for the work that follows from the long work `id`, once; returns its number."""
    row = _locked(tx, id)
    params = json.loads(row["params"])
    if FOLLOWED not in params:
        params[FOLLOWED] = start_work(tx, work)
        _set(tx, id, params=_packed(params))
    return int(params[FOLLOWED])


def insert_work(tx: Transaction, work: Work) -> int:
    """The row alone, for a process that carries it out itself (`jobs.work_here`)."""
    actor = tx.actor
    nameless = actor.person is None and not actor.is_system
    table = tx.tables.system(WORK)
    (id,) = tx.take_ids(table, 1)
    row = {
        "id": id,
        "at": tx.now,
        "kind": work.kind,
        "title": _packed(work.title),
        "object": work.object or None,
        "person": actor.person,
        "account": actor.name if nameless else None,
        "system": actor.is_system,
        "name": actor.name,
        "via": actor.via,
        "params": _packed(work.params),
        "revision": tx.gate.revision,
        "status": WAITING,
        "total": work.total,
        "kept": True,
        "trace": current_trace() or None,
        "undo_of": work.undo_of,
    }
    tx.connection.execute(sa.insert(table).values(row))
    return id


def one(gate: Gate, actor: Actor, id: int) -> WorkRow:
    """One work, with its progress. Raises Refusal where there is none that the actor may see."""
    table = gate.tables.system(WORK)
    with gate.databases.reading() as connection:
        row = connection.execute(sa.select(table).where(table.c.id == id)).mappings().first()
    if row is None or not _concerns(gate, actor, row):
        raise Refusal(say.NO_WORK(id=id))
    return work_row(row)


def of_person(gate: Gate, actor: Actor, *, before: int | None = None, limit: int = LIMIT,
              status: str = "") -> list[WorkRow]:  # fmt: skip
    """What the actor asked for, the latest first; `before` is the last number of a page before."""
    return _listed(gate, before, limit, status, actor)


def of_everybody(gate: Gate, actor: Actor, *, before: int | None = None, limit: int = LIMIT,
                 status: str = "") -> list[WorkRow]:  # fmt: skip
    """All long work, the latest first, for those who may administer."""
    gate.require_right(actor, ADMINISTER)
    return _listed(gate, before, limit, status, None)


def rows_of(
    gate: Gate, actor: Actor, id: int, sort: str = "", *, after: int = 0, limit: int = LIMIT
) -> list[tuple[int, str, dict[str, Any]]]:
    """What the work says about single rows (number, sort, data), in order, a page at a time.

    `sort` is one of "rejected", "corrected", "conflict" or empty for all; what `data` holds is
    up to the kind of work. Raises Refusal as `one` does, and without the right to read it.
    """
    require_results(gate, actor, one(gate, actor, id))
    t = gate.tables.system(WORK_ROW)
    statement = sa.select(t.c.number, t.c.sort, t.c.data).where(t.c.work == id, t.c.number > after)
    if sort:
        statement = statement.where(t.c.sort == sort)
    with gate.databases.reading() as connection:
        found = connection.execute(statement.order_by(t.c.number).limit(limit)).all()
    return [(number, kind, json.loads(data)) for number, kind, data in found]


def pause(tx: Transaction, id: int) -> None:
    """Stops the work after its present chunk, until it is resumed."""
    row = _locked(tx, id)
    if row["status"] == WAITING or (row["status"] == RUNNING and _abandoned(tx, row)):
        _take_back(tx, row)
        _set(tx, id, status=PAUSED, wanted="")
    elif row["status"] == RUNNING:
        _set(tx, id, wanted=PAUSE)
    elif row["status"] != PAUSED:
        raise Refusal(_not_now(row, "pause"))


def resume(tx: Transaction, id: int) -> None:
    """Lets paused work go on, after the last row that was written."""
    row = _locked(tx, id)
    if row["status"] == PAUSED or (row["status"] == RUNNING and _abandoned(tx, row)):
        _take_back(tx, row)
        _hand_over(tx, id)
    elif row["status"] == RUNNING and row["wanted"] == PAUSE:
        _set(tx, id, wanted="")
    elif row["status"] not in (WAITING, RUNNING):
        raise Refusal(_not_now(row, "resume"))


def cancel(tx: Transaction, id: int) -> None:
    """Ends the work after its present chunk; what was written by then stays."""
    row = _locked(tx, id)
    if row["status"] in (WAITING, PAUSED) or (row["status"] == RUNNING and _abandoned(tx, row)):
        _take_back(tx, row)
        _set(tx, id, status=CANCELLED, wanted="", finished=tx.now)
    elif row["status"] == RUNNING:
        _set(tx, id, wanted=CANCEL)
    elif row["status"] != CANCELLED:
        raise Refusal(_not_now(row, "cancel"))


def retry(tx: Transaction, id: int) -> None:
    """Goes on with work that failed or was cancelled, after the last row that was written.

    Raises Refusal for any other, and where somebody took back what it wrote.
    """
    row = _locked(tx, id)
    if row["status"] not in (FAILED, CANCELLED) or not row["kept"]:
        raise Refusal(_not_now(row, "retry"))
    if row["batch"] is not None:
        undo = undone_by(tx.connection, tx.tables.system(WORK), row["batch"])
        if undo is not None:
            raise Refusal(say.UNDONE(id=id, undo=undo))
    _take_back(tx, row)
    _hand_over(tx, id)


def begin_anew(tx: Transaction, id: int) -> None:
    """Goes on with work whose effect failed or was cancelled, as `retry` or `resume` do."""
    abandoned = _locked(tx, id)["status"] == RUNNING
    (resume if abandoned else retry)(tx, id)


def carried_out_by(tx: Transaction, id: int) -> int | None:
    """The effect that carries the work out, or did so last."""
    table = tx.tables.system(WORK)
    return tx.connection.execute(sa.select(table.c.effect).where(table.c.id == id)).scalar()


def _hand_over(tx: Transaction, id: int, due: dt.datetime | None = None) -> None:
    """Puts the effect that carries the work out, or takes over one that waits already."""
    table = tx.tables.system(WORK)
    object = tx.connection.execute(sa.select(table.c.object).where(table.c.id == id)).scalar()
    key = f"{EFFECT}:{id}"
    effect = Effect(
        kind=EFFECT, object=object or "", payload={"work": id}, queue=SLOW, due=due, key=key
    )
    t = tx.tables.system(OUTBOX)
    waiting = sa.select(t.c.id).where(t.c.key == effect.key, is_(t, outbox.WAITING))
    ids = put(tx, [effect]) or tx.connection.scalars(waiting.limit(1)).all()
    (effect_id,) = ids
    _set(tx, id, status=WAITING, wanted="", effect=effect_id, finished=None, problem=None, tries=0)


def _take_back(tx: Transaction, row: Mapping[str, Any]) -> None:
    """Ends the effect of work that nobody carries out now; whoever still believes to have it
    finds that out in the next transaction. One that failed waits for nobody any more."""
    t = tx.tables.system(OUTBOX)
    over = (outbox.DONE, outbox.CANCELLED)
    tx.connection.execute(
        sa.update(t)
        .where(t.c.id == row["effect"], t.c.status.not_in(over))
        .values(status=outbox.CANCELLED, finished=tx.now, lease=None)
    )


def _abandoned(tx: Transaction, row: Mapping[str, Any]) -> bool:
    """Whether the process that carried it out is gone: its lease ran out, or it gave up."""
    t = tx.tables.system(OUTBOX)
    statement = sa.select(t.c.status, t.c.lease).where(t.c.id == row["effect"])
    effect = tx.connection.execute(statement).first()
    if effect is None or effect.status != outbox.RUNNING:
        return True
    if effect.lease >= real_now():
        return False
    # a chunk holds the row, and renews the lease by its commit, however long it takes
    held = statement.with_for_update(skip_locked=True)
    return tx.connection.execute(held).first() is not None


def _locked(tx: Transaction, id: int) -> Mapping[str, Any]:
    """The row, held until the transaction ends, if the actor may steer it."""
    table = tx.tables.system(WORK)
    statement = sa.select(table).where(table.c.id == id).with_for_update()
    row = tx.connection.execute(statement).mappings().first()
    if row is None or not _concerns(tx.gate, tx.actor, row):
        raise Refusal(say.NO_WORK(id=id))
    return dict(row)


def _set(tx: Transaction, id: int, **values: Any) -> None:
    table = tx.tables.system(WORK)
    tx.connection.execute(sa.update(table).where(table.c.id == id).values(values))


def _concerns(gate: Gate, actor: Actor, row: Any) -> bool:
    if actor.person is not None and actor.person == row["person"]:
        return True
    if row["account"] and actor.person is None and actor.name == row["account"]:
        return True
    try:
        gate.require_right(actor, ADMINISTER)
    except Refusal:
        return False
    return True


def _listed(
    gate: Gate, before: int | None, limit: int, status: str, actor: Actor | None
) -> list[WorkRow]:
    table = gate.tables.system(WORK)
    statement = sa.select(table).order_by(table.c.id.desc()).limit(limit)
    if actor is not None and actor.person is not None:
        statement = statement.where(table.c.person == actor.person)
    elif actor is not None and actor.is_system:
        statement = statement.where(table.c.system)
    elif actor is not None:
        statement = statement.where(table.c.account == actor.name)
    if before is not None:
        statement = statement.where(table.c.id < before)
    if status:
        statement = statement.where(table.c.status == status)
    with gate.databases.reading() as connection:
        return [work_row(row) for row in connection.execute(statement).mappings()]


def _not_now(row: Mapping[str, Any], wish: str) -> Problem:
    return say.NOT_NOW(id=row["id"], status=STATUS_LABELS[row["status"]], wish=WISHES[wish])


def _packed(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


STATUS_LABELS: Mapping[str, Text] = {
    WAITING: Text({"en": "waiting", "zh": "等待中"}),
    RUNNING: Text({"en": "running", "zh": "进行中"}),
    PAUSED: Text({"en": "paused", "zh": "已暂停"}),
    DONE: Text({"en": "done", "zh": "已完成"}),
    FAILED: Text({"en": "failed", "zh": "失败"}),
    CANCELLED: Text({"en": "cancelled", "zh": "已取消"}),
}
"""What the statuses are called."""
WISHES: Mapping[str, Text] = {
    "pause": Text({"en": "pause", "zh": "暂停"}),
    "resume": Text({"en": "resume", "zh": "继续"}),
    "cancel": Text({"en": "end", "zh": "取消"}),
    "retry": Text({"en": "try again", "zh": "重试"}),
}
