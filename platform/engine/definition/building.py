"""From a merged YAML tree to an `Object`: shapes only; meaning is checked when connecting."""

from __future__ import annotations

from typing import Any

from engine.definition.access import build_audit
from engine.definition.copying import Copied, copied_type
from engine.definition.currencies import with_companions
from engine.definition.duplicates import build_rules
from engine.definition.guarded import with_attachments
from engine.definition.kinds import Problems
from engine.definition.layouts_building import build_layouts, build_sections, build_shape
from engine.definition.numbering import NumberPattern
from engine.definition.objects import Check, Field, ListView, Object
from engine.definition.sharing import build_members, build_sharing
from engine.definition.tree import Node
from engine.definition.viewing_building import as_view, check_keys
from engine.definition.wholes import expanded
from engine.expressions.types import Attribute, Kind, Type
from engine.fieldtypes.choice import Choice, Option
from engine.fieldtypes.parent import Parent
from engine.fieldtypes.registry import FIELD_TYPES
from engine.fieldtypes.series import Series
from engine.problems import Message, Refusal, Text

BAD_NUMBER_PATTERN = Message(
    "bad-number-pattern",
    en="the number pattern {pattern!r} {why}",
    zh="编号规则 {pattern!r} {why}",
    hint_en="write it like ORD-{{year}}-{{seq:05}}",
    hint_zh="写法如 ORD-{{year}}-{{seq:05}}",
)
_WHY = {
    "sequence": Text({"en": "needs exactly one {seq}", "zh": "必须恰好含有一个 {seq}"}),
    "digits": Text({"en": "needs a character that is no digit", "zh": "必须含有非数字字符"}),
    "braces": Text(
        {
            "en": "knows only {year}, {month}, {day}, {seq}",
            "zh": "只能用 {year} {month} {day} {seq}",
        }
    ),
}


_OPTION_KEYS = ("label", "colour", "offered_when", "was")


def build_object(name: str, node: Node, problems: Problems) -> Object | None:
    """The object called `name` from its tree."""
    label = node.text("label") or Text.of(name)
    is_view = check_keys(node, problems)
    fields_node = None if is_view else node.get("fields")
    fields = {
        key: built
        for key, child in (fields_node.items() if fields_node else ())
        if (built := build_field(name, key, child, problems)) is not None
    }
    fields = with_companions(expanded(fields, build_field, problems), problems)
    fields = with_attachments(name, node, fields, problems)
    definition = Object(
        name=name,
        label=label,
        plural=node.text("plural") or label,
        help=node.text("help"),
        icon=node.plain("icon", ""),
        title=node.plain("title", ""),
        number=_number(node, problems),
        kind=node.plain("kind", "ordinary"),
        owned=node.plain("owned", True) and node.plain("kind") != "settings",
        search=tuple(node.plain("search", ())),
        fields=fields,
        checks=tuple(_checks(node)),
        unique=tuple(tuple(names) for names in node.plain("unique", ())),
        views=_views(node),
        sections=build_sections(node),
        layouts=build_layouts(node),
        quick=tuple(node.plain("quick", ())),
        duplicates=build_rules(name, node),
        reveal=tuple(node.plain("reveal", ())),
        audit=build_audit(node),
        sharing=build_sharing(node),
        members=build_members(node),
        source=node,
    )
    return as_view(definition, node, problems) if is_view else definition


def build_field(object_name: str, name: str, node: Node, problems: Problems) -> Field | None:
    """One field, without its expressions."""
    copied = copied_type(object_name, name, node, problems)
    cls = Copied if copied else FIELD_TYPES.get(node.plain("type", ""))
    if cls is None:
        return None  # the schema check has said so
    settings = {key: child.to_plain() for key, child in node.items()}
    if issubclass(cls, Choice):
        settings["options"] = build_options(node.get("options"))
        settings["attributes"] = build_attributes(
            node.get("attributes"), settings["options"], problems
        )
    if issubclass(cls, Parent):
        settings["to"] = object_name
    is_series = issubclass(cls, Series)
    if is_series:
        _usable_pattern(NumberPattern(str(settings.get("pattern", ""))), "pattern", node, problems)
    return Field(
        name=name,
        object=object_name,
        type=copied or cls.from_settings(settings),
        label=node.text("label") or Text.of(name.replace("_", " ").capitalize()),
        help=node.text("help"),
        required=node.plain("required", False),
        default=node.plain("default"),
        unique=is_series or node.plain("unique", False),
        read_only=is_series or node.plain("read_only", False),
        set_once=node.plain("set_once", False),
        restricted=node.plain("restricted", False),
        searchable=node.plain("searchable", False),
        personal=node.plain("personal", ""),
        copied=node.plain("copied", True),
        mask=node.plain("mask", ""),
        existing=_existing(node),
        convert=node.plain("convert"),
        replaced=node.plain("replace", {}),
        source=node,
    )


def _existing(node: Node) -> Any:
    """What `default_for_existing` gives as a value; an expression stands under `from`."""
    found = node.plain("default_for_existing")
    return None if isinstance(found, dict) else found


def build_options(node: Node | None) -> tuple[Option, ...]:
    """Options from a map of names to labels or to `{label, colour, …attributes}`."""
    if node is None:
        return ()
    return tuple(_option(name, child) for name, child in node.items())


def _option(name: str, node: Node) -> Option:
    plain = node.to_plain()
    is_label = not isinstance(plain, dict) or (plain and set(plain) <= {"en", "zh"})
    if is_label:
        return Option(name=name, label=Text.of(plain if plain is not None else name))
    return Option(
        name=name,
        label=node.text("label") or Text.of(name),
        colour=plain.get("colour", ""),
        was=plain.get("was", ""),
        attributes={k: v for k, v in plain.items() if k not in _OPTION_KEYS},
    )


def build_attributes(
    node: Node | None, options: tuple[Option, ...], problems: Problems
) -> dict[str, Attribute]:
    """The declared attributes of options, each with its value per option."""
    attributes: dict[str, Attribute] = {}
    for name, child in node.items() if node else ():
        cls = FIELD_TYPES.get(child.plain("type", ""))
        if cls is None:
            continue
        type_ = cls.from_settings({k: v.to_plain() for k, v in child.items()})
        values: dict[str, Any] = {}
        for option in options:
            try:
                values[option.name] = type_.read(option.attributes.get(name))
            except Refusal as refusal:
                problems.extend(p.at(child.place) for p in refusal.problems)
        attributes[name] = Attribute(type_.expression_type(), values)
    return attributes


def text_attribute(values: dict[str, str]) -> Attribute:
    """An attribute of text, such as a stage's state."""
    return Attribute(Type(Kind.TEXT), values)


def _number(node: Node, problems: Problems) -> NumberPattern | None:
    pattern = node.plain("number")
    if pattern is None:
        return None
    number = NumberPattern(str(pattern), bool(node.plain("gapless", False)))
    return number if _usable_pattern(number, "number", node, problems) else None


def _usable_pattern(number: NumberPattern, key: str, node: Node, problems: Problems) -> bool:
    why = number.problem()
    if why:
        problems.append(BAD_NUMBER_PATTERN(node.at(key), pattern=number.pattern, why=_WHY[why]))
    return not why


def _checks(node: Node) -> list[Check]:
    checks = node.get("checks")
    return [
        Check(
            name=child.plain("name", f"check_{index + 1}"),
            that=None,
            say=child.text("say") or Text.of(""),
            about=child.plain("field", ""),
            source=child,
        )
        for index, child in enumerate(checks.elements() if checks else ())
    ]


def _views(node: Node) -> dict[str, ListView]:
    views = node.get("views")
    return {
        name: ListView(
            name=name,
            label=child.text("label") or Text.of(name),
            equal=tuple(child.plain("equal", ())),
            sort=_names(child.plain("sort", ())),
            columns=tuple(child.plain("columns", ())),
            shape=build_shape(child),
            source=child,
        )
        for name, child in (views.items() if views else ())
    }


def _names(raw: Any) -> tuple[str, ...]:
    if isinstance(raw, str):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    return tuple(raw)
