"""What a screen answers when the engine refuses: why, and what to do; as JSON to scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Response, jsonify, request

from engine.problems import Problem, Refusal
from webapp.answers import status_of
from webapp.screens.here import Here
from webapp.screens.rendering import page


def wants_json() -> bool:
    """Whether a script of ours asks."""
    return request.headers.get("Accept", "").startswith("application/json")


def show_refusal(here: Here, refusal: Refusal) -> Response:
    """The refusal as a screen or, for scripts, as JSON by field."""
    status = status_of(refusal.problems)
    sentences = list(dict.fromkeys(here.sentence(problem) for problem in refusal.problems))
    if wants_json():
        return refusal_json(here, refusal, status)
    known = {
        403: ("lock", here.t("no_access"), " ".join(sentences)),
        404: ("map-pin-off", here.t("not_there"), here.t("not_there_text")),
    }
    symbol, title, text = known.get(status, ("circle-alert", here.t("failed"), " ".join(sentences)))
    return page("problem.html", here, status, symbol=symbol, title=title, text=text)


def refusal_json(
    here: Here, refusal: Refusal, status: int = 0, name: Callable[[str], str] = str
) -> Response:
    """The problems for a script; `name` leads from a problem's path to the screen's control."""
    response = jsonify(problems=as_json(here, refusal.problems, name))
    response.status_code = status or status_of(refusal.problems)
    return response


def as_json(
    here: Here, problems: Sequence[Problem], name: Callable[[str], str] = str
) -> list[dict[str, str]]:
    """Problems, each with the control that it is about."""
    return [
        {"field": name(problem.path), "code": problem.code, "message": here.sentence(problem)}
        for problem in problems
    ]
