"""Alarms on unusual reading: who has opened or taken along much more than is usual is told of.

1. Counted per person within the last minutes of a rule: records opened, printed and downloaded
   (as far as the objects' policies note that) and records exported (always).
2. Compared with the rule's fixed number, and with what this person reads on a usual day: the
   median of the days of the last 30 on which there was anything, times the rule's factor.
3. Those who administer get a notice with the figures, once per person and hour; the alarm itself
   stands in the audit.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

import sqlalchemy as sa

from engine.definition.access import DOWNLOADED, OPENED, PRINTED
from engine.definition.alarms import ReadingAlarm
from engine.permissions.actors import SYSTEM
from engine.permissions.roles import Role
from engine.records.audit_listing import people_titles
from engine.records.events import ALARM, EXPORT, Event, note_in
from engine.records.gate import Gate
from engine.schema.audit_tables import ACCESS, AUDIT, MARKED
from jobs.outbox import put
from notices.telling import Notice, telling

COUNTED = (OPENED, PRINTED, DOWNLOADED)
LEAST = 20
"""So few records within the minutes of a rule are never unusual."""
QUIET = dt.timedelta(hours=1)
"""For so long nobody is told of the same person again."""
USUAL = dt.timedelta(days=30)
TITLE = {
    "en": "{person} has read {count} records within {minutes} minutes",
    "zh": "{person} 在 {minutes} 分钟内读取了 {count} 条记录",
}
TEXT = {
    "en": "The limit is {limit}. On a usual day: {usual}. Look into the audit for what it was.",
    "zh": "上限为 {limit} 条；平日每天约 {usual} 条。请在审计日志中查看详情。",
}


@dataclass(frozen=True, slots=True)
class Unusual:
    """What a rule found: how many records, beyond which limit, and what is usual in a day."""

    rule: str
    person: int
    count: int
    minutes: int
    limit: int
    usual: int


def raise_alarms(gate: Gate) -> int:
    """Tells of everybody who has just read too much; returns of how many."""
    alarms = gate.catalog.site.alarms
    found = [one for alarm in alarms for one in unusual(gate, alarm)]
    told = 0
    for one in {each.person: each for each in found}.values():
        told += _told(gate, one)
    return told


def unusual(gate: Gate, alarm: ReadingAlarm) -> list[Unusual]:
    """Who has read more than the rule allows within its minutes."""
    since = gate.clock() - dt.timedelta(minutes=alarm.minutes)
    found = []
    with gate.databases.reading() as connection:
        for person, count in _read(gate, connection, since).items():
            if count < LEAST:
                continue
            limit, usual = alarm.records or 0, 0
            if alarm.factor:
                usual = _usual(gate, connection, person, since)
                own = max(LEAST, alarm.factor * usual) if usual else 0
                limit = min(limit, own) if limit and own else limit or own
            if limit and count > limit:
                found.append(Unusual(alarm.name, person, count, alarm.minutes, limit, usual))
    return found


def _read(gate: Gate, connection: sa.Connection, since: dt.datetime) -> Mapping[int, int]:
    """How many records each person has read since."""
    t = gate.tables.system(ACCESS)
    seen = (
        sa.select(t.c.actor, sa.func.count())
        .where(t.c.at >= since, t.c.actor.is_not(None), t.c.action.in_(COUNTED))
        .group_by(t.c.actor)
    )
    counts: Counter[int] = Counter({row[0]: row[1] for row in connection.execute(seen)})
    audit = gate.tables.system(AUDIT)
    exports = sa.select(audit.c.actor, audit.c.data).where(
        sa.text(MARKED), audit.c.action == EXPORT, audit.c.at >= since, audit.c.actor.is_not(None)
    )
    for actor, data in connection.execute(exports):
        counts[actor] += int(json.loads(data or "{}").get("count", 0))
    return counts


def _usual(gate: Gate, connection: sa.Connection, person: int, until: dt.datetime) -> int:
    """What the person reads on a usual day, of those before `until` with anything at all."""
    t, audit = gate.tables.system(ACCESS), gate.tables.system(AUDIT)
    day = sa.func.substr(sa.cast(t.c.at, sa.Text), 1, 10).label("day")
    seen = (
        sa.select(day, sa.func.count())
        .where(t.c.actor == person, t.c.at >= until - USUAL, t.c.at < until)
        .where(t.c.action.in_(COUNTED))
        .group_by(day)
    )
    days: Counter[str] = Counter({row[0]: row[1] for row in connection.execute(seen)})
    exports = sa.select(audit.c.at, audit.c.data).where(
        sa.text(MARKED), audit.c.action == EXPORT, audit.c.actor == person,
        audit.c.at >= until - USUAL, audit.c.at < until,
    )  # fmt: skip
    for at, data in connection.execute(exports):
        days[at.date().isoformat()] += int(json.loads(data or "{}").get("count", 0))
    return round(median(days.values())) if days else 0


def _told(gate: Gate, one: Unusual) -> bool:
    """Asks for the notice, unless somebody was told of this person within the hour."""
    audit = gate.tables.system(AUDIT)
    with gate.transaction(SYSTEM, cause="alarm") as tx:
        before = sa.select(audit.c.id).where(
            sa.text(MARKED), audit.c.action == ALARM, audit.c.actor == one.person,
            audit.c.at > tx.now - QUIET,
        )  # fmt: skip
        if tx.connection.execute(before.limit(1)).first() is not None:
            return False
        said = {
            "rule": one.rule, "count": one.count, "minutes": one.minutes, "limit": one.limit,
            "usual": one.usual,
        }  # fmt: skip
        event = Event(action=ALARM, data=said)
        note_in(tx.connection, event, tx.now, one.person, SYSTEM.via)
        name = people_titles(gate, [one.person]).get(one.person, f"#{one.person}")
        # what stands in braces would be an expression
        plain = name.replace("{", "(").replace("}", ")")
        notice = Notice(
            roles=_administering(gate),
            title={k: v.format(person=plain, **said) for k, v in TITLE.items()},
            text={k: v.format(**said) for k, v in TEXT.items()},
            mail=True,
            of="alarm",
        )
        put(tx, [telling(notice)])
    return True


def _administering(gate: Gate) -> tuple[str, ...]:
    roles: Mapping[str, Role] = gate.catalog.of("role")
    return tuple(sorted(name for name, role in roles.items() if role.administer or role.audit))
