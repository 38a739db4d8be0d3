"""Changing many records at once: what shall become of them, what would come of it, and starting.

`/o/<object>/change` takes the state of the list in its address, with the rows that were ticked
(`_id`) or all that the list shows (`_all`). It works as plain forms; scripts show the same in a
dialog.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.duplicates import CONFIRM
from engine.definition.objects import Field, Object
from engine.fieldtypes.file import File
from engine.fieldtypes.link import Lines
from engine.problems import Problem, Refusal
from engine.records.rights import forbidden
from exchange.bulk import BulkRequest, Preview, count_chosen, preview_bulk
from exchange.bulk_work import bulk_work
from exchange.standard_work import standard_work
from exchange.standardising import (
    StandardPreview,
    StandardRequest,
    preview_standard,
    spellings_of,
)
from jobs.work import Work, start_work
from webapp.screens.addresses import State
from webapp.screens.controls import Control, as_input, control, enterable
from webapp.screens.here import Here, here
from webapp.screens.listing import chosen_view, query_of, stage_field
from webapp.screens.outdated import Carried, carried, lost_sentences, mark_of
from webapp.screens.problems import wants_json
from webapp.screens.rendering import fragment, page
from webapp.screens.transitions import Way, ways, workflow_of
from webapp.screens.works_parts import counts_of

ID, ALL = "_id", "_all"
FIELD, DO, SPELL = "field.", "do.", "spell."
MOST_TICKED = 1_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """The records that are meant, and the address of the list that they were chosen in."""

    wanted: BulkRequest
    address: str
    back: str
    count: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that would be refused, and why."""

    address: str
    title: str
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class Spelled:
    """A value before and after; `why` it cannot be spelled so."""

    address: str
    title: str
    before: str
    after: str
    why: str


def ask_change(object: str) -> Response:
    """What shall become of the records."""
    at = here()
    definition, chosen = _chosen(at, object)
    return _page(at, definition, chosen, request.args.get("_what", ""))


def change(object: str) -> AnyResponse:
    """Shows what would come of the change; starts it when that was seen."""
    at = here()
    definition, chosen = _chosen(at, object)
    brought = carried(at, definition)
    form, what = brought.form, _present(brought, request.form.get("what", ""))
    if brought.changed and (brought.lost or (request.form.get("what") and not what)):
        lost = [at.t("form_changed"), *lost_sentences(at, brought)]
        return _page(at, definition, chosen, what, typed=form, lost=lost)
    try:
        if what in {value for value, _ in _spellings(at, definition)}:
            return _standardise(at, definition, chosen, what)
        wanted = _wanted(at, definition, chosen.wanted, what, form)
        if "start" in request.form:
            return _start(at, wanted)
        preview = preview_bulk(at.gate, at.actor, wanted)
    except Refusal as refusal:
        return _page(at, definition, chosen, what, refusal.problems, typed=form)
    return _page(at, definition, chosen, what, preview=preview, typed=form)


def _present(brought: Carried, what: str) -> str:
    """What shall become of the records, by the present name of its field; empty where it is gone.

    A spelling belongs to a field as well; a transition has no other name.
    """
    for mark in (FIELD, SPELL):
        if what.startswith(mark):
            name, colon, rest = what.removeprefix(mark).partition(":")
            present = brought.name(name)
            return f"{mark}{present}{colon}{rest}" if present else ""
    return what


def _standardise(at: Here, definition: Object, chosen: Chosen, what: str) -> AnyResponse:
    """Shows what a standard spelling would make of the field's values; starts it."""
    name, _, spelling = what.removeprefix(SPELL).partition(":")
    asked = replace(chosen.wanted, confirm_duplicates=CONFIRM in request.form)
    wanted = StandardRequest(chosen=asked, field=name, spelling=spelling)
    if "start" in request.form:
        return _started(at, definition.name, standard_work(at.gate, at.actor, wanted))
    return _page(at, definition, chosen, what, spelled=preview_standard(at.gate, at.actor, wanted))


def _start(at: Here, wanted: BulkRequest) -> AnyResponse:
    return _started(at, wanted.object, bulk_work(at.gate, at.actor, wanted))


def _started(at: Here, object: str, work: Work) -> AnyResponse:
    id = at.gate.write(at.actor, lambda tx: start_work(tx, work))
    at.changed(object)
    if wants_json():
        return jsonify(location=f"/work/{id}", told=at.t("told_bulk", n=f"{work.total or 0:,}"))
    return redirect(f"/work/{id}", 303)


def _chosen(at: Here, object: str) -> tuple[Object, Chosen]:
    """The records that the address means. Raises Refusal where the actor may change none."""
    definition = at.object(object)
    lens = at.lens(object)
    if not lens.may("update"):
        raise Refusal(forbidden(lens, "update", at.actor.roles))
    state = State.read(object, request.args).first()
    query = query_of(at, definition, state, chosen_view(at, definition, state), ())
    wanted = BulkRequest(
        object=object, where=query.where, filters=query.filters, words=query.words, locale=at.locale
    )
    pairs: list[tuple[str, str]] = [(ALL, "1")]
    if ALL not in request.args:
        texts = [t for t in request.args.getlist(ID) if t.isascii() and t.isdigit()]
        ids = tuple(int(text) for text in texts if len(text) < 19)[:MOST_TICKED]
        wanted = BulkRequest(object=object, ids=ids, locale=at.locale)
        pairs = [(ID, str(id)) for id in ids]
    back = state.address
    mark = "&" if "?" in back else "?"
    address = back.replace(f"/o/{object}", f"/o/{object}/change", 1) + mark + urlencode(pairs)
    return definition, Chosen(wanted, address, back, count_chosen(at.gate, at.actor, wanted))


def _wanted(
    at: Here, definition: Object, wanted: BulkRequest, what: str, typed: MultiDict[str, str]
) -> BulkRequest:
    """The change as the form says it."""
    wanted = replace(wanted, confirm_duplicates=CONFIRM in typed)
    if what in {f"{DO}{way.name}" for way in _ways(at, definition)}:
        fields = _asked(at, definition, what)
        given = {f.name: as_input(at, f, typed, f.name) for f in fields if _filled(typed, f.name)}
        return replace(wanted, transition=what.removeprefix(DO), fields=given)
    fields = [f for f in _fields(at, definition) if f"{FIELD}{f.name}" == what]
    name = what.removeprefix(FIELD)
    if not fields and name in definition.fields:  # the gate says why not
        return replace(wanted, fields={name: typed.get(name, "")})
    return replace(wanted, fields={f.name: as_input(at, f, typed, f.name) for f in fields})


def _filled(typed: MultiDict[str, str], name: str) -> bool:
    return any(text.strip() for text in typed.getlist(name))


def _fields(at: Here, definition: Object) -> list[Field]:
    """The fields that can be given to many records."""
    return [f for f in enterable(at, definition, False) if not isinstance(f.type, Lines | File)]


def _spellings(at: Here, definition: Object) -> list[tuple[str, str]]:
    """Fields with the standard spellings that they can have."""
    colon = at.t("label_and", label="")
    return [
        (f"{SPELL}{f.name}:{one.name}", f"{at.say(f.label)}{colon}{at.say(one.label)}")
        for f in _fields(at, definition)
        for one in spellings_of(f)
    ]


def _ways(at: Here, definition: Object) -> list[Way]:
    """The transitions that the actor may take from some stage."""
    stage = stage_field(at, definition)
    if stage is None:
        return []
    found: dict[str, Way] = {}
    for option in workflow_of(at, stage).options:
        for way in ways(at, definition, stage, option.name):
            found.setdefault(way.name, way)
    return list(found.values())


def _asked(at: Here, definition: Object, what: str) -> list[Field]:
    """The fields that a transition asks for."""
    for way in _ways(at, definition):
        if f"{DO}{way.name}" == what:
            names = dict.fromkeys((*way.needs, *way.fields))
            return [definition.fields[name] for name in names]
    return []


def _controls(
    at: Here,
    definition: Object,
    what: str,
    problems: Sequence[Problem],
    typed: MultiDict[str, str],
) -> list[Control]:
    if what.startswith(DO):
        fields = _asked(at, definition, what)
    else:
        fields = [f for f in _fields(at, definition) if f"{FIELD}{f.name}" == what]
    said: dict[str, list[str]] = {}
    for problem in problems:
        said.setdefault(problem.path, []).append(at.sentence(problem))
    return [control(at, f, typed=typed, problems=said.get(f.name, ())) for f in fields]


def _page(
    at: Here,
    definition: Object,
    chosen: Chosen,
    what: str,
    problems: Sequence[Problem] = (),
    preview: Preview | None = None,
    spelled: StandardPreview | None = None,
    typed: MultiDict[str, str] | None = None,
    lost: Sequence[str] = (),
) -> Response:
    controls = _controls(at, definition, what, problems, typed or MultiDict())
    names = {c.name for c in controls}
    general = [at.sentence(problem) for problem in problems if problem.path not in names]
    context: dict[str, Any] = {
        "object": definition,
        "chosen": chosen,
        "what": what,
        "made_for": mark_of(at, definition),
        "lost": lost,
        "fields": [(f"{FIELD}{f.name}", at.say(f.label)) for f in _fields(at, definition)],
        "spellings": _spellings(at, definition),
        "spelled": spelled,
        "examples": _examples(at, definition, spelled) if spelled else [],
        "warns": _matched(definition, what),
        "confirm_name": CONFIRM,
        "confirmed": CONFIRM in request.form,
        "transitions": [(f"{DO}{way.name}", way.label) for way in _ways(at, definition)],
        "controls": controls,
        "general": general,
        "preview": preview,
        "hopeless": preview is not None and _hopeless(preview),
        "counts": counts_of(at, seen.counts) if (seen := preview or spelled) else [],
        "refused": _refused(at, definition, preview) if preview else [],
    }
    status = 422 if problems or lost else 200
    if request.headers.get("X-Part"):
        return fragment("bulk.html", at, status, **context)
    return page("bulk_page.html", at, status, **context)


def _matched(definition: Object, what: str) -> bool:
    """Whether a match rule could have something against the change."""
    names = {name for rule in definition.duplicates for name in rule.fields}
    field = what.partition(".")[2].partition(":")[0]
    return bool(names) and (what.startswith(DO) or field in names)


def _examples(at: Here, definition: Object, seen: StandardPreview) -> list[Spelled]:
    """Values before and after, then those that have no such spelling."""
    found = []
    for one in (*seen.changing, *seen.refused):
        title = one.record.number or one.record.title or f"#{one.record.id}"
        why = at.sentence(one.problem) if one.problem is not None else ""
        address = f"/o/{definition.name}/{one.record.id}"
        found.append(Spelled(address, title, one.before, one.after, why))
    return found


def _hopeless(preview: Preview) -> bool:
    """Whether all records were tried, and every one is refused."""
    return preview.count == preview.tried == preview.counts.get("rejected", 0)


def _refused(at: Here, definition: Object, preview: Preview) -> list[Refused]:
    found = []
    for named, problems in preview.refused:
        reasons = list(dict.fromkeys(at.sentence(problem) for problem in problems))
        title = named.title or named.number or f"#{named.id}"
        found.append(Refused(f"/o/{definition.name}/{named.id}", title, reasons))
    return found
