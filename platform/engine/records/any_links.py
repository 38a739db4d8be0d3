"""Links to any of several objects: numbers without an object are looked for, filters spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.definition.messages import UNKNOWN_FIELD
from engine.definition.objects import Field, Object
from engine.expressions.folding import fold
from engine.fieldtypes.link_any import LinkAny
from engine.permissions.lens import Lens
from engine.problems import Refusal, Text, did_you_mean
from engine.records import messages as say
from engine.records.changes import Batch, Change
from engine.records.inputs import targets_by_word


def name_objects(batch: Batch) -> None:
    """Step *any links*: a number that stands alone becomes the object and id that it belongs to."""
    for field in any_links(batch.definition):
        for change in batch.changes:
            raw = change.given.get(field.name)
            if isinstance(raw, str) and raw.strip() and "/" not in raw:
                _name(batch, field, change, raw.strip())


def any_links(definition: Object) -> list[Field]:
    """The fields of the object that link to any of several."""
    return [definition.fields[n] for n in definition.wholes if _is_any(definition, n)]


def _is_any(definition: Object, name: str) -> bool:
    return isinstance(definition.fields[name].type, LinkAny)


def _name(batch: Batch, field: Field, change: Change, word: str) -> None:
    assert isinstance(field.type, LinkAny)
    if word.isdigit():
        return  # an id belongs to no object: the type says what is missing
    found = [
        {"object": object, "id": id}
        for object in field.type.to
        if batch.tx.lens(object).may("read")
        for id in targets_by_word(batch, object, {word}).get(fold(word), [])
    ]
    if len(found) == 1:
        change.given = {**change.given, field.name: found[0]}
        return
    objects = batch.tx.catalog.objects
    labels = [objects[object].label for object in field.type.to]
    target = Text({lang: " / ".join(label.in_(lang) for label in labels) for lang in ("en", "zh")})
    message = say.LINK_AMBIGUOUS if found else say.LINK_NOT_FOUND
    change.refuse(message(field=field.label, target=target, found=repr(word)), field.name)
    change.given = {n: v for n, v in change.given.items() if n != field.name}


def spread_filters(lens: Lens, filters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Filters of a list, those on links to any of several as filters on their parts.

    `customer/12` asks for that record, an empty value for records that lead nowhere. Parts that
    the roles may not read are as if they were not there. Raises Refusal for anything else.
    """
    definition = lens.definition
    names = [name for name in filters if name in definition.wholes and _is_any(definition, name)]
    if not names:
        return filters
    found = {name: value for name, value in filters.items() if name not in names}
    for name in names:
        field, value = definition.fields[name], filters[name]
        assert isinstance(field.type, LinkAny)
        parts = {o: part for o, part in definition.wholes[name].items() if lens.may_read(part)}
        if not parts:
            best = did_you_mean(name, [n for n in definition.fields if lens.may_read(n)])
            unknown = UNKNOWN_FIELD(path=name, object=definition.label, name=name, best=best)
            raise Refusal(unknown)
        if value in (None, "", []):
            found |= {part: "" for part in parts.values()}
            continue
        values = value if isinstance(value, list | tuple) else [value]
        objects: dict[str, list[Any]] = {}
        for one in values:
            try:
                object, record = replace(field.type, to=tuple(parts)).named(one)
            except Refusal as refusal:
                raise Refusal(*(problem.on(name) for problem in refusal.problems)) from None
            objects.setdefault(object, []).append(record)
        if len(objects) != 1 or not objects.keys() <= parts.keys():
            like = f"{next(iter(parts))}/12"
            expected = Text(
                {
                    "en": f'records of one object, like "{like}"',
                    "zh": f'同一对象的记录，如 "{like}"',
                }
            )
            raise Refusal(say.BAD_QUERY(path=name, key=name, found=value, expected=expected))
        ((object, records),) = objects.items()
        found[parts[object]] = records if len(records) > 1 else records[0]
    return found
