"""Naming deputies: who stands in for whom, from when until when, in what, and taking it back.

The predicate that makes them count is `engine.permissions.deputies`. Everybody names their own
deputies, administrators those of anybody. Both stand in the audit of the person who is away.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.fieldtypes.date import Date
from engine.fieldtypes.link import Link, Reference
from engine.fieldtypes.text import TextType
from engine.permissions.actors import Actor
from engine.permissions.deputies import BOTH, DEPUTY, WHAT
from engine.permissions.roles import Role
from engine.problems import Message, Problem, Refusal
from engine.records.events import DEPUTY_NAMED, DEPUTY_REVOKED, Event, note_in
from engine.records.gate import Gate
from engine.records.reading import Reader
from engine.records.transaction import Transaction

MOST = 20
"""Deputies of one person that are not over, at most."""
MOST_DAYS = 366
"""Days that somebody can be away at a time."""

NO_PEOPLE = Message(
    "no-deputies",
    en="there are no people here who could have deputies",
    zh="此处没有人员对象，不能设置代理人",
    hint_en="name the object of people in site.yaml",
    hint_zh="请在 site.yaml 中指明人员对象",
)
MAY_NOT_NAME = Message(
    "may-not-name-deputy",
    en="only administrators name deputies of other people",
    zh="只有管理员可以为他人设置代理人",
)
UNKNOWN_PERSON = Message(
    "deputy-unknown",
    en="there is no person {found!r} that you may choose",
    zh="没有可选择的人员 {found!r}",
    hint_en="choose one from the list",
    hint_zh="请从列表中选择",
)
SAME_PERSON = Message(
    "deputy-same",
    en="nobody stands in for themselves",
    zh="代理人不能是本人",
    hint_en="choose somebody else",
    hint_zh="请选择其他人员",
)
BAD_DAYS = Message(
    "deputy-days",
    en="the last day lies before the first, before today, or more than {most} days later",
    zh="截止日期早于开始日期或今天，或相隔超过 {most} 天",
    hint_en="choose another last day",
    hint_zh="请另选截止日期",
)
BAD_WHAT = Message(
    "deputy-what",
    en="a deputy stands in for {expected}, not for {found!r}",
    zh="代理范围只能为 {expected}，不能是 {found!r}",
)
NEEDED = Message("deputy-needed", en="{key} is missing", zh="缺少 {key}")
TOO_MANY = Message(
    "too-many-deputies",
    en="somebody can have {most} deputies at most",
    zh="每人最多 {most} 个代理",
    hint_en="take one back first",
    hint_zh="请先取消一个",
)
NO_DEPUTY = Message("no-such-deputy", en="there is no such deputy", zh="没有该代理记录")


@dataclass(frozen=True, slots=True)
class Deputy:
    """`deputy` stands in for `person` from `from_on` to `until_on`, both included.

    People are ids; `what` is one of both, approvals and rows; `by` is who named them.
    """

    id: int
    person: int
    deputy: int
    from_on: dt.date
    until_on: dt.date
    what: str
    reason: str | None
    by: int | None
    at: dt.datetime


_COLUMNS = ("id", "person", "deputy", "from_on", "until_on", "what", "reason", "by", "at")


def may_name_any(gate: Gate, actor: Actor) -> bool:
    """Whether the actor names the deputies of everybody."""
    roles: Mapping[str, Role] = gate.catalog.of("role")
    return actor.is_system or any(roles[name].administer for name in actor.roles if name in roles)


def name_deputy(gate: Gate, actor: Actor, given: Mapping[str, Any]) -> Deputy:
    """Names a deputy: `given` has deputy and until, and may have person, from, what and reason.

    Without `person` it is the actor's own, without `from` it begins today. Raises Refusal for
    people whom the actor may not choose, and with all that is wrong with the rest.
    """
    row = _read(gate, actor, given)

    def work(tx: Transaction) -> Deputy:
        table = tx.tables.system(DEPUTY)
        tx.hold(gate.catalog.site.person, [row["person"]], alone=True)
        going = _going(table, tx.today, [row["person"]])
        count = tx.connection.scalar(sa.select(sa.func.count()).select_from(table).where(going))
        if (count or 0) >= MOST:
            raise Refusal(TOO_MANY(most=MOST))
        (id,) = tx.take_ids(table, 1)
        made = {"id": id, "by": actor.person, "at": tx.now, **row}
        tx.insert(table, [made | {"revoked": None, "revoked_by": None}])
        _note(tx, DEPUTY_NAMED, made)
        return Deputy(**made)

    return gate.write(actor, work)


def revoke_deputy(gate: Gate, actor: Actor, id: int) -> None:
    """Takes a deputy back, for the person who is away, or an administrator.

    Raises Refusal for everybody else and for what has been taken back, alike.
    """

    def work(tx: Transaction) -> None:
        table = tx.tables.system(DEPUTY)
        this = sa.and_(table.c.id == id, table.c.revoked.is_(None))
        row = tx.connection.execute(sa.select(table).where(this)).mappings().first()
        if row is None or not (may_name_any(gate, actor) or row["person"] == actor.person):
            raise Refusal(NO_DEPUTY())
        ended = sa.update(table).where(this).values(revoked=tx.now, revoked_by=actor.person)
        tx.connection.execute(ended)
        _note(tx, DEPUTY_REVOKED, dict(row))

    gate.write(actor, work)


def move_deputies(tx: Transaction, person: int, to: int) -> int:
    """For a hand-over: nobody stands in for `person` any more, and `to` does where they did.

    Returns how many deputies ended.
    """
    table = tx.tables.system(DEPUTY)
    concerned = sa.or_(table.c.person == person, table.c.deputy == person)
    going = sa.and_(_going(table, tx.today, None), concerned)
    rows = (
        tx.connection.execute(sa.select(table).where(going).order_by(table.c.id)).mappings().all()
    )
    if not rows:
        return 0
    ended = sa.update(table).where(table.c.id.in_([row["id"] for row in rows]))
    tx.connection.execute(ended.values(revoked=tx.now, revoked_by=tx.actor.person))
    for row in rows:
        _note(tx, DEPUTY_REVOKED, dict(row))
    moving = [row for row in rows if row["person"] not in (person, to)]
    ids = tx.take_ids(table, len(moving)) if moving else []
    for id, row in zip(ids, moving, strict=True):
        made = dict(row) | {"id": id, "deputy": to, "by": tx.actor.person, "at": tx.now}
        tx.insert(table, [made])
        _note(tx, DEPUTY_NAMED, made)
    return len(rows)


def deputies_of(
    gate: Gate,
    people: Collection[int] | None = None,
    *,
    standing_in: int | None = None,
    most: int = 200,
) -> list[Deputy]:
    """Deputies of these people (None: of everybody) that are not over, the next to begin first;
    with `standing_in` only where this person is the deputy."""
    table = gate.tables.system(DEPUTY)
    today = gate.clock().astimezone(gate.zone).date()
    condition = _going(table, today, people)
    if standing_in is not None:
        condition = sa.and_(condition, table.c.deputy == standing_in)
    statement = sa.select(*(table.c[name] for name in _COLUMNS)).where(condition)
    statement = statement.order_by(table.c.from_on, table.c.id).limit(most)
    with gate.databases.reading() as connection:
        return [Deputy(**row) for row in connection.execute(statement).mappings()]


def standing_today(
    gate: Gate,
    connection: sa.Connection,
    *,
    deputies: Collection[int] | None = None,
    people: Collection[int] | None = None,
) -> Sequence[Any]:
    """Who stands in for whom today: rows of person, deputy and what.

    Only those of these `deputies`, or for these `people`; of everybody where neither is given.
    """
    table = gate.tables.system(DEPUTY)
    today = gate.clock().astimezone(gate.zone).date()
    condition = sa.and_(_going(table, today, people), table.c.from_on <= today)
    if deputies is not None:
        condition = sa.and_(condition, table.c.deputy.in_(deputies))
    statement = sa.select(table.c.person, table.c.deputy, table.c.what).where(condition)
    return connection.execute(statement.order_by(table.c.id)).all()


def _going(
    table: sa.Table, today: dt.date, people: Collection[int] | None
) -> sa.ColumnElement[bool]:
    """What has not been taken back, and is not over."""
    going = sa.and_(table.c.revoked.is_(None), table.c.until_on >= today)
    return going if people is None else sa.and_(going, table.c.person.in_(people))


def _read(gate: Gate, actor: Actor, given: Mapping[str, Any]) -> dict[str, Any]:
    """The row as it is given. Raises Refusal with all that is wrong with it."""
    problems: list[Problem] = []

    def read(name: str, type_: Any) -> Any:
        try:
            return type_.read(given.get(name))
        except Refusal as refusal:
            problems.extend(problem.on(name) for problem in refusal.problems)
            return None

    if not gate.catalog.site.person:
        raise Refusal(NO_PEOPLE())
    person = actor.person
    if given.get("person") not in (None, ""):
        person = _person(gate, actor, given, "person", problems)
    if person is None and not problems:
        problems.append(NEEDED(key="person").on("person"))
    if person != actor.person and not may_name_any(gate, actor):
        raise Refusal(MAY_NOT_NAME().on("person"))
    deputy = _person(gate, actor, given, "deputy", problems)
    if deputy is not None and deputy == person:
        problems.append(SAME_PERSON().on("deputy"))
    what = given.get("what") or BOTH
    if what not in WHAT:
        problems.append(BAD_WHAT(expected=", ".join(WHAT), found=str(what)[:40]).on("what"))
    today = gate.clock().astimezone(gate.zone).date()
    row = {
        "person": person, "deputy": deputy, "from_on": read("from", Date()) or today,
        "until_on": read("until", Date()), "what": what,
        "reason": read("reason", TextType(max_length=500)),
    }  # fmt: skip
    until = row["until_on"]
    if until is None and given.get("until") in (None, ""):
        problems.append(NEEDED(key="until").on("until"))
    elif until is not None:
        first = max(row["from_on"], today)
        if until < first or until > first + dt.timedelta(MOST_DAYS):
            problems.append(BAD_DAYS(most=MOST_DAYS).on("until"))
    if problems:
        raise Refusal(*problems)
    return row


def _person(
    gate: Gate, actor: Actor, given: Mapping[str, Any], name: str, problems: list[Problem]
) -> int | None:
    """The id of a person whom the actor may see."""
    raw, people = given.get(name), gate.catalog.site.person
    if raw in (None, ""):
        problems.append(NEEDED(key=name).on(name))
        return None
    try:
        read = Link(to=people).read(raw)
        word = read.word if isinstance(read, Reference) else read
        return Reader(gate).one(actor, people, word or 0).id
    except Refusal:
        problems.append(UNKNOWN_PERSON(found=str(raw)[:60]).on(name))
        return None


def _note(tx: Transaction, action: str, row: Mapping[str, Any]) -> None:
    """Writes down in the audit of the person who is away what was given or taken back."""
    told = {name: row[name] for name in ("deputy", "what", "reason")}
    told |= {name: row[name].isoformat() for name in ("from_on", "until_on")}
    event = Event(action=action, object=tx.catalog.site.person, record=row["person"], data=told)
    note_in(tx.connection, event, tx.now, tx.actor.person, tx.actor.via)
