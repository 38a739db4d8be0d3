"""Verifying what is stored of other values: everything is computed anew and compared.

1. Live records are read in chunks, in the order of ids. Their formulas, rollups and copies in
   step are computed from what is stored now; folded texts, sort keys and search grams are made
   from the texts that they belong to.
2. Whatever differs is looked at again under lock, since on a running system somebody may have
   written in between.
3. Mending writes the right values as every derived change is written, so that what depends on
   them follows; the audit says that the system did it. It goes on until a round finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Object
from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.records.anew import right_values
from engine.records.auditing import audit
from engine.records.changes import UPDATE, Batch, Change
from engine.records.gate import Gate
from engine.records.propagating import held_rows
from engine.records.shapes import Row, Shape
from engine.records.transaction import Transaction
from engine.records.writing import update_rows
from engine.schema.tables import DELETED, GRAMS

CHUNK = 1_000
"""Records held in memory at a time."""
ROUNDS = 10
"""How often everything is gone through to mend what only shows once something else is mended."""
CAUSE = "verify"
_OTHER = object()

Progress = Callable[[int], None]
"""Is told how many more records have been looked at."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A stored value that is not what it should be.

    `what` is "value", or what stands beside a text: "folded", "sort key" or "grams".
    """

    object: str
    field: str
    record: int
    what: str
    stored: Any
    right: Any


def verify(
    gate: Gate,
    objects: Collection[str] = (),
    *,
    mend: bool = False,
    progress: Progress = lambda more: None,
) -> Iterator[Drift]:
    """Every drift in these objects (all of them where none is named); with `mend` it is put right.

    Raises Refusal where a right value has too many digits to be stored.
    """
    names = _stored(gate, objects)
    told: set[tuple[str, str, int, str]] = set()
    for _ in range(ROUNDS if mend else 1):
        clean = True
        for name in names:
            for drift in _object(gate, gate.catalog.objects[name], mend, progress):
                clean = False
                key = (drift.object, drift.field, drift.record, drift.what)
                if key not in told:
                    told.add(key)
                    yield drift
        if clean:
            return


def count_records(gate: Gate, objects: Collection[str] = ()) -> int:
    """How many records there are to look at."""
    names = _stored(gate, objects)
    with gate.databases.reading() as connection:
        counts = (sa.select(sa.func.count()).select_from(gate.tables.table(n)) for n in names)
        return sum(connection.scalar(query) or 0 for query in counts)


def _stored(gate: Gate, objects: Collection[str]) -> list[str]:
    """Those of the objects, or all, whose records are stored: views only show others."""
    known = gate.catalog.objects
    return [n for n, o in known.items() if not o.is_view and (not objects or n in objects)]


def _object(gate: Gate, definition: Object, mend: bool, progress: Progress) -> Iterator[Drift]:
    last = 0
    while True:
        with gate.databases.reading() as connection:
            tx = Transaction(gate, connection, SYSTEM)
            ids = _next(tx, definition, last)
            suspects = sorted({drift.record for drift in _drifts(tx, definition, ids)})
        if not ids:
            return
        last = ids[-1]
        if suspects:
            yield from _again(gate, definition, suspects, mend)
        progress(len(ids))


def _next(tx: Transaction, definition: Object, last: int) -> list[int]:
    table = tx.tables.table(definition.name)
    query = sa.select(table.c.id).where(table.c.id > last).order_by(table.c.id).limit(CHUNK)
    return list(tx.connection.scalars(query))


def _again(gate: Gate, definition: Object, ids: Sequence[int], mend: bool) -> list[Drift]:
    """What differs even while nobody else can write; put right, if asked for."""

    def work(tx: Transaction) -> list[Drift]:
        held_rows(tx, definition, ids)
        found = list(_drifts(tx, definition, ids))
        if mend and found:
            _mend(tx, definition, found)
        return found

    return gate.write(SYSTEM, work, quiet=True, cause=CAUSE)


def _drifts(tx: Transaction, definition: Object, ids: Sequence[int]) -> Iterator[Drift]:
    if not ids:
        return
    shape = tx.shape(definition.name)
    kept = tx.gate.dependencies.of(definition.name)
    beside = _beside(shape)
    if not (kept or beside):
        return
    rows, extras = _read(tx, shape, beside, ids)
    values = right_values(tx, definition, kept, rows)
    for id, row in rows.items():
        for name, right in values[id].items():
            if row.get(name) != right:
                yield Drift(definition.name, name, id, "value", row.get(name), right)
        if beside:
            stored = shape.stored(row, beside)
            for name, what, column in _columns(shape, beside):
                found, right = extras[id][column], stored[column]
                if _comparable(found) != _comparable(right):
                    yield Drift(definition.name, name, id, what, found, right)


def _read(
    tx: Transaction, shape: Shape, beside: Sequence[str], ids: Sequence[int]
) -> tuple[dict[int, Row], dict[int, dict[str, Any]]]:
    """The live rows among these, and the columns that stand beside their texts."""
    extra = [shape.table.c[column] for _, _, column in _columns(shape, beside)]
    query = (
        sa.select(*shape.select_columns(shape.table), *extra)
        .where(shape.table.c.id.in_(ids), shape.table.c[DELETED].is_(None))
        .order_by(shape.table.c.id)
    )
    width = len(shape.names)
    rows, extras = {}, {}
    for found in tx.connection.execute(query):
        row = shape.row(found[:width])
        rows[row["id"]] = row
        extras[row["id"]] = {c.name: v for c, v in zip(extra, found[width:], strict=True)}
    return rows, extras


def _beside(shape: Shape) -> list[str]:
    """The fields that have columns beside their own."""
    definition = shape.definition
    searched = set(definition.search) if GRAMS in shape.table.c else set()
    return [
        field.name
        for field in definition.stored_fields
        if field.folded or f"{field.column}__s" in shape.table.c or field.name in searched
    ]


def _columns(shape: Shape, names: Iterable[str]) -> list[tuple[str, str, str]]:
    """Of these fields, what stands beside them and in which column."""
    found = []
    for name in names:
        field = shape.definition.fields[name]
        if field.folded:
            found.append((name, "folded", field.folded))
        key = f"{field.column}__s"
        if name == shape.definition.title and key in shape.table.c:
            found.append((name, "sort key", key))
    searched = [n for n in names if n in shape.definition.search]
    if searched and GRAMS in shape.table.c:
        found.append((searched[0], "grams", GRAMS))
    return found


def _comparable(value: Any) -> Any:
    return tuple(value) or None if isinstance(value, list | tuple) else value


def _mend(tx: Transaction, definition: Object, drifts: Sequence[Drift]) -> None:
    known = tx.fetch(definition.name, {drift.record for drift in drifts})
    before: dict[int, Row] = {d.record: dict(known[d.record]) for d in drifts}
    after: dict[int, Row] = {id: dict(row) for id, row in before.items()}
    beside: dict[int, set[str]] = {}
    for drift in drifts:
        if drift.what == "value":
            after[drift.record][drift.field] = drift.right
        else:
            beside.setdefault(drift.record, set()).add(drift.field)
    moved = {id: row for id, row in after.items() if row != before[id]}
    if moved:
        try:
            tx.gate.write_derived(tx, definition, {id: before[id] for id in moved}, moved)
        except Refusal as refusal:
            raise Refusal(*(problem.on("") for problem in refusal.problems)) from None
        changes = [
            Change(given={}, id=id, action=UPDATE, before=before[id], row=row)
            for id, row in moved.items()
        ]
        audit(Batch(tx, definition, UPDATE, changes, tx.lens(definition.name)))
    pairs = [
        ({**after[id], **dict.fromkeys(names, _OTHER)}, after[id]) for id, names in beside.items()
    ]
    update_rows(tx, tx.shape(definition.name), pairs)
