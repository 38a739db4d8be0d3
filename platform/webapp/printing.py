"""Documents over the web: which there are of a record, and their PDFs.

A PDF is made by a process of its own (`documents.rendering`); a web process only waits for it.
"""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

from documents import messages as say
from documents.layouts import Layout
from documents.made import AREA, find
from documents.making import making
from documents.printing import Documents, Printed
from engine.problems import Refusal, Text, did_you_mean
from engine.records import messages as records
from jobs.outbox import put
from webapp.api.call import Call

PDF = "application/pdf"
PATIENCE = 10.0
"""Seconds that somebody waits in front of a screen until the work can begin."""


def documents_of(call: Call) -> Documents:
    """The documents of the request's application."""
    shell = call.shell
    return Documents(call.application.reader, shell.renderer, shell.layers, shell.files)


def available(call: Call, object: str) -> list[Layout]:
    """The documents of the object's records that the actor may print."""
    return documents_of(call).available(call.actor, object)


def printed(call: Call, object: str, record: int, name: str, locale: str = "") -> Response:
    """The document `name` of a record that the actor has read, to be shown in the browser.

    Without a `locale` it is in the language of the answer. Raises Refusal for an unknown
    document, or one that the actor may not print, and when it cannot be made; Busy when no
    rendering process gets free for a while.
    """
    locales = call.application.catalog.site.locales
    if locale and locale not in locales:
        expected = Text.of(" | ".join(locales))
        raise Refusal(records.BAD_QUERY(key="locale", found=locale[:40], expected=expected))
    documents = documents_of(call)
    known = {layout.name for layout in documents.available(call.actor, object)}
    layout = call.application.catalog.of("document").get(name)
    if name not in known and (layout is None or layout.object != object):
        raise Refusal(say.UNKNOWN_DOCUMENT(name=name[:60], best=did_you_mean(name, known)))
    locale = locale or call.locale
    return answer_of(documents.pdf(call.actor, name, record, locale, PATIENCE))


def ask_for(call: Call, object: str, record: int, name: str, locale: str) -> bool:
    """Asks for the document in the background; False for somebody who could not be told."""
    person = call.actor.person
    if person is None:
        return False
    effect = making(name, object, record, person=person, locale=locale or call.locale)
    with call.application.gate.transaction(call.actor) as tx:
        put(tx, [effect])
    return True


def fetched(call: Call, id: int) -> Response:
    """A document that was made for the actor, as long as they may read the record and print it.

    Raises Refusal otherwise, and when it is kept no longer.
    """
    person = call.actor.person
    made = find(call.application.gate, id, person) if person is not None else None
    if made is None:
        raise Refusal(say.GONE())
    call.application.reader.one(call.actor, made.object, made.record)
    documents_of(call).layout(call.actor, made.name)
    files = call.shell.files.area(AREA)
    if not files.has(made.digest):
        raise Refusal(say.GONE())
    with files.open(made.digest) as stream:
        return answer_of(Printed(stream.read(), made.file_name))


def answer_of(document: Printed) -> Response:
    """The PDF, shown in place; its name in the way of RFC 6266 and RFC 5987."""
    response = Response(document.data, content_type=PDF)
    plain = document.file_name.encode("ascii", "ignore").decode().strip(" -")
    fallback = plain if plain.removesuffix(".pdf") else "document.pdf"
    response.headers["Content-Disposition"] = (
        f"inline; filename=\"{fallback}\"; filename*=UTF-8''{quote(document.file_name, safe='')}"
    )
    return response
