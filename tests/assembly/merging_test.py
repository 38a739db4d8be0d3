"""Merging: what refers to the record that goes, what the other takes over, and all of it undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from assembly.merging import merge_records
from engine.matching.merged import winner_of, with_merged
from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from exchange.undo_net import count_touched, touched_before
from exchange.undoing import undo_records
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, actor, small_site

SITE = f"""{PEOPLE}
---
object: firm
title: name
number: "F-{{seq}}"
fields:
  name: {{type: text, required: true, unique: true}}
  code: {{type: text, unique: true}}
  city: {{type: text}}
  parent: {{type: parent, on_delete: clear}}
  places: {{type: lines, of: place}}
  deals: {{type: related, of: deal, by: firm}}
  worth: {{type: integer, rollup: sum(d.worth for d in deals)}}
---
object: place
fields:
  firm: {{type: link, to: firm}}
  street: {{type: text}}
---
object: deal
fields:
  name: {{type: text}}
  worth: {{type: integer}}
  firm: {{type: link, to: firm, on_delete: refuse, set_once: true}}
  rivals: {{type: links, to: firm}}
  about: {{type: link_any, to: [firm, person]}}
  rows: {{type: lines, of: row}}
---
object: row
fields:
  deal: {{type: link, to: deal}}
  supplier: {{type: link, to: firm}}
  amount: {{type: integer}}
---
role: clerk
grants:
  firm: {{create: true, read: all, update: all, fields: {{"*": write}}}}
---
role: keeper
grants:
  firm: {{create: true, read: all, update: all, delete: all, restore: all, fields: {{"*": write}}}}
"""


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    """One site for all tests, each with records of its own."""
    with small_site(request.param, tmp_path_factory.mktemp("merging"), SITE) as made:
        yield made


def image(site: SmallSite, *records: tuple[str, int]) -> list[dict[str, object]]:
    """Everything that records and their lines hold, apart from stamps."""
    found = []
    for object, id in records:
        record = site.read(object, id)
        found.append(
            {
                name: [{**line.values, "id": 0} for line in value]
                if isinstance(value, list)
                else value
                for name, value in record.values.items()
                if not name.startswith(("changed_", "deleted_")) and name != "version"
            }
        )
    return found


def test_merge_and_undo(site: SmallSite) -> None:
    """Links, lists, lines, children and values follow; undo brings both back as they were."""
    top = site.create("firm", name="Top")
    stays = site.create("firm", name="Acme", places=[{"street": "One"}])
    goes = site.create(
        "firm",
        name="Acme Ltd",
        code="A1",
        city="Bern",
        parent=top,
        places=[{"street": "One"}, {"street": "Two"}],
    )
    site.update("firm", stays, parent=goes)
    child = site.create("firm", name="Acme Child", parent=goes)
    third = site.create("firm", name="Third")
    deal = site.create(
        "deal",
        name="d",
        worth=5,
        firm=goes,
        rivals=[goes, third],
        about={"object": "firm", "id": goes},
        rows=[{"supplier": goes, "amount": 1}, {"amount": 2}],
    )
    records = (("firm", stays), ("firm", goes), ("firm", child), ("deal", deal))
    before = image(site, *records)
    batch = merge_records(site.gate, SYSTEM, "firm", stays, goes, {"name": "other"})
    record = site.read("firm", stays).values
    assert (record["name"], record["code"], record["city"]) == ("Acme Ltd", "A1", "Bern")
    assert (record["parent"].id, record["worth"]) == (top, 5)
    assert [line.values["street"] for line in record["places"]] == ["One", "Two"]
    assert site.values("firm", child, "parent") == [stays]
    held = site.read("deal", deal).values
    assert [one.id for one in held["rivals"]] == [stays, third]
    assert (held["firm"].id, held["about_firm"].id) == (stays, stays)
    assert [line.values["supplier"] and line.values["supplier"].id for line in held["rows"]] == [
        stays, None,
    ]  # fmt: skip
    with site.databases.reading() as connection:
        assert winner_of(site.gate, connection, "firm", goes) == stays
        assert with_merged(site.gate, connection, "firm", stays) == [stays, goes]
        audit = site.application.tables.system("fw_audit")
        touched = touched_before(connection, audit, batch, None, 100)
        assert len(touched) == count_touched(connection, audit, batch) == 4
    with site.gate.transaction(SYSTEM, quiet=True, cause=f"undo of batch {batch}") as tx:
        tally = undo_records(tx, batch, touched)
    assert not tally.counts["conflicts"], tally.said
    assert image(site, *records) == before
    with site.databases.reading() as connection:
        assert winner_of(site.gate, connection, "firm", goes) is None
        assert with_merged(site.gate, connection, "firm", stays) == [stays]


def test_rights_and_mistakes(site: SmallSite) -> None:
    """Without the right to delete, with itself, with unknown fields: nothing happens."""
    one, two = site.create("firm", name="R1"), site.create("firm", name="R2")
    clerk = actor(None, "clerk")
    for by, other, take, code in (
        (clerk, two, {}, "forbidden"),
        (SYSTEM, one, {}, "merge-same-record"),
        (SYSTEM, two, {"nam": "other"}, "merge-not-taken"),
        (SYSTEM, two, {"name": "mine"}, "merge-choice"),
        (SYSTEM, 10**9, {}, "not-found"),
    ):
        with pytest.raises(Refusal) as caught:
            merge_records(site.gate, by, "firm", one, other, take)
        assert caught.value.problems[0].code == code
    assert site.values("firm", two, "name") == ["R2"]


def test_merged_twice(site: SmallSite) -> None:
    """What was merged into one that is merged later leads to the last of them."""
    a, b, c = (site.create("firm", name=f"M{n}") for n in range(3))
    merge_records(site.gate, SYSTEM, "firm", b, a, {})
    merge_records(site.gate, SYSTEM, "firm", c, b, {})
    with site.databases.reading() as connection:
        assert winner_of(site.gate, connection, "firm", a) == c
        assert sorted(with_merged(site.gate, connection, "firm", c)) == [a, b, c]


def test_trees(site: SmallSite) -> None:
    """A grandchild takes the place of the record that it stays for; nobody stands above himself."""
    top = site.create("firm", name="T top")
    goes = site.create("firm", name="T goes", parent=top)
    between = site.create("firm", name="T between", parent=goes)
    stays = site.create("firm", name="T stays", parent=between)
    below = site.create("firm", name="T below", parent=stays)
    merge_records(site.gate, SYSTEM, "firm", stays, goes, {})
    assert site.values("firm", stays, "parent") == [top]
    assert site.values("firm", between, "parent") == [stays]
    assert site.values("firm", below, "parent") == [stays]
    merge_records(site.gate, SYSTEM, "firm", top, stays, {"parent": "other"})
    assert site.values("firm", top, "parent") == [None]
    assert site.values("firm", between, "parent") == [top]


def test_unique_values_and_many_links(site: SmallSite) -> None:
    """A unique value is free once its record went; however many records refer to it, all follow."""
    stays, goes = site.create("firm", name="U1"), site.create("firm", name="U2", code="U")
    deals = [
        change.id
        for change in site.gate.create(
            SYSTEM, "deal", [{"name": f"u{n}", "firm": goes, "worth": 1} for n in range(300)]
        )
    ]
    merge_records(site.gate, SYSTEM, "firm", stays, goes, {"code": "other", "name": "other"})
    record = site.read("firm", stays).values
    assert (record["name"], record["code"], record["worth"]) == ("U2", "U", 300)
    assert site.values("deal", deals[-1] or 0, "firm") == [stays]
    site.create("firm", name="U1")


def test_an_edit_in_between(site: SmallSite) -> None:
    """What was decided by an older version of either record is refused, and nothing happens."""
    one, two = site.create("firm", name="E1"), site.create("firm", name="E2", city="Bern")
    versions = [site.read("firm", id).values["version"] for id in (one, two)]
    site.update("firm", two, city="Basel")
    with pytest.raises(Refusal) as caught:
        merge_records(site.gate, SYSTEM, "firm", one, two, {}, *versions)
    assert caught.value.problems[0].code == "stale-version"
    assert site.values("firm", one, "city") == [None]


def at_once(*works: Callable[[], object]) -> list[str]:
    """How works end that begin at the same moment: "done", or the code of the refusal."""
    start = Barrier(len(works))

    def run(work: Callable[[], object]) -> str:
        start.wait()
        try:
            work()
        except Refusal as refusal:
            return refusal.problems[0].code
        return "done"

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_two_merges_at_once(site: SmallSite) -> None:
    """Into each other: one of them wins. Two into a third: both are done, and nothing is lost."""
    a, b, c = (site.create("firm", name=f"C{n}", places=[{"street": f"{n}"}]) for n in range(3))

    def merge(id: int, other: int) -> Callable[[], object]:
        return lambda: merge_records(site.gate, SYSTEM, "firm", id, other, {})

    ended = at_once(merge(a, b), merge(b, a))
    assert sorted(ended) == ["done", "not-found"]
    stays = a if ended[0] == "done" else b
    more = site.create("firm", name="C3", places=[{"street": "3"}])
    assert at_once(merge(c, stays), merge(c, more)) == ["done", "done"]
    streets = {line.values["street"] for line in site.read("firm", c).values["places"]}
    assert streets == {"0", "1", "2", "3"}


def test_a_merge_and_a_change_at_once(site: SmallSite) -> None:
    """A link that is made meanwhile points to a live record or is refused; none dangles."""
    stays, goes = site.create("firm", name="D1"), site.create("firm", name="D2")
    ended = at_once(
        lambda: merge_records(site.gate, SYSTEM, "firm", stays, goes, {}),
        lambda: site.create("deal", name="late", firm=goes),
    )
    assert ended[0] == "done"
    held = [record.values["firm"] for record in site.page("deal", filters={"name": "late"}).items]
    assert [link.id for link in held] == ([stays] if ended[1] == "done" else [])


def test_undo_by_who_sees_only_a_part(site: SmallSite) -> None:
    """What the system changed for the merge goes back with it, whoever may see that or not."""
    keeper = actor(None, "keeper")
    stays, goes = site.create("firm", name="Kept"), site.create("firm", name="Kept Ltd")
    deal = site.create("deal", name="hidden", firm=goes, rows=[{"supplier": goes}])
    before = image(site, ("firm", goes), ("deal", deal))
    batch = merge_records(site.gate, keeper, "firm", stays, goes, {})
    with site.databases.reading() as connection:
        audit = site.application.tables.system("fw_audit")
        touched = touched_before(connection, audit, batch, None, 100)
    with site.gate.transaction(keeper, quiet=True, cause=f"undo of batch {batch}") as tx:
        tally = undo_records(tx, batch, touched)
    assert not tally.said
    assert image(site, ("firm", goes), ("deal", deal)) == before
