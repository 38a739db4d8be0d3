"""Many links through the gate and back: input, permissions, conditions, deletion, audit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.permissions.actors import Actor
from engine.records.serial import to_json
from support.small import KINDS_OF_DATABASE, SmallSite, actor, codes, small_site

SITE = """
object: rival
owned: false
fields:
  name: {type: text, unique: true}
  threat: {type: choice, options: {high: High, low: Low}}
  secret: {type: boolean, default: false}
  deals: {type: related, of: deal, by: rivals}
  fights: {type: integer, formula: 'count(d for d in deals)'}
  stake: {type: integer, stored: true, formula: sum(d.worth for d in deals)}
---
object: deal
owned: false
fields:
  name: {type: text}
  closed: {type: boolean, default: false}
  rivals:
    type: links
    to: rival
    where: threat == "high" or deal.closed
    on_delete: clear
    required_when: closed
    read_only_when: name == "fixed"
  helpers: {type: links, to: rival}
  worth: {type: integer}
  threats: {type: integer, stored: true, formula: 'count(r for r in rivals if r.threat == "high")'}
  copy: {type: links, to: rival, on_delete: clear, default_from: rivals}
  worst: {type: boolean, formula: 'any(r.threat == "low" for r in rivals)'}
  dangerous: {type: integer, formula: 'count(r for r in rivals if r.threat == "high")'}
checks:
  - {name: few, that: count(r for r in rivals) <= 3, say: too many, field: rivals}
---
role: clerk
grants:
  rival: {read: not secret, fields: {"*": read}}
  deal: {create: true, read: all, update: all, delete: all, restore: all, fields: {"*": write}}
---
role: blind
grants:
  rival: {read: all, fields: {"*": read}}
  deal: {read: all, update: all, fields: {name: write}}
"""
CLERK, BLIND = actor(None, "clerk"), actor(None, "blind")


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[SmallSite]:
    folder: Path = tmp_path_factory.mktemp("links")
    with small_site(request.param, folder, SITE) as made:
        yield made


@pytest.fixture
def rivals(site: SmallSite) -> dict[str, int]:
    """Three dangerous ones, one of them secret, and a harmless one; fresh for every test."""
    found = {}
    for name, threat, secret in (("a", "high", False), ("b", "high", False), ("x", "high", True)):
        found[name] = site.create("rival", threat=threat, secret=secret)
    found["low"] = site.create("rival", threat="low")
    for name, id in found.items():
        site.update("rival", id, name=f"{name}{id}")
    return found


def held(site: SmallSite, id: int, name: str = "rivals", who: Actor = CLERK) -> list[Any]:
    """The list as the actor reads it: ids, "?" for what is hidden."""
    values = to_json(site.gate.catalog, site.read("deal", id, who))[name]
    return ["?" if one.get("restricted") else one["id"] for one in values]


def test_input_forms(site: SmallSite, rivals: dict[str, int]) -> None:
    """Ids, titles, what was read before, one value, text with semicolons; each record once."""
    a, b = rivals["a"], rivals["b"]
    for given in (
        [a, b], [f"a{a}", {"id": b}], f"a{a}; B{b}", f"{a}；{b}", [a, b, str(a)],
        [{"id": a, "title": "…"}, b],
    ):  # fmt: skip
        assert held(site, site.create("deal", CLERK, rivals=given)) == [a, b], given
    assert held(site, site.create("deal", CLERK, rivals=b)) == [b]
    for empty in ([], "", None, " ; "):
        assert held(site, site.create("deal", CLERK, rivals=empty)) == []


def test_bad_input(site: SmallSite, rivals: dict[str, int]) -> None:
    """What is no list of records, what does not exist, and what cannot be seen."""
    for given, code in (
        ([True], "value-not-readable"), (3.5, "value-not-readable"), ([[1]], "value-not-readable"),
        ([10**9], "link-not-found"), (["nobody"], "link-not-found"),
        ([rivals["x"]], "link-not-found"), ([f"x{rivals['x']}"], "link-not-found"),
        ([rivals["low"]], "link-unsuitable"),
    ):  # fmt: skip
        assert codes(lambda given=given: site.create("deal", CLERK, rivals=given)) == [
            (code, "rivals")
        ]
    many = list(range(1, 1_002))
    assert codes(lambda: site.create("deal", CLERK, rivals=many))[0][0] == "value-not-readable"


def test_the_list_replaces_and_keeps_its_order(site: SmallSite, rivals: dict[str, int]) -> None:
    """[a, b] becomes [b, a], then [b]: one version each, and none when nothing changes."""
    a, b = rivals["a"], rivals["b"]
    id = site.create("deal", rivals=[a, b])
    site.update("deal", id, CLERK, rivals=[b, a])
    assert held(site, id) == [b, a]
    site.update("deal", id, CLERK, rivals=[{"id": b}, f"a{a}"])
    assert site.read("deal", id).version == 2
    site.update("deal", id, CLERK, rivals=[b])
    assert (held(site, id), site.read("deal", id).version) == ([b], 3)


def test_what_cannot_be_seen_stays(site: SmallSite, rivals: dict[str, int]) -> None:
    """A hidden record shows as restricted; whatever is sent back, it stays where it was."""
    a, b, x = rivals["a"], rivals["b"], rivals["x"]
    id = site.create("deal", rivals=[a, x, b])
    shown = to_json(site.gate.catalog, site.read("deal", id, CLERK))["rivals"]
    assert shown[1] == {"id": None, "title": None, "restricted": True}
    site.update("deal", id, CLERK, rivals=shown)
    assert site.read("deal", id).version == 1
    site.update("deal", id, CLERK, rivals=[shown[1], shown[0]])
    assert held(site, id, who=actor(None, "blind", "clerk")) == [x, a]
    site.update("deal", id, CLERK, rivals=[])
    assert held(site, id) == ["?"]


def test_field_permission(site: SmallSite, rivals: dict[str, int]) -> None:
    """Who may not read the field neither sees it nor sets it nor asks by it."""
    id = site.create("deal", rivals=[rivals["a"]])
    assert "rivals" not in site.read("deal", id, BLIND).values
    assert codes(lambda: site.update("deal", id, BLIND, rivals=[]))[0][0] == "unknown-field"
    assert codes(lambda: site.page("deal", BLIND, filters={"rivals": 1}))[0][0] == "unknown-field"
    assert codes(lambda: site.page("deal", BLIND, where="rivals is empty"))[0][0] == "unknown-name"


def test_expressions(site: SmallSite, rivals: dict[str, int]) -> None:
    """Lists are collections in formulas, checks and conditions, from both ends."""
    a, b, low = rivals["a"], rivals["b"], rivals["low"]
    id = site.create("deal", closed=True, rivals=[a, low], name=f"deal{a}")
    assert site.values("deal", id, "dangerous", "worst") == [1, True]
    site.update("deal", id, rivals=[a, b])
    assert site.values("deal", id, "dangerous", "worst") == [2, False]
    assert site.values("rival", a, "fights") == [1]
    assert site.ids("deal", where=f"any(r.id == {b} for r in rivals)") == [id]
    assert site.ids("rival", where=f'any(d.name == "deal{a}" for d in deals)') == [a, b]
    many = [site.create("rival", threat="high") for _ in range(4)]
    assert codes(lambda: site.create("deal", rivals=many)) == [("check-failed", "rivals")]


def test_a_hidden_record_counts_for_nothing_in_a_condition(
    site: SmallSite, rivals: dict[str, int]
) -> None:
    """`where`, filter and emptiness do not tell a clerk that a secret rival is there."""
    id = site.create("deal", rivals=[rivals["x"]])
    for where in (f"any(r.id == {rivals['x']} for r in rivals)", "count(r for r in rivals) > 0"):
        assert id in site.ids("deal", where=where)
        assert id not in site.ids("deal", CLERK, where=where)
    assert id in site.ids("deal", CLERK, where="rivals is empty")
    assert id in site.ids("deal", CLERK, filters={"rivals": ""})
    assert site.ids("deal", CLERK, filters={"rivals": rivals["x"]}) == []
    assert site.ids("deal", filters={"rivals": rivals["x"]}) == [id]


def test_filters(site: SmallSite, rivals: dict[str, int]) -> None:
    """One value or several ask whether the list has one of them; an order by it is refused."""
    a, b = rivals["a"], rivals["b"]
    one, two = site.create("deal", rivals=[a]), site.create("deal", rivals=[b, a])
    assert site.ids("deal", filters={"rivals": b}) == [two]
    assert site.ids("deal", filters={"rivals": [a, b]}) == [one, two]
    assert codes(lambda: site.page("deal", filters={"rivals": "a"})) == [("bad-query", "rivals")]
    assert codes(lambda: site.page("deal", sort=("rivals",))) == [("bad-query", "sort")]


def test_rules(site: SmallSite, rivals: dict[str, int]) -> None:
    """required_when, read_only_when and a condition that reads the linking record."""
    a, low = rivals["a"], rivals["low"]
    assert codes(lambda: site.create("deal", closed=True)) == [("required", "rivals")]
    id = site.create("deal", CLERK, closed=True, rivals=[low], name="free")
    assert codes(lambda: site.update("deal", id, CLERK, closed=False)) == [
        ("link-unsuitable", "rivals")
    ]
    site.update("deal", id, CLERK, name="fixed")
    assert codes(lambda: site.update("deal", id, CLERK, rivals=[a]))[0][1] == "rivals"
    site.update("deal", id, CLERK, rivals=[low])


def test_deletion_of_what_is_named(site: SmallSite, rivals: dict[str, int]) -> None:
    """`clear` takes it out of the list as an audited change, `refuse` names who holds it."""
    a, b = rivals["a"], rivals["b"]
    id = site.create("deal", rivals=[a, b])
    site.delete("rival", a)
    assert (held(site, id), site.read("deal", id).version) == ([b], 2)
    last = json.loads(site.rows("fw_audit")[-2]["data"])
    assert last["fields"]["rivals"] == last["fields"]["copy"] == [[a, b], [b]]
    site.update("deal", id, helpers=[b])
    assert codes(lambda: site.delete("rival", b)) == [("still-used", "")]
    site.delete("deal", id)
    site.delete("rival", b)
    assert codes(lambda: site.restore("deal", id)) == [("link-not-found", "helpers")]
    site.restore("rival", b)
    site.restore("deal", id)
    assert (held(site, id), held(site, id, "helpers")) == ([b], [b])


def test_restore_drops_what_has_gone(site: SmallSite, rivals: dict[str, int]) -> None:
    """A list that clears comes back without the records that were deleted meanwhile."""
    a, b = rivals["a"], rivals["b"]
    id = site.create("deal", rivals=[a, b])
    site.delete("deal", id)
    site.delete("rival", a)
    site.restore("deal", id)
    assert held(site, id) == [b]


def test_stored_formulas_follow(site: SmallSite, rivals: dict[str, int]) -> None:
    """What is computed over a list, from either end, is kept right by every way of change."""
    a, low = rivals["a"], rivals["low"]
    id = site.create("deal", worth=5, closed=True, rivals=[a, low])

    def now() -> list[Any]:
        return [*site.values("deal", id, "threats"), *site.values("rival", a, "stake")]

    assert now() == [1, 5]
    site.update("rival", low, threat="high")
    site.update("deal", id, worth=7)
    assert now() == [2, 7]
    site.update("deal", id, rivals=[low])
    assert now() == [1, 0]
    site.update("deal", id, rivals={"add": [a]})
    site.delete("deal", id)
    assert site.values("rival", a, "stake") == [0]
    site.restore("deal", id)
    assert now() == [2, 7]
    site.update("deal", id, copy=None)
    site.delete("rival", low)
    assert now() == [1, 7]


def test_default_from_another_list(site: SmallSite, rivals: dict[str, int]) -> None:
    """A list can begin as a copy of another one."""
    id = site.create("deal", CLERK, rivals=[rivals["b"], rivals["a"]])
    assert held(site, id, "copy") == [rivals["b"], rivals["a"]]


def test_audit_of_new_records(site: SmallSite, rivals: dict[str, int]) -> None:
    """The audit holds the ids in their order."""
    site.create("deal", rivals=[rivals["b"], rivals["a"]])
    data = json.loads(site.rows("fw_audit")[-1]["data"])
    assert data["fields"]["rivals"] == [None, [rivals["b"], rivals["a"]]]


def test_a_page_of_lists_takes_one_statement(site: SmallSite, rivals: dict[str, int]) -> None:
    """Fifty records cost as many statements as two."""
    for _ in range(50):
        site.create("deal", rivals=[rivals["a"], rivals["b"]])
    counts = []
    for limit in (2, 50):
        seen: list[str] = []
        inner = type(site.gate.statements.prepared(site.application.tables.table("deal").select()))
        original = inner.rows

        def counted(self: Any, *args: Any, seen: Any = seen, original: Any = original) -> Any:
            seen.append(self.sql)
            return original(self, *args)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(inner, "rows", counted)
            page = site.page("deal", CLERK, limit=limit, sort=("-id",))
        assert all(len(record.values["rivals"]) == 2 for record in page.items)
        counts.append(len(seen))
    assert counts[0] == counts[1]
