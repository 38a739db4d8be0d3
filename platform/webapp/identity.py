"""Who sends a request: an API key, a token, or the session cookie of a browser.

Flask-AppBuilder's `@protect` is not used on the REST API: it loads the account as ORM objects
and asks the database for each permission (8 to 12 statements a request), and its API keys cost
110 ms. What it means is kept: the same tokens, made by the same sign-in, and the same session;
only that rights come from the catalog (rule 30).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import jwt
import sqlalchemy as sa
from flask import Request, current_app, g, request, session
from jwt.exceptions import PyJWTError

from engine.permissions.actors import Actor
from engine.problems import Refusal
from webapp import messages as say
from webapp.accounts import KEY_PREFIX, key_digest
from webapp.actors import Account
from webapp.keys import same
from webapp.languages import locale_of
from webapp.sessions import STAMP, session_user
from webapp.shell import Shell, application, shell
from webapp.tables import API_KEY

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
STAMP_CLAIM = "stamp"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the account, the actor it acts as, the language of the answer.

    `by` is "key", "token" or "session".
    """

    account: Account
    actor: Actor
    locale: str
    by: str


@dataclass(frozen=True, slots=True)
class _Claim:
    user: int
    stamp: str
    by: str
    read_only: bool = False


def caller() -> Caller:
    """Who sends the current request.

    Raises Refusal for nobody, for tokens and keys that are not valid (any more), for writing
    with a key that may only read, and flask_wtf's CSRFError for writing with a cookie alone.
    """
    found = shell()
    with found.site.databases.reading() as connection:
        claim = _claim(found, connection)
        account = found.actors.account(connection, claim.user)
    if account is None or not same(account.stamp, claim.stamp):
        raise Refusal(say.NOT_SIGNED_IN() if claim.by == "session" else say.BAD_TOKEN())
    if request.method not in SAFE_METHODS:
        if claim.read_only:
            raise Refusal(say.READ_ONLY_KEY())
        if claim.by == "session":
            current_app.extensions["csrf"].protect()
    return as_caller(found, account, claim.by)


def as_caller(found: Shell, account: Account, by: str) -> Caller:
    """The account as the one who asks."""
    app = application()
    locale = locale_of(request, app.catalog.site.locales, account.locale)
    g.locale = locale
    g.account = account.name
    actor = found.actors.actor_for(app, account)
    via = "screen" if by == "session" else "api"
    return Caller(account, replace(actor, locale=locale, via=via), locale, by)


def authorised_by_header(asked: Request) -> bool:
    """Whether the request brings a token or key, so that no cookie authorises it."""
    return "Authorization" in asked.headers


def _claim(found: Shell, connection: sa.Connection) -> _Claim:
    if authorised_by_header(request):
        scheme, _, token = request.headers["Authorization"].partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or not token.isascii():
            raise Refusal(say.BAD_TOKEN())
        if token.startswith(KEY_PREFIX):
            return _key_claim(found, connection, token)
        return _token_claim(token)
    if current_app.config["SESSION_COOKIE_NAME"] in request.cookies:
        user = session_user(session, found.clock())
        if user is not None:
            return _Claim(user, str(session.get(STAMP, "")), "session")
    raise Refusal(say.NOT_SIGNED_IN())


def _key_claim(found: Shell, connection: sa.Connection, token: str) -> _Claim:
    digest = key_digest(found.keys, token)
    row = connection.execute(sa.select(API_KEY).where(API_KEY.c.digest == digest)).first()
    now = found.clock()
    if row is None or row.revoked_on is not None or (row.expires_on and row.expires_on <= now):
        raise Refusal(say.BAD_TOKEN())
    return _Claim(row.user_id, row.stamp, "key", bool(row.read_only))


def _token_claim(token: str) -> _Claim:
    try:
        # as flask_jwt_extended does it, but without decoding everything twice
        claims = jwt.decode(
            token,
            current_app.config["JWT_SECRET_KEY"],
            algorithms=[current_app.config["JWT_ALGORITHM"]],
            options={"require": ["exp", "sub"]},
        )
        if claims.get("type") != "access":
            raise Refusal(say.BAD_TOKEN())
        return _Claim(int(claims["sub"]), str(claims.get(STAMP_CLAIM, "")), "token")
    except (PyJWTError, ValueError):
        raise Refusal(say.BAD_TOKEN()) from None
