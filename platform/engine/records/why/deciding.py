"""Why somebody may or may not do something: the decision and every rule that led to it.

1. What is asked is looked up as the asking person may know of it: a record that they may not see
   is answered like one that is not there.
2. The one predicate says which of the subject's roles have the record (`rows`).
3. Each role is told with its grant, its scope, the scope's parts, the other ways to the record
   and the level of the field (`roles`); then what bars the way whatever the roles say (`locks`).

The answer is worked out from 2 and the locks alone, never from what is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from engine.definition.messages import UNKNOWN_FIELD
from engine.definition.objects import Field, Object
from engine.permissions.actors import Actor
from engine.problems import Message, Refusal, did_you_mean
from engine.records import messages as say
from engine.records.gate import Gate
from engine.records.rights import has_right
from engine.records.why.advising import askable, owner_of, proposals
from engine.records.why.asked import Asked, Locks
from engine.records.why.conditions import Conditions
from engine.records.why.findings import Decision, pair, unsettled
from engine.records.why.levels import level_of, reaches
from engine.records.why.locks import LOCKS
from engine.records.why.roles import role_findings
from engine.records.why.rows import deciding, verdict
from engine.records.why.sight import Sight

MISSING = pair("there is no such record, or none that may be seen", "不存在该记录，或无权查看")
SYSTEM_MAY = pair("the system may do everything", "系统拥有全部权限")
FIELD_ACTIONS = ("read", "export", "update", "create", "import")
"""The actions that can be asked about a field."""
NO_FIELD_ACTION = Message(
    "why-field-action",
    en="{action} is about whole records, so it cannot be asked of one field",
    zh="{action} 针对整条记录，不能按字段查询",
    hint_en="leave the field out, or ask for one of: {actions}",
    hint_zh="请去掉字段，或改为以下操作之一：{actions}",
)


def explain(
    gate: Gate,
    asker: Actor,
    subject: Actor,
    action: str,
    object: str,
    record: int | str | None = None,
    field: str = "",
    *,
    locks: Sequence[Locks] = LOCKS,
    people: Sequence[Actor] = (),
) -> Decision:
    """The decision on `action` of `subject`, for one record (id or number) or in general.

    `asker` is told what they may read themselves, and of a refusal the record's owner. Whoever
    administers the system is told who of `people` (all who can sign in) may do it, and which
    changes would turn the refusal.
    Raises Refusal for an unknown object or field, and for an action that is not about fields.
    """
    definition = gate.catalog.objects.get(object)
    if definition is None:
        raise Refusal(say.NOT_FOUND(object=object, record=""))
    found = _field(gate, asker, definition, action, field)
    if subject.is_system:
        return Decision(True, action, object, field=field, note=SYSTEM_MAY)
    gate.before_transaction()
    with gate.databases.reading() as connection:
        asked = _asked(gate, connection, asker, subject, action, definition, found)
        if record is not None:
            known = asked.sight.find(object, record, known=may_ask(gate, asker))
            if known is None:
                general = tuple(unsettled(one) for one in role_findings(asked))
                return Decision(False, action, object, None, field, "", general, MISSING)
            asked = _on_record(asked, *known)
        return _decided(asked, locks, people)


def may_ask(gate: Gate, asker: Actor) -> bool:
    """Whether somebody may ask about other people, and about whatever record."""
    return has_right(gate, asker, "administer")


def _asked(
    gate: Gate,
    connection: sa.Connection,
    asker: Actor,
    subject: Actor,
    action: str,
    definition: Object,
    field: Field | None,
) -> Asked:
    lens = gate.lenses.lens(definition.name, subject.roles)
    top = lens
    while top.parent is not None:
        top = top.parent
    sight = Sight(gate, connection, asker)
    return Asked(gate, connection, sight, subject, action, definition, lens, top, field)


def _on_record(asked: Asked, id: int, deleted: bool) -> Asked:
    """The question with what is known of the record."""
    gate, connection = asked.gate, asked.connection
    lens, top_id = deciding(gate, connection, asked.lens, id)
    conditions = Conditions(asked.sight, asked.subject, asked.definition, id)
    top = conditions
    if lens is not asked.lens:
        top = Conditions(asked.sight, asked.subject, lens.definition, top_id)
    return replace(
        asked,
        id=id,
        top_id=top_id,
        deleted=deleted,
        conditions=conditions,
        top_conditions=top,
        verdict=verdict(gate, connection, asked.subject, lens, asked.row_action, top_id),
    )


def _decided(asked: Asked, locks: Sequence[Locks], people: Sequence[Actor]) -> Decision:
    barriers = tuple(finding for lock in locks for finding in lock(asked))
    level = level_of(asked)
    barred = any(finding.bars for finding in barriers)
    allowed = reaches(asked, level) and not barred
    decision = Decision(
        allowed=allowed,
        action=asked.action,
        object=asked.definition.name,
        record=asked.id,
        field=asked.field.name if asked.field else "",
        level=level,
        findings=(*role_findings(asked), *barriers),
    )
    if allowed or barred or not people:
        return decision
    if not may_ask(asked.gate, asked.sight.asker):
        return replace(decision, ask=tuple(owner_of(asked)))
    changes = proposals(asked, people)
    return replace(decision, proposals=tuple(changes), ask=tuple(askable(asked, people)))


def _field(gate: Gate, asker: Actor, definition: Object, action: str, name: str) -> Field | None:
    """The field that is asked about; one that the asking person can see nowhere is unknown."""
    if not name:
        return None
    if action not in FIELD_ACTIONS:
        raise Refusal(NO_FIELD_ACTION(action=action, actions=", ".join(FIELD_ACTIONS)))
    lens = gate.lenses.lens(definition.name, None if asker.is_system else asker.roles)
    known = [n for n in definition.fields if may_ask(gate, asker) or lens.may_show(n)]
    if name not in known:
        best = did_you_mean(name, known)
        raise Refusal(UNKNOWN_FIELD(object=definition.label, name=name, best=best).on(name))
    return definition.fields[name]
