"""Merging two records on a screen: side by side, a choice for every field that differs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from assembly.merging import OTHER, OWN, merge_records, mergeable
from engine.definition.objects import Object
from engine.matching.merged import batch_of, winner_of
from engine.problems import Message, Problem, Refusal
from engine.records.reading import Record
from exchange.undo_work import undo_work
from jobs.work import start_work
from webapp.screens.acting import version_given
from webapp.screens.filters import titled
from webapp.screens.here import Here, here
from webapp.screens.records import show_record
from webapp.screens.rendering import page
from webapp.screens.values import writer

NOT_MERGED_HERE = Message(
    "merge-none-here",
    en="record #{id} is no longer merged into this one",
    zh="记录 #{id} 已不再并入此记录",
    hint_en="the merge may have been taken back already; reload the page",
    hint_zh="该合并可能已被撤销，请刷新页面",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One field of which the two records hold different values, as HTML."""

    name: str
    label: str
    own: str
    other: str
    takes_other: bool


def ask_merge(object: str, id: int) -> Response:
    """Both records side by side; without `with` a field to name the other one."""
    at = here()
    definition = at.object(object)
    record = at.reader.one(at.actor, object, id)
    named = request.args.get("with", "").strip()
    if not named:
        return _page(at, definition, record, None, ())
    try:
        other = at.reader.one(at.actor, object, named)
    except Refusal as refusal:
        return _page(at, definition, record, None, refusal.problems)
    return _page(at, definition, record, other if other.id != record.id else None, ())


def take_merge(object: str, id: int) -> AnyResponse:
    """Merges; the record that stays is shown."""
    at = here()
    definition = at.object(object)
    record = at.reader.one(at.actor, object, id)
    other = at.reader.one(at.actor, object, request.form.get("with", ""))
    fields = mergeable(definition)
    take = {
        f.name: request.form[f"take.{f.name}"] for f in fields if f"take.{f.name}" in request.form
    }
    try:
        version, others = version_given(), version_given("other_version")
        merge_records(at.gate, at.actor, object, record.id, other.id, take, version, others)
    except Refusal as refusal:
        return _page(at, definition, record, other, refusal.problems)
    at.changed(object)
    if way := _way_back():
        page_, _, place = way.partition("#")
        told = f"merged={other.id}&into={record.id}"
        return redirect(f"{page_}{'&' if '?' in page_ else '?'}{told}#{place}", 303)
    return redirect(f"/o/{object}/{record.id}?merged={other.id}", 303)


def undo_merge(object: str, id: int) -> AnyResponse:
    """Starts taking back that another record was merged into this one."""
    at = here()
    record = at.reader.one(at.actor, object, id)
    given = request.form.get("merged", "")
    merged = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
    with at.gate.databases.reading() as connection:
        batch = batch_of(at.gate, connection, object, record.id, merged)
    if batch is None:
        raise Refusal(NOT_MERGED_HERE(id=merged))
    work = undo_work(at.gate, at.actor, batch, at.locale)
    started = at.gate.write(at.actor, lambda tx: start_work(tx, work))
    at.changed(object)
    return redirect(f"/work/{started}", 303)


def _way_back() -> str:
    """Where somebody came from: the groups of a scan; nothing else is believed."""
    back = request.values.get("back", "")
    return back if re.fullmatch(r"/work/\d{1,18}/groups[-\w/?&=#]*", back, re.ASCII) else ""


def _page(
    at: Here,
    definition: Object,
    record: Record,
    other: Record | None,
    problems: tuple[Problem, ...],
) -> Response:
    return page(
        "merge.html",
        at,
        422 if problems else 200,
        object=definition,
        record=record,
        other=other,
        title=titled(definition, record.values, record.id),
        other_title=titled(definition, other.values, other.id) if other else "",
        address=f"/o/{definition.name}/{record.id}",
        choices=_choices(at, definition, record, other) if other else [],
        sentences=[at.sentence(problem) for problem in problems],
        back=_way_back(),
        own=OWN,
        taken=OTHER,
    )


def _choices(at: Here, definition: Object, record: Record, other: Record) -> list[Choice]:
    """The fields that differ and that the actor may read on both and write."""
    lens = at.lens(definition.name)
    found = []
    for field in mergeable(definition):
        name = field.name
        if name not in record.values or name not in other.values or not lens.may_write(name):
            continue
        own, others = record.values[name], other.values[name]
        if own == others or others in (None, (), ""):
            continue
        write = writer(field, at)
        takes = own in (None, (), "")
        found.append(Choice(name, at.say(field.label), write(own), write(others), takes))
    return found


def show_or_lead_on(object: str, id: int) -> AnyResponse:
    """The record; one that was merged leads to the one that it has become part of."""
    try:
        return show_record(object, id)
    except Refusal:
        at = here()
        found = merged_into(at, at.object(object).name, id)
        if found is None:
            raise
        return found


def merged_into(at: Here, object: str, id: int) -> AnyResponse | None:
    """Leads from a record that was merged to the one that stayed, where the actor may see both.

    Of one that they could not see before it was merged they do not learn that it was there.
    """
    with at.gate.databases.reading() as connection:
        winner = winner_of(at.gate, connection, object, id)
    if winner is None:
        return None
    try:
        at.reader.one(at.actor, object, id, deleted=True)
        at.reader.one(at.actor, object, winner)
    except Refusal:
        return None
    return redirect(f"/o/{object}/{winner}?merged={id}")
