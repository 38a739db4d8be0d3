"""Long work whose effect failed for good: it fails with it, and whoever asked is told.

Work ends itself, whatever goes wrong in it. This is for the rest: a process that died at every
attempt, programs that do not know the work.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from engine.problems import Problem
from engine.records.gate import Gate
from jobs import tables as outbox
from jobs.claims import stored_problem
from jobs.handlers import Claimed
from jobs.tables import OUTBOX
from jobs.work import EFFECT
from jobs.work_ongoing import Told
from jobs.work_rows import work_row
from jobs.work_tables import FAILED, RUNNING, WAITING, WORK


def fail_work(gate: Gate, effect: Claimed, problem: Problem, told: Told) -> None:
    """Ends the work that the effect carried out as failed by the problem, and tells of it.

    Nothing happens for other effects, and for work that somebody has begun anew by now. The row
    ends first, whatever revision is in force; telling may raise StaleRevision.
    """
    id = effect.payload.get("work")
    if effect.kind != EFFECT or id is None:
        return
    t, effects = gate.tables.system(WORK), gate.tables.system(OUTBOX)
    values = {
        "status": FAILED, "wanted": "", "finished": gate.clock(),
        "problem": stored_problem(problem),
    }  # fmt: skip
    failed = sa.exists().where(effects.c.id == effect.id, effects.c.status == outbox.FAILED)
    mine = (t.c.id == id, t.c.effect == effect.id, t.c.status.in_((WAITING, RUNNING)), failed)
    with gate.databases.writing() as connection:
        statement = sa.update(t).where(*mine).values(values).returning(t)
        row = connection.execute(statement).mappings().first()
    if row is not None:
        gate.write(SYSTEM, lambda tx: told(tx, work_row(row)))
