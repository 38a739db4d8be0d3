"""The form: `/o/<object>/new` and `/o/<object>/<id>/edit`.

It works as a plain form; with scripts it is sent in the background and computes along. Either
way all problems stand beside their fields at once, and what was typed is still there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from flask import Response, jsonify, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.objects import Object
from engine.fieldtypes.link import Collection, Lines, Link
from engine.problems import Problem, Refusal
from engine.records.copying import copy_of
from engine.records.reading import Linked, Record
from engine.records.rights import forbidden
from engine.records.states import States, states_of
from webapp.screens.controls import as_text, enterable
from webapp.screens.drafting import draft, typed_values
from webapp.screens.duplicates import confirmation, refused_panel
from webapp.screens.filed import form_with_files
from webapp.screens.filters import titled
from webapp.screens.form_parts import groups_of
from webapp.screens.here import Here, here
from webapp.screens.layouts import hidden_sections
from webapp.screens.outdated import (
    AGAIN,
    Carried,
    carried,
    look_again,
    lost_sentences,
    mark_of,
)
from webapp.screens.problems import as_json, refusal_json, wants_json
from webapp.screens.quick import QUICK, title_of_new
from webapp.screens.rendering import page
from webapp.screens.values import writer


def new_form(object: str) -> Response:
    """An empty form, with what the gate fills in by itself; fields can be given in the address."""
    at = here()
    definition = at.object(object)
    if not at.lens(object).may("create"):
        raise Refusal(forbidden(at.lens(object), "create", at.actor.roles))
    values = _copied(at, definition) | _from_address(at, definition)
    drafted = draft(at, definition, values, None)
    shown = drafted.record
    return _form(at, definition, None, shown, MultiDict(), {}, drafted.states, brought=values)


def _copied(at: Here, definition: Object) -> dict[str, Any]:
    """The values of the record that the form is to copy, if it is to copy one."""
    id = request.args.get("copy", "")
    if not id.isdigit() or len(id) > 18:
        return {}
    record = at.reader.one(at.actor, definition.name, int(id))
    return copy_of(at.gate, at.actor, definition, record)


def _from_address(at: Here, definition: Object) -> dict[str, Any]:
    """Values that a link into the form brings (`?field=id`)."""
    names = {field.name for field in enterable(at, definition, True)}
    return {name: value for name, value in request.args.items() if name in names and value}


def edit_form(object: str, id: int) -> Response:
    """The form with a record in it."""
    at = here()
    definition = at.object(object)
    record = at.reader.one(at.actor, object, id)
    if definition.is_view:
        raise Refusal(forbidden(at.lens(object), "update", at.actor.roles))
    states = states_of(at.gate, at.actor, object, id)
    return _form(at, definition, record, record, MultiDict(), {}, states)


def create(object: str) -> AnyResponse:
    """Takes a new record in."""
    return _save(here(), object, None)


def save(object: str, id: int) -> AnyResponse:
    """Takes changes in."""
    return _save(here(), object, id)


def _save(at: Here, object: str, id: int | None) -> AnyResponse:
    definition = at.object(object)
    before = at.reader.one(at.actor, object, id) if id is not None else None
    brought = carried(at, definition)
    if brought.lost or (brought.changed and AGAIN in request.form):
        return _again(at, definition, before, brought)
    form, refused = form_with_files(at, definition, brought.form, brought.name)
    typed = typed_values(at, definition, form, before)
    try:
        if refused:
            raise Refusal(*refused)
        if before is None:
            (change,) = at.gate.create(at.actor, object, [typed.values | confirmation()])
        else:
            values = typed.values | confirmation()
            change = at.gate.update(at.actor, object, before.id, values, _version())
    except Refusal as refusal:
        if wants_json():
            return refusal_json(at, refusal, typed.control, before, again=brought.changed)
        problems = by_field(at, refusal.problems, typed.control)
        drafted = draft(at, definition, typed.values, id)
        shown = before or drafted.record
        panel = refused_panel(at, refusal.problems)
        return _form(
            at, definition, before, shown, form, problems, drafted.states, duplicates=panel,
            brought_over=brought,
        )  # fmt: skip
    at.changed(object)
    address = f"/o/{object}/{change.id}"
    if wants_json() and QUICK in request.form:
        return jsonify(location=address, title=title_of_new(at, definition, change.id))
    if wants_json():
        return jsonify(location=address)
    return redirect(address, 303)


def _again(at: Here, definition: Object, before: Record | None, brought: Carried) -> AnyResponse:
    """The form as it is now, with what was typed in it; nothing is saved."""
    if wants_json():
        return look_again(at, definition, brought)
    form, _ = form_with_files(at, definition, brought.form, brought.name)
    typed = typed_values(at, definition, form, before)
    drafted = draft(at, definition, typed.values, before.id if before else None)
    shown = before or drafted.record
    return _form(at, definition, before, shown, form, {}, drafted.states, brought_over=brought)


def preview(object: str, id: int | None = None) -> Response:
    """What would come of what is typed: computed values, suggestions, problems."""
    at = here()
    definition = at.object(object)
    if carried(at, definition).changed:
        return jsonify(changed=at.t("form_changed_open"), show=at.t("form_show_now"))
    before = at.reader.one(at.actor, object, id) if id is not None else None
    typed = typed_values(at, definition, request.form, before)
    found = draft(at, definition, typed.values, id)
    answer: dict[str, Any] = {
        "problems": as_json(at, found.problems, typed.control),
        "values": {},
        "shown": {},
        "hidden": sorted(found.states.hidden),
        "sections": sorted(hidden_sections(at, definition, found.states)),
        "unoffered": {name: sorted(names) for name, names in found.states.unoffered.items()},
    }
    if found.record is not None:
        _tell(at, definition, found.record, "", answer)
        for field in definition.lines:
            rows = found.record.values.get(field.name)
            if rows is None or not isinstance(field.type, Lines):
                continue
            child = at.catalog.objects[field.type.of]
            for prefix, row in zip(typed.prefixes.get(field.name, ()), rows, strict=False):
                _tell(at, child, row, prefix, answer)
    return jsonify(answer)


def _tell(
    at: Here, definition: Object, record: Record, prefix: str, answer: dict[str, Any]
) -> None:
    for field in at.readable(definition):
        if field.name not in record.values or isinstance(field.type, Collection):
            continue
        value = record.values[field.name]
        if field.derived or field.read_only:
            answer["shown"][prefix + field.name] = writer(field, at)(value)
        elif field.suggest is not None or field.default_from is not None:
            told: dict[str, str] = {"text": as_text(at, field, value)}
            if isinstance(field.type, Link) and isinstance(value, Linked):
                told["id"] = str(value.id or "")
            answer["values"][prefix + field.name] = told


def _version() -> int | None:
    text = request.form.get("version", "")
    return int(text) if text.isdigit() and len(text) < 19 else None


def by_field(
    at: Here, problems: Sequence[Problem], name: Callable[[str], str]
) -> dict[str, list[str]]:
    """Sentences by the control that they are about; "" for the record as a whole."""
    found: dict[str, list[str]] = defaultdict(list)
    for problem in problems:
        sentence, control_name = at.sentence(problem), name(problem.path)
        if sentence not in found[control_name]:
            found[control_name].append(sentence)
    return found


def _form(
    at: Here,
    definition: Object,
    record: Record | None,
    shown: Record | None,
    typed: MultiDict[str, str],
    problems: Mapping[str, list[str]],
    states: States,
    brought: Container[str] = (),
    duplicates: str = "",
    brought_over: Carried | None = None,
) -> Response:
    values = shown.values if shown is not None else {}
    over = brought_over if brought_over and brought_over.changed else None
    label = at.say(definition.label)
    groups = groups_of(at, definition, record is None, values, typed, problems, states, brought)
    drawn = {item.name for group in groups for item in group.items}
    general = [s for n, found in problems.items() for s in found if n not in drawn and "." not in n]
    title = (
        titled(definition, record.values, record.id) if record else at.t("new_one", object=label)
    )
    return page(
        "form.html",
        at,
        422 if problems else 409 if over else 200,
        object=definition,
        made_for=mark_of(at, definition),
        changed=over is not None,
        lost=lost_sentences(at, over) if over else [],
        record=record,
        title=title,
        version=typed.get("version") or (record.version if record else ""),
        groups=groups,
        hidden=states.hidden,
        unoffered=states.unoffered,
        general=general,
        duplicates=duplicates,
        matched=" ".join(dict.fromkeys(n for rule in definition.duplicates for n in rule.fields)),
        several=sum(len(found) for found in problems.values()),
        action=f"/o/{definition.name}/{record.id}/edit" if record else f"/o/{definition.name}/new",
        back=f"/o/{definition.name}/{record.id}" if record else f"/o/{definition.name}",
    )
