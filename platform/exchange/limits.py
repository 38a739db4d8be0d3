"""Exports are limited by roles: records at once, records a day, and a reason for large ones.

1. Every export passes `admit` before its first record is written, whatever door it came through.
2. The records of a day are counted per person in `fw_exported`, in one statement that counts and
   compares, so that exports side by side cannot pass the limit together.

The day is that of the company's time zone. The system is not limited.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from engine.expressions.sqltypes import Day, Id
from engine.permissions.actors import Actor
from engine.permissions.limits import FREE, ExportLimits, widest
from engine.permissions.roles import Role
from engine.problems import Message, Refusal
from engine.records.gate import Gate
from engine.records.reading import Reader
from engine.records.transaction import Transaction

if TYPE_CHECKING:
    from exchange.exporting import ExportOrder

EXPORTED = "fw_exported"
TOO_MANY = Message(
    "export-too-large",
    en="{count} records are more than your roles let you export at once, {most}",
    zh="{count} 条记录超过您的角色单次可导出的数量（{most} 条）",
    hint_en="narrow the list, or ask an administrator",
    hint_zh="请缩小列表范围，或联系管理员",
)
TOO_MANY_TODAY = Message(
    "export-day-limit",
    en="{count} records are more than you may still export today, {left} of {most}",
    zh="{count} 条记录超过您今天还可导出的数量（{most} 条中剩余 {left} 条）",
    hint_en="narrow the list, wait until tomorrow, or ask an administrator",
    hint_zh="请缩小列表范围、明天再试，或联系管理员",
)
REASON = Message(
    "export-reason",
    en="an export of {count} records needs a reason, since it is more than {above}",
    zh="导出 {count} 条记录（超过 {above} 条）须说明原因",
    hint_en="say what it is for; it stands in the audit",
    hint_zh="请说明用途；该原因会记入审计",
)


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the records that people have exported, by day."""
    sa.Table(
        EXPORTED,
        metadata,
        sa.Column("person", Id(), primary_key=True, autoincrement=False),
        sa.Column("day", Day(), primary_key=True),
        sa.Column("rows", Id(), nullable=False),
        sqlite_strict=True,
    )


def limits_of(gate: Gate, actor: Actor, object: str) -> ExportLimits:
    """The limits under which the actor exports records of the object."""
    if actor.is_system:
        return FREE
    roles: dict[str, Role] = dict(gate.catalog.of("role"))
    granting = gate.lenses.lens(object, actor.roles).allowing("export")
    return widest(roles[name].export_limits for name in granting if name in roles)


def check(reader: Reader, actor: Actor, order: ExportOrder) -> int:
    """How many records the export will have, counted where there are limits.

    Raises Refusal where they are too many at once, or need a reason and there is none.
    """
    from exchange.exporting import chosen

    limits = limits_of(reader.gate, actor, order.object)
    if not limits:
        return 0
    page = reader.page(actor, order.object, chosen(order, limit=1, count="exact"))
    count = page.count.value if page.count else 0
    if limits.rows is not None and count > limits.rows:
        raise Refusal(TOO_MANY(count=count, most=limits.rows))
    above = limits.reason_above
    if above is not None and count > above and not order.reason.strip():
        raise Refusal(REASON(path="reason", count=count, above=above))
    return count


def admit(reader: Reader, actor: Actor, order: ExportOrder) -> None:
    """Counts the export in; raises Refusal where the actor's limits do not allow it."""
    count = check(reader, actor, order)
    most = limits_of(reader.gate, actor, order.object).rows_per_day
    if most is None or actor.person is None:
        return
    gate, person = reader.gate, actor.person
    day = gate.clock().astimezone(gate.zone).date()
    gate.write(actor, lambda tx: _count_in(tx, person, day, count, most))


def _count_in(tx: Transaction, person: int, day: dt.date, count: int, most: int) -> None:
    table = tx.tables.system(EXPORTED)
    mine = sa.and_(table.c.person == person, table.c.day == day)
    kind: Any = sqlite if tx.dialect == "sqlite" else postgresql
    new = kind.insert(table).values(person=person, day=day, rows=0).on_conflict_do_nothing()
    tx.connection.execute(new)
    allowed = sa.and_(mine, table.c.rows + count <= most)
    done = tx.connection.execute(sa.update(table).where(allowed).values(rows=table.c.rows + count))
    if not done.rowcount:
        before = tx.connection.execute(sa.select(table.c.rows).where(mine)).scalar_one()
        raise Refusal(TOO_MANY_TODAY(count=count, left=max(0, most - before), most=most))
