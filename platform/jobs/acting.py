"""What administrators do with effects: let them begin anew, or take them away.

What runs cannot be interrupted from here: it has left the database, and may be half-way through
something that only its handler can undo.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import sqlalchemy as sa

from engine.permissions.actors import Actor
from engine.problems import Refusal, Text
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from jobs import state_messages as say
from jobs import work
from jobs.states import being
from jobs.tables import CANCELLED, DONE, FAILED, OUTBOX, RUNNING, WAITING, is_

log = logging.getLogger("formwright.jobs")
T = TypeVar("T")

MOST_RETRIED = 1_000
"""Effects that are retried at once."""
RIGHT = "administer"
SAID: Mapping[str, Text] = {
    WAITING: Text({"en": "waiting", "zh": "等待中"}),
    RUNNING: Text({"en": "running", "zh": "执行中"}),
    DONE: Text({"en": "done", "zh": "已完成"}),
    FAILED: Text({"en": "failed", "zh": "失败"}),
    CANCELLED: Text({"en": "cancelled", "zh": "已取消"}),
}


def retry(gate: Gate, actor: Actor, id: int) -> None:
    """Lets an effect that failed or was cancelled begin anew, at once.

    Raises Refusal for any other one, and where another effect with the same key waits. Of long
    work another effect begins, as if whoever asked for it had retried it.
    """

    def anew(tx: Transaction) -> None:
        row = _locked(tx, id)
        if row["status"] not in (FAILED, CANCELLED):
            raise Refusal(say.NOT_RETRIED(id=id, state=SAID[row["status"]]))
        if (long := _long_work(row)) is not None:
            work.begin_anew(tx, long)
            return
        if row["key"] and _waiting_keys(tx, [row["key"]]):
            raise Refusal(say.KEY_WAITS(id=id))
        _begin_anew(tx, [row])

    _acting(gate, actor, "retried", anew, effect=id)


def retry_failed(gate: Gate, actor: Actor, kind: str) -> int:
    """Lets the failed effects of a kind begin anew, at most `MOST_RETRIED`; how many it were.

    Of several with one key the latest begins; none does where one of them waits already.
    """

    def all_anew(tx: Transaction) -> int:
        t = _table(tx)
        statement = (
            sa.select(t.c.id, t.c.kind, t.c.queue, t.c.key, t.c.payload)
            .where(being(t, FAILED), t.c.kind == kind)
            .order_by(t.c.finished.desc(), t.c.id.desc())
            .limit(MOST_RETRIED)
            .with_for_update(skip_locked=True)
        )
        rows = tx.connection.execute(statement).mappings().all()
        known = _waiting_keys(tx, [row["key"] for row in rows if row["key"]])
        chosen, begun = [], 0
        for row in rows:
            if (long := _long_work(row)) is not None:
                begun += _work_begins_anew(tx, long)
            elif not row["key"] or row["key"] not in known:
                chosen.append(row)
                known.add(row["key"])
        _begin_anew(tx, chosen)
        return len(chosen) + begun

    return _acting(gate, actor, "retried-kind", all_anew, kind=kind)


def cancel(gate: Gate, actor: Actor, id: int) -> None:
    """Ends an effect that waits, or one that failed. Raises Refusal for any other.

    Long work ends with the effect that would have carried it out.
    """

    def end(tx: Transaction) -> None:
        row = _locked(tx, id)
        if row["status"] == RUNNING:
            raise Refusal(say.NOT_INTERRUPTED(id=id))
        if row["status"] not in (WAITING, FAILED):
            raise Refusal(say.NOT_CANCELLED(id=id, state=SAID[row["status"]]))
        long = _long_work(row)
        if long is not None and row["status"] == WAITING and work.carried_out_by(tx, long) == id:
            work.cancel(tx, long)
            return
        values = {"status": CANCELLED, "finished": tx.now}
        tx.connection.execute(sa.update(_table(tx)).where(_table(tx).c.id == id).values(values))

    _acting(gate, actor, "cancelled", end, effect=id)


def _acting(
    gate: Gate, actor: Actor, word: str, act: Callable[[Transaction], T], **about: object
) -> T:
    """What an administrator does, with a line in the log that says who it was."""
    gate.require_right(actor, RIGHT)
    result = gate.write(actor, act)
    log.warning(word, extra={**about, "person": actor.person, "by": actor.name})
    return result


def _locked(tx: Transaction, id: int) -> sa.RowMapping:
    statement = sa.select(_table(tx)).where(_table(tx).c.id == id).with_for_update()
    row = tx.connection.execute(statement).mappings().first()
    if row is None:
        raise Refusal(say.NO_JOB(id=id))
    return row


def _long_work(row: sa.RowMapping) -> int | None:
    """The long work that the effect carries out; None for any other effect."""
    if row["kind"] != work.EFFECT:
        return None
    found: int | None = json.loads(row["payload"] or "{}").get("work")
    return found


def _work_begins_anew(tx: Transaction, id: int) -> bool:
    """Lets one of many go on; one that cannot go on stops no other."""
    try:
        work.begin_anew(tx, id)
    except Refusal:
        return False
    return True


def _waiting_keys(tx: Transaction, keys: Sequence[str]) -> set[str]:
    t = _table(tx)
    statement = sa.select(t.c.key).where(t.c.key.in_(keys), is_(t, WAITING))
    return set(tx.connection.scalars(statement)) if keys else set()


def _begin_anew(tx: Transaction, rows: Sequence[sa.RowMapping]) -> None:
    """The reason of the last failure stays, for whoever looks before the next attempt ends."""
    if not rows:
        return
    values = {
        "status": WAITING, "attempts": 0, "due": tx.now, "finished": None,
        "holder": None, "lease": None,
    }  # fmt: skip
    ids = [row["id"] for row in rows]
    tx.connection.execute(sa.update(_table(tx)).where(_table(tx).c.id.in_(ids)).values(values))
    due: dict[str, list[int]] = {}
    for row in rows:
        due.setdefault(row["queue"], []).append(row["id"])
    tx.after_commit.append(lambda: tx.gate.wake(due))


def _table(tx: Transaction) -> sa.Table:
    return tx.tables.system(OUTBOX)
