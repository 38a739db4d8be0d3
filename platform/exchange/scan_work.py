"""A scan for duplicates as long work: pairs by every rule, groups of them, a table to take away.

1. Each rule's keys are walked through in portions (`engine.matching.pairs`); what is found is kept
   as pairs. A portion is a chunk of the work: it can pause, and goes on behind the last key.
2. Pairs become groups (`engine.matching.grouping`). A group stays where whoever asked may see one
   of its records at least; nothing tells how many others there would be.
3. Progress is told in hundredths: how many keys there are is nobody's business who sees less.
4. The groups are written to a CSV file as whoever asked may see them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from engine.definition.duplicates import MatchRule
from engine.definition.objects import Object
from engine.files import Files
from engine.matching import messages as matching_say
from engine.matching.grouping import Edge, Group, grouped
from engine.matching.pairs import Pair, Walk, ways_of
from engine.matching.tables import GROUP, MEMBER, PAIR
from engine.permissions.actors import Actor
from engine.problems import Refusal
from engine.records.contexts import reading_context
from engine.records.gate import Gate
from engine.records.rights import forbidden
from engine.records.transaction import Transaction
from engine.schema.since import Since
from exchange import scan_messages as say
from exchange.import_work import attach_table
from exchange.said import in_both
from exchange.scan_results import OPEN, SCAN, sights
from exchange.scan_table import HEADER, table_rows
from exchange.scope import exchanged
from jobs.work import Work
from jobs.work_here import Ended, do_here
from jobs.work_ongoing import Ongoing
from jobs.work_running import WorkKind
from jobs.work_tables import WORK

MOST_PAIRS = 200_000
"""Pairs that one scan keeps; they are held in memory once, when groups are made of them."""
CHUNK = 500
"""Groups that are written in one transaction."""
TITLE = {"en": "Duplicates among {object}", "zh": "{object}查重"}
TABLE = {"en": "Groups of duplicates", "zh": "重复记录分组"}


@dataclass(frozen=True, kw_only=True)
class ScanRequest:
    """A scan as it is asked for; `locale` is the language of its table."""

    object: str
    locale: str = "en"


def check_scan(gate: Gate, actor: Actor, object: str) -> Object:
    """The object whose records are looked through.

    Raises Refusal for an object without match rules, and for somebody who may not change records.
    """
    definition = exchanged(gate.catalog, object)
    lens = gate.lenses.lens(definition.name, None if actor.is_system else actor.roles)
    for action in ("read", "update"):
        if not lens.may(action):
            raise Refusal(forbidden(lens, action, actor.roles))
    if not definition.duplicates:
        raise Refusal(matching_say.NO_RULES(object=definition.label))
    return definition


def scan_work(gate: Gate, actor: Actor, request: ScanRequest) -> Work:
    """The long work that the request stands for. Raises Refusal as `check_scan` does."""
    definition = check_scan(gate, actor, request.object)
    title = {k: text.format(object=definition.plural.in_(k)) for k, text in TITLE.items()}
    return Work(kind=SCAN, title=title, object=request.object, params=asdict(request))


def scan_here(
    gate: Gate,
    actor: Actor,
    files: Files,
    request: ScanRequest,
    shown: Callable[[int, int | None], None],
) -> Ended:
    """Scans in this process, as work that others see. Raises Refusal as `check_scan` does."""
    work = scan_work(gate, actor, request)
    return do_here(gate, actor, work, SCAN_KIND, files, shown, "notice")


def _run(ongoing: Ongoing) -> None:
    params = ongoing.row.params
    definition = check_scan(ongoing.gate, ongoing.actor, params["object"])
    if not ongoing.cursor:
        _begin(ongoing, definition)
    _find(ongoing, definition)
    _group(ongoing, definition)
    locale = params["locale"]
    rows = table_rows(ongoing.gate, ongoing.actor, ongoing.row.id, definition, locale)
    attach_table(ongoing, f"{definition.name}-duplicates.csv", TABLE, HEADER[locale], rows)


def _renamed(params: Mapping[str, Any], since: Since) -> dict[str, Any]:
    return {**params, "object": since.object(params["object"])}


SCAN_KIND = WorkKind(SCAN, _run, renamed=_renamed)


def _begin(ongoing: Ongoing, definition: Object) -> None:
    """Forgets what scans found whose files are gone, and counts what there is to read."""
    gate = ongoing.gate
    with gate.databases.reading() as connection:
        context = reading_context(gate, connection, ongoing.actor)
        walks = [Walk(gate, connection, context, rule) for rule in definition.duplicates]
        total = sum(walk.total() for walk in walks)
    with ongoing.chunk() as tx:
        work = tx.tables.system(WORK)
        gone = sa.select(work.c.id).where(work.c.kind == SCAN, sa.not_(work.c.kept))
        for name in (PAIR, GROUP, MEMBER):
            table = tx.tables.system(name)
            tx.connection.execute(sa.delete(table).where(table.c.work.in_(gone)))
        cursor = {"way": "", "after": "", "over": [], "pairs": 0, "crowded": []}
        cursor |= {"read": 0, "keys": total}
        ongoing.save(tx, cursor=cursor, total=100)


def _find(ongoing: Ongoing, definition: Object) -> None:
    """Walks through the keys of all rules, from where it stands."""
    gate = ongoing.gate
    for rule in definition.duplicates:
        for way in ways_of(rule, definition.duplicates):
            here = f"{rule.name}:{way}"
            after = ongoing.cursor["after"] if ongoing.cursor["way"] == here else ""
            while here not in ongoing.cursor["over"]:
                if ongoing.cursor["pairs"] >= MOST_PAIRS:
                    return
                with gate.databases.reading() as connection:
                    context = reading_context(gate, connection, ongoing.actor)
                    found = Walk(gate, connection, context, rule).portion(way, after)
                after = found.after
                crowded = list(ongoing.cursor["crowded"])
                if found.crowded and rule.name not in crowded:
                    crowded.append(rule.name)
                with ongoing.chunk() as tx:
                    kept = _keep(tx, ongoing.row.id, rule, found.pairs)
                    over = [*ongoing.cursor["over"], *([] if after else [here])]
                    place: dict[str, Any] = {"way": here, "after": after, "over": over}
                    place["crowded"] = crowded
                    place["pairs"] = ongoing.cursor["pairs"] + kept
                    place["read"] = ongoing.cursor["read"] + found.read
                    done = min(99, 100 * place["read"] // max(1, ongoing.cursor["keys"]))
                    ongoing.save(tx, cursor=ongoing.cursor | place, done=done)


def _keep(tx: Transaction, work: int, rule: MatchRule, pairs: Sequence[Pair]) -> int:
    """Writes pairs, each of them once; how many there were."""
    rows = [{"work": work, "rule": rule.name, **asdict(pair)} for pair in pairs]
    if rows:
        kind = sqlite if tx.dialect == "sqlite" else postgresql
        table = tx.tables.system(PAIR)
        tx.connection.execute(kind.insert(table).on_conflict_do_nothing(), rows)
    return len(rows)


def _group(ongoing: Ongoing, definition: Object) -> None:
    """Writes the groups, then forgets the pairs."""
    gate, groups = ongoing.gate, _groups(ongoing, definition)
    first = int(ongoing.cursor.get("grouped", 0))
    for start in range(first, len(groups), CHUNK):
        some = groups[start : start + CHUNK]
        with ongoing.chunk() as tx:
            named = [(group.rules, group.members) for group in some]
            seen = sights(gate, tx.connection, ongoing.actor, definition, named)
            kept = [
                one
                for one, members in zip(some, seen, strict=True)
                if any(member.id is not None for member in members)
            ]
            counts = Counter(ongoing.counts)
            _write(tx, ongoing.row.id, list(enumerate(kept, counts["groups"] + 1)))
            members = sum(len(group.members) for group in kept)
            counts += Counter(groups=len(kept), duplicates=members)
            cursor = ongoing.cursor | {"grouped": start + len(some)}
            ongoing.save(tx, cursor=cursor, counts=counts)
    with ongoing.chunk() as tx:
        pairs = tx.tables.system(PAIR)
        tx.connection.execute(sa.delete(pairs).where(pairs.c.work == ongoing.row.id))
        counted = {"groups": 0} | ongoing.counts
        rows = [] if ongoing.cursor.get("told") else list(_notices(ongoing, definition))
        cursor = ongoing.cursor | {"told": True}
        ongoing.save(tx, cursor=cursor, counts=counted, done=ongoing.total, rows=rows)


def _groups(ongoing: Ongoing, definition: Object) -> list[Group]:
    """All groups of the pairs, in the same order whenever they are asked for."""
    gate, objects = ongoing.gate, ongoing.gate.catalog.objects
    rules = {rule.name: rule for rule in definition.duplicates}
    t = gate.tables.system(PAIR)
    statement = sa.select(t).where(t.c.work == ongoing.row.id)
    with gate.databases.reading() as connection:
        rows = connection.execute(statement).mappings().all()
    edges = []
    for row in rows:
        if (rule := rules.get(row["rule"])) is None:
            continue  # a revision took it away meanwhile
        target = objects[rule.against[0] if rule.against else rule.object].table
        one, other = (definition.table, row["record"]), (target, row["other"])
        edges.append(Edge(one, other, rule.name, row["similarity"]))
    return grouped(edges)


def _write(tx: Transaction, work: int, groups: Sequence[tuple[int, Group]]) -> None:
    rows = [
        {
            "work": work, "number": number, "rules": " ".join(group.rules),
            "similarity": group.similarity, "state": OPEN, "at": None, "actor": None,
        }
        for number, group in groups
    ]  # fmt: skip
    tx.insert(tx.tables.system(GROUP), rows)
    members = [
        {"work": work, "number": number, "object": object, "record": record}
        for number, group in groups
        for object, record in group.members
    ]
    tx.insert(tx.tables.system(MEMBER), members)


def _notices(ongoing: Ongoing, definition: Object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What the groups do not tell: that there was too much of something."""
    labels = {rule.name: rule.label for rule in definition.duplicates}
    for name in ongoing.cursor["crowded"]:
        problem = say.CROWDED(rule=labels.get(name, name))
        yield "notice", in_both([problem])
    if ongoing.cursor["pairs"] >= MOST_PAIRS:
        yield "notice", in_both([say.ENOUGH(number=MOST_PAIRS)])
