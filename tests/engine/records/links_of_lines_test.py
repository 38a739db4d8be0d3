"""Many links on lines: they come, change and go with the record that the line is part of."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM, Actor
from engine.records.changes import UPDATE, Change
from engine.records.copying import copy_of
from engine.records.serial import to_json
from engine.records.verifying import verify
from exchange.exporting import ExportOrder, export_records
from exchange.lots import open_lot
from exchange.undo_work import undo_work
from support.long_work import Works
from support.small import KINDS_OF_DATABASE, SmallSite, actor, codes, small_site

SITE = """
object: helper
owned: false
fields:
  name: {type: text, unique: true}
  secret: {type: boolean, default: false}
  idle: {type: boolean, default: false}
  jobs: {type: related, of: task, by: helpers}
  busy: {type: integer, stored: true, formula: count(t for t in jobs)}
---
object: plan
owned: false
title: name
fields:
  name: {type: text}
  strict: {type: boolean, default: false}
  lines: {type: lines, of: task}
  crew: {type: integer, rollup: sum(t.crew for t in lines)}
---
object: task
title: name
fields:
  plan: {type: link, to: plan, on_delete: cascade}
  name: {type: text}
  helpers: {type: links, to: helper, where: not idle, on_delete: clear}
  checkers: {type: links, to: helper, required_when: plan.strict}
  crew: {type: integer, stored: true, formula: count(h for h in helpers)}
---
role: clerk
grants:
  helper: {read: not secret, fields: {"*": read}}
  plan: {create: true, read: all, update: all, fields: {"*": write}}
  task: {fields: {"*": write}}
"""
CLERK = actor(None, "clerk")


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("lists"), SITE) as made:
        yield made


@pytest.fixture
def helpers(site: SmallSite) -> tuple[int, int, int]:
    """Two whom the clerk sees, and one they do not."""
    a, b, x = (site.create("helper", secret=secret) for secret in (False, False, True))
    for id in (a, b, x):
        site.update("helper", id, name=f"h{id}")
    return a, b, x


def held(site: SmallSite, id: int, name: str = "helpers", who: Actor = CLERK) -> list[Any]:
    """The lists of a plan's lines as the actor reads them: ids, "?" for what is hidden."""
    lines = to_json(site.gate.catalog, site.read("plan", id, who))["lines"]
    return [["?" if one.get("restricted") else one["id"] for one in line[name]] for line in lines]


def line_ids(site: SmallSite, id: int) -> list[int]:
    return [line.id for line in site.read("plan", id).values["lines"]]


def test_made_and_changed(site: SmallSite, helpers: tuple[int, int, int]) -> None:
    """Ids, titles, what comes and goes; formulas, rollups and the other side follow."""
    a, b, x = helpers
    id = site.create("plan", CLERK, lines=[{"helpers": [a, f"h{b}"]}, {"name": "none"}])
    assert held(site, id) == [[a, b], []]
    assert site.values("plan", id, "crew") == [2]
    first, second = line_ids(site, id)
    lines = [{"id": first, "helpers": {"remove": [a]}}, {"id": second, "helpers": [a]}]
    site.update("plan", id, CLERK, lines=lines)
    assert held(site, id) == [[b], [a]]
    assert [site.values("helper", one, "busy") for one in (a, b)] == [[1], [1]]
    version = site.read("plan", id).version
    site.update("plan", id, CLERK, lines=[{"id": first, "helpers": [b]}, {"id": second}])
    assert site.read("plan", id).version == version
    site.update("plan", id, CLERK, lines=[{"id": first}])
    assert [site.values("helper", one, "busy") for one in (a, b)] == [[0], [1]]
    found = codes(lambda: site.create("plan", CLERK, lines=[{"helpers": [x]}]))
    assert found == [("link-not-found", "lines[0].helpers")]


def test_what_cannot_be_seen_stays(site: SmallSite, helpers: tuple[int, int, int]) -> None:
    """A hidden one shows as restricted and stays, whatever is sent."""
    a, b, x = helpers
    id = site.create("plan", lines=[{"helpers": [x, a]}])
    (line,) = line_ids(site, id)
    assert held(site, id) == [["?", a]]
    site.update("plan", id, CLERK, lines=[{"id": line, "helpers": [b]}])
    assert sorted(held(site, id, who=SYSTEM)[0]) == sorted([b, x])


def test_rules(site: SmallSite, helpers: tuple[int, int, int]) -> None:
    """Conditions on what is named, and lists that the record requires."""
    a, b, _ = helpers
    site.update("helper", b, idle=True)
    refused = codes(lambda: site.create("plan", lines=[{}, {"helpers": [b]}]))
    assert refused == [("link-unsuitable", "lines[1].helpers")]
    strict = codes(lambda: site.create("plan", strict=True, lines=[{"name": "x"}]))
    assert strict == [("required", "lines[0].checkers")]
    id = site.create("plan", lines=[{"helpers": [a]}])
    site.update("plan", id, name="new")
    assert held(site, id) == [[a]]


def test_deletion(site: SmallSite, helpers: tuple[int, int, int]) -> None:
    """What is named goes from the lists that say `clear`, and cannot go where they do not."""
    a, b, _ = helpers
    id = site.create("plan", lines=[{"helpers": [a, b]}, {"helpers": [b], "checkers": [b]}])
    assert codes(lambda: site.delete("helper", b)) == [("still-used", "")]
    site.delete("helper", a)
    assert held(site, id) == [[b], [b]]
    assert site.values("plan", id, "crew") == [2]


def test_recycling(site: SmallSite, helpers: tuple[int, int, int]) -> None:
    """Lists come back with the lines, without what has gone meanwhile."""
    a, b, _ = helpers
    id = site.create("plan", lines=[{"helpers": [a, b]}, {"checkers": [b]}])
    site.delete("plan", id)
    assert site.values("helper", b, "busy") == [0]
    site.delete("helper", a)
    site.restore("plan", id)
    assert held(site, id) == [[b], []]
    assert site.values("plan", id, "crew") == [1]
    site.restore("helper", a)
    assert held(site, id) == [[b], []]
    site.delete("plan", id)
    site.delete("helper", b)
    assert codes(lambda: site.restore("plan", id)) == [("link-not-found", "lines")]


def test_copy_and_export(site: SmallSite, helpers: tuple[int, int, int]) -> None:
    """A copy names the same; files tell the names."""
    a, b, _ = helpers
    id = site.create("plan", lines=[{"helpers": [a, b]}])
    given = copy_of(site.gate, CLERK, site.gate.catalog.objects["plan"], site.read("plan", id))
    other = site.create("plan", CLERK, **given)
    assert held(site, other) == [[a, b]]
    out = io.BytesIO()
    order = ExportOrder(object="plan", format="json", where=f"id == {other}")
    export_records(site.reader, SYSTEM, order, out)
    assert f"h{a}" in json.dumps(json.loads(out.getvalue()))


def test_history_and_undo(site: SmallSite, helpers: tuple[int, int, int], tmp_path: Path) -> None:
    """The audit tells the lists of a line before and after; undo brings them back."""
    a, b, _ = helpers
    id = site.create("plan", lines=[{"name": "one", "helpers": [a, b]}, {"helpers": [b]}])
    first, second = line_ids(site, id)
    with site.gate.transaction(SYSTEM) as tx:
        tx.batch = batch = open_lot(tx, "test", {})
        given = {"lines": [{"id": first, "helpers": [a]}]}
        site.gate.pass_steps(tx, "plan", UPDATE, [Change(given=given, id=id)])
    data = json.loads(site.rows("fw_audit")[-1]["data"])["lines"]["lines"]
    assert {line["id"]: line["fields"]["helpers"] for line in data} == {
        first: [[a, b], [a]],
        second: [[b], None],
    }  # fmt: skip
    Works(site, tmp_path).run(undo_work(site.gate, SYSTEM, batch))
    assert held(site, id) == [[a, b], [b]]


def test_nothing_drifts(site: SmallSite) -> None:
    """After all of this, every stored formula and rollup is right."""
    assert list(verify(site.gate)) == []
