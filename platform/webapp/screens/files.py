"""Files of records in the browser: taken in, fetched, attached; secrets shown on request."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.guarded import ATTACHMENTS
from engine.definition.objects import Object
from engine.fieldtypes.file import FileRef
from engine.problems import Refusal
from engine.records.reading import Record
from engine.records.revealing import reveal
from webapp.screens.filed import address, size_shown, small_address
from webapp.screens.here import Here, here
from webapp.screens.problems import refusal_json, wants_json
from webapp.uploads import file_row, handed_out, sent, taken, upload_field, waiting_row


def upload(object: str, field: str) -> Response:
    """Takes a file in that waits for the form to be saved."""
    at = here()
    found = upload_field(at.call, object, field)
    try:
        (ref, *_) = taken(at.call, found, request.files.getlist("file")[:1])
    except Refusal as refusal:
        return refusal_json(at, refusal)
    return jsonify(
        id=ref.id, name=ref.name, size=size_shown(ref.size), address=address(ref),
        small=small_address(ref),
    )  # fmt: skip


def show_file(object: str, id: int, field: str, n: int) -> Response:
    """A file of a record, by the file's own number."""
    return handed_out(here().call, object, id, field, n)


def show_small(object: str, id: int, field: str, n: int) -> Response:
    """The small picture of a picture."""
    return sent(file_row(here().call, object, id, field, n), small=True)


def show_waiting(n: int) -> Response:
    """A file that somebody has brought and not yet saved, to nobody else."""
    return sent(waiting_row(here().call, n))


def show_waiting_small(n: int) -> Response:
    """Its small picture."""
    return sent(waiting_row(here().call, n), small=True)


def attach(object: str, id: int) -> AnyResponse:
    """Adds files to a record's attachments."""
    at = here()
    record = at.reader.one(at.actor, object, id)
    field = upload_field(at.call, object, ATTACHMENTS)

    def add() -> dict[str, Any]:
        return {"add": [ref.id for ref in taken(at.call, field, request.files.getlist("file"))]}

    return _changed(at, record, add)


def detach(object: str, id: int, n: int) -> AnyResponse:
    """Takes a file off a record's attachments."""
    at = here()
    record = at.reader.one(at.actor, object, id)
    upload_field(at.call, object, ATTACHMENTS)
    return _changed(at, record, lambda: {"remove": [n]})


def _changed(at: Here, record: Record, change: Any) -> AnyResponse:
    place = f"/o/{record.object}/{record.id}"
    try:
        at.gate.update(at.actor, record.object, record.id, {ATTACHMENTS: change()})
    except Refusal as refusal:
        if wants_json():
            return refusal_json(at, refusal)
        raise
    at.changed(record.object)
    return jsonify(location=place) if wants_json() else redirect(f"{place}#attachments", 303)


def attachments_of(
    at: Here, definition: Object, record: Record, updates: bool
) -> dict[str, Any] | None:
    """What the record's page shows of its attachments; None where it has none to show."""
    found = definition.fields.get(ATTACHMENTS)
    if found is None or not found.attached or ATTACHMENTS not in record.values:
        return None
    refs: tuple[FileRef, ...] = tuple(record.values[ATTACHMENTS] or ())
    may_add = updates and at.lens(definition.name).may_write(ATTACHMENTS)
    if not refs and not may_add:
        return None
    files = [
        {
            "id": ref.id, "name": ref.name, "size": size_shown(ref.size),
            "address": address(ref), "small": small_address(ref),
        }
        for ref in refs
    ]  # fmt: skip
    return {"label": at.say(found.label), "files": files, "adds": may_add}


def show_secret(object: str, id: int, name: str) -> Response:
    """The value behind a mask, for those who may see it; noted in the audit."""
    at = here()
    if object not in at.catalog.objects:
        at.object(object)
    try:
        value = reveal(at.gate, at.actor, object, id, name)
    except Refusal as refusal:
        return refusal_json(at, refusal)
    return jsonify(value=value or "")
