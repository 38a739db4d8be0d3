"""Possible duplicates on forms: a quiet panel while somebody types, and a way to save anyway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify, request

from engine.definition.duplicates import CONFIRM
from engine.matching.finding import Candidate
from engine.matching.messages import POSSIBLE
from engine.matching.searching import search_duplicates
from engine.problems import Problem
from webapp.duplicates import candidates_of
from webapp.screens.drafting import typed_values
from webapp.screens.here import Here, here
from webapp.screens.rendering import fragment


def show_duplicates(object: str) -> Response:
    """What may be the same as what is typed, as a part of the form."""
    at = here()
    definition = at.object(object)
    own = request.args.get("own", "")
    before = at.reader.one(at.actor, object, int(own)) if own.isdigit() and len(own) < 19 else None
    typed = typed_values(at, definition, request.form, before)
    if not definition.duplicates or not typed.values:
        return jsonify(html="")
    known = {} if before is None else _plain(before.values)
    found = search_duplicates(
        at.gate,
        at.actor,
        definition,
        known | typed.values,
        before.id if before else None,
        patient=True,
    )
    return jsonify(html=panel(at, found))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Values as they can be typed: texts, and of linked records the id."""
    found = {name: getattr(value, "id", value) for name, value in values.items()}
    return {name: v for name, v in found.items() if isinstance(v, str | int)}


def confirmation() -> dict[str, Any]:
    """What a form says about duplicates, as input."""
    return {CONFIRM: True} if CONFIRM in request.form else {}


def panel(at: Here, found: Sequence[Candidate], *, confirm: bool = False) -> str:
    """The candidates as HTML; with `confirm` also a button to save in spite of them."""
    if not found and not confirm:
        return ""
    titles = {one.object: at.say(at.catalog.objects[one.object].label) for one in found}
    response = fragment(
        "duplicates.html",
        at,
        candidates=found,
        labels=titles,
        confirm=confirm,
        confirm_name=CONFIRM,
    )
    return response.get_data(as_text=True)


def refused_panel(at: Here, problems: Sequence[Problem]) -> str:
    """The panel for a refusal; empty where it is not about duplicates."""
    if not any("candidates" in problem.args for problem in problems):
        return ""
    confirm = all(problem.code == POSSIBLE.code for problem in problems)
    return panel(at, candidates_of(problems), confirm=confirm)
