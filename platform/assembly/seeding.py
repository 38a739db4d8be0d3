"""Seed records reach the database through the gate, once (rule 8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from engine.definition.seeds import SeedFile
from engine.fieldtypes.link import Link
from engine.permissions.actors import SYSTEM
from engine.records.changes import CREATE, UPDATE, Change
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from engine.schema.state import SEED


def sow(gate: Gate) -> int:
    """Creates missing seed records, and updates managed ones; returns how many were written.

    A record that somebody deleted stays deleted.
    """
    files: dict[str, SeedFile] = dict(gate.catalog.of("data"))
    if not files:
        return 0
    return gate.write(
        SYSTEM, lambda tx: sum(_sow(tx, gate, f) for f in _ordered(gate, files)), quiet=True
    )


def _ordered(gate: Gate, files: dict[str, SeedFile]) -> Iterator[SeedFile]:
    """Files after those that their links name."""
    done: set[str] = set()

    def visit(file: SeedFile, trail: frozenset[str]) -> Iterator[SeedFile]:
        if file.object in done or file.object in trail:
            return
        for field in gate.catalog.objects[file.object].links:
            needed = files.get(field.type.to) if isinstance(field.type, Link) else None
            if needed is not None:
                yield from visit(needed, trail | {file.object})
        done.add(file.object)
        yield file

    for file in files.values():
        yield from visit(file, frozenset())


def _sow(tx: Transaction, gate: Gate, file: SeedFile) -> int:
    known = _known(tx, file.object)
    written = 0
    for key, values in file.records.items():
        id = known.get(key)
        given = {n: _resolved(tx, gate, file.object, n, v) for n, v in values.items()}
        if id is None:
            change = Change(given=given)
            gate.pass_steps(tx, file.object, CREATE, [change])
            assert change.id is not None
            _remember(tx, file.object, key, change.id)
            written += 1
        elif file.managed:
            row = tx.fetch(file.object, [id]).get(id)
            if row is not None and row.get("deleted_on") is None:
                change = Change(given=given, id=id)
                gate.pass_steps(tx, file.object, UPDATE, [change])
                written += "unchanged" not in change.notes
    return written


def _resolved(tx: Transaction, gate: Gate, object: str, name: str, value: Any) -> Any:
    type_ = gate.catalog.objects[object].fields[name].type
    return _known(tx, type_.to).get(value) if isinstance(type_, Link) else value


def _known(tx: Transaction, object: str) -> dict[str, int]:
    """Record ids by seed key."""
    table = tx.tables.system("fw_key")
    statement = sa.select(table.c.name, table.c.key).where(
        table.c.kind == SEED, table.c.owner == object
    )
    return {name: int(key) for name, key in tx.connection.execute(statement)}


def _remember(tx: Transaction, object: str, key: str, id: int) -> None:
    table = tx.tables.system("fw_key")
    tx.connection.execute(sa.insert(table).values(kind=SEED, owner=object, name=key, key=str(id)))
