"""Definitions of the world in which leaks are looked for, and what its roles are meant to show."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from engine.permissions.actors import Actor
from support.small import PEOPLE

Row = dict[str, Any]
OBJECTS = """
object: region
owned: false
fields:
  name: {type: text}
  note: {type: text, restricted: true}
---
object: client
number: "C-{seq:03}"
title: name
search: [name, secret, region.name]
sharing: true
members: {lines: helpers, person: person, role: role, until: until, rights: {lead: write}}
fields:
  name: {type: text}
  code: {type: text, unique: true}
  secret: {type: text, restricted: true}
  amount: {type: money}
  kind: {type: choice, options: {big: Big, small: Small}}
  flag: {type: boolean}
  day: {type: date}
  tags: {type: tags}
  region: {type: link, to: region}
  friend: {type: link, to: client}
  double: {type: money, formula: amount * 2}
  region_name: {type: text, formula: region.name}
  late: {type: boolean, formula: "day < today()"}
  items: {type: lines, of: item}
  items_total: {type: money, rollup: sum(i.price for i in items)}
  helpers: {type: lines, of: helper, restricted: true}
---
object: helper
owned: false
fields:
  client: {type: link, to: client, required: true}
  person: {type: link, to: person}
  role: {type: choice, options: {lead: Lead, guest: Guest}}
  until: {type: date}
---
object: item
owned: false
title: what
fields:
  client: {type: link, to: client, required: true}
  what: {type: text}
  price: {type: money}
  region: {type: link, to: region}
"""
RESTRICTED = {"client": {"secret", "helpers"}, "region": {"note"}, "item": set[str]()}
OWN = {
    "client": (
        "name", "code", "secret", "amount", "kind", "flag", "day", "tags", "region", "friend",
        "double", "region_name", "late", "items", "items_total",
    ),
    "region": ("name", "note"),
    "item": ("client", "what", "price", "region"),
}  # fmt: skip
SYSTEM_FIELDS = (
    "number", "owner", "department", "created_on", "created_by", "changed_on", "changed_by",
    "version", "deleted_on", "deleted_by",
)  # fmt: skip
VALUED = (
    "name",
    "code",
    "secret",
    "amount",
    "kind",
    "flag",
    "day",
    "double",
    "region_name",
    "late",
)
EXPRESSIONS: dict[str, Callable[[Any, Row, Actor], bool]] = {
    "amount > 10": lambda all, row, who: (row["amount"] or 0) > 10,
    "amount > 20": lambda all, row, who: (row["amount"] or 0) > 20,
    'region.name == "north"': lambda all, row, who: all.name(row["region"]) == "north",
    "owner == user": lambda all, row, who: row["owner"] is not None and row["owner"] == who.person,
    "friend.flag": lambda all, row, who: bool(all.get("client", row["friend"], "flag")),
    'name == "north"': lambda all, row, who: row["name"] == "north",
}
READ = {"*": "read"}
ROLES: dict[str, dict[str, Any]] = {
    "own": {"client": ("own", {**READ, "secret": "read"}), "region": ("all", READ), "item": READ},
    "little": {"client": ("all", {"name": "read"}), "region": ('name == "north"',
        {"name": "read"})},
    "above10": {"client": ("amount > 10", {"secret": "read", "day": "read"}),
        "item": {"what": "read"}},
    "above20": {"client": ("amount > 20", {"code": "read", "tags": "read", "created_on": "read"})},
    "team": {"client": ("team", {**READ, "name": "none"}), "item": {"price": "read"}},
    "department": {"client": ("department", {"amount": "read", "friend": "read",
        "region": "read"})},
    "below": {"client": ("department_and_below", {"flag": "read", "late": "read",
        "region_name": "read"}),
              "region": ("all", {"note": "read"})},
    "northern": {"client": ('region.name == "north"', {"secret": "read", "items": "read",
        "double": "read"}),
                 "item": {"*": "read", "client": "none"}},
    "mine": {"client": ("owner == user", {"kind": "read", "code": "read"}), "region": ("none",
        READ)},
    "masking": {"client": ("amount > 10", {"name": "mask", "code": "mask", "secret": "mask",
        "amount": "mask", "kind": "read"}), "region": ("all", {"name": "mask"}),
                "item": {"price": "mask"}},
    "masking_all": {"client": ("friend.flag", {"*": "mask", "secret": "mask", "kind": "none"})},
    "friendly": {"client": ("friend.flag", {"name": "read", "friend": "read", "owner": "read"})},
    "creator": {"client": ("none", {"name": "write", "code": "write", "friend": "write"})},
}  # fmt: skip
BUNDLES = (
    ("own", "little"), ("above10", "above20", "little"), ("team", "mine"), ("department", "below"),
    ("northern", "team"), ("friendly", "creator"), ("own", "northern", "below"), ("creator",),
    ("masking", "masking_all", "own"), ("masking_all", "above20", "mine"),
)  # fmt: skip


def definitions() -> str:
    parts = [PEOPLE, OBJECTS]
    for name, grants in ROLES.items():
        written: dict[str, Any] = {
            "person": {"read": "all", "fields": {"name": "read"}},
        }
        for object, grant in grants.items():
            if object == "item":
                written[object] = {"fields": grant}
            else:
                scope, fields = grant
                written[object] = {
                    "read": scope,
                    "update": scope,
                    "delete": scope,
                    "fields": fields,
                }
                if name == "creator":
                    written[object]["create"] = True
        text = json.dumps(written)
        parts.append(f"role: {name}\ngrants: {text}\n")
    return "\n---\n".join(part.strip() for part in parts)


LINKS = {
    ("client", "region"): "region", ("client", "friend"): "client", ("item", "region"): "region",
    ("item", "client"): "client", ("client", "owner"): "person",
    ("client", "department"): "department",
}  # fmt: skip
