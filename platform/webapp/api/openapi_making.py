"""The API described, continued: the calls that make records from a record, and those about
duplicates."""

from __future__ import annotations

from typing import Any

from engine.definition.objects import Object
from webapp.api.call import Call
from webapp.api.openapi_parts import Schema, operation, path_parameter, ref


def making_paths(
    call: Call, definition: Object, one: str, at_record: list[Schema]
) -> dict[str, Any]:
    """The paths of copying and converting; `one` is the path of a record."""
    catalog, locale = call.application.catalog, call.locale
    name, plural = definition.name, definition.plural.in_(locale)
    key = ("Idempotency-Key",)
    paths: dict[str, Any] = {}
    if definition.kind == "ordinary":
        paths[f"{one}/copy"] = {
            "parameters": at_record,
            "post": operation(name, "copy", plural, ref(name), 201, body=ref(name), parameters=key),
        }
        paths[f"{one}/merge"] = _merging(call, definition, at_record)
    if definition.duplicates:
        paths[f"/o/{name}/duplicates"] = _searching(call, definition)
    conversions = [c for c in catalog.of("conversion").values() if c.object == name]
    if conversions:
        parts = {part.name: part.object for c in conversions for part in c.parts.values()}
        given = {part: ref(object) for part, object in {**parts, name: name}.items()}
        made = {
            part: {
                "type": "object",
                "properties": {
                    "object": {"type": "string"},
                    "new": {"type": "boolean"},
                    "record": ref(object),
                },
            }
            for part, object in parts.items()
        }
        answer = {
            "type": "object",
            "properties": {
                "made": {"type": "object", "properties": made},
                "record": ref(name),
                "preview": {"type": "boolean"},
            },
        }
        values = {"values": {"type": "object", "properties": given}}
        body = {"type": "object", "properties": values}
        names: Schema = {"type": "string", "enum": sorted(c.name for c in conversions)}
        paths[f"{one}/convert/{{conversion}}"] = {
            "parameters": [
                *at_record,
                path_parameter("conversion", "What to make of it", names),
            ],
            "post": operation(
                name, "convert", plural, answer, 201, body=body,
                parameters=("preview", "If-Match", *key),
            ),
        }  # fmt: skip
    return paths


def _merging(call: Call, definition: Object, at_record: list[Schema]) -> Schema:
    """Another record becomes part of this one."""
    name, plural = definition.name, definition.plural.in_(call.locale)
    choice: Schema = {"type": "string", "enum": ["own", "other"]}
    body: Schema = {
        "type": "object",
        "properties": {
            "with": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
            "take": {"type": "object", "additionalProperties": choice},
        },
        "required": ["with"],
    }
    merge = operation(name, "merge", plural, ref(name), body=body, parameters=("If-Match",))
    return {"parameters": at_record, "post": merge}


def _searching(call: Call, definition: Object) -> Schema:
    """The records that one with these values may be a duplicate of."""
    text: Schema = {"type": "string"}
    answer: Schema = {
        "type": "object",
        "properties": {"items": {"type": "array", "items": ref("Candidate")}},
    }
    plural = definition.plural.in_(call.locale)
    search = operation(definition.name, "duplicates", plural, answer)
    lens = call.lens(definition.name)
    matched = dict.fromkeys(n for rule in definition.duplicates for n in rule.fields)
    names = [name for name in matched if lens.may_read(name)]
    given = [{"name": n, "in": "query", "schema": text} for n in names]
    return {"get": search | {"parameters": given}}
