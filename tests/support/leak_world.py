"""A made-up world for the leak test, and in plain Python who may see what of it."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

from engine.permissions.actors import SYSTEM, Actor
from engine.records.reading import Linked
from engine.records.sharing import share, unshare
from support.leak_definitions import (
    BUNDLES,
    EXPRESSIONS,
    LINKS,
    OWN,
    RESTRICTED,
    ROLES,
    SYSTEM_FIELDS,
    Row,
)
from support.small import SmallSite


@dataclass
class World:
    """The site with all that is in it, and the oracle of who may see what."""

    site: SmallSite
    rows: dict[str, list[Row]]
    actors: list[Actor]
    shares: set[tuple[int, tuple[str, Any]]]
    helpers: set[tuple[int, int]]

    def get(self, object: str, id: int | None, name: str) -> Any:
        return next((row[name] for row in self.rows[object] if row["id"] == id), None)

    def name(self, region: int | None) -> Any:
        return self.get("region", region, "name")

    def row(self, object: str, id: int) -> Row:
        return next(row for row in self.rows[object] if row["id"] == id)

    def holds(self, role: str, object: str, row: Row, who: Actor) -> bool:
        """Whether the role grants reading of the row."""
        if object == "person":
            return True
        if object == "department":
            return False
        if object == "item":
            return bool(self.fields(role, "item")) and self.holds(
                role, "client", self.row("client", row["client"]), who
            )
        if object not in ROLES[role]:
            return False
        scope = ROLES[role][object][0]
        if object == "client" and scope != "none" and self.widened(row, who):
            return True
        if scope in EXPRESSIONS:
            return EXPRESSIONS[scope](self, row, who)
        return (
            {
                "all": True,
                "none": False,
                "own": row.get("owner") is not None and row["owner"] == who.person,
                "team": row.get("owner") in who.team,
                "department": row.get("department") is not None
                and row["department"] == who.department,
                "department_and_below": row.get("department") in who.departments,
            }[scope]
            if scope in ("all", "none") or object == "client"
            else False
        )

    def widened(self, row: Row, who: Actor) -> bool:
        """Whether the client is shared with the person, or names them among its helpers."""
        mine = {("person", who.person), *(("role", name) for name in who.roles)}
        mine |= {("department", id) for id in (who.department, *who.above)}
        given = any(c == row["id"] and holder in mine for c, holder in self.shares)
        return given or (row["id"], who.person) in self.helpers

    def fields(self, role: str, object: str) -> set[str]:
        """The fields that the role shows, on rows that it shows."""
        if object == "person":
            return {"id", "version", "name"}
        grant = ROLES[role].get(object)
        if grant is None:
            return set()
        levels = grant if object == "item" else grant[1]
        shown = set[str]()
        if levels.get("*", "none") not in ("none", "mask"):
            shown |= set(OWN[object]) - RESTRICTED[object]
            shown |= {
                n for n in SYSTEM_FIELDS if n in self.site.gate.catalog.objects[object].fields
            }
        closed = {name for name, level in levels.items() if level in ("none", "mask")}
        shown |= levels.keys() - closed - {"*"}
        shown -= closed
        if shown or self.masks(role, object):
            shown |= {"id", "client"} if object == "item" else {"id", "version"}
        return shown

    def masks(self, role: str, object: str) -> set[str]:
        """The fields of which the role shows the mask, on rows that it shows."""
        grant = ROLES.get(role, {}).get(object)
        if grant is None:
            return set()
        levels = grant if object == "item" else grant[1]
        found = {name for name, level in levels.items() if level == "mask"} - {"*"}
        if levels.get("*") == "mask":
            plain = set(OWN[object]) - RESTRICTED[object] - set(levels)
            found |= plain - {"items"} - {n for o, n in LINKS if o == object}
        return found

    def sees_mask(self, who: Actor, object: str, row: Row, name: str) -> bool:
        return any(
            name in self.masks(role, object) and self.holds(role, object, row, who)
            for role in who.roles
        )

    def sees_row(self, who: Actor, object: str, row: Row) -> bool:
        return any(self.holds(role, object, row, who) for role in who.roles)

    def sees_field(self, who: Actor, object: str, name: str) -> bool:
        return any(name in self.fields(role, object) for role in who.roles)

    def sees_cell(self, who: Actor, object: str, row: Row, name: str) -> bool:
        return any(
            name in self.fields(role, object) and self.holds(role, object, row, who)
            for role in who.roles
        )

    def seen(self, who: Actor, object: str, row: Row, name: str) -> Any:
        """The value as the actor sees it; what is hidden, or leads to what is hidden, is empty."""
        if not self.sees_cell(who, object, row, name):
            return None
        value = row[name]
        target = LINKS.get((object, name))
        if value is not None and target is not None:
            if not self.sees_row(who, target, self.row(target, value)):
                return None
        return value

    def visible(self, who: Actor, object: str) -> list[Row]:
        return [row for row in self.rows[object] if self.sees_row(who, object, row)]


def populated(site: SmallSite) -> World:
    """Departments, people, and clients in every combination that matters."""
    rng = random.Random(5)
    top = site.create("department", name="top")
    departments = [top, *(site.create("department", name=n, parent=top) for n in "ab")]
    people = [site.create("person", name=f"p{n}", department=departments[n % 3]) for n in range(4)]
    regions = [site.create("region", name=n, note=f"about {n}") for n in ("north", "south")]
    ids: list[int] = []
    helpers = set[tuple[int, int]]()
    for number in range(14):
        values = {
            "name": f"name{number:02}", "code": f"code{number:02}", "secret": f"secret{number:02}",
            "amount": rng.choice([5, 15, 25]), "kind": rng.choice(["big", "small"]),
            "flag": rng.random() < 0.5, "day": dt.date(2026, 3, rng.randint(10, 20)),
            "tags": [f"tag{number % 3}"], "region": rng.choice([*regions, None]),
            "friend": rng.choice([*ids, None]), "owner": rng.choice(people),
            "items": [
                {"what": f"what{number:02}", "price": number, "region": rng.choice(regions)}
            ],
        }  # fmt: skip
        hidden = rng.choice(["secret", "code", "amount", "kind", None])
        named = made_helpers(rng, people)
        values["helpers"] = named
        ids.append(site.create("client", **{k: v for k, v in values.items() if k != hidden}))
        here = [h for h in named if h["role"] == "lead" and h["until"] != PAST]
        helpers |= {(ids[-1], h["person"]) for h in here}
    shares = made_shares(site, rng, ids, people, departments)
    rows = {}
    for object in ("region", "client", "item"):
        found = site.page(object, limit=1_000, sort=("id",)).items
        rows[object] = [
            {n: v.id if isinstance(v, Linked) else v for n, v in record.values.items()}
            for record in found
        ]
    rows["person"] = [{"id": id} for id in people]
    rows["department"] = [{"id": id} for id in departments]
    actors = [
        Actor(
            person=people[n % 4],
            roles=frozenset(roles),
            department=departments[n % 4 % 3],
            team=(people[n % 4], people[(n + 1) % 4]),
            departments=tuple(departments) if n % 4 % 3 == 0 else (departments[n % 4 % 3],),
            above=() if n % 4 % 3 == 0 else (top,),
        )
        for n, roles in enumerate(BUNDLES)
    ]
    return World(site, rows, actors, shares, helpers)


PAST = dt.date(2026, 3, 15)
TODAY = dt.date(2026, 3, 16)


def made_helpers(rng: random.Random, people: list[int]) -> list[Row]:
    """The lines of a client that give rights of their own, or do not."""
    return [
        {
            "person": rng.choice(people),
            "role": rng.choice(["lead", "guest"]),
            "until": rng.choice([None, TODAY, PAST]),
        }
        for _ in range(rng.choice([0, 0, 1]))
    ]


def made_shares(
    site: SmallSite, rng: random.Random, ids: list[int], people: list[int], departments: list[int]
) -> set[tuple[int, tuple[str, Any]]]:
    """Shares with people, departments and roles; returns those that count today."""
    given = set[tuple[int, tuple[str, Any]]]()
    for id in ids:
        if rng.random() < 0.5:
            continue
        whom = rng.choice(["person", "department", "role"])
        choices: dict[str, list[Any]] = {
            "person": people,
            "department": departments,
            "role": ["own", "friendly"],
        }
        holder = (whom, rng.choice(choices[whom]))
        start = rng.choice([None, TODAY, TODAY + dt.timedelta(days=1)])
        made = share(site.gate, SYSTEM, "client", id, {whom: holder[1], "from": start})
        if rng.random() < 0.2:
            unshare(site.gate, SYSTEM, "client", id, made.id)
        elif start is None or start <= TODAY:
            given.add((id, holder))
    return given
