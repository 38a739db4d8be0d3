"""Bulk standardising: the values of a field are all written in one way, as a bulk change.

1. Each chosen record's value is read as whoever asked may read it, and spelled anew
   (`engine.matching.spelling`); records whose value is spelled so already are left alone.
2. What differs passes the gate as a change of that one field, expecting the version that was read,
   so nobody's edit is lost; all of it is one batch of the audit, which can be undone.
3. A value that has no such spelling (a telephone number that is none) is refused with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.definition.objects import Field
from engine.matching.spelling import SPELLINGS, Spelling, country_of
from engine.permissions.actors import Actor
from engine.problems import Message, Problem, Refusal, did_you_mean
from engine.records.changes import UPDATE, Change
from engine.records.gate import Gate
from engine.records.query import Query
from engine.records.reading import Reader
from engine.records.transaction import Transaction
from engine.schema.tables import DELETED
from exchange.bulk import (
    BulkRequest,
    Named,
    check_bulk,
    chosen_after,
    confirmation,
    count_chosen,
    last_chosen,
    refusal_said,
)
from exchange.through import Tally

LOOKED_AT = 2_000
"""Records of which a preview says what would become of them."""
EXAMPLES = 12

NO_SUCH_SPELLING = Message(
    "spelling-unknown",
    en="there is no standard spelling {name!r}",
    zh="没有名为 {name!r} 的规范写法",
    hint_en="use one of: {known}",
    hint_zh="可用：{known}",
)
NOT_FOR_FIELD = Message(
    "spelling-not-for-field",
    en="{field} cannot be written as {spelling}",
    zh="{field} 不能使用规范写法“{spelling}”",
    hint_en="for this field there are: {known}",
    hint_zh="该字段可用：{known}",
)


@dataclass(frozen=True, kw_only=True)
class StandardRequest:
    """Which records (as in a bulk change, without what becomes of them), field and spelling."""

    chosen: BulkRequest
    field: str
    spelling: str


@dataclass(frozen=True, slots=True)
class Example:
    """A value before and after; `problem` where it has no such spelling."""

    record: Named
    before: str
    after: str
    problem: Problem | None = None


@dataclass(frozen=True)
class StandardPreview:
    """What would become of `count` records, of which the first `looked` were looked at.

    `counts` are of "updated", "unchanged" and "rejected" ones; each has its examples.
    """

    count: int
    looked: int
    counts: Counter[str]
    changing: Sequence[Example]
    refused: Sequence[Example]


def spellings_of(field: Field) -> list[Spelling]:
    """The standard spellings that the field's values can have."""
    return [one for one in SPELLINGS.values() if one.suits(field)]


def check_standard(gate: Gate, actor: Actor, request: StandardRequest) -> tuple[Field, Spelling]:
    """The field and its spelling.

    Raises Refusal for unknown ones, and as `check_bulk` does for a change of the field.
    """
    wanted = replace(request.chosen, fields={request.field: ""})
    definition = check_bulk(gate, actor, wanted)
    field = definition.fields[request.field]
    spelling = SPELLINGS.get(request.spelling)
    suiting = ", ".join(one.name for one in spellings_of(field)) or "–"
    if spelling is None:
        best = did_you_mean(request.spelling, SPELLINGS) or suiting
        raise Refusal(NO_SUCH_SPELLING(name=request.spelling, known=best))
    if not spelling.suits(field):
        raise Refusal(NOT_FOR_FIELD(field=field.label, spelling=spelling.label, known=suiting))
    return field, spelling


def standardise_records(
    tx: Transaction, request: StandardRequest, records: Sequence[Named]
) -> Tally:
    """Spells the field of the records anew in the transaction; what became of them."""
    field, spelling = check_standard(tx.gate, tx.actor, request)
    object = request.chosen.object
    tally = Tally()
    definition = tx.catalog.objects[object]
    confirmed = confirmation(definition, request.chosen.confirm_duplicates)
    rows = tx.fetch(object, [record.id for record in records])
    changes: list[tuple[Named, Change]] = []
    for one in _spelled(tx.gate, tx.actor, object, field, spelling, records):
        row = rows.get(one.record.id)
        if one.problem is not None:
            tally.counts["rejected"] += 1
            tally.said.append(refusal_said(tx, object, one.record, [one.problem.on(field.name)]))
        elif row is None or row.get(DELETED) is not None or row.get(field.name) != one.before:
            tally.counts["unchanged"] += 1  # changed or gone since it was read
        elif one.before == one.after:
            tally.counts["unchanged"] += 1
        else:
            given = {field.name: one.after} | confirmed
            version = row["version"]
            changes.append(
                (one.record, Change(given=given, id=one.record.id, expected_version=version))
            )
    tally.counts["unchanged"] += len(records) - sum(tally.counts.values()) - len(changes)
    if changes:
        only = [change for _, change in changes]
        batch = tx.gate.pass_steps(tx, object, UPDATE, list(only), lenient=True)
        unchanged = sum("unchanged" in change.notes for change in batch.changes)
        tally.counts["updated"] += len(batch.changes) - unchanged
        tally.counts["unchanged"] += unchanged
    for record, change in changes:
        if problems := tuple(change.all_problems()):
            tally.counts["rejected"] += 1
            tally.said.append(refusal_said(tx, object, record, problems))
    return tally


def preview_standard(gate: Gate, actor: Actor, request: StandardRequest) -> StandardPreview:
    """What would become of the first records, without writing. Raises as `check_standard`."""
    field, spelling = check_standard(gate, actor, request)
    chosen = request.chosen
    counts: Counter[str] = Counter()
    changing, refused = list[Example](), list[Example]()
    looked, until = 0, last_chosen(gate, actor, chosen)
    for records in chosen_after(gate, actor, chosen, 0, until):
        spelled = _spelled(gate, actor, chosen.object, field, spelling, records)
        counts["unchanged"] += len(records) - len(spelled)
        for one in spelled:
            if one.problem is not None:
                counts["rejected"] += 1
                refused.append(one)
            elif one.before == one.after:
                counts["unchanged"] += 1
            else:
                counts["updated"] += 1
                changing.append(one)
        del changing[EXAMPLES:], refused[EXAMPLES:]
        looked += len(records)
        if looked >= LOOKED_AT:
            break
    return StandardPreview(count_chosen(gate, actor, chosen), looked, counts, changing, refused)


def _spelled(
    gate: Gate,
    actor: Actor,
    object: str,
    field: Field,
    spelling: Spelling,
    records: Sequence[Named],
) -> list[Example]:
    """The records with a value that the actor may read, each with its spelling."""
    named = {record.id: record for record in records}
    query = Query(filters={"id": sorted(named)}, fields=(field.name,), limit=max(1, len(named)))
    found = []
    for record in Reader(gate).page(actor, object, query).items:
        value = record.values.get(field.name)
        if not isinstance(value, str) or not value:
            continue
        try:
            after = spelling.make(value, country_of(field))
            found.append(Example(named[record.id], value, after or value))
        except Refusal as refusal:
            found.append(Example(named[record.id], value, value, refusal.problems[0]))
    return sorted(found, key=lambda one: one.record.id)
