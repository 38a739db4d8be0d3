"""The database's doors: pools for reading, for writing, and for accounts (rule 17).

SQLite: one file, several engines. Reads use the driver's default mode and can change nothing;
writes open every transaction with `BEGIN IMMEDIATE`, so that two of them queue up instead of
losing one another's changes. Accounts (sign-in, roles) have a session of their own, which is
never the gate's. PostgreSQL: the same three, as separate pools.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from engine.expressions import prepare_sqlite
from engine.problems import Problem, Refusal
from engine.schema import engines_messages as say
from engine.schema.buffering import Buffer
from engine.schema.structure import columns_of
from engine.vault import Vault

BUSY_SECONDS = 15
CONNECT_SECONDS = 10
_POSTGRES = ("postgres", "postgresql", "postgresql+psycopg")
_SQLITE = ("sqlite", "sqlite+pysqlite")


@dataclass(frozen=True, slots=True)
class Databases:
    """One database behind three pools; `accounts` is for the session that manages sign-in.

    `vault` holds the keys that the database's secrets are sealed with, `accesses` the rows about
    what was seen that are not written yet.
    """

    url: sa.URL
    reads: sa.Engine
    writes: sa.Engine
    accounts: sa.Engine
    vault: Vault = field(default_factory=Vault, repr=False)
    accesses: Buffer = field(default_factory=Buffer, repr=False)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.reads.dialect.name

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for queries."""
        with self.reads.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A connection in one transaction, committed at the end, rolled back on an exception."""
        with self.writes.begin() as connection:
            yield connection

    def note_access(self, row: Mapping[str, Any]) -> None:
        """Takes a row about what somebody has seen, to be written within a second."""
        self.accesses.add(dict(row), self.writes)

    def dispose(self) -> None:
        """Close all pools, after the last rows about what was seen are written."""
        self.accesses.close()
        for engine in (self.reads, self.writes, self.accounts):
            engine.dispose()


def open_databases(
    url: str,
    *,
    pool_size: int = 8,
    overflow: int = 8,
    statement_seconds: float = 0,
    vault: Vault | None = None,
) -> Databases:
    """The pools for the database at `url`, tried once.

    `pool_size` connections a pool are kept, `overflow` more are opened under load; together
    they should be at least the number of threads. `statement_seconds` ends longer queries of
    the reading pool (PostgreSQL; 0: never). `vault` has the keys for secrets (none: no secret
    can be kept). The folder of a SQLite file is created.
    Raises Refusal when the URL is not usable or the database cannot be reached.
    """
    parsed = _parsed(url)
    if parsed.drivername.startswith("sqlite"):
        databases = _sqlite(parsed, pool_size, overflow)
    else:
        databases = _postgres(parsed, pool_size, overflow, statement_seconds)
    databases = replace(databases, vault=vault or Vault())
    try:
        with databases.accounts.connect() as connection:
            # on SQLite only a query of the schema finds out that the file is no database
            columns_of(connection, "fw_state")
    except DBAPIError as error:
        databases.dispose()
        raise Refusal(unreachable(parsed, error)) from None
    return databases


def unreachable(url: sa.URL, error: DBAPIError) -> Problem:
    """What a failed connection means, in words; the password is never shown."""
    why = str(error.orig or error).strip()
    shown = url.render_as_string(hide_password=True)
    for words, message in say.BY_DRIVER_WORDS:
        if any(word in why for word in words):
            return message(
                url=shown, host=url.host or "", user=url.username or "", name=url.database or ""
            )
    return say.UNREACHABLE(url=shown, why=why.splitlines()[0] if why else "?")


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise Refusal(say.BAD_URL(url=_shortened(url))) from None
    if parsed.drivername in _POSTGRES:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in _SQLITE:
        raise Refusal(say.UNKNOWN_DATABASE(kind=parsed.drivername))
    if not parsed.database or ":memory:" in parsed.database or "mode=memory" in url:
        raise Refusal(say.NEEDS_FILE())
    return parsed


def _shortened(url: str) -> str:
    """The part of an unreadable URL that holds no password."""
    return url.partition("://")[0][:20] + "://…" if "://" in url else "…"


def _sqlite(url: sa.URL, pool_size: int, overflow: int) -> Databases:
    path = Path(url.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(
            say.NO_FOLDER(folder=str(path.parent), why=error.strerror or str(error))
        ) from None
    if path.is_dir():
        raise Refusal(say.IS_FOLDER(file=str(path)))

    def engine(**arguments: Any) -> sa.Engine:
        made = sa.create_engine(
            url,
            pool_size=pool_size,
            max_overflow=overflow,
            connect_args={"timeout": BUSY_SECONDS} | arguments,
        )
        sa.event.listen(made, "connect", _prepare_sqlite)
        return made

    reads, writes, accounts = engine(), engine(isolation_level=None), engine()
    sa.event.listen(reads, "connect", _read_only)
    sa.event.listen(writes, "begin", _begin_immediate)
    return Databases(url, reads, writes, accounts)


def _prepare_sqlite(connection: Any, record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    prepare_sqlite(connection)


def _read_only(connection: Any, record: object) -> None:
    connection.execute("PRAGMA query_only=ON")


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgres(url: sa.URL, pool_size: int, overflow: int, seconds: float) -> Databases:
    def engine(timeout: float = 0, **options: Any) -> sa.Engine:
        made = sa.create_engine(
            url,
            **options,
            pool_size=pool_size,
            max_overflow=overflow,
            pool_pre_ping=True,  # 0.05 ms; a restarted server then costs no request
            connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "formwright"},
        )

        def prepare(connection: Any, record: object) -> None:
            # outside a transaction, so that no rollback takes it back
            autocommit = connection.autocommit
            connection.autocommit = True
            connection.execute("SET TIME ZONE 'UTC'")
            if timeout:
                connection.execute(f"SET statement_timeout = {int(timeout * 1000)}")
            connection.autocommit = autocommit

        sa.event.listen(made, "connect", prepare)
        return made

    # Each query is a transaction of its own: there is no BEGIN and ROLLBACK to send, and psycopg
    # forgets all its prepared statements at every rollback, so that each would be planned anew.
    reads = engine(seconds, isolation_level="AUTOCOMMIT")
    return Databases(url, reads, engine(), engine())
