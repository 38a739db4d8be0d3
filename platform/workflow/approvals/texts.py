"""Who is asked and what was decided, in words, as an actor may read them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from engine.definition.catalog import as_member
from engine.expressions import Context
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.permissions.lens import ActorView
from engine.permissions.roles import Role
from engine.problems import Text
from engine.records.gate import Gate
from engine.records.rights import joined
from engine.records.transaction import Transaction
from workflow.approvals.tables import (
    APPROVED,
    CANCELLED,
    GRANTED,
    PERSON,
    REJECTED,
    RIGHT,
    ROLE,
    RUNNING,
    SKIPPED,
    WAITING,
    WITHDRAWN,
)

STATES = {
    RUNNING: Text({"en": "running", "zh": "审批中"}),
    GRANTED: Text({"en": "granted", "zh": "已通过"}),
    REJECTED: Text({"en": "rejected", "zh": "已驳回"}),
    WITHDRAWN: Text({"en": "withdrawn", "zh": "已撤回"}),
    WAITING: Text({"en": "waiting", "zh": "待审批"}),
    APPROVED: Text({"en": "approved", "zh": "已同意"}),
    SKIPPED: Text({"en": "skipped", "zh": "已跳过"}),
    CANCELLED: Text({"en": "cancelled", "zh": "已取消"}),
}
"""States of approvals and of their tasks, in words."""

SOMEBODY = Text({"en": "somebody", "zh": "某人"})
NOBODY = Text({"en": "nobody", "zh": "无"})
_ADMINISTRATORS = Text({"en": "an administrator", "zh": "管理员"})
_WITHIN = {
    "team": Text({"en": "of the owner's line", "zh": "负责人的上级"}),
    "department": Text({"en": "of the owner's department", "zh": "负责人所在部门"}),
    "department_and_below": Text(
        {"en": "of the owner's department or above", "zh": "负责人所在部门及上级部门"}
    ),
}


def asked(gate: Gate, tasks: Iterable[Any], names: dict[int, str]) -> Text:
    """Who is asked by these tasks; `names` are the people whose names the reader may see."""
    found: list[Text] = []
    roles: dict[str, Role] = {r.key or r.name: r for r in gate.catalog.of("role").values()}
    for task in tasks:
        text = NOBODY
        if task.kind == PERSON:
            text = Text.of(names[task.person]) if task.person in names else SOMEBODY
        elif task.kind == RIGHT:
            text = _ADMINISTRATORS
        elif task.kind == ROLE:
            label = roles[task.name].label if task.name in roles else Text.of(task.name)
            text = _limited(label, task.within)
        if text not in found:
            found.append(text)
    return joined(found) if found else NOBODY


def _limited(label: Text, within: str | None) -> Text:
    limit = _WITHIN.get(within or "")
    if limit is None:
        return label
    return Text(
        {
            "en": f"{label.in_('en')} {limit.in_('en')}",
            "zh": f"{label.in_('zh')}（{limit.in_('zh')}）",
        }
    )


def names_in(tx: Transaction, ids: Collection[int | None]) -> dict[int, str]:
    """The names of the people with these ids, as far as the transaction's actor may see them."""
    return names_of(tx.gate, tx.connection, tx.actor, tx.context, ids)


def names_of(
    gate: Gate,
    connection: sa.Connection,
    actor: Actor,
    context: Context,
    ids: Collection[int | None],
) -> dict[int, str]:
    """The names of the people with these ids, as far as the actor may see them."""
    wanted = sorted({id for id in ids if id is not None})
    people = gate.catalog.objects.get(gate.catalog.user_object)
    if not wanted or people is None:
        return {}
    binds = Binds()
    view = ActorView(gate.lenses, None if actor.is_system else actor.roles, binds)
    source = view.source(people.name)
    title = people.fields[people.title]
    shown: sa.ColumnElement[Any] = sa.null()
    if title.stored:
        shown = view.column(people.name, as_member(title), source)
    statement = sa.select(source.c.id, shown).where(source.c.id.in_(wanted))
    seen = view.visible(people.name, source)
    if seen is not None:
        statement = statement.where(seen)
    rows = connection.execute(statement, binds.values(actor, context))
    return {id: str(text) if text is not None else f"#{id}" for id, text in rows}
