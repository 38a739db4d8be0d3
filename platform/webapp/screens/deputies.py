"""The page "I am away": who stands in for whom, naming a deputy, taking one back.

It works without scripts. Administrators name deputies of anybody and see all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Response, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.objects import Field
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.choice import Choice, Option
from engine.fieldtypes.date import Date
from engine.fieldtypes.link import Link
from engine.fieldtypes.text import TextType
from engine.permissions.deputies import WHAT
from engine.problems import Problem, Refusal, Text
from engine.records.deputies import (
    NO_PEOPLE,
    Deputy,
    deputies_of,
    may_name_any,
    name_deputy,
    revoke_deputy,
)
from webapp.api.deputies import people_in
from webapp.screens.controls import as_input, control
from webapp.screens.here import Here, here
from webapp.screens.rendering import page

WORDS = {
    "both": Text({"en": "records and approvals", "zh": "记录和审批"}),
    "approvals": Text({"en": "approvals only", "zh": "仅审批"}),
    "rows": Text({"en": "records only", "zh": "仅记录"}),
}
LABELS = {
    "person": Text({"en": "Who is away", "zh": "外出人员"}),
    "deputy": Text({"en": "Deputy", "zh": "代理人"}),
    "from": Text({"en": "From", "zh": "开始日期"}),
    "until": Text({"en": "Up to and including", "zh": "截止日期（含）"}),
    "what": Text({"en": "Stands in for", "zh": "代理范围"}),
    "reason": Text({"en": "Why", "zh": "原因"}),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One deputy as the page shows it. `mine` tells whether the actor can take it back."""

    id: int
    person: str
    deputy: str
    what: str
    days: str
    reason: str
    later: bool
    mine: bool


def show_deputies() -> Response:
    """My deputies, those for whom I stand in, and the form."""
    return _page(here(), (), MultiDict())


def add_deputy() -> AnyResponse:
    """Names the deputy that the form says."""
    at = here()
    typed = {f.name: as_input(at, f, request.form, f.name) for f in _fields(at)}
    given = {name: value for name, value in typed.items() if value not in ("", None)}
    try:
        name_deputy(at.gate, at.actor, given)
    except Refusal as refusal:
        return _page(at, refusal.problems, request.form)
    at.call.shell.actors.look_again()
    return redirect("/deputies", 303)


def end_deputy(n: int) -> AnyResponse:
    """Takes a deputy back."""
    at = here()
    revoke_deputy(at.gate, at.actor, n)
    at.call.shell.actors.look_again()
    return redirect("/deputies", 303)


def _fields(at: Here) -> Iterator[Field]:
    """What the form asks for, as fields that draw and read themselves."""
    people = at.catalog.site.person

    def made(name: str, type_: FieldType, required: bool = False) -> Field:
        return Field(name=name, object=people, type=type_, label=LABELS[name], required=required)

    if may_name_any(at.gate, at.actor):
        yield made("person", Link(to=people), at.actor.person is None)
    yield made("deputy", Link(to=people), True)
    yield made("from", Date())
    yield made("until", Date(), True)
    yield made("what", Choice(options=tuple(Option(name=n, label=WORDS[n]) for n in WHAT)))
    yield made("reason", TextType(max_length=500))


def _page(at: Here, problems: Sequence[Problem], typed: MultiDict[str, str]) -> Response:
    if not at.catalog.site.person:
        raise Refusal(NO_PEOPLE())
    fields = list(_fields(at))
    by_field: dict[str, list[str]] = {}
    for problem in problems:
        path = problem.path if problem.path in {field.name for field in fields} else ""
        by_field.setdefault(path, []).append(at.sentence(problem))
    first = typed or MultiDict({"what": WHAT[0], "from": at.today.isoformat()})
    any_one = may_name_any(at.gate, at.actor)
    mine = _mine(at, any_one)
    others = deputies_of(at.gate, standing_in=at.actor.person) if at.actor.person else []
    return page(
        "deputies.html",
        at,
        422 if problems else 200,
        mine=_lines(at, mine, any_one),
        others=_lines(at, others, any_one),
        any_one=any_one,
        controls=[
            control(at, field, typed=first, problems=by_field.get(field.name, ()))
            for field in fields
        ],
        general=by_field.get("", []),
    )


def _mine(at: Here, any_one: bool) -> list[Deputy]:
    """The actor's own; of administrators everybody's, the next to begin first."""
    if any_one:
        return deputies_of(at.gate)
    return deputies_of(at.gate, [at.actor.person]) if at.actor.person is not None else []


def _lines(at: Here, found: Sequence[Deputy], any_one: bool) -> list[Line]:
    names, day = people_in(at.call, found), Date()
    return [
        Line(
            id=one.id,
            person=names[one.person].title or at.t("restricted"),
            deputy=names[one.deputy].title or at.t("restricted"),
            what=at.say(WORDS[one.what]),
            days=" – ".join(day.format(d, at.locale) for d in (one.from_on, one.until_on)),
            reason=one.reason or "",
            later=one.from_on > at.today,
            mine=any_one or one.person == at.actor.person,
        )
        for one in found
    ]
