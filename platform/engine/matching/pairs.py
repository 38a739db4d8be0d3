"""Pairs of records that rules say are probably the same, found by walking through all keys.

1. The keys of a rule stand in order in `fw_match`, so records with the same key are neighbours. A
   *portion* reads so many keys, behind the last one that was done with: memory stays bounded.
2. *Same*: records whose whole keys agree. Of a key that more than `MOST_TOGETHER` records share,
   the first ones are taken.
3. *Similar*: records that share a block are compared with each other; in a block of more than
   `MOST_IN_BLOCK` only with their neighbours by the alphabet, read forwards and backwards.
4. *Against*: rows of the object are looked up among the records of the other one, as when they
   are typed. What a row refers to already is no finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby
from typing import Any

import sqlalchemy as sa
from rapidfuzz.fuzz import ratio
from rapidfuzz.process import extract

from engine.definition.duplicates import MatchRule
from engine.expressions import Context, JoinSet, to_sql
from engine.expressions.among import among_ids
from engine.fieldtypes.link import Link
from engine.matching.apart import known_apart
from engine.matching.finding import Asked, Finder
from engine.matching.keys import BETWEEN, BLOCK_MARK, WHOLE, stored_under
from engine.matching.tables import MATCH
from engine.permissions.actors import SYSTEM
from engine.permissions.binds import Binds
from engine.records.gate import Gate
from engine.schema.tables import DELETED

PORTION = 5_000
"""Keys that one portion reads."""
ROWS = 1_000
"""Rows of another object that one portion looks up."""
MOST_TOGETHER = 50
"""Records of one key, and of one group: what more records share says little."""
MOST_IN_BLOCK = 300
WINDOW = 40
"""Neighbours that a record of a larger block is compared with, in each direction."""
SAME, SIMILAR, AGAINST = "same", "similar", "against"
_RANGES = {SAME: (WHOLE, BLOCK_MARK), SIMILAR: (BLOCK_MARK, "\x7f")}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records and how similar they are, 0 to 100; `other` may be one of another object."""

    record: int
    other: int
    similarity: int


@dataclass(slots=True)
class Portion:
    """What one portion found: `read` keys or rows, the place `after` which the next one begins.

    `crowded` is the number of keys that too many records share. Empty `after`: it was the last.
    """

    pairs: list[Pair] = field(default_factory=list)
    read: int = 0
    after: str = ""
    crowded: int = 0


def ways_of(rule: MatchRule, rules: Sequence[MatchRule] = ()) -> tuple[str, ...]:
    """The ways in which pairs of the rule are found, in order.

    What one of the object's other `rules` says of whole keys is not found a second time.
    """
    if rule.against is not None:
        return (AGAINST,)
    if not rule.fuzzy:
        return (SAME,)
    said = any(
        other.match == rule.match and not (other.fuzzy or other.against or other.where)
        for other in rules
    )
    return (SIMILAR,) if said else (SAME, SIMILAR)


class Walk:
    """A walk through the keys of one rule, within one connection."""

    def __init__(
        self, gate: Gate, connection: sa.Connection, context: Context, rule: MatchRule
    ) -> None:
        self.gate = gate
        self.connection = connection
        self.context = context
        self.rule = rule
        self.match = gate.tables.system(MATCH)
        self.stored = stored_under(gate.catalog, rule)

    def total(self) -> int:
        """Keys, or rows, that there are to be read."""
        if self.rule.against is not None:
            table = self.gate.tables.table(self.rule.object)
            counted = (
                sa.select(sa.func.count()).select_from(table).where(table.c[DELETED].is_(None))
            )
        else:
            t = self.match
            counted = sa.select(sa.func.count()).select_from(t).where(t.c.rule == self.stored)
        return int(self.connection.execute(counted).scalar_one())

    def portion(self, way: str, after: str) -> Portion:
        """The next portion behind `after`; empty for the first one."""
        if way == AGAINST:
            return self._against(int(after or 0))
        rows = self._keys(way, after)
        found = Portion(read=len(rows))
        if len(rows) == PORTION:
            found.after = rows[-1][0]
            if rows[0][0] != rows[-1][0]:  # the last key may go on behind the portion
                rows = [row for row in rows if row[0] != rows[-1][0]]
                found.read, found.after = len(rows), rows[-1][0]
        shared = []
        for _, some in groupby(rows, key=lambda row: row[0]):
            ids = [record for _, record in some]
            if len(ids) > 1:
                shared.append(ids)
        if way == SAME:
            found.crowded = sum(len(ids) > MOST_TOGETHER for ids in shared)
            found.pairs = self._same([ids[:MOST_TOGETHER] for ids in shared])
        else:
            found.crowded = sum(len(ids) > MOST_IN_BLOCK for ids in shared)
            found.pairs = self._similar(shared)
        return found

    def _keys(self, way: str, after: str) -> Sequence[Any]:
        """Keys with the live records that count, in order."""
        t, table = self.match, self.gate.tables.table(self.rule.object)
        binds, joins = Binds(), JoinSet()
        least, beyond = _RANGES[way]
        conditions = [
            t.c.rule == self.stored, t.c.key > (after or least), t.c.key < beyond,
            table.c[DELETED].is_(None),
        ]  # fmt: skip
        if self.rule.where is not None:
            compiled = to_sql(self.rule.where, self.gate.tables, table, self.gate.dialect, joins)
            binds.add(compiled)
            conditions.append(compiled.condition)
        statement = (
            sa.select(t.c.key, t.c.record)
            .select_from(joins.applied(t.join(table, table.c.id == t.c.record)))
            .where(*conditions)
            .order_by(t.c.key, t.c.record)
            .limit(PORTION)
        )
        return self.connection.execute(statement, binds.values(SYSTEM, self.context)).all()

    def _apart(self, ids: Iterable[int]) -> set[tuple[int, int]]:
        key = self.gate.catalog.objects[self.rule.object].table
        return known_apart(self.gate, self.connection, key, sorted(set(ids)), key)

    def _same(self, shared: Sequence[Sequence[int]]) -> list[Pair]:
        """As few pairs as hold together what is not known to be different."""
        apart = self._apart(id for ids in shared for id in ids)
        found: list[Pair] = []
        for ids in shared:
            if not any(pair in apart for pair in combinations(ids, 2)):
                found += [Pair(ids[0], other, 100) for other in ids[1:]]
            else:
                found += [Pair(*two, 100) for two in combinations(ids, 2) if two not in apart]
        return found

    def _similar(self, shared: Sequence[Sequence[int]]) -> list[Pair]:
        texts = self._texts(sorted({id for ids in shared for id in ids}))
        found: dict[tuple[int, int], int] = {}
        for ids in shared:
            known = sorted((texts[id], id) for id in ids if id in texts)
            for one, other, score in _near(known, self.rule.least):
                found[min(one, other), max(one, other)] = score
        apart = self._apart(id for pair in found for id in pair)
        return [Pair(*pair, score) for pair, score in found.items() if pair not in apart]

    def _texts(self, ids: Sequence[int]) -> dict[int, str]:
        """Of each record the text that is compared."""
        t, place = self.match, self.rule.match_place
        statement = sa.select(t.c.record, t.c.key).where(
            among_ids(t.c.record, "ids", self.gate.dialect),
            t.c.rule == self.stored, t.c.key >= WHOLE, t.c.key < BLOCK_MARK,
        )  # fmt: skip
        found = {}
        for record, key in self.connection.execute(statement, {"ids": list(ids)}):
            parts = key.removeprefix(WHOLE).split(BETWEEN)
            if place < len(parts):
                found[record] = parts[place]
        return found

    def _against(self, after: int) -> Portion:
        assert self.rule.against is not None
        gate, definition = self.gate, self.gate.catalog.objects[self.rule.object]
        table, target = gate.tables.table(definition.name), self.rule.against[0]
        refers = [f for f in definition.links if isinstance(f.type, Link) and f.type.to == target]
        fields = {f.name: f for f in (*(definition.fields[n] for n in self.rule.fields), *refers)}
        columns = [table.c[f.column].label(name) for name, f in fields.items()]
        statement = (
            sa.select(table.c.id.label("id"), *columns)
            .where(table.c.id > after, table.c[DELETED].is_(None))
            .order_by(table.c.id)
            .limit(ROWS)
        )
        rows = self.connection.execute(statement).mappings().all()
        finder = Finder(gate, self.connection, SYSTEM, self.context)
        asked = [Asked(dict(row), row["id"]) for row in rows]
        found = Portion(read=len(rows), after=str(rows[-1]["id"]) if len(rows) == ROWS else "")
        for place, candidates in finder.find(self.rule, asked).items():
            known = {rows[place][f.name] for f in refers}
            found.pairs += [
                Pair(rows[place]["id"], one.record, one.similarity)
                for one in candidates
                if one.record not in known
            ]
        return found


def _near(known: Sequence[tuple[str, int]], least: int) -> Iterator[tuple[int, int, int]]:
    """Pairs of ids whose texts, in order, are similar but not the same."""
    if len(known) <= MOST_IN_BLOCK:
        yield from _window(known, least, len(known))
        return
    yield from _window(known, least, WINDOW)
    yield from _window(sorted(known, key=lambda one: one[0][::-1]), least, WINDOW)


def _window(
    known: Sequence[tuple[str, int]], least: int, size: int
) -> Iterator[tuple[int, int, int]]:
    texts = [text for text, _ in known]
    for place, (text, id) in enumerate(known):
        near = extract(
            text, texts[place + 1 : place + 1 + size], scorer=ratio, score_cutoff=least, limit=None
        )
        for other, score, behind in near:
            if other != text:
                yield id, known[place + 1 + behind][1], int(score)
