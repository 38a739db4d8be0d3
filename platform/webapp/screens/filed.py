"""Files and secrets on screens: their controls, and how their values are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request
from markupsafe import escape
from werkzeug.datastructures import MultiDict

from engine.definition.objects import Field, Object
from engine.fieldtypes.file import PICTURES, File, FileRef, Image
from engine.fieldtypes.link import Lines
from engine.fieldtypes.secret import Masked, Secret
from engine.problems import Problem, Refusal
from engine.records.revealing import may_reveal
from engine.vault import DOTS
from webapp.screens.here import Here
from webapp.screens.icons import icon
from webapp.shell import shell
from webapp.uploads import taken, upload_field, waiting_refs

CHOSEN = ":file"
"""Behind a field's name: the files that a plain form brings along."""
DROPPED = ":drop"
"""Behind a field's name: the ids that somebody has ticked to be removed."""
CLEARED = ":clear"
"""Behind a secret's name: it is to be empty."""


def ids_text(value: Any) -> str:
    """A field's files as its control holds them: ids, separated by commas."""
    return ",".join(str(ref.id) for ref in _refs(value))


def shown_files(at: Here, value: Any, text: str) -> tuple[FileRef, ...]:
    """The files whose ids stand in a control: those of the record, and those that wait."""
    known = {ref.id: ref for ref in _refs(value)}
    ids = [int(part) for part in text.split(",") if part.isdigit() and len(part) < 19]
    missing = [id for id in ids if id not in known]
    known |= waiting_refs(at.call, missing)
    return tuple(known[id] for id in ids if id in known)


def accepted(field: Field) -> str:
    """What a browser offers for the field."""
    assert isinstance(field.type, File)
    return ",".join(field.type.accept or (PICTURES if isinstance(field.type, Image) else ()))


def most_mb(field: Field) -> int:
    """Megabytes of one file of the field."""
    assert isinstance(field.type, File)
    site = shell().file_limits.max_mb
    return min(site, field.type.max_mb or site)


def form_with_files(
    at: Here,
    definition: Object,
    sent: MultiDict[str, str] | None = None,
    named: Callable[[str], str] = str,
) -> tuple[MultiDict[str, str], list[Problem]]:
    """The form that was sent, files that came along taken in and named by their ids; and what is
    wrong with files that were not taken, each about its control.

    `sent` stands for the form of the request, `named` gives the name that a control has in it.
    """
    typed: MultiDict[str, str] = (request.form if sent is None else sent).copy()
    problems: list[Problem] = []
    for key in [key for key in typed if key.endswith(DROPPED)]:
        _write(typed, key.removesuffix(DROPPED), drop=set(typed.getlist(key)))
    for key in request.files:
        name = named(key).removesuffix(CHOSEN)
        given = [one for one in request.files.getlist(key) if one.filename]
        if not name or not key.endswith(CHOSEN) or not given:
            continue
        owner, _, own = name.rpartition(".")
        object = _object_of(at, definition, owner)
        field = upload_field(at.call, object, own)
        try:
            refs = taken(at.call, field, given)
        except Refusal as refusal:
            problems += [problem.on(name) for problem in refusal.problems]
            continue
        _write(typed, name, [str(ref.id) for ref in refs], keep=_many(field))
    return typed, problems


def has_files(at: Here, definition: Object) -> bool:
    """Whether a form of the object may bring files along."""
    lines = [f.type.of for f in definition.lines if isinstance(f.type, Lines)]
    objects = [definition, *(at.catalog.objects[name] for name in lines)]
    return any(isinstance(f.type, File) for o in objects for f in o.fields.values())


def _object_of(at: Here, definition: Object, prefix: str) -> str:
    """The object of a control: of a line's (`lines.3`) the object of the lines."""
    field = definition.fields.get(prefix.partition(".")[0])
    return field.type.of if field and isinstance(field.type, Lines) else definition.name


def _write(
    typed: MultiDict[str, str],
    name: str,
    add: list[str] | None = None,
    drop: set[str] | None = None,
    keep: bool = True,
) -> None:
    before = [part for part in typed.get(name, "").split(",") if part] if keep else []
    typed.setlist(name, [",".join([p for p in before if p not in (drop or ())] + (add or []))])


def _many(field: Field) -> bool:
    return isinstance(field.type, File) and field.type.multiple


def _refs(value: Any) -> tuple[FileRef, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def address(ref: FileRef) -> str:
    """Where a file of a record is fetched; of one that waits, its small picture."""
    if ref.place is None:
        return f"/files/{ref.id}"
    object, record, field = ref.place
    return f"/o/{object}/{record}/file/{field}/{ref.id}"


def small_address(ref: FileRef) -> str:
    """Where the small picture is fetched."""
    return f"{address(ref)}/small" if ref.small else ""


def size_shown(size: int) -> str:
    """A size for people."""
    kilo = size / 1024
    return f"{kilo / 1024:.1f} MB" if kilo >= 1024 else f"{max(1, round(kilo))} KB"


def write_files(value: Any) -> str:
    """A field's files as links; pictures as small ones."""
    return f'<span class="files-shown">{"".join(_link(ref) for ref in _refs(value))}</span>'


def past_value(field: Field, value: Any) -> Any:
    """A value of the history as it is written: files by name, secrets as dots."""
    if isinstance(field.type, Secret):
        return Masked(DOTS)
    found = value if isinstance(value, list) else [value]
    return tuple(FileRef(one["id"], one["name"], "", 0) for one in found)


def _link(ref: FileRef) -> str:
    name, small = escape(ref.name), small_address(ref)
    if not ref.media:
        return f'<span class="file-name">{name}</span>'
    if small:
        inner = f'<img src="{escape(small)}" alt="{name}" loading="lazy">'
        kind = "file-picture"
    else:
        inner = f"{icon('file', 14)}<span>{name}</span><small>{size_shown(ref.size)}</small>"
        kind = "file-link"
    to = f'href="{escape(address(ref))}" title="{name}"'
    return f'<a class="{kind}" {to} target="_blank">{inner}</a>'


def write_secret(at: Here, field: Field, value: Any) -> str:
    """A secret's mask, with a button to those who may see what is behind it."""
    shown = f'<span class="secret" data-secret><span>{escape(value)}</span>'
    place = value.place if isinstance(value, Masked) else None
    if place is not None and may_reveal(at.lens(place[0]), field.name):
        object, record, name = place
        words = escape(at.t("reveal"))
        shown += (
            f'<button type="button" class="button quiet icon-only small" '
            f'data-reveal="/o/{object}/{record}/reveal/{name}" aria-label="{words}" '
            f'title="{words}">{icon("eye", 14)}</button>'
        )
    return shown + "</span>"


def is_filed(field: Field) -> bool:
    """Whether a field has one of these controls."""
    return isinstance(field.type, File | Secret)
