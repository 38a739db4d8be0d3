"""What a batch did to each record altogether, read from the audit (rule 11).

Several audit rows of a batch about one record are one effect: from what it was before the first of
them to what it was after the last.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine.records.changes import CREATE, DELETE, RESTORE, UPDATE
from engine.records.transaction import Transaction

AUDIT = "fw_audit"
ACTIONS = (CREATE, UPDATE, DELETE, RESTORE)

Values = dict[str, list[Any]]
"""By field name the value before and after, as the audit has it."""


@dataclass(slots=True)
class NetLine:
    """What became of one line: whether it was there before and after, and its values."""

    before: bool
    after: bool = True
    fields: Values = field(default_factory=dict)


@dataclass(slots=True)
class Net:
    """What became of one record.

    `first` is the batch's first audit row about it. `existed`: it was there before; `lived` and
    `lives`: before and after it was not in the recycle bin. `touched`: others changed it since.
    """

    object: str
    record: int
    first: int
    existed: bool = True
    lived: bool = True
    lives: bool = True
    touched: bool = False
    fields: Values = field(default_factory=dict)
    lines: dict[str, dict[int, NetLine]] = field(default_factory=dict)

    @property
    def nothing(self) -> bool:
        """Whether all that was done was undone again."""
        return (
            self.lived == self.lives
            and all(before == after for before, after in self.fields.values())
            and all(
                line.before == line.after
                and (not line.after or all(a == b for a, b in line.fields.values()))
                for lines in self.lines.values()
                for line in lines.values()
            )
        )


@dataclass(frozen=True, slots=True)
class Touched:
    """A record that a batch touched, by the batch's first audit row about it."""

    first: int
    object: str
    record: int


def count_touched(connection: sa.Connection, audit: sa.Table, batch: int) -> int:
    """How many records the batch touched."""
    rows = sa.select(audit.c.object, audit.c.record).where(
        audit.c.batch == batch, audit.c.action.in_(ACTIONS)
    )
    statement = sa.select(sa.func.count()).select_from(rows.distinct().subquery())
    return int(connection.execute(statement).scalar_one())


def touched_before(
    connection: sa.Connection, audit: sa.Table, batch: int, before: int | None, most: int
) -> list[Touched]:
    """The records that the batch touched, what it touched last first; `before` is the `first` of
    the last one that is done with."""
    other = audit.alias()
    earlier = sa.exists().where(
        other.c.object == audit.c.object,
        other.c.record == audit.c.record,
        other.c.id < audit.c.id,
        other.c.batch == batch,
        other.c.action.in_(ACTIONS),
    )
    statement = (
        sa.select(audit.c.id, audit.c.object, audit.c.record)
        .where(audit.c.batch == batch, audit.c.action.in_(ACTIONS), ~earlier)
        .order_by(audit.c.id.desc())
        .limit(most)
    )
    if before is not None:
        statement = statement.where(audit.c.id < before)
    return [Touched(*row) for row in connection.execute(statement)]


def nets(tx: Transaction, batch: int, touched: Sequence[Touched]) -> Iterator[Net]:
    """What the batch did to each of these records, in their order."""
    t = tx.tables.system(AUDIT)
    own: dict[tuple[str, int], Net] = {}
    others: dict[tuple[str, int], Net] = {}
    by_object: dict[str, list[Touched]] = defaultdict(list)
    for one in touched:
        by_object[one.object].append(one)
    for object, some in by_object.items():
        statement = (
            sa.select(t.c.id, t.c.record, t.c.batch, t.c.action, t.c.data)
            .where(
                t.c.object == object,
                t.c.record.in_([one.record for one in some]),
                t.c.id >= min(one.first for one in some),
                t.c.action.in_(ACTIONS),
            )
            .order_by(t.c.id)
        )
        firsts = {one.record: one.first for one in some}
        for id, record, of, action, data in tx.connection.execute(statement):
            if id >= firsts[record]:
                key = (object, record)
                _take_in(own if of == batch else others, key, id, action, json.loads(data or "{}"))
    for one in touched:
        net = own[one.object, one.record]
        later = others.get((one.object, one.record))
        net.touched = later is not None and not later.nothing
        yield net


def _take_in(
    known: dict[tuple[str, int], Net], key: tuple[str, int], id: int, action: str, data: Any
) -> None:
    net = known.get(key)
    if net is None:
        net = known[key] = Net(*key, first=id)
        net.existed = action != CREATE
        net.lived = action in (UPDATE, DELETE)
    net.lives = action != DELETE
    _chain(net.fields, data.get("fields", {}))
    for name, lines in data.get("lines", {}).items():
        found = net.lines.setdefault(name, {})
        for line in lines:
            one = found.setdefault(line["id"], NetLine(line["action"] != CREATE))
            one.after = line["action"] != DELETE
            _chain(one.fields, line["fields"])


def _chain(known: Values, more: Mapping[str, Iterable[Any]]) -> None:
    """Takes in later changes: what it was before stays, what it became is replaced."""
    for name, (before, after) in more.items():
        if name in known:
            known[name][1] = after
        else:
            known[name] = [before, after]
