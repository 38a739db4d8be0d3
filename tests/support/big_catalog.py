"""A synthetic catalog of any size, written as YAML: the same for the same seed.

Objects of every kind (ordinary, with lines, trees, settings), fields of every type, formulas,
rollups, checks and conditions, workflows and roles. `python -m support.big_catalog FOLDER 500`
writes one. Every object can be created, read, changed and deleted with `values_of`.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

WIDE = 250
"""The fields of the first object."""
PEOPLE: dict[str, dict[str, Any]] = {
    "site.yaml": {
        "site": "Big",
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "people": {
            "object": "person", "department": "department", "manager": "manager",
            "account": "account",
        },
        "departments": {"object": "department", "parent": "above"},
        "teams": {"object": "team"},
        "currencies": {"object": "currency"},
    },
    "objects/team.yaml": {
        "object": "team",
        "owned": False,
        "fields": {"name": {"type": "text", "required": True}},
    },
    "objects/currency.yaml": {
        "object": "currency",
        "owned": False,
        "title": "code",
        "fields": {
            "name": {"type": "text"},
            "code": {"type": "text", "unique": True, "required": True},
            "decimals": {"type": "integer", "default": 2},
        },
    },
    "objects/department.yaml": {
        "object": "department",
        "owned": False,
        "fields": {
            "name": {"type": "text", "required": True},
            "above": {"type": "parent", "on_delete": "clear"},
        },
    },
    "objects/person.yaml": {
        "object": "person",
        "owned": False,
        "fields": {
            "name": {"type": "text", "required": True},
            "account": {"type": "text", "unique": True},
            "staff": {"type": "related", "of": "person", "by": "manager"},
            "department": {"type": "link", "to": "department"},
            "manager": {"type": "link", "to": "person", "on_delete": "clear"},
        },
    },
}  # fmt: skip
_SIMPLE: dict[str, tuple[dict[str, Any], Any]] = {
    "text": ({"max_length": 80}, "Something 东西"),
    "email": ({}, "li.wei@example.com"),
    "phone": ({}, "+86 138 0013 8000"),
    "url": ({}, "https://example.com/a"),
    "markdown": ({}, "**bold**"),
    "code": ({}, "x = 1"),
    "json": ({}, {"a": [1, 2]}),
    "colour": ({}, "#1f6feb"),
    "integer": ({"min": 0, "max": 1000}, 7),
    "number": ({"scale": 3}, "1.250"),
    "money": ({}, "12.50"),
    "percent": ({"min": 0}, "0.25"),
    "rating": ({}, 3),
    "progress": ({}, "0.5"),
    "boolean": ({}, True),
    "time": ({}, "08:30"),
    "date": ({}, "2026-03-01"),
    "moment": ({}, "2026-03-01T08:00:00Z"),
    "choice": ({"options": {"low": "Low", "mid": {"label": {"en": "Middle", "zh": "中"}}}}, "mid"),
    "choices": ({"options": {"a": "A", "b": "B", "c": "C"}}, ["a", "c"]),
    "tags": ({}, ["hot", "vip"]),
    "long_text": ({}, "One line\nand another"),
    "duration": ({}, "PT1H30M"),
    "secret": ({}, "6222 0000 1234"),
    "address": ({}, {"province": "上海市", "city": "上海市", "street": "南京路 1 号"}),
    "qr": ({"of": "name"}, None),
    "person": ({}, None),
    "team": ({}, None),
    "file": ({}, None),
    "image": ({}, None),
}
"""Of each simple type its keys, and a value that can be entered."""


@dataclass
class BigCatalog:
    """The definitions by file, and what the records of each object may be made of."""

    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    objects: list[str] = field(default_factory=list)
    lines: dict[str, str] = field(default_factory=dict)
    """Objects of lines, with the object that they belong to."""
    conditions: int = 0

    @property
    def fields(self) -> int:
        """How many fields are declared."""
        return sum(len(f.get("fields", {})) for f in self.files.values() if "object" in f)

    def definition(self, name: str) -> dict[str, Any]:
        """The object's definition."""
        return self.files[f"objects/{name}.yaml"]

    def is_settings(self, name: str) -> bool:
        """Whether the object has one record that is made with it."""
        return self.definition(name).get("kind") == "settings"

    def values_of(self, name: str) -> dict[str, Any]:
        """Input for a record: everything that needs nothing else."""
        given: dict[str, Any] = {"name": f"A {name}"}
        for key, one in self.definition(name)["fields"].items():
            value = _SIMPLE.get(one["type"], (None, None))[1]
            if value is not None and not one.keys() & {"formula", "rollup"}:
                given.setdefault(key, value)
            if one["type"] == "lines":
                given[key] = [self.values_of(one["of"]), self.values_of(one["of"])]
        return given

    def write(self, folder: Path) -> Path:
        """Writes the files and returns the folder."""
        for path, content in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            text = yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False)
            target.write_text(text, encoding="utf-8")
        return folder


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def big_catalog(
    objects: int = 500, fields: int = 9_000, seed: int = 1, wide: int = WIDE
) -> BigCatalog:
    """A catalog of so many objects and fields; the first object has `wide` of them."""
    catalog = BigCatalog(files={path: dict(content) for path, content in PEOPLE.items()})
    own = objects - 4
    names = [f"thing_{number:03}" for number in range(own)]
    catalog.objects = ["department", "person", "team", "currency", *names]
    chance = random.Random(seed)
    for number, name in enumerate(names):
        _object(catalog, names, number, name, chance)
    extra = fields - catalog.fields
    wide = min(extra, wide - len(catalog.definition(names[0])["fields"]))
    _fill(catalog, names[0], wide, chance)
    rest = [name for name in names[1:] if not _is_settings(names.index(name))]
    for place, name in enumerate(rest):
        share = (extra - wide) * (place + 1) // len(rest) - (extra - wide) * place // len(rest)
        _fill(catalog, name, share, chance)
    _roles(catalog, names)
    return catalog


def _is_settings(number: int) -> bool:
    return number % 100 == 99


def _object(
    catalog: BigCatalog, names: list[str], number: int, name: str, chance: random.Random
) -> None:
    """One object: its kind follows from its number."""
    definition: dict[str, Any] = {
        "object": name,
        "label": {"en": f"Thing {number}", "zh": f"事物{number}"},
        "fields": {"name": {"type": "text", "required": True, "max_length": 120}},
    }
    catalog.files[f"objects/{name}.yaml"] = definition
    parts = definition["fields"]
    if _is_settings(number):
        definition["kind"] = "settings"
        parts["name"]["default"] = "Ours"
        return
    if number % 10 == 4:  # lines of the one before
        parts[names[number - 1]] = {"type": "link", "to": names[number - 1], "required": True}
        parts |= {
            "quantity": {"type": "number", "scale": 2, "min": 0, "default": 1},
            "price": {"type": "money", "default": 10},
            "amount": {"type": "money", "formula": "round(quantity * price, 2)"},
        }
        catalog.lines[name] = names[number - 1]
        catalog.conditions += 1
        return
    if number % 10 == 3 and number + 1 < len(names):
        line = names[number + 1]
        parts["parts"] = {"type": "lines", "of": line}
        parts["total"] = {"type": "money", "rollup": "sum(x.amount for x in parts)"}
        parts["dear"] = {"type": "boolean", "formula": "total > 1000"}
        catalog.conditions += 2
    if number % 20 == 5:
        parts["above"] = {"type": "parent"}
        parts["level"] = {"type": "integer", "formula": "level(this)"}
        definition.setdefault("checks", []).append(
            {"that": "level(this) < 9", "say": {"en": "Too deep.", "zh": "层级过深。"}}
        )
        catalog.conditions += 2
    if number > 10:
        target = names[chance.randrange(number)]
        while target in catalog.lines or _is_settings(names.index(target)):
            target = names[chance.randrange(number)]
        parts["about"] = {"type": "link", "to": target, "on_delete": "clear"}
        parts["about_name"] = {"type": "text", "formula": "about.name"}
        catalog.conditions += 1
        if number % 7 == 0:
            parts["others"] = {"type": "links", "to": target}
        if number % 11 == 0:
            parts["either"] = {"type": "link_any", "to": ["person", target], "on_delete": "clear"}
    if number % 12 == 2:
        parts["money_in"] = {"type": "currency"}
        parts["abroad"] = {"type": "money", "currency": "money_in"}
        parts["invoice"] = {"type": "series", "pattern": f"INV{number}-{{seq:04}}"}
    if number % 6 == 1:
        _workflow(catalog, definition, name)
    if number % 3 == 0:
        definition["number"] = f"T{number}-{{year}}-{{seq:05}}"
    definition["views"] = {
        "all": {"label": {"en": "All", "zh": "全部"}, "sort": "name", "columns": ["name"]}
    }


def _workflow(catalog: BigCatalog, definition: dict[str, Any], name: str) -> None:
    flow = f"{name}_flow"
    definition["fields"]["stage"] = {"type": "stage", "workflow": flow}
    catalog.files[f"workflows/{flow}.yaml"] = {
        "workflow": flow,
        "object": name,
        "field": "stage",
        "stages": {
            "draft": {"label": {"en": "Draft", "zh": "草稿"}, "state": "open"},
            "done": {"label": {"en": "Done", "zh": "完成"}, "state": "won"},
        },
        "start": "draft",
        "transitions": {
            "finish": {
                "label": {"en": "Finish", "zh": "完成"},
                "from": "draft",
                "to": "done",
                "guard": "name is not empty",
                "say": {"en": "Name it first.", "zh": "请先命名。"},
            }
        },
    }
    catalog.conditions += 1


def _fill(catalog: BigCatalog, name: str, count: int, chance: random.Random) -> None:
    """Adds `count` fields of simple types in turn, with rules about some of them."""
    definition = catalog.definition(name)
    parts: dict[str, Any] = definition["fields"]
    kinds = list(_SIMPLE)
    first = chance.randrange(len(kinds))
    for number in range(count):
        kind = kinds[(first + number) % len(kinds)]
        one: dict[str, Any] = {"type": kind, **_SIMPLE[kind][0]}
        one["label"] = {"en": f"Field {number}", "zh": f"字段{number}"}
        if number % 9 == 8:
            kind, one = "number", _computed(parts, number)
            catalog.conditions += 1
        if number % 17 == 3:
            one["visible_when"] = "name is not empty"
            catalog.conditions += 1
        parts[f"{kind}_{number}"] = one
    for check in _checks(parts):
        definition.setdefault("checks", []).append(check)
        catalog.conditions += 1


def _computed(parts: dict[str, Any], number: int) -> dict[str, Any]:
    numbers = [
        key
        for key, one in parts.items()
        if one["type"] in ("integer", "number", "rating") and "visible_when" not in one
    ][-3:]
    formula = " + ".join(f"({key} if {key} is not empty else 0)" for key in numbers) or "1"
    return {"type": "number", "scale": 3, "formula": f"round({formula}, 3)"}


def _checks(parts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    say = {"en": "That cannot be.", "zh": "数据不合理。"}
    whole = [key for key, one in parts.items() if one["type"] == "integer" and "max" in one]
    dates = [key for key, one in parts.items() if one["type"] == "date"]
    for key in whole[:1]:
        yield {"that": f"{key} is empty or {key} <= 1000", "field": key, "say": say}
    if len(dates) > 1:
        one, other = dates[:2]
        yield {"that": f"{one} is empty or {other} is empty or {one} <= {other}", "say": say}


def _roles(catalog: BigCatalog, names: list[str]) -> None:
    for role, scope in (("keeper", "all"), ("seller", "own"), ("leader", "team")):
        catalog.files[f"roles/{role}.yaml"] = {
            "role": role,
            "label": {"en": role.title(), "zh": role},
            "grants": {
                **({
                    other: {"create": True, "read": "all", "update": "all", "delete": "all",
                            "fields": {"*": "write"}}
                    for other in ("person", "department", "team", "currency")
                } if role == "keeper" else {}),
                **{
                    name: {"fields": {"*": "write"}}
                    if name in catalog.lines
                    else {"read": "all", "update": "all", "fields": {"*": "write"}}
                    if catalog.is_settings(name)
                    else {"create": True, "read": scope, "update": scope, "delete": scope,
                          "restore": scope,
                          "fields": {"*": "write"}}
                    for name in names
                },
            },
        }  # fmt: skip


if __name__ == "__main__":
    made = big_catalog(int(sys.argv[2]), 18 * int(sys.argv[2]))
    made.write(Path(sys.argv[1]))
    print(f"{len(made.objects)} objects, {made.fields} fields, {made.conditions} conditions")
