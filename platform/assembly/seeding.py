"""Seed records reach the database through the gate, once (rule 8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from engine.definition.seeds import SeedFile
from engine.fieldtypes.link import Link
from engine.fieldtypes.links import Links
from engine.permissions.actors import SYSTEM
from engine.records.changes import CREATE, UPDATE, Change
from engine.records.gate import Gate
from engine.records.settings import make_missing, one_id
from engine.records.transaction import Transaction
from engine.schema.state import SEED


def sow(gate: Gate) -> int:
    """Creates missing seed records, and updates managed ones; returns how many were written.

    A record that somebody deleted stays deleted.
    """
    files: dict[str, SeedFile] = dict(gate.catalog.of("data"))
    if not files and not any(o.is_settings for o in gate.catalog.objects.values()):
        return 0
    return gate.write(SYSTEM, lambda tx: _sow_all(tx, gate, files), quiet=True)


def _sow_all(tx: Transaction, gate: Gate, files: dict[str, SeedFile]) -> int:
    """Seed records first: one of a settings object takes the place of that with its defaults."""
    return sum(_sow(tx, gate, f) for f in _ordered(gate, files)) + make_missing(tx)


def _ordered(gate: Gate, files: dict[str, SeedFile]) -> Iterator[SeedFile]:
    """Files after those that their links name."""
    done: set[str] = set()

    def visit(file: SeedFile, trail: frozenset[str]) -> Iterator[SeedFile]:
        if file.object in done or file.object in trail:
            return
        definition = gate.catalog.objects[file.object]
        for field in (*definition.links, *definition.many):
            needed = files.get(field.type.to) if isinstance(field.type, Link | Links) else None
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
        if id is None and gate.catalog.objects[file.object].is_settings:
            id = one_id(gate, tx.connection, file.object)  # made before there was a seed
            if id is not None:
                _remember(tx, file.object, key, id)
                continue
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
    if isinstance(type_, Links):
        known = _known(tx, type_.to)
        keys = value if isinstance(value, list) else [value]
        return [known[key] for key in keys if key in known]
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
