"""Whether the audit is still as it was written: every row, every seal, the whole chain.

1. Seals are walked in order, their rows set-wise with them: at most `TOGETHER` rows in memory.
2. A row's digests are computed anew. Data that are gone must have been erased through
   `erasing`, which leaves a row of its own.
3. A seal's hash is computed anew over its rows; if it differs, the seal's list names the rows
   that are missing, were put in or are not what they were, and else the seal itself.
4. Each seal names the one before it; numbers have no gaps; no row claims a seal that is none. The
   first follows the cut up to which old rows were removed, if there is one (`pruning_audit`), and
   the latest event of that kind must name the same cut.
5. Rows that are not sealed yet are looked at by their digests alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.records.auditing import digest, earlier_digest
from engine.records.chaining import leaf, listed, seal_hash
from engine.records.gate import Gate
from engine.records.pruning_audit import cut_of, cuts_in
from engine.schema.audit_tables import LOGS, SEALS

TOGETHER = 5_000
"""Rows that are looked at together at most, and seals."""
ERASE = "erase"
_EMPTY = hashlib.sha256(b"").hexdigest()
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was written: `what` of row or seal `number` in `log`."""

    log: str
    what: str
    number: int
    seal: int | None = None


def count_rows(gate: Gate) -> int:
    """How many rows there are to be looked at."""
    total = 0
    with gate.databases.reading() as connection:
        for log in LOGS:
            table = gate.tables.system(log)
            total += connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
    return total


def verify_audit(gate: Gate, progress: Progress = lambda rows: None) -> Iterator[Fault]:
    """All faults of both logs; `progress` is told of rows as they are done."""
    with gate.databases.reading() as connection:
        for log in LOGS:
            yield from _Verification(gate, connection, log, progress).faults()


def anchored(gate: Gate, hash: str) -> bool:
    """Whether a seal that was kept elsewhere is still in a chain."""
    seals = gate.tables.system(SEALS)
    with gate.databases.reading() as connection:
        wanted = hash.strip().lower()
        found = sa.select(seals.c.number).where(seals.c.hash == wanted)
        if connection.execute(found).first() is not None:
            return True
        return any(cut.hash == wanted for cut in cuts_in(gate, connection))


class _Verification:
    """One log on its way."""

    def __init__(self, gate: Gate, connection: sa.Connection, log: str, progress: Progress) -> None:
        self.gate, self.connection, self.log, self.progress = gate, connection, log, progress
        self.table, self.seals = gate.tables.system(log), gate.tables.system(SEALS)
        self.first = 1

    def faults(self) -> Iterator[Fault]:
        cut = cut_of(self.gate, self.connection, self.log)
        number, previous = (cut.number, cut.hash) if cut else (0, "")
        self.first = number + 1
        if cut and not cut.noted:
            yield Fault(self.log, "cut not noted", number)
        for together in self._seals():
            rows: dict[int, dict[int, Mapping[str, Any]]] = {}
            within = self.table.c.seal.between(number + 1, together[-1]["number"])
            found = self._rows(sa.select(self.table).where(within))
            yield from self._altered(found)
            for row in found:
                rows.setdefault(row["seal"], {})[row["id"]] = row
            for seal in together:
                for gap in range(number + 1, seal["number"]):
                    yield Fault(self.log, "seal missing", gap)
                expected = previous if seal["number"] == number + 1 else None
                own = rows.pop(seal["number"], {})
                yield from self._sealed(seal, own, expected)
                number, previous = seal["number"], seal["hash"]
            for of_none, claimed in rows.items():
                yield from (Fault(self.log, "no such seal", id, of_none) for id in claimed)
        beyond = sa.select(self.table.c.id, self.table.c.seal).where(
            sa.or_(self.table.c.seal > number, self.table.c.seal < self.first),
            ~sa.exists().where(
                self.seals.c.log == self.log, self.seals.c.number == self.table.c.seal
            ),
        )
        for id, claimed_seal in self.connection.execute(beyond.limit(TOGETHER)).all():
            yield Fault(self.log, "no such seal", id, claimed_seal)
        yield from self._unsealed()

    def _seals(self) -> Iterator[list[Mapping[str, Any]]]:
        """The seals in order, so many together that their rows are not too many."""
        number, together, rows = self.first - 1, list[Mapping[str, Any]](), 0
        while True:
            statement = (
                sa.select(self.seals)
                .where(self.seals.c.log == self.log, self.seals.c.number > number)
                .order_by(self.seals.c.number)
                .limit(TOGETHER)
            )
            page = self.connection.execute(statement).mappings().all()
            for seal in page:
                if together and rows + seal["count"] > TOGETHER:
                    yield together
                    together, rows = [], 0
                together.append(dict(seal))
                rows += seal["count"]
                number = seal["number"]
            if len(page) < TOGETHER:
                break
        if together:
            yield together

    def _rows(self, statement: sa.Select[Any]) -> Sequence[Mapping[str, Any]]:
        ordered = statement.order_by(self.table.c.seal, self.table.c.id)
        found = [dict(row) for row in self.connection.execute(ordered).mappings()]
        self.progress(len(found))
        return found

    def _sealed(
        self, seal: Mapping[str, Any], rows: Mapping[int, Any], previous: str | None
    ) -> Iterator[Fault]:
        """The faults of one seal; `previous` is the hash that it must follow."""
        if previous is not None and seal["previous"] != previous:
            yield Fault(self.log, "chain broken", seal["number"])
        leaves = {id: leaf(row) for id, row in rows.items()}
        if seal_hash(seal, leaves) == seal["hash"]:
            return
        kept = dict(part.partition(":")[::2] for part in str(seal["rows"]).split())
        now = dict(part.partition(":")[::2] for part in listed(leaves).split())
        if kept == now:
            yield Fault(self.log, "seal changed", seal["number"])
        for id in sorted({*kept, *now} - {i for i in kept if kept[i] == now.get(i)}, key=_number):
            what = "missing" if id not in now else "inserted" if id not in kept else "replaced"
            yield Fault(self.log, what, _number(id), seal["number"])

    def _altered(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
        """Rows that do not fit their digests; erased ones if nobody erased them."""
        gone: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
        for row in rows:
            data, kept = row["data"], row["data_digest"]
            inner = hashlib.sha256((data or "").encode()).hexdigest()
            erased = data is None and kept is not None and kept != _EMPTY
            if erased:
                inner = kept
                gone.setdefault((row["object"], row["record"]), []).append(row)
            if kept not in (None, inner) or row["digest"] not in (
                digest(row, inner),
                earlier_digest(row, inner),
            ):
                yield Fault(self.log, "altered", row["id"], row["seal"])
        for (object, record), found in gone.items():
            known = self._erased(object, record)
            for row in found:
                if row["id"] not in known:
                    yield Fault(self.log, "emptied", row["id"], row["seal"])

    def _erased(self, object: str, record: int) -> set[int]:
        """The ids whose data were erased through the door, of one record."""
        table = self.gate.tables.system(LOGS[0])
        known = (o.names for o in self.gate.catalog.objects.values() if object in o.names)
        statement = sa.select(table.c.data).where(
            table.c.object.in_(next(known, (object,))),
            table.c.record == record,
            table.c.action == ERASE,
        )
        found: set[int] = set()
        for (data,) in self.connection.execute(statement):
            found.update(json.loads(data or "{}").get(self.log, ()))
        return found

    def _unsealed(self) -> Iterator[Fault]:
        last = 0
        while True:
            statement = (
                sa.select(self.table)
                .where(self.table.c.seal.is_(None), self.table.c.id > last)
                .order_by(self.table.c.id)
                .limit(TOGETHER)
            )
            rows = [dict(row) for row in self.connection.execute(statement).mappings()]
            self.progress(len(rows))
            yield from self._altered(rows)
            if len(rows) < TOGETHER:
                return
            last = rows[-1]["id"]


def _number(text: str) -> int:
    """An id in a seal's list; what is none there counts as 0."""
    return int(text) if text.isdecimal() else 0
