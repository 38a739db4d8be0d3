"""Files over REST: uploaded to wait for a record, or straight into a field; listed and fetched."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from engine.definition.guarded import ATTACHMENTS
from engine.fieldtypes.file import File, FileRef
from engine.problems import Refusal
from webapp.answers import answer
from webapp.api.call import Call
from webapp.api.queries import read_parameters
from webapp.api.records import id_of, with_names
from webapp.api.versions import expected_version
from webapp.uploads import NO_SUCH_FILE, handed_out, refs_of, taken, upload_field

ENDLESS = 18
"""Digits of an id at most."""


def upload(call: Call, object: str, field: str) -> Response:
    """POST o/<object>/files/<field>: a file that waits for a record; its id goes into the field."""
    read_parameters(request)
    found = upload_field(call, object, field)
    (ref, *_) = taken(call, found, request.files.getlist("file")[:1])
    return answer(found.type.to_json((ref,) if _many(found) else ref), 201)


def list_files(call: Call, object: str, record: str, field: str = ATTACHMENTS) -> Response:
    """GET o/<object>/<record>/files[/<field>]: what stands in the field; without one, the
    record's attachments."""
    read_parameters(request)
    return _listed(call, object, _id(call, object, record), field)


def add_files(call: Call, object: str, record: str, field: str = ATTACHMENTS) -> Response:
    """POST o/<object>/<record>/files[/<field>]: adds files, or puts another one in its place."""
    read_parameters(request)
    id = _id(call, object, record)
    refs_of(call, object, id, field)  # not found, before anything is taken in
    found = upload_field(call, object, field)
    version = expected_version(request)
    ids = [ref.id for ref in taken(call, found, request.files.getlist("file"))]
    value: Any = {"add": ids} if _many(found) else ids
    gate = call.application.gate
    with_names(
        call, object, id, version,
        lambda: gate.update(call.actor, object, id, {field: value}, version),
    )  # fmt: skip
    call.changed(object)
    return _listed(call, object, id, field, 201)


def get_file(call: Call, object: str, record: str, field: str, file: int) -> Response:
    """GET o/<object>/<record>/files/<field>/<file>: its content."""
    read_parameters(request)
    return handed_out(call, object, _id(call, object, record), field, file)


def _many(found: Any) -> bool:
    return isinstance(found.type, File) and found.type.multiple


def _id(call: Call, object: str, record: str) -> int:
    if object in call.application.catalog.objects and record.isdigit() and len(record) <= ENDLESS:
        return int(record)  # of lines too, which have no number
    try:
        return id_of(call, object, record)
    except Refusal:
        raise Refusal(NO_SUCH_FILE()) from None


def _listed(call: Call, object: str, id: int, field: str, status: int = 200) -> Response:
    refs: tuple[FileRef, ...] = refs_of(call, object, id, field)
    items = File(multiple=True).to_json(refs)
    for item, ref in zip(items, refs, strict=True):
        item["url"] = url_for(
            "api.file", object=object, record=id, field=field, file=ref.id
        )  # fmt: skip
    return answer({"items": items}, status)
