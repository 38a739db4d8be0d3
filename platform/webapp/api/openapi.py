"""The API described as OpenAPI 3.0: one path per object, written when somebody asks for it."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from engine.definition.objects import Field, Object
from engine.fieldtypes.address import Address
from engine.fieldtypes.boolean import Boolean
from engine.fieldtypes.choice import Choice, Choices, Tags
from engine.fieldtypes.code import Json
from engine.fieldtypes.date import Date, MomentType
from engine.fieldtypes.duration import Duration
from engine.fieldtypes.link import Collection, Lines, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import Integer, Money, NumberType
from engine.records.query import COUNTS, LIMIT, MOST
from jobs.states import STATES
from webapp.answers import dumped
from webapp.api import openapi_duplicates
from webapp.api.approvals import SHOWN, WITHDRAW
from webapp.api.audit import SHOWN as LOGS_SHOWN
from webapp.api.call import Call
from webapp.api.jobs import ACTS
from webapp.api.openapi_files import REVEAL, file_paths, guarded_type
from webapp.api.openapi_making import making_paths
from webapp.api.openapi_parts import Schema
from webapp.api.openapi_parts import operation as _operation
from webapp.api.openapi_parts import parameter as _parameter
from webapp.api.openapi_parts import path_parameter as _path_parameter
from webapp.api.openapi_parts import ref as _ref
from webapp.api.queries import read_parameters
from workflow.approvals.deciding import DECISIONS
from workflow.approvals.definitions import reserved


def get_openapi(call: Call) -> Response:
    """GET _openapi: for those who administer, since it names everything that there is."""
    read_parameters(request)
    call.application.gate.require_right(call.actor, "administer")
    text = call.shell.remembered(
        call.application, "openapi", call.locale, make=lambda: dumped(document(call))
    )
    return Response(text, content_type="application/json")


def document(call: Call) -> Schema:
    """The whole description."""
    catalog, locale = call.application.catalog, call.locale
    paths: dict[str, Any] = dict(_general())
    schemas: dict[str, Any] = _SCHEMAS | openapi_duplicates.SCHEMAS
    for definition in catalog.objects.values():
        schemas[definition.name] = _object(definition, locale)
        paths.update(_paths(call, definition, locale))
    openapi_duplicates.describe_duplicates(catalog, schemas, paths)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": catalog.site.label.in_(locale),
            "version": str(call.application.revision),
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "responses": {
                "problem": {
                    "description": "What is wrong (RFC 9457)",
                    "content": {"application/problem+json": {"schema": _ref("Problem")}},
                },
                **openapi_duplicates.RESPONSES,
            },
            "parameters": {name: _parameter(name, *of) for name, of in _PARAMETERS.items()},
        },
    }


_PARAMETERS: dict[str, tuple[str, Schema, str]] = {
    "where": ("query", {"type": "string"}, "An expression that the records must fulfil"),
    "sort": ("query", {"type": "string"}, "Fields, separated by commas; `-` for descending"),
    "fields": ("query", {"type": "string"}, "Fields to return, separated by commas"),
    "q": ("query", {"type": "string"}, "Words to search for"),
    "limit": (
        "query", {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT}, "Records",
    ),
    "after": ("query", {"type": "string"}, "The `next` of the page before"),
    "count": ("query", {"type": "string", "enum": list(COUNTS), "default": "none"}, "Total"),
    "If-Match": ("header", {"type": "string"}, "The ETag that the change was made from"),
    "preview": ("query", {"type": "boolean"}, "Only tells what would be made"),
    "Idempotency-Key": ("header", {"type": "string"}, "Carries the request out once only"),
    "object": ("query", {"type": "string"}, "Only records of this object"),
    "show": (
        "query",
        {"type": "string", "enum": list(SHOWN), "default": SHOWN[0]},
        "What I am asked, or what I have submitted",
    ),
    "locale": ("query", {"type": "string"}, "The language of the document"),
    "status": ("query", {"type": "string", "enum": list(STATES)}, "The jobs of this status"),
    "kind": ("query", {"type": "string"}, "The jobs of this kind"),
    "log": ("query", {"type": "string", "enum": list(LOGS_SHOWN)}, "What was done, or seen"),
    "person": ("query", {"type": "string"}, "By this person: name, account or id"),
    "record": ("query", {"type": "integer"}, "About the record with this id"),
    "action": ("query", {"type": "string"}, "Only this action"),
    "since": ("query", {"type": "string", "format": "date"}, "From this day on"),
    "until": ("query", {"type": "string", "format": "date"}, "Until this day"),
}  # fmt: skip

_AUDIT = ("log", "person", "object", "record", "action", "since", "until", "limit", "after")

_SCHEMAS: dict[str, Schema] = {
    "Link": {
        "type": "object",
        "nullable": True,
        "properties": {
            "id": {"type": "integer", "nullable": True},
            "title": {"type": "string", "nullable": True},
            "restricted": {"type": "boolean"},
        },
    },
    "Money": {
        "type": "object",
        "nullable": True,
        "properties": {"amount": {"type": "string"}, "currency": {"type": "string"}},
    },
    "Problem": {
        "type": "object",
        "required": ["status", "code", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string"},
            "detail": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "field": {"type": "string", "nullable": True},
                        "code": {"type": "string"},
                        "message": {"type": "string"},
                        "hint": {"type": "string", "nullable": True},
                    },
                },
            },
        },
    },
}


def _object(definition: Object, locale: str) -> Schema:
    fields = [
        f for f in definition.fields.values() if not isinstance(f.type, Collection)
        or isinstance(f.type, Lines | Links)
    ]  # fmt: skip
    return {
        "type": "object",
        "title": definition.label.in_(locale),
        "properties": {f.name: _field(f, locale) for f in fields},
    }


def _field(field: Field, locale: str) -> Schema:
    shown: Schema = {"title": field.label.in_(locale)}
    if not field.writable and field.name != "owner":
        shown["readOnly"] = True
    schema = _type(field)
    # in OpenAPI 3.0 nothing may stand beside a reference
    return {"allOf": [schema], **shown} if "$ref" in schema else {**schema, **shown}


def _type(field: Field) -> Schema:
    type_ = field.type
    if (guarded := guarded_type(field)) is not None:
        return guarded
    match type_:
        case Money():
            return _ref("Money")
        case Integer():
            return {"type": "integer", "nullable": True}
        case NumberType():
            return {"type": "string", "format": "decimal", "nullable": True}
        case Boolean():
            return {"type": "boolean", "nullable": True}
        case MomentType():
            return {"type": "string", "format": "date-time", "nullable": True}
        case Date():
            return {"type": "string", "format": "date", "nullable": True}
        case Choices():
            names = [option.name for option in type_.options]
            return {"type": "array", "items": {"type": "string", "enum": names}}
        case Choice():
            return {
                "type": "string",
                "nullable": True,
                "enum": [*(option.name for option in type_.options), None],
            }
        case Tags():
            return {"type": "array", "items": {"type": "string"}}
        case Link():
            return _ref("Link")
        case Links():
            return {"type": "array", "items": _ref("Link")}
        case Lines():
            return {"type": "array", "items": _ref(type_.of)}
        case Duration():
            return {"type": "string", "format": "duration", "nullable": True}
        case Address():
            text = {"type": "string", "nullable": True}
            parts = {suffix: text for suffix in type_.parts()}
            return {"type": "object", "properties": parts, "nullable": True}
        case Json():
            return {"description": "Any JSON value", "nullable": True}
    return {"type": "string", "nullable": True}


def _paths(call: Call, definition: Object, locale: str) -> dict[str, Any]:
    name, plural = definition.name, definition.plural.in_(locale)
    record = _ref(name)
    page = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": record},
            "next": {"type": "string", "nullable": True},
            "count": {
                "type": "object",
                "properties": {"value": {"type": "integer"}, "exact": {"type": "boolean"}},
            },
        },
    }
    words = ("where", "sort", "fields", "q", "limit", "after", "count")
    listing = _operation(name, "list", plural, page, parameters=words)
    reading = _operation(name, "get", plural, record)
    base, one = f"/o/{name}", f"/o/{name}/{{record}}"
    at_record = [_path_parameter("record", "Id or number")]
    if definition.parent:  # lines are written with the record that they are part of
        lines = {base: {"get": listing}, one: {"get": reading, "parameters": at_record}}
        return lines | file_paths(definition, plural)
    if definition.is_view:  # which nobody writes
        return {base: {"get": listing}, one: {"get": reading, "parameters": at_record}}
    either = {"oneOf": [record, {"type": "array", "items": record}]}
    paths = {
        base: {
            "get": listing,
            "post": _operation(
                name, "create", plural, either, 201, body=either, parameters=("Idempotency-Key",)
            ),
        },
        one: {
            "parameters": at_record,
            "get": reading | {"parameters": [REVEAL]},
            "patch": _operation(
                name, "update", plural, record, body=record, parameters=("If-Match",)
            ),
            "delete": _operation(name, "delete", plural, None, 204, parameters=("If-Match",)),
        },
        f"{one}/history": {
            "parameters": at_record,
            "get": _operation(
                name, "history", plural, {"type": "object"}, parameters=("limit", "after")
            ),
        },
    }
    comment = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    paths[f"{one}/comments"] = {
        "parameters": at_record,
        "get": _operation(name, "comments", plural, {"type": "object"}),
        "post": _operation(name, "comment", plural, {"type": "object"}, 201, body=comment),
    }
    unique = [f.name for f in definition.fields.values() if f.unique and f.writable]
    if unique:
        by = _path_parameter("field", "A unique field", {"type": "string", "enum": unique})
        paths[f"{base}/by/{{field}}/{{value}}"] = {
            "parameters": [by, _path_parameter("value", "Its value")],
            "put": _operation(name, "put", plural, record, body=record, parameters=("If-Match",)),
        }
    transitions = [
        t.name
        for w in call.application.catalog.of("workflow").values()
        if w.object == name
        for t in w.transitions.values()
        if t.name not in reserved(call.application.catalog, name)
    ]
    paths.update(making_paths(call, definition, one, at_record))
    layouts = call.application.catalog.of("document").values()
    documents = sorted(layout.name for layout in layouts if layout.object == name)
    if documents:
        schema = {"type": "string", "enum": documents}
        pdf = _operation(name, "print", plural, None, parameters=("locale",))
        pdf["responses"]["200"]["content"] = {
            "application/pdf": {"schema": {"type": "string", "format": "binary"}}
        }
        paths[f"{one}/documents/{{document}}"] = {
            "parameters": [*at_record, _path_parameter("document", "What to print", schema)],
            "get": pdf,
        }
    if transitions:
        schema = {"type": "string", "enum": sorted(set(transitions))}
        paths[f"{one}/do/{{transition}}"] = {
            "parameters": [*at_record, _path_parameter("transition", "What to do", schema)],
            "post": _operation(
                name, "do", plural, record, body=record, parameters=("If-Match", "Idempotency-Key")
            ),
        }
    return paths | file_paths(definition, plural)


def _general() -> dict[str, Any]:
    """The paths that are about no object."""
    anything = {"type": "object"}
    credentials = {
        "type": "object",
        "required": ["username", "password"],
        "properties": {
            "username": {"type": "string"},
            "password": {"type": "string"},
            "refresh": {"type": "boolean"},
        },
    }
    login = _operation("security", "login", "security", anything, body=credentials)
    at_object = [_path_parameter("object", "The object's name")]
    return {
        "/security/login": {"post": {**login, "security": []}},
        "/security/refresh": {"post": _operation("security", "refresh", "security", anything)},
        "/me": {"get": _operation("me", "get", "me", anything)},
        "/definitions/{object}": {
            "parameters": at_object,
            "get": _operation("definition", "get", "definitions", anything),
        },
        **_approvals(),
        **_notices(),
        **_jobs(),
        "/audit": {"get": _operation("audit", "list", "audit", anything, parameters=_AUDIT)},
    }


def _approvals() -> dict[str, Any]:
    """The paths about approvals."""
    anything = {"type": "object"}
    comment = {"type": "object", "properties": {"comment": {"type": "string", "nullable": True}}}
    listing = ("limit", "after", "object", "show")
    decisions = {"type": "string", "enum": [*DECISIONS, WITHDRAW]}
    return {
        "/approvals": {
            "get": _operation("approvals", "list", "approvals", anything, parameters=listing)
        },
        "/approvals/{task}/{decision}": {
            "parameters": [
                _path_parameter("task", "The id of an item of the list", {"type": "integer"}),
                _path_parameter("decision", "What is decided", decisions),
            ],
            "post": _operation("approvals", "decide", "approvals", anything, body=comment),
        },
    }


def _notices() -> dict[str, Any]:
    """The paths about notices."""
    anything = {"type": "object"}
    read = _operation("notices", "read", "notices", anything)
    id = _path_parameter("id", "The notice's number", {"type": "integer"})
    listing = _operation("notices", "list", "notices", anything, parameters=("limit", "after"))
    one = {"parameters": [id], "post": _operation("notice", "read", "notices", anything)}
    return {
        "/notices": {"get": listing}, "/notices/read": {"post": read}, "/notices/{id}/read": one,
    }  # fmt: skip


def _jobs() -> dict[str, Any]:
    """The paths about background jobs."""
    anything = {"type": "object"}
    listing = ("status", "kind", "limit", "after")
    id = _path_parameter("id", "The job's number", {"type": "integer"})
    acts = {"type": "string", "enum": list(ACTS)}
    return {
        "/jobs": {"get": _operation("jobs", "list", "jobs", anything, parameters=listing)},
        "/jobs/{id}": {"parameters": [id], "get": _operation("job", "get", "jobs", anything)},
        "/jobs/{id}/{what}": {
            "parameters": [id, _path_parameter("what", "What is done with it", acts)],
            "post": _operation("job", "act", "jobs", anything),
        },
    }
