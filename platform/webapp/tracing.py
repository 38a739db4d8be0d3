"""One id per request, in its log lines, its effects and its answer; and one log line per request.

A proxy in front may give the id as `X-Request-Id`; otherwise one is made. The line names the route
and not the address: what people typed or searched for is no business of a log.
"""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack

from flask import Flask, Response, g, request

from engine.tracing import current_trace, traced

HEADER = "X-Request-Id"
LONGEST_NAME = 60

log = logging.getLogger("formwright.requests")

_QUIET = frozenset(("operations.healthz", "operations.readyz", "operations.metrics"))
"""What monitoring asks every few seconds; told to those who want everything only."""


def install(app: Flask) -> None:
    """Runs every request under an id. To be installed first, so that all else happens within."""
    app.before_request(_begin)
    app.after_request(_answered)
    app.teardown_request(_end)
    app.jinja_env.globals["request_id"] = current_trace


def _begin() -> None:
    g.request_began = time.perf_counter()
    g.request_trace = ExitStack()
    g.request_trace.enter_context(traced(request.headers.get(HEADER, "")))


def _answered(response: Response) -> Response:
    """The answer with its id, after a line about it was written."""
    response.headers[HEADER] = current_trace()
    quiet = request.endpoint in _QUIET or (request.endpoint or "").endswith("static")
    log.log(logging.DEBUG if quiet else logging.INFO, "request", extra=_facts(response))
    return response


def _facts(response: Response) -> dict[str, object]:
    rule = request.url_rule
    found: dict[str, object] = {
        "method": request.method[:10],
        "route": rule.rule if rule is not None else None,
        "status": response.status_code,
        "seconds": round(time.perf_counter() - g.request_began, 4),
    }
    if account := g.get("account"):
        found["account"] = account
    for name in ("object", "record"):
        if value := (request.view_args or {}).get(name):
            found[name] = str(value)[:LONGEST_NAME]
    return found


def _end(error: BaseException | None) -> None:
    if stack := g.pop("request_trace", None):
        stack.close()
