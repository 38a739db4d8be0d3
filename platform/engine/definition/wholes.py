"""From one composite field to the ordinary fields that it is made of.

1. Each part's keys, as its type gives them, become a node of their own that stands where the
   whole was written, so that problems point there; `parts:` of the whole may say otherwise.
2. The part takes over from the whole what concerns input and sight.
3. It is built like any other field; the label is the whole's and its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from engine.definition.kinds import Problems
from engine.definition.objects import Field, Object
from engine.definition.tree import Node
from engine.fieldtypes.composite import INHERITED, NOT_FOR_WHOLES, Composite
from engine.fieldtypes.link_any import LinkAny
from engine.problems import Message, Place, Refusal, Text, did_you_mean

MOST_CHARACTERS = 40
"""Of a name (rule 7)."""

PART_NAME_TAKEN = Message(
    "part-name-taken",
    en="{name} is the name of a part of {whole}, it cannot be a field of its own",
    zh="{name} 是 {whole} 的组成部分的名称，不能再作为单独的字段",
    hint_en="choose another name for one of the two",
    hint_zh="请为其中之一换一个名称",
)
PART_NAME_LONG = Message(
    "part-name-too-long",
    en="the part {name} would have a name of more than {limit} characters",
    zh="组成部分 {name} 的名称会超过 {limit} 个字符",
    hint_en="give {whole} a shorter name",
    hint_zh="请为 {whole} 取一个较短的名称",
)
UNKNOWN_PART = Message(
    "unknown-part-of-field",
    en="{whole} has no part {name!r}",
    zh="{whole} 没有组成部分 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
KEY_OF_PART = Message(
    "key-of-a-part",
    en="{whole} consists of several fields, so `{key}` means nothing here",
    zh="{whole} 由多个字段组成，`{key}` 在此无意义",
    hint_en="put it on a field of its own that reads a part, such as {part}",
    hint_zh="请写在读取其组成部分（如 {part}）的单独字段上",
)
BuildField = Callable[[str, str, Node, Problems], Field | None]


def expanded(
    fields: Mapping[str, Field], build: BuildField, problems: Problems
) -> dict[str, Field]:
    """The fields, each composite followed by its parts."""
    result: dict[str, Field] = {}
    for name, field in fields.items():
        result[name] = field
        if isinstance(field.type, Composite):
            result[name] = _checked(field, problems)
            for part in _parts(field, field.type, build, problems):
                if part.name in fields:
                    place = fields[part.name].place()
                    problems.append(PART_NAME_TAKEN(place, name=part.name, whole=name))
                elif len(part.name) > MOST_CHARACTERS:
                    problems.append(
                        PART_NAME_LONG(
                            field.place(), name=part.name, limit=MOST_CHARACTERS, whole=name
                        )
                    )
                    break
                else:
                    result[part.name] = part
    return result


def parts_of(definition: Object, whole: Field) -> dict[str, Field]:
    """The parts of a composite field by suffix; nothing for other fields."""
    names = definition.wholes.get(whole.name, {})
    return {suffix: definition.fields[name] for suffix, name in names.items()}


def sharing_conditions(fields: Mapping[str, Field]) -> dict[str, Field]:
    """The connected fields, each part under the conditions of its whole unless it has its own."""
    return {
        name: _under(field, fields[field.part_of]) if field.part_of else field
        for name, field in fields.items()
    }


def _under(part: Field, whole: Field) -> Field:
    assert isinstance(whole.type, Composite)
    suffix = part.name.removeprefix(f"{whole.name}_")
    needed = suffix in whole.type.needed
    return replace(
        part,
        visible_when=part.visible_when or whole.visible_when,
        read_only_when=part.read_only_when or whole.read_only_when,
        required_when=part.required_when or (whole.required_when if needed else None),
    )


def _parts(
    whole: Field, type_: Composite, build: BuildField, problems: Problems
) -> Iterator[Field]:
    assert whole.source is not None
    overriding = whole.source.get("parts")
    defaults = _defaults(whole, type_)
    for suffix, keys in type_.parts().items():
        node = _node(whole, suffix, keys, overriding.get(suffix) if overriding else None)
        built = build(whole.object, f"{whole.name}_{suffix}", node, problems)
        if built is None:
            continue
        yield replace(
            built,
            label=joined(whole.label, built.label),
            short=built.label,
            part_of=whole.name,
            required=built.required or (whole.required and suffix in type_.needed),
            default=defaults.get(suffix, built.default),
        )


def _defaults(whole: Field, type_: Composite) -> Mapping[str, Any]:
    """The defaults of the parts; one that cannot be read is a problem of the whole elsewhere."""
    if whole.default is None:
        return {}
    try:
        return {s: v for s, v in type_.spread(whole.default).items() if v is not None}
    except Refusal:
        return {}


def _node(whole: Field, suffix: str, keys: Mapping[str, Any], over: Node | None) -> Node:
    """The part's keys as a tree: the whole's, the type's own, and what `parts:` says last."""
    source = whole.source
    assert source is not None
    tree = {key: child for key in INHERITED if (child := source.get(key)) is not None}
    tree |= {key: _made(value, source.place) for key, value in keys.items()}
    tree |= dict(over.items()) if over is not None else {}
    was = source.plain("was")
    if was:
        tree["was"] = _made(f"{was}_{suffix}", source.at("was"))
    return replace(source, value=tree)


def _made(value: Any, place: Place) -> Node:
    """A tree of plain data, all of it at one place."""
    if isinstance(value, Mapping):
        return Node({key: _made(child, place) for key, child in value.items()}, place)
    if isinstance(value, list | tuple):
        return Node(tuple(_made(child, place) for child in value), place)
    return Node(value, place)


def joined(whole: Text, part: Text) -> Text:
    """Both labels in every language that one of them has."""
    locales = {*whole.by_locale, *part.by_locale} - {""} or {""}
    colon = {"zh": "："}
    return Text({
        locale: f"{whole.in_(locale)}{colon.get(locale[:2], ': ')}{part.in_(locale)}"
        for locale in sorted(locales)
    })  # fmt: skip


def _checked(whole: Field, problems: Problems) -> Field:
    """The whole without what only a single value can have, each of which is a problem."""
    assert whole.source is not None and isinstance(whole.type, Composite)
    suffixes = whole.type.parts()
    first = next(iter(suffixes), "")
    for key in NOT_FOR_WHOLES:
        child = whole.source.get(key)
        if child is not None and child.value is not False:
            place = child.key_place or child.place
            problems.append(
                KEY_OF_PART(place, whole=whole.name, key=key, part=f"{whole.name}_{first}")
            )
    overriding = whole.source.get("parts")
    for name, child in overriding.items() if overriding else ():
        if name not in suffixes:
            place = child.key_place or child.place
            best = did_you_mean(name, suffixes)
            problems.append(UNKNOWN_PART(place, whole=whole.name, name=name, best=best))
        elif not isinstance(whole.type, LinkAny) and (where := child.get("where")) is not None:
            place, part = where.key_place or where.place, f"{whole.name}_{name}"
            problems.append(KEY_OF_PART(place, whole=whole.name, key="where", part=part))
    kept = {key: child for key, child in whole.source.items() if key not in NOT_FOR_WHOLES}
    return replace(whole, unique=False, source=replace(whole.source, value=kept))
