"""Every part in every state on one page: `/styleguide`."""

from __future__ import annotations

from flask import Response

from webapp.screens.here import here
from webapp.screens.rendering import page
from webapp.screens.values import COLOURS


def show_styleguide() -> Response:
    """The page; the switch in the top bar shows it in light and dark."""
    return page("styleguide.html", here(), colours=sorted(COLOURS))
