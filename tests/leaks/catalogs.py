"""Random definitions: small catalogs of all field types, and roles over any catalog.

Roles grant rows and fields at random: named scopes and conditions, all levels with masks, default
or not, fields that only a single role shows. People hold unions of them.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import yaml

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.fieldtypes.choice import Choice
from engine.fieldtypes.link import Link
from leaks.oracle import UNMASKED

NAMES = ("alpha", "beta", "gamma")
SITE: dict[str, Any] = {
    "site": "Random",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "people": {"object": "person", "department": "department", "manager": "manager",
               "account": "account"},
    "departments": {"object": "department", "parent": "above"},
    "teams": {"object": "team", "members": {"object": "member", "team": "team"}},
    "currencies": {"object": "currency"},
}  # fmt: skip
BASE: dict[str, dict[str, Any]] = {
    "currency": {"owned": False, "title": "code", "fields": {
        "name": {"type": "text"}, "code": {"type": "text", "unique": True, "required": True},
        "decimals": {"type": "integer", "default": 2}}},
    "department": {"owned": False, "fields": {
        "name": {"type": "text", "required": True},
        "above": {"type": "parent", "on_delete": "clear"}}},
    "team": {"owned": False, "fields": {
        "name": {"type": "text", "required": True}, "people": {"type": "lines", "of": "member"}}},
    "member": {"owned": False, "fields": {
        "team": {"type": "link", "to": "team", "required": True},
        "person": {"type": "link", "to": "person"}}},
    "person": {"owned": False, "fields": {
        "name": {"type": "text", "required": True}, "account": {"type": "text", "unique": True},
        "department": {"type": "link", "to": "department"},
        "manager": {"type": "link", "to": "person", "on_delete": "clear"}}},
}  # fmt: skip
OPTIONS = {"low": "Low", "mid": {"label": {"en": "Middle", "zh": "中"}}, "top": "Top"}
SIMPLE: tuple[dict[str, Any], ...] = (
    {"type": "text"}, {"type": "text", "searchable": True}, {"type": "text", "unique": True},
    {"type": "text", "mask": "first1"}, {"type": "text", "mask": "all"}, {"type": "email"},
    {"type": "phone"}, {"type": "url"}, {"type": "markdown"}, {"type": "code"}, {"type": "json"},
    {"type": "colour"}, {"type": "integer"}, {"type": "number"}, {"type": "money"},
    {"type": "percent", "min": 0, "max": 1}, {"type": "rating"}, {"type": "progress"},
    {"type": "boolean"}, {"type": "time"}, {"type": "date"}, {"type": "moment"},
    {"type": "choice", "options": OPTIONS}, {"type": "choices", "options": OPTIONS},
    {"type": "tags"}, {"type": "long_text"}, {"type": "duration"}, {"type": "secret"},
    {"type": "address"}, {"type": "file"}, {"type": "person"}, {"type": "team"},
)  # fmt: skip


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def random_catalog(folder: Path, seed: int) -> Path:
    """Writes a small catalog; the same for the same seed."""
    rng = random.Random(seed)
    objects = {name: dict(content) for name, content in BASE.items()}
    for place, name in enumerate(NAMES):
        objects[name] = _object(name, place, rng)
    objects["item"] = {
        "owned": False,
        "title": "what",
        "fields": {
            "alpha": {"type": "link", "to": "alpha", "required": True},
            "what": {"type": "text"},
            "price": {"type": "money"},
            "about": {"type": "link", "to": "gamma", "on_delete": "clear"},
            **_some(rng, 3),
        },
    }
    objects["figures"] = {
        "kind": "view",
        "from": "beta",
        "group": {"kind": "kind"},
        "fields": {
            "kind": {"value": "kind"},
            "records": {"value": "count()"},
            "total": {"value": "sum(worth)"},
            "most": {"value": "max(worth)"},
        },
    }
    _write(folder / "site.yaml", SITE)
    for name, content in objects.items():
        _write(folder / "objects" / f"{name}.yaml", {"object": name, **content})
    return folder


def _some(rng: random.Random, count: int) -> dict[str, Any]:
    chosen = rng.sample(SIMPLE, count)
    return {f"{one['type']}_{n}": dict(one) for n, one in enumerate(chosen)}


def _object(name: str, place: int, rng: random.Random) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": {"type": "text", "required": True, "max_length": 120},
        "kind": {"type": "choice", "options": OPTIONS},
        "worth": {"type": "money"},
        "start": {"type": "date"},
        "end": {"type": "date"},
        **_some(rng, 14),
    }
    for found in fields.values():
        if (
            found["type"] not in ("file", "address")
            and rng.random() < 0.2
            and "required" not in found
        ):
            found["restricted"] = True
    if name == "alpha":
        fields["items"] = {"type": "lines", "of": "item"}
        fields["items_total"] = {"type": "money", "rollup": "sum(i.price for i in items)"}
        fields["helpers"] = {"type": "lines", "of": "helper", "restricted": True}
        fields.pop("helpers")
    if name == "beta":
        fields |= {
            "alpha": {"type": "link", "to": "alpha", "on_delete": "clear"},
            "others": {"type": "links", "to": "alpha"},
            "either": {"type": "link_any", "to": ["person", "alpha"], "on_delete": "clear"},
            "worth_twice": {"type": "money", "formula": "worth * 2"},
            "alpha_name": {"type": "text", "formula": "alpha.name"},
            "alpha_kind": {"copy": "alpha.kind"},
            "money_in": {"type": "currency"},
            "abroad": {"type": "money", "currency": "money_in"},
            "late": {"type": "boolean", "formula": "start < today()"},
            "picture_of": {"type": "qr", "of": "name"},
        }
    if name == "alpha":
        fields["betas"] = {"type": "related", "of": "beta", "by": "alpha"}
        fields["betas_worth"] = {"type": "money", "rollup": "sum(b.worth for b in betas)"}
        fields["series_no"] = {"type": "series", "pattern": "S-{seq:04}"}
    if name == "gamma":
        fields["above"] = {"type": "parent", "on_delete": "clear"}
        fields["beta"] = {"type": "link", "to": "beta", "on_delete": "clear"}
    found = {
        "title": "name",
        "owned": name != "gamma",
        "number": f"{name[0].upper()}-{{seq:04}}",
        "attachments": name == "beta",
        "search": ["name", *(n for n, f in fields.items() if f.get("searchable"))],
        "fields": fields,
        "views": _views(name),
        "quick": ["name", "kind"],
    }
    if name != "gamma":
        found["sharing"] = True
        found["duplicates"] = [{"name": "same", "match": {"name": "text"}, "on": {"api": "warn"}}]
        found["reveal"] = ["owner"]
        found["search"].append("number")
    if name == "beta":
        found["search"].append("alpha.name")
    return found


def _views(name: str) -> dict[str, Any]:
    views: dict[str, Any] = {
        "grouped": {"group": "kind", "sums": ["worth"], "sort": "name",
                    "columns": ["name", "worth"]},
        "board": {"kind": "board", "by": "kind", "sum": "worth"},
        "calendar": {"kind": "calendar", "from": "start", "to": "end", "sort": "start"},
        "bars": {"kind": "timeline", "from": "start", "to": "end", "group": "kind",
                 "sort": "start"},
        "coloured": {"where": 'kind != "low"', "sort": "-worth",
                     "colour": [{"when": "worth > 100", "is": "red"}]},
    }  # fmt: skip
    if name == "gamma":
        views["tree"] = {"kind": "tree", "parent": "above"}
    return views


def random_roles(folder: Path, catalog: Catalog, seed: int, count: int) -> list[str]:
    """Writes roles over all objects of the catalog and returns their names."""
    names = [f"made_{number}" for number in range(count)]
    for number, name in enumerate(names):
        rng = random.Random(f"{seed} {number}")
        grants = {}
        for definition in catalog.objects.values():
            if rng.random() < 0.75 or definition.name == "person":
                grants[definition.name] = _grant(definition, catalog, rng)
        _write(folder / "roles" / f"{name}.yaml", {"role": name, "grants": grants})
    return names


def _grant(definition: Object, catalog: Catalog, rng: random.Random) -> dict[str, Any]:
    fields: dict[str, Any] = {"*": rng.choice(("read", "read", "write", "none", "mask"))}
    for name, found in definition.fields.items():
        if found.system or rng.random() < 0.7 or name == definition.parent:
            continue
        levels = ["read", "none", "write"]
        if not isinstance(found.type, UNMASKED):
            levels += ["mask", "mask"]
        fields[name] = "read" if definition.is_view else rng.choice(levels)
    if definition.is_view and fields["*"] in ("write", "mask"):
        fields["*"] = "read"
    grant: dict[str, Any] = {"fields": fields}
    if definition.parent:
        return grant
    actions = ("read", "export") if definition.is_view else ("read", "update", "delete", "export")
    if definition.is_settings:
        actions = ("read", "update")
    for action in actions:
        grant[action] = _scope(definition, catalog, rng)
    if not (definition.is_view or definition.is_settings):
        grant["create"] = rng.random() < 0.6
    return grant


def _scope(definition: Object, catalog: Catalog, rng: random.Random) -> str:
    choices = ["all", "none"]
    if definition.is_settings or definition.is_view:
        return "all" if rng.random() < 0.8 else "none"
    if "owner" in definition.fields:
        choices = ["own", "team", "department", "department_and_below", "all", "none",
                   "owner == user"]  # fmt: skip
    if definition.sharing is not None:
        choices.append("shared")
    if rng.random() < 0.4:
        found = [c for f in definition.fields.values() for c in _conditions(f, catalog)]
        if found:
            return rng.choice(found)
    return rng.choice(choices)


def _conditions(found: Field, catalog: Catalog) -> list[str]:
    name, type_ = found.name, found.type
    if found.system or not found.stored or found.restricted:
        return []
    if isinstance(type_, Choice) and type_.name == "choice":
        return [f'{name} == "{option.name}"' for option in list(type_.options)[:2]]
    if isinstance(type_, Link) and not found.part_of:
        owned = "owner" in catalog.objects[type_.to].fields
        return [f"{name} is not empty", *([f"{name}.owner == user"] if owned else [])]
    match type_.name:
        case "boolean":
            return [name, f"not {name}"]
        case "integer" | "number" | "money":
            return [f"{name} > 500", f"{name} <= 30000"]
        case "text" if not found.part_of:
            return [f"{name} is not empty"]
    return []


def random_bundles(names: list[str], seed: int, count: int) -> list[tuple[str, ...]]:
    """Sets of roles that people hold: one role, or a union of two or three."""
    rng = random.Random(f"bundles {seed}")
    return [tuple(rng.sample(names, rng.choice((1, 1, 2, 3)))) for _ in range(count)]


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")
