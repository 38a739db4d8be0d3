"""Deputies: whose rows they see and change, in which columns, for how long, and what is written."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from assembly.deputising import deputising
from assembly.organisation import placed, signature
from engine.permissions.actors import SYSTEM, Actor
from engine.permissions.binds import Binds
from engine.records.deputies import deputies_of, name_deputy, revoke_deputy
from engine.records.sharing import share, unshare
from engine.records.why.deciding import explain
from engine.records.why.findings import Finding
from engine.records.why.who import holders
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, codes, small_site

OBJECTS = """
object: deal
sharing: true
members: {lines: helpers, person: person, rights: write}
audit: {opened: true, listed: true}
fields:
  name: {type: text}
  secret: {type: text, restricted: true}
  helpers: {type: lines, of: helper}
---
object: helper
owned: false
fields:
  deal: {type: link, to: deal, required: true}
  person: {type: link, to: person}
---
object: other
fields:
  name: {type: text}
---
role: seller
grants:
  person: {read: all, fields: {"*": read}}
  deal: {read: own, update: own, fields: {"*": write, secret: write}}
  helper: {fields: {"*": write}}
---
role: assistant
grants:
  person: {read: all, fields: {"*": read}}
  deal: {read: own, update: own, fields: {name: write}}
---
role: boss
grants:
  person: {read: all, fields: {"*": read}}
  deal: {read: team, update: own, delete: all, fields: {"*": write}}
  other: {read: all, update: all, fields: {"*": write}}
---
role: office
grants:
  deal: {read: department_and_below, fields: {name: read}}
---
role: keeper
grants:
  person: {read: all, fields: {"*": read}}
  deal: {read: "name == 'open' and owner == user", fields: {name: read}}
---
role: reader
grants:
  deal: {read: "name == 'open'", fields: {name: read}}
---
role: administrator
administer: true
grants:
  person: {read: all, fields: {"*": write}}
"""
SITE = PEOPLE + "---\n" + OBJECTS
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("deputies"), SITE) as made:
        yield made


class Crew:
    """Three people of their own for each test, and their roles."""

    def __init__(self, site: SmallSite) -> None:
        self.site = site
        self.place = site.create("department", name="d")
        self.boss = site.create("person", name="boss", department=self.place)
        self.ann = site.create("person", name="ann", manager=self.boss, department=self.place)
        self.bob = site.create("person", name="bob")
        self.roles: dict[int, tuple[str, ...]] = {
            self.boss: ("boss",),
            self.ann: ("seller",),
            self.bob: ("assistant",),
        }

    @property
    def today(self) -> dt.date:
        return self.site.clock().astimezone(self.site.gate.zone).date()

    def actor(self, person: int) -> Actor:
        """As whom they act now, worked out anew."""
        gate = self.site.gate
        with self.site.databases.reading() as connection:
            alone = placed(gate, connection, Actor(roles=frozenset(self.roles[person])), person)
            return deputising(
                gate,
                connection,
                alone,
                lambda ids: {id: frozenset(self.roles[id]) for id in ids if self.roles.get(id)},
            )[0]

    def name(self, person: int, deputy: int, **given: Any) -> int:
        given = {"deputy": deputy, "until": self.today, **given}
        return name_deputy(self.site.gate, self.actor(person), given).id

    def sees(self, person: int, object: str = "deal") -> list[int]:
        who = self.actor(person)
        found = self.site.ids(object, who)
        counted = self.site.page(object, who, count="exact").count
        assert counted is not None and counted.value == len(found)
        return found


@pytest.fixture
def crew(site: SmallSite) -> Crew:
    return Crew(site)


def noted(site: SmallSite, action: str, record: int) -> dict[str, Any]:
    rows = [r for r in site.rows("fw_audit") if (r["action"], r["record"]) == (action, record)]
    found: dict[str, Any] = json.loads(rows[-1]["data"])
    return found


def test_rows_but_never_columns(site: SmallSite, crew: Crew) -> None:
    """The records of whoever is away, in the deputy's columns; each change says for whom."""
    deal = site.create("deal", name="n", secret="s", owner=crew.ann)
    mine = site.create("deal", name="m", owner=crew.bob)
    assert crew.sees(crew.bob) == [mine]
    id = crew.name(crew.ann, crew.bob)
    assert crew.sees(crew.bob) == [deal, mine]
    bob = crew.actor(crew.bob)
    values = site.read("deal", deal, bob).values
    assert values["name"] == "n" and "secret" not in values
    site.update("deal", deal, bob, name="changed")
    assert noted(site, "update", deal)["for"] == [crew.ann]
    site.update("deal", mine, bob, name="changed")
    assert "for" not in noted(site, "update", mine)
    assert codes(lambda: site.update("deal", deal, bob, secret="x"))[0][1] == "secret"
    assert codes(lambda: site.delete("deal", deal, actor=bob)) == [("forbidden", "")]
    assert codes(lambda: site.page("other", bob)) == [("forbidden", "")]
    revoke_deputy(site.gate, crew.actor(crew.ann), id)
    assert crew.sees(crew.bob) == [mine]
    person = [
        r["action"]
        for r in site.rows("fw_audit")
        if (r["object"], r["record"]) == ("person", crew.ann)
    ]
    assert person[-2:] == ["deputy", "deputy revoked"]


def test_what_was_seen_names_the_principal(site: SmallSite, crew: Crew) -> None:
    """Opening a record of somebody else, and lists, say for whom; own records do not."""
    deal = site.create("deal", name="n", owner=crew.ann)
    mine = site.create("deal", name="m", owner=crew.bob)
    crew.name(crew.ann, crew.bob)
    bob = crew.actor(crew.bob)
    site.read("deal", deal, bob)
    site.read("deal", mine, bob)
    site.ids("deal", bob)
    site.databases.accesses.flush()
    rows = [r for r in site.rows("fw_access") if r["actor"] == crew.bob]
    found = {(r["action"], r["record"]): json.loads(r["data"] or "{}").get("for") for r in rows}
    assert found == {
        ("opened", deal): [crew.ann],
        ("opened", mine): None,
        ("listed", 0): [crew.ann],
    }


@pytest.mark.parametrize(
    ("first", "last", "seen"), [(0, 0, True), (0, 1, True), (1, 1, False), (-1, 0, True)]
)
def test_days(site: SmallSite, crew: Crew, first: int, last: int, seen: bool) -> None:
    """It counts from the first day to the last, both included, and ends by itself."""
    deal = site.create("deal", name="n", owner=crew.ann)
    days = {"from": crew.today + first * DAY, "until": crew.today + last * DAY}
    crew.name(crew.ann, crew.bob, **days)
    assert (crew.sees(crew.bob) == [deal]) is seen
    assert len(deputies_of(site.gate, [crew.ann])) == 1


def test_a_team_and_a_department(site: SmallSite, crew: Crew) -> None:
    """The reports' records follow the principal's `team`, for the same action only."""
    deal = site.create("deal", name="n", owner=crew.ann)
    crew.name(crew.boss, crew.bob)
    assert crew.sees(crew.bob) == [deal]
    assert codes(lambda: site.update("deal", deal, crew.actor(crew.bob), name="x")) == [
        ("forbidden-record", "")
    ]
    crew.roles[crew.boss] = ("office",)
    assert crew.sees(crew.bob) == [deal]
    assert codes(lambda: site.update("deal", deal, crew.actor(crew.bob), name="x")) == [
        ("forbidden-record", "")
    ]


def test_rights_of_the_role_do_not_carry(site: SmallSite, crew: Crew) -> None:
    """`all` counts as `own`, and of conditions those that name the person."""
    theirs = site.create("deal", name="open", owner=crew.ann)
    crew.name(crew.boss, crew.bob)
    crew.roles[crew.boss] = ("reader",)
    assert crew.sees(crew.bob) == []
    crew.roles[crew.ann] = ("keeper",)
    crew.name(crew.ann, crew.bob)
    assert crew.sees(crew.bob) == [theirs]
    site.update("deal", theirs, name="closed")
    assert crew.sees(crew.bob) == []
    crew.roles[crew.boss] = ()
    assert crew.sees(crew.bob) == []
    crew.roles[crew.boss], crew.roles[crew.bob] = ("boss",), ("boss",)
    mine = site.create("deal", name="own", owner=crew.boss)
    bob = crew.actor(crew.bob)
    site.delete("deal", theirs, mine, actor=bob)  # their own `all`


def test_shares_and_members_carry(site: SmallSite, crew: Crew) -> None:
    """What is shared with the principal, and where they are members."""
    boss, ann, bob = crew.boss, crew.ann, crew.bob
    shared, member, by_role = (site.create("deal", name=n, owner=boss) for n in "abc")
    site.update("deal", member, helpers=[{"person": ann}])
    share(site.gate, SYSTEM, "deal", shared, {"person": ann, "level": "read"})
    given = share(site.gate, SYSTEM, "deal", by_role, {"role": "seller"})
    crew.name(ann, bob)
    assert crew.sees(bob) == [shared, member, by_role]
    site.update("deal", member, crew.actor(bob), name="x")
    assert codes(lambda: site.update("deal", shared, crew.actor(bob), name="x")) == [
        ("forbidden-record", "")
    ]
    unshare(site.gate, SYSTEM, "deal", by_role, given.id)


def test_no_chains_and_only_what_was_said(site: SmallSite, crew: Crew) -> None:
    """A deputy's deputy gets nothing of the first, and `approvals` shows no rows."""
    deal = site.create("deal", name="n", owner=crew.ann)
    crew.name(crew.ann, crew.bob)
    crew.name(crew.bob, crew.boss)
    crew.roles[crew.boss] = ("assistant",)
    assert crew.sees(crew.boss) == []
    other = site.create("person", name="eve")
    crew.roles[other] = ("assistant",)
    crew.name(crew.ann, other, what="approvals")
    assert crew.sees(other) == [] and crew.sees(crew.bob) == [deal]
    assert crew.actor(other).roles == {"assistant"}


def test_refusals(site: SmallSite, crew: Crew) -> None:
    """Everything that is wrong is named at once; others' deputies are for administrators."""
    ann, bob, gate = crew.actor(crew.ann), crew.bob, site.gate

    def attempt(who: Actor = ann, **given: Any) -> list[tuple[str, str]]:
        return codes(lambda: name_deputy(gate, who, given))

    assert attempt(deputy=crew.ann, until="x", what="all") == [
        ("deputy-same", "deputy"), ("deputy-what", "what"), ("value-not-readable", "until"),
    ]  # fmt: skip
    assert attempt() == [("deputy-needed", "deputy"), ("deputy-needed", "until")]
    assert attempt(deputy=99_999, until=crew.today) == [("deputy-unknown", "deputy")]
    for days in (-1, 400):
        assert attempt(deputy=bob, until=crew.today + days * DAY) == [("deputy-days", "until")]
    assert attempt(person=bob, deputy=crew.ann, until=crew.today) == [
        ("may-not-name-deputy", "person")
    ]
    crew.roles[crew.boss] = ("administrator",)
    id = name_deputy(
        gate, crew.actor(crew.boss), {"person": bob, "deputy": crew.ann, "until": crew.today}
    ).id
    assert codes(lambda: revoke_deputy(gate, ann, id)) == [("no-such-deputy", "")]
    revoke_deputy(gate, crew.actor(bob), id)
    assert codes(lambda: revoke_deputy(gate, crew.actor(bob), id)) == [("no-such-deputy", "")]


def test_statements_of_others_stay(site: SmallSite, crew: Crew) -> None:
    """Who stands in for nobody has the predicate of before; deputies share one among them."""
    lens = site.gate.lenses.lens("deal", frozenset(("assistant",)))
    table = site.application.tables.table("deal")
    assert "for0" not in str(lens.rows("update", table, Binds()))
    crew.name(crew.ann, crew.bob)
    crew.name(crew.boss, crew.bob)
    roles = crew.actor(crew.bob).roles
    text = str(site.gate.lenses.lens("deal", roles).rows("read", table, Binds()))
    assert "for0_actor_team" in text and "for1_actor_person" in text
    other = Crew(site)
    other.name(other.boss, other.bob)
    other.name(other.ann, other.bob)
    assert other.actor(other.bob).roles == roles
    with site.databases.reading() as connection:
        before = signature(site.gate, connection)
    crew.name(crew.ann, crew.boss)
    with site.databases.reading() as connection:
        assert signature(site.gate, connection) != before
        assert connection.execute(sa.select(1)).scalar() == 1


def told(findings: Iterable[Finding]) -> Iterator[Finding]:
    """All findings, at whatever depth."""
    for one in findings:
        yield one
        yield from told(one.parts)


def test_why_names_the_way(site: SmallSite, crew: Crew) -> None:
    """The explanation and the list of who sees a record know of it, for each person alone."""
    deal = site.create("deal", name="n", owner=crew.ann)
    mine = site.create("deal", name="m", owner=crew.bob)
    crew.name(crew.ann, crew.bob)
    gate, bob, ann = site.gate, crew.actor(crew.bob), crew.actor(crew.ann)
    for record, ways in ((deal, {"share": False, "member": False, "deputy": True}), (mine, {})):
        decision = explain(gate, SYSTEM, bob, "read", "deal", record)
        found = {one.name: one.holds for one in told(decision.findings) if one.kind == "way"}
        assert decision.allowed and found == ways, record
    with site.databases.reading() as connection:
        seeing = holders(gate, connection, [ann, bob], "read", "deal", deal)
    assert [(one.actor.person, one.ways) for one in seeing] == [
        (crew.ann, ("scope",)), (crew.bob, ("deputy",)),
    ]  # fmt: skip
