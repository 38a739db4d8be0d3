"""The automations of one revision, sorted by what has to be asked when a record changes.

Sorted once for each revision; an object that no automation is about costs one look-up a batch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from automation.definitions import AUTOMATION, Automation, Trigger
from engine.definition.catalog import Catalog
from engine.records.changes import CREATE, DELETE, RESTORE, UPDATE
from engine.records.gate import Gate

_ACTIONS = {
    "created": (CREATE,),
    "updated": (UPDATE,),
    "deleted": (DELETE,),
    "restored": (RESTORE,),
    "changed": (UPDATE,),
    "transition": (UPDATE,),
    "stage": (CREATE, UPDATE),
}
"""The actions of the gate that can pull a trigger."""


@dataclass(eq=False)
class Rules:
    """What is to be asked about changes of one object by one action."""

    pulled: list[tuple[Automation, tuple[Trigger, ...]]] = field(default_factory=list)
    timed: list[Automation] = field(default_factory=list)


def automations_of(catalog: Catalog) -> Mapping[str, Automation]:
    """All automations by name."""
    return catalog.of(AUTOMATION)


def rules_of(gate: Gate) -> Mapping[tuple[str, str], Rules]:
    """The rules by object and action."""
    found: Mapping[tuple[str, str], Rules] = gate.statements.once(
        AUTOMATION, lambda: sorted_rules(gate.catalog)
    )
    return found


def sorted_rules(catalog: Catalog) -> dict[tuple[str, str], Rules]:
    """The rules of a catalog, by object and action."""
    found: dict[tuple[str, str], Rules] = defaultdict(Rules)
    for automation in automations_of(catalog).values():
        if automation.timer is not None:
            for action in (CREATE, UPDATE, DELETE, RESTORE):
                found[automation.object, action].timed.append(automation)
        for action in (CREATE, UPDATE, DELETE, RESTORE):
            triggers = tuple(t for t in automation.triggers if action in _ACTIONS[t.kind])
            if triggers:
                found[automation.object, action].pulled.append((automation, triggers))
    return dict(found)
