"""People as notices need them: as whom they read, who has a role, and in which language.

Accounts live in a higher room, and scenarios have none; whoever assembles a site says how to find
out.
"""

from __future__ import annotations

from collections.abc import Sequence
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
