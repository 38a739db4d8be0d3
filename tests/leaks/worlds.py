"""A site whose database can be put back to what it was, with people who may see different things.

One application serves all worlds of a catalog, one after the other: the database is copied away
when its people are made, and back before each recipe.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask

from assembly.application import build_application
from assembly.establishing import establish
from assembly.revisions import Site
from documents.rendering import PATIENCE, Job, Renderer
from engine.definition.catalog import Catalog
from engine.fieldtypes.link import Collection
from engine.fieldtypes.links import Links
from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.records.query import Query
from engine.records.reading import Linked
from engine.schema.engines import open_databases
from engine.vault import scratch_vault
from leaks.oracle import Oracle, Shared, Who, read_roles
from leaks.recipes import Builder, Built, Step
from webapp import actors, shell
from webapp.accounts import account_tables, add_account
from webapp.app import create_app
from webapp.mirroring import sync_roles

PASSWORD = "a long password"


class Written(Renderer):
    """Gives what a document is made of in the place of the document."""

    def render(self, job: Job, patience: float = PATIENCE) -> bytes:
        return json.dumps({"content": job.content, "assets": [*job.assets]}).encode()


Rows = dict[str, dict[int, dict[str, Any]]]


@dataclass
class Stage:
    """The running site, its people, and the copies of its database."""

    folder: Path
    site: Site
    app: Flask
    files: Files
    oracle: Oracle
    whos: list[Who] = field(default_factory=list)
    holders: dict[str, list[Any]] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    tokens: dict[str, Any] = field(default_factory=dict)

    @property
    def catalog(self) -> Catalog:
        """The definitions."""
        return self.site.current.catalog

    def builder(self) -> Builder:
        """Carries out steps on the database as it is."""
        return Builder(self.site.current.gate, self.site.current.reader, self.files, Built())

    def save(self, name: str) -> None:
        """Copies the database away."""
        self._flush()
        self._copy(self.folder / "live.db", self.folder / f"{name}.db")

    def restore(self, name: str) -> None:
        """Puts a copy back; nothing that the process remembers is left of what was."""
        self._flush()
        self._copy(self.folder / f"{name}.db", self.folder / "live.db")
        self.site.current.gate.numbering._blocks.clear()
        known = self.app.extensions["formwright"].actors
        known._known.clear()
        known.look_again()

    def _flush(self) -> None:
        self.site.databases.accesses.flush()

    def _copy(self, source: Path, target: Path) -> None:
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
            one.backup(other)

    def rows(self) -> Rows:
        """All live records of all objects as the system reads them; links are ids."""
        found: Rows = {}
        reader = self.site.current.reader
        for name, definition in self.catalog.objects.items():
            if definition.is_view:
                continue
            page = reader.page(SYSTEM, name, Query(limit=1_000, sort=("id",)))
            kept = {k for k, field in definition.fields.items() if _is_value(field)}
            found[name] = {
                r.id: {k: _plain(v) for k, v in r.values.items() if k in kept} for r in page.items
            }
        return found


def _is_value(found: Any) -> bool:
    return not isinstance(found.type, Collection) or isinstance(found.type, Links)


def _plain(value: Any) -> Any:
    if isinstance(value, Linked):
        return value.id
    if isinstance(value, list | tuple):
        return tuple(_plain(part) for part in value)
    return value


@contextmanager
def staged(folder: Path, layers: list[Path], bundles: list[tuple[str, ...]]) -> Iterator[Stage]:
    """A site made of the layers, with a person for each bundle of roles and a stranger."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    databases = open_databases(f"sqlite:///{folder / 'live.db'}", vault=scratch_vault())

    def clock() -> dt.datetime:
        return now

    # what is looked at once a second is looked at when `Stage.restore` says so
    actors.LOOK_AGAIN_AFTER = shell.LOOK_AGAIN_AFTER = 1e9
    application = establish(databases, layers, extra=account_tables(), clock=clock)
    with databases.writing() as connection:
        sync_roles(connection, application.catalog)
    site = Site(databases, lambda found, former: build_application(found, clock, former=former))
    files = Files("files", folder)
    app = create_app(site, "a secret of the tests", clock=clock, files=files)
    app.extensions["formwright"].renderer = Written()
    oracle = Oracle(site.current.catalog, read_roles(layers))
    stage = Stage(folder, site, app, files, oracle)
    try:
        _peopled(stage, bundles)
        stage.save("empty")
        yield stage
    finally:
        site.close()


def _peopled(stage: Stage, bundles: list[tuple[str, ...]]) -> None:
    """Departments in a tree, and people who report to each other; the last one is a stranger."""
    gate, site = stage.site.current.gate, stage.catalog.site
    above = {0: None, 1: 0, 2: 0, 3: 1, 4: None}
    places: list[int] = []
    for number, parent in above.items():
        values = {"name": f"Department {number}", "code": f"D{number}"}
        fields = stage.catalog.objects[site.department].fields
        given: dict[str, Any] = {k: v for k, v in values.items() if k in fields}
        if parent is not None:
            given[site.department_parent] = places[parent]
        places.append(_create(gate, site.department, given))
    people: list[int] = []
    bosses = dict[int, int]()
    for number, roles in enumerate((*bundles, ())):
        account = f"user{number}"
        last = number == len(bundles)
        given = {"name": f"Person {number}", site.person_account: account}
        given[site.person_department] = places[4 if last else number % 4]
        if number % 3 and not last:
            bosses[number] = (number - 1) // 2
            given[site.person_manager] = people[bosses[number]]
        people.append(_create(gate, site.person, given))
        if not last:
            with stage.site.databases.writing() as connection:
                add_account(connection, account, PASSWORD, list(roles))
    below = {0: {0, 1, 2, 3}, 1: {1, 3}, 2: {2}, 3: {3}}
    over = {0: {0}, 1: {0, 1}, 2: {0, 2}, 3: {0, 1, 3}}
    teams = _teams(stage, people)
    for number, roles in enumerate(bundles):
        place = number % 4
        stage.whos.append(
            Who(
                account=f"user{number}",
                person=people[number],
                roles=frozenset(roles),
                places=frozenset({places[place]}),
                team=frozenset(people[n] for n in _reports(number, bosses)),
                below=frozenset(places[n] for n in below[place]),
                above=frozenset(places[n] for n in over[place]),
                teams=frozenset(t for t, members in teams.items() if people[number] in members),
            )
        )
    stage.holders = {"person": people[:-1], "department": places[:4], "team": list(teams),
                     "role": sorted({r for roles in bundles for r in roles})}  # fmt: skip
    stage.fixed = frozenset({site.person, site.department, *([site.team] if teams else ())})


def _reports(number: int, bosses: dict[int, int]) -> set[int]:
    found = {number}
    while more := {low for low, high in bosses.items() if high in found} - found:
        found |= more
    return found


def _teams(stage: Stage, people: list[int]) -> dict[int, set[int]]:
    site = stage.catalog.site
    if not site.team or not site.team_members:
        return {}
    relation = site.team_members
    lines = next(f.name for f in stage.catalog.objects[site.team].lines
                 if f.type.of == relation.object)  # fmt: skip
    members = people[1:4]
    given = {"name": "Team", lines: [{relation.of: person} for person in members]}
    return {_create(stage.site.current.gate, site.team, given): set(members)}


def _create(gate: Any, object: str, values: dict[str, Any]) -> int:
    (change,) = gate.create(SYSTEM, object, [values])
    assert change.id is not None
    return int(change.id)


def shares_of(steps: list[Step], built: Built) -> frozenset[Shared]:
    """The shares that the steps made; a later one with the same holder replaces an earlier."""
    found: dict[tuple[str, int, str, Any], str] = {}
    for number, step in enumerate(steps):
        if step.kind != "share" or number in built.refused or step.of is None:
            continue
        kind = next(k for k in step.values if k != "level")
        found[step.object, built.ids[step.of], kind, step.values[kind]] = step.values["level"]
    return frozenset(Shared(*key, level) for key, level in found.items())
