"""What is done with a record from its page, a list or a board: one small address each.

Scripts ask with `Accept: application/json` and are told where to go on, or what speaks against
it by field; plain forms are led on, or see the problems on a screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.objects import Object
from engine.problems import Problem, Refusal
from engine.records import messages as say
from engine.records.reading import Record
from notices.comments import add_comment
from webapp.screens.controls import control, enterable, given
from webapp.screens.duplicates import confirmation, refused_panel
from webapp.screens.filters import titled
from webapp.screens.here import Here, here
from webapp.screens.listing import stage_field
from webapp.screens.moved import present
from webapp.screens.outdated import carried, look_again, lost_sentences, mark_of
from webapp.screens.problems import refusal_json, wants_json
from webapp.screens.records import asked
from webapp.screens.refusing import not_offered
from webapp.screens.rendering import fragment, page
from webapp.screens.transitions import Way, perform, ways
from webapp.screens.wholes import part_control

MOST_AT_ONCE = 100


def version_given(name: str = "version") -> int | None:
    """The version from which the person acts, by the name of its control."""
    text = request.form.get(name, "")
    return int(text) if text.isdigit() and len(text) < 19 else None


def take_transition(object: str, id: int, name: str) -> AnyResponse:
    """Moves the record along a transition, with the fields that it asks for."""
    at = here()
    definition = at.object(object)
    record = at.reader.one(at.actor, object, id)
    brought = carried(at, definition)
    form = brought.form
    if brought.lost:
        if wants_json():
            return look_again(at, definition, brought)
        return _transition_page(at, definition, record, name, (), form, lost_sentences(at, brought))
    fields = [
        f for f in enterable(at, definition, False) if f.name in form or f"{f.name}:there" in form
    ]
    values = given(at, fields, form, record.values)
    values |= not_offered(definition, enterable(at, definition, False), form)
    if definition.duplicates:
        values |= confirmation()
    try:
        perform(at, object, record.id, name, values, version_given())
    except Refusal as refusal:
        if wants_json():
            return refusal_json(at, refusal, record=record)
        return _transition_page(at, definition, record, name, refusal.problems, form)
    at.changed(object)
    return done(f"/o/{object}/{record.id}")


def ask_transition(object: str, id: int, name: str) -> Response:
    """The form of a transition: as a screen, or as a dialog for scripts."""
    at = here()
    definition = at.object(object)
    record = at.reader.one(at.actor, object, id)
    return _transition_page(at, definition, record, name, (), MultiDict())


def _transition_page(
    at: Here,
    definition: Object,
    record: Record,
    name: str,
    problems: Sequence[Problem],
    typed: MultiDict[str, str],
    lost: Sequence[str] = (),
) -> Response:
    way = _way(at, definition, record, name)
    controls = asked(at, definition, record, way)
    shown: dict[str, list[str]] = {}
    for problem in problems:
        shown.setdefault(problem.path, []).append(at.sentence(problem))
    if typed:
        controls = [
            control(
                at, c.field, record.values.get(c.name), typed=typed, problems=shown.get(c.name, ())
            )
            for c in controls
        ]
    names = {c.name for c in controls}
    context: dict[str, Any] = {
        "object": definition,
        "record": record,
        "address": f"/o/{definition.name}/{record.id}",
        "title": titled(definition, record.values, record.id),
        "way": way,
        "made_for": mark_of(at, definition),
        "lost": lost,
        "controls": controls,
        "general": [s for path, found in shown.items() if path not in names for s in found],
        "duplicates": refused_panel(at, problems),
    }
    if request.args.get("part"):
        return fragment("transition_dialog.html", at, **context)
    return page("transition.html", at, 422 if problems else 409 if lost else 200, **context)


def _way(at: Here, definition: Object, record: Record, name: str) -> Way:
    stage = stage_field(at, definition)
    now = record.values.get(stage.name) if stage else None
    found = ways(at, definition, stage, now, free=True) if stage else []
    for way in found:
        if way.name == name:
            return way
    raise Refusal(say.NOT_FOUND(object=definition.label, record=record.id))


def edit_value(object: str, id: int, name: str) -> Response:
    """The control of one field, to be put in the place of its value."""
    at = here()
    definition = at.object(object)
    record = at.reader.one(at.actor, object, id)
    name = present(definition, name)
    fields = [f for f in enterable(at, definition, False) if name in (f.name, f.part_of)]
    if not fields:
        raise Refusal(say.NOT_FOUND(object=name, record=""))
    whole = definition.fields[name]
    controls = [
        part_control(at, definition, whole, f.name.removeprefix(f"{name}_"), record.values)
        if name in definition.wholes
        else control(at, f, record.values.get(name))
        for f in fields
    ]
    return fragment(
        "value.html", at, address=f"/o/{object}/{record.id}", version=record.version,
        name=name, controls_=controls, made_for=mark_of(at, definition),
    )  # fmt: skip


def save_value(object: str, id: int, name: str) -> AnyResponse:
    """Changes one field."""
    at = here()
    definition = at.object(object)
    record = at.reader.one(at.actor, object, id)
    brought = carried(at, definition)
    if brought.lost:
        return look_again(at, definition, brought)
    form, name = brought.form, present(definition, brought.name(name))
    if name not in definition.fields:
        raise Refusal(say.NOT_FOUND(object=name, record=""))
    fields = [f for f in enterable(at, definition, False) if name in (f.name, f.part_of)]
    values = given(at, fields, form, record.values)
    values |= not_offered(definition, enterable(at, definition, False), form)
    try:
        if values:
            confirmed = confirmation() if definition.duplicates else {}
            at.gate.update(at.actor, object, record.id, values | confirmed, version_given())
    except Refusal as refusal:
        return refusal_json(at, refusal, record=record)
    at.changed(object)
    return done(f"/o/{object}/{record.id}")


def delete(object: str, id: int) -> AnyResponse:
    """Moves one record to the recycle bin."""
    at = here()
    at.object(object)
    at.gate.delete(at.actor, object, [id], version_given())
    at.changed(object)
    return done(f"/o/{object}", undo=f"/o/{object}/restore?id={id}")


def delete_many(object: str) -> AnyResponse:
    """Moves the selected records to the recycle bin, all or none."""
    at = here()
    at.object(object)
    ids = _ids(request.form)
    if ids:
        at.gate.delete(at.actor, object, ids)
        at.changed(object)
    return done(f"/o/{object}", undo=f"/o/{object}/restore?" + "&".join(f"id={id}" for id in ids))


def restore(object: str) -> AnyResponse:
    """Brings records back from the recycle bin."""
    at = here()
    at.object(object)
    ids = _ids(request.args)
    if ids:
        at.gate.restore(at.actor, object, ids)
        at.changed(object)
    return done(f"/o/{object}/{ids[0]}" if len(ids) == 1 else f"/o/{object}")


def _ids(args: MultiDict[str, str]) -> list[int]:
    texts = args.getlist("id")[:MOST_AT_ONCE]
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19]


def comment(object: str, id: int) -> AnyResponse:
    """Writes a comment on the record."""
    at = here()
    at.object(object)
    try:
        add_comment(at.gate, at.reader, at.actor, object, id, request.form.get("comment", ""))
    except Refusal as refusal:
        if wants_json():
            return refusal_json(at, refusal)
        raise
    return done(f"/o/{object}/{id}")


def done(address: str, **more: str) -> AnyResponse:
    """Where to go on."""
    if wants_json():
        return jsonify(location=address, **more)
    return redirect(address, 303)
