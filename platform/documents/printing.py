"""Documents from the outside: which there are for somebody, and their PDFs.

`Documents(reader, renderer, layers).pdf(actor, "delivery_note", "DN-2026-00012", "zh")` gives the
PDF and a name for its file.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from documents import messages as say
from documents.connecting import DOCUMENT
from documents.content import Content
from documents.layouts import Layout
from documents.pictures import drawing
from documents.rendering import PATIENCE, Job, Renderer
from documents.sight import Sight
from engine.files import Files
from engine.permissions.actors import Actor
from engine.permissions.watermarks import tile, watermark_of
from engine.problems import Refusal, Text, did_you_mean
from engine.records.accessing import note_printed
from engine.records.reading import Reader
from engine.texts.formatting import Formats

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "documents"
"""The templates that come with the platform."""
LARGEST_ASSET = 4 * 1024 * 1024

_ASSET = re.compile(r"asset:([A-Za-z0-9][\w.-]*)")
_UNSAFE = re.compile(r'[\x00-\x1f/\\:*?"<>|]+')


@dataclass(frozen=True, slots=True)
class Printed:
    """A finished document."""

    data: bytes
    file_name: str


class Documents:
    """The documents of one application. `layers` are its folders, lowest first.

    Templates are looked up in `templates/documents` and pictures in `assets` of the layers,
    the highest first; after them come the platform's own templates. `files` is the store, for
    pictures of records (none: documents have none).
    """

    def __init__(
        self,
        reader: Reader,
        renderer: Renderer,
        layers: Sequence[Path],
        files: Files | None = None,
    ) -> None:
        self.reader = reader
        self.renderer = renderer
        self.catalog = reader.gate.catalog
        self.layers = tuple(layers)
        self.draw = drawing(reader.gate, files)

    def available(self, actor: Actor, object: str) -> list[Layout]:
        """The documents of an object that the actor may print, where they see a record."""
        layouts: list[Layout] = list(self.catalog.of(DOCUMENT).values())
        return [one for one in layouts if one.object == object and self._may(actor, one)]

    def pdf(
        self,
        actor: Actor,
        name: str,
        record: int | str,
        locale: str = "",
        patience: float = PATIENCE,
    ) -> Printed:
        """The document of one record, in `locale`, else in the site's first language.

        It waits at most `patience` seconds for a free rendering process, and raises Busy then.

        Raises Refusal when there is no such document or record for the actor, or when it cannot
        be made.
        """
        content = self.content(actor, name, record, locale)
        layout = self.layout(actor, name)
        templates = self._templates()
        file = f"{layout.template}.html"
        if file not in templates:
            place = layout.place("template")
            raise Refusal(say.UNKNOWN_TEMPLATE(place, name=layout.template, file=file))
        gate = self.reader.gate
        mark = watermark_of(self.catalog, actor, gate.clock(), gate.zone)
        job = Job(
            template=file,
            templates=templates,
            content=content,
            background=tile(mark, 0.3) if mark else "",
            assets=self._assets([content["logo"], *templates.values()]),
        )
        words = [content["title"], content["number"]]
        file_name = _UNSAFE.sub("-", " ".join(filter(None, words))) + ".pdf"
        printed = Printed(self.renderer.render(job, patience), file_name)
        self._note(actor, layout, record)
        return printed

    def _note(self, actor: Actor, layout: Layout, record: int | str) -> None:
        """Notes who has printed what, as the object's policy says."""
        if not actor.is_system:
            gate, object = self.reader.gate, layout.object
            id = record if isinstance(record, int) else self.reader.one(actor, object, record).id
            note_printed(gate, actor, object, id, layout.name)

    def content(
        self, actor: Actor, name: str, record: int | str, locale: str = ""
    ) -> dict[str, Any]:
        """What the document says of the record, as plain data (`documents.content`)."""
        layout, site = self.layout(actor, name), self.catalog.site
        formats = Formats(locale or site.locales[0], site.zone, site.currency)
        sight = Sight(self.reader, actor)
        seen = sight.record(layout.object, record)
        return Content(layout, site, sight, formats, self.draw).of(seen)

    def layout(self, actor: Actor, name: str) -> Layout:
        """The layout, if the actor may print it. Raises Refusal otherwise."""
        layouts = self.catalog.of(DOCUMENT)
        layout: Layout | None = layouts.get(name)
        if layout is None:
            raise Refusal(say.UNKNOWN_DOCUMENT(name=name, best=did_you_mean(name, layouts)))
        if not self._may(actor, layout):
            known = self.catalog.of("role")
            labels = [known[role].label for role in layout.roles]
            roles = Text(
                {
                    "en": " or ".join(label.in_("en") for label in labels),
                    "zh": "、".join(label.in_("zh") for label in labels),
                }
            )
            raise Refusal(say.NOT_FOR_ROLE(document=layout.label, roles=roles))
        return layout

    @staticmethod
    def _may(actor: Actor, layout: Layout) -> bool:
        return actor.is_system or not layout.roles or bool(actor.roles & set(layout.roles))

    def _templates(self) -> dict[str, str]:
        """All templates by file name; those of higher layers count."""
        found: dict[str, str] = {}
        folders = [TEMPLATES, *(layer / "templates" / "documents" for layer in self.layers)]
        for folder in folders:
            for path in sorted((*folder.glob("*.html"), *folder.glob("*.css"))):
                if path.resolve().is_relative_to(folder.resolve()):
                    found[path.name] = path.read_text(encoding="utf-8", errors="replace")
        return found

    def _assets(self, texts: Sequence[str]) -> dict[str, str]:
        """The files that the texts name, as base64."""
        names = sorted({name for text in texts for name in _ASSET.findall(text)})
        return {name: base64.b64encode(self._asset(name)).decode() for name in names}

    def _asset(self, name: str) -> bytes:
        for layer in reversed(self.layers):
            folder = layer / "assets"
            path = folder / name
            if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                if path.stat().st_size > LARGEST_ASSET:
                    raise Refusal(say.LARGE_ASSET(name=name, limit=LARGEST_ASSET // 1024))
                return path.read_bytes()
        raise Refusal(say.UNKNOWN_ASSET(name=name))
