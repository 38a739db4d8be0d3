"""`/why`: why somebody may or may not do something, and `/o/…/who`: everybody who may.

Everybody may ask about themselves, and is told only what they may read; about others, those who
administer the system. Who may see a record is told to them and to those who audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Response, request

from assembly.explaining import why
from engine.definition.objects import Object
from engine.permissions.actors import Actor
from engine.permissions.roles import ACTIONS, ROW_ACTIONS
from engine.problems import Message, Refusal
from engine.records.audit_listing import people_named
from engine.records.why.deciding import may_ask
from engine.records.why.findings import Decision, opened
from engine.records.why.who import Holder, holders
from webapp.api.audit import may_audit, require_audit
from webapp.directory import AccountDirectory
from webapp.screens.filters import titled
from webapp.screens.here import Here, here
from webapp.screens.rendering import page

ASKED = ("person", "action", "object", "record", "field")
LINES = 50
LONGEST = 100
NO_PERSON = Message(
    "why-no-person",
    en="{found!r} is nobody who can sign in, or the name of several people",
    zh="{found!r} 不是可登录的人员，或有多人同名",
    hint_en="give the account, or the id of the person",
    hint_zh="请使用账号或人员 ID",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One person of the list, and by what."""

    name: str
    reasons: tuple[str, ...]
    why: str


def show_why() -> Response:
    """The question as a form and, once an object is named, the answer."""
    at = here()
    asked = {key: request.args.get(key, "").strip()[:LONGEST] for key in ASKED}
    others = may_ask(at.gate, at.actor)
    asked["action"] = asked["action"] if asked["action"] in ACTIONS else "read"
    decision, problems, subject = None, list[str](), at.actor
    if asked["object"]:
        try:
            subject = _subject(at, asked["person"])
            decision = _decision(at, subject, asked)
        except Refusal as refusal:
            if any(problem.code == "right-missing" for problem in refusal.problems):
                raise
            problems = [at.sentence(problem) for problem in refusal.problems]
    definition = at.catalog.objects.get(asked["object"])
    return page(
        "why.html",
        at,
        422 if problems else 200,
        asked=asked,
        others=others,
        decision=decision,
        problems=problems,
        subject=subject,
        thing=_thing(at, definition, asked),
        actions=[(name, at.t(f"why_{name}")) for name in ACTIONS],
        objects=_objects(at, others),
        fields=_fields(at, definition, others),
        opened=opened,
    )


def _decision(at: Here, subject: Actor, asked: dict[str, str]) -> Decision:
    people = _directory(at).everybody(at.gate)
    record = asked["record"] or None
    action, object, field = asked["action"], asked["object"], asked["field"]
    return why(at.application, at.actor, subject, action, object, record, field, people)


def _subject(at: Here, words: str) -> Actor:
    """The person who is asked about; without words, whoever asks."""
    if not words:
        return at.actor
    found = people_named(at.gate, words)
    if found == [at.actor.person]:
        return at.actor
    at.gate.require_right(at.actor, "administer")
    actor = _directory(at).actor_of(at.gate, found[0]) if len(found) == 1 else None
    if actor is None:
        raise Refusal(NO_PERSON(found=words))
    return actor


def _directory(at: Here) -> AccountDirectory:
    """The people with accounts, as this revision knows them."""
    key = ("why", "directory")
    made: AccountDirectory = at.gate.statements.once(
        key, lambda: AccountDirectory(at.gate.databases)
    )
    return made


def _thing(at: Here, definition: Object | None, asked: dict[str, str]) -> str:
    """What is asked about, in words; the record as it was typed."""
    if definition is None:
        return ""
    record = asked["record"]
    record = f"#{record}" if record.isdigit() else record
    return " ".join(word for word in (at.say(definition.label), record) if word)


def _objects(at: Here, others: bool) -> list[tuple[str, str]]:
    shown = [o for o in at.catalog.objects.values() if others or at.lens(o.name).may("read")]
    return sorted(((o.name, at.say(o.label)) for o in shown), key=lambda one: one[1])


def _fields(at: Here, definition: Object | None, others: bool) -> list[tuple[str, str]]:
    if definition is None:
        return []
    lens = at.lens(definition.name)
    return [
        (name, at.say(f.label))
        for name, f in definition.fields.items()
        if others or lens.may_show(name)
    ]


def show_who(object: str, id: int) -> Response:
    """Everybody who may see the record, or do something with it, page by page."""
    at = here()
    require_audit(at.call)
    definition = at.object(object)
    record = at.reader.one(at.actor, object, id)
    asked = request.args.get("action", "")
    action = asked if asked in ROW_ACTIONS else "read"
    people = _directory(at).everybody(at.gate)
    with at.gate.databases.reading() as connection:
        found = holders(at.gate, connection, people, action, object, record.id)
    start = _start(request.args.get("from", ""))
    address = f"/o/{object}/{record.id}"
    more = start + LINES
    return page(
        "who.html",
        at,
        object=definition,
        title=titled(definition, record.values, record.id),
        address=address,
        action=action,
        actions=[(name, at.t(f"why_{name}")) for name in ROW_ACTIONS],
        count=len(found),
        lines=[_line(at, object, record.id, action, one) for one in found[start:more]],
        following=_more(address, action, more) if len(found) > more else "",
        first=_more(address, action, 0) if start else "",
    )


def _start(raw: str) -> int:
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 8 else 0


def _more(address: str, action: str, start: int) -> str:
    return f"{address}/who?{urlencode({'action': action, 'from': start})}"


def _line(at: Here, object: str, id: int, action: str, one: Holder) -> Line:
    question = {"person": one.actor.person, "action": action, "object": object, "record": id}
    return Line(
        name=one.actor.name,
        reasons=tuple(at.say(reason) for reason in one.reasons),
        why=f"/why?{urlencode(question)}" if may_ask(at.gate, at.actor) else "",
    )


def question_of(at: Here, object: str, record: int | str | None, action: str) -> str:
    """The address of the question about oneself; empty for what is no object."""
    if object not in at.catalog.objects:
        return ""
    asked = {"action": action, "object": object} | ({"record": record} if record else {})
    return f"/why?{urlencode(asked)}"


def question_here(at: Here) -> str:
    """The question that the address of a refused request asks, about oneself."""
    arguments = request.view_args or {}
    object = arguments.get("object", "")
    record = arguments.get("id") or arguments.get("number")
    part = request.path.split("/")[-1] if record is None else request.path.split("/")[4:5]
    action = _ACTIONS.get(part if isinstance(part, str) else "".join(part), "read")
    return question_of(at, str(object), record, action)


_ACTIONS = {
    "new": "create", "quick": "create", "import": "import", "export": "export",
    "change": "update", "edit": "update", "value": "update", "do": "update", "move": "update",
    "delete": "delete", "restore": "restore",
}  # fmt: skip
"""What the parts of addresses are about."""


def sees_who(at: Here) -> bool:
    """Whether the actor may know of everybody who sees a record."""
    return may_audit(at.call)
