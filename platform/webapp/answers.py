"""Answers as JSON, and problems as RFC 9457 has them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from flask import Response

from engine.problems import Problem

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"

STATUSES: Mapping[str, int] = {
    "not-signed-in": 401,
    "token-not-valid": 401,
    "sign-in-failed": 401,
    "not-found": 404,
    "no-such-page": 404,
    "method-not-allowed": 405,
    "right-missing": 403,
    "not-unique": 409,
    "not-available": 409,
    "duplicate": 409,
    "possible-duplicate": 409,
    "link-gone": 409,
    "still-used": 409,
    "job-key-waits": 409,
    "job-not-retried": 409,
    "job-not-cancelled": 409,
    "job-running": 409,
    "no-such-job": 404,
    "no-work": 404,
    "no-such-conversion": 404,
    "conversion-done": 409,
    "undo-no-batch": 404,
    "undo-batch-runs": 409,
    "undo-under-way": 409,
    "work-file-gone": 404,
    "file-not-kept": 404,
    "no-such-file": 404,
    "may-not-reveal": 403,
    "may-not-share": 403,
    "may-not-name-deputy": 403,
    "no-such-deputy": 404,
    "no-such-share": 404,
    "work-not-now": 409,
    "work-undone": 409,
    "work-results-gone": 404,
    "import-trial-not-done": 409,
    "work-nothing-to-undo": 409,
    "approval-running": 409,
    "approval-decided": 409,
    "approval-ended": 409,
    "stale-version": 412,
    "body-too-large": 413,
    "json-needed": 415,
    "too-many-attempts": 429,
    "internal-error": 500,
    "unknown-document": 404,
    "document-gone": 404,
    "document-not-for-role": 403,
    **dict.fromkeys(
        (
            "unknown-template", "unknown-asset", "large-asset", "template-failed",
            "address-refused", "document-too-slow", "document-too-much-memory",
            "document-too-large", "no-chinese-font", "no-pdf-library", "document-failed",
        ),
        500,
    ),
    "database-busy": 503,
    "document-busy": 503,
    "revision-changing": 503,
    "revision-not-built": 503,
    **dict.fromkeys(
        (
            "bad-request", "csrf-token", "json-syntax", "json-shape", "bad-if-match",
            "bad-idempotency-key", "unknown-parameter", "repeated-parameter",
            "unusable-characters", "bad-query", "expression-syntax", "expression-blank",
            "expression-not-allowed", "expression-too-large",
        ),
        400,
    ),
}  # fmt: skip
"""The HTTP status of each code; `forbidden…` is 403, and whatever else is wrong with input 422."""


def status_of(problems: Sequence[Problem]) -> int:
    """The status that all problems share, else 422."""
    found = {_status(problem.code) for problem in problems}
    return found.pop() if len(found) == 1 else 422


def _status(code: str) -> int:
    return STATUSES.get(code, 403 if code.startswith("forbidden") else 422)


def dumped(value: Any) -> bytes:
    """A value as JSON."""
    try:
        return orjson.dumps(value)
    except TypeError:  # half a surrogate pair, quoted from input in a problem
        return json.dumps(value, separators=(",", ":")).encode()


def answer(value: Any, status: int = 200, **headers: str) -> Response:
    """A JSON answer. Underscores in the names of headers stand for hyphens."""
    response = Response(dumped(value), status, content_type=JSON)
    for name, text in headers.items():
        response.headers[name.replace("_", "-")] = text
    return response


def problem_answer(problems: Sequence[Problem], locale: str, **extra: Any) -> Response:
    """The problems as `application/problem+json`; `extra` are further members."""
    status = status_of(problems)
    first = problems[0]
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": first.code if len({p.code for p in problems}) == 1 else "input-not-valid",
        "detail": " ".join(dict.fromkeys(_sentence(p, locale) for p in problems[:3])),
        "errors": [
            {
                "field": problem.path or None,
                "code": problem.code,
                "message": problem.sentence(locale),
                "hint": problem.hint(locale) or None,
            }
            for problem in problems
        ],
        **extra,
    }
    response = Response(dumped(body), status, content_type=PROBLEM_JSON)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _sentence(problem: Problem, locale: str) -> str:
    text = problem.sentence(locale)
    end = "。" if locale.startswith("zh") else "."
    return text if text.endswith((".", "。", "!", "?", "！", "？")) else text + end
