"""Forgetting what long work left behind: its files and what it said about single rows.

The row of the work itself stays; it tells who did what, and when.
"""

from __future__ import annotations

import datetime as dt
import json

import sqlalchemy as sa

from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.records.gate import Gate
from jobs.claims import real_now
from jobs.handlers import Handler, Running
from jobs.outbox import Effect, put
from jobs.tables import SLOW
from jobs.work_tables import WORK, WORK_ROW

KEPT_DAYS = 30
"""Days for which files are kept after the work is over."""
GRACE = dt.timedelta(days=1)
"""A file that no work knows is left alone for so long: it may just have been uploaded."""
EFFECT = "work.prune"
MOST = 500


def ask_to_prune(gate: Gate) -> int:
    """Asks for the removal of files if there are any to remove; for the scheduler.

    The files are removed by a worker, which has the store at hand. Returns 0: nothing is gone yet.
    """
    table = gate.tables.system(WORK)
    old = sa.select(table.c.id).where(table.c.kept, table.c.finished < _before(gate)).limit(1)
    with gate.databases.reading() as connection:
        found = connection.execute(old).first()
    if found is not None:
        effect = Effect(kind=EFFECT, queue=SLOW, key=EFFECT)
        gate.write(SYSTEM, lambda tx: put(tx, [effect]))
    return 0


def prune_work(gate: Gate, files: Files) -> int:
    """Removes what old work left behind, and files that no work knows; how many works it were."""
    count = 0
    while gone := _forget_some(gate):
        count += gone
    known = _known(gate)
    now = real_now()  # which stores go by
    for digest, written in files.everything():
        if digest not in known and (written is None or written < now - GRACE):
            files.delete(digest)
    files.drop_drafts(now - GRACE)
    return count


def pruning_handler(files: Files) -> Handler:
    """What removes the files of old work."""

    def run(running: Running) -> None:
        prune_work(running.gate, files)

    return Handler(kind=EFFECT, run=run, timeout=1_800.0)


def _forget_some(gate: Gate) -> int:
    work, rows = gate.tables.system(WORK), gate.tables.system(WORK_ROW)
    old = (
        sa.select(work.c.id)
        .where(work.c.kept, work.c.finished < _before(gate))
        .order_by(work.c.finished)
        .limit(MOST)
    )
    with gate.databases.writing() as connection:
        ids = list(connection.scalars(old))
        if ids:
            connection.execute(sa.delete(rows).where(rows.c.work.in_(ids)))
            forgotten = {"kept": False, "files": "[]"}
            connection.execute(sa.update(work).where(work.c.id.in_(ids)).values(forgotten))
    return len(ids)


def _known(gate: Gate) -> set[str]:
    """The digests of all files that work still needs: its results, and what it reads."""
    table = gate.tables.system(WORK)
    statement = sa.select(table.c.files, table.c.params).where(table.c.kept)
    known: set[str] = set()
    with gate.databases.reading() as connection:
        for files, params in connection.execute(statement):
            known.update(file["digest"] for file in json.loads(files))
            if source := json.loads(params).get("source"):
                known.add(source)
    return known


def _before(gate: Gate) -> dt.datetime:
    return gate.clock() - dt.timedelta(days=KEPT_DAYS)
