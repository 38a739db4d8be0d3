"""The page on which a record is shared: who sees it and why, giving it and taking it back.

It works without scripts: one form gives, a small form beside each share takes it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Response, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.objects import Field, Object
from engine.definition.sharing import Members
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.choice import Choice, Option
from engine.fieldtypes.date import Date
from engine.fieldtypes.link import Link
from engine.fieldtypes.text import TextType
from engine.permissions.roles import Grant, Role
from engine.permissions.sharing import KINDS
from engine.problems import Problem, Refusal, Text
from engine.records.reading import Linked, Record
from engine.records.rights import SCOPES
from engine.records.sharing import (
    KIND_LABELS,
    MAY_NOT_SHARE,
    holder_objects,
    may_share,
    share,
    shareable,
    shares_of,
    unshare,
)
from webapp.api.shares import holders_of
from webapp.screens.controls import as_input, control
from webapp.screens.filters import titled
from webapp.screens.here import Here, here
from webapp.screens.rendering import page

LEVELS = {
    "read": Text({"en": "see it", "zh": "可查看"}),
    "write": Text({"en": "see and change it", "zh": "可查看和修改"}),
}
LABELS = {
    "person": Text({"en": "Person", "zh": "人员"}),
    "team": Text({"en": "Team", "zh": "团队"}),
    "department": Text({"en": "Department", "zh": "部门"}),
    "role": Text({"en": "Role", "zh": "角色"}),
    "level": Text({"en": "They may", "zh": "权限"}),
    "until": Text({"en": "Up to and including", "zh": "截止日期（含）"}),
    "reason": Text({"en": "Why", "zh": "原因"}),
}


@dataclass(frozen=True, slots=True)
class Given:
    """One share as the page shows it. `state` is "", "later" or "over"."""

    id: int
    kind: str
    title: str
    level: str
    days: str
    reason: str
    by: str
    state: str


@dataclass(frozen=True, slots=True)
class Why:
    """Who sees the record besides, and by what."""

    who: str
    why: str


def show_shares(object: str, id: int) -> Response:
    """Who sees the record, and the form to share it."""
    at = here()
    definition, record = _shared(at, object, id)
    return _page(at, definition, record, (), MultiDict())


def add_share(object: str, id: int) -> AnyResponse:
    """Shares the record with whom the form names."""
    at = here()
    definition, record = _shared(at, object, id)
    typed = {f.name: as_input(at, f, request.form, f.name) for f in _fields(at, definition)}
    chosen = request.form.get("kind", "")
    left_out = [kind for kind in KINDS if chosen in KINDS and kind != chosen]
    given = {n: v for n, v in typed.items() if v not in ("", None) and n not in left_out}
    try:
        share(at.gate, at.actor, object, record.id, given)
    except Refusal as refusal:
        return _page(at, definition, record, refusal.problems, request.form)
    return redirect(f"/o/{object}/{record.id}/shares", 303)


def end_share(object: str, id: int, n: int) -> AnyResponse:
    """Takes a share back."""
    at = here()
    _, record = _shared(at, object, id)
    unshare(at.gate, at.actor, object, record.id, n)
    return redirect(f"/o/{object}/{record.id}/shares", 303)


def sharing_of(at: Here, definition: Object, record: Record, updates: bool) -> int | None:
    """How often the record is shared, for its page; None for who may not share it."""
    if definition.sharing is None or not updates:
        return None
    if not may_share(at.gate, at.actor, definition.name, record.id):
        return None
    return len(shares_of(at.gate, definition.name, record.id))


def _shared(at: Here, object: str, id: int) -> tuple[Object, Record]:
    definition = at.object(object)
    record = at.reader.one(at.actor, object, id)
    shareable(at.gate, object)
    if not may_share(at.gate, at.actor, object, record.id):
        raise Refusal(MAY_NOT_SHARE())
    return definition, record


def _fields(at: Here, definition: Object) -> Iterator[Field]:
    """What the form asks for, as fields that draw and read themselves."""
    assert definition.sharing is not None

    def made(name: str, type_: FieldType, label: Text) -> Field:
        return Field(name=name, object=definition.name, type=type_, label=label)

    for kind, target in holder_objects(at.gate).items():
        if at.lens(target).may("read"):
            yield made(kind, Link(to=target), LABELS[kind])
    roles = at.catalog.of("role").values()
    yield made("role", _choice({role.name: role.label for role in roles}), LABELS["role"])
    levels = {level: LEVELS[level] for level in definition.sharing.levels}
    yield made("level", _choice(levels), LABELS["level"])
    yield made("until", Date(), LABELS["until"])
    yield made("reason", TextType(max_length=500), LABELS["reason"])


def _choice(labels: dict[str, Text]) -> Choice:
    return Choice(options=tuple(Option(name=n, label=label) for n, label in labels.items()))


def _page(
    at: Here,
    definition: Object,
    record: Record,
    problems: Sequence[Problem],
    typed: MultiDict[str, str],
) -> Response:
    names = {field.name for field in _fields(at, definition)}
    by_field: dict[str, list[str]] = {}
    for problem in problems:
        path = problem.path if problem.path in names else ""
        by_field.setdefault(path, []).append(at.sentence(problem))
    first = typed or MultiDict({"level": shareable(at.gate, definition.name).levels[0]})
    controls = [
        control(at, field, typed=first, problems=by_field.get(field.name, ()))
        for field in _fields(at, definition)
    ]
    kind = request.form.get("kind", "")
    return page(
        "sharing.html",
        at,
        422 if problems else 200,
        object=definition,
        record=record,
        address=f"/o/{definition.name}/{record.id}",
        title=titled(definition, record.values, record.id),
        shares=_given(at, definition, record),
        others=list(_others(at, definition, record)),
        kinds=[control for control in controls if control.name in KINDS],
        kind=kind if kind in names else "",
        controls=[control for control in controls if control.name not in KINDS],
        general=by_field.get("", []),
    )


def _given(at: Here, definition: Object, record: Record) -> list[Given]:
    shares = shares_of(at.gate, definition.name, record.id)
    names = holders_of(at.call, shares)
    day = Date()

    def name(kind: str, holder: int | str | None) -> str:
        found = names.get((kind, holder))
        return (found.title if found else None) or at.t("restricted")

    result = []
    for one in shares:
        ends = [day.format(d, at.locale) if d else "" for d in (one.from_on, one.until_on)]
        later = one.from_on is not None and one.from_on > at.today
        over = one.until_on is not None and one.until_on < at.today
        result.append(
            Given(
                id=one.id,
                kind=at.say(KIND_LABELS[one.kind]),
                title=name(one.kind, one.holder),
                level=at.say(LEVELS[one.level]),
                days=" – ".join(ends) if any(ends) else "",
                reason=one.reason or "",
                by=name("person", one.by) if one.by is not None else at.t("system"),
                state="over" if over else "later" if later else "",
            )
        )
    return result


def _others(at: Here, definition: Object, record: Record) -> Iterator[Why]:
    """Who sees the record anyway: by roles, and as its members."""
    roles: dict[str, Role] = dict(at.catalog.of("role"))
    for role in roles.values():
        grant: Grant | None = role.grants.get(definition.name)
        scope = grant.scope("read") if grant else None
        if scope is not None and not scope.nothing and scope.name != "shared":
            told = SCOPES.get(scope.name) or Text.of(scope.name)
            yield Why(at.say(role.label), at.say(told))
    members = definition.members
    if members is not None and members.lines in record.values:
        yield from _members(at, definition, members, record)


def _members(at: Here, definition: Object, members: Members, record: Record) -> Iterator[Why]:
    label = at.say(definition.fields[members.lines].label)
    for line in record.values[members.lines] or ():
        person = line.values.get(members.person)
        if isinstance(person, Linked):
            yield Why(person.title or at.t("restricted"), label)
