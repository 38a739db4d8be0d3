"""What the pages of the studio have in common."""

from __future__ import annotations

from pathlib import Path

from assembly.drafting import Draft
from assembly.kinds import KINDS
from engine.loading import TreeLayer
from engine.loading.loading import load
from support.small import write_files
from webapp.studio.parts import KEPT, Bench

PATH = "objects/book.yaml"


def test_a_draft_is_loaded_once(tmp_path: Path) -> None:
    """Page after page shows the same; another text is loaded anew, and only the last are kept."""
    folder = write_files(tmp_path, "object: book\nfields:\n  name: {type: text}\n")
    lower = (TreeLayer("base", load([folder], KINDS).trees, {}),)
    bench = Bench(1, Draft({}, {}), lower)
    assert bench.loaded() is bench.below() is bench.loaded_with(PATH, "  \n")
    texts = [f"object: book\nfields:\n  more_{n}: {{type: text}}\n" for n in range(KEPT + 1)]
    for number, text in enumerate(texts):
        found = bench.loaded_with(PATH, text)
        assert found.catalog and f"more_{number}" in found.catalog.objects["book"].fields
        assert bench.loaded_with(PATH, text) is found
    assert len(bench.kept) == KEPT
