"""Whatever goes wrong becomes an answer that says so: never a traceback, never a bare page."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from engine.problems import Problem, Refusal
from engine.schema.fence import StaleRevision
from engine.tracing import current_trace, new_trace
from webapp import messages as say
from webapp.answers import problem_answer, status_of
from webapp.api.bodies import LARGEST
from webapp.duplicates import told_of
from webapp.languages import locale_of
from webapp.shell import application, shell

log = logging.getLogger("formwright.webapp")

ATTEMPTS = 8
"""How often a request runs again whose revision was replaced before it could write."""
_QUERY_CANCELED = "57014"
"""PostgreSQL's SQLSTATE for a statement that ran into its time limit."""


def install(app: Flask) -> None:
    """Makes these the handlers of the application's errors."""
    app.register_error_handler(Refusal, lambda error: told(error.problems))
    app.register_error_handler(CSRFError, lambda error: told([say.CSRF()]))
    app.register_error_handler(StaleRevision, _again)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeout, lambda error: told([say.BUSY()]))
    app.register_error_handler(Exception, unexpected)


def told(problems: list[Problem] | tuple[Problem, ...]) -> Response:
    """The problems, for programs or for people."""
    locale = _locale()
    if _wants_page():
        page = render_template(
            "webapp/problem.html", problems=problems, locale=locale, status=status_of(problems)
        )
        return make_response(page, status_of(problems))
    response = problem_answer(problems, locale, **told_of(problems, locale))
    waiting = next((p.args["seconds"] for p in problems if "seconds" in p.args), None)
    if waiting is not None:
        response.headers["Retry-After"] = str(waiting)
    return response


def unexpected(error: Exception) -> Response:
    """An error of ours: written to the log under the request's id, which is all one learns here."""
    number = current_trace() or new_trace()
    route = request.url_rule.rule if request.url_rule else "?"
    log.error(
        "error %s in %s %s", number, request.method, route, exc_info=error,
        extra={"event": "unexpected-error"},
    )  # fmt: skip
    return told([say.INTERNAL(id=number)])


def _again(error: StaleRevision) -> Any:
    """Runs the request once more, on the revision that is in force now (rule 4).

    Nothing was written. That holds for every view, whoever registered it. Where revisions follow
    one another it may meet the next one, so it is tried some times.
    """
    g.ran_again = g.get("ran_again", 0) + 1
    if g.ran_again > ATTEMPTS:
        return told([say.CHANGING()])
    try:
        g.application = shell().take_newest()
    except SQLAlchemyError as problem:
        return current_app.handle_user_exception(problem)
    if failed := shell().site.failed:
        return told([say.NOT_BUILT(revision=failed.revision)])
    try:
        return current_app.view_functions[str(request.endpoint)](**(request.view_args or {}))
    except Exception as problem:
        return current_app.handle_user_exception(problem)


def _http(error: HTTPException) -> Any:
    match error.code:
        case 401:
            return told([say.NOT_SIGNED_IN()])
        case 403:
            return told([say.FORBIDDEN_PAGE()])
        case 404:
            return told([say.NO_SUCH_PAGE()])
        case 405:
            response = told([say.BAD_METHOD(method=request.method)])
            response.headers["Allow"] = ", ".join(
                sorted(getattr(error, "valid_methods", None) or ())
            )
            return response
        case 413:
            return told([say.TOO_LARGE(limit=LARGEST)])
        case code if code is not None and 400 <= code < 500:
            return told([say.BAD_REQUEST()])
        case code if code is not None and code < 400:
            return error  # a redirect
    return unexpected(error)


def _database(error: DBAPIError) -> Response:
    state = getattr(error.orig, "sqlstate", None)
    text = str(error.orig)
    if state == _QUERY_CANCELED or text == "interrupted":
        return told([say.TOO_SLOW()])
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        log.warning("database: %s", text.splitlines()[0] if text else type(error.orig).__name__)
        return told([say.BUSY()])
    return unexpected(error)


def _wants_page() -> bool:
    if request.path.startswith(("/api/", "/metrics", "/healthz", "/readyz")):
        return False
    return request.accept_mimetypes.accept_html


def _locale() -> str:
    if "locale" in g:
        return str(g.locale)
    try:
        return locale_of(request, application().catalog.site.locales)
    except Exception:  # no database: the message about that must still be readable
        return "en"
