"""Sharing single records: giving, taking back, and who has been given what.

The predicate that makes shares count is `engine.permissions.sharing`. Every share, and every one
that is taken back, stands in the audit of its record.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.definition.sharing import Sharing
from engine.fieldtypes.date import Date
from engine.fieldtypes.link import LARGEST_ID, Link, Reference
from engine.fieldtypes.text import TextType
from engine.permissions.actors import Actor
from engine.permissions.sharing import KINDS, SHARE
from engine.problems import Message, Problem, Refusal, Text
from engine.records.auditing import digests
from engine.records.gate import Gate
from engine.records.query import Query
from engine.records.reading import Reader
from engine.records.scoped import in_scope
from engine.records.transaction import Transaction

SHARED, UNSHARED = "share", "unshare"
"""What the audit calls it."""
MOST = 200
"""Shares of one record at most."""
MOST_TOLD = 40
"""Characters of unusable input that a message repeats."""

NOT_SHARED_HERE = Message(
    "no-sharing",
    en="records of {object} are not shared one by one",
    zh="{object}的记录不能单独共享",
    hint_en="add `sharing: true` to the object",
    hint_zh="请在对象中加上 `sharing: true`",
)
MAY_NOT_SHARE = Message(
    "may-not-share",
    en="you may not share this record",
    zh="您不能共享此记录",
    hint_en="ask somebody who may change it by the own role, or its owner",
    hint_zh="请联系按自身角色可修改该记录的人员，或其负责人",
)
WHOM = Message(
    "share-with-whom",
    en="name exactly one of {kinds} to share the record with",
    zh="请指定共享对象，且只能指定一个：{kinds}",
)
NO_SUCH_HOLDER = Message(
    "share-holder-unknown",
    en="there is no {kind} {found!r} that you may choose",
    zh="没有可选择的{kind} {found!r}",
    hint_en="choose one from the list",
    hint_zh="请从列表中选择",
)
BAD_LEVEL = Message(
    "share-level",
    en="a record is shared for {levels}, not for {found!r}",
    zh="共享级别只能为 {levels}，不能是 {found!r}",
)
BAD_DAYS = Message(
    "share-days",
    en="the last day of the share lies before its first, or before today",
    zh="共享的截止日期早于开始日期或今天",
    hint_en="choose a later day, or leave it empty",
    hint_zh="请选择更晚的日期，或留空",
)
TOO_MANY = Message(
    "too-many-shares",
    en="a record can be shared {most} times at most",
    zh="一条记录最多共享 {most} 次",
    hint_en="share it with a team, a department or a role",
    hint_zh="请改为共享给团队、部门或角色",
)
NO_SHARE = Message("no-such-share", en="this share has ended already", zh="该共享已结束")
KIND_LABELS = {
    "person": Text({"en": "person", "zh": "人员"}),
    "team": Text({"en": "team", "zh": "团队"}),
    "department": Text({"en": "department", "zh": "部门"}),
    "role": Text({"en": "role", "zh": "角色"}),
}


@dataclass(frozen=True, slots=True)
class Share:
    """One share that has not been taken back. `holder` is an id, of a role its name.

    `by` is the person who gave it. It counts from `from_on` to `until_on`, both included.
    """

    id: int
    kind: str
    holder: int | str
    level: str
    from_on: dt.date | None
    until_on: dt.date | None
    reason: str | None
    by: int | None
    at: dt.datetime


def shareable(gate: Gate, object: str) -> Sharing:
    """How records of an object are shared; refuses objects whose records are not."""
    definition = gate.catalog.objects[object]
    if definition.sharing is None:
        raise Refusal(NOT_SHARED_HERE(object=definition.label))
    return definition.sharing


def holder_objects(gate: Gate) -> dict[str, str]:
    """The objects of the people, teams and departments that records can be shared with."""
    site = gate.catalog.site
    named = {"person": site.person, "team": site.team, "department": site.department}
    return {kind: name for kind, name in named.items() if name}


def may_share(gate: Gate, actor: Actor, object: str, record: int) -> bool:
    """Whether the actor may share this record: who may change it by a scope, or only its owner.

    Whoever has the record only because it was shared with them, or as one of its members, may
    not pass it on: otherwise a share that ends tomorrow could be made to last for ever.
    """
    sharing = gate.catalog.objects[object].sharing
    if sharing is None:
        return False
    if actor.is_system:
        return True
    filters: dict[str, Any] = {"id": record}
    if sharing.by == "owner":
        filters["owner"] = actor.person or 0
    query = Query(filters=filters, fields=("id",), action="update", limit=1)
    try:
        found = Reader(gate).page(actor, object, query).items
    except Refusal:
        return False
    return bool(found) and _in_scope(gate, actor, object, record)


def _in_scope(gate: Gate, actor: Actor, object: str, record: int) -> bool:
    """Whether the scope of a role, and not only a share, lets the actor change the record."""
    with gate.databases.reading() as connection:
        context = Reader(gate).context(connection, actor)
        return bool(in_scope(gate, connection, actor, context, object, [record]))


def share(gate: Gate, actor: Actor, object: str, record: int, given: Mapping[str, Any]) -> Share:
    """Shares a record: `given` has one of person, team, department and role, and may have level,
    from, until and reason. An earlier share with the same holder ends.

    Raises Refusal for records and holders that the actor may not see, where the actor may not
    share, and for unusable values.
    """
    sharing = shareable(gate, object)
    Reader(gate).one(actor, object, record)
    if not may_share(gate, actor, object, record):
        raise Refusal(MAY_NOT_SHARE())
    kind, holder = _holder(gate, actor, given)
    row = _read(gate, sharing, given) | {"holder": f"{kind}:{_stored(gate, kind, holder)}"}

    def work(tx: Transaction) -> Share:
        table = tx.tables.system(SHARE)
        of_record = _of_record(gate, table, object, record)
        tx.hold(object, [record], alone=True)
        held = tx.connection.execute(sa.select(table.c.holder).where(of_record)).scalars().all()
        if row["holder"] in held:
            ending = sa.update(table).where(of_record, table.c.holder == row["holder"])
            tx.connection.execute(ending.values(ended=tx.now))
        elif len(held) >= MOST:
            raise Refusal(TOO_MANY(most=MOST))
        (id,) = tx.take_ids(table, 1)
        kept = {"object": gate.catalog.objects[object].table, "record": record, "ended": None}
        tx.insert(table, [{"id": id, "by": actor.person, "at": tx.now, **kept, **row}])
        _note(tx, object, record, SHARED, row)
        dates = (row["from_on"], row["until_on"])
        return Share(id, kind, holder, row["level"], *dates, row["reason"], actor.person, tx.now)

    return gate.write(actor, work)


def unshare(gate: Gate, actor: Actor, object: str, record: int, id: int) -> None:
    """Takes a share back.

    Raises Refusal for records that the actor may not see or share, and for unknown shares.
    """
    shareable(gate, object)
    Reader(gate).one(actor, object, record)
    if not may_share(gate, actor, object, record):
        raise Refusal(MAY_NOT_SHARE())
    if not 0 < id <= LARGEST_ID:
        raise Refusal(NO_SHARE())

    def work(tx: Transaction) -> None:
        table = tx.tables.system(SHARE)
        this = sa.and_(_of_record(gate, table, object, record), table.c.id == id)
        row = tx.connection.execute(sa.select(table).where(this)).mappings().first()
        if row is None:
            raise Refusal(NO_SHARE())
        tx.connection.execute(sa.update(table).where(this).values(ended=tx.now))
        _note(tx, object, record, UNSHARED, dict(row))

    gate.write(actor, work)


def shares_of(gate: Gate, object: str, record: int) -> list[Share]:
    """The shares of a record that have not been taken back, the latest first.

    Whether the asking person may know of them is for the caller to settle (`may_share`).
    """
    table = gate.tables.system(SHARE)
    statement = (
        sa.select(table).where(_of_record(gate, table, object, record)).order_by(table.c.id.desc())
    )
    with gate.databases.reading() as connection:
        rows = connection.execute(statement).mappings().all()
    names = {role.key or name: name for name, role in gate.catalog.of("role").items()}
    found = []
    for row in rows:
        kind, _, word = row["holder"].partition(":")
        holder = names.get(word, word) if kind == "role" else int(word)
        fields = ("level", "from_on", "until_on", "reason", "by", "at")
        found.append(Share(row["id"], kind, holder, *(row[name] for name in fields)))
    return found


def _of_record(gate: Gate, table: sa.Table, object: str, record: int) -> sa.ColumnElement[bool]:
    key = gate.catalog.objects[object].table
    return sa.and_(table.c.object == key, table.c.record == record, table.c.ended.is_(None))


def _holder(gate: Gate, actor: Actor, given: Mapping[str, Any]) -> tuple[str, int | str]:
    """Whom the record is shared with: somebody whom the actor may see."""
    named = [kind for kind in KINDS if given.get(kind) not in (None, "")]
    objects = holder_objects(gate)
    known = [kind for kind in KINDS if kind in objects or kind == "role"]
    if len(named) != 1 or named[0] not in known:
        raise Refusal(WHOM(kinds=", ".join(known)))
    kind, raw = named[0], given[named[0]]
    unknown = Refusal(NO_SUCH_HOLDER(kind=KIND_LABELS[kind], found=str(raw)[:MOST_TOLD]).on(kind))
    if kind == "role":
        if not isinstance(raw, str) or raw not in gate.catalog.of("role"):
            raise unknown
        return kind, raw
    read = Link(to=objects[kind]).read(raw)
    if read is None:
        raise unknown
    word = read.word if isinstance(read, Reference) else read
    try:
        return kind, Reader(gate).one(actor, objects[kind], word).id
    except Refusal:
        raise unknown from None


def _stored(gate: Gate, kind: str, holder: int | str) -> int | str:
    return gate.catalog.of("role")[str(holder)].key or holder if kind == "role" else holder


def _read(gate: Gate, sharing: Sharing, given: Mapping[str, Any]) -> dict[str, Any]:
    """Level, days and reason; raises Refusal with all that is wrong with them."""
    problems: list[Problem] = []

    def read(name: str, type_: Any) -> Any:
        try:
            return type_.read(given.get(name))
        except Refusal as refusal:
            problems.extend(problem.on(name) for problem in refusal.problems)
            return None

    level = given.get("level") or sharing.levels[0]
    if level not in sharing.levels:
        told = str(level)[:MOST_TOLD]
        problems.append(BAD_LEVEL(levels=", ".join(sharing.levels), found=told).on("level"))
    row = {
        "level": level,
        "from_on": read("from", Date()),
        "until_on": read("until", Date()),
        "reason": read("reason", TextType(multiline=True, max_length=500)),
    }
    until = row["until_on"]
    today = gate.clock().astimezone(gate.zone).date()
    if until is not None and (until < today or until < (row["from_on"] or until)):
        problems.append(BAD_DAYS().on("until"))
    if problems:
        raise Refusal(*problems)
    return row


def _note(tx: Transaction, object: str, record: int, action: str, row: Mapping[str, Any]) -> None:
    """Writes down in the record's audit what was given or taken back."""
    told = {name: row[name] for name in ("holder", "level", "reason")}
    told |= {name: str(row[name]) for name in ("from_on", "until_on") if row[name]}
    audit = {
        "at": tx.now, "actor": tx.actor.person, "via": tx.actor.via, "cause": tx.cause or None,
        "batch": None, "object": object, "record": record, "action": action, "version": None,
        "data": json.dumps({action: told}, ensure_ascii=False),
    }  # fmt: skip
    tx.insert(tx.tables.system("fw_audit"), [audit | digests(audit)])
