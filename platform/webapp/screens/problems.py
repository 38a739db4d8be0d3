"""What a screen answers when the engine refuses: why, and what to do; as JSON to scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, jsonify, request

from engine.problems import Problem, Refusal
from engine.records.messages import STALE
from engine.records.reading import Record
from webapp.answers import status_of
from webapp.screens.duplicates import refused_panel
from webapp.screens.here import Here
from webapp.screens.rendering import page
from webapp.screens.timeline import last_change
from webapp.screens.why import question_here


def wants_json() -> bool:
    """Whether a script of ours asks."""
    return request.headers.get("Accept", "").startswith("application/json")


def show_refusal(here: Here, refusal: Refusal) -> Response:
    """The refusal as a screen or, for scripts, as JSON by field."""
    status = status_of(refusal.problems)
    sentences = list(dict.fromkeys(here.sentence(problem) for problem in refusal.problems))
    if wants_json():
        return refusal_json(here, refusal)
    known = {
        403: ("lock", here.t("no_access"), " ".join(sentences)),
        404: ("map-pin-off", here.t("not_there"), here.t("not_there_text")),
    }
    symbol, title, text = known.get(status, ("circle-alert", here.t("failed"), " ".join(sentences)))
    why = question_here(here) if status in known else ""
    return page("problem.html", here, status, symbol=symbol, title=title, text=text, why=why)


def refusal_json(
    here: Here,
    refusal: Refusal,
    name: Callable[[str], str] = str,
    record: Record | None = None,
    *,
    again: bool = False,
) -> Response:
    """The problems for a script; of a stale change of `record` also whose the other one was.

    `name` leads from a problem's path to the screen's control. `again` says that the form is an
    outdated one: the script has it drawn anew, with what was typed.
    """
    body: dict[str, Any] = {"problems": as_json(here, refusal.problems, name)}
    stale = any(problem.code == STALE.code for problem in refusal.problems)
    if stale and record is not None and (last := last_change(here, record)) is not None:
        body["stale"] = here.t("stale_by", person=last.person, when=last.when)
    if panel := refused_panel(here, refusal.problems):
        body["duplicates"] = panel
    if again:
        body["again"] = True
    response = jsonify(body)
    response.status_code = status_of(refusal.problems)
    return response


def as_json(
    here: Here, problems: Sequence[Problem], name: Callable[[str], str] = str
) -> list[dict[str, str]]:
    """Problems, each with the control that it is about."""
    return [
        {"field": name(problem.path), "code": problem.code, "message": here.sentence(problem)}
        for problem in problems
    ]
