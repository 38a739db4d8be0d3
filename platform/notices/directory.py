"""People as notices need them: as whom they read, who has a role, and in which language.

Accounts live in a higher room, and scenarios have none; whoever assembles a site says how to find
out. A directory that derives from this class need not answer for many people at once; one with
many people should, for a notice to a whole role.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from engine.permissions.actors import Actor
from engine.records.gate import Gate


class Directory(Protocol):
    """What is known of people beyond their records."""

    def actor_of(self, gate: Gate, person: int) -> Actor | None:
        """As whom the person reads, or None for somebody who cannot sign in."""

    def people_of(self, gate: Gate, role: str) -> Sequence[int]:
        """The people with a role who can sign in, by id."""

    def locale_of(self, gate: Gate, person: int) -> str:
        """The language that the person chose, else the site's first."""

    def actors_of(self, gate: Gate, people: Collection[int]) -> Mapping[int, Actor]:
        """As whom these people read; those who cannot sign in are left out."""
        found = {person: self.actor_of(gate, person) for person in people}
        return {person: actor for person, actor in found.items() if actor is not None}

    def wants_mail(self, gate: Gate, people: Collection[int]) -> set[int]:
        """Those of the people who want to get their notices by mail, too."""
        return set(people)

    def close(self, gate: Gate, person: int, by: Actor) -> bool:
        """Closes the person's account, if they have one that may sign in; whether it did."""
        return False

    def named(self, gate: Gate, accounts: Collection[str]) -> Mapping[str, int]:
        """The people behind names to sign in with, as far as there are such accounts."""
        return {}
