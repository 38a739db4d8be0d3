"""The stage: a scratch database with an application on it, set back before every scenario.

The definitions are applied once. Every scenario plays on a copy of what that gave (or of one with
its background's records in it), so that the application, its statements and everything else that
was compiled for it serve all scenarios of a process, and of the processes that are forked from it.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from assembly.application import Application, build_application
from assembly.establishing import establish_loaded
from assembly.revisions import Site
from documents.printing import Documents
from engine.loading.loading import Loaded
from engine.permissions.actors import SYSTEM, Actor
from engine.records.gate import Gate
from engine.records.reading import Reader
from engine.schema.engines import Databases, open_databases
from engine.schema.state import SEED
from engine.vault import scratch_vault
from scenarios.cast import Cast
from scenarios.clock import EPOCH, Clock
from scenarios.later import Afterwards
from scenarios.told import Typist

_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite writes beside a database."""


class Named(NamedTuple):
    """A record that a scenario has a name for."""

    object: str
    id: int


def established(definitions: Loaded, layers: Sequence[Path], folder: Path) -> Stage:
    """A stage for definitions. Raises Refusal with all problems that they have."""

    def build(databases: Databases, clock: Clock) -> Application:
        return establish_loaded(databases, definitions, by="scenarios", clock=clock)

    return Stage(build, layers, folder)


def like(file: Path, layers: Sequence[Path], folder: Path) -> Stage:
    """A stage on a copy of a database that another one has established."""
    shutil.copyfile(file, folder / "stage.db")
    return Stage(build_application, layers, folder)


def _carelessly(connection: Any, record: object) -> None:
    """A scratch database need not outlive a power cut."""
    connection.execute("PRAGMA synchronous=OFF")


@dataclass
class Snapshot:
    """A state that scenarios can begin with: the database, who there is, the names, the time."""

    file: Path
    cast: Cast = field(default_factory=Cast)
    names: dict[str, Named] = field(default_factory=dict)
    now: dt.datetime = EPOCH


class Stage:
    """Where scenarios play, one after the other."""

    def __init__(
        self, build: Callable[[Databases, Clock], Application], layers: Sequence[Path], folder: Path
    ) -> None:
        """Sets the stage up in `folder`: `build` makes the application that plays.

        Documents and files that are imported come from `layers`.
        """
        self.layers = tuple(layers)
        self.folder = folder
        self.file = folder / "stage.db"
        self.clock = Clock()
        self.cast = Cast()
        self.names: dict[str, Named] = {}
        self.renderer = Typist()
        databases = self._databases()
        self.site = Site(databases, lambda one, former: build(one, self.clock))
        self.afterwards = self.fresh_afterwards()
        self.bare = self.snapshot(folder / "bare.db")

    def fresh_afterwards(self) -> Afterwards:
        """Its background work, which knows of nothing yet."""
        return Afterwards(self.site, self.clock, self.cast, self.renderer, self.layers, self.folder)

    def _databases(self) -> Databases:
        """The pools, on the file that is the stage's when they connect, and without its safety."""
        databases = open_databases(f"sqlite:///{self.file}", pool_size=2, vault=scratch_vault())
        for engine in (databases.reads, databases.writes, databases.accounts):
            sa.event.listen(engine, "do_connect", self._connected)
            sa.event.listen(engine, "connect", _carelessly)
        databases.dispose()
        return databases

    def _connected(
        self, dialect: sa.Dialect, record: object, arguments: list[Any], options: dict[str, Any]
    ) -> Any:
        return dialect.connect(str(self.file), *arguments[1:], **options)

    def move(self, folder: Path) -> None:
        """Goes on in another folder: for a process that was forked from the one that made it."""
        self.folder = folder
        self.file = folder / "stage.db"
        self.afterwards = self.fresh_afterwards()

    @property
    def application(self) -> Application:
        """The application that plays."""
        return self.site.current

    @property
    def gate(self) -> Gate:
        """Its gate."""
        return self.site.current.gate

    @property
    def reader(self) -> Reader:
        """Its reader."""
        return self.site.current.reader

    @property
    def documents(self) -> Documents:
        """Its documents."""
        return Documents(self.reader, self.renderer, self.layers)

    def set_back(self, to: Snapshot) -> None:
        """Makes everything as it was in a snapshot."""
        self.site.databases.dispose()
        self._clear(self.file)
        shutil.copyfile(to.file, self.file)
        self.clock.now = to.now
        self.cast.become(to.cast)
        self.names = dict(to.names)
        self.afterwards.begin()

    def snapshot(self, file: Path) -> Snapshot:
        """Keeps the present state, with the database in `file`."""
        self.keep(file)
        return Snapshot(file, self.cast.copy(), dict(self.names), self.clock.now)

    def keep(self, file: Path) -> None:
        """Copies the database to `file`."""
        self.site.databases.dispose()  # whatever is still in the log is in the file after this
        shutil.copyfile(self.file, file)

    def close(self) -> None:
        """Closes and removes the database."""
        self.site.close()
        self._clear(self.file)

    def actor(self, name: str) -> Actor:
        """As whom somebody acts; without a name the system."""
        return self.cast.actor(self.gate, name)

    def id_of(self, word: str, object: str) -> int | None:
        """The record of an object that a word names: one of the scenario, else a seed record."""
        named = self.names.get(word)
        if named is not None and named.object == object:
            return named.id
        table = self.gate.tables.system("fw_key")
        statement = sa.select(table.c.key).where(
            table.c.kind == SEED, table.c.owner == object, table.c.name == word
        )
        with self.site.databases.reading() as connection:
            key = connection.execute(statement).scalar()
        return None if key is None else int(key)

    def address_of(self, name: str) -> str:
        """The mail address in the record of a person."""
        person = self.gate.catalog.site.person
        record = self.reader.one(SYSTEM, person, self.cast.ids[name])
        return str(record.values.get(self.gate.catalog.site.person_email) or "")

    def name_of(self, object: str, id: int | None) -> str:
        """The name that the scenario has for a record, else its object and id."""
        for name, named in self.names.items():
            if named == (object, id):
                return name
        return f"{object} #{id}"

    @staticmethod
    def _clear(file: Path) -> None:
        for ending in ("", *_BESIDE):
            file.with_name(file.name + ending).unlink(missing_ok=True)
