"""Pictures of records in documents: a logo, a seal, a cell; only what the actor may see."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from assembly.application import build_application
from assembly.establishing import establish
from assembly.kinds import KINDS
from documents.pictures import drawing
from documents.printing import Documents
from documents.rendering import Renderer
from engine.files import Files
from engine.loading import load
from engine.permissions.actors import SYSTEM
from engine.records.reading import Reader
from engine.records.uploading import FileLimits, take_file
from engine.schema.engines import open_databases
from support.small import actor, write_files

SITE = """
object: firm
title: name
owned: false
fields:
  name: {type: text, required: true}
  logo: {type: image}
  seal: {type: image}
  letters: {type: related, of: letter, by: firm}
---
object: letter
title: name
owned: false
fields:
  name: {type: text, required: true}
  firm: {type: link, to: firm}
---
role: writer
grants:
  firm: {read: all, fields: {name: read, logo: read}}
  letter: {read: all, fields: {"*": read}}
"""
PAPER = """
document: letter_paper
object: letter
title: Letter
header: {logo_from: firm.logo}
meta: {picture: {field: firm.logo, label: Picture}}
signatures:
  us: {label: Us, lines: [Signature], seal: true, seal_from: firm.seal}
"""


def test_pictures_come_through_the_record(tmp_path: Path) -> None:
    """As the actor sees the record; nothing is fetched, and wrong paths are problems."""
    layer = write_files(tmp_path / "layer", SITE)
    paper = layer / "reports" / "letter_paper.yaml"
    paper.parent.mkdir()
    paper.write_text(PAPER.replace("firm.seal", "firm.name"), encoding="utf-8")
    assert [p.code for p in load([layer], KINDS).problems] == ["document-no-picture"]
    paper.write_text(PAPER, encoding="utf-8")
    databases, store = open_databases(f"sqlite:///{tmp_path / 'a.db'}"), Files("files", tmp_path)
    renderer = Renderer(size=1)
    try:
        establish(databases, [layer])
        gate = build_application(databases).gate
        out = io.BytesIO()
        Image.new("RGBA", (1500, 60), (200, 0, 0, 128)).save(out, "PNG")
        fields = gate.catalog.objects["firm"].fields
        given = {"name": "us"} | {
            name: take_file(
                gate, SYSTEM, store, FileLimits(), fields[name], "p.png", io.BytesIO(out.getvalue())
            ).id
            for name in ("logo", "seal")
        }
        (firm,) = gate.create(SYSTEM, "firm", [given])
        (letter,) = gate.create(SYSTEM, "letter", [{"name": "a letter", "firm": firm.id}])
        documents = Documents(Reader(gate), renderer, [layer], store)
        content = documents.content(SYSTEM, "letter_paper", letter.id or 0)
        assert content["logo"].startswith("data:image/png;base64,")
        assert content["meta"][0]["picture"] == content["logo"]
        assert content["signatures"][0]["stamp"].startswith("data:image/png;base64,")
        seen = documents.content(actor(None, "writer"), "letter_paper", letter.id or 0)
        assert seen["logo"] and not seen["signatures"][0]["stamp"]
        assert documents.pdf(SYSTEM, "letter_paper", letter.id or 0).data.startswith(b"%PDF")
        assert drawing(gate, None)(firm) == ""
    finally:
        renderer.close()
        databases.dispose()
