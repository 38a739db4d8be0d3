"""Who of several schedulers is at work: one at a time, followed by another one within seconds.

What decides dies with the process, so that there is nothing to expire and nothing to renew:

- PostgreSQL: a session's advisory lock on a connection of its own. The server frees it as soon
  as the connection is gone: at once when the process dies, after some 10 s when its host does
  (TCP keep-alives). Every look asks over that connection, so that a lost one is noticed.
- SQLite: all processes are on one host, so a lock of the operating system on a file beside the
  database does. A lease in a table would have to be renewed by a write each second, which stands
  in the way of everybody's writes; this costs nothing. It is a record lock (POSIX `fcntl`), which
  a forked child does not inherit, as it would one by `flock`.

Leading is an economy, no safety: what schedulers do is right with several of them at work, too.
"""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from engine.schema.engines import CONNECT_SECONDS, Databases

log = logging.getLogger("formwright.jobs")

LOCK = 0x466F726D_01
"""The advisory lock's number: any constant, other than those of other programs ("Form", 1)."""
_KEEP_ALIVE = {"tcp_keepalives_idle": 5, "tcp_keepalives_interval": 2, "tcp_keepalives_count": 3}
"""Seconds and numbers after which the server takes a silent client for dead."""


class Leader(Protocol):
    """One of those who want to lead."""

    def leading(self) -> bool:
        """Whether this one leads now; tries to, if nobody does."""

    def resign(self) -> None:
        """Leaves it to the others."""


def leader_for(databases: Databases) -> Leader:
    """The candidate of this process for one database."""
    if databases.dialect == "sqlite":
        path = Path(databases.url.database or "")
        return FileLeader(path.with_name(f"{path.name}-scheduler"))
    return SessionLeader(databases.url)


class SessionLeader:
    """A candidate by an advisory lock of PostgreSQL."""

    def __init__(self, url: sa.URL) -> None:
        options = " ".join(f"-c {name}={value}" for name, value in _KEEP_ALIVE.items())
        self._engine = sa.create_engine(
            url,
            poolclass=sa.NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "application_name": "formwright scheduler",
                "options": options,
            },
        )
        self._connection: sa.Connection | None = None
        self._leads = False

    def leading(self) -> bool:
        """Whether this one leads. Raises DBAPIError when the database cannot be reached."""
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            if self._leads:
                self._connection.exec_driver_sql("SELECT 1")
            else:
                asked = self._connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({LOCK})")
                self._leads = bool(asked.scalar_one())
        except DBAPIError:
            self.resign()
            raise
        return self._leads

    def resign(self) -> None:
        """Closes the connection, and with it the lock."""
        connection, self._connection, self._leads = self._connection, None, False
        if connection is not None:
            connection.invalidate()
            connection.close()


class FileLeader:
    """A candidate by a lock on a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def leading(self) -> bool:
        """Whether this one leads. Raises OSError when the file cannot be made."""
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            os.close(file)
            return False
        self._file = file
        return True

    def resign(self) -> None:
        """Closes the file, and with it the lock."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
