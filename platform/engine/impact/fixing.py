"""What publishing has to write anew, read off the two catalogs: conversions, options, defaults."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definition.catalog import Catalog
from engine.definition.objects import Field
from engine.fieldtypes.choice import Choice, Stage, Tags
from engine.fieldtypes.link import Collection
from engine.impact.ground import Ground, Pair
from engine.schema.converting import carries, settings_of
from engine.schema.state import Keys
from engine.schema.targets import Fix

RENAMED, RENAMED_STAGES = "renamed", "renamed-stages"
"""Kinds of fixes that are about names which the rooms above keep beside records."""


def converted_fields(
    after: Catalog, before: Catalog | None, keys: Keys
) -> frozenset[tuple[str, str]]:
    """The fields that go on in a column of another type."""
    former = {o.table: o for o in before.objects.values()} if before else {}
    found = set()
    for name, definition in after.objects.items():
        owner = keys.get(("object", "", name))
        was = former.get(owner.key) if owner else None
        if owner is None or was is None or definition.is_view or was.is_view:
            continue
        for field, (old, _) in Pair(was, definition).fields.items():
            key = keys.get(("field", owner.key, field))
            if key is not None and old.stored and not old.system and old.column != key.key:
                found.add((name, field))
    return frozenset(found)


def fixes(ground: Ground) -> tuple[Fix, ...]:
    """Everything that is written anew, in the order in which it must be.

    On a way back only names follow here: what definitions once said about values was done then.
    """
    if ground.back:
        return tuple(_renamed(ground))
    changes = (*_converted(ground), *_replaced(ground), *_filled(ground))
    return (*_renamed(ground), *changes)


def _renamed(ground: Ground) -> Iterator[Fix]:
    """Names of objects, of fields and of stages that are kept beside records."""
    for pair in ground.pairs:
        old, new = pair.before.name, pair.after.name
        if old != new:
            yield Fix(kind=RENAMED, object=new, field="", replaced={old: new})
        for former, field in pair.fields.values():
            if former.name != field.name and isinstance(field.type, Stage):
                yield Fix(kind=RENAMED, object=new, field=field.name,
                          replaced={former.name: field.name})  # fmt: skip
            if isinstance(former.type, Stage) and isinstance(field.type, Stage):
                names = {option.stored: option.name for option in field.type.options}
                moved = {
                    option.name: names[option.stored]
                    for option in former.type.options
                    if names.get(option.stored, option.name) != option.name
                }
                if moved:
                    yield Fix(kind=RENAMED_STAGES, object=new, field=field.name, replaced=moved)


def moved(pair: Pair) -> Iterator[tuple[Field, Field]]:
    """The fields whose values go to another column."""
    for former, field in pair.fields.values():
        if former.stored and field.stored and former.column != field.column:
            yield former, field


def computed_over(ground: Ground) -> frozenset[tuple[str, str]]:
    """The fields (object, field) that people filled in and that are computed now, or the other way
    on a way back: what was entered stays in its column, and the field gets another one."""
    return frozenset(
        (pair.after.name, field.name)
        for pair in ground.pairs
        for former, field in pair.fields.values()
        if field.derived
        and field.stored
        and former.stored
        and not (former.derived or former.system or former.column != field.column)
    )


def _converted(ground: Ground) -> Iterator[Fix]:
    for pair in ground.pairs:
        for former, field in moved(pair):
            if carries(former, field) and ground.has(pair.before, former.column):
                yield Fix(kind="convert", object=pair.after.name, field=field.name, former=former,
                          settings=settings_of(field))  # fmt: skip


def _replaced(ground: Ground) -> Iterator[Fix]:
    for pair in ground.pairs:
        for former, field in pair.fields.values():
            replaced = replacements(ground, former, field)
            if replaced and former.column == field.column and former.stored:
                yield Fix(kind="replace", object=pair.after.name, field=field.name,
                          former=former, replaced=replaced)  # fmt: skip


def replacements(ground: Ground, former: Field, field: Field) -> dict[str, str | None]:
    """What takes the place of options, stages or tags: the old stored value, the new name."""
    type_, old = field.type, former.type
    said = dict(field.replaced)
    if isinstance(type_, Stage):
        workflow = ground.after.of("workflow").get(type_.workflow)
        said = dict(workflow.replaced) if workflow is not None else {}
    if isinstance(type_, Tags):  # nothing tells that a tag is gone, so it is said once
        return {name: new for name, new in said.items() if former.replaced.get(name, name) != new}
    if not (isinstance(type_, Choice) and isinstance(old, Choice)):
        return {}
    present = {option.name for option in type_.options}
    keys = {option.name: option.stored for option in old.options}
    return {keys[name]: new for name, new in said.items() if name in keys and name not in present}


def _filled(ground: Ground) -> Iterator[Fix]:
    for pair in ground.pairs:
        for field in pair.after.fields.values():
            if is_filled(ground, pair, field):
                yield Fix(kind="default", object=pair.after.name, field=field.name)


def is_filled(ground: Ground, pair: Pair, field: Field) -> bool:
    """Whether empty values are filled now: when it is first said, and when it says otherwise."""
    said = field.existing is not None or field.existing_from is not None
    if (
        ground.back
        or not said
        or not field.stored
        or field.derived
        or isinstance(field.type, Collection)
    ):
        return False
    former = pair.fields[field.name][0] if field.name in pair.fields else None
    return former is None or _said(former) != _said(field) or former.column != field.column


def _said(field: Field) -> object:
    return field.source.plain("default_for_existing") if field.source else None
