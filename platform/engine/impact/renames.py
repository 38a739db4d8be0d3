"""Probable renames without `was:`: something that holds data goes, and its like comes.

Without `was:` the data is parked and the new thing is empty, which is hardly ever meant: somebody
has to say so.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Field, Object
from engine.impact.ground import Ground, Pair, Selection
from engine.impact.remedies import of_field, of_top
from engine.impact.wording import field_of
from engine.problems import Place, Text
from engine.schema.findings import Count, Finding, Severity
from engine.schema.wording import both, named, of_object
from engine.schema.wording import of_field as said_of_field

ALIKE = 0.6
"""How similar two names are at least (Ratcliff/Obershelp) to be the same thing by name."""
SAME_FIELDS = 0.6
"""Which part of the fields two objects share at least to be the same thing by their fields."""
OTHER_KINDS = ("role", "workflow", "approval", "automation")
"""Kinds whose names the database keeps something under."""


def probable_renames(ground: Ground) -> Iterator[Finding]:
    """One finding per field, object or other thing that has probably only got another name."""
    for pair in ground.pairs:
        yield from _fields(ground, pair)
    yield from _objects(ground)
    for kind in OTHER_KINDS:
        yield from _others(ground, kind)


def _fields(ground: Ground, pair: Pair) -> Iterator[Finding]:
    kept = {former.name for former, _ in pair.fields.values()}
    gone = [f for f in pair.before.fields.values() if f.name not in kept and _own(f)]
    new = [f for n, f in pair.after.fields.items() if n not in pair.fields and _own(f)]
    for field in new:
        if ground.has(pair.after, field.column):  # what was parked comes back
            continue
        likely = [f for f in gone if f.type.name == field.type.name and _alike(f, field)]
        for former in sorted(likely, key=lambda f: -_similar(f.name, field.name))[:1]:
            if not ground.has(pair.before, former.column):
                continue
            table = ground.rows(pair.before, former)
            some = Selection(pair.before, table, table.c[former.column].is_not(None))
            count = ground.count(some)
            if count.value:
                gone.remove(former)
                yield _renamed_field(pair, former, field, count)


def _own(field: Field) -> bool:
    return field.stored and not (field.system or field.derived or field.part_of or field.beside)


def _renamed_field(pair: Pair, former: Field, field: Field, count: Count) -> Finding:
    node = field.source
    place = (node.key_place or node.place) if node else None
    return Finding(
        family="renamed",
        severity=Severity.ASKS,
        object=pair.after.name,
        field=field.name,
        count=count,
        remedy=of_field(field.name, {"was": former.name}),
        place=place,
        text=both(
            "{object}: is {field} the new name of {former}, which {count:# record holds|#"
            " records hold}? As it is written, it begins empty",
            "{object}：{field}是否为{former}的新名称？后者有 {count} 条记录有值，"
            "按现写法新字段为空",
            **field_of(pair.after, field),
            former=said_of_field(former),
            count=count,
        ),
    )


def _objects(ground: Ground) -> Iterator[Finding]:
    tables = {o.table for o in ground.after.objects.values()}
    gone = [o for o in ground.before.objects.values() if o.table not in tables and not o.is_view]
    known = {o.table for o in ground.before.objects.values()}
    new = [o for o in ground.after.objects.values() if o.table not in known and not o.is_view]
    for definition in new:
        for former in gone:
            if not (_named_alike(former.label, definition.label, former.name, definition.name)
                    or _same_fields(former, definition)):  # fmt: skip
                continue
            if not ground.has(former, "id"):
                continue
            count = ground.count(Selection(former, ground.rows(former), sa.true()))
            if count.value:
                gone.remove(former)
                yield _renamed_object(former, definition, count)
            break


def _same_fields(former: Object, definition: Object) -> bool:
    one = {(f.name, f.type.name) for f in former.fields.values() if not f.system}
    other = {(f.name, f.type.name) for f in definition.fields.values() if not f.system}
    return len(one) > 2 and len(one & other) >= SAME_FIELDS * max(len(one), len(other))


def _renamed_object(former: Object, definition: Object, count: Count) -> Finding:
    return Finding(
        family="renamed",
        severity=Severity.ASKS,
        object=definition.name,
        count=count,
        remedy=of_top({"was": former.name}),
        place=definition.place("object"),
        text=both(
            "is {object} the new name of {former}, which has {count:# record|# records}? As it"
            " is written, it begins empty",
            "{object}是否为{former}的新名称？后者有 {count} 条记录，按现写法新对象为空",
            object=of_object(definition),
            former=of_object(former),
            count=count,
        ),
    )


def _others(ground: Ground, kind: str) -> Iterator[Finding]:
    """Roles and other things that people, timers and votes are kept under by their key."""
    before, after = ground.before.of(kind), ground.after.of(kind)
    kept = {_key(one) for one in after.values()}
    known = {_key(one) for one in before.values()}
    gone = {name: one for name, one in before.items() if _key(one) not in kept}
    for name, one in after.items():
        if _key(one) in known:
            continue
        for former, other in _likely(gone, name, one):
            del gone[former]
            source = getattr(one, "source", None)
            place: Place | None = source.at(kind) if source is not None else None
            yield Finding(
                family="renamed",
                severity=Severity.ASKS,
                text=both(
                    "{kind}: is {new} the new name of {former}? As it is written, nothing is"
                    " taken over from it",
                    "{kind}：{new}是否为{former}的新名称？按现写法不会沿用其任何内容",
                    kind=kind,
                    new=named(one.label, name),
                    former=named(other.label, former),
                ),
                remedy=of_top({"was": former}),
                place=place,
            )


def _likely(gone: Mapping[str, Any], name: str, one: Any) -> Iterable[tuple[str, Any]]:
    alike = [
        (former, other)
        for former, other in gone.items()
        if _named_alike(other.label, one.label, former, name)
    ]
    return alike[:1]


def _key(definition: Any) -> str:
    return str(getattr(definition, "key", "") or definition.name)


def _alike(former: Field, field: Field) -> bool:
    return _named_alike(former.label, field.label, former.name, field.name)


def _named_alike(one: Text, other: Text, name: str, new_name: str) -> bool:
    labels = set(map(str, one.by_locale.values())) & set(map(str, other.by_locale.values()))
    return bool(labels) or _similar(name, new_name) >= ALIKE


def _similar(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()
