"""Looking for duplicates in what is there: starting a scan, its groups, and deciding about them.

`/o/<object>/duplicates` starts a scan and lists earlier ones; `/work/<id>/groups` shows the groups
of one. Merging is the page of `webapp.screens.merging`, one record after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.objects import Field, Object
from engine.fieldtypes.link import Collection
from engine.matching.finding import Candidate
from engine.problems import Refusal
from engine.records.query import Query
from engine.records.reading import Record
from engine.records.rights import forbidden
from exchange.scan_results import (
    OPEN,
    SCAN,
    STATES,
    Found,
    decide,
    group_found,
    groups_found,
    require_scan,
)
from exchange.scan_work import ScanRequest, check_scan, scan_work
from jobs.work import of_person, start_work
from jobs.work_rights import require_results
from jobs.work_rows import WorkRow
from webapp.screens.filters import titled
from webapp.screens.here import Here, here
from webapp.screens.rendering import page
from webapp.screens.values import writer
from webapp.screens.works import one
from webapp.screens.works_parts import shown

PAGE = 20
EARLIER = 10
MOST_COLUMNS = 6
ALL = "all"


@dataclass(frozen=True, slots=True)
class Member:
    """A record of a group. Without an `address` the actor may not see it.

    `cells` are HTML, one for each column; `told` is what the definition reveals.
    """

    id: int | None
    title: str
    number: str
    address: str
    label: str
    cells: list[str]
    told: str
    first: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A group on the screen. `merges`: two of its records at least can become one."""

    number: int
    reasons: list[str]
    similarity: int
    state: str
    settled: bool
    members: list[Member]
    merges: bool
    tells_apart: bool


def ask_scan(object: str) -> Response:
    """What is looked for, the button that starts it, and earlier scans of the same person."""
    at = here()
    definition = at.object(object)
    check_scan(at.gate, at.actor, object)
    rows = [r for r in of_person(at.gate, at.actor, limit=200) if r.kind == SCAN]
    rows = [row for row in rows if row.object == object][:EARLIER]
    return page(
        "scan.html",
        at,
        object=definition,
        rules=[at.say(rule.label) for rule in definition.duplicates],
        works=[(shown(at, row), bool(row.counts.get("groups"))) for row in rows],
    )


def start_scan(object: str) -> AnyResponse:
    """Starts a scan, and leads to its progress."""
    at = here()
    work = scan_work(at.gate, at.actor, ScanRequest(object=object, locale=at.locale))
    id = at.gate.write(at.actor, lambda tx: start_work(tx, work))
    return redirect(f"/work/{id}", 303)


def show_groups(id: int) -> Response:
    """The groups of a scan; those that are still to be decided, or all."""
    at = here()
    row, definition = _scan(at, id)
    everything = request.args.get("show") == ALL
    after = _digits(request.args.get("after", ""))
    found = groups_found(
        at.gate, at.actor, row.id, definition,
        after=after, limit=PAGE + 1, open_only=not everything,
    )  # fmt: skip
    columns = _columns(at, definition)
    return page(
        "groups.html",
        at,
        object=definition,
        work=shown(at, row),
        groups=_shown(at, definition, columns, found[:PAGE]),
        columns=[at.say(field.label) for field in columns],
        following=found[PAGE - 1].number if len(found) > PAGE else None,
        after=after,
        everything=everything,
        merged=_digits(request.args.get("merged", "")),
        into=_digits(request.args.get("into", "")),
        updates=at.lens(definition.name).may("update"),
    )


def act_on_group(id: int, number: int) -> AnyResponse:
    """Keeps the group as it is, tells its records apart, or opens it again."""
    at = here()
    row, definition = _scan(at, id)
    state = request.form.get("state", "")
    if state in STATES:
        at.gate.write(at.actor, lambda tx: decide(tx, row.id, definition, number, state))
    return redirect(
        _back(row.id, request.form, _digits(request.form.get("then", "")) or number), 303
    )


def merge_group(id: int, number: int) -> AnyResponse:
    """Leads to merging the first of the chosen records that is still there, then to the next."""
    at = here()
    row, definition = _scan(at, id)
    found = group_found(at.gate, at.actor, row.id, definition, number)
    own = [one.id for one in found.seen if one.object == definition.name and one.id is not None]
    ids = {str(one): one for one in own}
    stays = ids.get(request.args.get("stays", ""), own[0] if own else None)
    chosen = [ids[text] for text in request.args.getlist("goes") if text in ids]
    going = [one for one in chosen if one != stays]
    if stays is None or not going:
        return redirect(_back(row.id, request.args, number), 303)
    back = _back(row.id, request.args, number)
    if len(going) > 1:
        rest = [("stays", str(stays)), *(("goes", str(one)) for one in going[1:])]
        rest += [(name, request.args[name]) for name in ("show", "after") if name in request.args]
        back = f"/work/{row.id}/groups/{number}/merge?{urlencode(rest)}"
    wanted = urlencode({"with": going[0], "back": back})
    return redirect(f"/o/{definition.name}/{stays}/merge?{wanted}", 303)


def _back(work: int, given: Mapping[str, str], number: int) -> str:
    """The page of groups that somebody came from, at one of them."""
    state = {"show": ALL} if given.get("show") == ALL else {}
    if after := _digits(given.get("after", "")):
        state["after"] = str(after)
    return f"/work/{work}/groups{'?' if state else ''}{urlencode(state)}#group-{number}"


def _digits(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _scan(at: Here, id: int) -> tuple[WorkRow, Object]:
    """The scan and its object, for those who may change its records."""
    row = one(at, id)
    require_scan(row)
    require_results(at.gate, at.actor, row)
    definition = at.object(row.object)
    lens = at.lens(definition.name)
    if not lens.may("update"):
        raise Refusal(forbidden(lens, "update", at.actor.roles))
    return row, definition


def _columns(at: Here, definition: Object) -> list[Field]:
    """What tells records apart: what rules match, who owns them, since when they are there."""
    names = [name for rule in definition.duplicates for name in rule.fields]
    wanted = dict.fromkeys((*names, *definition.reveal, "owner", "created_on"))
    readable = {field.name: field for field in at.readable(definition)}
    return [
        readable[name]
        for name in wanted
        if name in readable
        and name not in (definition.title, "number")
        and not isinstance(readable[name].type, Collection)
    ][:MOST_COLUMNS]


def _shown(
    at: Here, definition: Object, columns: Sequence[Field], groups: Iterable[Found]
) -> list[Shown]:
    groups = list(groups)
    own = [m.id for g in groups for m in g.seen if m.object == definition.name and m.id]
    records = _records(at, definition, columns, own)
    return [_one(at, definition, columns, group, records) for group in groups]


def _records(
    at: Here, definition: Object, columns: Sequence[Field], ids: Sequence[int]
) -> dict[int, Record]:
    if not ids:
        return {}
    lens = at.lens(definition.name)
    names = [n for n in (definition.title, "number") if n in definition.fields and lens.may_read(n)]
    asked = (*names, *(field.name for field in columns)) or ("id",)
    found = {}
    for start in range(0, len(ids), 500):
        some = sorted(set(ids[start : start + 500]))
        query = Query(filters={"id": some}, fields=tuple(dict.fromkeys(asked)), limit=500)
        page_ = at.reader.page(at.actor, definition.name, query)
        found.update({record.id: record for record in page_.items})
    return found


def _one(
    at: Here,
    definition: Object,
    columns: Sequence[Field],
    group: Found,
    records: Mapping[int, Record],
) -> Shown:
    own = [m for m in group.seen if m.object == definition.name]
    first = own[0].id if own else None
    members = [_member(at, definition, columns, m, records, first) for m in group.members]
    return Shown(
        number=group.number,
        reasons=[at.say(rule) for rule in group.rules],
        similarity=group.similarity,
        state=group.state,
        settled=group.settled,
        members=members,
        merges=len(own) > 1 and group.state == OPEN,
        tells_apart=len(group.seen) == len(group.members),
    )


def _member(
    at: Here,
    definition: Object,
    columns: Sequence[Field],
    one: Candidate,
    records: Mapping[int, Record],
    first: int | None,
) -> Member:
    record = records.get(one.id or 0) if one.object == definition.name else None
    values: dict[str, Any] = record.values if record is not None else {}
    told = " · ".join(f"{at.say(label)}: {at.say(value)}" for label, value in one.reveal)
    return Member(
        id=one.id if one.object == definition.name else None,
        title=titled(definition, values, record.id) if record is not None else one.title,
        number=str(values.get("number") or ""),
        address=f"/o/{one.object}/{one.id}" if one.id is not None else "",
        label=at.say(at.catalog.objects[one.object].label),
        cells=[writer(field, at)(values.get(field.name)) for field in columns] if record else [],
        told=told,
        first=one.id is not None and one.id == first,
    )
