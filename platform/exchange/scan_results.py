"""The groups that a scan found, as somebody may see them, and what is decided about them.

A group is shown to those who may see one of its records at least; of the others they learn what
`reveal` names (rule 31). Records that have gone since, merged ones too, are no longer part of it: a
group of which less than two are left is settled.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Object
from engine.matching.apart import Named, set_apart, take_apart_back
from engine.matching.finding import Candidate, Finder
from engine.matching.tables import GROUP, MEMBER
from engine.permissions.actors import Actor
from engine.problems import Refusal, Text
from engine.records.contexts import reading_context
from engine.records.gate import Gate
from engine.records.rights import forbidden
from engine.records.transaction import Transaction
from exchange import scan_messages as say
from jobs.work_rows import WorkRow

SCAN = "scan"
OPEN, KEPT, APART = "open", "kept", "apart"
STATES = (OPEN, KEPT, APART)
"""What a group is: not looked at, left as it is, or made of different records."""
PORTION = 100
MOST_LOOKED_AT = 2_000
"""Groups that one page looks through for those that somebody may see."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A group as somebody sees it. `similarity` is that of its weakest pair, 0 to 100."""

    number: int
    rules: tuple[Text, ...]
    similarity: int
    state: str
    at: dt.datetime | None
    actor: int | None
    members: tuple[Candidate, ...]

    @property
    def seen(self) -> tuple[Candidate, ...]:
        """The records that they may see."""
        return tuple(one for one in self.members if one.id is not None)

    @property
    def settled(self) -> bool:
        """Whether nothing is left to decide."""
        return self.state != OPEN or len(self.members) < 2


def require_scan(row: WorkRow) -> None:
    """Refuses long work that is no scan."""
    if row.kind != SCAN:
        raise Refusal(say.NO_SCAN(id=row.id))


def groups_found(
    gate: Gate,
    actor: Actor,
    work: int,
    definition: Object,
    *,
    after: int = 0,
    limit: int = 25,
    open_only: bool = False,
) -> list[Found]:
    """The next groups behind the number `after`, at most `limit`.

    With `open_only` those about which something is still to be decided.
    """
    found: list[Found] = []
    for some in _portions(gate, work, after, definition, actor):
        for group in some:
            if group.seen and not (open_only and group.settled):
                found.append(group)
                if len(found) == limit:
                    return found
    return found


def every_group(gate: Gate, actor: Actor, work: int, definition: Object) -> Iterator[Found]:
    """All groups of the scan that the actor may see, in order."""
    for some in _portions(gate, work, 0, definition, actor, most=None):
        yield from (group for group in some if group.seen)


def group_found(gate: Gate, actor: Actor, work: int, definition: Object, number: int) -> Found:
    """One group. Raises Refusal where there is none that the actor may see."""
    for some in _portions(gate, work, number - 1, definition, actor, most=1):
        for group in some:
            if group.number == number and group.seen:
                return group
    raise Refusal(say.NO_GROUP(work=work, number=number))


def decide(tx: Transaction, work: int, definition: Object, number: int, state: str) -> None:
    """Decides about a group: `open` again, `kept` as it is, or `apart`.

    Records that are apart are different, whatever the rules say: later scans and warnings respect
    that, until the group is opened again. Raises Refusal where the actor may not change records of
    the object, and, to tell records apart, where they do not see all of them.
    """
    lens = tx.lens(definition.name)
    if not lens.may("update"):
        raise Refusal(forbidden(lens, "update", tx.actor.roles))
    t = tx.tables.system(GROUP)
    here = (t.c.work == work, t.c.number == number)
    held = tx.connection.execute(sa.select(t.c.state).where(*here).with_for_update()).scalar()
    rows = _one(tx, work, number)
    found = next(_shown(tx.gate, tx.connection, tx.actor, work, definition, rows), None)
    if held is None or found is None or not found.seen:
        raise Refusal(say.NO_GROUP(work=work, number=number))
    if state == held:
        return
    pairs = list(_pairs(tx, definition, found.members))
    if APART in (state, held) and len(found.seen) < len(found.members):
        raise Refusal(say.NOT_ALL_SEEN())
    if state == APART:
        set_apart(tx, pairs)
    elif held == APART:
        take_apart_back(tx, pairs)
    by = {"at": tx.now, "actor": tx.actor.person} if state != OPEN else {"at": None, "actor": None}
    tx.connection.execute(sa.update(t).where(*here).values(state=state, **by))


def _pairs(
    tx: Transaction, definition: Object, members: Sequence[Candidate]
) -> Iterator[tuple[Named, Named]]:
    """Every two members that a rule could hold together."""
    keys = {name: o.table for name, o in tx.catalog.objects.items()}
    named = [(keys[one.object], one.record) for one in members]
    for one, other in combinations(named, 2):
        if definition.table in (one[0], other[0]):
            yield one, other


def _one(tx: Transaction, work: int, number: int) -> list[Mapping[str, Any]]:
    t = tx.tables.system(GROUP)
    statement = sa.select(t).where(t.c.work == work, t.c.number == number)
    return [dict(row) for row in tx.connection.execute(statement).mappings()]


def _portions(
    gate: Gate,
    work: int,
    after: int,
    definition: Object,
    actor: Actor,
    *,
    most: int | None = MOST_LOOKED_AT,
) -> Iterator[list[Found]]:
    """Groups in order, those that the actor may not see as well, in portions."""
    t = gate.tables.system(GROUP)
    left = most
    while left is None or left > 0:
        size = PORTION if left is None else min(PORTION, left)
        statement = (
            sa.select(t)
            .where(t.c.work == work, t.c.number > after)
            .order_by(t.c.number)
            .limit(size)
        )
        with gate.databases.reading() as connection:
            rows = [dict(row) for row in connection.execute(statement).mappings()]
            if not rows:
                return
            found = list(_shown(gate, connection, actor, work, definition, rows))
        yield found
        after = rows[-1]["number"]
        left = None if left is None else left - size


def _shown(
    gate: Gate,
    connection: sa.Connection,
    actor: Actor,
    work: int,
    definition: Object,
    rows: Sequence[Mapping[str, Any]],
) -> Iterator[Found]:
    """The groups of the rows with their members: one statement for members, one for each object."""
    if not rows:
        return
    m = gate.tables.system(MEMBER)
    first, last = rows[0]["number"], rows[-1]["number"]
    statement = (
        sa.select(m.c.number, m.c.object, m.c.record)
        .where(m.c.work == work, m.c.number.between(first, last))
        .order_by(m.c.number, m.c.object != definition.table, m.c.record)
    )
    held: dict[int, list[Named]] = defaultdict(list)
    for number, object, record in connection.execute(statement):
        held[number].append((object, record))
    named = [(row["rules"].split(), held[row["number"]]) for row in rows]
    labels = {rule.name: rule.label for rule in definition.duplicates}
    for row, members in zip(rows, sights(gate, connection, actor, definition, named), strict=True):
        yield Found(
            number=row["number"],
            rules=tuple(labels.get(name, Text.of(name)) for name in row["rules"].split()),
            similarity=row["similarity"],
            state=row["state"],
            at=row["at"],
            actor=row["actor"],
            members=tuple(members),
        )


def sights(
    gate: Gate,
    connection: sa.Connection,
    actor: Actor,
    definition: Object,
    groups: Sequence[tuple[Sequence[str], Sequence[Named]]],
) -> list[list[Candidate]]:
    """The live records of each group, given by its rules and members, as the actor may see them.

    Who sees a record sees as well, on that record, every field by which a rule of the group found
    it: to name records that agree is to say what stands there. One statement for each rule and
    object.
    """
    rules = {rule.name: rule for rule in definition.duplicates}
    names = {target.table: name for name, target in gate.catalog.objects.items()}
    wanted: dict[tuple[str, str], set[int]] = defaultdict(set)
    for said, members in groups:
        for rule in (name for name in said if name in rules):
            for object, record in members:
                wanted[rule, object].add(record)
    finder = Finder(gate, connection, actor, reading_context(gate, connection, actor))
    told: dict[tuple[str, Named], Candidate] = {}
    for (name, object), ids in wanted.items():
        if object in names:
            own = object == definition.table
            made = finder.told(rules[name], names[object], ids, counting=False, own=own)
            told.update({(name, (object, id)): make(100) for id, make in made.items()})
    found = []
    for said, members in groups:
        seen: list[Candidate] = []
        for member in members:
            views = [told[name, member] for name in said if (name, member) in told]
            if views:  # the strictest of them
                seen.append(min(views, key=lambda one: one.id is not None))
        found.append(seen)
    return found
