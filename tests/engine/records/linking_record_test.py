"""Conditions on a link's target that name the linking record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.problems import Refusal
from engine.records.query import Linking, Query
from support.small import KINDS_OF_DATABASE, SmallSite, actor, codes, loaded, small_site

SITE = """
object: firm
fields:
  name: {type: text}
---
object: person_of
fields:
  name: {type: text}
  firm: {type: link, to: firm}
  rank: {type: integer}
  boss: {type: link, to: person_of, where: firm == person_of.firm and rank > person_of.rank}
---
object: deal
fields:
  name: {type: text}
  firm: {type: link, to: firm}
  contact: {type: link, to: person_of, where: deal.firm is empty or firm == deal.firm}
  lines: {type: lines, of: deal_line}
---
object: deal_line
owned: false
fields:
  deal: {type: link, to: deal, required: true, on_delete: cascade}
  least: {type: integer}
  who: {type: link, to: person_of, where: rank >= deal_line.least}
---
role: clerk
grants:
  firm: {read: all, fields: {"*": read}}
  person_of: {read: all, fields: {name: read, firm: read, rank: read}}
  deal: {create: true, read: all, update: all, fields: {"*": write}}
  deal_line: {fields: {"*": write}}
---
role: blind
grants:
  person_of: {read: all, fields: {name: read}}
  deal: {create: true, read: all, update: all, fields: {"*": write}}
"""
CLERK, BLIND = actor(None, "clerk"), actor(None, "blind")


@pytest.fixture(params=KINDS_OF_DATABASE)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path, SITE) as made:
        yield made


@pytest.fixture
def people(site: SmallSite) -> dict[str, int]:
    """Two firms; ann and bob at one, cy at the other."""
    one, two = site.create("firm", name="one"), site.create("firm", name="two")
    found = {"one": one, "two": two}
    for name, firm, rank in (("ann", one, 3), ("bob", one, 1), ("cy", two, 9)):
        found[name] = site.create("person_of", name=name, firm=firm, rank=rank)
    return found


def test_in_the_gate(site: SmallSite, people: dict[str, int]) -> None:
    """Target and linking record must fit, whichever of the two is changed."""
    id = site.create("deal", CLERK, firm=people["one"], contact=people["ann"])
    unsuitable = [("link-unsuitable", "contact")]
    assert codes(lambda: site.update("deal", id, CLERK, contact=people["cy"])) == unsuitable
    assert codes(lambda: site.update("deal", id, CLERK, firm=people["two"])) == unsuitable
    site.update("deal", id, CLERK, firm=people["two"], contact=people["cy"])
    site.update("deal", id, CLERK, firm=None, contact=people["ann"])
    site.update("deal", id, CLERK, lines=[{"least": 2, "who": people["ann"]}])
    assert codes(
        lambda: site.update("deal", id, CLERK, lines=[{"least": 2, "who": people["bob"]}])
    ) == [("link-unsuitable", "lines[0].who")]


def test_an_object_that_links_to_itself(site: SmallSite, people: dict[str, int]) -> None:
    """Its bare names are the target's, those behind its own name the linking record's."""
    site.update("person_of", people["bob"], boss=people["ann"])
    for wrong in ("cy", "bob"):
        found = codes(
            lambda wrong=wrong: site.update("person_of", people["ann"], boss=people[wrong])
        )  # type: ignore[misc]
        assert ("link-unsuitable", "boss") in found


def found(site: SmallSite, by: object, linking: Linking, **more: str) -> list[str]:
    query = Query(linking=linking, fields=("name",), sort=("name",), **more)  # type: ignore[arg-type]
    return [item.values["name"] for item in site.reader.page(by, "person_of", query).items]  # type: ignore[arg-type]


def test_when_one_is_chosen(site: SmallSite, people: dict[str, int]) -> None:
    """Only those are offered that the gate would take; the plan is kept, the values are not."""

    def of(**values: object) -> Linking:
        return Linking("deal", "contact", values)

    assert found(site, CLERK, of(firm=people["one"])) == ["ann", "bob"]
    assert found(site, CLERK, of(firm=people["two"])) == ["cy"]
    assert found(site, CLERK, of(firm=None)) == ["ann", "bob", "cy"]
    assert found(site, CLERK, of(firm=people["one"]), words="bob") == ["bob"]
    assert found(site, CLERK, Linking("deal_line", "who", {"least": 3})) == ["ann", "cy"]
    # who may not read what is asked is offered all: the condition tells them nothing
    assert found(site, BLIND, of(firm=people["two"])) == ["ann", "bob", "cy"]


def test_problems_of_definitions(tmp_path: Path) -> None:
    """It is checked when it is loaded, and reads the linking record's own fields only."""
    text = """
    object: a
    fields:
      name: {type: text}
      b: {type: link, to: a, where: nothing == 1}
      c: {type: link, to: a, where: name == a.b.name}
      d: {type: link, to: a, where: name}
    """
    problems = loaded(tmp_path, text).problems
    assert [(p.code, p.place.line if p.place else 0) for p in problems] == [
        ("unknown-name", 4), ("linking-record-path", 5), ("wrong-result", 6),
    ]  # fmt: skip


def test_the_old_way_is_gone(site: SmallSite) -> None:
    """A condition in an address cannot name a linking record."""
    with pytest.raises(Refusal):
        site.reader.page(CLERK, "person_of", Query(where="firm == deal.firm"))
