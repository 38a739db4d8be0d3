"""The first page's address, which Flask-AppBuilder wants a view for."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from flask_appbuilder.views import IndexView, expose


class HomeView(IndexView):
    """The address `/`; `webapp.screens` puts the page itself in its place."""

    @expose("/")
    def index(self) -> Any:
        """Without the screens there is only the way to sign in."""
        return redirect(url_for("SignInView.login"))
