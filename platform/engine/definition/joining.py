"""Connecting fields of many links: their target, and the join table that holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.messages import NAME_IN_USE, UNKNOWN_OBJECT
from engine.definition.objects import Field, Object
from engine.definition.wholes import joined
from engine.fieldtypes.link import Link
from engine.fieldtypes.link_any import LinkAny
from engine.fieldtypes.links import Links
from engine.problems import Message, did_you_mean

NO_CASCADE = Message(
    "links-cascade",
    en="a record is not deleted because one of several that it names is",
    zh="不能因为多选链接中的某条记录被删除而删除本记录",
    hint_en="write `on_delete: clear` or `on_delete: refuse`",
    hint_zh="请写 `on_delete: clear` 或 `on_delete: refuse`",
)
NOT_COMPUTED = Message(
    "links-computed",
    en="a list of links is entered, so `{key}` means nothing here",
    zh="多选链接由人填写，`{key}` 在此无意义",
    hint_en="use `default_from`, or a formula that counts or compares",
    hint_zh="请使用 `default_from`，或用公式进行统计、比较",
)
LONGEST = 60
SEARCH_SUFFIX = "__fts"
"""What only names of search tables contain (`engine.schema.structure`)."""


def connected_links(field: Field, type_: Links, catalog: Catalog, problems: Problems) -> Links:
    """The type with its join table; without one where the field cannot be."""
    if type_.to not in catalog.objects:
        best = did_you_mean(type_.to, catalog.objects)
        problems.append(UNKNOWN_OBJECT(field.place("to"), name=type_.to, best=best))
        return type_
    if type_.on_delete == "cascade":
        problems.append(NO_CASCADE(field.place("on_delete")))
    for key in ("formula", "rollup", "copy"):
        if field.source is not None and field.source.get(key) is not None:
            problems.append(NOT_COMPUTED(field.place(key), key=key))
            return type_
    if SEARCH_SUFFIX in field.name:
        problems.append(NAME_IN_USE(field.place(), object=field.object, name=field.name))
        return type_
    return replace(type_, table=join_name(catalog.objects[field.object].table, field.column))


def with_labels(fields: Mapping[str, Field], catalog: Catalog) -> dict[str, Field]:
    """The fields, the parts of links to any of several objects called after those objects."""
    return {name: _labelled(field, fields, catalog) for name, field in fields.items()}


def _labelled(field: Field, fields: Mapping[str, Field], catalog: Catalog) -> Field:
    whole = fields.get(field.part_of)
    if whole is None or not isinstance(whole.type, LinkAny) or not isinstance(field.type, Link):
        return field
    target = catalog.objects.get(field.type.to)
    if target is None or (field.source is not None and _relabelled(whole, field)):
        return field
    label = joined(whole.label, target.label)
    return replace(field, label=label, short=target.label)


def _relabelled(whole: Field, part: Field) -> bool:
    """Whether `parts:` of the whole gives this part a label of its own."""
    parts = whole.source.get("parts") if whole.source else None
    own = parts.get(part.name.removeprefix(f"{whole.name}_")) if parts else None
    return own is not None and own.get("label") is not None


def join_name(table: str, column: str) -> str:
    """The join table of the field with the key `column`, within the 63 bytes of PostgreSQL.

    A table's name has no two underscores, so that no two fields share one.
    """
    name = f"fw_links_{table}__to_{column}"
    if len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: LONGEST - 9]}_{digest}"


def is_many_link(definition: Object, name: str, target: str) -> bool:
    """Whether the field `name` of the object holds many links to `target`."""
    found = definition.fields.get(name)
    return found is not None and isinstance(found.type, Links) and found.type.to == target
