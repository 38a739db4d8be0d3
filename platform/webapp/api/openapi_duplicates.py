"""The API described, continued: the answer that a record may be a duplicate, and confirming it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.duplicates import CONFIRM
from webapp.api.openapi_parts import Schema, ref

_TEXT: Schema = {"type": "string"}
SCHEMAS: dict[str, Schema] = {
    "Candidate": {
        "type": "object",
        "description": "A record that may be the same; of one that you may not see only `shown`.",
        "properties": {
            "object": _TEXT,
            "id": {"type": "integer", "nullable": True},
            "title": {"type": "string", "nullable": True},
            "restricted": {"type": "boolean"},
            "rule": _TEXT,
            "reason": _TEXT,
            "similarity": {"type": "integer", "nullable": True},
            "shown": {"type": "object", "additionalProperties": _TEXT},
        },
    },
    "Duplicate": {
        "allOf": [ref("Problem")],
        "type": "object",
        "properties": {
            "code": {"type": "string", "enum": ["duplicate", "possible-duplicate"]},
            "candidates": {"type": "array", "items": ref("Candidate")},
            "confirm": {
                "type": "object",
                "description": "What to send besides to go on; missing where a rule blocks.",
            },
        },
    },
}
"""What the description holds once, whatever objects there are."""
RESPONSES: dict[str, Schema] = {
    "duplicate": {
        "description": "It may be there already, or a unique value is taken (RFC 9457)",
        "content": {"application/problem+json": {"schema": ref("Duplicate")}},
    }
}
_WRITING = ("create_", "update_", "put_", "copy_", "do_", "convert_")
CONFIRMATION: Schema = {
    "type": "boolean",
    "writeOnly": True,
    "description": "Goes on although match rules warn of duplicates",
}


def describe_duplicates(
    catalog: Catalog, schemas: dict[str, Any], paths: Mapping[str, Any]
) -> None:
    """Adds to the calls that write objects with match rules what they answer and how to confirm.

    A conversion is a call of the object that it converts; what it makes counts as well.
    """
    ruled = {name for name, definition in catalog.objects.items() if definition.duplicates}
    making = {
        conversion.object
        for conversion in catalog.of("conversion").values()
        if ruled & {part.object for part in conversion.parts.values()}
    }
    for name in ruled:
        properties = schemas[name]["properties"]
        properties.setdefault(CONFIRM, CONFIRMATION)
    for path in paths.values():
        for operation in path.values():
            if not isinstance(operation, dict):
                continue
            id = str(operation.get("operationId", ""))
            verb = next((verb for verb in _WRITING if id.startswith(verb)), "")
            objects = ruled | making if verb == "convert_" else ruled
            if verb and id.removeprefix(verb) in objects:
                operation["responses"]["409"] = ref("duplicate", "responses")
