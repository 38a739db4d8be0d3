"""Records as the REST contract writes them."""

from __future__ import annotations

from typing import Any

from engine.definition.catalog import Catalog
from engine.fieldtypes.link import Lines, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.obscured import Obscured
from engine.records.reading import Linked, Record


def to_json(catalog: Catalog, record: Record) -> dict[str, Any]:
    """The record's readable fields in JSON form."""
    definition = catalog.objects[record.object]
    result: dict[str, Any] = {}
    for name, value in record.values.items():
        type_ = definition.fields[name].type
        if definition.fields[name].part_of in record.values:
            continue
        if isinstance(value, Obscured):
            result[name] = str(value)
        elif isinstance(type_, Link):
            result[name] = linked_to_json(value)
        elif isinstance(type_, Links):
            result[name] = value if value is None else [linked_to_json(one) for one in value]
        elif isinstance(type_, Lines):
            result[name] = [to_json(catalog, line) for line in value or ()]
        else:
            result[name] = type_.to_json(value)
    return result


def linked_to_json(value: Linked | None) -> dict[str, Any] | None:
    """A link: id and title; what may not be seen says only that (rule 31)."""
    if value is None:
        return None
    if value.restricted:
        return {"id": None, "title": None, "restricted": True}
    return {"id": value.id, "title": value.title}
