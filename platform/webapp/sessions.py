"""Browser sessions: a signed cookie that ends when idle, when old, with the password."""

from __future__ import annotations

import datetime as dt
from collections.abc import MutableMapping
from typing import Any

from flask import Flask, has_request_context, request
from flask.sessions import SecureCookieSessionInterface

IDLE = dt.timedelta(hours=12)
ABSOLUTE = dt.timedelta(days=7)
SEEN_EVERY = 60
"""Seconds after which being active is noted again: not every answer needs a new cookie."""

USER, STAMP, SINCE, SEEN = "_user_id", "stamp", "since", "seen"

Session = MutableMapping[str, Any]


class CookieSessions(SecureCookieSessionInterface):
    """Flask's sessions; the cookie is `Secure` whenever the request came by HTTPS."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return bool(has_request_context() and request.is_secure)


def open_session(session: Session, stamp: str, now: dt.datetime) -> None:
    """Notes in a fresh session who signed in and when; everything older must have been dropped."""
    session[STAMP] = stamp
    session[SINCE] = session[SEEN] = int(now.timestamp())


def session_user(session: Session, now: dt.datetime) -> int | None:
    """The id of the account that the session belongs to, if it has not ended."""
    moment = int(now.timestamp())
    try:
        user, since, seen = int(session[USER]), int(session[SINCE]), int(session[SEEN])
    except (KeyError, TypeError, ValueError):
        return None
    if moment - since > ABSOLUTE.total_seconds() or moment - seen > IDLE.total_seconds():
        return None
    if moment - seen > SEEN_EVERY:
        session[SEEN] = moment
    return user
