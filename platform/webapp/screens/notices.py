"""Notices on the screens: the bell of every page, its panel, and the page of all notices."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from notices import bell
from webapp.preferences import keep_mail, wants_mail
from webapp.screens.dates import exact_moment, near_moment
from webapp.screens.here import Here, here
from webapp.screens.home import own_address
from webapp.screens.notices_figure import counted, unread
from webapp.screens.problems import wants_json
from webapp.screens.rendering import fragment, page

LATEST = 8
PAGE = 50
MOST_DIGITS = 18
MADE = {"document": "/documents", "work": "/work", "jobs": "/jobs"}
"""Where things lie that were made for somebody, by the word that the notice of them carries."""


@dataclass(frozen=True, slots=True)
class Line:
    """One notice as it is shown."""

    id: int
    address: str
    icon: str
    object: str
    title: str
    text: str
    unread: bool
    near: str
    exact: str
    moment: str


def show_notices() -> Response:
    """All notices of whoever is signed in, the latest first."""
    at = here()
    after = _number(request.args.get("after", ""))
    found, following = _found(at, PAGE, after)
    with at.application.databases.reading() as connection:
        mail = wants_mail(connection, at.caller.account.id)
    return page(
        "notices.html", at, lines=found, following=following, first=after is None, by_mail=mail
    )


def show_panel() -> Response:
    """The latest notices, for the bell."""
    at = here()
    lines, following = _found(at, LATEST, None)
    return fragment("notices_panel.html", at, lines=lines, more=following is not None)


def show_count() -> Response:
    """How many notices are unread: as a number, and as it is shown."""
    at = here()
    number = unread(at)
    response = jsonify(unread=number, shown=counted(number))
    response.headers["Cache-Control"] = "no-store"
    return response


def open_notice(id: int) -> AnyResponse:
    """Leads to what a notice is about, and marks it as read."""
    at = here()
    person = at.actor.person
    found = bell.one(at.gate, person, id) if person is not None and id < 2**63 else None
    if found is None or person is None:
        return redirect("/notices", 303)
    if found.read_on is None:
        bell.mark_read(at.gate, person, [found.id])
    return redirect(_about(found), 303)


def _about(found: bell.Rung) -> str:
    """Where a notice leads: to what was made, else to its record."""
    word, _, number = found.of.partition(":")
    if word in MADE and number.isdigit():
        return f"{MADE[word]}/{number}"
    return f"/o/{found.object}/{found.record}" if found.object else "/notices"


def read_all() -> AnyResponse:
    """Marks all notices as read."""
    at = here()
    if at.actor.person is not None:
        bell.mark_read(at.gate, at.actor.person)
    if wants_json():
        return jsonify(unread=0, shown="", told=at.t("notices_all_read"))
    return redirect(own_address(request.form.get("back", "/notices")), 303)


def choose_mail() -> AnyResponse:
    """Keeps whether notices come by mail, too."""
    at = here()
    at.gate.before_transaction()
    with at.application.databases.writing() as connection:
        keep_mail(connection, at.caller.account.id, request.form.get("mail") == "yes")
    return redirect("/notices", 303)


def _found(at: Here, limit: int, after: int | None) -> tuple[list[Line], int | None]:
    if at.actor.person is None:
        return [], None
    rung, following = bell.latest(at.gate, at.actor.person, limit, after)
    return [_line(at, one) for one in rung], following


def _line(at: Here, found: bell.Rung) -> Line:
    definition = at.catalog.objects.get(found.object)
    return Line(
        id=found.id,
        address=f"/notices/{found.id}",
        icon=(definition.icon if definition else "") or "bell",
        object=at.say(definition.label) if definition else "",
        title=found.title,
        text=found.text,
        unread=found.read_on is None,
        near=near_moment(found.at, at.now, at.zone, at.locale),
        exact=exact_moment(found.at, at.zone),
        moment=found.at.isoformat(),
    )


def _number(text: str) -> int | None:
    usable = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    return int(text) if usable else None
