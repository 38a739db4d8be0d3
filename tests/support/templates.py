"""Databases that tests begin with, made once in a process and then copied.

What definitions make of an empty database depends on nothing but the definitions and the time.
So the first test that wants them applies them; what came out is kept and is what every other
test begins with: a copy of the file, or `CREATE DATABASE … TEMPLATE`. That takes a tenth of the
work. Tests of applying itself do not come here.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import sqlalchemy as sa

from support import postgres

KEPT = 6
"""Of each kind in each process; a file's tests run one after the other, and a PostgreSQL database
takes 8 MB of memory."""

_numbers = count(1)


class Templates:
    """The databases that one process keeps, those that were asked for last."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._names: OrderedDict[str, str] = OrderedDict()

    @contextmanager
    def copied(
        self, kind: str, folder: Path, key: str, make: Callable[[str], None]
    ) -> Iterator[str]:
        """The URL of a new database of that kind ("sqlite" in `folder`, or "postgresql").

        It is what `make(url)` made of an empty one, to which it must have closed all connections.
        `key` stands for all that the outcome depends on.
        """
        if kind == "sqlite":
            path = folder / "small.db"
            path.write_bytes(self._file(key, make))
            yield f"sqlite:///{path}"
            return
        template = self._name(key, make)
        with fresh_postgres(template) as url:
            yield url

    def fill(self, url: str, key: str, make: Callable[[str], None]) -> None:
        """The same for the empty database at `url`, to which nobody may be connected."""
        parsed = sa.make_url(url)
        assert parsed.database
        if parsed.drivername.startswith("sqlite"):
            Path(parsed.database).write_bytes(self._file(key, make))
        else:
            template = self._name(key, make)
            postgres.drop_database(_server(), parsed.database)
            postgres.create_database(_server(), parsed.database, template)

    def _file(self, key: str, make: Callable[[str], None]) -> bytes:
        if key not in self._files:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "template.db"
                make(f"sqlite:///{path}")
                with sqlite3.connect(path) as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._files[key] = path.read_bytes()
            if len(self._files) > KEPT:
                self._files.popitem(last=False)
        self._files.move_to_end(key)
        return self._files[key]

    def _name(self, key: str, make: Callable[[str], None]) -> str:
        if key not in self._names:
            server, name = _server(), _new_name("template")
            make(postgres.create_database(server, name))
            self._names[key] = name
            if len(self._names) > KEPT:
                postgres.drop_database(server, self._names.popitem(last=False)[1])
        self._names.move_to_end(key)
        return self._names[key]


@contextmanager
def fresh_postgres(template: str = "template0") -> Iterator[str]:
    """The URL of a new PostgreSQL database, dropped at the end."""
    server, name = _server(), _new_name("small")
    yield postgres.create_database(server, name, template)
    postgres.drop_database(server, name)


def digest_of(folder: Path, *more: str) -> str:
    """A key for the files below `folder`, and for what else counts."""
    found = hashlib.sha256("\0".join(more).encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found.update(f"\0{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return found.hexdigest()


def _server() -> str:
    return os.environ["FORMWRIGHT_TEST_POSTGRES_URL"]


def _new_name(what: str) -> str:
    return f"{what}_{os.environ.get('PYTEST_XDIST_WORKER', 'gw')}_{next(_numbers)}"
