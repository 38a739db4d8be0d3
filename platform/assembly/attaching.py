"""Documents for mails: made as whoever gets the mail, in that person's language."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from documents.printing import Documents
from documents.rendering import Busy, Renderer
from engine.files import Files
from engine.permissions.actors import Actor
from engine.problems import Refusal
from engine.records.gate import Gate
from engine.records.reading import Reader
from jobs.handlers import Later
from notices.mailing import Attach, Attached

log = logging.getLogger("formwright.mail")

MOST = 10 * 1024 * 1024
"""Bytes of all documents of one mail."""


def attaching(renderer: Renderer, layers: Sequence[Path], store: Files | None = None) -> Attach:
    """What makes the documents of a mail; those that the receiver may not print are left out.

    What it returns raises Later where too many documents are being made. One that cannot be made,
    or that would make the mail larger than `MOST`, is missing: the mail leads to the record, and
    a mail that never comes says nothing at all.
    """

    def attach(
        gate: Gate, actor: Actor, names: Sequence[str], object: str, record: int | None, locale: str
    ) -> Attached:
        if record is None:
            return Attached()
        documents = Documents(Reader(gate), renderer, layers, store)
        labels = {layout.name: layout.label for layout in documents.available(actor, object)}
        files: list[tuple[str, bytes]] = []
        missing: list[str] = []
        left = MOST
        for name in names:
            if name not in labels:
                continue
            about = {"document": name, "record": record}
            try:
                printed = documents.pdf(actor, name, record, locale)
            except Busy as busy:
                raise Later(busy.problems[0]) from None
            except Refusal as refusal:
                why = refusal.problems[0].sentence()
                log.warning("attachment-failed", extra={**about, "why": why})
                missing.append(labels[name].in_(locale))
                continue
            if len(printed.data) > left:
                log.warning("attachment-too-large", extra=about)
                missing.append(labels[name].in_(locale))
                continue
            left -= len(printed.data)
            files.append((printed.file_name, printed.data))
        return Attached(files, missing)

    return attach
