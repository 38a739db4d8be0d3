"""A small company on a fresh database: the shipped configuration with a few people in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assembly.application import Application, build_application
from assembly.establishing import establish
from engine.permissions.actors import SYSTEM, Actor
from engine.schema.engines import Databases, open_databases
from support.templates import Templates, digest_of

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
NOON = dt.datetime(2026, 3, 16, 4, 0, tzinfo=dt.UTC)
"""Noon of a Monday in Shanghai."""


@dataclass
class Clock:
    """A clock that stands still until it is turned."""

    now: dt.datetime = NOON

    def __call__(self) -> dt.datetime:
        return self.now

    def turn(self, **duration: float) -> None:
        """Moves the clock on (`turn(days=3)`)."""
        self.now += dt.timedelta(**duration)


@dataclass
class Company:
    """An application with two departments, a manager and two representatives.

    chen leads the north with her reports wang and li; zhao works in the south.
    """

    application: Application
    databases: Databases
    clock: Clock
    people: dict[str, int] = field(default_factory=dict)
    departments: dict[str, int] = field(default_factory=dict)

    @property
    def gate(self) -> Any:
        return self.application.gate

    @property
    def reader(self) -> Any:
        return self.application.reader

    def actor(self, name: str, *roles: str) -> Actor:
        """One of the people, with these roles (a representative's by default)."""
        team = {"chen": ("chen", "wang", "li")}.get(name, (name,))
        department = self.departments["south" if name == "zhao" else "north"]
        return Actor(
            person=self.people[name],
            name=name,
            roles=frozenset(roles or ("sales_representative",)),
            department=department,
            team=tuple(self.people[n] for n in team),
            departments=(department,),
        )

    def create(self, actor: Actor, object: str, **values: Any) -> int:
        """Creates one record and returns its id."""
        (change,) = self.gate.create(actor, object, [values])
        return int(change.id)


_templates = Templates()
_facts: dict[str, tuple[dict[str, int], dict[str, int]]] = {}


def make_company(url: str, layers: Sequence[Path] = (CONFIG,)) -> Company:
    """The company on the fresh database at `url`."""
    clock = Clock()
    key = digest_of(layers[0], clock().isoformat(), *map(digest_of, layers[1:]))

    def make(url: str) -> None:
        databases = open_databases(url)
        try:
            company = Company(establish(databases, layers, clock=clock), databases, clock)
            _hire(company)
            _facts[key] = (company.people, company.departments)
        finally:
            databases.dispose()

    _templates.fill(url, key, make)
    databases = open_databases(url)
    people, departments = _facts[key]
    return Company(
        build_application(databases, clock), databases, clock, dict(people), dict(departments)
    )


def _hire(company: Company) -> None:
    for name in ("north", "south"):
        company.departments[name] = company.create(SYSTEM, "department", name=name.title())
    for name, department, manager in (
        ("chen", "north", None), ("wang", "north", "chen"), ("li", "north", "chen"),
        ("zhao", "south", None),
    ):  # fmt: skip
        company.people[name] = company.create(
            SYSTEM,
            "person",
            name=name.title(),
            account=name,
            department=company.departments[department],
            manager=company.people.get(manager or ""),
        )
