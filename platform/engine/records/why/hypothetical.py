"""Roles as they could be: a grant changed in one place, and the lenses that would follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.definition.catalog import Catalog
from engine.definition.objects import Object
from engine.permissions.lens import Lenses
from engine.permissions.roles import PLAIN_ACTIONS, Grant, Role, Scope
from engine.records.gate import Gate


@dataclass(frozen=True)
class Amendment:
    """What would be written into a role's grant on one object: scopes by action (`true` for plain
    actions), levels by field."""

    role: str
    object: str
    actions: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)

    def yaml(self, grant: Grant | None) -> str:
        """The lines to be written, each with what stands there now."""
        lines = [f"role: {self.role}", "grants:", f"  {self.object}:"]
        for action, scope in self.actions.items():
            lines.append(f"    {action}: {scope}{_was(_scope_now(grant, action))}")
        if self.fields:
            lines.append("    fields:")
        for name, level in self.fields.items():
            now = _level_now(grant, name) if grant else ""
            lines.append(f"      {name}: {level}{_was(now)}")
        return "\n".join(lines)


def amended(gate: Gate, amendment: Amendment) -> Lenses:
    """The lenses of the catalog with the amendment."""
    catalog = gate.catalog
    roles: dict[str, Role] = dict(catalog.of("role"))
    role = roles[amendment.role]
    grant = role.grants.get(amendment.object) or Grant(
        role=role.name, object=amendment.object, scopes={}, allowed=frozenset(), fields={}
    )
    scopes = {a: Scope(s) for a, s in amendment.actions.items() if a not in PLAIN_ACTIONS}
    allowed = {a for a in amendment.actions if a in PLAIN_ACTIONS}
    definition = catalog.objects[amendment.object]
    always = {n: "read" for n in ("id", "version") if n in definition.fields}
    new = replace(
        grant,
        scopes={**grant.scopes, **scopes},
        allowed=grant.allowed | allowed,
        fields={**always, **grant.fields, **amendment.fields},
        masks=grant.masks - amendment.fields.keys(),
    )
    roles[role.name] = replace(role, grants={**role.grants, amendment.object: new})
    return Lenses(catalog.with_others("role", roles), gate.tables, gate.dialect)


def named_scopes(definition: Object, catalog: Catalog) -> tuple[str, ...]:
    """The named scopes that mean something for an object, the narrowest first."""
    site = catalog.site
    if "owner" not in definition.fields and definition.name != site.person:
        return ("all",)
    name = "department" if "owner" in definition.fields else site.person_department
    places = ("department", "department_and_below") if name in definition.fields else ()
    return ("own", "team", *places, "all")


def _scope_now(grant: Grant | None, action: str) -> str:
    if grant is None:
        return ""
    if action in PLAIN_ACTIONS:
        return "true" if action in grant.allowed else "false"
    return " ".join(grant.scope(action).name.split())


def _level_now(grant: Grant, name: str) -> str:
    return "mask" if name in grant.masks else grant.fields.get(name) or "none"


def _was(now: str) -> str:
    return f"  # now: {now}" if now else ""
