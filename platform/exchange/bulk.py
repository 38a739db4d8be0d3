"""Bulk change: many records get the same values, take the same transition, or are deleted.

Every record passes the gate as if it were changed by itself, as whoever asked: what one may not
change, or what breaks a rule, is refused with its reason and stops none of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.duplicates import CONFIRM
from engine.definition.messages import UNKNOWN_FIELD
from engine.definition.objects import Object
from engine.fieldtypes.link import Lines
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.permissions.lens import Lens
from engine.problems import Problem, Refusal, did_you_mean
from engine.records import messages as gate_say
from engine.records.changes import DELETE, UPDATE, Change
from engine.records.gate import Gate
from engine.records.query import Cursor, Query
from engine.records.reading import Linked, Reader, Record
from engine.records.rights import forbidden, role_names
from engine.records.transaction import Transaction
from exchange import messages as say
from exchange.keeping import Said
from exchange.said import in_both
from exchange.scope import exchanged
from exchange.through import Tally

CHUNK = 200
"""Records in one transaction."""
EXAMPLES = 10
"""Refusals that a preview names."""


@dataclass(frozen=True, kw_only=True)
class BulkRequest:
    """A bulk change as it is asked for.

    The records are those with the `ids`, or all that `where`, `filters` and `words` choose (as a
    list does, `engine.records.query.Query`). They get `fields`, in input form; or take the
    `transition`, with the fields that it asks for; or are deleted. `locale` is the language of
    the file of refusals. With `confirm_duplicates` what rules warn of is changed, too.
    """

    object: str
    ids: tuple[int, ...] | None = None
    where: str = ""
    filters: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    transition: str = ""
    delete: bool = False
    locale: str = "en"
    confirm_duplicates: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A record by its id, and how it is called where the actor may read that."""

    id: int
    number: str
    title: str


@dataclass(frozen=True)
class Preview:
    """What a bulk change would do: `count` records, of which the first `tried` were tried.

    `refused` are examples: the record, and why.
    """

    count: int
    tried: int
    counts: Mapping[str, int]
    refused: Sequence[tuple[Named, tuple[Problem, ...]]]


def check_bulk(gate: Gate, actor: Actor, request: BulkRequest) -> Object:
    """The object that is about to be changed.

    Raises Refusal for what would be refused of every record alike: rights, unknown fields,
    a condition that is none.
    """
    definition = exchanged(gate.catalog, request.object)
    lens = gate.lenses.lens(definition.name, None if actor.is_system else actor.roles)
    action = DELETE if request.delete else UPDATE
    if not lens.may(action):
        raise Refusal(forbidden(lens, action, actor.roles))
    if not (request.fields or request.transition or request.delete):
        raise Refusal(say.BULK_NOTHING())
    problems = [
        problem.on(name)
        for name in request.fields
        if (problem := _field_problem(definition, lens, name, actor)) is not None
    ]
    if problems:
        raise Refusal(*problems)
    count_chosen(gate, actor, request)
    return definition


def count_chosen(gate: Gate, actor: Actor, request: BulkRequest) -> int:
    """How many records are chosen."""
    if request.ids is not None:
        return len(set(request.ids))
    query = _query(request, request.where, limit=1, count="exact")
    found = Reader(gate).page(actor, request.object, query).count
    return found.value if found else 0


def last_chosen(gate: Gate, actor: Actor, request: BulkRequest) -> int:
    """The highest id that is chosen now; records that come later are left alone."""
    if request.ids is not None:
        return max(request.ids, default=0)
    query = _query(request, request.where, limit=1, sort=("-id",))
    items = Reader(gate).page(actor, request.object, query).items
    return items[0].id if items else 0


def chosen_after(
    gate: Gate, actor: Actor, request: BulkRequest, after: int, until: int
) -> Iterator[list[Named]]:
    """The chosen records behind the id `after`, up to `until`, in chunks by id.

    Each chunk is looked for when the one before is done with: a record that was changed so that it
    is no longer chosen is not met again.
    """
    while True:
        if request.ids is not None:
            ids = [id for id in sorted(set(request.ids)) if id > after][:CHUNK]
            known = {named.id: named for named in named_records(gate, actor, request.object, ids)}
            found = [known.get(id) or Named(id, "", "") for id in ids]
        else:
            place = Cursor(1, (), after).encode() if after else ""
            query = _query(request, request.where, limit=CHUNK, sort=("id",), after=place)
            found = [n for n in _names(gate, actor, request.object, query) if n.id <= until]
        if not found:
            return
        yield found
        after = found[-1].id


def change_records(
    tx: Transaction, request: BulkRequest, records: Sequence[Named]
) -> tuple[Tally, list[tuple[Named, tuple[Problem, ...]]]]:
    """Changes the records in the transaction; what became of them, and whom the gate refused."""
    confirmed = confirmation(tx.catalog.objects[request.object], request.confirm_duplicates)
    changes = [
        Change(given={**request.fields, **confirmed}, id=record.id, transition=request.transition)
        for record in records
    ]
    action = DELETE if request.delete else UPDATE
    batch = tx.gate.pass_steps(tx, request.object, action, list(changes), lenient=True)
    tally, refused = Tally(), []
    unchanged = sum("unchanged" in change.notes for change in batch.changes)
    if not _seen(tx, request):  # else it would say of which records one has guessed the value
        unchanged = 0
    tally.counts["deleted" if request.delete else "updated"] += len(batch.changes) - unchanged
    tally.counts["unchanged"] += unchanged
    for record, change in zip(records, changes, strict=True):
        if problems := tuple(change.all_problems()):
            tally.counts["rejected"] += 1
            tally.said.append(refusal_said(tx, request.object, record, problems))
            refused.append((record, problems))
    return tally, refused


def confirmation(definition: Object, confirmed: bool) -> dict[str, Any]:
    """What input says besides to go on in spite of warnings; nothing where no rule could warn."""
    return {CONFIRM: True} if confirmed and definition.duplicates else {}


def _seen(tx: Transaction, request: BulkRequest) -> bool:
    """Whether the actor may read the given fields of every record that they may read."""
    lens, source = tx.lens(request.object), tx.tables.source(request.object)
    return all(
        lens.may_read(name) and lens.cell(name, source, Binds()) is None
        for name in request.fields
        if name in lens.definition.fields
    )


def refusal_said(tx: Transaction, object: str, record: Named, problems: Sequence[Problem]) -> Said:
    """A refusal as it is kept."""
    definition = tx.catalog.objects[object]
    fields = sorted({problem.path for problem in problems if problem.path})
    labels = {
        locale: ", ".join(_label(definition, name, locale) for name in fields)
        for locale in ("en", "zh")
    }
    plain = [problem.on("") for problem in problems]
    data = {"id": record.id, "number": record.number, "title": record.title, "field": labels}
    return ("rejected", data | in_both(plain))


def preview_bulk(gate: Gate, actor: Actor, request: BulkRequest) -> Preview:
    """What the change would do to the first records, found out by doing it and taking it back.

    Raises Refusal as `check_bulk` does.
    """
    check_bulk(gate, actor, request)
    count = count_chosen(gate, actor, request)
    until = last_chosen(gate, actor, request)
    records = next(chosen_after(gate, actor, request, 0, until), [])
    tally, refused = Tally(), list[tuple[Named, tuple[Problem, ...]]]()
    try:
        with gate.transaction(actor) as tx:
            if records:
                tally, refused = change_records(tx, request, records)
            raise _TakenBack
    except _TakenBack:
        pass
    except Refusal as refusal:  # one of them is refused in a way that takes all others along
        refused = [(record, refusal.problems) for record in records[:1]]
    return Preview(count, len(records), dict(tally.counts), refused[:EXAMPLES])


class _TakenBack(Exception):
    """Ends a transaction that must not be committed."""


def _query(request: BulkRequest, where: str, **more: Any) -> Query:
    return Query(where=where, filters=request.filters, words=request.words, **more)


def named_records(gate: Gate, actor: Actor, object: str, ids: Sequence[int]) -> list[Named]:
    """How at most `CHUNK` records are called, those left out that the actor may not see."""
    lens = gate.lenses.lens(object, None if actor.is_system else actor.roles)
    if not ids or not lens.may("read"):
        return []
    return _names(gate, actor, object, Query(filters={"id": list(ids)}, limit=CHUNK, sort=("id",)))


def _names(gate: Gate, actor: Actor, object: str, query: Query) -> list[Named]:
    definition = gate.catalog.objects[object]
    lens = gate.lenses.lens(object, None if actor.is_system else actor.roles)
    names = tuple(n for n in {"number", definition.title} if n in definition.fields)
    readable = tuple(name for name in names if lens.may_read(name))
    asked = replace(query, fields=readable or ("id",))
    items = Reader(gate).page(actor, object, asked).items
    return [
        Named(record.id, _text(record, "number"), _text(record, definition.title))
        for record in items
    ]


def _text(record: Record, name: str) -> str:
    value = record.values.get(name)
    if isinstance(value, Linked):
        value = value.title
    return "" if value is None else str(value)


def _label(definition: Object, path: str, locale: str) -> str:
    name = path.partition("[")[0].partition(".")[0]
    found = definition.fields.get(name)
    return found.label.in_(locale) if found else path


def _field_problem(definition: Object, lens: Lens, name: str, actor: Actor) -> Problem | None:
    found = definition.fields.get(name)
    if found is None or not lens.may_read(name):
        readable = [n for n in definition.fields if lens.may_read(n)]
        best = did_you_mean(name, readable)
        return UNKNOWN_FIELD(object=definition.label, name=name, best=best)
    if isinstance(found.type, Lines):
        return say.BULK_LINES(field=found.label)
    if name != "owner" and not found.writable:
        message = gate_say.COMPUTED if found.derived else gate_say.SYSTEM_FIELD
        return message(field=found.label)
    if not lens.may_write(name):
        return gate_say.FORBIDDEN_FIELD(roles=role_names(lens, actor.roles), field=found.label)
    return None


def request_title(catalog: Catalog, request: BulkRequest) -> dict[str, str]:
    """What the change is called."""
    definition = catalog.objects[request.object]
    title = {}
    for locale in ("en", "zh"):
        plural = definition.plural.in_(locale)
        if request.delete:
            title[locale] = _DELETE[locale].format(object=plural)
        elif request.transition:
            title[locale] = f"{_transition(catalog, request, locale)}: {plural}"
        else:
            labels = [_label(definition, name, locale) for name in request.fields]
            fields = ("、" if locale == "zh" else ", ").join(labels)
            title[locale] = _CHANGE[locale].format(object=plural, fields=fields)
    return title


_CHANGE = {"en": "Change {object}: {fields}", "zh": "批量修改{object}：{fields}"}
_DELETE = {"en": "Delete {object}", "zh": "批量删除{object}"}


def _transition(catalog: Catalog, request: BulkRequest, locale: str) -> str:
    for workflow in catalog.of("workflow").values():
        if workflow.object == request.object and request.transition in workflow.transitions:
            label: str = workflow.transitions[request.transition].label.in_(locale)
            return label
    return request.transition
