"""Converting a record: what will be made, to be looked over and changed, and carrying it out.

The form is drawn from a preview: everything passes the gate in a transaction that is rolled
back, so defaults, suggestions and problems are the gate's own. It works without scripts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.objects import Field, Object
from engine.fieldtypes.link import Collection, Lines
from engine.matching.messages import POSSIBLE
from engine.problems import Problem, Refusal
from engine.records.reading import Record
from webapp.screens.acting import done, version_given
from webapp.screens.controls import Control, control, enterable, given
from webapp.screens.duplicates import confirmation, refused_panel
from webapp.screens.filters import titled
from webapp.screens.here import Here, here
from webapp.screens.listing import stage_field
from webapp.screens.problems import refusal_json, wants_json
from webapp.screens.records import LineTable, line_table
from webapp.screens.refusing import not_offered
from webapp.screens.rendering import page
from webapp.screens.transitions import workflow_of
from workflow.conversions.definitions import Conversion, Part
from workflow.conversions.names import MADE_OBJECT
from workflow.conversions.service import Conversions, Preview, Shown, conversion_of

Values = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class PartForm:
    """One record that will be made, or that is linked to (`existing`: its title and address)."""

    label: str
    controls: list[Control]
    tables: list[LineTable]
    existing: str = ""
    address: str = ""


def ask_conversion(object: str, id: int, name: str) -> Response:
    """What will be made, with its fields to look over."""
    at = here()
    definition = at.object(object)
    record = at.reader.one(at.actor, object, id)
    conversion = conversion_of(at.catalog, definition, name)
    return _form(at, definition, record, conversion, {}, (), MultiDict())


def take_conversion(object: str, id: int, name: str) -> AnyResponse:
    """Makes everything, and leads to what was made."""
    at = here()
    definition = at.object(object)
    record = at.reader.one(at.actor, object, id)
    conversion = conversion_of(at.catalog, definition, name)
    values = _typed(at, definition, record, conversion)
    try:
        outcome = Conversions(at.gate, at.reader).convert(
            at.actor, conversion, record.id, values, version_given()
        )
    except Refusal as refusal:
        if wants_json():
            return refusal_json(at, refusal, record=record)
        return _form(at, definition, record, conversion, values, refusal.problems, request.form)
    for changed in {object, *(made.part.object for made in outcome.made.values())}:
        at.changed(changed)
    new = [made for made in outcome.made.values() if made.new]
    if len(new) == 1 and len(outcome.made) == 1:
        return done(f"/o/{new[0].part.object}/{new[0].id}")
    address = f"/o/{object}/{record.id}?converted={outcome.run}"
    return redirect(address, 303) if not wants_json() else done(address)


def _typed(at: Here, definition: Object, record: Record, conversion: Conversion) -> Values:
    """What the form says, by part; of the source what differs from before."""
    found: Values = {}
    for part in conversion.parts.values():
        target = at.catalog.objects[part.object]
        fields = [f for f in enterable(at, target, True) if not isinstance(f.type, Lines)]
        values = given(at, fields, request.form, {}, f"{part.name}.")
        values |= not_offered(target, fields, request.form, f"{part.name}.")
        if target.duplicates:
            values |= confirmation()
        if values:
            found[part.name] = values
    fields = [f for f in enterable(at, definition, False) if not isinstance(f.type, Lines)]
    values = given(at, fields, request.form, record.values, f"{definition.name}.")
    values |= not_offered(definition, fields, request.form, f"{definition.name}.")
    if definition.duplicates:
        values |= confirmation()
    if values:
        found[definition.name] = values
    return found


def _form(
    at: Here,
    definition: Object,
    record: Record,
    conversion: Conversion,
    values: Values,
    refused: Sequence[Problem],
    typed: MultiDict[str, str],
) -> Response:
    found = Conversions(at.gate, at.reader).preview(at.actor, conversion, record.id, values)
    told = [p for p in (refused or found.problems) if "candidates" in p.args]
    panel = refused_panel(at, told)
    shown = _sentences(at, [p for p in refused if p.code != POSSIBLE.code])
    parts = [
        _part(at, conversion.parts[name], one, found, shown, typed)
        for name, one in found.parts.items()
    ]
    source = _source_controls(at, definition, record, conversion, found, shown, typed)
    drawn = {c.name for part in parts for c in part.controls} | {c.name for c in source}
    return page(
        "convert.html",
        at,
        422 if refused else 200,
        object=definition,
        record=record,
        address=f"/o/{definition.name}/{record.id}",
        title=titled(definition, record.values, record.id),
        conversion=conversion,
        label=at.say(conversion.label),
        parts=parts,
        source=source,
        general=[s for path, found in shown.items() if path not in drawn for s in found],
        several=len(refused),
        duplicates=panel,
    )


def _sentences(at: Here, problems: Sequence[Problem]) -> dict[str, list[str]]:
    shown: dict[str, list[str]] = {}
    for problem in problems:
        sentences = shown.setdefault(problem.path, [])
        if (sentence := at.sentence(problem)) not in sentences:
            sentences.append(sentence)
    return shown


def _part(
    at: Here,
    part: Part,
    shown: Shown,
    preview: Preview,
    problems: Mapping[str, list[str]],
    typed: MultiDict[str, str],
) -> PartForm:
    target = at.catalog.objects[part.object]
    label = at.say(target.label)
    record = shown.record
    if not shown.new:
        if record is None:
            return PartForm(label, [], [], at.t("restricted"))
        title = titled(target, record.values, record.id)
        return PartForm(label, [], [], title, f"/o/{part.object}/{record.id}")
    values = record.values if record is not None else {}
    controls = [
        control(
            at, field, values.get(field.name), typed=typed, name=f"{part.name}.{field.name}",
            problems=problems.get(f"{part.name}.{field.name}", ()), filled=True,
        )
        for field in _fields(at, part, target, shown, preview)
    ]  # fmt: skip
    tables = [
        line_table(at, target.fields[name], values.get(name) or [])
        for name in part.lines
        if name in values
    ]
    return PartForm(label, controls, tables)


def _fields(at: Here, part: Part, target: Object, shown: Shown, preview: Preview) -> list[Field]:
    """What is taken over or asked for, and what would be missing, as far as one may enter it."""
    missing = {
        problem.path.removeprefix(f"{part.name}.")
        for problem in preview.problems
        if problem.path.startswith(f"{part.name}.")
    }
    wanted = {*part.sets, *part.asks, *missing}
    # what links to records that are only about to be made cannot be looked up yet
    linked = {part.back} | {
        name
        for name, expression in part.sets.items()
        if any(object == MADE_OBJECT for object, _ in expression.reads)
    }
    return [
        field
        for field in enterable(at, target, True)
        if not isinstance(field.type, Collection)
        and field.name not in shown.states.hidden
        and (field.name in wanted or field.required)
        and field.name not in linked
    ]


def _source_controls(
    at: Here,
    definition: Object,
    record: Record,
    conversion: Conversion,
    preview: Preview,
    problems: Mapping[str, list[str]],
    typed: MultiDict[str, str],
) -> list[Control]:
    """What the conversion and its transition ask of the source, and what would be missing."""
    prefix = f"{definition.name}."
    wanted = {*conversion.asks}
    wanted |= {
        problem.path.removeprefix(prefix)
        for problem in preview.problems
        if problem.path.startswith(prefix)
    }
    stage = stage_field(at, definition)
    if stage is not None and conversion.then:
        transition = workflow_of(at, stage).transitions.get(conversion.then)
        wanted |= set(transition.asks) if transition is not None else set()
    return [
        control(
            at, field, record.values.get(field.name), typed=typed, name=prefix + field.name,
            problems=problems.get(prefix + field.name, ()),
        )
        for field in enterable(at, definition, False)
        if field.name in wanted and not isinstance(field.type, Collection)
    ]  # fmt: skip
