"""What each role says: its grant, its scope with every condition, other ways, the field's level."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.definition.objects import Field
from engine.permissions.roles import PLAIN_ACTIONS, Grant, Role, Scope
from engine.permissions.ways import ways_of
from engine.problems import Place, Text
from engine.records.rights import SCOPES, VERBS
from engine.records.why.asked import WRITING, Asked
from engine.records.why.findings import LEVELS, Finding, enumerated, every, pair, said, some

_NO_GRANT = pair("no grant on {object}", "未授予“{object}”的权限")
_SCOPE = pair("{action}: {scope}", "{action}：{scope}")
_SEEN = pair("the record is seen", "可看到该记录")
_GRANTED = pair("granted", "已授权")
_NOT_GRANTED = pair("not granted", "未授权")
_FIELD = pair("{field}: {level}", "{field}：{level}")
_LEVELS = {
    "none": pair("hidden", "隐藏"),
    "mask": pair("only a mask of it", "仅掩码"),
    "read": pair("may be read", "可查看"),
    "write": pair("may be written", "可修改"),
}


def role_findings(asked: Asked) -> tuple[Finding, ...]:
    """What each role of the person says of the action, and who lets them see the record at all.

    A finding of a role holds where this role alone grants the action: on its rows, with the field.
    """
    known: Mapping[str, Role] = asked.gate.catalog.of("role")
    roles = [known[name] for name in sorted(asked.subject.roles) if name in known]
    action = asked.row_action
    shown = action == "export"  # what an export shows of a record is what reading shows
    found = [_role(role, _parts(asked, role, action, levels=not shown)) for role in roles]
    if roles and action not in ("read", *PLAIN_ACTIONS):
        seen = [_role(role, _parts(asked, role, "read", levels=shown)) for role in roles]
        holds = some(one.holds for one in seen)
        found.append(Finding("seen", _SEEN, holds, parts=tuple(seen), name="read"))
    return tuple(found)


def _role(role: Role, parts: Iterable[Finding]) -> Finding:
    told = tuple(parts)
    place = role.source.place if role.source else None
    return Finding("role", role.label, every(p.holds for p in told), place, told, name=role.name)


def _parts(asked: Asked, role: Role, action: str, *, levels: bool) -> Iterator[Finding]:
    top = asked.top.definition
    grant = role.grants.get(top.name)
    if grant is None:
        place = role.source.at("grants") if role.source else None
        yield Finding("scope", said(_NO_GRANT, object=top.label), False, place)
        return
    if action in PLAIN_ACTIONS:
        granted = action in grant.allowed
        scope = _GRANTED if granted else _NOT_GRANTED
        text = said(_SCOPE, action=VERBS[action], scope=scope)
        yield Finding("scope", text, granted, _at(grant, action), name=action)
    else:
        yield _rows(asked, grant, action)
    if levels and (asked.definition.parent or asked.field is not None):
        yield _level(asked, role)


def _rows(asked: Asked, grant: Grant, action: str) -> Finding:
    """Whether the role has the record for the action: by its scope, or by another way."""
    scope = grant.scope(action)
    text = said(_SCOPE, action=VERBS[action], scope=_scope_text(scope))
    place = scope.place or _at(grant, action)
    if scope.nothing or asked.verdict is None:
        return Finding("scope", text, not scope.nothing, place, name=action)
    own = _own(asked, asked.verdict.scopes[(grant.role, action)], scope)
    ways = tuple(_ways(asked, action)) if own.holds is not True else ()
    holds = some([own.holds, *(way.holds for way in ways)])
    if not ways:
        return Finding("scope", text, own.holds, place, own.parts, own.values, action)
    parts = (
        Finding("condition", _scope_text(scope), own.holds, place, own.parts, own.values),
        *ways,
    )
    return Finding("scope", text, holds, place, parts, name=action)


def _own(asked: Asked, true: bool, scope: Scope) -> Finding:
    """What the scope alone says of the record, with the values that settle it."""
    conditions = asked.top_conditions
    assert conditions is not None
    if scope.condition is not None:
        return conditions.finding(scope.condition)
    settled = _settled_by(asked, scope)
    told = conditions.reads(*settled)
    values = None
    if settled and told:
        values = enumerated([*(conditions.named(name) for name in settled), conditions.person()])
    return Finding("condition", _scope_text(scope), true if told else None, None, (), values)


def _settled_by(asked: Asked, scope: Scope) -> tuple[str, ...]:
    """The fields that a named scope asks."""
    definition = asked.top.definition
    if scope.name in ("own", "team"):
        return ("owner",) if "owner" in definition.fields else ()
    if scope.name in ("department", "department_and_below"):
        own = "owner" in definition.fields
        return ("department" if own else asked.gate.catalog.site.person_department,)
    return ()


def _ways(asked: Asked, action: str) -> Iterator[Finding]:
    """The other ways to the record, told to whoever may read it."""
    assert asked.verdict is not None and asked.top_id is not None
    seen = asked.sight.sees(asked.top.definition.name, asked.top_id)
    for way in ways_of(asked.top, action):
        true = asked.verdict.ways[(way.name, action)]
        place = asked.top.definition.place(way.key) if way.key else None
        yield Finding("way", way.label, true if seen else None, place, name=way.name)


def _level(asked: Asked, role: Role) -> Finding:
    """The level of the field that the role grants; of lines, that of the lines themselves."""
    grant = role.grants.get(asked.definition.name)
    if grant is None:
        place = role.source.at("grants") if role.source else None
        text = said(_NO_GRANT, object=asked.definition.label)
        return Finding("field", text, False, place, name="none")
    needed = "write" if asked.action in WRITING else "read"
    if asked.field is None:
        levels = [_granted(grant, f) for f in asked.definition.fields.values()]
        level = max(levels, key=LEVELS.index, default="none")
        label, place = asked.definition.label, _at(grant, "fields")
    else:
        level, label = _granted(grant, asked.field), asked.field.label
        place = _field_place(grant, asked.field)
    text = said(_FIELD, field=label, level=_LEVELS[level])
    return Finding("field", text, LEVELS.index(level) >= LEVELS.index(needed), place, name=level)


def _granted(grant: Grant, found: Field) -> str:
    return grant.fields.get(found.name) or ("mask" if found.name in grant.masks else "none")


def _field_place(grant: Grant, found: Field) -> Place | None:
    """Where the field's level was written: under its name, its composite's, or `"*"`."""
    fields = grant.source.get("fields") if grant.source else None
    if fields is None:
        return _at(grant, "fields")
    named = (found.name, found.part_of, found.beside, "*")
    return next((n.place for key in named if key and (n := fields.get(key))), fields.place)


def _scope_text(scope: Scope) -> Text:
    return SCOPES.get(scope.name) or Text.of(" ".join(scope.name.split()))


def _at(grant: Grant, key: str) -> Place | None:
    return grant.source.at(key) if grant.source else None
