"""Which language an answer is written in."""

from __future__ import annotations

from functools import lru_cache

from flask import Request, session
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

PARAMETER = "_l_"
COOKIE_KEY = "locale"


def locale_of(request: Request, locales: tuple[str, ...], preferred: str = "") -> str:
    """The language of the answer, one of `locales`.

    In this order: the parameter `_l_`, the choice made on the screens, `Accept-Language`, the
    account's `preferred` language, the first of the site.
    """
    asked = request.args.get(PARAMETER, "")
    if asked in locales:
        return asked
    if request.cookies and (chosen := session.get(COOKIE_KEY)) in locales:
        return str(chosen)
    header = request.headers.get("Accept-Language", "")
    accepted = _accepted(header[:200], locales) if header else ""
    if accepted:
        return accepted
    return preferred if preferred in locales else locales[0]


@lru_cache(maxsize=256)
def _accepted(header: str, locales: tuple[str, ...]) -> str:
    return parse_accept_header(header, LanguageAccept).best_match(locales) or ""
