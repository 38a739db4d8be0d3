"""Masks: the level between none and read, on every way to a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.fieldtypes.obscured import Obscured
from engine.permissions.actors import Actor
from engine.records.serial import to_json
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, actor, codes, loaded, small_site

SITE = f"""
{PEOPLE}
---
object: client
number: "C-{{seq:03}}"
title: name
search: [name, phone]
fields:
  name: {{type: text, mask: first1}}
  phone: {{type: text}}
  mail: {{type: email}}
  short: {{type: text}}
  limit_amount: {{type: money}}
  since: {{type: date}}
  late: {{type: boolean, formula: "since < today()"}}
  kind: {{type: choice, options: {{big: Big, small: Small}}}}
  hint: {{type: text}}
  parts: {{type: lines, of: part}}
---
object: part
owned: false
fields:
  client: {{type: link, to: client}}
  what: {{type: text}}
  cost: {{type: money}}
---
object: note
fields:
  text: {{type: text}}
  client: {{type: link, to: client}}
---
role: mine
grants:
  client: {{read: own, update: own, fields: {{"*": write}}}}
  part: {{fields: {{"*": write}}}}
---
role: others
grants:
  client:
    create: true
    read: all
    update: all
    export: all
    fields:
      name: mask
      phone: mask
      mail: mask
      short: mask
      limit_amount: mask
      since: mask
      late: mask
      kind: mask
      hint: write
      parts: read
  part: {{fields: {{what: read, cost: mask}}}}
  note: {{read: all, fields: {{"*": read}}}}
"""
MASKS = {
    "name": "王••••", "phone": "••••5678", "mail": "l••••@example.com", "short": "••••",
    "limit_amount": "••••", "since": "••••", "late": "••••", "kind": "••••",
}  # fmt: skip
VALUES: dict[str, Any] = {
    "name": "王小明", "phone": "+86 1381234 5678", "mail": "liwei@example.com", "short": "abcd",
    "limit_amount": "12.50", "since": "2026-03-01", "kind": "big", "hint": "h",
}  # fmt: skip


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SmallSite, int, int, Actor]]:
    with small_site(request.param, tmp_path_factory.mktemp("masks"), SITE) as site:
        ann, ben = (site.create("person", name=name, account=name) for name in ("ann", "ben"))
        parts = [{"what": "w", "cost": 7}]
        own = site.create("client", owner=ann, parts=parts, **VALUES)
        other = site.create("client", owner=ben, parts=parts, **VALUES)
        site.create("note", text="n", client=other)
        yield site, own, other, actor(ann, "mine", "others")


def test_masks_stand_for_values(office: tuple[SmallSite, int, int, Actor]) -> None:
    """One's own record is there in full, another's in masks; only where they are asked for."""
    site, own, other, who = office
    full = site.reader.one(who, "client", own, masks=True).values
    assert full["phone"] == VALUES["phone"] and full["parts"][0].values["cost"] == 7
    seen = site.reader.one(who, "client", other, masks=True)
    assert {n: v for n, v in seen.values.items() if isinstance(v, Obscured)} == MASKS
    assert seen.values["parts"][0].values["cost"] == "••••"
    written = to_json(site.gate.catalog, seen)
    assert written["phone"] == "••••5678" and written["parts"][0]["cost"] == "••••"
    plain = site.reader.one(who, "client", other).values
    assert plain["phone"] is None and plain["hint"] == "h"
    only = actor(who.person, "others")
    assert "phone" not in site.reader.one(only, "client", other).values
    assert site.reader.one(only, "client", own, masks=True).values["phone"] == "••••5678"
    page = site.page("client", only, fields=("phone",), masks=True)
    assert {record.values["phone"] for record in page.items} == {"••••5678"}


def test_titles_of_links(office: tuple[SmallSite, int, int, Actor]) -> None:
    """A masked title stands as its mask where the record is linked to."""
    site, _, other, who = office
    (note,) = site.page("note", actor(who.person, "others")).items
    assert (note.values["client"].id, note.values["client"].title) == (other, "王••••")


def test_nothing_else_does_more(office: tuple[SmallSite, int, int, Actor]) -> None:
    """Filters, orders, groups, words and conditions take masked cells for empty ones."""
    site, own, other, who = office
    only = actor(who.person, "others")
    assert site.ids("client", who, filters={"phone": VALUES["phone"]}) == [own]
    assert site.ids("client", who, where='phone == "+86 1381234 5678"') == [own]
    assert site.ids("client", who, words="5678") == [own]
    assert site.ids("client", who, filters={"phone": None}) == [other]
    assert site.ids("client", only, words="王") == []
    for query in ({"filters": {"phone": "x"}}, {"where": 'phone == "x"'}, {"sort": ("phone",)}):
        said = codes(lambda query=query: site.page("client", only, masks=True, **query))
        assert {code for code, _ in said} <= {"unknown-field", "unknown-name"}


def test_input(office: tuple[SmallSite, int, int, Actor]) -> None:
    """A mask that comes back changes nothing; any other value is refused by name."""
    site, own, other, who = office
    only = actor(who.person, "others")
    before = site.values("client", other, "phone", "name", "limit_amount")
    site.update("client", other, only, phone="••••5678", limit_amount="••••", hint="new")
    site.update("client", own, who, phone="••••5678", hint="new")
    assert site.values("client", other, "phone", "name", "limit_amount") == before
    assert site.values("client", own, "phone", "hint") == [VALUES["phone"], "new"]
    for name, value in (("phone", "1"), ("limit_amount", 3)):
        said = codes(lambda n=name, v=value: site.update("client", other, only, **{n: v}))
        assert said == [("forbidden-field", name)]


def test_what_cannot_be_masked(tmp_path: Any) -> None:
    """Links and lines are read or not; the place says where the level stands."""
    text = SITE.replace("hint: write\n      parts: read", "hint: write\n      parts: mask")
    assert [p.code for p in loaded(tmp_path, text).problems] == ["field-without-mask"]
