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

from engine.definition.duplicates import MatchRule
from engine.definition.objects import Object
from engine.matching import messages as matching_say
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
    rules = {rule.name: rule for rule in definition.duplicates}
    if not rules:
        raise Refusal(matching_say.NO_RULES(object=definition.label))
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
    makers = _makers(gate, connection, actor, definition, rules, held)
    for row in rows:
        said = [rules[name] for name in row["rules"].split() if name in rules]
        makes = [makers[one] for one in held[row["number"]] if one in makers]
        yield Found(
            number=row["number"],
            rules=tuple(rule.label for rule in said),
            similarity=row["similarity"],
            state=row["state"],
            at=row["at"],
            actor=row["actor"],
            members=tuple(make(row["similarity"]) for make in makes),
        )


def _makers(
    gate: Gate,
    connection: sa.Connection,
    actor: Actor,
    definition: Object,
    rules: Mapping[str, MatchRule],
    held: Mapping[int, Sequence[Named]],
) -> dict[Named, Any]:
    """What makes each live member's candidate."""
    finder = Finder(gate, connection, actor, reading_context(gate, connection, actor))
    rule = next(iter(rules.values()))
    found = {}
    ids: dict[str, set[int]] = defaultdict(set)
    for members in held.values():
        for object, record in members:
            ids[object].add(record)
    for name, target in gate.catalog.objects.items():
        if target.table in ids:
            made = finder.told(rule, name, ids[target.table], counting=False)
            found.update({(target.table, id): make for id, make in made.items()})
    return found
