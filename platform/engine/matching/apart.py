"""Records that somebody looked at and found to be different: no rule speaks of them again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from engine.expressions.among import among_ids
from engine.matching.tables import APART
from engine.records.gate import Gate
from engine.records.transaction import Transaction

Named = tuple[str, int]
"""The physical key of an object, and the id of one of its records."""


def pair_of(one: Named, other: Named) -> tuple[Named, Named]:
    """Both in the order in which the pair is kept."""
    return (one, other) if one <= other else (other, one)


def known_apart(
    gate: Gate,
    connection: sa.Connection,
    object: str,
    ids: Sequence[int],
    other_object: str,
) -> set[tuple[int, int]]:
    """The pairs (record of `object`, record of `other_object`) that are known to be different.

    Objects are physical keys. Of `ids` at least one record of each pair is a part; pairs of one
    object come in both orders. Two statements, whatever the number of ids.
    """
    if not ids:
        return set()
    t = gate.tables.system(APART)
    first = sa.select(t.c.record, t.c.other).where(
        t.c.object == object,
        t.c.other_object == other_object,
        among_ids(t.c.record, "ids", gate.dialect),
    )
    second = sa.select(t.c.other, t.c.record).where(
        t.c.other_object == object,
        t.c.object == other_object,
        among_ids(t.c.other, "ids", gate.dialect),
    )
    found: set[tuple[int, int]] = set()
    for statement in (first, second):
        rows = connection.execute(statement, {"ids": list(ids)})
        found.update((record, other) for record, other in rows)
    if object == other_object:
        found |= {(other, record) for record, other in found}
    return found


def set_apart(tx: Transaction, pairs: Iterable[tuple[Named, Named]]) -> int:
    """Remembers that the records of each pair are different; how many of them are new."""
    table = tx.tables.system(APART)
    wanted = {pair_of(*pair) for pair in pairs if pair[0] != pair[1]}
    fresh = wanted - _held(tx, wanted)
    tx.insert(
        table,
        [
            {
                "object": one[0], "record": one[1], "other_object": other[0], "other": other[1],
                "at": tx.now, "actor": tx.actor.person,
            }
            for one, other in sorted(fresh)
        ],
    )  # fmt: skip
    return len(fresh)


def take_apart_back(tx: Transaction, pairs: Iterable[tuple[Named, Named]]) -> None:
    """Forgets that the records of the pairs are different."""
    t = tx.tables.system(APART)
    for one, other in {pair_of(*pair) for pair in pairs}:
        here = (t.c.object == one[0], t.c.record == one[1])
        there = (t.c.other_object == other[0], t.c.other == other[1])
        tx.connection.execute(sa.delete(t).where(*here, *there))


def _held(tx: Transaction, wanted: set[tuple[Named, Named]]) -> set[tuple[Named, Named]]:
    t = tx.tables.system(APART)
    ids = sorted({one[1] for one, _ in wanted})
    statement = sa.select(t.c.object, t.c.record, t.c.other_object, t.c.other).where(
        among_ids(t.c.record, "ids", tx.dialect),
        t.c.object.in_(sorted({one[0] for one, _ in wanted}) or [""]),
    )
    rows = tx.connection.execute(statement, {"ids": ids})
    return {((a, b), (c, d)) for a, b, c, d in rows}
