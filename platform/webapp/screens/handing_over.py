"""The page on which administrators hand over what somebody who leaves is responsible for.

It works without scripts: the form shows a preview, and starts what it has shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from assembly.handing_over import Foreseen, foresee, hand_over_work, start_hand_over
from engine.definition.objects import Field
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.boolean import Boolean
from engine.fieldtypes.date import Date
from engine.fieldtypes.link import Link, Reference
from engine.problems import Message, Problem, Refusal, Text
from engine.records.audit_listing import people_titles
from exchange.hand_over import HandOver
from webapp.screens.controls import as_input, control
from webapp.screens.here import Here, here
from webapp.screens.rendering import page

ADMINISTER = "administer"
NAMES = ("from", "to", "on", "close")
LABELS = {
    "from": Text({"en": "Who leaves", "zh": "移交人"}),
    "to": Text({"en": "Who takes over", "zh": "接收人"}),
    "on": Text({"en": "On (empty: at once)", "zh": "日期（留空则立即执行）"}),
    "close": Text({"en": "Close the account at the end", "zh": "完成后停用账号"}),
}
NOBODY = Message(
    "hand-over-person",
    en="choose a person",
    zh="请选择人员",
)
PAST = Message(
    "hand-over-day",
    en="this day is over",
    zh="该日期已过",
    hint_en="choose a later one, or leave it empty",
    hint_zh="请选择更晚的日期，或留空",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One field of one object: how many records name the person there."""

    object: str
    field: str
    path: str
    count: str
    ticked: bool


def show_hand_over() -> Response:
    """The empty form."""
    at = here()
    at.gate.require_right(at.actor, ADMINISTER)
    return _page(at, MultiDict({"close": "false"}), None, ())


def take_hand_over() -> AnyResponse:
    """Shows what would move, or starts it."""
    at = here()
    at.gate.require_right(at.actor, ADMINISTER)
    try:
        order, given = _read(at)
        found = foresee(at.gate, at.actor, order)
        if request.form.get("do") != "start":
            return _page(at, request.form, found, ())
        titles = people_titles(at.gate, [order.leaver, order.taker])
        names = (titles.get(order.leaver, ""), titles.get(order.taker, ""))
        work = hand_over_work(at.gate, at.actor, order, names, close=bool(given["close"]))
        number = start_hand_over(at.gate, at.actor, work, given["on"])
    except Refusal as refusal:
        return _page(at, request.form, None, refusal.problems)
    return redirect(f"/work/{number}", 303)


def _fields(at: Here) -> Iterator[Field]:
    """What the form asks for, as fields that draw and read themselves."""
    people = at.catalog.site.person
    types: dict[str, FieldType] = {
        "from": Link(to=people), "to": Link(to=people), "on": Date(), "close": Boolean(),
    }  # fmt: skip
    for name in NAMES:
        required = name in ("from", "to")
        yield Field(
            name=name, object=people, type=types[name], label=LABELS[name], required=required
        )


def _read(at: Here) -> tuple[HandOver, dict[str, Any]]:
    """The order that the form means. Raises Refusal with all that is wrong with it."""
    problems: list[Problem] = []
    given: dict[str, Any] = {}
    for field in _fields(at):
        try:
            read = field.type.read(as_input(at, field, request.form, field.name))
        except Refusal as refusal:
            problems.extend(problem.on(field.name) for problem in refusal.problems)
            continue
        given[field.name] = read
        if field.required:
            given[field.name] = _person(at, field.name, read, problems)
    if given.get("on") is not None and given["on"] < at.today:
        problems.append(PAST().on("on"))
    if problems:
        raise Refusal(*problems)
    also = tuple(
        (object, name)
        for object, found, name in (one.partition(".") for one in request.form.getlist("also"))
        if found
    )
    order = HandOver(leaver=given["from"], taker=given["to"], also=also, locale=at.locale)
    return order, given


def _person(at: Here, name: str, read: Any, problems: list[Problem]) -> int:
    word = read.word if isinstance(read, Reference) else read
    try:
        return at.reader.one(at.actor, at.catalog.site.person, word or 0).id
    except Refusal:
        problems.append(NOBODY().on(name))
        return 0


def _page(
    at: Here, typed: MultiDict[str, str], found: Foreseen | None, problems: Sequence[Problem]
) -> Response:
    by_field: dict[str, list[str]] = {}
    for problem in problems:
        path = problem.path if problem.path in NAMES else ""
        by_field.setdefault(path, []).append(at.sentence(problem))
    return page(
        "hand_over.html",
        at,
        422 if problems else 200,
        controls=[
            control(at, field, typed=typed, problems=by_field.get(field.name, ()))
            for field in _fields(at)
        ],
        general=by_field.get("", []),
        found=found,
        moving=list(_lines(at, found, typed, moving=True)),
        staying=list(_lines(at, found, typed, moving=False)),
    )


def _lines(
    at: Here, found: Foreseen | None, typed: MultiDict[str, str], *, moving: bool
) -> Iterator[Line]:
    ticked = set(typed.getlist("also"))
    for part in found.parts if found else ():
        path = f"{part.object}.{part.field.name}"
        if (part.request is not None and path not in ticked) is moving:
            yield Line(
                object=at.say(at.catalog.objects[part.object].plural),
                field=at.say(part.field.label),
                path=path,
                count=f"{part.count:,}",
                ticked=path in ticked,
            )
