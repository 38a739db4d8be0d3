"""Lists of links and links to any object in files, and in the undo of what files brought."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM
from exchange.bulk import BulkRequest
from exchange.bulk_work import bulk_work
from exchange.exporting import ExportOrder, export_records
from exchange.import_work import ImportRequest, import_work
from exchange.undo_work import undo_work
from jobs.work_rows import WorkRow
from support.long_work import Works
from support.small import PEOPLE, SmallSite, small_site

SITE = f"""{PEOPLE}
---
object: rival
owned: false
title: name
fields:
  name: {{type: text}}
---
object: deal
owned: false
number: "D-{{seq}}"
title: name
fields:
  name: {{type: text}}
  rivals: {{type: links, to: rival, label: {{en: Rivals, zh: 对手}}}}
  about: {{type: link_any, to: [rival, person], label: {{en: About, zh: 关于}}}}
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SmallSite]:
    with small_site("sqlite", tmp_path, SITE) as made:
        for name in ("Xu", "Zhao; Zhou", "7"):
            made.create("rival", name=name)
        made.create("person", name="Li")
        yield made


@pytest.fixture
def works(site: SmallSite, tmp_path: Path) -> Works:
    return Works(site, tmp_path)


def bring(works: Works, content: str) -> WorkRow:
    """Imports deals."""
    stored = works.files.put(io.BytesIO(content.encode()))
    request = ImportRequest(object="deal", source=stored.digest, name="in.csv")
    return works.run(import_work(works.site.application.catalog, request))


def export(site: SmallSite, **order: Any) -> str:
    out = io.BytesIO()
    asked = ExportOrder(object="deal", format="csv", **order)
    export_records(site.reader, SYSTEM, asked, out)
    return out.getvalue().decode("utf-8-sig")


def lists(site: SmallSite) -> list[list[int | None]]:
    items = site.page("deal", sort=("id",)).items
    return [[linked.id for linked in record.values["rivals"]] for record in items]


def test_there_and_back(site: SmallSite, works: Works) -> None:
    """Names, ids and labels of columns; a file that comes back unchanged changes nothing."""
    row = bring(works, "name,对手,about\nA,xu; #2; 3,person/Li\nB,,rival/1\nC,Nobody,\n")
    assert (row.counts["created"], row.counts["rejected"]) == (2, 1)
    assert lists(site) == [[1, 2, 3], []]
    text = export(site)
    assert "1; 2; 3" in text
    row = bring(works, text)
    assert (row.counts["unchanged"], row.counts["updated"], row.counts["rejected"]) == (2, 0, 0)


def test_undo(site: SmallSite, works: Works) -> None:
    """A bulk change of lists goes back; a list that was changed since stays."""
    one, two = (site.create("deal", rivals=[1], about="rival/1") for _ in range(2))
    wanted = {"rivals": {"add": [2], "remove": [1]}}
    request = BulkRequest(object="deal", ids=(one, two), fields=wanted)
    row = works.run(bulk_work(site.gate, SYSTEM, request))
    assert lists(site) == [[2], [2]] and row.batch is not None
    site.update("deal", two, rivals=[3])
    undone = works.run(undo_work(site.gate, SYSTEM, row.batch))
    assert undone.counts["conflicts"] == 1
    assert lists(site) == [[1], [3]]
