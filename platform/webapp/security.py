"""Flask-AppBuilder's security manager, with its gaps closed (rule 37).

| gap | here |
| --- | --- |
| only the form is limited, nothing is locked | every sign-in counts, in the database (`attempts`) |
| a password change ends no session | sessions, tokens and keys carry a stamp (`accounts`) |
| built-in roles match by the beginning of names | there are none: rights come from the catalog |
| `security-cleanup` deletes permissions of objects | those are left alone |
| roles could be edited on its pages | they can be read there (rule 30) |
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from flask import Flask, Response, current_app, g, redirect, request, session
from flask_appbuilder.exceptions import PasswordComplexityValidationError
from flask_appbuilder.security.api import SecurityApi
from flask_appbuilder.security.forms import LoginForm_db
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.security.utils import is_null_password
from flask_appbuilder.security.views import AuthDBView, RoleModelView
from flask_appbuilder.utils.base import get_safe_redirect
from flask_appbuilder.views import expose
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_current_user,
    jwt_required,
)
from flask_login import login_user, logout_user
from werkzeug.security import check_password_hash

from engine.permissions.roles import Role
from engine.problems import Message, Problem, Refusal
from webapp import messages as say
from webapp.accounts import SHORT_PASSWORD, SHORTEST_PASSWORD, stamp_of
from webapp.answers import answer, problem_answer
from webapp.api.bodies import body_object
from webapp.identity import STAMP_CLAIM
from webapp.keys import same
from webapp.languages import locale_of
from webapp.mirroring import PREFIX
from webapp.noting import note_refused, note_signed_in, note_signed_out
from webapp.sessions import STAMP, open_session, session_user
from webapp.shell import application, shell

OWN_PAGES = re.compile(r"(ResetMyPasswordView|UserInfoEditView)")
"""Pages of Flask-AppBuilder that are about nobody but the one who opens them."""
OWN_ACTIONS = frozenset(("can_userinfo", "resetmypassword", "userinfoedit"))


_CLASSES = (
    "userdbmodelview", "rolemodelview", "groupmodelview", "permissionmodelview",
    "viewmenumodelview", "permissionviewmodelview",
)  # fmt: skip
"""The library's pages whose classes it writes to."""


class ReadOnlyRoles(RoleModelView):
    """Roles can be looked at; what they grant is said in the definitions."""

    base_permissions: ClassVar[list[str]] = ["can_list", "can_show"]


class SignInView(AuthDBView):
    """The sign-in page; signing out takes a form, so that no other site can do it."""

    login_template = "webapp/sign_in.html"

    @expose("/login/", methods=["GET", "POST"])
    def login(self) -> Any:
        """Asks for account and password."""
        if g.user is not None and g.user.is_authenticated:
            return redirect(_next_page())
        form = LoginForm_db()
        problem, status = None, 200
        if form.validate_on_submit():
            try:
                user = sign_in(form.username.data, form.password.data)
            except Refusal as refusal:
                problem = refusal.problems[0]
                status = 429 if problem.code == say.LOCKED_OUT.code else 401
            else:
                enter(user)
                return redirect(_next_page())
        return self.render_template(
            self.login_template, form=form, problem=problem, **page_context()
        ), status

    @expose("/logout/", methods=["GET", "POST"])
    def logout(self) -> Any:
        """Asks whether to sign out, and does it."""
        if request.method == "POST":
            if g.user is not None and g.user.is_authenticated:
                note_signed_out(g.user.id, g.user.username)
            session.clear()
            logout_user()
            return redirect("/login/")
        return self.render_template("webapp/sign_out.html", **page_context())


def _next_page() -> str:
    wanted = request.args.get("next", "")
    return str(get_safe_redirect(wanted)) if wanted else "/"


def page_context() -> dict[str, Any]:
    """What every page of ours needs."""
    app = application()
    locale = locale_of(request, app.catalog.site.locales)
    return {"locale": locale, "site": app.catalog.site.label.in_(locale)}


class SignInApi(SecurityApi):
    """`POST security/login` and `refresh`, with the same limits as the form."""

    csrf_exempt = False  # exempt by what authorises a request, see `app`

    @expose("/login", methods=["POST"])
    def login(self) -> Response:
        """Name and password in, tokens out."""
        given = body_object(request)
        name, password = given.get("username"), given.get("password")
        if not isinstance(name, str) or not isinstance(password, str):
            raise Refusal(say.SIGN_IN_FAILED())
        identity = str(sign_in(name, password).id)
        tokens = {"access_token": create_access_token(identity=identity, fresh=True)}
        if given.get("refresh") is True:
            tokens["refresh_token"] = create_refresh_token(identity=identity)
        return answer(tokens)

    @expose("/refresh", methods=["POST"])
    @jwt_required(refresh=True)
    def refresh(self) -> Response:
        """A refresh token in, an access token out."""
        identity = str(get_current_user().id)
        return answer({"access_token": create_access_token(identity=identity, fresh=False)})


def sign_in(name: str, password: str) -> Any:
    """The user with that name and password.

    Raises Refusal when they do not fit together, in a time that does not tell which of them is
    wrong, and when there were too many attempts.
    """
    manager: Security = current_app.extensions["appbuilder"].sm
    found = shell()
    manager.session.rollback()
    address, now = _address(), found.clock()
    waiting = found.attempts.begin(name[:200], address, now)
    if waiting:
        raise Refusal(say.LOCKED_OUT(seconds=waiting))
    user = manager.auth_user_db(name, password)
    via = "screen" if request.path.startswith("/login") else "api"
    if user is None:
        known = manager.find_user(username=name[:200].replace("\0", "")) is not None
        manager.session.rollback()
        note_refused(name[:200], known, address, via)
        raise Refusal(say.SIGN_IN_FAILED())
    found.attempts.succeeded(name[:200], address, now)
    note_signed_in(user.id, user.username, address, via)
    return user


def check_password(password: str) -> None:
    """Refuses a short password on the library's pages, as everywhere else."""
    if len(password) < SHORTEST_PASSWORD:
        problem = SHORT_PASSWORD(least=SHORTEST_PASSWORD)
        locale = locale_of(request, application().catalog.site.locales)
        raise PasswordComplexityValidationError(problem.sentence(locale))


def enter(user: Any) -> None:
    """Opens a fresh browser session, so that one planted before is worth nothing."""
    found = shell()
    stamp = stamp_of(found.keys, user.id, user.password)
    session.clear()
    login_user(user, remember=False)
    session.permanent = True
    open_session(session, stamp, found.clock())


def _address() -> str:
    """Where the request comes from; a proxy on this very host tells for whom it asks."""
    remote = request.remote_addr or ""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if remote in ("127.0.0.1", "::1", "") and forwarded:
        return forwarded.rpartition(",")[2].strip()[:60]
    return remote


class Security(SecurityManager):
    """Accounts by Flask-AppBuilder, rights by the catalog."""

    security_api = SignInApi
    authdbview = SignInView
    rolemodelview = ReadOnlyRoles
    userstatschartview = None

    def __init__(self, appbuilder: Any) -> None:
        """Gives the pages to this application alone: the library sets up their classes anew with
        each, and would leave every application with the last one's (rule 6).

        Accounts have no files, so there is nothing to download.
        """
        for name in _CLASSES:
            page = getattr(self, name)
            own = {"__module__": page.__module__, "download": None}
            setattr(self, name, type(page.__name__, (page,), own))
        super().__init__(appbuilder)

    def auth_user_db(self, username: str, password: str) -> Any | None:
        """The active user with that name and password, or None."""
        usable = "\0" not in username and not is_null_password(password)
        user = self.find_user(username=username) if username and usable else None
        expected = user.password if user is not None and user.is_active else None
        # an unknown name takes as long as a wrong password
        fake = current_app.config["AUTH_DB_FAKE_PASSWORD_HASH_CHECK"]
        right = check_password_hash(expected or fake, password)
        if not (expected and right):
            self.session.rollback()
            return None
        # writes the statistics, and loads what the answer needs before the session ends
        self.update_user_auth_stat(user, True)
        return user

    def load_user(self, pk: Any) -> Any | None:
        """The user of the browser session, unless the session has ended (`sessions`)."""
        if session_user(session, shell().clock()) != int(pk):
            return None
        return self._stamped(int(pk), str(session.get(STAMP, "")))

    def load_user_jwt(self, _jwt_header: Any, jwt_data: dict[str, Any]) -> Any | None:
        """The user of a token, unless the password has changed since."""
        user = self._stamped(int(jwt_data["sub"]), str(jwt_data.get(STAMP_CLAIM, "")))
        if user is not None:
            g.user = user
        return user

    def _stamped(self, user_id: int, stamp: str) -> Any | None:
        user = self.get_user_by_id(user_id)
        if user is None or not user.is_active:
            return None
        return user if same(stamp, stamp_of(shell().keys, user.id, user.password)) else None

    def create_jwt_manager(self, app: Flask) -> JWTManager:
        """Tokens that carry the stamp, and whose problems are told as all others are."""
        manager = super().create_jwt_manager(app)

        @manager.additional_claims_loader
        def claims(identity: str) -> dict[str, str]:
            user = self.get_user_by_id(int(identity))
            return {STAMP_CLAIM: stamp_of(shell().keys, user.id, user.password)}

        def refused(*_: Any) -> Response:
            return _problem(say.BAD_TOKEN)

        manager.unauthorized_loader(lambda _: _problem(say.NOT_SIGNED_IN))
        for loader in (
            manager.invalid_token_loader,
            manager.expired_token_loader,
            manager.revoked_token_loader,
            manager.user_lookup_error_loader,
            manager.token_verification_failed_loader,
        ):
            loader(refused)
        return manager

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        """Nothing is public."""
        return False

    def _has_view_access(self, user: Any, permission_name: str, view_name: str) -> bool:
        """Rights come from the catalog; the library's pages take the right `administer`."""
        if OWN_PAGES.fullmatch(view_name) or permission_name in OWN_ACTIONS:
            return True
        app = application()
        held = frozenset(role.name for role in self.get_user_roles(user))
        object = view_name.removeprefix(PREFIX)
        if object != view_name:
            if object not in app.catalog.objects:
                return False
            lens = app.gate.lenses.lens(object, frozenset(held & app.catalog.of("role").keys()))
            return lens.may(permission_name.removeprefix("can_"))
        roles: dict[str, Role] = dict(app.catalog.of("role"))
        return any(roles[name].administer for name in held if name in roles)

    def security_cleanup(self, baseviews: Any, menus: Any) -> None:
        """Nothing: what the library takes for unused are the permissions of objects."""


def _problem(message: Message) -> Response:
    problem: Problem = message()
    locale = locale_of(request, application().catalog.site.locales)
    return problem_answer([problem], locale)
