"""Conversions as screens, the API and scenarios use them: what is offered, previewed, done.

Reading goes through the reader, as the actor: records that they may not see are left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.definition.catalog import Catalog
from engine.definition.objects import Object
from engine.expressions import JoinSet, to_sql
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.problems import Problem, Refusal, Text, did_you_mean
from engine.records.contexts import reading_context
from engine.records.gate import Gate
from engine.records.prepared import Prepared
from engine.records.query import MOST, Query
from engine.records.reading import Reader, Record
from engine.records.states import OPEN, States, states_in
from engine.records.transaction import Transaction
from workflow.conversions import messages as say
from workflow.conversions.converting import Converting, Made, Outcome, Values
from workflow.conversions.definitions import Conversion, Part
from workflow.conversions.provenance import Origin, became, came_from, of_run
from workflow.conversions.trying import RolledBack


@dataclass(frozen=True)
class Shown:
    """What would become of a part: the record as the actor would read it, None if not made."""

    part: Part
    new: bool
    record: Record | None
    states: States = OPEN


@dataclass(frozen=True)
class Preview:
    """What a conversion would make, and what speaks against it."""

    parts: Mapping[str, Shown]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Related:
    """A record that came from another by a conversion, or that it came from; as one may read it."""

    conversion: Text
    run: int
    record: Record
    made: bool
    at: dt.datetime
    actor: int | None


def conversions_of(catalog: Catalog, object: str) -> list[Conversion]:
    """The conversions of an object, in the order of their names."""
    found: Mapping[str, Conversion] = catalog.of("conversion")
    return [conversion for conversion in found.values() if conversion.object == object]


def conversion_of(catalog: Catalog, object: Object, name: str) -> Conversion:
    """The conversion of that name. Raises Refusal where the object has none."""
    known = {conversion.name: conversion for conversion in conversions_of(catalog, object.name)}
    if name not in known:
        best = did_you_mean(name, known)
        raise Refusal(say.NO_CONVERSION(object=object.label, name=name, best=best))
    return known[name]


def granted(gate: Gate, actor: Actor, conversion: Conversion) -> bool:
    """Whether the actor's roles allow the conversion at all, on whatever records."""
    if actor.is_system:
        return True
    if conversion.roles and not actor.roles & set(conversion.roles):
        return False
    needed = [part.object for part in conversion.parts.values() if part.use is None]
    updates = bool(conversion.then or conversion.updates)
    source = gate.lenses.lens(conversion.object, actor.roles)
    return (
        source.may("read")
        and (source.may("update") or not updates)
        and all(gate.lenses.lens(object, actor.roles).may("create") for object in needed)
    )


class Conversions:
    """The conversions of one revision."""

    def __init__(self, gate: Gate, reader: Reader) -> None:
        self.gate = gate
        self.reader = reader

    def convert(
        self,
        actor: Actor,
        conversion: Conversion,
        id: int,
        values: Values,
        version: int | None = None,
        *,
        before: Callable[[Transaction], None] = lambda tx: None,
        after: Callable[[Transaction, int], None] = lambda tx, run: None,
    ) -> Outcome:
        """Makes everything in one transaction, or refuses with all that speaks against it.

        `before` and `after` run in the same transaction, `after` with the number of the run.
        """

        def work(tx: Transaction) -> Outcome:
            before(tx)
            outcome = Converting(tx, conversion, id, values, version).run()
            after(tx, outcome.run)
            return outcome

        return self.gate.write(actor, work, cause=f"conversion:{conversion.name}")

    def preview(self, actor: Actor, conversion: Conversion, id: int, values: Values) -> Preview:
        """What would be made; nothing is. Raises Refusal where it is not allowed at all."""
        found: list[Preview] = []
        try:
            with self.gate.transaction(actor) as tx:
                outcome = Converting(tx, conversion, id, values, trial=True).run()
                parts = {name: self._shown(tx, made) for name, made in outcome.made.items()}
                found.append(Preview(parts, tuple(outcome.problems)))
                raise RolledBack
        except RolledBack:
            return found[0]

    def _shown(self, tx: Transaction, made: Made) -> Shown:
        if made.id is None:
            return Shown(made.part, made.new, None)
        record = self.reader.within(tx.connection, tx.actor, made.part.object, made.id)
        states = OPEN
        if made.change is not None:
            states = states_in(tx, tx.catalog.objects[made.part.object], made.change)
        return Shown(made.part, made.new, record, states)

    def offered(self, actor: Actor, object: str, id: int) -> list[Conversion]:
        """The conversions that the actor may carry out on the record now."""
        found = [
            c for c in conversions_of(self.gate.catalog, object) if granted(self.gate, actor, c)
        ]
        if not found:
            return []
        statement, binds, asked = self.gate.statements.once(
            ("conversions", object), lambda: self._conditions(object)
        )
        with self.gate.databases.reading() as connection:
            context = reading_context(self.gate, connection, actor)
            rows = statement.rows(connection, {"id_": id} | binds.values(actor, context))
            holds = dict(zip(asked, rows[0], strict=True)) if rows else {}
            done = self._done(connection, object, id)
        return [c for c in found if holds.get(c.name, 1) and not (c.once and c.name in done)]

    def _conditions(self, object: str) -> tuple[Prepared, Binds, tuple[str, ...]]:
        """One column for each conversion with a condition: whether it holds of the record."""
        gate = self.gate
        table, binds, joins = gate.tables.table(object), Binds(), JoinSet()
        columns: list[sa.ColumnElement[Any]] = []
        asked = []
        for conversion in conversions_of(gate.catalog, object):
            if conversion.when is not None:
                compiled = to_sql(conversion.when, gate.tables, table, gate.dialect, joins)
                binds.add(compiled)
                columns.append(sa.case((compiled.condition, 1), else_=0))
                asked.append(conversion.name)
        statement = (
            sa.select(*columns or [sa.literal(1)])
            .select_from(joins.applied(table))
            .where(table.c.id == sa.bindparam("id_", type_=table.c.id.type))
        )
        return gate.statements.prepared(statement), binds, tuple(asked or [""])

    def _done(self, connection: sa.Connection, object: str, id: int) -> set[str]:
        """The conversions that have made something of the record which still lives."""
        origins = [o for o in became(self.gate, connection, object, id) if o.made]
        alive = {
            name: self._live(connection, name, ids) for name, ids in _by_object(origins).items()
        }
        return {o.conversion for o in origins if o.target in alive[o.target_object]}

    def _live(self, connection: sa.Connection, object: str, ids: set[int]) -> set[int]:
        rows = self.gate.statements.by_ids(self.gate.shapes[object]).rows(
            connection, {"ids": sorted(ids)}
        )
        shape = self.gate.shapes[object]
        return {row["id"] for row in map(shape.row, rows) if row.get("deleted_on") is None}

    def came_from(self, actor: Actor, object: str, id: int) -> list[Related]:
        """The records that this one was made from, as far as the actor may see them."""
        with self.gate.databases.reading() as connection:
            origins = came_from(self.gate, connection, object, id)
        return self._related(actor, [(o, o.source_object, o.source) for o in origins])

    def became(self, actor: Actor, object: str, id: int) -> list[Related]:
        """The records that were made from this one, as far as the actor may see them."""
        with self.gate.databases.reading() as connection:
            origins = became(self.gate, connection, object, id)
        return self._related(actor, [(o, o.target_object, o.target) for o in origins])

    def of_run(self, run: int) -> list[Origin]:
        """What a run has made or linked to."""
        with self.gate.databases.reading() as connection:
            return of_run(self.gate, connection, run)

    def _related(self, actor: Actor, found: Iterable[tuple[Origin, str, int]]) -> list[Related]:
        entries = list(found)
        wanted: dict[str, set[int]] = {}
        for _, object, id in entries:
            wanted.setdefault(object, set()).add(id)
        readable = {object: self._titles(actor, object, ids) for object, ids in wanted.items()}
        labels = {name: c.label for name, c in self.gate.catalog.of("conversion").items()}
        return [
            Related(
                conversion=labels.get(origin.conversion, Text.of(origin.conversion)),
                run=origin.run,
                record=readable[object][id],
                made=origin.made,
                at=origin.at,
                actor=origin.actor,
            )
            for origin, object, id in entries
            if id in readable[object] and origin.at is not None
        ]

    def _titles(self, actor: Actor, object: str, ids: set[int]) -> dict[int, Record]:
        """The records that the actor may see, with what names them."""
        definition = self.gate.catalog.objects[object]
        lens = self.gate.lenses.lens(object, None if actor.is_system else actor.roles)
        if not lens.may("read"):
            return {}
        names = {definition.title, "number"} & definition.fields.keys()
        shown = tuple(sorted(name for name in names if lens.may_read(name)))
        query = Query(filters={"id": sorted(ids)[:MOST]}, fields=shown, limit=MOST)
        page = self.reader.page(actor, object, query)
        return {record.id: record for record in page.items}


def _by_object(origins: Iterable[Origin]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for origin in origins:
        found.setdefault(origin.target_object, set()).add(origin.target)
    return found
