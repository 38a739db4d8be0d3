"""What loads Flask-AppBuilder or all that scenarios need, half a second, only once it is needed.

Workers, schedulers and commands on a site are ready that much sooner; most never need it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property

import sqlalchemy as sa

from assembly.publishing import Proposal
from engine.permissions.actors import Actor
from engine.records.gate import Gate
from engine.schema.engines import Databases
from engine.schema.planning import Plan
from engine.schema.state import Rehearsed
from notices.directory import Directory


def account_tables() -> tuple[sa.MetaData, ...]:
    """All tables of accounts (`webapp.tables`)."""
    from webapp.tables import account_tables

    return account_tables()


def mirror_roles(connection: sa.Connection, made: Plan) -> None:
    """Mirrors the roles of what is published (`webapp.mirroring`)."""
    from webapp.mirroring import mirror_roles

    mirror_roles(connection, made)


def rehearse(
    proposed: Proposal, despite: str, telling: Callable[[int, int], object]
) -> Rehearsed | None:
    """Plays the scenarios before publishing (`scenarios.rehearsing`)."""
    from scenarios.rehearsing import rehearse

    return rehearse(proposed, despite, telling)


class LateDirectory(Directory):
    """The directory of accounts, made when the first question comes."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases

    @cached_property
    def _made(self) -> Directory:
        from webapp.directory import AccountDirectory

        return AccountDirectory(self._databases)

    def actor_of(self, gate: Gate, person: int) -> Actor | None:
        return self._made.actor_of(gate, person)

    def people_of(self, gate: Gate, role: str) -> Sequence[int]:
        return self._made.people_of(gate, role)

    def locale_of(self, gate: Gate, person: int) -> str:
        return self._made.locale_of(gate, person)

    def actors_of(self, gate: Gate, people: Collection[int]) -> Mapping[int, Actor]:
        return self._made.actors_of(gate, people)

    def wants_mail(self, gate: Gate, people: Collection[int]) -> set[int]:
        return self._made.wants_mail(gate, people)

    def close(self, gate: Gate, person: int, by: Actor) -> bool:
        return self._made.close(gate, person, by)

    def named(self, gate: Gate, accounts: Collection[str]) -> Mapping[str, int]:
        return self._made.named(gate, accounts)
