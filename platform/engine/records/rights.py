"""Steps: may the actor do this at all, on these rows, with these fields?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from engine.expressions.among import among_ids
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.permissions.lens import READING, Lens
from engine.permissions.roles import Role
from engine.problems import Problem, Refusal, Text
from engine.records import messages as say
from engine.records.changes import CREATE, DELETE, RESTORE, Batch
from engine.records.prepared import Prepared
from engine.records.shapes import Row, Shape
from engine.records.transaction import ids_of
from engine.records.values import as_stored
from engine.records.viewing import read_only
from engine.schema.tables import DELETED

if TYPE_CHECKING:
    from engine.records.gate import Gate

VERBS = {
    "create": Text({"en": "create", "zh": "新建"}),
    "read": Text({"en": "read", "zh": "查看"}),
    "update": Text({"en": "change", "zh": "修改"}),
    "delete": Text({"en": "delete", "zh": "删除"}),
    "restore": Text({"en": "restore", "zh": "恢复"}),
    "export": Text({"en": "export", "zh": "导出"}),
    "import": Text({"en": "import", "zh": "导入"}),
}
RIGHTS = {
    "administer": Text({"en": "administer the system", "zh": "系统管理"}),
    "audit": Text({"en": "look into the audit", "zh": "查看审计日志"}),
    "historical_import": Text({"en": "import history", "zh": "导入历史数据"}),
}
"""What the rights of roles are called that are about no object."""
SCOPES = {
    "all": Text({"en": "all records", "zh": "全部记录"}),
    "own": Text({"en": "their own records", "zh": "本人记录"}),
    "team": Text({"en": "their team's records", "zh": "本团队记录"}),
    "department": Text({"en": "their department's records", "zh": "本部门记录"}),
    "department_and_below": Text(
        {"en": "records of their department and below", "zh": "本部门及下级部门记录"}
    ),
    "shared": Text({"en": "records shared with them", "zh": "共享给本人的记录"}),
    "none": Text({"en": "no records", "zh": "无"}),
}


def has_right(gate: Gate, actor: Actor, right: str) -> bool:
    """Whether one of the actor's roles has a right that is about no object (`RIGHTS`)."""
    known: Mapping[str, Role] = gate.catalog.of("role")
    return actor.is_system or any(getattr(known[r], right) for r in actor.roles if r in known)


def authorise(batch: Batch) -> None:
    """Refuses an action that none of the actor's roles grants on the object."""
    if not batch.lens.may(batch.action):
        raise Refusal(forbidden(batch.lens, batch.action, batch.tx.actor.roles))


def forbidden(lens: Lens, action: str, roles: frozenset[str]) -> Problem:
    """The problem that the action is not granted on the object at all."""
    if lens.definition.is_view and action not in READING:
        return read_only(lens.definition)
    return say.FORBIDDEN(
        object=lens.definition.label, action=VERBS[action], roles=role_names(lens, roles)
    )


def role_names(lens: Lens, roles: frozenset[str]) -> Text:
    """The labels of roles, for a sentence."""
    known: dict[str, Role] = dict(lens.catalog.of("role"))
    labels = [known[name].label for name in sorted(roles) if name in known]
    none = Text({"en": "none", "zh": "无"})
    return joined(labels) if labels else none


def joined(texts: Sequence[Text]) -> Text:
    """Texts in one enumeration, in each language."""
    return Text(
        {
            "en": ", ".join(text.in_("en") for text in texts),
            "zh": "、".join(text.in_("zh") for text in texts),
        }
    )


def load_before(batch: Batch) -> None:
    """Locks the records in id order and takes their images; hides those the actor cannot see."""
    tx, lens = batch.tx, batch.lens
    rows, granted = _locked_rows(batch)
    for change in batch.changes:
        change.action = batch.action
        row = rows.get(change.id or 0)
        deleted = row is not None and row.get(DELETED) is not None
        if row is None or deleted is not (batch.action == RESTORE):
            if row is not None and batch.action == RESTORE:
                change.refuse(say.NOT_DELETED(object=batch.definition.label))
            else:
                change.refuse(not_found(lens, change.id))
            continue
        flags = granted.get(change.id or 0)
        if flags is not None and not any(flags):
            change.refuse(_forbidden_row(lens, batch.action, tx.actor.roles))
            continue
        if flags is not None:
            change.roles = frozenset(
                grant.role for grant, flag in zip(lens.grants, flags, strict=True) if flag
            )
            change.writable = lens.writable_by(change.roles)
        change.before = row
        change.row = dict(row)
        tx.remember(batch.name, row)
        tx.locked.add((batch.name, row["id"]))
    batch.settle()


def not_found(lens: Lens, record: object) -> Problem:
    """The answer for what does not exist, and for what the actor may not see."""
    return say.NOT_FOUND(object=lens.definition.label, record=record)


def _locked_rows(batch: Batch) -> tuple[dict[int, Row], dict[int, tuple[bool, ...]]]:
    tx, lens = batch.tx, batch.lens
    shape = tx.shape(batch.name)
    ids = ids_of(batch.changes)
    if lens.is_system:
        statement = tx.gate.statements.by_ids(shape, True, removing=batch.action == DELETE)
        found = [shape.row(values) for values in statement.rows(tx.connection, {"ids": ids})]
        return {row["id"]: row for row in found}, {}
    key = ("locked", batch.name, batch.action, tx.actor.roles)
    statement, binds = tx.gate.statements.once(key, lambda: _locking_select(batch))
    parameters = {"ids": ids} | binds.values(tx.actor, tx.context)
    width = len(shape.names)
    rows, granted = {}, {}
    for values in statement.rows(tx.connection, parameters):
        row = shape.row(values[:width])
        rows[row["id"]] = row
        granted[row["id"]] = tuple(bool(flag) for flag in values[width:])
    return rows, granted


def _locking_select(batch: Batch) -> tuple[Prepared, Binds]:
    """Readable rows with, per grant, whether it allows the action on the row."""
    tx, lens = batch.tx, batch.lens
    shape, binds = tx.shape(batch.name), Binds()
    table = shape.table
    flags = [
        sa.case((lens.granting(grant, batch.action, table, binds), 1), else_=0)
        for grant in lens.grants
    ]
    statement = (
        sa.select(*shape.select_columns(table), *flags)
        .where(among_ids(table.c.id, "ids", tx.dialect))
        .order_by(table.c.id)
        .with_for_update(of=table, key_share=batch.action != DELETE)
    )
    # what cannot be seen is answered as if it did not exist, whatever else is granted on it
    seen = lens.rows("read", table, binds)
    whole = statement if seen is None else statement.where(seen)
    return tx.gate.statements.prepared(whole), binds


def _forbidden_row(lens: Lens, action: str, roles: frozenset[str]) -> Problem:
    scopes = [grant.scope(action) for grant in lens.grants if not grant.scope(action).nothing]
    texts = [SCOPES.get(scope.name) or Text.of(scope.name) for scope in scopes]
    return say.FORBIDDEN_ROW(
        object=lens.definition.label,
        action=VERBS[action],
        roles=role_names(lens, roles),
        scopes=joined(texts) if texts else SCOPES["none"],
    )


def check_version(batch: Batch) -> None:
    """Refuses a change made from an older version, and names what changed meanwhile."""
    for change in batch.changes:
        expected = change.expected_version
        if expected is None or change.before is None or change.before["version"] == expected:
            continue
        names = batch.tx.gate.audit.changed_since(
            batch.tx.connection, batch.name, change.before["id"], expected
        )
        readable = _readable(batch, change.before["id"], names)
        labels = [batch.definition.fields[n].label for n in readable]
        change.refuse(
            say.STALE(
                current=change.before["version"],
                expected=expected,
                fields=joined(labels) if labels else Text.of("–"),
            )
        )
        change.notes["stale_fields"] = readable
    batch.settle()


def _readable(batch: Batch, id: int, names: Sequence[str]) -> list[str]:
    """Those of the fields `names` that the actor may read on this very record."""
    tx, lens, binds = batch.tx, batch.lens, Binds()
    table = tx.tables.table(batch.name)
    found = [n for n in names if n in batch.definition.fields and lens.may_read(n)]
    cells = {n: c for n in found if (c := lens.cell(n, table, binds)) is not None}
    if not cells:
        return found
    flags = [sa.case((cell, 1), else_=0) for cell in cells.values()]
    statement = sa.select(*flags).where(table.c.id == id)
    row = tx.connection.execute(statement, binds.values(tx.actor, tx.context)).one()
    hidden = {name for name, flag in zip(cells, row, strict=True) if not flag}
    return [name for name in found if name not in hidden]


def start_new(batch: Batch) -> None:
    """Gives new records all their fields, empty."""
    if batch.action != CREATE:
        return
    empty = empty_row(batch.tx.shape(batch.name))
    lens = batch.lens
    for change in batch.changes:
        change.row = dict(empty)
        change.action = CREATE
        if not lens.is_system:
            change.roles = lens.allowing(CREATE)
            change.writable = lens.writable_by(change.roles)


def empty_row(shape: Shape) -> Row:
    """A record with nothing in it: sums and counts of nothing are 0 (rule 19)."""
    row: Row = dict.fromkeys(shape.names)
    for field in shape.definition.fields.values():
        if field.rollup is not None and field.rollup.function in ("sum", "count"):
            row[field.name] = as_stored(field, field.rollup.nothing)
    return row
