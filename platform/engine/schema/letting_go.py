"""Letting go of an apply that was begun and given up: nobody's writes are watched for ever.

An apply that was interrupted while it computed columns leaves triggers, which note whatever is
written, so that it can go on. When nobody has gone on for `RESTS_AFTER`, they go, with all that
they have noted. What was computed does not count any more then: the next apply begins its walk
anew. The columns stay, unknown to the running revision, for that apply or for the next one.

1. First the journal forgets how far it was; whatever happens after that is only tidying.
2. Then each table loses its triggers, and what they have noted is removed.

PostgreSQL: each of it in a short transaction of its own, under the lock of the only apply. SQLite:
all in one transaction, since nothing tells there that an apply is just going on again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from functools import partial

import sqlalchemy as sa

from engine.problems import Refusal
from engine.schema.backfilling import LET_GO, PUBLISHED, forget, read_journal
from engine.schema.engines import Databases
from engine.schema.locking import alone, briefly_locking, retried
from engine.schema.touching import forget_touched, unwatch, waiting, watching

RESTS_AFTER = dt.timedelta(days=1)
"""How long an apply that was interrupted can go on where it was."""

Work = Callable[[sa.Connection], None]


def let_go(databases: Databases, now: dt.datetime) -> bool:
    """Lets go of an apply that nobody has gone on with; whether there was anything to do.

    What cannot be done now, since tables are in use, is done at the next call.
    """
    with databases.reading() as connection:
        if not _rests(connection, now):
            return False
    try:
        if databases.dialect == "sqlite":
            return _at_once(databases, now)
        with alone(databases, wait=0):
            return _in_steps(databases, now)
    except Refusal:  # an apply is at work, or a long transaction holds a table
        return False


def _at_once(databases: Databases, now: dt.datetime) -> bool:
    with databases.writing() as connection:
        if not _rests(connection, now):
            return False
        for work in _works(connection):
            work(connection)
        return True


def _in_steps(databases: Databases, now: dt.datetime) -> bool:
    with databases.reading() as connection:
        if not _rests(connection, now):
            return False
        works = list(_works(connection))
    for work in works:

        def step(work: Work = work) -> None:
            with briefly_locking(databases) as connection:
                work(connection)

        retried(step)
    return True


def _works(connection: sa.Connection) -> Iterator[Work]:
    yield forget
    for table in watching(connection):
        yield partial(_unwatch, table)
    yield forget_touched


def _unwatch(table: str, connection: sa.Connection) -> None:
    for sql in unwatch(table, connection.dialect):
        connection.exec_driver_sql(sql)


def _rests(connection: sa.Connection, now: dt.datetime) -> bool:
    """Whether an apply was given up, and has left something behind that grows."""
    journal = read_journal(connection)
    if journal is None or journal.status == PUBLISHED or not journal.passes:
        return False
    if journal.status == LET_GO:
        return bool(watching(connection) or waiting(connection, 1))
    return journal.at is not None and now - journal.at >= RESTS_AFTER
