"""Which fields of a record are closed or without a place, for forms that mirror the gate.

The gate decides (`locks`, `rules`); this only tells beforehand what it would say, as the system
sees the record: a condition may read what the actor may not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine.definition.layouts import Section
from engine.definition.objects import Object
from engine.expressions import Expression, JoinSet, evaluate, to_sql
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.problems import Refusal
from engine.records.changes import Change
from engine.records.contexts import reading_context
from engine.records.gate import Gate
from engine.records.prepared import Prepared
from engine.records.rows import RowView
from engine.records.transaction import Transaction


@dataclass(frozen=True, slots=True)
class States:
    """What of a form does not take every input.

    `hidden` are the fields without a place, `closed` those that take no other value, `unoffered`
    the options of choices that cannot be chosen, `sections` the sections of layouts that are
    not shown.
    """

    hidden: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    unoffered: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)
    sections: frozenset[str] = frozenset()


OPEN = States()
"""Every field has its place and takes input."""


def has_states(definition: Object) -> bool:
    """Whether any field of the object can be closed or without a place."""
    return any(
        f.visible_when is not None or f.read_only_when is not None or f.set_once or f.offered_when
        for f in definition.fields.values()
    ) or any(section.visible_when is not None for section in _sections(definition))


def _sections(definition: Object) -> Iterator[Section]:
    return (section for layout in definition.layouts for section in layout.sections)


def states_of(gate: Gate, actor: Actor, object: str, id: int) -> States:
    """The states of a record's fields; one statement, and none where no field has any."""
    definition = gate.catalog.objects[object]
    if not has_states(definition):
        return OPEN
    key = ("states", object)
    statement, binds, asked = gate.statements.once(key, lambda: _build(gate, definition))
    with gate.databases.reading() as connection:
        values = binds.values(actor, reading_context(gate, connection, actor))
        rows = statement.rows(connection, values | {"id_": id})
    if not rows:
        return OPEN
    true = {pair for pair, value in zip(asked, rows[0], strict=True) if value}
    wanting = [pair for pair in asked if pair not in true]
    return States(
        hidden=frozenset(name for kind, name in wanting if kind == "visible"),
        closed=frozenset(name for kind, name in true if kind == "closed"),
        unoffered=_by_field(name for kind, name in wanting if kind == "offered"),
        sections=frozenset(name for kind, name in wanting if kind == "section"),
    )


def _by_field(names: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Options by their field, from `field.option`."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in names:
        field_name, _, option = name.partition(".")
        found[field_name].add(option)
    return {name: frozenset(options) for name, options in found.items()}


def states_in(tx: Transaction, definition: Object, change: Change) -> States:
    """The states of the fields of a record as a change would leave it."""
    if not has_states(definition):
        return OPEN
    hidden, closed = set(), set()
    unoffered: list[str] = []
    view = tx.gate.view_of(tx, definition, change)
    for found in definition.fields.values():
        if found.visible_when is not None and not _holds(tx, found.visible_when, view):
            hidden.add(found.name)
        before = change.before
        if before is not None and found.set_once and before.get(found.name) is not None:
            closed.add(found.name)
        if before is not None and found.read_only_when is not None:
            if _holds(tx, found.read_only_when, RowView(tx, definition, before)):
                closed.add(found.name)
        for option, when in found.offered_when.items():
            if not _holds(tx, when, view):
                unoffered.append(f"{found.name}.{option}")
    sections = frozenset(
        section.name
        for section in _sections(definition)
        if section.visible_when is not None and not _holds(tx, section.visible_when, view)
    )
    return States(frozenset(hidden), frozenset(closed), _by_field(unoffered), sections)


def _holds(tx: Transaction, condition: Expression, view: Any) -> bool:
    try:
        return bool(evaluate(condition, view, tx.context))
    except Refusal:
        return False


def _build(gate: Gate, definition: Object) -> tuple[Prepared, Binds, Sequence[tuple[str, str]]]:
    """One column per condition: what it is about, and whether it holds."""
    table = gate.tables.table(definition.name)
    binds, joins = Binds(), JoinSet()
    asked: list[tuple[str, str]] = []
    columns: list[sa.ColumnElement[Any]] = []

    def ask(kind: str, name: str, condition: sa.ColumnElement[bool]) -> None:
        asked.append((kind, name))
        columns.append(sa.case((condition, 1), else_=0))

    for section in _sections(definition):
        if section.visible_when is not None:
            compiled = to_sql(section.visible_when, gate.tables, table, gate.dialect, joins)
            binds.add(compiled)
            ask("section", section.name, compiled.condition)
    for found in definition.fields.values():
        conditions = [("visible", found.name, found.visible_when)]
        conditions.append(("closed", found.name, found.read_only_when))
        conditions += [("offered", f"{found.name}.{o}", w) for o, w in found.offered_when.items()]
        for kind, name, expression in conditions:
            if expression is not None:
                compiled = to_sql(expression, gate.tables, table, gate.dialect, joins)
                binds.add(compiled)
                ask(kind, name, compiled.condition)
        if found.set_once and found.stored:
            ask("closed", found.name, table.c[found.column].is_not(None))
    statement = (
        sa.select(*columns)
        .select_from(joins.applied(table))
        .where(table.c.id == sa.bindparam("id_", type_=table.c.id.type))
    )
    return gate.statements.prepared(statement), binds, tuple(asked)
