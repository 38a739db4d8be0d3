"""The Flask application around a site: made once per process, never changed afterwards.

Flask-AppBuilder brings sign-in, accounts and its administration pages; objects are served by
one generic API (`api.routes`). What a revision is made of hangs on the site's application, which
a request takes once (rules 4 to 6).
"""

from __future__ import annotations

import datetime as dt
import logging
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from flask import Flask, current_app, g, request
from flask_appbuilder import AppBuilder
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.orm import scoped_session, sessionmaker

from assembly.revisions import Site
from engine.files import Files
from engine.records.uploading import FileLimits
from webapp import (
    failures,
    headers,
    noting,
    numbering,
    operations,
    screens,
    studio,
    tracing,
    uploads,
)
from webapp.actors import Actors
from webapp.api.bodies import LARGEST
from webapp.api.routes import BASE, api_blueprint
from webapp.attempts import Attempts
from webapp.identity import SAFE_METHODS, authorised_by_header
from webapp.keys import Keys
from webapp.pages import HomeView
from webapp.screens import importing
from webapp.security import Security, check_password
from webapp.sessions import ABSOLUTE, CookieSessions
from webapp.shell import Shell, attach

ACCESS_TOKEN_LIFETIME = dt.timedelta(minutes=15)
REFRESH_TOKEN_LIFETIME = dt.timedelta(days=7)


def utc_now() -> dt.datetime:
    """The real time."""
    return dt.datetime.now(dt.UTC)


def create_app(
    site: Site,
    secret: str = "",
    *,
    clock: Callable[[], dt.datetime] = utc_now,
    layers: Sequence[Path] = (),
    files: Files | None = None,
    file_limits: FileLimits | None = None,
) -> Flask:
    """The web application of a site.

    `secret` signs sessions, tokens and cursors; all processes of a site need the same one, and
    without one they end with the process. `layers` are the folders of the definitions, lowest
    first: documents find templates and pictures there. `files` keeps what people bring and long
    work makes, in the folder `var/files` unless given. `file_limits` are for uploads.
    """
    keys = Keys(secret or secrets.token_urlsafe(32))
    app = Flask("webapp", static_folder="static", template_folder="templates")
    app.config.from_mapping(_configuration(site, keys))
    app.session_interface = CookieSessions()
    sessions = sessionmaker(site.databases.accounts)
    noting.listen(sessions)
    accounts = scoped_session(sessions, scopefunc=lambda: id(g._get_current_object()))
    attach(
        app,
        Shell(
            site=site,
            keys=keys,
            actors=Actors(site.databases, keys),
            attempts=Attempts(site.databases),
            accounts=accounts,
            clock=clock,
            files=files or Files("var/files", Path.cwd()),
            layers=tuple(layers),
            file_limits=file_limits or FileLimits(),
        ),
    )
    app.teardown_appcontext(lambda _: accounts.remove())
    numbering.install(app)
    tracing.install(app)
    CSRFProtect(app)
    operations.install(app)
    headers.install(app)
    failures.install(app)
    app.before_request(importing.allow_upload)
    app.before_request(uploads.allow_upload)
    app.before_request(_check_csrf)
    # the library tells at length of every view that it registers
    logging.getLogger("flask_appbuilder").setLevel(logging.WARNING)
    with app.app_context():
        AppBuilder(app, accounts, indexview=HomeView, security_manager_class=Security)
        accounts.remove()
    app.register_blueprint(api_blueprint())
    screens.register(app)
    studio.register(app)
    return app


def _configuration(site: Site, keys: Keys) -> dict[str, object]:
    label = site.current.catalog.site.label
    return {
        "APP_NAME": str(label),
        "SECRET_KEY": keys.sign("session", ""),
        "JWT_SECRET_KEY": keys.sign("token", ""),
        "JWT_ACCESS_TOKEN_EXPIRES": ACCESS_TOKEN_LIFETIME,
        "JWT_REFRESH_TOKEN_EXPIRES": REFRESH_TOKEN_LIFETIME,
        "JWT_ALGORITHM": "HS256",
        "JWT_TOKEN_LOCATION": ["headers"],
        "SESSION_COOKIE_NAME": "_".join(filter(None, ("formwright_session", site.name))),
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": ABSOLUTE,
        "MAX_CONTENT_LENGTH": LARGEST,
        "WTF_CSRF_CHECK_DEFAULT": False,  # `_check_csrf` knows what a cookie authorises
        "WTF_CSRF_TIME_LIMIT": None,  # it ends with the session
        "FAB_CREATE_DB": False,
        "FAB_UPDATE_PERMS": False,
        "FAB_ROLES": {},
        "FAB_ADD_SECURITY_PERMISSION_VIEW": False,
        "FAB_ADD_SECURITY_VIEW_MENU_VIEW": False,
        "FAB_ADD_SECURITY_PERMISSION_VIEWS_VIEW": False,
        "FAB_PASSWORD_COMPLEXITY_ENABLED": True,
        "FAB_PASSWORD_COMPLEXITY_VALIDATOR": check_password,
        "AUTH_USER_REGISTRATION": False,
        "BABEL_DEFAULT_LOCALE": site.current.catalog.site.locales[0],
        "LANGUAGES": {
            "en": {"flag": "gb", "name": "English"},
            "zh": {"flag": "cn", "name": "中文"},
        },
    }


def _check_csrf() -> None:
    """Whatever a cookie can authorise needs a token, whoever registered the view.

    The API asks for it where it finds that a cookie authorises the call (`identity`), and
    sign-in by API is authorised by what it carries.
    """
    if request.method in SAFE_METHODS or authorised_by_header(request):
        return
    if request.path.startswith(f"{BASE}/"):
        return
    current_app.extensions["csrf"].protect()
