"""Scopes and unions of roles: which rows, which cells, which changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from engine.permissions.actors import Actor
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, actor, codes, small_site

SITE = f"""
{PEOPLE}
---
object: account
fields:
  name: {{type: text}}
  hint: {{type: text}}
  region: {{type: link, to: department}}
  parts: {{type: lines, of: part}}
---
object: part
owned: false
fields:
  account: {{type: link, to: account}}
  what: {{type: text}}
  cost: {{type: money}}
---
role: all
grants: {{account: {{read: all, update: none, fields: {{name: read}}}}}}
---
role: own
grants:
  account: {{read: own, update: own, delete: own, fields: {{"*": write, owner: write}}}}
  part: {{fields: {{"*": write}}}}
---
role: team
grants: {{account: {{read: team, fields: {{name: read}}}}}}
---
role: department
grants: {{account: {{read: department, fields: {{name: read}}}}}}
---
role: below
grants: {{account: {{read: department_and_below, fields: {{name: read}}}}}}
---
role: regional
grants:
  account: {{read: 'under(region, user.department)', fields: {{name: read}}}}
---
role: linked
grants: {{account: {{read: 'region.parent == user.department', fields: {{name: read}}}}}}
---
role: fixer
grants:
  account: {{read: all, update: all, fields: {{name: read, hint: write, parts: read}}}}
  part: {{fields: {{what: write}}}}
---
role: dropbox
grants: {{account: {{create: true, read: none, fields: {{name: write}}}}}}
---
role: people
grants: {{person: {{read: own, update: own, fields: {{"*": read, name: write}}}}}}
---
role: colleagues
grants: {{person: {{read: department, fields: {{name: read}}}}}}
---
role: bin
grants: {{account: {{read: own, restore: all, delete: all, fields: {{name: read}}}}}}
---
role: nothing
grants: {{}}
"""


@dataclass
class Office:
    """Departments top > north > arctic and south; a person in each, ann leads ben."""

    site: SmallSite
    departments: dict[str, int]
    people: dict[str, int]
    accounts: dict[str, int]

    def who(self, name: str, *roles: str) -> Actor:
        place = {"ann": "north", "ben": "arctic", "eve": "south", "tom": "top"}[name]
        below = {"top": ("top", "north", "arctic", "south"), "north": ("north", "arctic")}
        team = (self.people["ann"], self.people["ben"]) if name == "ann" else (self.people[name],)
        return actor(
            self.people[name], *roles,
            department=self.departments[place],
            departments=tuple(self.departments[d] for d in below.get(place, (place,))),
            team=team,
        )  # fmt: skip

    def seen(self, who: Actor) -> set[str]:
        ids = set(self.site.ids("account", who))
        return {name for name, id in self.accounts.items() if id in ids}


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    with small_site(request.param, tmp_path_factory.mktemp("scopes"), SITE) as site:
        departments: dict[str, int] = {}
        for name, parent in (("top", ""), ("north", "top"), ("arctic", "north"), ("south", "top")):
            departments[name] = site.create("department", name=name, parent=departments.get(parent))
        places = {"ann": "north", "ben": "arctic", "eve": "south", "tom": "top"}
        people = {
            name: site.create("person", name=name, account=name, department=departments[place])
            for name, place in places.items()
        }
        accounts = {
            name: site.create(
                "account", name=name, owner=people[name], region=departments[places[name]],
                hint="h", parts=[{"what": "w", "cost": 1}],
            )
            for name in people
        }  # fmt: skip
        yield Office(site, departments, people, accounts)


@pytest.mark.parametrize(
    ("name", "role", "seen"),
    [
        ("ann", "all", {"ann", "ben", "eve", "tom"}), ("ann", "own", {"ann"}),
        ("ann", "team", {"ann", "ben"}), ("ben", "team", {"ben"}), ("ann", "department", {"ann"}),
        ("ann", "below", {"ann", "ben"}), ("tom", "below", {"ann", "ben", "eve", "tom"}),
        ("eve", "below", {"eve"}), ("ann", "regional", {"ann", "ben"}), ("eve", "regional",
            {"eve"}),
        ("tom", "linked", {"ann", "eve"}), ("ann", "linked", {"ben"}), ("ben", "linked", set()),
        ("ann", "bin", {"ann"}),
    ],
)  # fmt: skip
def test_scopes(office: Office, name: str, role: str, seen: set[str]) -> None:
    """Each scope holds the rows that it says, and the record alone answers the same."""
    who = office.who(name, role)
    assert office.seen(who) == seen
    for other, id in office.accounts.items():
        if other in seen:
            assert office.site.read("account", id, who).values["name"] == other
        else:
            assert codes(lambda i=id: office.site.read("account", i, who)) == [("not-found", "")]


def test_nobody_sees_anything(office: Office) -> None:
    """Without a grant, without a person, with a role that is not there: nothing."""
    for roles in ((), ("nothing",), ("unheard of",)):
        assert codes(lambda r=roles: office.site.page("account", actor(1, *r))) == [
            ("forbidden", "")
        ]
    assert office.seen(actor(None, "own", "team", "department", "below", "regional")) == set()


def test_union_of_roles_is_exact(office: Office) -> None:
    """Two roles show what either shows, and not the cells that neither does."""
    who = office.who("ann", "all", "own")
    items = office.site.page("account", who, sort=("id",)).items
    assert [item.values["name"] for item in items] == ["ann", "ben", "eve", "tom"]
    assert [item.values["hint"] for item in items] == ["h", None, None, None]
    assert office.site.ids("account", who, where='hint == "h"') == [office.accounts["ann"]]
    update = office.site.update
    found = codes(lambda: update("account", office.accounts["ben"], who, hint="x"))
    assert found == [("forbidden-record", "")]
    update("account", office.accounts["ann"], who, hint="h")


def test_writing_needs_a_role_for_row_and_field(office: Office) -> None:
    """A field may be written where one role grants both; lines count like fields."""
    who = office.who("ann", "own", "fixer")
    ann, ben = office.accounts["ann"], office.accounts["ben"]
    update = office.site.update
    update("account", ben, who, hint="h")
    assert codes(lambda: update("account", ben, who, name="x")) == [("forbidden-field", "name")]
    assert codes(lambda: update("account", ben, who, parts=[])) == [("forbidden-field", "parts")]
    line = office.site.read("account", ann).values["parts"][0].id
    update("account", ann, who, parts=[{"id": line, "cost": 1}], name="ann")


def test_lines_take_the_roles_of_their_record(office: Office) -> None:
    """A role that shows lines shows them on the records that it shows; no grant, no lines."""
    who = office.who("ann", "own", "fixer")
    items = office.site.page("part", who, sort=("id",)).items
    mine = [item.values["account"].id == office.accounts["ann"] for item in items]
    assert len(items) == 4 and [item.values["what"] for item in items] == ["w"] * 4
    assert [item.values["cost"] for item in items] == [1 if own else None for own in mine]
    assert office.site.ids("part", who, where="cost > 0") == [
        item.id for item, own in zip(items, mine, strict=True) if own
    ]
    assert codes(lambda: office.site.page("part", office.who("ann", "all"))) == [("forbidden", "")]
    assert len(office.site.ids("part", office.who("ann", "own", "all"))) == 1


def test_creating_without_reading(office: Office) -> None:
    """Who may only hand in sees nothing afterwards, and writes by that role alone."""
    who = office.who("eve", "dropbox")
    id = office.site.create("account", who, name="in the box")
    assert codes(lambda: office.site.read("account", id, who)) == [("not-found", "")]
    both = office.who("eve", "dropbox", "own")
    found = codes(lambda: office.site.create("account", both, name="x", hint="x"))
    assert found == [("forbidden-field", "hint")]
    office.site.delete("account", id)


def test_people(office: Office) -> None:
    """A person's record is their own, and their department's."""
    ann = office.who("ann", "people")
    assert office.site.ids("person", ann) == [office.people["ann"]]
    office.site.update("person", office.people["ann"], ann, name="ann")
    assert codes(lambda: office.site.update("person", office.people["ben"], ann, name="x")) == [
        ("not-found", "")
    ]
    assert office.site.ids("person", office.who("ben", "colleagues")) == [office.people["ben"]]


def test_restoring_needs_reading(office: Office) -> None:
    """What one could not read before it was deleted, one cannot bring back."""
    eve, who = office.accounts["eve"], office.who("ann", "bin")
    office.site.delete("account", eve)
    assert codes(lambda: office.site.restore("account", eve, actor=who)) == [("not-found", "")]
    office.site.restore("account", eve, actor=office.who("eve", "bin"))


def test_the_owner_decides_the_department(office: Office) -> None:
    """The owning department follows the owner, and the rows that people see with it."""
    ann, id = office.who("ann", "own"), office.accounts["ann"]
    assert office.site.values("account", id, "department") == [office.departments["north"]]
    office.site.update("account", id, owner=office.people["eve"])
    assert office.site.values("account", id, "department") == [office.departments["south"]]
    assert office.seen(ann) == set()
    office.site.update("account", id, owner=office.people["ann"])


def test_new_fields_are_hidden(office: Office) -> None:
    """A field that no role names, and `"*"` does not cover, is nobody's."""
    lens = office.site.gate.lenses.lens("account", frozenset({"all", "team", "fixer"}))
    assert sorted(lens.levels) == ["hint", "id", "name", "parts", "version"]
