"""A made-up world of deals in which every rule of permissions plays a part, to ask why about."""

from __future__ import annotations

import random
from dataclasses import dataclass

from assembly.organisation import placed
from engine.permissions.actors import SYSTEM, Actor
from engine.records.sharing import share
from support.small import PEOPLE, SmallSite

SITE = (
    PEOPLE
    + """
---
object: deal
sharing: true
members: {lines: helpers, person: person, role: role, rights: {lead: write, support: read}}
fields:
  name: {type: text}
  stage: {type: stage, workflow: flow}
  secretly: {type: integer}
  fixed: {type: text, set_once: true}
  open: {type: text, set_once: true}
  closing: {type: text, read_only_when: secretly > 50}
  placed: {type: text, visible_when: 'name != "d3"'}
  twice: {type: integer, formula: secretly * 2}
  phone: {type: text}
  helpers: {type: lines, of: helper}
---
object: helper
owned: false
fields:
  deal: {type: link, to: deal, required: true}
  person: {type: link, to: person}
  role: {type: choice, options: {lead: Lead, support: Support}}
  note: {type: text}
---
workflow: flow
object: deal
field: stage
stages: {new: {}, busy: {}, done: {state: done}}
transitions:
  begin: {from: new, to: busy, guard: secretly > 20}
  finish: {from: busy, to: done, roles: [team]}
  again: {from: done, to: new, require: [open]}
---
role: own
grants:
  deal:
    {create: true, read: own, update: own, delete: own, restore: own, export: own,
     fields: {"*": write, secretly: none}}
  helper: {fields: {"*": write}}
---
role: team
grants:
  deal: {read: team, update: team, fields: {"*": read, name: write, stage: write, phone: mask}}
  helper: {fields: {note: read}}
---
role: rule
grants:
  deal:
    read: secretly > 30 or owner.department == user.department
    update: not (secretly > 60) and (owner == user or count(h for h in helpers) > 1)
    export: name == "d1"
    fields: {name: read, phone: write, fixed: write, closing: write, open: write, placed: write}
---
role: shared
grants:
  deal:
    read: shared
    update: shared
    restore: all
    fields: {name: write, secretly: write, helpers: write}
  helper: {fields: {note: write, person: read}}
---
role: blind
grants:
  deal: {read: none, update: all, delete: all, create: true, fields: {"*": write}}
"""
)
ROLES = ("own", "team", "rule", "shared", "blind")


@dataclass
class World:
    site: SmallSite
    people: list[int]
    deals: list[int]


def populated(site: SmallSite, rng: random.Random, *, shares: bool = True) -> World:
    departments = [site.create("department", name=name) for name in "ab"]
    people: list[int] = []
    for name in "pqrst":
        boss = people[-1] if people and name != "s" else None
        department = rng.choice(departments)
        people.append(site.create("person", name=name, department=department, manager=boss))
    deals = []
    for number in range(12):
        helpers = [
            {"person": rng.choice(people), "role": rng.choice(["lead", "support"]), "note": "n"}
            for _ in range(rng.randint(0, 2))
        ]
        deals.append(
            site.create(
                "deal", name=f"d{number}", owner=rng.choice(people), secretly=number * 7,
                fixed="f", open="o" if number % 2 else None, closing="c", phone="0213334444",
                placed=None if number == 3 else "p", helpers=helpers,
            )
        )  # fmt: skip
    for deal in rng.sample(deals, 5):
        given = {"person": rng.choice(people), "level": rng.choice(["read", "write"])}
        if shares:
            share(site.gate, SYSTEM, "deal", deal, given)
    for deal in deals[6:8]:
        site.gate.perform(SYSTEM, "deal", deal, "begin")
    site.delete("deal", *deals[10:])
    return World(site, people, deals)


def who(world: World, person: int, roles: set[str]) -> Actor:
    gate = world.site.gate
    with world.site.databases.reading() as connection:
        return placed(gate, connection, Actor(roles=frozenset(roles)), person)
