"""Scans over what is there: groups by every rule, who sees them, and what is decided about them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.definition.duplicates import CONFIRM
from engine.matching import pairs
from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Refusal
from exchange import scan_work as scanning
from exchange.scan_results import APART, KEPT, OPEN, Found, decide, group_found, groups_found
from exchange.scan_work import ScanRequest, scan_work
from jobs import work
from jobs.work_rows import WorkRow
from support.long_work import Works
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, actor, codes, small_site

SITE = f"""{PEOPLE}
---
object: firm
title: name
fields:
  name: {{type: text, required: true}}
  phone: {{type: phone}}
  status: {{type: choice, default: open, options: {{open: Open, closed: Closed}}}}
duplicates:
  - name: same_name
    label: {{en: same name, zh: 同名}}
    match: {{name: company}}
  - {{name: similar_name, match: {{name: company}}, fuzzy: {{name: 85}}}}
  - {{name: same_phone, match: {{phone: phone}}, where: status != "closed"}}
reveal: [owner]
---
object: hint
title: company
fields:
  company: {{type: text}}
  firm: {{type: link, to: firm, on_delete: clear}}
duplicates:
  - {{name: known_firm, match: {{company: company}}, against: firm.same_name}}
---
object: plain
fields: {{name: {{type: text}}}}
---
role: seller
grants:
  firm: {{create: true, read: own, update: own, fields: {{"*": write}}}}
  hint: {{create: true, read: own, update: own, fields: {{"*": write}}}}
  plain: {{read: all, update: all, fields: {{"*": write}}}}
  person: {{read: all, fields: {{"*": read}}}}
---
role: nameless
grants:
  firm: {{read: all, update: all, fields: {{name: write, status: write}}}}
---
role: reader
grants:
  firm: {{read: all, fields: {{"*": read}}}}
"""


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    """One site for all tests, emptied after each of them."""
    with small_site(request.param, tmp_path_factory.mktemp("scan"), SITE) as made:
        yield made


@pytest.fixture
def works(shared: SmallSite, tmp_path: Path) -> Iterator[Works]:
    """Long work on the site; its firms and hints are deleted in the end."""
    yield Works(shared, tmp_path)
    for object in ("hint", "firm"):
        shared.delete(object, *shared.ids(object))


@pytest.fixture
def ann(shared: SmallSite) -> Actor:
    """Somebody who sees her own records only."""
    return actor(shared.create("person", name="Ann"), "seller")


@pytest.fixture
def ben(shared: SmallSite) -> Actor:
    """Somebody else."""
    return actor(shared.create("person", name="Ben"), "seller")


def firm(works: Works, by: Actor, name: str, **values: Any) -> int:
    return works.site.create("firm", by, **{"name": name, CONFIRM: True, **values})


def scan(works: Works, by: Actor = SYSTEM, object: str = "firm") -> WorkRow:
    row = works.run(scan_work(works.site.gate, by, ScanRequest(object=object)), by)
    assert row.status == "done", row.problem
    return row


def found(works: Works, row: WorkRow, by: Actor = SYSTEM, **options: Any) -> list[Found]:
    definition = works.site.gate.catalog.objects[row.object]
    return groups_found(works.site.gate, by, row.id, definition, **options)


def ids(groups: list[Found]) -> list[list[int]]:
    return [[one.record for one in group.members] for group in groups]


def settle(works: Works, row: WorkRow, by: Actor, number: int, state: str) -> None:
    definition = works.site.gate.catalog.objects[row.object]
    works.site.gate.write(by, lambda tx: decide(tx, row.id, definition, number, state))


def test_groups_by_every_rule(works: Works) -> None:
    """Whole keys, similar names and shared numbers; records of two rules are one group."""
    a = firm(works, SYSTEM, "Acme Ltd", phone="0755-8366 1200")
    b = firm(works, SYSTEM, "ACME Inc")
    c = firm(works, SYSTEM, "Quite different", phone="0755 83661200")
    d, e = firm(works, SYSTEM, "Quartermain Robotics"), firm(works, SYSTEM, "Quartermain Robottics")
    firm(works, SYSTEM, "Alone", phone="13800138000", status="closed")
    firm(works, SYSTEM, "Closed", phone="13800138000", status="closed")
    works.site.delete("firm", firm(works, SYSTEM, "acme"))
    row = scan(works)
    groups = found(works, row)
    assert ids(groups) == [[a, b, c], [d, e]]
    assert [[str(r) for r in g.rules] for g in groups] == [
        ["same name", "same phone"], ["similar name"],
    ]  # fmt: skip
    assert (groups[0].similarity, groups[1].similarity) == (100, 97)
    assert row.counts == {"groups": 2, "duplicates": 5}
    assert works.site.rows("fw_scan_pair") == []
    lines = works.file(row.id, "firm-duplicates.csv").splitlines()
    assert len(lines) == 6 and lines[1].endswith(f'"same name, same phone",100,firm,{a},,Acme Ltd,')


def test_portions_find_the_same(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little is read at once, and where blocks and keys are too full, none is left out."""
    for letter in "ABCDEFG" * 3:
        firm(works, SYSTEM, f"Northern {letter}{letter} Star", phone=f"021-5555{ord(letter)}00")
    whole = ids(found(works, scan(works)))
    assert sum(map(len, whole)) == 21
    for size, block in ((4, 300), (5, 300), (7, 3)):
        monkeypatch.setattr(pairs, "PORTION", size)
        monkeypatch.setattr(pairs, "MOST_IN_BLOCK", block)
        assert sum(map(len, ids(found(works, scan(works))))) == 21


def test_pause_and_resume(works: Works) -> None:
    """A scan that was paused goes on behind what it has read."""
    for n in range(4):
        firm(works, SYSTEM, f"Pausing {'abcd'[n // 2]}")
    id = works.start(scan_work(works.site.gate, SYSTEM, ScanRequest(object="firm")))
    works.steer(work.pause, id)
    assert works.one(id).status == "paused"
    works.steer(work.resume, id)
    works.carrier().drain()
    assert works.one(id).counts["groups"] >= 1


def test_others_records_only_as_revealed(works: Works, ann: Actor, ben: Actor) -> None:
    """Ben sees no group of Ann's; of one that is half hers, what is revealed of her record."""
    firm(works, ann, "Hers alone"), firm(works, ann, "HERS ALONE Ltd")
    theirs, his = (
        firm(works, ann, "Half of each", phone="021-55551234"),
        firm(works, ben, "half of each"),
    )
    row = scan(works, ben)
    (group,) = found(works, row, ben)
    hidden, seen = sorted(group.members, key=lambda one: one.id or 0)
    assert (seen.id, hidden.id, hidden.title, hidden.record) == (his, None, "", theirs)
    assert [(str(a), str(b)) for a, b in hidden.reveal] == [("Owner", "Ann")]
    assert row.counts == {"groups": 1, "duplicates": 2}
    table = works.file(row.id, "firm-duplicates.csv")
    assert "Hers" not in table and "Half of each" not in table and "(may not be seen)" in table
    assert len(found(works, scan(works))) == 2
    with pytest.raises(Refusal) as caught:
        settle(works, row, ben, group.number, APART)
    assert caught.value.problems[0].code == "scan-not-all-seen"
    settle(works, row, ben, group.number, KEPT)
    assert found(works, row, ben, open_only=True) == []


def test_no_duplicates_is_remembered(works: Works, ann: Actor) -> None:
    """Warnings and later scans respect it, until the group is opened again."""
    one, two = firm(works, ann, "Twin Peaks"), firm(works, ann, "twin peaks Ltd")
    row = scan(works, ann)
    (group,) = found(works, row, ann)
    settle(works, row, ann, group.number, APART)
    assert found(works, scan(works, ann), ann) == []
    works.site.update("firm", one, ann, name="Twin Peaks Lodge")
    works.site.update("firm", one, ann, name="TWIN PEAKS")
    three = firm(works, ann, "Twin Peaks GmbH")
    assert ids(found(works, scan(works, ann), ann)) == [[one, two, three]]
    settle(works, row, ann, group.number, OPEN)
    works.site.update("firm", one, ann, name="Other")
    with pytest.raises(Refusal):
        works.site.update("firm", one, ann, name="twin peaks")


def test_against_another_object(works: Works) -> None:
    """Hints that name a firm are found with it; those that refer to it already are not."""
    id = firm(works, SYSTEM, "Kestrel Optics Ltd")
    new = works.site.create("hint", company="KESTREL OPTICS")
    works.site.create("hint", company="Kestrel Optics", firm=id)
    row = scan(works, object="hint")
    (group,) = found(works, row)
    assert [(one.object, one.record) for one in group.members] == [("hint", new), ("firm", id)]
    settle(works, row, SYSTEM, group.number, APART)
    assert found(works, scan(works, object="hint")) == []


def test_settled_groups_and_refusals(works: Works, ann: Actor) -> None:
    """A group whose records went is settled; rights, rules and numbers are checked."""
    gate, definition = works.site.gate, works.site.gate.catalog.objects["firm"]
    firm(works, ann, "Going"), firm(works, ann, "going Ltd")
    row = scan(works, ann)
    works.site.delete("firm", works.site.ids("firm", ann)[0])
    assert [g.settled for g in found(works, row, ann)] == [True]
    assert codes(lambda: group_found(gate, ann, row.id, definition, 9)) == [("scan-no-group", "")]
    reader = actor(None, "reader")
    for by, object, code in (
        (reader, "firm", "forbidden"),
        (ann, "plain", "no-match-rules"),
        (ann, "none", "unknown-object"),
    ):
        request = ScanRequest(object=object)
        assert codes(lambda by=by, r=request: scan_work(gate, by, r)) == [(code, "")]
    assert codes(lambda: settle(works, row, reader, 1, KEPT)) == [("forbidden", "")]


def test_too_many_pairs(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan that finds too much ends early and says so."""
    monkeypatch.setattr(scanning, "MOST_PAIRS", 1)
    for name in ("Aa", "aa ltd", "Bb", "bb ltd"):
        firm(works, SYSTEM, name, phone="0755-8366 1200")
    row = scan(works)
    ((_, _, said),) = work.rows_of(works.site.gate, SYSTEM, row.id, "notice")
    assert "ended after 1 pairs" in said["en"]


def test_a_rule_over_hidden_fields_names_nobody(works: Works) -> None:
    """Who may not read telephones is not told which records share one, nor that some do."""
    for name in ("Aa", "Zz"):
        firm(works, SYSTEM, name, phone="0755-8366 1200")
    by = actor(works.site.create("person", name="Cy"), "nameless")
    row = scan(works, by)
    assert row.counts == {"groups": 0} and found(works, row, by) == []
    assert found(works, scan(works), by) == []
