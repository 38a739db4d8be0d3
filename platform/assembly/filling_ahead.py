"""Computing columns that no revision knows yet, before one is published.

It is what `engine.schema.backfilling` carries out, walk by walk.

What is computed so is chosen in `filling_choice`; the rest is left to `filling`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from assembly.filling_choice import BESIDE, COMPUTE, CONVERT, DEFAULT, REPLACE, VALUES, Way, chosen
from engine.definition.objects import Field, Object
from engine.expressions.among import among_ids
from engine.impact.ground import decoded
from engine.impact.mending import CAUSE, convert_one, defaulting, replacing
from engine.permissions.actors import SYSTEM
from engine.problems import Text
from engine.records.anew import right_values
from engine.records.auditing import digests, plain
from engine.records.changes import UPDATE
from engine.records.dependents import Changed, reading
from engine.records.gate import Gate
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from engine.records.writing import index_words, update_many
from engine.schema.audit_tables import AUDIT, add_audit_tables
from engine.schema.backfill_tables import TOLD, add_backfill_tables
from engine.schema.backfilling import Journal, Pass
from engine.schema.structure import Structure
from engine.schema.tables import GRAMS
from engine.schema.targets import Fill, Fix
from engine.schema.touching import Watched, watches
from engine.schema.wording import both, joined, of_field, of_object

CHUNK = 500
"""Records held in memory at a time when they are computed again."""
MOST_TOLD = 500
"""Rows that the audit is told in one transaction."""

_METADATA = sa.MetaData()
add_backfill_tables(_METADATA)
add_audit_tables(_METADATA)
_TOLD, _AUDIT = _METADATA.tables[TOLD], _METADATA.tables[AUDIT]


class FillingAhead:
    """What of a plan's fills and fixes is computed before (`Ahead`)."""

    def __init__(
        self,
        gate: Gate,
        fills: Sequence[Fill],
        fixes: Sequence[Fix],
        fresh: frozenset[tuple[str, str]],
    ) -> None:
        self.gate, self.fresh = gate, fresh
        self.objects = gate.catalog.objects
        self._fresh: dict[str, set[str]] = defaultdict(set)
        for table, column in fresh:
            self._fresh[table].add(column)
        self._ways = chosen(gate, fills, fixes, fresh)

    @property
    def passes(self) -> Sequence[Pass]:
        """The walks (`Ahead`)."""
        return [way.one for way in self._ways]

    def tables(self) -> Mapping[str, str]:
        """The tables that are walked over (`Ahead`)."""
        return {way.one.object: self.objects[way.one.object].table for way in self._ways}

    def read(self) -> Collection[str]:
        """The tables that are walked over or read on the way (`Ahead`)."""
        steps = {step for way in self._ways for read in way.reads for step in read.path}
        return {*self.tables().values(), *(self.objects[step.target].table for step in steps)}

    def said(self, one: Pass) -> Text:
        """What a walk does (`Ahead`)."""
        definition = self.objects[one.object]
        return both(
            "{object}: {fields}",
            "{object}：{fields}",
            object=of_object(definition),
            fields=joined(of_field(definition.fields[name]) for name in one.fields),
        )

    def watched(self, structure: Structure) -> Sequence[Watched]:
        """The tables that are read (`Ahead`)."""
        names = {way.one.object for way in self._ways}
        above: set[tuple[str, str, str]] = set()
        joins: dict[str, sa.Table] = {}
        for step in {step for way in self._ways for read in way.reads for step in read.path}:
            names |= {step.object, step.target}
            target = self.objects[step.target]
            if step.join:
                joins[step.join] = self.gate.tables.joins[step.join]
            elif step.via:
                column = target.fields[step.via].column
                above.add((target.table, column, self.objects[step.object].table))
        tables = {self.objects[name].table for name in names} & structure.tables.keys()
        unread = self._unread(structure)
        return watches(
            {table: structure.tables[table].columns - unread[table] for table in tables},
            [one for one in above if one[0] in tables],
            [join for name, join in joins.items() if name in structure.tables],
        )

    def _unread(self, structure: Structure) -> Mapping[str, set[str]]:
        """Columns, by table, that no walk can read: of what only the running revision knows, and of
        what is computed. Rollups change with every record below: that would touch all that reads
        anything else of theirs."""
        read = {(way.one.object, name) for way in self._ways for name in way.one.fields}
        kept = {(self.objects[w.one.object].table, w.before.column) for w in self._ways if w.before}
        for one in {one for way in self._ways for one in way.reads}:
            read.add((one.object, one.field))
            read |= {(step.object, step.member) for step in one.path}
            read |= {(step.target, step.via) for step in one.path}
        found: dict[str, set[str]] = defaultdict(set)
        for name, definition in self.objects.items():
            table = definition.table
            if table not in structure.tables:
                continue
            coming = {column.name for column in self.gate.tables.table(name).columns}
            derived = [f for f in definition.stored_fields if f.derived and not f.system]
            gone = structure.tables[table].columns - coming
            gone |= {field.column for field in derived if (name, field.name) not in read}
            found[table] = {column for column in gone if (table, column) not in kept}
        return found

    # Computing

    def batch(
        self, connection: sa.Connection, one: Pass, after: int, until: int, most: int
    ) -> tuple[int, int] | None:
        """Computes the next records of a walk (`Ahead`)."""
        tx, table = self._transaction(connection), self.gate.tables.table(one.object)
        query = sa.select(table.c.id).where(table.c.id > after, table.c.id <= until)
        query = query.order_by(table.c.id).limit(most)
        ids = list(connection.scalars(query))
        if not ids:
            return None
        self._compute(tx, self._way(one), ids)
        return ids[-1], len(ids)

    def catch_up(self, connection: sa.Connection, touched: Mapping[str, Collection[int]]) -> None:
        """Computes again what depends on these records (`Ahead`)."""
        tx = self._transaction(connection)
        names = {definition.table: name for name, definition in self.objects.items()}
        known = Changed({names[t]: set(ids) for t, ids in touched.items() if t in names})
        for way in self._ways:
            ids = sorted(reading(tx, way.one.object, way.one.fields, way.reads, known))
            if ids and way.before is not None:
                self._forget(tx, way, ids)
            for start in range(0, len(ids), CHUNK):
                for name, changed in self._compute(tx, way, ids[start : start + CHUNK]).items():
                    known.values[way.one.object, name] |= changed

    def _transaction(self, connection: sa.Connection) -> Transaction:
        return Transaction(self.gate, connection, SYSTEM, cause=CAUSE)

    def _way(self, one: Pass) -> Way:
        return next(way for way in self._ways if way.one == one)

    def _compute(self, tx: Transaction, way: Way, ids: Sequence[int]) -> dict[str, set[int]]:
        """Computes these records; which of them have changed in each field."""
        definition = self.objects[way.one.object]
        rows = tx.fetch(definition.name, ids)
        before = {id: dict(rows[id]) for id in ids if id in rows}
        if way.one.kind == COMPUTE:
            kept = [self.gate.dependencies.kept[definition.name, n] for n in way.one.fields]
            values = right_values(tx, definition, kept, before)
            after = {id: row | values[id] for id, row in before.items()}
        elif way.one.kind == VALUES:
            after = self._values(tx, way, before)
        else:
            after = before
        self._write(tx, way, before, after)
        tx.forget_all()
        return {
            name: {id for id, row in after.items() if row.get(name) != before[id].get(name)}
            for name in way.one.fields
        }

    def _values(self, tx: Transaction, way: Way, rows: Mapping[int, Row]) -> dict[int, Row]:
        """The rows with the field's value as the fixes say, each after those before it.

        What stood in another column until then is told to the audit, where it has changed.
        """
        definition, name = self.objects[way.one.object], way.one.fields[0]
        field, former = definition.fields[name], way.before
        old = self._stood(tx, definition, former, rows) if former else dict.fromkeys(rows)
        after = {id: row | {name: old.get(id)} for id, row in rows.items()}
        for fix in way.fixes:
            if fix.kind == CONVERT and way.conversion is not None:
                for id, row in rows.items():
                    value = old.get(id)
                    if value is not None:
                        value = convert_one(tx, definition, way.conversion, fix, value, row)
                    after[id] = row | {name: value}
            elif fix.kind == REPLACE:
                after |= {row["id"]: row for _, row in replacing(field, fix.replaced)(after)}
            elif fix.kind == DEFAULT:
                after |= {row["id"]: row for _, row in defaulting(tx, definition, field)(after)}
        if former is not None:
            self._note(tx, definition, name, [(old.get(id), row) for id, row in after.items()])
        return after

    def _stood(
        self, tx: Transaction, definition: Object, former: Field, ids: Collection[int]
    ) -> dict[int, Any]:
        """What the records hold in the column that the field has had, by id."""
        table = sa.table(
            definition.table, sa.column("id"), sa.column(former.column, former.type.column_type())
        )
        among = among_ids(table.c.id, "ids", tx.dialect)
        query = sa.select(table.c.id, table.c[former.column]).where(among)
        found = tx.connection.execute(query, {"ids": sorted(ids)})
        return {id: decoded(former, value) for id, value in found}

    def _note(
        self, tx: Transaction, definition: Object, name: str, pairs: Sequence[tuple[Any, Row]]
    ) -> None:
        """Keeps what the audit will say of values that have changed: before, and the row after."""
        told = []
        for old, row in pairs:
            if plain(row[name]) != plain(old):
                data = {"fields": {name: [plain(old), plain(row[name])]}}
                told.append({
                    "object": definition.name, "field": name, "record": row["id"],
                    "version": row.get("version"),
                    "data": json.dumps(data, ensure_ascii=False, separators=(",", ":")),
                })  # fmt: skip
        tx.insert(_TOLD, told)

    def _forget(self, tx: Transaction, way: Way, ids: Collection[int]) -> None:
        """Takes back what the audit would have said of values that are looked at again."""
        ours = (_TOLD.c.object == way.one.object, _TOLD.c.field == way.one.fields[0])
        among = among_ids(_TOLD.c.record, "ids", tx.dialect)
        tx.connection.execute(sa.delete(_TOLD).where(*ours, among), {"ids": sorted(ids)})

    def _write(
        self, tx: Transaction, way: Way, before: Mapping[int, Row], after: Mapping[int, Row]
    ) -> None:
        """Writes the fresh columns, and no other."""
        shape, names = tx.shape(way.one.object), way.one.fields
        fresh = self._fresh[shape.definition.table]
        written: dict[frozenset[str], list[dict[str, Any]]] = defaultdict(list)
        words = []
        for id, row in sorted(after.items()):
            if way.one.kind != BESIDE and all(row[n] == before[id][n] for n in names):
                continue
            columns = {c: v for c, v in shape.stored(row, names).items() if c in fresh}
            if GRAMS in columns:
                words.append((id, columns[GRAMS]))
            parameters: dict[str, Any] = {f"set_{name}": v for name, v in columns.items()}
            written[frozenset(columns)].append(parameters | {"row_id": id})
        for columns_set, parameters_list in written.items():
            update_many(tx, shape.table, columns_set, parameters_list)
        index_words(tx, shape, words)


def tell_converted(connection: sa.Connection, journal: Journal) -> int:
    """Moves some of what is to be told of converted values to the audit; returns how much it
    looked at."""
    ids = list(connection.scalars(sa.select(_TOLD.c.id).order_by(_TOLD.c.id).limit(MOST_TOLD)))
    # told is what goes from here: what somebody has just erased does not come back
    gone = sa.delete(_TOLD).where(_TOLD.c.id.in_(ids)).returning(_TOLD)
    found = sorted(connection.execute(gone).all(), key=lambda one: one.id) if ids else []
    rows = []
    for one in found:
        row = {
            "at": journal.at, "actor": SYSTEM.person, "via": SYSTEM.via, "cause": CAUSE,
            "batch": journal.batch, "object": one.object, "record": one.record,
            "action": UPDATE, "version": one.version, "data": one.data,
        }  # fmt: skip
        rows.append(row | digests(row))
    if found:
        connection.execute(sa.insert(_AUDIT), rows)
    return len(ids)
