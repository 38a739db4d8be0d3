"""`GET audit`: what was done and seen, for those with the right to look into it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from flask import Response, request

from engine.permissions.roles import Role
from engine.problems import Refusal, Text
from engine.records import messages as records
from engine.records.audit_listing import (
    AuditQuery,
    Entry,
    audit_page,
    people_named,
    people_titles,
)
from engine.records.auditing import plain
from engine.records.events import EVENTS
from engine.records.sharing import SHARED, UNSHARED
from engine.schema.audit_tables import ACCESS, AUDIT
from webapp.answers import answer
from webapp.api.call import Call
from webapp.api.queries import opened, read_limit, read_parameters, sealed

AUDIT_RIGHT = "audit"
SHOWN = {"done": AUDIT, "seen": ACCESS}
"""The logs as the address names them."""
CURSOR = "audit"
_PLAIN = frozenset((*EVENTS, "erase", "opened", "listed", "searched", "printed", "downloaded"))
"""What is said by plain data, and not by fields."""


def may_audit(call: Call) -> bool:
    """Whether the actor may look into the audit of everybody."""
    roles: Mapping[str, Role] = call.application.catalog.of("role")
    held = [roles[name] for name in call.actor.roles if name in roles]
    return call.actor.is_system or any(role.audit or role.administer for role in held)


def require_audit(call: Call) -> None:
    """Refuses everybody else."""
    if not may_audit(call):
        call.application.gate.require_right(call.actor, AUDIT_RIGHT)


def list_audit(call: Call) -> Response:
    """GET audit: rows of `log` (done, seen), by person, object, record, action, since, until."""
    given = read_parameters(
        request, "log", "person", "object", "record", "action", "since", "until", "limit", "after"
    )
    require_audit(call)
    query = query_from(call, given, min(read_limit(given.get("limit")), 1_000))
    rows, following = audit_page(call.application.gate, query)
    names = people_titles(call.application.gate, _actors(rows))
    items = [
        {
            "id": row["id"], "at": plain(row["at"]), "by": row["actor"],
            "person": names.get(row["actor"]), "via": row["via"], "action": row["action"],
            "object": row["object"] or None, "record": row["record"] or None,
            "cause": row["cause"], "batch": row["batch"], **said(call, row),
        }
        for row in rows
    ]  # fmt: skip
    after = sealed(str(following) if following else None, CURSOR, call.shell.keys)
    return answer({"items": items, "next": after})


def query_from(call: Call, given: Mapping[str, str], limit: int) -> AuditQuery:
    """The query that an address asks for. Raises Refusal for values that mean nothing."""
    gate = call.application.gate
    show, record = given.get("log") or "done", given.get("record", "")
    if show not in SHOWN:
        raise _bad("log", show, " | ".join(SHOWN))
    if record and not (record.isascii() and record.isdigit() and len(record) < 19):
        raise _bad("record", record, "12")
    before = opened(given.get("after", ""), CURSOR, call.shell.keys)
    person = given.get("person", "").strip()
    until = _day(call, given, "until", later=1)
    return AuditQuery(
        log=SHOWN[show],
        object=given.get("object", "")[:60],
        record=int(record) if record else None,
        people=people_named(gate, person) if person else None,
        action=given.get("action", "")[:60],
        since=_day(call, given, "since"),
        until=until,
        before=int(before) if before else None,
        limit=limit,
    )


def said(call: Call, row: Entry) -> dict[str, Any]:
    """What a row says, as far as the actor may read it: events whole, changes by their fields.

    Values of fields are read in the record's own history, by its own permissions.
    """
    data: dict[str, Any] = json.loads(row["data"] or "{}")
    if row["action"] in _PLAIN:
        return {"data": data, "fields": []}
    if row["action"] in (SHARED, UNSHARED):
        return {"data": data.get(row["action"], {}), "fields": []}
    definition = call.application.catalog.objects.get(row["object"])
    if definition is None:
        return {"data": {}, "fields": []}
    lens = call.lens(definition.name)
    names = [*data.get("fields", {}), *data.get("lines", {})]
    readable = [name for name in names if name in definition.fields and lens.may_read(name)]
    return {"data": {}, "fields": readable}


def _actors(rows: list[Entry]) -> list[int]:
    return sorted({row["actor"] for row in rows if row["actor"] is not None})


def _day(call: Call, given: Mapping[str, str], key: str, later: int = 0) -> dt.datetime | None:
    """The beginning of a day, or of one so many days `later`, in the company's time zone."""
    text = given.get(key, "")
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text) + dt.timedelta(days=later)
        return dt.datetime.combine(day, dt.time(), call.application.gate.zone).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise _bad(key, text, "2026-03-01") from None


def _bad(key: str, found: str, expected: str) -> Refusal:
    return Refusal(records.BAD_QUERY(key=key, found=found[:40], expected=Text.of(expected)))
