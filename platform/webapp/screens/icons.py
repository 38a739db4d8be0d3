"""Icons as inline SVG, by the names that definitions use (Lucide's)."""

from __future__ import annotations

from functools import lru_cache

from lucide import IconDoesNotExist
from lucide.jinja import lucide
from markupsafe import Markup

UNKNOWN = "square-dashed"
"""Drawn for a name that is no icon: a wrong name in a definition never breaks a screen."""


@lru_cache(maxsize=1024)
def icon(name: str, size: int = 16) -> Markup:
    """The icon, decorative: whoever uses it alone labels what it stands on."""
    attributes = {"aria_hidden": "true", "focusable": "false", "class": "icon"}
    for candidate in (name, UNKNOWN):
        try:
            drawn = lucide(candidate, size=size, stroke_width=1.75, **attributes)
        except IconDoesNotExist:
            continue
        return Markup(drawn.replace("\n", ""))
    return Markup("")
