"""Documents for mails: made as whoever gets the mail, in that person's language."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from documents.printing import Documents
from documents.rendering import Busy, Renderer
from engine.permissions.actors import Actor
from engine.records.gate import Gate
from engine.records.reading import Reader
from jobs.handlers import Later
from notices.mailing import Attach

log = logging.getLogger("formwright.mail")

MOST = 10 * 1024 * 1024
"""Bytes of all documents of one mail."""


def attaching(renderer: Renderer, layers: Sequence[Path]) -> Attach:
    """What makes the documents of a mail; those that the receiver may not print are left out.

    What it returns raises Refusal where a document cannot be made, and Later where too many are
    being made. What would make the mail larger than `MOST` is left out: the mail leads to the
    record, and a mail that no server takes says nothing at all.
    """

    def attach(
        gate: Gate, actor: Actor, names: Sequence[str], object: str, record: int | None, locale: str
    ) -> list[tuple[str, bytes]]:
        if record is None:
            return []
        documents = Documents(Reader(gate), renderer, layers)
        known = {layout.name for layout in documents.available(actor, object)}
        found: list[tuple[str, bytes]] = []
        left = MOST
        for name in names:
            if name not in known:
                continue
            try:
                printed = documents.pdf(actor, name, record, locale)
            except Busy as busy:
                raise Later(busy.problems[0]) from None
            if len(printed.data) > left:
                log.warning("attachment-too-large", extra={"document": name, "record": record})
                continue
            left -= len(printed.data)
            found.append((printed.file_name, printed.data))
        return found

    return attach
