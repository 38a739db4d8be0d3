"""What other definitions of roles, scopes and shares would do to the rows that people have.

The state in force and the state that would be are compared per object, action and distinct set of
roles; where the rules differ, the rows that somebody gains or loses are counted (`deltas`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.definition.objects import Field, Object
from engine.permissions.actors import Actor
from engine.permissions.lens import Lens, Lenses
from engine.permissions.roles import PLAIN_ACTIONS, ROW_ACTIONS, Role
from engine.permissions.sharing import NEEDED
from engine.records.gate import Gate
from engine.records.why.budget import Budget
from engine.records.why.crowds import by_roles
from engine.records.why.deltas import Side, gained
from engine.records.why.findings import Delta
from engine.schema.tables import Tables

SECONDS, EACH = 20.0, 3.0
"""How long all counting may take, and each count."""


NO_DELTA = Delta()


@dataclass(frozen=True, slots=True)
class Effect:
    """What changes for people: of an action, the rows that they gain and lose; of a field, that
    its level becomes another one."""

    object: Object
    action: str = ""
    gains: Delta = NO_DELTA
    loses: Delta = NO_DELTA
    field: Field | None = None
    before: str = ""
    after: str = ""
    people: tuple[Actor, ...] = ()


def effects(
    gate: Gate, new: Tables, people: Sequence[Actor], budget: Budget | None = None
) -> list[Effect]:
    """What the catalog of `new` would change for `people`, who can sign in.

    Rows are those of the database as it is; what the new definitions compute or add is not there
    yet, so rules that ask for it are said not to be counted.
    """
    found = list(_Comparison(gate, new, people, budget or Budget(SECONDS, EACH)).effects())
    return sorted(found, key=lambda one: (bool(one.field), one.object.label.in_("en")))


class _Comparison:
    """One comparison of the two states."""

    def __init__(self, gate: Gate, new: Tables, people: Sequence[Actor], budget: Budget) -> None:
        self.gate, self.new, self.budget = gate, new, budget
        self.lenses = Lenses(new.catalog, new, gate.dialect)
        self.renamed = _by_key(gate.catalog.of("role"), new.catalog.of("role"))
        self.groups = by_roles(people)

    def effects(self) -> Iterator[Effect]:
        now = {one.table: one for one in self.gate.catalog.objects.values()}
        for definition in self.new.catalog.objects.values():
            before = now.get(definition.table)
            if before is None or before.is_view or definition.is_view:
                continue
            pairs = [
                (self._lens(self.gate, before, roles), self._later(definition, roles), some)
                for roles, some in self.groups.items()
            ]
            if not definition.parent and not before.parent:
                for action in (*ROW_ACTIONS, *PLAIN_ACTIONS):
                    yield from self._of_action(definition, action, pairs)
            yield from self._of_fields(definition, pairs)

    def _of_action(
        self, definition: Object, action: str, pairs: list[tuple[Lens, Lens, list[Actor]]]
    ) -> Iterator[Effect]:
        gains, loses = Delta(), Delta()
        for before, after, people in pairs:
            if _rule(before, action) == _rule(after, action):
                continue
            if action in PLAIN_ACTIONS:
                gains += _plainly(before, after, action, people)
                loses += _plainly(after, before, action, people)
                continue
            old, new = Side(before, self.gate.tables), Side(after, self.new)
            gains += gained(self.gate, self.budget, old, new, action, people)
            loses += gained(self.gate, self.budget, new, old, action, people)
        if gains or loses:
            yield Effect(definition, action, gains, loses)

    def _of_fields(
        self, definition: Object, pairs: list[tuple[Lens, Lens, list[Actor]]]
    ) -> Iterator[Effect]:
        """Fields whose highest level becomes another one, for whoever reads the object."""
        changed: dict[tuple[str, str, str], list[Actor]] = defaultdict(list)
        for before, after, people in pairs:
            known = {f.column: f.name for f in before.definition.fields.values()}
            for found in definition.fields.values():
                if found.column in known and not found.system:
                    levels = (_level(before, known[found.column]), _level(after, found.name))
                    if levels[0] != levels[1]:
                        changed[(found.name, *levels)].extend(people)
        for (name, old, new), some in changed.items():
            yield Effect(
                definition,
                field=definition.fields[name],
                before=old,
                after=new,
                people=tuple(some),
            )

    def _lens(self, gate: Gate, definition: Object, roles: frozenset[str]) -> Lens:
        return gate.lenses.lens(definition.name, roles)

    def _later(self, definition: Object, roles: frozenset[str]) -> Lens:
        names = frozenset(self.renamed.get(role, role) for role in roles)
        return self.lenses.lens(definition.name, names)


def concerns_permissions(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether plain definitions differ in what decides about rows and fields."""
    if before.get("role", {}) != after.get("role", {}):
        return True
    keys = ("sharing", "members", "owned")
    old, new = before.get("object", {}), after.get("object", {})
    return any(
        [old[name].get(key) for key in keys] != [new[name].get(key) for key in keys]
        for name in old.keys() & new.keys()
    )


def _by_key(before: Mapping[str, Role], after: Mapping[str, Role]) -> dict[str, str]:
    """What roles that keep their key are called then."""
    keys = {role.key or name: name for name, role in after.items()}
    return {n: keys[r.key or n] for n, r in before.items() if (r.key or n) in keys}


def _rule(lens: Lens, action: str) -> tuple[object, ...]:
    """What decides about the rows of an action, to be compared."""
    if not lens.may(action):
        return ()
    if action in PLAIN_ACTIONS:
        return (True,)
    scopes = [
        {g.scope(one).name for g in lens.grants if not g.scope(one).nothing}
        for one in ("read", action)
    ]
    rules = tuple(("all",) if "all" in names else tuple(sorted(names)) for names in scopes)
    definition = lens.definition
    if action not in NEEDED or rules == (("all",), ("all",)):
        return rules
    return (*rules, definition.sharing is not None, repr(definition.members))


def _plainly(before: Lens, after: Lens, action: str, people: Sequence[Actor]) -> Delta:
    if after.may(action) and not before.may(action):
        return replace(Delta(), people=tuple(people))
    return Delta()


def _level(lens: Lens, name: str) -> str:
    if not lens.may("read"):
        return "none"
    if lens.may_read(name):
        return lens.levels[name]
    return "mask" if lens.masking(name) else "none"
