"""Fields made of several: input spread over the parts, values gathered, rules and rights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.problems import Refusal
from engine.records.query import Query
from engine.records.serial import to_json
from support.small import KINDS_OF_DATABASE, SmallSite, actor, codes, small_site

SITE = """
object: place
search: [name, home_street]
fields:
  name: {type: text}
  checked: {type: boolean}
  home:
    type: address
    country: true
    label: {en: Home, zh: 住址}
    required_when: checked
    read_only_when: checked
    default: {country: 中国}
    parts: {postcode: {label: {en: Zip, zh: 邮码}}}
  work: {type: address, visible_when: checked}
  local: {type: boolean, formula: home_city == "北京市"}
  rooms: {type: lines, of: room}
views:
  all: {label: All, equal: [home_city], sort: home_city, columns: [name, home]}
---
object: room
fields:
  place: {type: link, to: place}
  name: {type: text}
  at: {type: address, parts: {street: {required: true}}}
---
role: clerk
grants:
  place: {create: true, read: all, update: all, fields: {"*": write}}
  room: {fields: {"*": write}}
---
role: half
grants:
  place: {create: true, read: all, update: all,
          fields: {name: write, home: read, home_street: none, home_postcode: write}}
"""
CLERK, HALF = actor(None, "clerk"), actor(None, "half")
BEIJING = {"province": "北京市", "city": "北京市", "street": "建国路1号", "postcode": "100020"}


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("composite"), SITE) as made:
        yield made


def values(site: SmallSite, id: int, who: Any = CLERK) -> dict[str, Any]:
    """The record as somebody reads it."""
    return dict(site.application.reader.one(who, "place", id).values)


def test_whole_and_parts(site: SmallSite) -> None:
    """The whole stands before its parts; JSON has the parts only where they are asked for."""
    id = site.create("place", CLERK, home=BEIJING)
    found = values(site, id)
    assert found["home"] == BEIJING | {"country": "中国"}
    assert [name for name in found if name.startswith("home")][:2] == ["home", "home_province"]
    assert (found["home_city"], found["local"]) == ("北京市", True)
    reader, catalog = site.application.reader, site.application.catalog
    shown = to_json(catalog, reader.one(CLERK, "place", id))
    assert shown["home"]["city"] == "北京市" and "home_city" not in shown
    for fields, kept in ((("home",), {"home"}), (("home_city",), {"home_city"})):
        (one,) = reader.page(CLERK, "place", Query(filters={"id": id}, fields=fields)).items
        assert set(to_json(catalog, one)) == {"id", "version"} | kept


def test_input(site: SmallSite) -> None:
    """The whole is replaced as one, a part by itself; both at once are refused by name."""
    id = site.create("place", CLERK, home=BEIJING)
    site.update("place", id, CLERK, home_district="朝阳区")
    assert values(site, id)["home"]["street"] == "建国路1号"
    site.update("place", id, CLERK, home={"city": "上海市"})
    assert values(site, id)["home"] == {"city": "上海市"}
    site.update("place", id, CLERK, home="世纪大道 8 号")
    assert values(site, id)["home"] == {"street": "世纪大道 8 号"}
    site.update("place", id, CLERK, home=None)
    assert values(site, id)["home"] is None
    for given, told in (
        ({"home": {"city": "x"}, "home_city": "y"}, ("whole-and-part", "home")),
        ({"home": {"citi": "x"}}, ("address-part", "home")),
        ({"home": 5}, ("value-not-readable", "home")),
        ({"home": {"postcode": "?"}}, ("text-pattern", "home_postcode")),
        ({"home": {"city": "x" * 90}}, ("text-too-long", "home_city")),
    ):
        assert codes(lambda given=given: site.update("place", id, CLERK, **given)) == [told]


def test_rules_of_the_whole(site: SmallSite) -> None:
    """Required names the parts that matter; read-only and without a place hold for every part."""
    assert codes(lambda: site.create("place", CLERK, checked=True)) == [
        ("required", "home_city"), ("required", "home_street"),
    ]  # fmt: skip
    assert codes(lambda: site.create("place", CLERK, work={"city": "x"})) == [
        ("field-not-here", "work_city")
    ]
    id = site.create("place", CLERK, checked=True, home=BEIJING, work="Office 1")
    assert codes(lambda: site.update("place", id, CLERK, home={"city": "x"} | BEIJING)) == [
        ("field-closed", "home_country")
    ]


def test_rights(site: SmallSite) -> None:
    """A part has the whole's level unless the role names it; what is hidden is not gathered."""
    id = site.create("place", CLERK, home=BEIJING)
    found = values(site, id, HALF)
    assert found["home"] == {"province": "北京市", "city": "北京市", "postcode": "100020",
                             "country": "中国"}  # fmt: skip
    assert "home_street" not in found
    site.update("place", id, HALF, home={"postcode": "100021"})
    assert values(site, id)["home"]["street"] == "建国路1号"
    assert codes(lambda: site.update("place", id, HALF, home={"city": "x"})) == [
        ("forbidden-field", "home_city")
    ]
    assert codes(lambda: site.update("place", id, HALF, work="x")) == [("unknown-field", "work")]


def test_lists(site: SmallSite) -> None:
    """Parts are searched, filtered, sorted and read in conditions; the whole has no one value."""
    id = site.create("place", CLERK, name="Hall", home={"city": "苏州市", "street": "平江路 7 号"})

    def found(**query: Any) -> list[int]:
        return [r.id for r in site.application.reader.page(CLERK, "place", Query(**query)).items]

    assert found(words="平江路") == [id]
    assert found(filters={"home_city": "苏州市"}) == [id]
    condition = 'home_city == "苏州市" and home_street is not empty'
    assert found(where=condition, sort=("home_city",)) == [id]
    for query in ({"filters": {"home": "x"}}, {"sort": ("home",)}, {"where": "home is empty"}):
        with pytest.raises(Refusal):
            found(**query)


def test_lines_and_history(site: SmallSite) -> None:
    """Lines have composites, too; the history tells of the parts."""
    id = site.create("place", CLERK, rooms=[{"name": "A", "at": {"street": "2F"}}])
    (room,) = values(site, id)["rooms"]
    assert room.values["at"] == {"street": "2F"}
    assert codes(lambda: site.update("place", id, CLERK, rooms=[{"at": {"city": "x"}}])) == [
        ("required", "rooms[0].at_street")
    ]
    labels = site.application.catalog.objects["place"].fields["home_city"].label
    assert (labels.in_("en"), labels.in_("zh")) == ("Home: City", "住址：城市")
    short = site.application.catalog.objects["place"].fields["home_postcode"].short
    assert short is not None and short.in_("zh") == "邮码"
