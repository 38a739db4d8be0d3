"""The revision fence: nobody writes under the rules of a revision that is no longer current.

Rule 4. Every write transaction takes a shared lock and then reads the current revision;
publishing takes the lock exclusively. On SQLite `BEGIN IMMEDIATE` is that lock already.
The read must be a statement of its own: PostgreSQL decides what a statement sees before the
statement waits for a lock. Both travel in one message, so the fence costs one round trip.
"""

from __future__ import annotations

import sqlalchemy as sa

FENCE = 0x466F726D
"""The advisory lock's number: any constant, other than those of other programs ("Form")."""

REVISION = "revision"
_READ = f"SELECT value FROM fw_state WHERE name = '{REVISION}'"
_ENTER = f"SELECT pg_advisory_xact_lock_shared({FENCE}); {_READ}"


class StaleRevision(Exception):
    """The revision was replaced; nothing was written: run again on the current application."""

    def __init__(self, expected: int, current: int | None) -> None:
        super().__init__(f"compiled for revision {expected}, the database is at {current}")
        self.expected = expected
        self.current = current


def enter_write(connection: sa.Connection, revision: int) -> None:
    """Makes the write transaction on `connection` one of `revision`, until it ends.

    Raises StaleRevision when another revision is current.
    """
    if connection.dialect.name == "sqlite":
        current = current_revision(connection)
    else:
        result = connection.exec_driver_sql(_ENTER)
        assert result.cursor is not None
        result.cursor.nextset()
        row = result.cursor.fetchone()
        current = int(row[0]) if row else None
        result.close()
    if current != revision:
        raise StaleRevision(revision, current)


def current_revision(connection: sa.Connection) -> int | None:
    """The revision that is in force, or None before the first."""
    value = connection.exec_driver_sql(_READ).scalar()
    return None if value is None else int(value)


def exclusive(connection: sa.Connection) -> None:
    """Waits until no write transaction is open and lets none begin until this one ends."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({FENCE})")
