"""What happened to a record: changes, stages and comments, the latest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.definition.objects import Field, Object
from engine.fieldtypes.choice import Stage
from engine.fieldtypes.file import File
from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.secret import Secret
from engine.problems import Refusal
from engine.records.audit_listing import AuditQuery, audit_page
from engine.records.query import Query
from engine.records.reading import Linked, Record
from engine.schema.audit_tables import ACCESS
from notices.comments import comments_of
from webapp.api.audit import may_audit
from webapp.api.history import history_of
from webapp.screens.dates import exact_moment, near_moment
from webapp.screens.filed import past_value
from webapp.screens.filters import titled
from webapp.screens.here import Here
from webapp.screens.origins import Relative, origins_of
from webapp.screens.values import writer

PAGE = 20
VERBS = {
    "create": "did_create",
    "update": "did_change",
    "delete": "did_delete",
    "restore": "did_restore",
    "approve": "did_approve",
    "reject": "did_reject",
    "withdraw": "did_withdraw",
    "reveal": "did_reveal",
    "erase": "did_erase",
    "share": "did_share",
    "unshare": "did_unshare",
    "hand-over": "did_hand_over",
    "move-step": "did_move_step",
    "deputy": "did_deputy",
    "deputy revoked": "did_deputy_revoked",
}
SYMBOLS = {
    "create": "plus",
    "update": "pencil",
    "delete": "trash-2",
    "restore": "rotate-ccw",
    "approve": "check",
    "reject": "x",
    "withdraw": "undo-2",
    "reveal": "eye",
    "erase": "eraser",
    "share": "user-plus",
    "unshare": "user-minus",
    "hand-over": "arrow-right-left",
    "move-step": "arrow-right",
    "deputy": "user-plus",
    "deputy revoked": "user-minus",
}


SEEN = {
    "opened": ("did_open", "eye"),
    "printed": ("did_print", "printer"),
    "downloaded": ("did_download", "download"),
}
"""Accesses that a timeline tells of: verb and symbol."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `changes` are label, before and after, as HTML.

    `links` lead to other records: address, kind and title; `before` says that what happened
    before this is told there.
    """

    at: dt.datetime
    when: str
    exact: str
    person: str
    number: int
    symbol: str
    verb: str
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    comment: str = ""
    links: list[tuple[str, str, str]] = field(default_factory=list)
    before: bool = False


def timeline(
    at: Here, definition: Object, record: Record, before: int = 0
) -> tuple[list[Entry], str]:
    """A page of the record's timeline, and from where older changes go on.

    Comments stand on the first page, among the changes by their time.
    """
    items, following = history_of(at.call, record, PAGE, before)
    entries = [_changed(at, definition, item) for item in items]
    if not before:
        entries += _comments(at, definition, record)
        entries += _conversions(at, record)
        entries += _accesses(at, record)
        entries.sort(key=lambda entry: entry.at, reverse=True)
    return entries, following or ""


def last_change(at: Here, record: Record) -> Entry | None:
    """The latest change, for telling whose it was."""
    items, _ = history_of(at.call, record, 1)
    return _changed(at, at.catalog.objects[record.object], items[0]) if items else None


def _changed(at: Here, definition: Object, item: Mapping[str, Any]) -> Entry:
    moment = dt.datetime.fromisoformat(item["at"])
    by = item["by"] or {}
    changes = []
    if item["action"] == "update":
        for name, values in item["fields"].items():
            found = definition.fields[name]
            if not found.system or name == "owner":
                write = writer(found, at)
                told = [write(_value(found, values[side])) for side in ("before", "after")]
                changes.append((at.say(found.label), told[0], told[1]))
    verb, symbol = VERBS.get(item["action"], "did_change"), SYMBOLS.get(item["action"], "pencil")
    stages = [name for name in item["fields"] if isinstance(definition.fields[name].type, Stage)]
    if stages and item["action"] == "update":
        verb, symbol = "did_move", "arrow-right"
    return Entry(
        at=moment,
        when=near_moment(moment, at.now, at.zone, at.locale),
        exact=exact_moment(moment, at.zone),
        person=by.get("title") or at.t("restricted" if by.get("restricted") else "system"),
        number=by.get("id") or 0,
        symbol=symbol,
        verb=at.t(verb),
        changes=changes,
        notes=_principals(at, item)
        + [
            _lines_note(at, definition, name, found)
            for name, found in item.get("lines", {}).items()
        ],
    )


def _principals(at: Here, item: Mapping[str, Any]) -> list[str]:
    """For whom a deputy did it."""
    people = [one["title"] or at.t("restricted") for one in item.get("for", ())]
    return [at.t("acted_for", person=at.t("list_and").join(people))] if people else []


def _lines_note(at: Here, definition: Object, name: str, lines: list[Mapping[str, Any]]) -> str:
    label = at.say(definition.fields[name].label)
    counts = {action: 0 for action in ("create", "update", "delete")}
    for line in lines:
        counts[line["action"]] += 1
    keys = {"create": "lines_added", "update": "lines_changed", "delete": "lines_removed"}
    told = [at.t(keys[action], n=count) for action, count in counts.items() if count]
    return f"{label}: {at.t('list_and').join(told)}"


def _value(found: Field, value: Any) -> Any:
    """A value of the history as the reader would give it."""
    if isinstance(found.type, Links):
        return tuple(_linked(one) for one in value or ())
    if isinstance(found.type, Collection) or value is None:
        return None
    if isinstance(found.type, File | Secret):
        return past_value(found, value)
    if isinstance(found.type, Link):
        return _linked(value)
    try:
        return found.type.read(value)
    except Refusal:
        return None


def _linked(value: Mapping[str, Any]) -> Linked:
    return Linked(value["id"], value["title"], bool(value.get("restricted")))


def _comments(at: Here, definition: Object, record: Record) -> list[Entry]:
    found = comments_of(at.gate, at.reader, at.actor, definition.name, record.id)
    names = people(at, {c.person for c in found if c.person is not None})
    return [
        Entry(
            at=c.at,
            when=near_moment(c.at, at.now, at.zone, at.locale),
            exact=exact_moment(c.at, at.zone),
            person=names.get(c.person or 0, at.t("restricted" if c.person else "system")),
            number=c.person or 0,
            symbol="message-circle",
            verb=at.t("did_comment"),
            comment=c.text,
        )
        for c in found
    ]


def _conversions(at: Here, record: Record) -> list[Entry]:
    """What the record was made from, and what was made from it: an entry for each run."""
    origins = origins_of(at, record)
    runs: dict[tuple[str, int], list[Relative]] = {}
    for verb, found in (("did_come", origins.came_from), ("did_make", origins.became)):
        for one in found:
            runs.setdefault((verb, one.run), []).append(one)
    names = people(at, {one.actor for found in runs.values() for one in found if one.actor})
    return [
        Entry(
            at=found[0].at,
            when=near_moment(found[0].at, at.now, at.zone, at.locale),
            exact=exact_moment(found[0].at, at.zone),
            person=names.get(
                found[0].actor or 0, at.t("restricted" if found[0].actor else "system")
            ),
            number=found[0].actor or 0,
            symbol="git-branch",
            verb=at.t(verb, label=found[0].label),
            links=[(one.address, one.kind, one.title) for one in found[::-1]],
            before=verb == "did_come",
        )
        for (verb, _), found in runs.items()
    ]


def _accesses(at: Here, record: Record) -> list[Entry]:
    """Who has lately seen the record, as its policy notes it, for those who may know that.

    Of what one person did several times in a row the latest time is told.
    """
    if not may_audit(at.call):
        return []
    query = AuditQuery(log=ACCESS, object=record.object, record=record.id, limit=PAGE)
    rows, _ = audit_page(at.gate, query)
    names = people(at, {row["actor"] for row in rows if row["actor"] is not None})
    entries: list[Entry] = []
    last = None
    for row in rows:
        if (row["actor"], row["action"]) != last and row["action"] in SEEN:
            verb, symbol = SEEN[row["action"]]
            entries.append(
                Entry(
                    at=row["at"],
                    when=near_moment(row["at"], at.now, at.zone, at.locale),
                    exact=exact_moment(row["at"], at.zone),
                    person=names.get(row["actor"] or 0, at.t("restricted")),
                    number=row["actor"] or 0,
                    symbol=symbol,
                    verb=at.t(verb),
                )
            )
        last = (row["actor"], row["action"])
    return entries


def people(at: Here, ids: set[int]) -> dict[int, str]:
    """The names of people whom the actor may see."""
    object = at.catalog.user_object
    if not object or not ids or not at.lens(object).may("read"):
        return {}
    definition = at.catalog.objects[object]
    query = Query(filters={"id": sorted(ids)}, fields=(definition.title,), limit=len(ids))
    try:
        items = at.reader.page(at.actor, object, query).items
    except Refusal:
        return {}
    return {item.id: titled(definition, item.values, item.id) for item in items}
