"""The parts of the API's description that are about files and secrets."""

from __future__ import annotations

from typing import Any

from engine.definition.guarded import ATTACHMENTS
from engine.definition.objects import Field, Object
from engine.fieldtypes.file import File
from engine.fieldtypes.secret import Secret

Schema = dict[str, Any]

_FILE: Schema = {
    "type": "object",
    "nullable": True,
    "description": "An uploaded file; input: its id, or an object with the id",
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "media": {"type": "string"},
        "size": {"type": "integer"},
        "width": {"type": "integer"},
        "height": {"type": "integer"},
        "url": {"type": "string"},
    },
}
_LIST: Schema = {
    "type": "object", "properties": {"items": {"type": "array", "items": _FILE}},
}  # fmt: skip
_PROBLEM = {"$ref": "#/components/responses/problem"}
REVEAL: Schema = {
    "name": "reveal",
    "in": "query",
    "schema": {"type": "string"},
    "description": "Secrets, separated by commas, whose value is wanted instead of the mask",
}


def guarded_type(field: Field) -> Schema | None:
    """The schema of a file or secret field; None for any other."""
    if isinstance(field.type, File):
        return {"type": "array", "items": _FILE} if field.type.multiple else dict(_FILE)
    if isinstance(field.type, Secret):
        text = "The mask; input is the value, and the mask changes nothing"
        return {"type": "string", "nullable": True, "description": text}
    return None


def file_paths(definition: Object, tag: str) -> dict[str, Any]:
    """The calls for the files of an object's records."""
    names = [f.name for f in definition.fields.values() if isinstance(f.type, File)]
    if not names:
        return {}
    name = definition.name
    field = _parameter("field", {"type": "string", "enum": names})
    record = _parameter("record", {"type": "string"})
    one = f"/o/{name}/{{record}}/files"
    both = {
        "get": _call(f"files_{name}", tag, _LIST),
        "post": _call(f"add_files_{name}", tag, _LIST, 201, sends=True),
    }
    content = {"type": "string", "format": "binary"}
    found: dict[str, Any] = {
        f"/o/{name}/files/{{field}}": {
            "parameters": [field],
            "post": _call(f"upload_{name}", tag, _FILE, 201, sends=True),
        },
        f"{one}/{{field}}": {"parameters": [record, field], **both},
        f"{one}/{{field}}/{{file}}": {
            "parameters": [record, field, _parameter("file", {"type": "integer"})],
            "get": _call(f"file_{name}", tag, content, media="application/octet-stream"),
        },
    }
    if ATTACHMENTS in names:
        found[one] = {
            "parameters": [record],
            "get": _call(f"attachments_{name}", tag, _LIST),
            "post": _call(f"attach_{name}", tag, _LIST, 201, sends=True),
        }
    return found


def _parameter(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _call(
    id: str,
    tag: str,
    result: Schema,
    status: int = 200,
    *,
    sends: bool = False,
    media: str = "application/json",
) -> Schema:
    done = {"description": "Done", "content": {media: {"schema": result}}}
    call: Schema = {
        "operationId": id,
        "tags": [tag],
        "responses": {str(status): done, "default": _PROBLEM},
    }
    if sends:
        part = {"type": "string", "format": "binary"}
        form = {"type": "object", "properties": {"file": part}, "required": ["file"]}
        call["requestBody"] = {"content": {"multipart/form-data": {"schema": form}}}
    return call
