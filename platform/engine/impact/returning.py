"""The way back: which values that applying wrote are taken back, which people have changed since.

1. What applying wrote (`default_for_existing`, `replace:`, conversions) is in the audit, batch by
   batch, with what was there before. A value that still equals what the last of them wrote goes
   back, step by step, to what it was; any other one is a conflict.
2. A field that changed its type has its former column again, with what was in it. What people have
   entered since is converted back where types allow it by themselves; else it is a conflict.
3. Conflicts are shown and stay as they are; of a changed type the former value comes back.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.expressions import Context
from engine.fieldtypes.choice import Choice, Choices, Tags
from engine.fieldtypes.link import Collection as Several
from engine.impact.conversions import Conversion
from engine.impact.fixing import moved
from engine.impact.ground import Ground, Pair, decoded
from engine.problems import Refusal
from engine.records.auditing import plain
from engine.schema.converting import NotConvertible, by_itself
from engine.schema.keying import column_kind
from engine.schema.tables import DELETED, GRAMS, Tables
from engine.schema.targets import Fill, Fix

RETURN = "return"
CHUNK = 1_000
"""Records held in memory at a time."""

RESTORED, CARRIED, CONFLICT = "restored", "carried", "conflict"
Step = Sequence[Any]
"""What a batch made of a value: before, after."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one record's value on the way back: from `present` to `value`.

    `how`: it is as applying left it and goes back ("restored"), it was changed since and is
    converted back ("carried"), or neither is possible ("conflict").
    """

    id: int
    how: str
    present: Any
    value: Any
    live: bool


def returns(ground: Ground) -> Iterator[tuple[Pair, Fix]]:
    """The fields whose values may have to be taken back."""
    wrote = _wrote(ground)
    for pair in ground.pairs:
        going = {field.name for _, field in moved(pair)}
        objects = {*pair.before.names, *pair.after.names}
        for former, field in pair.fields.values():
            if not _returns(former, field) or not ground.has(pair.before, former.column):
                continue
            names = {former.name, *former.formers, field.name, *field.formers}
            if field.name in going:
                if not ground.has(pair.after, field.column):
                    continue
            elif not any((object, name) in wrote for object in objects for name in names):
                continue
            settings = {
                "batches": ground.batches or (),
                "objects": tuple(objects),
                "fields": tuple(names),
            }
            yield pair, Fix(kind=RETURN, object=pair.after.name, field=field.name,
                            former=former, settings=settings)  # fmt: skip


def _wrote(ground: Ground) -> set[tuple[str, str]]:
    """The fields (object, field) that the batches wrote, by their names of then."""
    table = ground.tables.system("fw_batch")
    query = sa.select(table.c.data).where(table.c.id.in_(ground.batches or ()))
    return {
        (str(one.get("object")), str(one.get("field")))
        for data in ground.connection.scalars(query)
        for one in json.loads(data or "{}").get("fixes", ())
    }


def _returns(former: Field, field: Field) -> bool:
    return not any(
        one.derived or not one.stored or one.system or isinstance(one.type, Several)
        for one in (former, field)
    )


def searched_again(ground: Ground) -> Iterator[Fill]:
    """Objects that are searched by other fields on the way back: their grams are written anew."""
    for pair in ground.pairs if ground.back else ():
        before = [f.column for n, f in pair.before.fields.items() if n in pair.before.search]
        after = [f.column for n, f in pair.after.fields.items() if n in pair.after.search]
        if set(after) - set(before):
            yield Fill(pair.after.name, "", GRAMS)


def computed_again(ground: Ground) -> Iterator[Fill]:
    """Derived fields that have another column on the way back: it holds what was true then."""
    for pair in ground.pairs if ground.back else ():
        for former, field in pair.fields.values():
            moved = former.column != field.column and ground.has(pair.after, field.column)
            if field.derived and field.stored and moved:
                yield Fill(pair.after.name, field.name, field.column)


def outcomes(connection: sa.Connection, tables: Tables, fix: Fix) -> Iterator[list[Outcome]]:
    """What becomes of the records' values, deleted ones too, by a thousand records."""
    assert fix.former is not None
    definition = tables.catalog.objects[fix.object]
    field, former = definition.fields[fix.field], fix.former
    audit = tables.system("fw_audit")
    if field.column == former.column:
        chunks = _written(connection, audit, definition.table, former, fix)
        become: Callable[[Any, Any, Sequence[Step]], tuple[str, Any]] = _InPlace(former, field)
    else:
        chunks = _moved(connection, definition.table, former, field)
        become = _Moved(tables, former, field)
    for rows in chunks:
        known = _steps(connection, audit, fix, [row[0] for row in rows])
        made = []
        for id, deleted, old, value in rows:
            present = decoded(former, value)
            how, new = become(decoded(field, old), present, known.get(id, ()))
            made.append(Outcome(id, how, present, new, deleted is None))
        yield [one for one in made if one.how]


def _written(
    connection: sa.Connection, audit: sa.Table, name: str, former: Field, fix: Fix
) -> Iterator[list[Any]]:
    """The records that batches wrote, with the value that stands there now."""
    table = _table(name, former)
    written = sa.select(audit.c.record).where(
        audit.c.batch.in_(fix.settings["batches"]), audit.c.object.in_(fix.settings["objects"])
    )
    column = table.c[former.column]
    query = sa.select(table.c.id, table.c[DELETED], column, column.label("present"))
    yield from _chunked(connection, query.where(table.c.id.in_(written)), table)


def _moved(
    connection: sa.Connection, name: str, former: Field, field: Field
) -> Iterator[list[Any]]:
    """The records that hold anything in the column of then or in that of now; where both are of
    one type, those that do not hold the same in both."""
    table = _table(name, former, field)
    then, now = table.c[field.column], table.c[former.column]
    query = sa.select(table.c.id, table.c[DELETED], then, now)
    if _same_kind(former, field):
        some = now.is_distinct_from(then)
    else:
        some = sa.or_(then.is_not(None), now.is_not(None))
    yield from _chunked(connection, query.where(some), table)


def _table(name: str, *fields: Field) -> sa.TableClause:
    columns = [sa.column(field.column, field.type.column_type()) for field in fields]
    return sa.table(name, sa.column("id"), sa.column(DELETED), *columns)


def _chunked(
    connection: sa.Connection, query: sa.Select[Any], table: sa.TableClause
) -> Iterator[list[Any]]:
    last, query = 0, query.order_by(table.c.id).limit(CHUNK)
    while rows := list(connection.execute(query.where(table.c.id > last))):
        yield rows
        last = rows[-1][0]


def _steps(
    connection: sa.Connection, audit: sa.Table, fix: Fix, ids: Sequence[int]
) -> Mapping[int, Sequence[Step]]:
    """What the batches made of the field in these records, in their order."""
    found: dict[int, list[Step]] = defaultdict(list)
    query = sa.select(audit.c.record, audit.c.data).where(
        audit.c.batch.in_(fix.settings["batches"]),
        audit.c.object.in_(fix.settings["objects"]),
        audit.c.record.in_(ids),
    )
    for record, data in connection.execute(query.order_by(audit.c.id)):
        fields = json.loads(data or "{}").get("fields", {})
        found[record] += [fields[name] for name in fix.settings["fields"] if name in fields]
    return found


def _same_kind(former: Field, field: Field) -> bool:
    """Whether both columns hold values of one type: then they were written anew on the way."""
    return column_kind(former, str) == column_kind(field, str)


class _InPlace:
    """Values that stand in the same column: options that were replaced, what was filled."""

    def __init__(self, former: Field, field: Field) -> None:
        self.former, self.field = former, field

    def __call__(self, old: Any, present: Any, steps: Sequence[Step]) -> tuple[str, Any]:
        if not steps:
            return "", present
        value = plain(present)
        for before, after in reversed(steps):
            if not _equal(self.former, value, after):
                return CONFLICT, present
            value = before
        try:
            return RESTORED, _read(self.field, value)
        except (Refusal, ValueError):
            return CONFLICT, present


class _Moved:
    """Values that went to another column when their field's type changed."""

    def __init__(self, tables: Tables, former: Field, field: Field) -> None:
        # what `convert:` said then was about the way there, not about the way back
        self.conversion = Conversion(tables, former, replace(field, convert=None))
        self.possible = by_itself(former.type, field.type)
        self.same = _same_kind(former, field)
        self.former, self.field = former, field
        self.context = Context(now=dt.datetime.now(dt.UTC), zone=tables.catalog.site.zone)

    def __call__(self, old: Any, present: Any, steps: Sequence[Step]) -> tuple[str, Any]:
        if self.untouched(old, present, steps):
            return RESTORED, old
        if present is None:
            return CARRIED, None
        try:
            if self.same:  # its values were written anew, in a column of their own
                return CARRIED, self.again(present)
            if self.possible:
                return CARRIED, self.conversion.value(present, None, self.context)
        except (NotConvertible, Refusal, ValueError):
            pass
        return CONFLICT, old

    def again(self, present: Any) -> Any:
        """The same value in the field of then, whose options may be called otherwise."""
        if not isinstance(self.former.type, Choice):
            return present
        keys = self.former.type.keys
        if isinstance(self.former.type, Choices):
            return _read(self.field, [keys.get(one, one) for one in present])
        return _read(self.field, keys.get(present, present))

    def untouched(self, old: Any, present: Any, steps: Sequence[Step]) -> bool:
        """Whether nobody has changed the value since it was converted."""
        value = plain(present)
        for before, after in reversed(steps):
            if not _equal(self.former, value, after):
                return False
            value = before
        return bool(steps) or value == plain(old)


def _equal(field: Field, value: Any, other: Any) -> bool:
    if value == other:
        return True
    if value is None or other is None or isinstance(field.type, Choice | Tags):
        return False
    try:
        return bool(field.type.read(value) == field.type.read(other))
    except Refusal:
        return False


def _read(field: Field, value: Any) -> Any:
    """A value of the audit as the field holds it; raises Refusal or ValueError."""
    if value is None or not isinstance(field.type, Choice):
        return None if value is None else field.type.read(value)
    names = {option.stored: option.name for option in field.type.options}
    several: Collection[str] = value if isinstance(field.type, Choices) else [value]
    found = tuple(names.get(one, one) for one in several)
    if not set(found) <= set(names.values()):
        raise ValueError(f"no options of {field.name}: {found}")
    return found if isinstance(field.type, Choices) else found[0]
