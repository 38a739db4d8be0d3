"""One transaction of the gate: its connection, its actor, its clock, and what it has read."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Collection as Sized
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.definition.catalog import Catalog
from engine.definition.objects import Object
from engine.expressions import Context
from engine.fieldtypes.link import Link
from engine.permissions.actors import Actor
from engine.permissions.lens import Lens
from engine.records.company_year import company_year
from engine.records.joins import leading_to, named_ids
from engine.records.prepared import wrapped
from engine.records.rates import Currencies
from engine.records.rows import RowView
from engine.records.settings import reading
from engine.records.shapes import Row, Shape
from engine.records.trees import branch_rows
from engine.schema.tables import DELETED, POSITION, Tables

if TYPE_CHECKING:
    from engine.records.gate import Gate

COPY_FROM = 50
"""From so many rows on, PostgreSQL takes them by COPY instead of INSERT."""
CHUNK = 5_000
"""Most ids in one IN list."""


class Transaction:
    """Reads and writes within one database transaction, as one actor.

    `historical` is the mode of imports that keep creators, dates, numbers and stages. A `quiet`
    transaction, as every historical one, starts no automation. `after_commit` is called in order
    once the transaction is committed.
    """

    def __init__(
        self,
        gate: Gate,
        connection: sa.Connection,
        actor: Actor,
        *,
        historical: bool = False,
        quiet: bool = False,
        batch: int | None = None,
        cause: str = "",
    ) -> None:
        self.gate = gate
        self.connection = connection
        self.actor = actor
        self.historical = historical
        self.quiet = quiet or historical
        self.batch = batch
        self.cause = cause
        self.now: dt.datetime = gate.clock()
        self.after_commit: list[Callable[[], None]] = []
        self.locked: set[tuple[str, int]] = set()
        """Records that this transaction holds: nobody else changes them until it ends."""
        self.files_taken: set[int] = set()
        """Waiting files that a record of this transaction has taken."""
        self.shared: set[tuple[str, int]] = set()
        """Records that it keeps from being changed, together with others."""
        self.altered: set[tuple[str, str]] = set()
        """Fields that it has changed in any record, each with its object."""
        self.moved: dict[str, dict[int, frozenset[str]]] = {}
        """What moved in records that nobody edited, for those who follow it, who then empty it."""
        self._rows: dict[str, dict[int, Row]] = {}
        self._views: dict[tuple[str, int], RowView] = {}
        self._below: dict[tuple[str, int], frozenset[int]] = {}

    @property
    def catalog(self) -> Catalog:
        """The definitions that this transaction was compiled for."""
        return self.gate.catalog

    @property
    def tables(self) -> Tables:
        """Their tables."""
        return self.gate.tables

    @property
    def dialect(self) -> str:
        """ "sqlite" or "postgresql"."""
        return self.gate.dialect

    @property
    def today(self) -> dt.date:
        """The date in the company's time zone."""
        return self.now.astimezone(self.gate.zone).date()

    @cached_property
    def context(self) -> Context:
        """What expressions are evaluated in."""
        person = self.actor.person
        user_object = self.catalog.user_object
        user = None
        if person is not None and user_object:
            user = RowView(self, self.catalog.objects[user_object], None, id=person)
        return Context(
            now=self.now,
            zone=self.gate.zone,
            user=user,
            below=self.below,
            variables={},
            settings=reading(self.gate, self.connection, self),
            company=company_year(self.gate, self.connection),
        )

    @cached_property
    def currencies(self) -> Currencies:
        """The currencies and exchange rates that it has met."""
        return Currencies(self)

    def as_system(self) -> Transaction:
        """The same transaction with all rights; what follows from a change is no new decision.

        The person stays, so that the audit tells whose doing it was.
        """
        other = copy(self)
        other.actor = replace(self.actor, is_system=True)
        return other

    def lens(self, object: str) -> Lens:
        """The object as the actor sees it."""
        return self.gate.lenses.lens(object, None if self.actor.is_system else self.actor.roles)

    def shape(self, object: str) -> Shape:
        """The object's table with its translations."""
        return self.gate.shapes[object]

    def fetch(self, object: str, ids: Iterable[int]) -> Mapping[int, Row]:
        """Rows by id, deleted ones too; one statement for all that are not known yet."""
        known = self._rows.setdefault(object, {})
        missing = sorted({id for id in ids if id not in known})
        shape = self.shape(object)
        for start in range(0, len(missing), CHUNK):
            chunk = missing[start : start + CHUNK]
            statement = self.gate.statements.by_ids(shape)
            for values in statement.rows(self.connection, {"ids": chunk}):
                row = shape.row(values)
                known[row["id"]] = row
        return known

    def remember(self, object: str, row: Row) -> None:
        """Makes a row that was read or written under lock the one that is known."""
        self._rows.setdefault(object, {})[row["id"]] = row
        self._views.pop((object, row["id"]), None)

    def learn(self, object: str, row: Row) -> None:
        """Keeps a row that was read, unless it is known already (and perhaps newer)."""
        self._rows.setdefault(object, {}).setdefault(row["id"], row)

    def forget(self, object: str) -> None:
        """Drops what is known of an object's rows."""
        self._rows.pop(object, None)
        self._views = {key: view for key, view in self._views.items() if key[0] != object}

    def note_moved(self, object: str, id: int, names: Iterable[str]) -> None:
        """Notes which fields of a record moved because of others."""
        known = self.moved.setdefault(object, {})
        known[id] = known[id].union(names) if id in known else frozenset(names)

    def forget_all(self) -> None:
        """Drops every row that is known."""
        self._rows.clear()
        self._views.clear()

    def drop(self, object: str, ids: Iterable[int]) -> None:
        """Drops what is known of these rows, except of those that nobody else can change."""
        known = self._rows.get(object, {})
        for id in ids:
            if (object, id) not in self.locked and (object, id) not in self.shared:
                known.pop(id, None)
                self._views.pop((object, id), None)

    def release(self, object: str, ids: Iterable[int]) -> None:
        """Drops what is known of these rows, which are written: they are read again if needed."""
        known = self._rows.get(object, {})
        for id in ids:
            known.pop(id, None)
            self._views.pop((object, id), None)

    def hold(self, object: str, ids: Iterable[int], *, alone: bool = False) -> bool:
        """Keeps others from changing these records until the end, in id order (rule 15).

        `alone` keeps others from holding them, too. Returns whether any was not held before; such
        rows are known as they are now.
        """
        held = self.locked if alone else self.locked | self.shared
        missing = sorted({id for id in ids if (object, id) not in held})
        shape = self.shape(object)
        statement = self.gate.statements.by_ids(shape, lock=alone, share=not alone)
        for start in range(0, len(missing), CHUNK):
            chunk = missing[start : start + CHUNK]
            for values in statement.rows(self.connection, {"ids": chunk}):
                self.remember(object, shape.row(values))
        (self.locked if alone else self.shared).update((object, id) for id in missing)
        return bool(missing)

    def linked(self, object: str, id: int) -> RowView:
        """The view of one linked record."""
        key = (object, id)
        view = self._views.get(key)
        if view is None:
            row = self._rows.get(object, {}).get(id)
            view = RowView(self, self.catalog.objects[object], row, id=id)
            self._views[key] = view
        return view

    def collection(self, object: str, by: str, id: int) -> Sequence[RowView]:
        """Live records of `object` whose link `by` points to `id`, lines in their order."""
        shape = self.shape(object)
        source = shape.table.alias()
        field = self.catalog.objects[object].fields[by]
        order = [source.c[POSITION], source.c.id] if POSITION in source.c else [source.c.id]
        statement = (
            sa.select(*shape.select_columns(source))
            .where(leading_to(self.tables, field, source, id), source.c[DELETED].is_(None))
            .order_by(*order)
        )
        definition = self.catalog.objects[object]
        rows = [shape.row(values) for values in self.connection.execute(statement)]
        return [RowView(self, definition, row) for row in rows]

    def named(self, object: str, name: str, id: int) -> Sequence[RowView]:
        """The live records that the record `id` of `object` names in its list `name`."""
        field = self.catalog.objects[object].fields[name]
        view = RowView(self, self.catalog.objects[object], {name: named_ids(self, field, id)})
        found: Sequence[RowView] = view.value(name)
        return found

    def lines_below(self, definition: Object, parents: Sequence[int]) -> list[int]:
        """The ids of the live lines of these records."""
        statement = self.gate.statements.lines_of(
            self.shape(definition.name), definition.fields[definition.parent].column
        )
        place = self.shape(definition.name).names.index("id")
        return sorted(row[place] for row in statement.rows(self.connection, {"ids": list(parents)}))

    def prefetch(
        self, definition: Object, rows: Iterable[Row], paths: Iterable[tuple[str, ...]]
    ) -> None:
        """Fetches the records that link paths lead to, set-wise: one statement per step."""
        for path in paths:
            current, target = list(rows), definition
            for step in path:
                link = target.fields[step].type
                if not isinstance(link, Link):
                    break
                ids = {row[step] for row in current if row.get(step) is not None}
                found = self.fetch(link.to, ids)
                current = [found[id] for id in ids if id in found]
                target = self.catalog.objects[link.to]

    def below(self, object: str, id: int) -> frozenset[int]:
        """The record and all below it along the object's link to itself."""
        key = (object, id)
        if key not in self._below:
            self._below[key] = self.gate.hierarchy.below(self.connection, object, id)
        return self._below[key]

    def branch(self, object: str, id: int) -> Sequence[RowView]:
        """The live records below one, in the tree that its object is."""
        definition = self.catalog.objects[object]
        rows = branch_rows(self.connection, self.shape(object), id)
        return [RowView(self, definition, row) for row in rows]

    def forget_branches(self) -> None:
        """Drops what is known of who stands below whom."""
        self._below.clear()

    def take_ids(self, table: sa.Table, count: int) -> list[int]:
        """Ids for new rows, known before they are written.

        Whoever deletes rows of such a table leaves the one with the highest id.
        """
        if count == 0:
            return []
        if self.dialect == "sqlite":  # this transaction is the only writer
            top = self.connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
            return list(range(top + 1, top + 1 + count))
        statement = self.gate.statements.next_ids(table)
        return [row[0] for row in statement.rows(self.connection, {"count": count})]

    def insert(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Writes new rows; many at once by COPY on PostgreSQL."""
        if not rows:
            return
        if self.dialect == "postgresql" and len(rows) >= COPY_FROM:
            self._copy(table, rows)
        else:
            self.gate.statements.insert(table, frozenset(rows[0])).run(self.connection, rows)

    def _copy(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        quote = self.connection.dialect.identifier_preparer.quote
        names = list(rows[0])
        values = operator.itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
        columns = ", ".join(quote(name) for name in names)
        driver: Any = self.connection.connection.driver_connection
        statement = f"COPY {quote(table.name)} ({columns}) FROM STDIN"
        try:
            with driver.cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row([_array(v) if type(v) is tuple else v for v in values(row)])
        except Exception as error:
            raise wrapped(self.connection, statement, error) from error


def _array(values: tuple[str, ...]) -> str:
    """An array as PostgreSQL reads it; the driver takes ten times as long to write one."""
    if not values:
        return "{}"
    text = '","'.join(values)
    if "\\" in text or text.count('"') != 2 * (len(values) - 1):
        text = '","'.join(v.replace("\\", "\\\\").replace('"', '\\"') for v in values)
    return f'{{"{text}"}}'


def ids_of(changes: Sized[Any]) -> list[int]:
    """The ids of changes that have one, ascending: the order in which rows are locked (rule 15)."""
    return sorted({change.id for change in changes if change.id is not None})
