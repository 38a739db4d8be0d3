"""The parts that descriptions of the API are put together from."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def parameter(name: str, in_: str, schema: Schema, text: str) -> Schema:
    """A parameter; `in_` says where it stands: path, query or header."""
    return {"name": name, "in": in_, "schema": schema, "description": text}


def ref(name: str, kind: str = "schemas") -> Schema:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def path_parameter(name: str, text: str, schema: Schema | None = None) -> Schema:
    """A parameter of the path."""
    return parameter(name, "path", schema or {"type": "string"}, text) | {"required": True}


def operation(
    object: str,
    verb: str,
    tag: str,
    result: Schema | None,
    status: int = 200,
    *,
    body: Schema | None = None,
    parameters: tuple[str, ...] = (),
) -> Schema:
    """One operation; its result with `status`, its body, and shared parameters by name."""
    done: Schema = {"description": "Done"}
    if result is not None:
        done["content"] = {"application/json": {"schema": result}}
    operation: Schema = {
        "operationId": f"{verb}_{object}",
        "tags": [tag],
        "responses": {str(status): done, "default": ref("problem", "responses")},
    }
    if parameters:
        operation["parameters"] = [ref(name, "parameters") for name in parameters]
    if body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return operation
