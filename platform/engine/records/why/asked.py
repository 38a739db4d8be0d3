"""What is asked, and what is known of it: the ground that every finding stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from engine.definition.objects import Field, Object
from engine.permissions.actors import Actor
from engine.permissions.lens import Lens
from engine.records.gate import Gate
from engine.records.why.conditions import Conditions
from engine.records.why.findings import Finding
from engine.records.why.rows import Verdict
from engine.records.why.sight import Sight

WRITING = frozenset(("create", "update", "import", "delete", "restore"))


@dataclass(frozen=True)
class Asked:
    """One question, on one connection.

    `lens` is the object as `subject` sees it, `top` the one whose rows decide: of lines their
    record's. `id` and `verdict` are None where no record is asked about; `top_id` is the record
    whose rows decide. `conditions` and `top_conditions` tell of the record and of that one.
    """

    gate: Gate
    connection: sa.Connection
    sight: Sight
    subject: Actor
    action: str
    definition: Object
    lens: Lens
    top: Lens
    field: Field | None = None
    id: int | None = None
    top_id: int | None = None
    deleted: bool = False
    verdict: Verdict | None = None
    conditions: Conditions | None = None
    top_conditions: Conditions | None = None

    @property
    def row_action(self) -> str:
        """What must be granted on the deciding record: lines are changed with their record."""
        if self.definition.parent and self.action in WRITING:
            return "update"
        return self.action

    @property
    def roles(self) -> frozenset[str]:
        """The roles that grant the action, on the record where one is asked about."""
        found = self.top.allowing(self.row_action)
        if self.verdict is not None and self.row_action in self.verdict.roles:
            found &= self.verdict.granting(self.row_action)
        return found

    @property
    def reading(self) -> frozenset[str]:
        """The roles that show the record; without one, any."""
        found = self.top.allowing("read")
        return found if self.verdict is None else found & self.verdict.granting("read")


Locks = Callable[[Asked], Iterable[Finding]]
"""Finds what keeps everybody, or this person, from an action that roles grant: findings of the
kind `lock`, of which those that bar the way decide."""
