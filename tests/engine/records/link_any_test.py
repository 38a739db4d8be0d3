"""Links to a record of any of several objects: input, parts, permissions, filters, deletion."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM
from engine.records.query import Linking
from engine.records.serial import to_json
from exchange.exporting import ExportOrder, export_records
from support.small import KINDS_OF_DATABASE, SmallSite, actor, codes, loaded, refusal, small_site

SITE = """
object: firm
owned: false
label: {en: Firm, zh: 公司}
number: "FI-{seq}"
title: name
fields:
  name: {type: text}
  size: {type: integer}
  visits: {type: related, of: visit, by: about_firm}
  seen: {type: integer, formula: count(v for v in visits)}
---
object: lead
owned: false
number: "LE-{seq}"
title: name
fields:
  name: {type: text}
  secret: {type: boolean, default: false}
---
object: visit
owned: false
number: "VI-{seq}"
fields:
  note: {type: text}
  about:
    type: link_any
    label: {en: About, zh: 关于}
    to: [firm, lead]
    required: true
    on_delete: clear
    parts:
      lead: {label: {en: Prospect, zh: 线索}, where: name != "Closed" or visit.note == "late"}
  big: {type: boolean, formula: about_firm.size > 100}
views:
  all: {label: All, columns: [note, about]}
---
role: clerk
grants:
  firm: {read: all, fields: {"*": read}}
  lead: {read: not secret, fields: {"*": read}}
  visit: {create: true, read: all, update: all, export: all, fields: {"*": write}}
---
role: firms
grants:
  visit: {read: all, update: all, fields: {about: write, about_lead: none}}
  firm: {read: all, fields: {"*": read}}
---
role: nothing
grants:
  visit: {read: all, update: all, fields: {note: write}}
"""
CLERK, FIRMS, NOTHING = actor(None, "clerk"), actor(None, "firms"), actor(None, "nothing")


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("any"), SITE) as made:
        made.create("firm", name="Sun", size=500)
        made.create("lead", name="Moon")
        made.create("lead", name="Dark", secret=True)
        yield made


def shown(site: SmallSite, id: int) -> Any:
    """The link as the clerk reads it."""
    return to_json(site.gate.catalog, site.read("visit", id, CLERK))["about"]


def test_parts_are_called_after_their_objects(site: SmallSite) -> None:
    """Labels come from the object, unless `parts:` gives one."""
    fields = site.gate.catalog.objects["visit"].fields
    labels = [fields[name].label.in_("zh") for name in ("about_firm", "about_lead")]
    assert labels == ["关于：公司", "关于：线索"]


def test_input_forms(site: SmallSite) -> None:
    """A dict, the object before an id or number, a number or title alone, or the part itself."""
    firm = {"object": "firm", "id": 1, "title": "Sun"}
    for given in (
        {"object": "firm", "id": 1}, firm, "firm/1", "firm/FI-1", "firm / Sun", "FI-1", "sun",
        {"object": "firm", "id": "FI-1"},
    ):  # fmt: skip
        assert shown(site, site.create("visit", CLERK, about=given)) == firm, given
    assert shown(site, site.create("visit", CLERK, about_firm=1)) == firm


def test_bad_input(site: SmallSite) -> None:
    """Nothing, something else, two at once, what cannot be seen; each refused by name."""
    for given, code in (
        (None, "required"), ("", "required"), ("deal/3", "not-among-objects"),
        (12, "link-without-object"), ("12", "link-without-object"), ([1], "value-not-readable"),
        (True, "value-not-readable"), ("Nobody", "link-not-found"), ("Dark", "link-not-found"),
    ):  # fmt: skip
        refused = codes(lambda given=given: site.create("visit", CLERK, about=given))
        assert refused == [(code, "about")], given
    for path, given in (
        ("about_lead", "lead/2"),
        ("about_lead", "lead/99"),
        ("about_firm", "firm/x"),
    ):
        assert codes(lambda given=given: site.create("visit", CLERK, about=given)) == [
            ("link-not-found", path)
        ]
    two = codes(lambda: site.create("visit", CLERK, about_firm=1, about_lead=1))
    assert two == [("more-than-one-link", "about")]
    id = site.create("visit", CLERK, about="firm/1")
    assert codes(lambda: site.update("visit", id, CLERK, about_lead=1)) == two


def test_changing_over(site: SmallSite) -> None:
    """Another object's record replaces the one that was there; formulas follow their part."""
    id = site.create("visit", CLERK, about="firm/1")
    assert site.values("visit", id, "big") == [True]
    site.update("visit", id, CLERK, about="lead/1")
    assert shown(site, id) == {"object": "lead", "id": 1, "title": "Moon"}
    assert site.values("visit", id, "about_firm", "big") == [None, False]


def test_hidden_record(site: SmallSite) -> None:
    """What the clerk may not see is restricted, stays when sent back, and filters as empty."""
    id = site.create("visit", about="lead/2")
    hidden = {"object": None, "id": None, "title": None, "restricted": True}
    assert shown(site, id) == hidden
    site.update("visit", id, CLERK, about=hidden, note="same")
    assert shown(site, id) == hidden
    assert id not in site.ids("visit", CLERK, filters={"about": "lead/2"})
    assert id in site.ids("visit", filters={"about": "lead/2"})


def test_filters_and_related(site: SmallSite) -> None:
    """`about=firm/1`, several of one object, nothing; and the other end by its part."""
    firm = site.create("firm", name="Star", size=1)
    ids = [site.create("visit", CLERK, about=f"firm/{firm}") for _ in range(2)]
    assert site.ids("visit", filters={"about": f"firm/{firm}"}) == ids
    assert set(ids) < set(site.ids("visit", filters={"about": ["firm/1", f"firm/{firm}"]}))
    assert site.ids("visit", filters={"about": ""}) == []
    assert site.values("firm", firm, "seen") == [2]
    for wrong in ("firm", 7, ["firm/1", "lead/1"], "deal/1"):
        assert codes(lambda wrong=wrong: site.page("visit", filters={"about": wrong})), wrong


def test_a_hidden_part_is_named_nowhere(site: SmallSite) -> None:
    """Who may not read a part filters as if it were not there, and is not told what it holds."""
    id = site.create("visit", about="lead/1")
    assert id in site.ids("visit", FIRMS, filters={"about": ""})
    assert id not in site.ids("visit", FIRMS, filters={"about": "firm/1"})
    for wrong in ("lead/1", "deal/1", "x"):
        asked = partial(site.page, "visit", FIRMS, filters={"about": wrong})
        assert "lead" not in refusal(asked).replace(wrong, ""), wrong
    assert codes(partial(site.page, "visit", NOTHING, filters={"about": ""})) == [
        ("unknown-field", "about")
    ]
    change = partial(site.update, "visit", id, FIRMS, about="firm/1")
    assert codes(change) == [("parts-not-together", "about")]
    assert "lead" not in refusal(change).lower()


def test_condition_on_one_of_the_objects(site: SmallSite) -> None:
    """A part's `where` holds for records of that object, and for them alone."""
    closed = site.create("lead", name="Closed")
    firm = site.create("firm", name="Closed")
    asked = partial(site.create, "visit", CLERK, about=f"lead/{closed}")
    assert codes(asked) == [("link-unsuitable", "about_lead")]
    late = site.create("visit", CLERK, about=f"lead/{closed}", note="late")
    assert codes(partial(site.update, "visit", late, CLERK, note="")) == [
        ("link-unsuitable", "about_lead")
    ]
    site.create("visit", CLERK, about=f"firm/{firm}")
    linking = Linking("visit", "about_lead", {"note": None})
    assert closed not in site.ids("lead", CLERK, linking=linking)
    assert closed in site.ids("lead", CLERK)


def test_deletion(site: SmallSite) -> None:
    """`on_delete` of the whole is that of its parts."""
    firm = site.create("firm", name="Gone")
    id = site.create("visit", about=f"firm/{firm}", note="x")
    refused = codes(lambda: site.delete("firm", firm))  # it is required
    assert refused and site.values("visit", id, "about_firm") == [firm]


def test_export(site: SmallSite) -> None:
    """A file holds what the import reads again."""
    id = site.create("visit", about="firm/1", note="export")
    out = io.BytesIO()
    order = ExportOrder(object="visit", where=f"id == {id}", format="csv")
    export_records(site.reader, SYSTEM, order, out)
    assert "firm/1" in out.getvalue().decode() or "FI-1" in out.getvalue().decode()


def test_what_is_refused_at_load(tmp_path: Path) -> None:
    """Unknown objects, a list where one object is meant, names that are taken."""
    text = """
object: a
fields:
  name: {type: text}
  one: {type: link_any, to: [a, nothing]}
  two: {type: link, to: [a]}
  three: {type: link_any, to: a}
  three_a: {type: text}
"""
    address = "  home: {type: address, parts: {city: {where: name is empty}}}\n"
    (wrong,) = loaded(
        tmp_path / "b", f"object: b\nfields:\n  name: {{type: text}}\n{address}"
    ).problems
    assert wrong.code == "key-of-a-part"
    found = [problem.code for problem in loaded(tmp_path, text).problems]
    assert found.count("unknown-object") == 2 and "part-name-taken" in found
