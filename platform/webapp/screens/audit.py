"""`/audit`: what was done and seen, by everybody, for those with the right to look into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from engine.definition.access import ACCESSES
from engine.records.audit_listing import Entry, audit_page, people_titles
from engine.records.events import EVENTS
from webapp.api.audit import CURSOR, SHOWN, query_from, require_audit, said
from webapp.api.queries import sealed
from webapp.screens.dates import exact_moment, near_moment
from webapp.screens.here import Here, here
from webapp.screens.rendering import page
from webapp.screens.texts import texts

LINES = 50
FILTERS = ("log", "person", "object", "record", "action", "since", "until")
CHANGES = (
    "create", "update", "delete", "restore", "approve", "reject", "withdraw", "reveal", "share",
    "unshare", "hand-over", "move-step", "erase",
)  # fmt: skip
"""Actions about records, as the audit names them."""
LONGEST = 300
"""Characters of what is told about an event."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row: when, who, what, about which record, and what else there is to say."""

    id: int
    near: str
    exact: str
    moment: str
    person: str
    via: str
    action: str
    object: str
    address: str
    record: str
    text: str


def show_audit() -> Response:
    """The rows that the filters leave, the latest first."""
    at = here()
    require_audit(at.call)
    given = {k: v.strip() for k, v in request.args.items() if k in (*FILTERS, "after")}
    query = query_from(at.call, given, LINES)
    rows, following = audit_page(at.gate, query)
    ids = sorted({row["actor"] for row in rows if row["actor"] is not None})
    names = people_titles(at.gate, ids)
    chosen = {key: given.get(key, "") for key in FILTERS if given.get(key)}
    after = sealed(str(following) if following else None, CURSOR, at.call.shell.keys)
    show = given.get("log") or "done"
    actions = ACCESSES if show == "seen" else (*CHANGES, *EVENTS)
    return page(
        "audit.html",
        at,
        chosen={key: given.get(key, "") for key in FILTERS},
        shown=show,
        tabs=[(name, at.t(f"audit_{name}")) for name in SHOWN],
        lines=[_line(at, row, names) for row in rows],
        objects=sorted(
            ((o.name, at.say(o.label)) for o in at.catalog.objects.values() if not o.parent),
            key=lambda one: one[1],
        ),
        actions=[(name, _action(at, name)) for name in actions],
        following=f"/audit?{urlencode(chosen | {'after': after})}" if after else "",
        first=f"/audit?{urlencode(chosen)}" if given.get("after") else "",
    )


def _line(at: Here, row: Entry, names: dict[int, str]) -> Line:
    definition = at.catalog.objects.get(row["object"])
    told = said(at.call, row)
    if told["fields"] and definition is not None:
        text = at.t("list_and").join(at.say(definition.fields[n].label) for n in told["fields"])
    else:
        told_of = told["data"].items()
        text = "; ".join(f"{_key(at, k)}: {_plain(at, v)}" for k, v in told_of)
    leads = definition is not None and not definition.parent and row["record"]
    return Line(
        id=row["id"],
        near=near_moment(row["at"], at.now, at.zone, at.locale),
        exact=exact_moment(row["at"], at.zone),
        moment=row["at"].isoformat(),
        person=_who(at, row, names, told["data"]),
        via=_said(at, "via", row["via"]),
        action=_action(at, row["action"]),
        object=at.say(definition.label) if definition else row["object"],
        address=f"/o/{row['object']}/{row['record']}" if leads else "",
        record=f"#{row['record']}" if row["record"] else "",
        text=text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…",
    )


def _who(at: Here, row: Entry, names: dict[int, str], data: Mapping[str, Any]) -> str:
    """The person, or what is known of who it was."""
    if row["actor"] is not None:
        return names.get(row["actor"]) or at.t("restricted")
    tried = row["action"].startswith("sign-")
    return str(data.get("account", "–")) if tried else str(data.get("by") or at.t("system"))


def _action(at: Here, name: str) -> str:
    key = name.replace("-", "_").replace(" ", "_")
    return _said(at, "act", key) if name in (*CHANGES, *EVENTS, *ACCESSES) else name


def _key(at: Here, key: str) -> str:
    return _said(at, "key", key)


def _said(at: Here, of: str, name: str) -> str:
    """The text for a word of the audit; the word itself where there is none."""
    key = f"{of}_{name}"
    return at.t(key) if key in texts() else name


def _plain(at: Here, value: Any) -> str:
    if isinstance(value, bool):
        return at.t("yes") if value else at.t("no")
    if isinstance(value, list) and len(value) == 2 and all(isinstance(v, list) for v in value):
        return " → ".join(", ".join(map(str, side)) or "–" for side in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_plain(at, one)}" for key, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
