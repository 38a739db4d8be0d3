"""Hooks the screens into the Flask application: their addresses, and what all have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Refusal
from webapp.answers import status_of
from webapp.identity import caller
from webapp.screens import assets
from webapp.screens.here import Here
from webapp.screens.lists import show_list
from webapp.screens.problems import show_refusal
from webapp.shell import application

View = Callable[..., AnyResponse]
SIGN_IN = "/login/"

ROUTES: tuple[tuple[str, str, View], ...] = (
    ("GET", "/o/<object>", show_list),
)
"""Method, address and view of every screen."""


def register(app: Flask) -> None:
    """Adds the screens to the application."""
    screens = Blueprint("screens", __name__)
    for method, address, view in ROUTES:
        screens.add_url_rule(
            address, f"{method} {view.__name__}", _with_here(view), methods=[method]
        )
    screens.add_url_rule("/assets/<digest>/<path:name>", "assets", assets.send)
    app.register_blueprint(screens)


def _with_here(view: View) -> View:
    """The view, asked as the person who is signed in; refusals become screens."""

    @wraps(view)
    def run(**arguments: Any) -> AnyResponse:
        try:
            by = caller()
        except Refusal as refusal:
            return _sign_in(refusal)
        g.here = Here(application(), by.actor, by.locale)
        try:
            return view(**arguments)
        except Refusal as refusal:
            return show_refusal(g.here, refusal)

    return run


def _sign_in(refusal: Refusal) -> AnyResponse:
    """People are led to the sign-in and back again; scripts are told."""
    from urllib.parse import quote

    if status_of(refusal.problems) != 401:
        raise refusal
    if request.method == "GET" and "json" not in request.headers.get("Accept", ""):
        return redirect(f"{SIGN_IN}?next={quote(request.full_path.rstrip('?'))}")
    return Response(status=401)
