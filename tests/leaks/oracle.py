"""Who may see which cell, worked out from the roles as they are written, apart from the engine.

The grants come from the YAML files. Which fields an object has, and which are parts of others, is
taken from the catalog: that is structure, not permission. The rules are those of
docs/administrator/permissions.md and permissions-fields.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.fieldtypes.choice import Stage
from engine.fieldtypes.composite import Composite
from engine.fieldtypes.file import File
from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.secret import Secret
from leaks.conditions import Row, holds, words_of

SHOWING = ("read", "write")
UNMASKED = (Collection, Composite, File, Link, Secret, Stage)
"""What takes no mask, as the documentation says."""
NAMED = ("all", "own", "team", "department", "department_and_below", "shared", "none")
Rows = Mapping[str, Mapping[int, Row]]
Cell = tuple[str, int, str]
"""Object, id and field."""
ROW = "@row"
"""Stands for the row itself in the place of a field."""
RESTRICTED = ("restricted",)
"""Stands for a link to a record that may not be seen."""


@dataclass(frozen=True)
class Who:
    """A person, and what the organisation makes of them today."""

    account: str
    person: int
    roles: frozenset[str]
    places: frozenset[int] = frozenset()
    team: frozenset[int] = frozenset()
    below: frozenset[int] = frozenset()
    above: frozenset[int] = frozenset()
    teams: frozenset[int] = frozenset()

    def __str__(self) -> str:
        return f"{self.account} ({'+'.join(sorted(self.roles))})"


@dataclass(frozen=True)
class Shared:
    """A share that counts today: record, holder ("person", 7) and level."""

    object: str
    record: int
    kind: str
    holder: int | str
    level: str


def read_roles(layers: list[Path]) -> dict[str, dict[str, Any]]:
    """The grants of every role file, by role and object."""
    found = {}
    for layer in layers:
        for path in sorted(layer.glob("roles/*.yaml")):
            written = yaml.safe_load(path.read_text(encoding="utf-8"))
            found[written["role"]] = written["grants"]
    return found


@dataclass
class Oracle:
    """The roles over one catalog."""

    catalog: Catalog
    roles: dict[str, dict[str, Any]]
    _levels: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    @cached_property
    def scope_words(self) -> set[str]:
        """All names that some scope reads."""
        found = set[str]()
        for grants in self.roles.values():
            for grant in grants.values():
                for action in ("read", "update", "delete", "export", "restore"):
                    scope = self.scope(grant, action)
                    found |= words_of(scope) if scope not in NAMED else set()
        return found

    def scope(self, grant: Mapping[str, Any], action: str) -> str:
        """What the grant says of the rows of an action."""
        raw = grant.get(action, "none")
        return {True: "all", False: "none", None: "none"}.get(raw, raw)  # type: ignore[no-any-return]

    def levels(self, role: str, object: str) -> dict[str, str]:
        """The level of each field that the role shows or masks."""
        key = (role, object)
        if key not in self._levels:
            self._levels[key] = dict(self._read_levels(role, object))
        return self._levels[key]

    def _read_levels(self, role: str, object: str) -> Iterator[tuple[str, str]]:
        grant = self.roles[role].get(object)
        definition = self.catalog.objects[object]
        if grant is None:
            return
        named = dict(grant.get("fields") or {})
        everything = named.pop("*", "none")
        levels = {}
        for name, found in definition.fields.items():
            if name in named:
                levels[name] = named[name]
            elif found.system:
                levels[name] = "read" if everything in SHOWING else "none"
            elif not found.restricted:
                levels[name] = everything
        _parts(definition, levels, named)
        for name, found in definition.fields.items():
            if found.beside and name not in named:
                above = levels.get(found.beside, "none")
                levels[name] = "read" if above in SHOWING else above
        shown = any(level != "none" for level in levels.values())
        for name, found in definition.fields.items():
            if found.attached and shown and name not in named:
                changes = self.scope(grant, "update") != "none" or grant.get("create") is True
                levels[name] = "write" if changes else "read"
        if shown:
            always = ("id", "version", definition.parent)
            levels |= {n: "read" for n in always if levels.get(n) != "write"}
        for name, level in levels.items():
            found = definition.fields.get(name)
            if found is None or level == "none" or (level == "mask" and _bare(found)):
                continue
            yield name, level

    def may_on_some(self, who: Who, object: str, action: str) -> frozenset[str]:
        """The person's roles that grant the action on whatever rows."""
        definition = self.catalog.objects[object]
        if definition.parent:
            above = self.may_on_some(who, definition.parent_object, action)
            return frozenset(r for r in above if self.levels(r, object))
        if definition.is_view and action not in ("read", "export"):
            return frozenset()
        if definition.is_settings and action in ("delete", "restore"):
            return frozenset()
        return frozenset(
            role
            for role in who.roles
            if object in self.roles[role] and self.scope(self.roles[role][object], action) != "none"
        )


def _bare(found: Field) -> bool:
    return isinstance(found.type, UNMASKED)


def _parts(definition: Object, levels: dict[str, str], named: Mapping[str, str]) -> None:
    for name, parts in definition.wholes.items():
        for part in parts.values():
            if part not in named:
                levels[part] = levels.get(name, "none")
        reached = {levels.get(part, "none") for part in parts.values()}
        levels[name] = next((level for level in ("write", "read") if level in reached), "none")


@dataclass
class Sight:
    """What one person may see of the rows of one world."""

    oracle: Oracle
    who: Who
    rows: Rows
    shares: frozenset[Shared] = frozenset()
    helpers: frozenset[tuple[str, int, int]] = frozenset()
    """Object, record and person of those whom a record names among its members (reading)."""
    _held: dict[tuple[str, str, int, str], bool] = field(default_factory=dict)

    def holds(self, role: str, object: str, id: int, action: str = "read") -> bool:
        """Whether the role grants the action on the row."""
        key = (role, object, id, action)
        if key not in self._held:
            self._held[key] = self._holds(role, object, id, action)
        return self._held[key]

    def _holds(self, role: str, object: str, id: int, action: str) -> bool:
        definition = self.oracle.catalog.objects[object]
        row = self.rows[object][id]
        if definition.parent:
            above = row[definition.parent]
            return bool(self.oracle.levels(role, object)) and self.holds(
                role, definition.parent_object, above, action
            )
        grant = self.oracle.roles[role].get(object)
        scope = "none" if grant is None else self.oracle.scope(grant, action)
        if scope == "none":
            return False
        return self._in_scope(definition, scope, row, id) or self._widened(object, id, action)

    def _in_scope(self, definition: Object, scope: str, row: Row, id: int) -> bool:
        who = self.who
        owner = row["owner"] if "owner" in definition.fields else id
        place = row.get("department")
        match scope:
            case "all":
                return True
            case "shared":
                return False
            case "own":
                return bool(owner == who.person)
            case "team":
                return owner in who.team
            case "department":
                return place is not None and place in who.places
            case "department_and_below":
                return place is not None and place in who.below
        return holds(scope, definition.name, row, who.person, self._follow)

    def _follow(self, object: str, name: str, id: Any) -> tuple[str, Row] | None:
        target = target_of(self.oracle.catalog.objects[object].fields[name])
        row = self.rows[target].get(int(id))
        return None if row is None else (target, row)

    def _widened(self, object: str, id: int, action: str) -> bool:
        if action not in ("read", "update"):
            return False
        who = self.who
        mine: set[tuple[str, int | str]] = {("person", who.person)}
        mine |= {("role", name) for name in who.roles} | {("team", t) for t in who.teams}
        mine |= {("department", d) for d in who.above}
        of_record = [s for s in self.shares if (s.object, s.record) == (object, id)]
        levels = {s.level for s in of_record if (s.kind, s.holder) in mine}
        if action == "update":
            return "write" in levels
        return bool(levels) or (object, id, who.person) in self.helpers

    def row(self, object: str, id: int, action: str = "read") -> bool:
        """Whether the person may do this with the row."""
        return any(self.holds(role, object, id, action) for role in self.who.roles)

    def cell(self, object: str, id: int, name: str) -> bool:
        """Whether the value is seen."""
        return any(
            self.oracle.levels(role, object).get(name) in SHOWING and self.holds(role, object, id)
            for role in self.who.roles
        )

    def mask(self, object: str, id: int, name: str) -> bool:
        """Whether the mask is seen, and not the value."""
        return not self.cell(object, id, name) and any(
            self.oracle.levels(role, object).get(name) == "mask" and self.holds(role, object, id)
            for role in self.who.roles
        )

    def everything(self) -> dict[Cell, Any]:
        """All that the person may see: rows, what may be done with them, values, masks, links."""
        found: dict[Cell, Any] = {}
        for object, rows in self.rows.items():
            fields = self.oracle.catalog.objects[object].fields
            for id, row in rows.items():
                if not self.row(object, id):
                    continue
                found[object, id, ROW] = True
                for action in ("update", "delete", "export"):
                    found[object, id, f"@{action}"] = self.row(object, id, action)
                for name, value in row.items():
                    if self.cell(object, id, name):
                        found[object, id, name] = self._seen(fields[name], value)
                    elif self.mask(object, id, name):
                        found[object, id, name] = masked(fields[name], value)
        return found

    def _seen(self, found: Field, value: Any) -> Any:
        target = target_of(found)
        if not target or value in (None, ()):
            return value
        if isinstance(found.type, Links):
            return tuple(id if self.row(target, id) else RESTRICTED for id in value)
        return value if self.row(target, value) else RESTRICTED


def target_of(found: Field) -> str:
    """The object that a link leads to, or nothing."""
    type_ = found.type
    return type_.to if isinstance(type_, Link | Links) else ""


def masked(found: Field, value: Any) -> Any:
    """What a mask tells of a value."""
    if value is None:
        return None
    shape = found.mask or ("email" if found.type.name == "email" else "last4")
    if not found.type.textual or not isinstance(value, str) or shape == "all":
        return "dots"
    if shape == "first1":
        return value[:1] if len(value) > 1 else "dots"
    if shape == "email":
        at = value.find("@")
        return value[:1] + value[at:] if at > 1 else "dots"
    return value[-4:] if len(value) >= 8 else "dots"
