"""Roles: which rows and which fields of each object somebody may see and change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.guarded import attachment_level, check_reveal, read_reveal
from engine.definition.kinds import DefinitionKind, Problems
from engine.definition.messages import UNKNOWN_FIELD, UNKNOWN_OBJECT
from engine.definition.objects import Object
from engine.definition.tree import Node
from engine.definition.viewing_messages import VIEW_GRANT
from engine.expressions import Expression, compile_expression
from engine.expressions.types import Kind, Type
from engine.permissions.limits import FREE, ExportLimits, read_limits
from engine.permissions.masks import MASK, masked_fields
from engine.permissions.sharing import is_widened
from engine.problems import Message, Place, Refusal, Text, did_you_mean

ROW_ACTIONS = ("read", "update", "delete", "restore", "export")
"""Actions that a scope of rows is granted for."""
PLAIN_ACTIONS = ("create", "import")
"""Actions that are granted or not."""
ACTIONS = (*ROW_ACTIONS, *PLAIN_ACTIONS)

NAMED_SCOPES = ("all", "own", "team", "department", "department_and_below", "shared", "none")

NO_OWNER = Message(
    "scope-without-owner",
    en="{object} has no owner, so the scope {scope!r} means nothing here",
    zh="{object} 没有负责人，因此范围 {scope!r} 在此无意义",
    hint_en="use `all`, `none` or an expression",
    hint_zh="请使用 `all`、`none` 或表达式",
)
NO_DEPARTMENT = Message(
    "scope-without-department",
    en="{object} has no department, so the scope {scope!r} means nothing here",
    zh="{object} 没有所属部门，因此范围 {scope!r} 在此无意义",
    hint_en="name the departments in site.yaml, or use another scope",
    hint_zh="请在 site.yaml 中指明部门，或使用其他范围",
)
NOT_SHARED = Message(
    "scope-without-sharing",
    en="{object} is not shared and has no members, so the scope 'shared' means nothing here",
    zh="{object} 未启用共享，也没有成员，因此范围 'shared' 在此无意义",
    hint_en="add `sharing: true` or `members:` to the object",
    hint_zh="请在对象中加上 `sharing: true` 或 `members:`",
)
LINE_GRANT = Message(
    "line-grant",
    en="{object} is part of {parent}: its rows take that object's grant, only `fields` counts here",
    zh="{object} 是 {parent} 的明细：其行沿用该对象的权限，此处只有 `fields` 有效",
    hint_en="remove `{key}`",
    hint_zh="请去掉 `{key}`",
)
NO_FIELDS = Message(
    "grant-without-fields",
    en="the grant on {object} names no fields, so nothing would be visible",
    zh="对 {object} 的授权未指明字段，因此什么都看不到",
    hint_en='add `fields: {{"*": read}}` or the fields one by one',
    hint_zh='请加上 `fields: {{"*": read}}` 或逐个列出字段',
)
EXPLICIT = Message(
    "explicit-role",
    en='the role {role} is explicit, so `"*"` has no place in it',
    zh='角色 {role} 要求逐项授权，不能使用 `"*"`',
    hint_en="name the fields one by one, or remove `explicit`",
    hint_zh="请逐个列出字段，或去掉 `explicit`",
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows: a named scope, or a condition (then `name` is its text)."""

    name: str
    condition: Expression | None = None
    place: Place | None = None

    @property
    def nothing(self) -> bool:
        """Whether it holds no row at all."""
        return self.name == "none"


NONE = Scope("none")


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What one role may do with one object.

    `scopes` by row action, `allowed` the granted plain actions, `fields` the level of each
    field: "read" or "write"; a field that is missing is hidden (default deny). `reveal` are the
    secrets whose value is shown on request, not only their mask; of `masks` only the mask is seen.
    """

    role: str
    object: str
    scopes: Mapping[str, Scope]
    allowed: frozenset[str]
    fields: Mapping[str, str]
    reveal: frozenset[str] = frozenset()
    masks: frozenset[str] = frozenset()
    source: Node | None = field(default=None, compare=False, repr=False)

    def scope(self, action: str) -> Scope:
        """The rows on which `action` is granted."""
        return self.scopes.get(action, NONE)


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role and its grants by object."""

    name: str
    label: Text
    key: str = ""
    grants: Mapping[str, Grant] = field(default_factory=dict)
    historical_import: bool = False
    administer: bool = False
    audit: bool = False
    explicit: bool = False
    watermark: bool = False
    export_limits: ExportLimits = FREE
    source: Node | None = field(default=None, compare=False, repr=False)


def build_role(name: str, node: Node, problems: Problems) -> Role | None:
    """The role from its file; scopes are still text."""
    return Role(
        name=name,
        label=node.text("label") or Text.of(name),
        historical_import=bool(node.plain("historical_import", False)),
        administer=bool(node.plain("administer", False)),
        audit=bool(node.plain("audit", False)),
        explicit=bool(node.plain("explicit", False)),
        watermark=bool(node.plain("watermark", False)),
        export_limits=read_limits(node),
        source=node,
    )


def connect_roles(catalog: Catalog, problems: Problems) -> Catalog:
    """The catalog with the grants of all roles compiled and checked."""
    roles: dict[str, Role] = {}
    for name, role in catalog.of("role").items():
        grants_node = role.source.get("grants") if role.source else None
        grants = {}
        for object_name, node in grants_node.items() if grants_node else ():
            definition = catalog.objects.get(object_name)
            if definition is None:
                best = did_you_mean(object_name, catalog.objects)
                place = node.key_place or node.place
                problems.append(UNKNOWN_OBJECT(place, name=object_name, best=best))
                continue
            grants[object_name] = _grant(name, definition, node, catalog, problems)
        if role.explicit:
            refuse_everything(grants, problems)
        roles[name] = replace(role, grants=grants)
    return catalog.with_others("role", roles)


def refuse_everything(grants: Mapping[str, Grant], problems: Problems) -> None:
    """Explicit roles name every field, so that new ones stay hidden until somebody says more."""
    for grant in grants.values():
        fields = grant.source.get("fields") if grant.source else None
        if fields is not None and fields.get("*") is not None:
            problems.append(EXPLICIT(fields.at("*"), role=grant.role))


def _grant(
    role: str, definition: Object, node: Node, catalog: Catalog, problems: Problems
) -> Grant:
    if definition.parent:
        for key in ACTIONS:
            if node.get(key) is not None:
                problems.append(
                    LINE_GRANT(
                        node.at(key),
                        object=definition.name,
                        parent=definition.parent_object,
                        key=key,
                    )
                )
    scopes = {
        action: _scope(definition, action, child, catalog, problems)
        for action in ROW_ACTIONS
        if (child := node.get(action)) is not None
    }
    levels, masks = _field_levels(definition, node, problems)
    if definition.is_view:
        _check_view(definition, node, problems)
        levels = dict.fromkeys(levels, "read")
    reveal = read_reveal(definition, node, problems)
    check_reveal(node, reveal, levels, problems)
    return Grant(
        role=role,
        object=definition.name,
        scopes=scopes,
        allowed=frozenset(a for a in PLAIN_ACTIONS if node.plain(a, False) is True),
        fields=levels,
        reveal=reveal,
        masks=masks,
        source=node,
    )


def _check_view(definition: Object, node: Node, problems: Problems) -> None:
    """Adds a problem for every action that nobody can carry out on a view."""
    for key in ACTIONS:
        child = node.get(key)
        if child is None or key in ("read", "export") or child.value in (False, None, "none"):
            continue
        problems.append(VIEW_GRANT(child.place, object=definition.name, key=key))


def _scope(
    definition: Object, action: str, node: Node, catalog: Catalog, problems: Problems
) -> Scope:
    raw = node.to_plain()
    word = (
        {True: "all", False: "none", None: "none"}.get(raw, raw)
        if not isinstance(raw, str)
        else raw
    )
    if word in NAMED_SCOPES:
        if word == "shared" and not is_widened(definition):
            problems.append(NOT_SHARED(node.place, object=definition.name))
            return Scope("none", place=node.place)
        if word not in ("all", "shared", "none") and "owner" not in definition.fields:
            # a person's record belongs to that person, so it has these scopes without an owner
            if definition.name != catalog.site.person:
                problems.append(NO_OWNER(node.place, object=definition.name, scope=word))
                return Scope("none", place=node.place)
        if word in ("department", "department_and_below") and not _departments(definition, catalog):
            problems.append(NO_DEPARTMENT(node.place, object=definition.name, scope=word))
            return Scope("none", place=node.place)
        return Scope(word, place=node.place)
    try:
        condition = compile_expression(
            str(word), definition.name, catalog, expected=Type(Kind.BOOLEAN), place=node.place
        )
    except Refusal as refusal:
        problems.extend(refusal.problems)
        return Scope("none", place=node.place)
    return Scope(str(word), condition, node.place)


def _departments(definition: Object, catalog: Catalog) -> bool:
    """Whether the object's records, or the people that they are, stand in a department."""
    name = "department" if "owner" in definition.fields else catalog.site.person_department
    return name in definition.fields


def _field_levels(
    definition: Object, node: Node, problems: Problems
) -> tuple[dict[str, str], frozenset[str]]:
    fields_node = node.get("fields")
    if fields_node is None:
        problems.append(NO_FIELDS(node.key_place or node.place, object=definition.name))
        return {}, frozenset()
    levels: dict[str, str] = {}
    everything = fields_node.plain("*", "none")
    for name, definition_field in definition.fields.items():
        if definition_field.system:  # `"*": write` does not hand out the owner
            levels[name] = "none" if everything in ("none", MASK) else "read"
        elif not definition_field.restricted:
            levels[name] = everything
    for name, child in fields_node.items():
        if name == "*":
            continue
        if name not in definition.fields:
            best = did_you_mean(name, definition.fields)
            place = child.key_place or child.place
            problems.append(UNKNOWN_FIELD(place, object=definition.name, name=name, best=best))
            continue
        levels[name] = child.to_plain()
    _level_parts(definition, levels, fields_node)
    _level_beside(definition, levels, fields_node)
    attachment_level(definition, node, levels)
    if any(level != "none" for level in levels.values()):
        # a record that is visible at all can be referred to, and changed from its version; a line
        # is only ever seen with the record that it belongs to
        levels |= {n: "read" for n in ("id", "version") if n in definition.fields}
        if definition.parent and levels.get(definition.parent) != "write":
            levels[definition.parent] = "read"
    masks = masked_fields(definition, levels, fields_node, problems)
    return {n: level for n, level in levels.items() if level in ("read", "write")}, masks


def _level_parts(definition: Object, levels: dict[str, str], named: Node) -> None:
    """Parts that are not named have their composite's level; it has the highest of its parts'."""
    for name, parts in definition.wholes.items():
        of_whole = levels.get(name, "none")
        for part in parts.values():
            if named.get(part) is None:
                levels[part] = of_whole
        reached = {levels.get(part, "none") for part in parts.values()}
        levels[name] = next((level for level in ("write", "read") if level in reached), "none")


def _level_beside(definition: Object, levels: dict[str, str], named: Node) -> None:
    """What stands beside a field and is not named is read by whoever sees the field."""
    for name, found in definition.fields.items():
        if found.beside and named.get(name) is None:
            above = levels.get(found.beside, "none")
            levels[name] = above if above in ("none", MASK) else "read"


def roles_of(catalog: Catalog) -> Mapping[str, Any]:
    """All roles by name."""
    return catalog.of("role")


ROLE_KIND = DefinitionKind("role", "roles", "role.schema.json", build_role, connect_roles)
