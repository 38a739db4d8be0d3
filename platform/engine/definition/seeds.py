"""Seed data: records that apply creates where they are missing (rule 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.kinds import DefinitionKind, Problems
from engine.definition.messages import UNKNOWN_FIELD, UNKNOWN_OBJECT
from engine.definition.tree import Node
from engine.fieldtypes.composite import Composite
from engine.fieldtypes.link import Link
from engine.fieldtypes.links import Links
from engine.problems import Message, Refusal, did_you_mean

UNKNOWN_SEED = Message(
    "unknown-seed",
    en="there is no seed record {key!r} of {object}",
    zh="没有键为 {key!r} 的{object}初始数据",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)


@dataclass(frozen=True, kw_only=True)
class SeedFile:
    """The seed records of one object by key; links name the key of another seed record.

    `managed` records are also updated by apply; others belong to the users once created.
    """

    object: str
    managed: bool
    records: Mapping[str, Mapping[str, Any]]
    source: Node | None = field(default=None, compare=False, repr=False)


def build_seeds(name: str, node: Node, problems: Problems) -> SeedFile | None:
    """The seed records from their file; the file's name is the object's."""
    return SeedFile(
        object=name,
        managed=bool(node.plain("managed", False)),
        records=node.plain("records", {}),
        source=node,
    )


def connect_seeds(catalog: Catalog, problems: Problems) -> Catalog:
    """The catalog with seed values read in the site's first language and checked."""
    files = {name: _connected(f, catalog, problems) for name, f in catalog.of("data").items()}
    return catalog.with_others("data", files)


def _connected(file: SeedFile, catalog: Catalog, problems: Problems) -> SeedFile:
    assert file.source is not None
    definition = catalog.objects.get(file.object)
    if definition is None:
        best = did_you_mean(file.object, catalog.objects)
        problems.append(UNKNOWN_OBJECT(file.source.at("data"), name=file.object, best=best))
        return file
    locale = catalog.site.locales[0]
    records: dict[str, dict[str, Any]] = {}
    for key, values in file.records.items():
        records[key] = {}
        for name, raw in values.items():
            place = file.source.at("records", key, name)
            found = definition.fields.get(name)
            if found is None or not (found.writable or name == "owner"):
                best = did_you_mean(name, definition.fields)
                problems.append(UNKNOWN_FIELD(place, object=definition.name, name=name, best=best))
                continue
            by_locale = isinstance(raw, dict) and not isinstance(found.type, Composite)
            value = raw.get(locale, next(iter(raw.values()), None)) if by_locale else raw
            if isinstance(found.type, Link | Links):
                target = catalog.of("data").get(found.type.to)
                keys = target.records if target else {}
                several = isinstance(found.type, Links) and isinstance(value, list)
                for key_ in value if several else [value]:
                    if isinstance(key_, str) and key_ in keys:
                        continue
                    best = did_you_mean(str(key_), keys)
                    problems.append(UNKNOWN_SEED(place, key=key_, object=found.type.to, best=best))
            elif found.type.stored or isinstance(found.type, Composite):
                try:
                    found.type.read(value)
                except Refusal as refusal:
                    problems.extend(problem.at(place) for problem in refusal.problems)
            records[key][name] = value
    return replace(file, records=records)


DATA_KIND = DefinitionKind("data", "data", "data.schema.json", build_seeds, connect_seeds)
