"""Where a role may read a derived value without what it is made of (rule 31).

A rollup, formula or copy is data of the record that it stands in and is read by its own grant.
That is often meant so, sometimes not: `formwright check` says where it is the case. New fields
that a role does not mention stay hidden; roles that ask for it have them listed as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.expressions import Expression
from engine.fieldtypes.link import Collection, Link
from engine.permissions.roles import Grant, Role
from engine.problems import Message, Problem, Text

EXPOSURE = Message(
    "exposure",
    en="role {role} may read {object}.{field} ({kind}) but {lack} {source}, which it is made of",
    zh="角色 {role} 可读 {object}.{field}（{kind}），但{lack}其来源 {source}",
    hint_en="hide the field from the role, or keep it: this is a warning only",
    hint_zh="如非本意，请对该角色隐藏此字段；这只是警告",
)
UNMENTIONED = Message(
    "field-unmentioned",
    en="role {role} does not mention {object}.{field}, which is hidden from it",
    zh="角色 {role} 未提及 {object}.{field}，该字段对其不可见",
    hint_en="write `{field}: none` under `fields`, or grant it",
    hint_zh="请在 `fields` 下写明 `{field}: none`，或授予权限",
)
LACKS = {
    "nothing": Text({"en": "nothing of", "zh": "完全不可读"}),
    "hidden": Text({"en": "not", "zh": "不可读"}),
    "mask": Text({"en": "only the mask of", "zh": "仅可见掩码："}),
    "rows": Text({"en": "not by the same scope", "zh": "可读范围不同："}),
}
KINDS = {
    "rollup": Text({"en": "a rollup", "zh": "汇总"}),
    "formula": Text({"en": "a formula", "zh": "公式"}),
    "copy": Text({"en": "a copy", "zh": "复制"}),
}


@dataclass(frozen=True, slots=True)
class Exposure:
    """A derived field that a role reads, a field that it is made of, and what the role lacks.

    `kind` is "rollup", "formula" or "copy". `lack` is "nothing" (no record of the source may be
    read), "hidden", "mask", or "rows" (the source by another scope).
    """

    role: str
    object: str
    field: str
    kind: str
    source: str
    lack: str

    def problem(self, catalog: Catalog) -> Problem:
        """The warning, at the grant."""
        role: Role = catalog.of("role")[self.role]
        grant = role.grants[self.object]
        place = grant.source.place if grant.source else None
        return EXPOSURE(
            place, role=self.role, object=self.object, field=self.field,
            kind=KINDS[self.kind], lack=LACKS[self.lack], source=self.source,
        )  # fmt: skip


def exposures(catalog: Catalog) -> Iterator[Exposure]:
    """All exposures, by role, object and field."""
    roles: Mapping[str, Role] = catalog.of("role")
    for role in roles.values():
        for grant in role.grants.values():
            if _scope(catalog, role, grant.object) is None:
                continue
            definition = catalog.objects[grant.object]
            for name in grant.fields:
                yield from _of_field(catalog, role, definition, definition.fields[name])


def _of_field(catalog: Catalog, role: Role, definition: Object, field: Field) -> Iterator[Exposure]:
    made = _made_of(definition, field)
    if made is None:
        return
    kind, sources = made
    own = _scope(catalog, role, definition.name)
    for object, name in sorted(sources):
        found = catalog.objects[object].fields.get(name) if object in catalog.objects else None
        if found is None or found.system or isinstance(found.type, Link | Collection):
            continue  # a path to a value, not a value
        grant, scope = role.grants.get(object), _scope(catalog, role, object)
        lack = _lack(grant, scope, name)
        if not lack and object != definition.name and scope not in ("all", own):
            lack = "rows"
        if lack:
            yield Exposure(role.name, definition.name, field.name, kind, f"{object}.{name}", lack)


def _lack(grant: Grant | None, scope: str | None, name: str) -> str:
    if grant is None or scope is None:
        return "nothing"
    if name in grant.masks:
        return "mask"
    return "" if name in grant.fields else "hidden"


def _made_of(definition: Object, field: Field) -> tuple[str, frozenset[tuple[str, str]]] | None:
    """What a derived field is called, and the fields that it reads."""
    found: tuple[str, Expression | None]
    if field.rollup is not None:
        found = ("rollup", field.rollup.expression)
    elif field.copy is not None:
        found = ("copy", field.copy)
    else:
        found = ("formula", field.formula)
    kind, expression = found
    if expression is not None:
        return kind, frozenset(expression.reads)
    return None


def _scope(catalog: Catalog, role: Role, object: str) -> str | None:
    """The rows of the object that the role reads, of lines those of their record; None for none."""
    grant = role.grants.get(object)
    parent = catalog.objects[object].parent_object
    if parent:
        return _scope(catalog, role, parent) if grant is not None and grant.fields else None
    if grant is None or grant.scope("read").nothing:
        return None
    return grant.scope("read").name


def unmentioned(catalog: Catalog, strict: bool = False) -> Iterator[Problem]:
    """Fields that explicit roles do not mention; with `strict`, also other roles without `"*"`."""
    roles: Mapping[str, Role] = catalog.of("role")
    for role in roles.values():
        if not (strict or role.explicit):
            continue
        for grant in role.grants.values():
            node = grant.source.get("fields") if grant.source else None
            if node is None or node.get("*") is not None:
                continue
            for name, field in catalog.objects[grant.object].fields.items():
                covered = field.system or field.attached or field.beside
                named = {name, field.part_of} & {key for key, _ in node.items()}
                if not covered and not named and name != catalog.objects[grant.object].parent:
                    yield UNMENTIONED(node.place, role=role.name, object=grant.object, field=name)
