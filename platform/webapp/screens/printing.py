"""A record on paper: the menu of its documents, and a document in the browser."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Response

from webapp.api.documents import get_document
from webapp.printing import available
from webapp.screens.here import Here, here
from webapp.screens.rendering import LANGUAGES


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
    """The document as a PDF in the browser."""
    at = here()
    return get_document(at.call, at.object(object).name, str(id), name)
