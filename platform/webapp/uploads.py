"""Uploaded files over HTTP, for screens and API alike: taken in, found, and handed out.

A file is found through its record and field only; whether it does not exist or may not be read is
the same answer. It is handed out to be saved; pictures are shown, in a sandbox without scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from flask import Response, request, session
from werkzeug.datastructures import FileStorage

from engine.definition.objects import Field
from engine.fieldtypes.file import MOST_FILES, PICTURES, File, FileRef
from engine.fieldtypes.link import LARGEST_ID
from engine.files import BLOCK, Files
from engine.problems import Message, Refusal
from engine.records.accessing import note_downloaded
from engine.records.filing import uploaded_by
from engine.records.media import MB
from engine.records.query import Query
from engine.records.uploading import AREA, take_file
from engine.schema.files import FILES, WAITING
from webapp.api.bodies import LARGEST
from webapp.api.call import Call
from webapp.identity import authorised_by_header
from webapp.sessions import session_user
from webapp.shell import shell

SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""For what somebody has uploaded: nothing in it runs, whatever a browser takes it for."""
AT_ONCE = 5
"""Files of the largest size that one plain form may carry."""
_UPLOADS = re.compile(
    r"(/api/v1)?/o/\w+/(\d+/)?(files(/\w+)?|attachments)"
    r"|/o/\w+/(new|\d+/edit)|/o/\w+/\d+/value/\w+"
)

NO_SUCH_FILE = Message(
    "no-such-file",
    en="there is no such file",
    zh="不存在该文件",
)
NOTHING_CHOSEN = Message(
    "upload-nothing-chosen",
    en="no file was sent",
    zh="未收到文件",
    hint_en="choose a file; programs send it as multipart/form-data in a part `file`",
    hint_zh="请选择文件；程序以 multipart/form-data 的 `file` 部分发送",
)


def allow_upload() -> None:
    """Lets somebody who is signed in send files, larger than other bodies."""
    if request.method != "POST" or request.mimetype != "multipart/form-data":
        return
    if not _UPLOADS.fullmatch(request.path):
        return
    found = shell()
    if authorised_by_header(request) or session_user(session, found.clock()) is not None:
        request.max_content_length = found.file_limits.max_mb * MB * AT_ONCE + LARGEST
        request.max_form_parts = 10_000


def upload_field(call: Call, object: str, name: str) -> Field:
    """A field that the caller may put files into. Raises Refusal where there is none."""
    field = _file_field(call, object, name)
    if not field.writable or not call.lens(object).may_write(name):
        raise Refusal(NO_SUCH_FILE())
    return field


def _file_field(call: Call, object: str, name: str) -> Field:
    definition = call.application.catalog.objects.get(object)
    field = definition.fields.get(name) if definition else None
    if field is None or not isinstance(field.type, File):
        raise Refusal(NO_SUCH_FILE())
    return field


def taken(call: Call, field: Field, given: Sequence[FileStorage]) -> list[FileRef]:
    """Takes the files in; they wait for a record. Raises Refusal for none, and as `take_file`."""
    chosen = [one for one in given if one.filename]
    if not chosen:
        raise Refusal(NOTHING_CHOSEN())
    found = shell()
    gate, actor = call.application.gate, call.actor
    return [
        take_file(
            gate, actor, found.files, found.file_limits, field, one.filename or "",
            one.stream,  # type: ignore[arg-type]
        )
        for one in chosen[:MOST_FILES]
    ]  # fmt: skip


def refs_of(call: Call, object: str, record: int, name: str) -> tuple[FileRef, ...]:
    """The files in a field of a record that the caller may read. Raises Refusal for any other."""
    application = call.application
    _file_field(call, object, name)
    try:
        query = Query(filters={"id": record}, fields=(name,), limit=1)
        items = application.reader.page(call.actor, object, query).items
    except Refusal:
        raise Refusal(NO_SUCH_FILE()) from None
    if not items:
        raise Refusal(NO_SUCH_FILE())
    value = items[0].values.get(name)
    return (value,) if isinstance(value, FileRef) else tuple(value or ())


def file_row(call: Call, object: str, record: int, name: str, id: int) -> Mapping[str, Any]:
    """The row of a file that stands in the field now. Raises Refusal (404) for any other."""
    if all(one.id != id for one in refs_of(call, object, record, name)):
        raise Refusal(NO_SUCH_FILE())
    return _row(call, id)


def handed_out(call: Call, object: str, record: int, name: str, id: int) -> Response:
    """The file itself, noted as the object's policy says. Raises Refusal as `file_row`."""
    row = file_row(call, object, record, name, id)
    said = {"field": name, "file": id, "name": row["name"]}
    note_downloaded(call.application.gate, call.actor, object, record, said)
    return sent(row)


def waiting_row(call: Call, id: int) -> Mapping[str, Any]:
    """The row of a file that the caller has uploaded and not yet saved with a record."""
    if id > LARGEST_ID:
        raise Refusal(NO_SUCH_FILE())
    row = _row(call, id)
    if row["state"] != WAITING or not uploaded_by(call.actor, row):
        raise Refusal(NO_SUCH_FILE())
    return row


def waiting_refs(call: Call, ids: Sequence[int]) -> dict[int, FileRef]:
    """What the caller has uploaded and not yet saved, of these ids."""
    if not ids:
        return {}
    table = call.application.tables.system(FILES)
    statement = sa.select(table).where(table.c.id.in_(list(ids)[:MOST_FILES]))
    with call.application.databases.reading() as connection:
        rows = connection.execute(statement.where(table.c.state == WAITING)).mappings().all()
    return {
        row["id"]: FileRef(
            row["id"], row["name"], row["media"], row["size"], row["width"], row["height"],
            row["thumb"] is not None,
        )
        for row in rows
        if uploaded_by(call.actor, dict(row))
    }  # fmt: skip


def _row(call: Call, id: int) -> Mapping[str, Any]:
    table = call.application.tables.system(FILES)
    with call.application.databases.reading() as connection:
        row = connection.execute(sa.select(table).where(table.c.id == id)).mappings().first()
    if row is None:
        raise Refusal(NO_SUCH_FILE())
    return dict(row)


def sent(row: Mapping[str, Any], *, small: bool = False) -> Response:
    """The file: a picture to be shown, anything else to be saved (RFC 6266)."""
    area = shell().files.area(AREA)
    digest, media, size = row["digest"], row["media"], row["size"]
    if small:
        if not row["thumb"]:
            raise Refusal(NO_SUCH_FILE())
        digest, media, size = row["thumb"], "image/webp", row["thumb_size"]
    if request.if_none_match.contains(digest):
        response = Response(status=304)
    elif not area.has(digest):
        raise Refusal(NO_SUCH_FILE())
    else:
        response = Response(_blocks(area, digest), content_type=_content_type(media))
        response.headers["Content-Length"] = str(size)
        how = "inline" if media in PICTURES else "attachment"
        response.headers["Content-Disposition"] = f"{how}; {_named(row['name'])}"
    response.headers["ETag"] = f'"{digest}"'
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


def _content_type(media: str) -> str:
    """What is saved and not shown is only bytes to a browser, so that it never guesses."""
    return media if media in PICTURES or media == "application/pdf" else "application/octet-stream"


def _named(name: str) -> str:
    plain = re.sub(r'[^ -~]|["\\%;]', "", name).strip(" -._") or "file"
    ending = re.sub("[^A-Za-z0-9]", "", name.rpartition(".")[2]) if "." in name else ""
    fallback = plain if "." in plain or not ending else f"file.{ending}"
    return f"filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}"


def _blocks(files: Files, digest: str) -> Iterator[bytes]:
    with files.open(digest) as stream:
        while block := stream.read(BLOCK):
            yield block
