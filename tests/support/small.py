"""Small sites for tests: definitions written in the test, on a real database of its own.

SITE = '''
object: thing
fields:
  name: {type: text}
---
role: reader
grants:
  thing: {read: all, fields: {"*": read}}
'''
with small_site("sqlite", folder, SITE) as site:
    id = site.create("thing", name="a")
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import sqlalchemy as sa

from assembly.application import Application, build_application
from assembly.establishing import establish
from assembly.kinds import KINDS
from engine.loading.loading import Loaded, load
from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Refusal
from engine.records.gate import Gate
from engine.records.query import Query
from engine.records.reading import Page, Reader, Record
from engine.schema.engines import Databases, open_databases
from engine.vault import Vault
from support.sites import Clock
from support.templates import Templates, digest_of, fresh_postgres

KINDS_OF_DATABASE = ("sqlite", "postgresql")
FOLDERS = {
    "object": "objects", "role": "roles", "workflow": "workflows", "approval": "workflows",
    "data": "data", "conversion": "conversions",
}  # fmt: skip
PEOPLE = """
site: Small
currency: CNY
time_zone: Asia/Shanghai
people: {object: person, department: department, manager: manager, account: account}
departments: {object: department, parent: parent}
---
object: department
owned: false
fields:
  name: {type: text, required: true}
  parent: {type: link, to: department, on_delete: clear}
---
object: person
owned: false
fields:
  name: {type: text, required: true}
  account: {type: text, unique: true}
  department: {type: link, to: department}
  manager: {type: link, to: person, on_delete: clear}
"""
"""A site with people in departments, to be put before a test's own definitions."""

_templates = Templates()


@dataclass
class SmallSite:
    """A running application and the shortest ways through its gate."""

    application: Application
    databases: Databases
    clock: Clock

    @property
    def gate(self) -> Gate:
        return self.application.gate

    @property
    def reader(self) -> Reader:
        return self.application.reader

    def create(self, object: str, actor: Actor = SYSTEM, /, **values: Any) -> int:
        """Creates one record and returns its id."""
        (change,) = self.gate.create(actor, object, [values])
        assert change.id is not None
        return change.id

    def update(self, object: str, id: int, actor: Actor = SYSTEM, /, **values: Any) -> Any:
        """Changes one record."""
        return self.gate.update(actor, object, id, values)

    def delete(self, object: str, *ids: int, actor: Actor = SYSTEM) -> None:
        """Moves records to the recycle bin."""
        self.gate.delete(actor, object, ids)

    def restore(self, object: str, *ids: int, actor: Actor = SYSTEM) -> None:
        """Brings them back."""
        self.gate.restore(actor, object, ids)

    def read(self, object: str, id: int, actor: Actor = SYSTEM, *, deleted: bool = False) -> Record:
        """One record with its lines."""
        return self.reader.one(actor, object, id, deleted=deleted)

    def values(self, object: str, id: int, *names: str) -> list[Any]:
        """Some values of a record, of a link its id."""
        record = self.read(object, id)
        found = [record.values[name] for name in names]
        return [getattr(value, "id", value) for value in found]

    def page(self, object: str, actor: Actor = SYSTEM, /, **query: Any) -> Page:
        """A page of a list."""
        return self.reader.page(actor, object, Query(**query))

    def ids(self, object: str, actor: Actor = SYSTEM, /, **query: Any) -> list[int]:
        """The ids of a page."""
        query.setdefault("sort", ("id",))
        query.setdefault("limit", 1_000)
        return [record.id for record in self.page(object, actor, **query).items]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table of the platform, oldest first."""
        source = self.application.tables.system(table)
        with self.databases.reading() as connection:
            found = connection.execute(sa.select(source).order_by(source.c[0])).mappings()
            return [dict(row) for row in found]


def write_files(folder: Path, text: str) -> Path:
    """Writes definitions, separated by `---`, into the files that their head keys name."""
    for part in re.split(r"^---$", dedent(text), flags=re.MULTILINE):
        head = re.match(r"\s*(\w+): *(\w+)", part)
        assert head is not None, part
        kind, name = head.groups()
        path = folder / ("site.yaml" if kind == "site" else f"{FOLDERS[kind]}/{name}.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(part.lstrip("\n"), encoding="utf-8")
    if not (folder / "site.yaml").exists():
        (folder / "site.yaml").write_text("site: Small\ntime_zone: Asia/Shanghai\n")
    return folder


def loaded(folder: Path, text: str) -> Loaded:
    """What loading makes of definitions."""
    return load([write_files(folder, text)], KINDS)


@contextmanager
def fresh_url(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a new empty database of that kind."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'small.db'}"
    else:
        with fresh_postgres() as url:
            yield url


@contextmanager
def small_site(
    kind: str, folder: Path, text: str, *, vault: Vault | None = None
) -> Iterator[SmallSite]:
    """A running site on a database of the kind "sqlite" or "postgresql"."""
    layer, clock = write_files(folder / "layer", text), Clock()

    def make(url: str) -> None:
        databases = open_databases(url, vault=vault)
        try:
            establish(databases, [layer], clock=clock)
        finally:
            databases.dispose()

    keys = "".join(key.raw.hex() for key in vault.keys) if vault else ""
    key = digest_of(layer, clock().isoformat(), keys)
    with _templates.copied(kind, folder, key, make) as url:
        databases = open_databases(url, vault=vault)
        try:
            yield SmallSite(build_application(databases, clock), databases, clock)
        finally:
            databases.dispose()


def codes(action: Callable[[], Any]) -> list[tuple[str, str]]:
    """What `action` is refused with: code and field of each problem; it must be refused."""
    try:
        action()
    except Refusal as refusal:
        return [(problem.code, problem.path) for problem in refusal.problems]
    raise AssertionError("it was not refused")


def refusal(action: Callable[[], Any], locale: str = "en") -> str:
    """The whole text that `action` is refused with."""
    try:
        action()
    except Refusal as found:
        return "\n".join(problem.line(locale) for problem in found.problems)
    raise AssertionError("it was not refused")


def actor(person: int | None, *roles: str, **facts: Any) -> Actor:
    """Somebody with these roles; of their team and departments say `facts`."""
    facts.setdefault("team", () if person is None else (person,))
    return Actor(person=person, roles=frozenset(roles), **facts)


def plain(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Some of a record's values."""
    return {name: values.get(name) for name in names}
