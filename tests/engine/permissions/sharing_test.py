"""Records shared one by one, and members of records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from engine.permissions.actors import SYSTEM, Actor
from engine.permissions.binds import Binds
from engine.permissions.sharing import SHARE
from engine.records.sharing import may_share, share, shares_of, unshare
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, actor, codes, loaded, small_site

OBJECTS = """
object: squad
owned: false
fields:
  name: {type: text}
---
object: deal
sharing: true
members:
  lines: helpers
  person: person
  role: role
  from: since
  until: until
  rights: {lead: write, support: read}
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
  role: {type: choice, options: {lead: Lead, support: Support, guest: Guest}}
  since: {type: date}
  until: {type: date}
---
object: paper
sharing: {levels: [read], by: owner}
fields:
  name: {type: text}
---
role: seller
grants:
  person: {read: all, fields: {"*": read}}
  squad: {read: all, fields: {"*": read}}
  department: {read: all, fields: {"*": read}}
  deal: {read: own, update: own, delete: own, fields: {"*": write}}
  helper: {fields: {"*": write}}
  paper: {read: own, update: own, fields: {"*": write}}
---
role: reader
grants:
  deal: {read: shared, fields: {name: read}}
---
role: blind
grants:
  person: {read: all, fields: {"*": read}}
"""
SITE = PEOPLE.replace("departments:", "teams: {object: squad}\ndepartments:") + "---\n" + OBJECTS


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("sharing"), SITE) as made:
        yield made


@pytest.fixture
def people(site: SmallSite) -> tuple[int, int]:
    return site.create("person", name="ann"), site.create("person", name="bob")


def sees(site: SmallSite, who: Actor, object: str = "deal") -> list[int]:
    found = site.ids(object, who)
    counted = site.page(object, who, count="exact").count
    assert counted is not None and counted.value == len(found)
    return found


def test_a_share_shows_one_record_and_is_taken_back(
    site: SmallSite, people: tuple[int, int]
) -> None:
    """Reading widens at once, changing only with the level `write`, deleting never."""
    ann, bob = people
    mine, other = (site.create("deal", name=n, owner=ann) for n in ("mine", "other"))
    owner, friend = actor(ann, "seller"), actor(bob, "seller")
    assert sees(site, friend) == []
    first = share(site.gate, owner, "deal", mine, {"person": bob, "reason": "holiday"})
    assert sees(site, friend) == [mine]
    assert site.read("deal", mine, friend).values["name"] == "mine"
    assert codes(lambda: site.read("deal", other, friend)) == [("not-found", "")]
    assert codes(lambda: site.update("deal", mine, friend, name="x")) == [("forbidden-record", "")]
    assert not may_share(site.gate, friend, "deal", mine)
    second = share(site.gate, owner, "deal", mine, {"person": bob, "level": "write"})
    assert [s.id for s in shares_of(site.gate, "deal", mine)] == [second.id] != [first.id]
    site.update("deal", mine, friend, name="changed")
    assert codes(lambda: site.delete("deal", mine, actor=friend)) == [("forbidden-record", "")]
    unshare(site.gate, owner, "deal", mine, second.id)
    assert sees(site, friend) == []
    audit = [r for r in site.rows("fw_audit") if r["object"] == "deal"]
    told = [r["action"] for r in audit if r["record"] == mine]
    assert told == ["create", "share", "share", "update", "unshare"]
    assert codes(lambda: unshare(site.gate, owner, "deal", mine, second.id)) == [
        ("no-such-share", "")
    ]


def test_what_is_shared_is_not_passed_on(site: SmallSite, people: tuple[int, int]) -> None:
    """Whoever may change a record only by a share or as a member cannot make that last longer."""
    ann, bob = people
    deal = site.create("deal", name="lent", owner=ann)
    owner, friend = actor(ann, "seller"), actor(bob, "seller")
    today = site.clock().astimezone(site.gate.zone).date()
    given = {"person": bob, "level": "write", "until": today}
    lent = share(site.gate, owner, "deal", deal, given)
    site.update("deal", deal, friend, name="changed by a friend")
    for more in ({"person": bob, "level": "write"}, {"role": "seller"}, {"person": ann}):
        assert codes(lambda m=more: share(site.gate, friend, "deal", deal, m)) == [
            ("may-not-share", "")
        ]
    assert codes(lambda: unshare(site.gate, friend, "deal", deal, lent.id)) == [
        ("may-not-share", "")
    ]
    unshare(site.gate, owner, "deal", deal, lent.id)
    site.update("deal", deal, owner, helpers=[{"person": bob, "role": "lead"}])
    site.update("deal", deal, friend, name="changed by the lead")
    (line,) = site.read("deal", deal, friend).values["helpers"]
    same = {"id": line.id, "person": bob, "role": "lead"}
    site.update("deal", deal, friend, name="changed again", helpers=[same])
    for helpers in ([same | {"role": "support"}], [same, {"person": ann, "role": "lead"}]):
        assert codes(lambda h=helpers: site.update("deal", deal, friend, helpers=h)) == [
            ("members-not-yours", "helpers")
        ]
    assert not may_share(site.gate, friend, "deal", deal)
    assert may_share(site.gate, owner, "deal", deal)


def test_days_of_a_share(site: SmallSite, people: tuple[int, int]) -> None:
    """A share counts from its first day to its last, both included."""
    ann, bob = people
    deal = site.create("deal", name="dated", owner=ann)
    owner, friend = actor(ann, "seller"), actor(bob, "seller")
    today = site.clock().astimezone(site.gate.zone).date()
    day = dt.timedelta(days=1)
    for first, last, seen in (
        (today, today, True), (None, today, True), (today + day, None, False),
        (None, today + day, True), (today - day, None, True),
    ):  # fmt: skip
        share(site.gate, owner, "deal", deal, {"person": bob, "from": first, "until": last})
        assert (sees(site, friend) == [deal]) is seen, (first, last)
    found = codes(
        lambda: share(site.gate, owner, "deal", deal, {"person": bob, "until": today - day})
    )
    assert found == [("share-days", "until")]


@pytest.mark.parametrize(
    ("given", "facts", "seen"),
    [
        ({"team": 1}, {"teams": (1,)}, True),
        ({"team": 1}, {"teams": (2,)}, False),
        ({"department": 1}, {"department": 1}, True),
        ({"department": 1}, {"department": 2, "above": (1,)}, True),
        ({"department": 1}, {"department": 2, "memberships": (2, 1)}, True),
        ({"department": 2}, {"department": 1}, False),
        ({"role": "seller"}, {}, True),
        ({"role": "blind"}, {}, False),
    ],
)
def test_holders(
    site: SmallSite,
    people: tuple[int, int],
    given: dict[str, Any],
    facts: dict[str, Any],
    seen: bool,
) -> None:
    """Shares with teams, departments (those below included) and roles."""
    ann, bob = people
    while len(site.ids("squad")) < 2:
        site.create("squad", name="s")
        site.create("department", name="d")
    deal = site.create("deal", name="held", owner=ann)
    given_share = share(site.gate, actor(ann, "seller"), "deal", deal, given)
    assert shares_of(site.gate, "deal", deal)[0].holder == next(iter(given.values()))
    assert (deal in sees(site, actor(bob, "seller", **facts))) is seen
    unshare(site.gate, SYSTEM, "deal", deal, given_share.id)


def test_what_a_share_never_does(site: SmallSite, people: tuple[int, int]) -> None:
    """It shows no field that the own roles do not show, and nothing without a role for it."""
    ann, bob = people
    deal = site.create("deal", name="n", secret="s", owner=ann)
    share(site.gate, SYSTEM, "deal", deal, {"person": bob, "level": "write"})
    values = site.read("deal", deal, actor(bob, "reader")).values
    assert values["name"] == "n" and "secret" not in values
    assert codes(lambda: site.update("deal", deal, actor(bob, "reader"), name="x")) == [
        ("forbidden", "")
    ]
    assert codes(lambda: site.page("deal", actor(bob, "blind"))) == [("forbidden", "")]
    assert codes(
        lambda: share(site.gate, actor(ann, "reader"), "deal", deal, {"role": "blind"})
    ) == [("not-found", "")]


def test_refusals(site: SmallSite, people: tuple[int, int]) -> None:
    """Unusable shares are refused by name, all that is wrong at once."""
    ann, bob = people
    owner = actor(ann, "seller")
    paper = site.create("paper", name="p", owner=ann)
    squad = site.create("squad", name="s")

    def attempt(object: str, id: int, who: Actor = owner, **given: Any) -> list[tuple[str, str]]:
        return codes(lambda: share(site.gate, who, object, id, given))

    assert attempt("squad", squad, role="seller") == [("no-sharing", "")]
    assert attempt("paper", paper) == [("share-with-whom", "")]
    assert attempt("paper", paper, person=bob, role="seller") == [("share-with-whom", "")]
    assert attempt("paper", paper, person=999) == [("share-holder-unknown", "person")]
    assert attempt("paper", paper, role="nobody") == [("share-holder-unknown", "role")]
    assert attempt("paper", paper, person=bob, level="write", until="x") == [
        ("share-level", "level"), ("value-not-readable", "until"),
    ]  # fmt: skip
    share(site.gate, owner, "paper", paper, {"person": bob})
    assert attempt("paper", paper, actor(bob, "seller"), role="seller") == [("may-not-share", "")]
    assert shares_of(site.gate, "paper", paper)[0].level == "read"


@pytest.mark.parametrize(
    ("role", "since", "until", "reads", "writes"),
    [
        ("lead", None, None, True, True),
        ("support", None, None, True, False),
        ("guest", None, None, False, False),
        (None, None, None, False, False),
        ("lead", 0, 0, True, True),
        ("lead", 1, None, False, False),
        ("support", None, -1, False, False),
    ],
)
def test_members(
    site: SmallSite, people: tuple[int, int], role: Any, since: Any, until: Any,
    reads: bool, writes: bool,
) -> None:  # fmt: skip
    """The lines of a record give rights of their own, by role and within their days."""
    ann, bob = people
    today = site.clock().astimezone(site.gate.zone).date()
    days = [None if n is None else today + dt.timedelta(days=n) for n in (since, until)]
    line = {"person": bob, "role": role, "since": days[0], "until": days[1]}
    deal = site.create("deal", name="d", owner=ann, helpers=[line])
    who = actor(bob, "seller")
    assert sees(site, who) == ([deal] if reads else [])
    if reads:
        assert len(site.read("deal", deal, who).values["helpers"]) == 1
    found = site.ids("deal", who, action="update")
    assert found == ([deal] if writes else [])
    if writes:
        site.update("deal", deal, who, helpers=[])
        assert sees(site, who) == []


def test_definitions_that_mean_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Names that are no fields, and objects that cannot be shared, are told."""
    text = SITE.replace("lines: helpers", "lines: helper").replace(
        "object: helper\n", "object: helper\nsharing: true\n"
    )
    text = text.replace("squad: {read: all", "squad: {read: shared")
    found = loaded(tmp_path_factory.mktemp("bad"), text)
    assert sorted(p.code for p in found.problems) == [
        "members-field", "not-shareable", "scope-without-sharing",
    ]  # fmt: skip
    text = SITE.replace("  person: person", "  person: role").replace("from: since", "from: role")
    found = loaded(tmp_path_factory.mktemp("worse"), text)
    assert [p.code for p in found.problems] == ["members-field"] * 2


def test_shares_are_found_by_an_index(site: SmallSite, people: tuple[int, int]) -> None:
    """The list of somebody to whom little is shared never reads all shares."""
    ann, bob = people
    deals = [site.create("deal", name="d", owner=ann) for _ in range(3)]
    share(site.gate, SYSTEM, "deal", deals[0], {"person": bob})
    table = site.gate.tables.system(SHARE)
    with site.databases.writing() as connection:
        row = {"object": "x", "level": "read", "at": site.clock(), "from_on": None}
        others = [row | {"record": n, "holder": f"person:{n}"} for n in range(3_000)]
        connection.execute(sa.insert(table), others)
        if site.gate.dialect == "postgresql":
            connection.execute(sa.text("ANALYZE fw_share"))
    who, binds = actor(bob, "seller"), Binds()
    deal = site.gate.tables.table("deal")
    lens = site.gate.lenses.lens("deal", who.roles)
    rows = lens.rows("read", deal, binds)
    assert rows is not None
    with site.databases.reading() as connection:
        values = binds.values(who, site.reader.context(connection, who))
        plan = plan_of(connection, sa.select(deal.c.id).where(rows), values)
    assert "fw_share" in plan
    assert "Seq Scan on fw_share" not in plan and "SCAN fw_share" not in plan, plan


def plan_of(connection: sa.Connection, statement: sa.Select[Any], values: dict[str, Any]) -> str:
    """How the database carries a statement out."""
    compiled: Any = statement.compile(dialect=connection.dialect)
    given = compiled.construct_params(values)
    given = {
        key: process(value) if (process := compiled._bind_processors.get(key)) else value
        for key, value in given.items()
    }
    if compiled.positional:
        given = tuple(given[name] for name in compiled.positiontup)
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    rows = connection.exec_driver_sql(f"{explain} {compiled}", given)
    return "\n".join(str(row) for row in rows)
