"""One throw-away PostgreSQL server for a whole test run.

1. The binaries are looked for beside `pg_config`, in Debian's, Homebrew's and RPM's usual
   folders, and on the PATH.
2. `initdb` makes a cluster in a temporary folder. As root, which PostgreSQL refuses, everything
   runs as the user `postgres`, or `nobody`.
3. The server listens on one Unix socket in that folder and on no network port, and syncs nothing
   to disk: its data never outlive the run.
4. It is stopped at the end. If the test run is killed, a watching shell sees its end of a pipe
   closed and stops the server for it; this works on Linux and macOS alike.

The folder lies in memory (`/dev/shm`) where that has room: a database is then created in 10 ms
instead of 140, which counts when every test gets its own.
"""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote

import psycopg
from psycopg import sql

NOT_FOUND = (
    "No PostgreSQL server was found, and this test needs one: install Debian's package "
    "`postgresql` (macOS: `brew install postgresql@15`), or put its folder with `initdb` and "
    "`postgres` on the PATH."
)

FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "max_wal_size": "256MB",
    "timezone": "UTC",
}

MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 2 * 1024**3
"""Bytes that must be free there; containers often have 64 MB, which one server soon fills."""

# Waits for a line or for the end of the pipe, which comes when the test run dies; then tidies up.
WATCHER = """
read -r line
"$1/pg_ctl" -D "$2/data" -m immediate -w stop >/dev/null 2>&1
rm -rf "$2"
"""


class ServerFailure(Exception):
    """PostgreSQL is installed but did not start; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where its socket is, and who watches over it."""

    socket_folder: Path
    watcher: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the maintenance database."""
        return database_url(f"{self.socket_folder}", "postgres")

    def stop(self) -> None:
        """Stop the server and remove its data."""
        self.watcher.communicate(b"stop\n", timeout=60)


def database_url(socket_folder: str, name: str) -> str:
    """The SQLAlchemy URL of the database `name` on the server behind `socket_folder`."""
    return f"postgresql+psycopg://postgres@/{name}?host={quote(socket_folder, safe='')}"


def find_binaries() -> Path | None:
    """The folder with `initdb`, `postgres` and `pg_ctl`, the newest of several, or None."""
    candidates: list[str] = []
    if shutil.which("pg_config"):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True)
        candidates.append(told.stdout.strip())
    candidates += sorted((p for f in FOLDERS for p in glob.glob(f)), key=_version, reverse=True)
    if on_path := shutil.which("initdb"):
        candidates.append(str(Path(on_path).resolve().parent))
    for folder in map(Path, filter(None, candidates)):
        if all((folder / name).exists() for name in ("initdb", "postgres", "pg_ctl")):
            return folder
    return None


def start(binaries: Path) -> Server:
    """Start a new server from `binaries`. Raises ServerFailure with what PostgreSQL said."""
    folder = Path(tempfile.mkdtemp(prefix="formwright-pg-", dir=_roomy_memory()))
    prefix = _as_another_user(folder)
    watcher = subprocess.Popen(
        [*prefix, "sh", "-c", WATCHER, "watcher", str(binaries), str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C must not reach it before the tests have ended
        cwd="/",
    )
    server = Server(folder, watcher)
    try:
        _start(prefix, binaries, folder)
    except ServerFailure:
        server.stop()
        raise
    return server


def _start(prefix: Sequence[str], binaries: Path, folder: Path) -> None:
    data, log = folder / "data", folder / "log"
    how = ["--auth=trust", "--encoding=UTF8", f"--locale={_locale()}", "--no-sync"]
    _run([*prefix, f"{binaries}/initdb", "-D", f"{data}", "-U", "postgres", *how], log)
    options = {"unix_socket_directories": str(folder)} | SETTINGS
    (data / "postgresql.auto.conf").write_text(
        "".join(f"{name} = '{value}'\n" for name, value in options.items())
    )
    _run([*prefix, f"{binaries}/pg_ctl", "-D", f"{data}", "-l", f"{log}", "-w", "start"], log)


def create_database(server_url: str, name: str, template: str = "template0") -> str:
    """Create the database `name` as a copy (empty by default) and return its SQLAlchemy URL.

    Files are copied: sending each page through the log, as newer servers do, takes twice as long.
    """
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(template)
    )
    _maintain(server_url, statement, newer=" STRATEGY FILE_COPY")
    return server_url.replace("/postgres?", f"/{name}?")


def drop_database(server_url: str, name: str) -> None:
    """Drop the database `name`, ending the connections that a test left open."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    _maintain(server_url, statement.format(sql.Identifier(name)))


def _maintain(server_url: str, statement: sql.Composed, newer: LiteralString = "") -> None:
    """Executes a statement; `newer` is put behind it from PostgreSQL 15 on."""
    dsn = server_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(dsn, autocommit=True) as connection:
        if connection.info.server_version >= 150_000:
            statement += sql.SQL(newer)
        connection.execute(statement)


def _as_another_user(folder: Path) -> list[str]:
    """The command prefix that leaves root behind, `folder` handed over; empty for others."""
    if os.geteuid() != 0:
        return []
    user = next((u for u in ("postgres", "nobody") if _exists(u)), "nobody")
    account = pwd.getpwnam(user)
    os.chown(folder, account.pw_uid, account.pw_gid)
    if shutil.which("setpriv"):
        ids = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        return ["setpriv", *ids, "--"]
    return ["runuser", "-u", user, "--"]


def _roomy_memory() -> Path | None:
    """The file system in memory, if it is there with room enough."""
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    return MEMORY if usable and shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED else None


def _exists(user: str) -> bool:
    return any(account.pw_name == user for account in pwd.getpwall())


def _locale() -> str:
    """C.UTF-8 where the system has it; macOS has not, and C sorts the same way."""
    return "C" if os.uname().sysname == "Darwin" else "C.UTF-8"


def _version(folder: str) -> list[int]:
    return [int(digits) for digits in "".join(c if c.isdigit() else " " for c in folder).split()]


def _run(command: Sequence[str], log: Path) -> None:
    told = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/"
    )
    if told.returncode != 0:
        said = log.read_text() if log.exists() else ""
        raise ServerFailure(f"PostgreSQL did not start: {told.stdout.strip()}\n{said}".strip())
