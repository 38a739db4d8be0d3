"""The addresses of the studio; each asks for the right to administer before anything else."""

from __future__ import annotations

from functools import wraps
from typing import Any

from flask import Blueprint, Flask
from werkzeug.wrappers import Response

from jobs.work import ADMINISTER
from webapp.screens.here import here
from webapp.screens.registering import View, with_here
from webapp.studio import definitions, discarding, editing, following, overview, plans

FILE = "/studio/files/<path:path>"
REVISION = "/studio/revisions/<int:number>"

ROUTES: tuple[tuple[str, str, View], ...] = (
    ("GET", "/studio/", overview.show_overview),
    ("GET", REVISION, overview.show_revision),
    ("GET", f"{REVISION}/back", plans.show_way_back),
    ("POST", f"{REVISION}/back", plans.publish_way_back),
    ("GET", "/studio/definitions", definitions.show_definitions),
    ("GET", "/studio/definitions/<kind>/<name>", definitions.show_definition),
    ("GET", "/studio/new", editing.begin),
    ("GET", FILE, editing.show_editor),
    ("POST", FILE, editing.save),
    ("POST", "/studio/check/<path:path>", editing.check),
    ("GET", "/studio/plan", plans.show_plan),
    ("POST", "/studio/plan", plans.publish_draft),
    ("GET", "/studio/discard", discarding.ask_discard),
    ("POST", "/studio/discard", discarding.discard),
    ("GET", "/studio/publishing/<int:id>", following.show_publishing),
)
"""Method, address and view of every page."""


def register(app: Flask) -> None:
    """Adds the studio to the application."""
    studio = Blueprint("studio", __name__)
    for method, address, view in ROUTES:
        view_function = with_here(_for_administrators(view))
        studio.add_url_rule(address, f"{method} {address}", view_function, methods=[method])
    app.register_blueprint(studio)


def _for_administrators(view: View) -> View:
    """The view for those with the right; others are refused as everywhere else."""

    @wraps(view)
    def run(**arguments: Any) -> Response:
        at = here()
        at.gate.require_right(at.actor, ADMINISTER)
        return view(**arguments)

    return run
