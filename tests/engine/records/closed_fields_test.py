"""Fields that are closed by a condition, set once, or without a place in the record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.permissions.actors import SYSTEM
from engine.records.changes import UPDATE, Change
from engine.records.states import States, states_of
from support.small import KINDS_OF_DATABASE, SmallSite, actor, codes, loaded, refusal, small_site

SITE = """
object: deal
fields:
  name: {type: text}
  closed: {type: boolean}
  customs: {type: boolean}
  price: {type: money, read_only_when: closed}
  serial: {type: text, set_once: true}
  code: {type: text, required: true, visible_when: customs, default: X1}
  country: {type: text, required_when: price > 5, visible_when: customs}
  region: {type: choice, options: {cn: China, de: Germany}}
  city:
    type: choice
    options:
      bj: {label: {en: Beijing, zh: 北京}, offered_when: region == "cn"}
      sh: {label: {en: Shanghai, zh: 上海}, offered_when: region == "cn"}
      hh: {label: {en: Hamburg, zh: 汉堡}, offered_when: region == "de"}
      other: {label: {en: Other, zh: 其他}}
  lines:
    type: lines
    of: deal_line
    required: true
    read_only_when: closed
    visible_when: price < 9
---
object: deal_line
owned: false
fields:
  deal: {type: link, to: deal, required: true, on_delete: cascade}
  amount: {type: integer, read_only_when: amount > 100}
  note: {type: text, read_only_when: deal.closed}
---
role: clerk
grants:
  deal: {create: true, read: all, update: all, delete: all, fields: {"*": write}}
  deal_line: {fields: {"*": write}}
"""
CLERK = actor(None, "clerk")


@pytest.fixture(params=KINDS_OF_DATABASE)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path, SITE) as made:
        yield made


def deal(site: SmallSite, **values: object) -> int:
    """A deal with one line of 5."""
    given = {"lines": [{"amount": 5}], "price": 1} | values
    return site.create("deal", CLERK, **given)


def test_read_only_when(site: SmallSite) -> None:
    """The change that closes a field may still set it; from then on only the system can."""
    id = deal(site)
    site.update("deal", id, CLERK, closed=True, price=2)
    assert codes(lambda: site.update("deal", id, CLERK, price=3)) == [("field-closed", "price")]
    assert codes(lambda: site.update("deal", id, CLERK, closed=False, price=3)) == [
        ("field-closed", "price")
    ]
    site.update("deal", id, CLERK, price="2.00", name="the same price is no change")
    site.update("deal", id, SYSTEM, price=3)
    site.update("deal", id, CLERK, closed=False)
    site.update("deal", id, CLERK, price=4)
    assert site.values("deal", id, "price") == [4]


def test_lines(site: SmallSite) -> None:
    """Closed lines are neither added, changed nor removed; fields of lines close by themselves."""
    id = deal(site)
    (line,) = site.read("deal", id).values["lines"]
    site.update("deal", id, CLERK, lines=[{"id": line.id, "amount": 500, "note": "a"}])
    assert codes(
        lambda: site.update("deal", id, CLERK, lines=[{"id": line.id, "amount": 600}])
    ) == [("field-closed", "lines[0].amount")]
    site.update("deal", id, CLERK, closed=True)
    for lines in ([], [{"id": line.id}, {"amount": 1}], [{"id": line.id, "note": "b"}]):
        found = codes(lambda lines=lines: site.update("deal", id, CLERK, lines=lines))  # type: ignore[misc]
        assert ("field-closed", "lines") in found
    site.update("deal", id, CLERK, lines=[{"id": line.id, "amount": 500, "note": "a"}])


def test_set_once(site: SmallSite) -> None:
    """Empty may be filled, filled stays; a historical import is not held up."""
    id = deal(site)
    site.update("deal", id, CLERK, serial="S-1")
    assert codes(lambda: site.update("deal", id, CLERK, serial="S-2")) == [("set-once", "serial")]
    assert codes(lambda: site.update("deal", id, CLERK, serial=None)) == [("set-once", "serial")]
    site.update("deal", id, CLERK, serial="S-1", name="b")
    with site.gate.transaction(SYSTEM, historical=True) as tx:
        site.gate.pass_steps(tx, "deal", UPDATE, [Change(given={"serial": "S-3"}, id=id)])
    assert site.values("deal", id, "serial") == ["S-3"]


def test_visible_when(site: SmallSite) -> None:
    """Without a place a field takes no input and is not missed; what it held stays."""
    id = deal(site)
    assert site.values("deal", id, "code") == ["X1"]
    assert codes(lambda: site.update("deal", id, CLERK, country="CN")) == [
        ("field-not-here", "country")
    ]
    site.update("deal", id, CLERK, price=6)  # a country is asked for only with customs
    assert codes(lambda: site.update("deal", id, CLERK, customs=True)) == [("required", "country")]
    site.update("deal", id, CLERK, customs=True, country="CN")
    site.update("deal", id, CLERK, customs=False)
    site.update("deal", id, CLERK, country="CN", name="sent back as it was")
    assert site.values("deal", id, "country") == ["CN"]
    site.update("deal", id, CLERK, country=None)
    assert codes(lambda: site.create("deal", CLERK, price=1)) == [("required", "lines")]
    site.create("deal", CLERK, price=10)


def test_options(site: SmallSite) -> None:
    """An option that is not offered is refused by its label, when it or its condition changes."""
    refused = [("option-not-offered", "city")]
    assert codes(lambda: deal(site, city="bj")) == refused
    id = deal(site, region="cn", city="bj")
    assert codes(lambda: site.update("deal", id, CLERK, city="hh")) == refused
    said = refusal(lambda: site.update("deal", id, CLERK, region="de"), "zh")
    assert said == "option-not-offered 此处City不能选择北京 (可选：汉堡、其他)"
    site.update("deal", id, CLERK, region="de", city="other")
    site.update("deal", id, CLERK, region="de", city="hh")
    site.update("deal", id, CLERK, name="nothing of it")


def test_states(site: SmallSite) -> None:
    """Forms are told beforehand what the gate would say."""
    id = deal(site, region="cn", serial="S-1")
    found = states_of(site.gate, CLERK, "deal", id)
    assert (found.hidden, found.closed) == ({"code", "country"}, {"serial"})
    assert found.unoffered == {"city": {"hh"}}
    site.update("deal", id, CLERK, closed=True, customs=True, region=None)
    found = states_of(site.gate, CLERK, "deal", id)
    assert (found.hidden, found.closed) == (set(), {"serial", "price", "lines"})
    assert found.unoffered == {"city": {"bj", "sh", "hh"}}
    site.update("deal", id, SYSTEM, price=20, country="CN")
    assert states_of(site.gate, CLERK, "deal", id).hidden == {"lines"}
    assert states_of(site.gate, CLERK, "deal_line", 1).closed == {"note"}
    assert states_of(site.gate, CLERK, "deal", 10**9) == States()


def test_problems_of_definitions(tmp_path: Path) -> None:
    """Conditions are checked with their place; computed fields take no rules of input."""
    text = """
    object: thing
    fields:
      a: {type: text, read_only_when: b}
      b: {type: text, formula: a, set_once: true}
      c: {type: text, visible_when: nothing}
      d: {type: choice, options: {x: {label: X, offered_when: a}}}
    """
    problems = [str(p) for p in loaded(tmp_path, text).problems]
    assert [p.split(" ")[1] for p in problems] == [
        "wrong-result",
        "derived-and-rule",
        "unknown-name",
        "wrong-result",
    ]
