"""The first page."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask_appbuilder.views import IndexView, expose
from flask_wtf.csrf import generate_csrf

from engine.permissions.roles import Role
from engine.problems import Refusal
from webapp.api.call import known
from webapp.identity import caller
from webapp.shell import application


class HomeView(IndexView):
    """Who is signed in, and what they may read."""

    @expose("/")
    def index(self) -> Any:
        """The page, or the way to sign in."""
        try:
            found = caller()
        except Refusal:
            return redirect(url_for("SignInView.login"))
        app, actor, locale = application(), found.actor, found.locale
        roles: dict[str, Role] = dict(app.catalog.of("role"))
        objects = [
            (name, definition.plural.in_(locale))
            for name, definition in app.catalog.objects.items()
            if not definition.parent and known(app.gate.lenses.lens(name, actor.roles))
        ]
        return self.render_template(
            "webapp/home.html",
            locale=locale,
            site=app.catalog.site.label.in_(locale),
            person=actor.name,
            roles=[roles[name].label.in_(locale) for name in sorted(actor.roles)],
            objects=objects,
            administers=any(roles[name].administer for name in actor.roles),
            csrf=generate_csrf(),
            languages=[one for one in app.catalog.site.locales if one != locale],
            here=request.path,
        )
