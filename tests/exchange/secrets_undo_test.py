"""Secrets that a bulk change replaced or cleared: nobody has what they were, and that is said."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from engine.records.changes import UPDATE, Change
from engine.records.revealing import reveal
from engine.vault import scratch_vault
from exchange.bulk import BulkRequest
from exchange.bulk_work import bulk_work
from exchange.lots import open_lot
from exchange.undo_work import undo_work
from support.long_work import Works
from support.small import small_site

SITE = """
object: case
owned: false
fields:
  name: {type: text}
  pin: {type: secret}
  lines: {type: lines, of: door}
---
object: door
fields:
  case: {type: link, to: case, on_delete: cascade}
  code: {type: secret}
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


def test_removed_lines_come_back_with_their_secrets(tmp_path: Path) -> None:
    """They stand in the row that went; where they cannot be opened any more, that is said."""
    with small_site("sqlite", tmp_path, SITE, vault=scratch_vault()) as site:
        id = site.create("case", lines=[{"code": "sesame-1"}, {"code": "sesame-2"}, {}])

        def removed() -> int:
            lines = site.read("case", id).values["lines"]
            with site.gate.transaction(SYSTEM) as tx:
                tx.batch = batch = open_lot(tx, "test", {})
                given = {"lines": [{"id": lines[1].id}]}
                site.gate.pass_steps(tx, "case", UPDATE, [Change(given=given, id=id)])
            return batch

        def codes() -> list[str | None]:
            lines = site.read("case", id).values["lines"]
            found = [reveal(site.gate, SYSTEM, "door", line.id, "code") for line in lines]
            return [None if one is None else str(one) for one in found]

        works = Works(site, tmp_path)
        counts = works.run(undo_work(site.gate, SYSTEM, removed())).counts
        assert (counts, codes()) == ({"updated": 1}, ["sesame-1", "sesame-2", None])
        batch = removed()
        with site.databases.writing() as connection:
            table = site.application.tables.table("door")
            broken = sa.update(table).where(table.c.deleted_on.is_not(None)).values(code="v1:x:y")
            connection.execute(broken)
        counts = works.run(undo_work(site.gate, SYSTEM, batch)).counts
        assert (counts, codes()) == ({"updated": 1, "conflicts": 1}, [None, "sesame-2", None])
