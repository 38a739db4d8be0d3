"""Steps: raw input becomes values, links named in words become ids, defaults fill what is open."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from engine.definition.messages import UNKNOWN_FIELD
from engine.definition.objects import Field
from engine.expressions import evaluate
from engine.expressions.among import among_ids, among_words
from engine.expressions.folding import fold
from engine.fieldtypes.link import UNCHANGED, Lines, Link, Reference
from engine.permissions.binds import Binds
from engine.permissions.lens import ActorView
from engine.permissions.masks import is_mask
from engine.problems import Message, Problem, Refusal, did_you_mean
from engine.records import messages as say
from engine.records.changes import CREATE, Batch, Change
from engine.records.prepared import Prepared
from engine.records.rights import role_names
from engine.records.series import is_series
from engine.records.values import as_stored
from engine.records.wholes import spread_wholes

HISTORICAL_FIELDS = frozenset(
    ("number", "owner", "department", "created_on", "created_by", "changed_on", "changed_by")
)
"""System fields that a historical import keeps."""


def read_input(batch: Batch) -> None:
    """Reads every given field, refusing unknown, computed and forbidden ones."""
    spread_wholes(batch)
    readers: dict[str, Callable[[Any], Any] | Problem | None] = {}
    for change in batch.changes:
        for name, raw in change.given.items():
            if name not in readers:
                readers[name] = _reader(batch, name)
            reader = readers[name]
            if is_mask(raw) and batch.lens.masking(name):
                continue  # a mask that comes back changes nothing
            if isinstance(reader, Problem):
                change.refuse(reader, name)
                continue
            if (
                change.writable is not None  # else `_reader` has seen to it
                and name not in change.writable
                and not _is_history(batch, name)
            ):
                change.refuse(_forbidden_field(batch, name), name)
                continue
            if reader is None:
                continue
            try:
                value = None if raw is None else reader(raw)
            except Refusal as refusal:
                change.refuse_all(refusal, name)
                continue
            if value is not UNCHANGED:
                change.input[name] = value
                change.row[name] = value


def _reader(batch: Batch, name: str) -> Callable[[Any], Any] | Problem | None:
    """How this field's input is read; a problem when it takes none; None for lines."""
    lens, definition = batch.lens, batch.definition
    field = definition.fields.get(name)
    if field is not None and not lens.may_read(name) and lens.masking(name):
        return _forbidden_field(batch, name)
    if field is None or not lens.may_read(name):
        readable = [n for n in definition.fields if lens.may_read(n)]
        best = did_you_mean(name, readable)
        return UNKNOWN_FIELD(object=definition.label, name=name, best=best)
    if isinstance(field.type, Lines):
        if not lens.may_write(name):
            return _forbidden_field(batch, name)
        return None
    if _is_history(batch, name):
        return field.type.read
    if name != "owner" and not field.writable:
        return _not_writable(field)
    if not lens.may_write(name):
        return _forbidden_field(batch, name)
    return field.type.read


def _is_history(batch: Batch, name: str) -> bool:
    """Whether the right to import history covers the field."""
    if not batch.tx.historical:
        return False
    return name in HISTORICAL_FIELDS or is_series(batch.definition, name)


def _not_writable(field: Field) -> Problem:
    message: Message = say.COMPUTED if field.derived else say.SYSTEM_FIELD
    return message(field=field.label)


def _forbidden_field(batch: Batch, name: str) -> Problem:
    return say.FORBIDDEN_FIELD(
        roles=role_names(batch.lens, batch.tx.actor.roles),
        field=batch.definition.fields[name].label,
    )


def fill_defaults(batch: Batch) -> None:
    """Gives new records their creator, owner and declared defaults where nothing was given."""
    new = [change for change in batch.changes if change.action == CREATE]
    if not new:
        return
    tx, definition = batch.tx, batch.definition
    literal = [
        (f.name, as_stored(f, f.type.read(f.default)))
        for f in definition.fields.values()
        if f.default is not None and not f.derived
    ]
    computed = [definition.fields[name] for name in definition.defaults]
    for change in new:
        row, given = change.row, change.given
        for name, value in literal:
            if name not in given:
                row[name] = value
        if not definition.parent:
            _stamp(batch, change)
    for field in computed:
        assert field.default_from is not None
        for change in new:
            if field.name not in change.given:
                view = tx.gate.view_of(tx, batch.definition, change)
                try:
                    value = as_stored(field, evaluate(field.default_from, view, tx.context))
                except Refusal as refusal:
                    change.refuse_all(refusal, field.name)
                else:
                    change.row[field.name] = value


def _stamp(batch: Batch, change: Change) -> None:
    tx, row = batch.tx, change.row
    row["version"] = 1
    for name, value in (("created_on", tx.now), ("created_by", tx.actor.person)):
        if row.get(name) is None:
            row[name] = value
        changed = name.replace("created", "changed")
        if row.get(changed) is None:
            row[changed] = row[name]
    if "owner" in batch.definition.fields and "owner" not in change.given:
        row["owner"] = tx.actor.person


def assign_department(batch: Batch) -> None:
    """The owning department follows the owner (rule 29)."""
    definition, tx = batch.definition, batch.tx
    site = tx.catalog.site
    if "department" not in definition.fields or "owner" not in definition.fields:
        return
    if not definition.fields["department"].system:
        return
    moved = [
        change
        for change in batch.changes
        if "department" not in change.input
        and change.row.get("owner") is not None
        and (change.before is None or change.before.get("owner") != change.row["owner"])
    ]
    people = tx.fetch(site.person, {change.row["owner"] for change in moved})
    for change in moved:
        person = people.get(change.row["owner"])
        change.row["department"] = person.get(site.person_department) if person else None


def resolve_links(batch: Batch) -> None:
    """Turns numbers and names into ids, and refuses targets that the actor cannot see."""
    for field in batch.definition.links:
        waiting = [c for c in batch.changes if c.input.get(field.name) is not None]
        if not waiting or field.name == batch.definition.parent:
            continue
        assert isinstance(field.type, Link)
        words = {v.word for c in waiting if isinstance(v := c.input[field.name], Reference)}
        ids = {v for c in waiting if isinstance(v := c.input[field.name], int)}
        found = visible_targets(batch, field.type.to, ids)
        by_word = targets_by_word(batch, field.type.to, words) if words else {}
        for change in waiting:
            _resolve(batch, field, change, found, by_word)


def _resolve(
    batch: Batch, field: Field, change: Change, found: set[int], by_word: dict[str, list[int]]
) -> None:
    value = change.input[field.name]
    assert isinstance(field.type, Link)
    target = batch.tx.catalog.objects[field.type.to].label
    if isinstance(value, Reference):
        ids = by_word.get(fold(value.word), [])
        if len(ids) == 1:
            change.input[field.name] = change.row[field.name] = ids[0]
            return
        message = say.LINK_AMBIGUOUS if ids else say.LINK_NOT_FOUND
        change.refuse(message(field=field.label, target=target, found=repr(value.word)), field.name)
        change.row[field.name] = None
    elif value not in found:
        unchanged = change.before is not None and change.before.get(field.name) == value
        if not unchanged:
            change.refuse(
                say.LINK_NOT_FOUND(field=field.label, target=target, found=value), field.name
            )
            change.row[field.name] = None


def visible_targets(batch: Batch, target: str, ids: Iterable[int]) -> set[int]:
    """Those of these records of the object `target` that the actor sees, kept from deletion."""
    wanted = sorted(set(ids))
    if not wanted:
        return set()
    statement, binds, _ = _target_select(batch, target)
    parameters = {"ids": wanted} | binds.values(batch.tx.actor, batch.tx.context)
    shape = batch.tx.shape(target)
    found = [shape.row(values) for values in statement.rows(batch.tx.connection, parameters)]
    for row in found:
        batch.tx.learn(target, row)
    return {row["id"] for row in found}


def targets_by_word(batch: Batch, target: str, words: set[str]) -> dict[str, list[int]]:
    """Visible records by number, unique text or title, all folded."""
    _, binds, named = _target_select(batch, target)
    found: dict[str, list[int]] = {}
    parameters = binds.values(batch.tx.actor, batch.tx.context)
    folded = {fold(word) for word in words}
    for statement in named:
        open_words = sorted(folded - found.keys())
        if not open_words:
            break
        rows = statement.rows(batch.tx.connection, parameters | {"words": open_words})
        for id, text in rows:
            found.setdefault(text, []).append(id)
    return found


def _target_select(batch: Batch, target: str) -> tuple[Prepared, Binds, list[Prepared]]:
    tx = batch.tx
    roles = None if tx.actor.is_system else tx.actor.roles

    def build() -> tuple[Prepared, Binds, list[Prepared]]:
        binds = Binds()
        view = ActorView(tx.gate.lenses, roles, binds)
        definition = tx.catalog.objects[target]
        source = tx.tables.table(target)
        seen = view.visible(target, source)
        assert seen is not None
        shape = tx.shape(target)
        # whole rows: what rules read of them need not be fetched again
        ids = _held(
            sa.select(*shape.select_columns(source)).where(
                among_ids(source.c.id, "ids", tx.dialect), seen
            ),
            source,
        )
        # most exact first: a number, then unique texts, then the title
        keys = [f for f in definition.fields.values() if f.folded and f.unique]
        keys += [f for f in definition.fields.values() if f.folded and f.name == definition.title]
        keys.sort(key=lambda f: f.name != "number")
        named = []
        for f in {f.name: f for f in keys if tx.lens(target).may_read(f.name)}.values():
            text = view.masked(target, f.name, source.c[f.folded], source)
            among = among_words(source.c[f.folded], "words", tx.dialect)
            found = sa.select(source.c.id, source.c[f.folded])
            named.append(_held(found.where(among, text.is_not(None), seen), source))
        prepared = tx.gate.statements.prepared
        return prepared(ids), binds, [prepared(statement) for statement in named]

    found: tuple[Prepared, Binds, list[Prepared]]
    found = tx.gate.statements.once(("targets", target, roles), build)
    return found


def _held(statement: sa.Select[Any], source: sa.FromClause) -> sa.Select[Any]:
    """The statement keeping what it finds from being deleted meanwhile, as its foreign key will."""
    return statement.with_for_update(read=True, key_share=True, of=source)
