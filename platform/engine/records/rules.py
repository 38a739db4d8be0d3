"""Steps: what every record must fulfil: required fields, checks, links, uniqueness."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.expressions import compile_expression, evaluate
from engine.expressions.among import among_words
from engine.expressions.folding import fold
from engine.expressions.types import Kind, Type
from engine.fieldtypes.link import Lines, Link
from engine.permissions.binds import Binds
from engine.permissions.lens import ActorView
from engine.problems import Refusal, Text
from engine.records import messages as say
from engine.records.changes import DELETE, Batch, Change
from engine.records.lines import line_batches
from engine.records.rights import joined
from engine.records.rows import RowView
from engine.schema.tables import DELETED


def check_rules(batch: Batch) -> None:
    """Checks the record and its lines; gathers every problem before anything is refused."""
    _check(batch)
    for _, lines in line_batches(batch):
        _check(lines)
    for lines_field in batch.definition.lines:
        if lines_field.required:
            _require_lines(batch, lines_field)


def _check(batch: Batch) -> None:
    tx, definition = batch.tx, batch.definition
    always = [
        f
        for f in definition.fields.values()
        if f.required and f.stored and not f.derived and f.name != definition.parent
    ]
    sometimes = [f for f in definition.fields.values() if f.required_when is not None]
    limited = [f for f in definition.links if isinstance(f.type, Link) and f.type.where]
    for change in batch.changes:
        view = tx.gate.view_of(tx, definition, change)
        wrong = {problem.path.removeprefix(change.path) for problem in change.problems}
        for field in always:
            if change.row.get(field.name) is None and field.name not in wrong:
                _refuse_missing(batch, change, field)
        for field in sometimes:
            if change.row.get(field.name) is None and field.name not in wrong:
                if field.required_when and evaluate(field.required_when, view, tx.context):
                    _refuse_missing(batch, change, field)
        if wrong:
            continue  # checks over values that could not be read would only confuse
        for check in definition.checks:
            if check.that is not None and not _holds(check.that, view, batch, change):
                change.refuse(say.CHECK_FAILED(say=check.say), check.about)
        for field in limited:
            _check_target(batch, change, field, view)
        _check_hierarchy(batch, change)


def _refuse_missing(batch: Batch, change: Change, field: Field) -> None:
    """A historical import may leave open what was never known; everyone else must fill it in."""
    if not batch.tx.historical:
        change.refuse(say.REQUIRED(field=field.label), field.name)


def _holds(that: Any, view: RowView, batch: Batch, change: Change) -> bool:
    try:
        return bool(evaluate(that, view, batch.tx.context))
    except Refusal as refusal:
        for problem in refusal.problems:
            change.refuse(problem)
        return True


def _check_target(batch: Batch, change: Change, field: Field, view: RowView) -> None:
    before = (change.before or {}).get(field.name)
    if change.row.get(field.name) in (None, before):
        return
    link = field.type
    assert isinstance(link, Link)
    catalog = batch.tx.catalog
    condition = batch.tx.gate.statements.once(
        ("where", batch.name, field.name),
        lambda: compile_expression(link.where, link.to, catalog, expected=Type(Kind.BOOLEAN)),
    )
    if not evaluate(condition, view.value(field.name), batch.tx.context):
        target = catalog.objects[link.to].label
        change.refuse(
            say.LINK_UNSUITABLE(field=field.label, target=target, condition=link.where), field.name
        )


def _check_hierarchy(batch: Batch, change: Change) -> None:
    """No record may stand below itself along the link that makes its object a tree."""
    name = batch.tx.gate.statements.once(
        ("tree", batch.name), lambda: batch.tx.gate.hierarchy.link(batch.name)
    )
    above = change.row.get(name) if name else None
    if above is None or change.id is None or above == (change.before or {}).get(name):
        return
    if above in batch.tx.gate.hierarchy.below(batch.tx.connection, batch.name, change.id):
        label = batch.definition.fields[name].label
        change.refuse(say.HIERARCHY_CYCLE(field=label, found=f"#{above}"), name)


def _require_lines(batch: Batch, field: Field) -> None:
    assert isinstance(field.type, Lines)
    for change in batch.changes:
        lines = change.lines.get(field.name)
        missing = lines is None and change.before is None
        if missing or (lines is not None and all(line.action == DELETE for line in lines)):
            _refuse_missing(batch, change, field)


def check_unique(batch: Batch) -> None:
    """Refuses values that another live record, or another change of the batch, already has."""
    for names in _unique_groups(batch):
        _check_group(batch, names)
    for _, lines in line_batches(batch):
        for names in _unique_groups(lines):
            _check_group(lines, names)
    batch.settle()


def _unique_groups(batch: Batch) -> list[tuple[str, ...]]:
    single = [(f.name,) for f in batch.definition.fields.values() if f.unique and f.stored]
    return [*single, *batch.definition.unique]


def _check_group(batch: Batch, names: tuple[str, ...]) -> None:
    fields = [batch.definition.fields[name] for name in names]
    wanted: dict[tuple[Any, ...], list[Change]] = defaultdict(list)
    for change in batch.changes:
        if all(change.row.get(name) is not None for name in names):
            before = change.before
            if before is None or before.get(DELETED) is not None or set(names) & change.changed():
                wanted[_key(fields, change.row)].append(change)
    if not wanted:
        return
    for changes in wanted.values():
        for change in changes[1:]:
            _refuse_taken(batch, change, fields, Text.of("#1"))
    holders = _holders(batch, fields, list(wanted))
    for key, (id, title) in holders.items():
        for change in wanted.get(key, ()):
            if change.id != id:
                _refuse_taken(batch, change, fields, None if title is None else Text.of(title))


def _key(fields: list[Field], row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(fold(row[f.name]) if f.folded else row[f.name] for f in fields)


def _refuse_taken(batch: Batch, change: Change, fields: list[Field], holder: Text | None) -> None:
    found = " / ".join(str(change.row[field.name]) for field in fields)
    labels = joined([field.label for field in fields])
    if holder is None:  # somebody else's record: only that the value cannot be had (rule 31)
        problem = say.NOT_AVAILABLE(fields=labels, found=repr(found))
    else:
        problem = say.NOT_UNIQUE(fields=labels, found=repr(found), holder=holder)
    change.refuse(problem, fields[0].name)


def _holders(
    batch: Batch, fields: list[Field], keys: list[tuple[Any, ...]]
) -> dict[tuple[Any, ...], tuple[int, str | None]]:
    """Who holds these values: id and, where the actor may see the record, its title."""
    tx, definition = batch.tx, batch.definition
    binds = Binds()
    table = tx.tables.table(batch.name)
    columns = [table.c[f.folded or f.column] for f in fields]
    roles = None if tx.actor.is_system else tx.actor.roles
    seen = ActorView(tx.gate.lenses, roles, binds).visible(batch.name, table)
    title_field = definition.fields.get(definition.title)
    title = table.c[title_field.column] if title_field and title_field.stored else table.c.id
    visible = (
        sa.case((seen, sa.literal(1)), else_=sa.literal(0)) if seen is not None else sa.literal(1)
    )
    words: tuple[str, ...] = ()
    if len(columns) == 1 and fields[0].folded:
        words = tuple(key[0] for key in keys)
        among: sa.ColumnElement[bool] = among_words(columns[0], "words_", tx.dialect)
    elif len(columns) == 1:
        among = columns[0].in_([key[0] for key in keys])
    else:
        among = sa.tuple_(*columns).in_(keys)
    statement = sa.select(table.c.id, title, visible, *columns).where(
        among, table.c[DELETED].is_(None)
    )
    found = {}
    parameters = binds.values(tx.actor, tx.context) | {"words_": words}
    for id, name, may_see, *key in tx.connection.execute(statement, parameters):
        found[tuple(key)] = (id, str(name if name is not None else id) if may_see else None)
    return found
