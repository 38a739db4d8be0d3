"""Secrets that a bulk change replaced or cleared: nobody has what they were, and that is said."""

from __future__ import annotations

from pathlib import Path

from engine.permissions.actors import SYSTEM
from engine.records.revealing import reveal
from engine.vault import scratch_vault
from exchange.bulk import BulkRequest
from exchange.bulk_work import bulk_work
from exchange.undo_work import undo_work
from support.long_work import Works
from support.small import small_site

SITE = """
object: case
owned: false
fields:
  name: {type: text}
  pin: {type: secret}
"""


def test_undo_tells_of_secrets(tmp_path: Path) -> None:
    """Replaced or cleared, a secret stays as it is and is a conflict; one that was new goes."""
    with small_site("sqlite", tmp_path, SITE, vault=scratch_vault()) as site:
        works = Works(site, tmp_path)

        def undone(id: int, value: str | None) -> tuple[int, int, str | None]:
            request = BulkRequest(object="case", ids=(id,), fields={"pin": value})
            row = works.run(bulk_work(site.gate, SYSTEM, request))
            assert row.batch is not None
            counts = works.run(undo_work(site.gate, SYSTEM, row.batch)).counts
            pin = reveal(site.gate, SYSTEM, "case", id, "pin")
            return counts.get("updated", 0), counts.get("conflicts", 0), pin

        kept, cleared = (site.create("case", name="a", pin="first-one") for _ in range(2))
        assert undone(kept, "second-one") == (0, 1, "second-one")
        assert undone(cleared, None) == (0, 1, None)
        assert undone(site.create("case", name="b"), "new-one") == (1, 0, None)
