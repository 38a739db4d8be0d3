"""A record on paper: the menu of its documents, and a document in the browser."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Response, request

from documents.messages import IN_BACKGROUND
from documents.rendering import Busy
from webapp.api.documents import get_document
from webapp.printing import ask_for, available, fetched
from webapp.screens.here import Here, here
from webapp.screens.rendering import LANGUAGES, page


@dataclass(frozen=True, slots=True)
class Paper:
    """One document in one language. `label` is in the reader's language."""

    label: str
    locale: str
    language: str
    address: str


def papers(at: Here, object: str, id: int) -> list[Paper]:
    """The documents of a record that the actor may print, in the reader's language first."""
    locales = sorted(at.catalog.site.locales, key=lambda locale: locale != at.locale)
    return [
        Paper(
            label=at.say(layout.label),
            locale=locale,
            language=LANGUAGES.get(locale, locale),
            address=f"/o/{object}/{id}/documents/{layout.name}?{urlencode({'locale': locale})}",
        )
        for layout in available(at.call, object)
        for locale in locales
    ]


def show_document(object: str, id: int, name: str) -> Response:
    """The document as a PDF in the browser; where all processes are busy, later by a notice."""
    at = here()
    try:
        return get_document(at.call, at.object(object).name, str(id), name)
    except Busy:
        if not ask_for(at.call, object, id, name, request.args.get("locale", "")):
            raise
    problem = IN_BACKGROUND()
    title, text = problem.sentence(at.locale), problem.hint(at.locale)
    return page("problem.html", at, 202, symbol="printer", title=title, text=text, why="")


def send_made(id: int) -> Response:
    """A document that was made in the background."""
    return fetched(here().call, id)
