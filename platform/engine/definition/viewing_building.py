"""From a tree with `kind: view` to an `Object`: its fields before their types are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.types import TypeEngine

from engine.definition import viewing_messages as say
from engine.definition.kinds import Problems
from engine.definition.objects import Field, Object
from engine.definition.system import ownership
from engine.definition.tree import Node
from engine.definition.viewing import READER, Viewing
from engine.expressions.sqltypes import String
from engine.expressions.types import Kind, Type
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.links import Links
from engine.problems import Text

VIEW = "view"
KEYS = ("from", "where", "group", "seen_by")
"""The keys of an object that only views have."""
_NOT_HERE = ("number", "gapless", "owned", "attachments", "search", "checks", "unique", "quick")
_OF_FIELDS = frozenset(
    ("value", "type", "scale", "label", "help", "restricted", "personal", "was", "after", "before")
)


@dataclass(frozen=True, kw_only=True)
class Valued(FieldType):
    """Stands for the type of a view's field until its value is known."""

    name = "value"

    def expression_type(self) -> Type:
        return Type(Kind.TEXT)

    def column_type(self) -> TypeEngine[Any]:
        return String()


def check_keys(node: Node, problems: Problems) -> bool:
    """Whether the object is a view; adds problems for keys that do not belong to its kind."""
    is_view = bool(node.plain("kind") == VIEW)
    for key in _NOT_HERE if is_view else KEYS:
        if node.get(key) is not None:
            message = say.VIEW_KEY if is_view else say.ONLY_IN_VIEW
            problems.append(message(_key(node, key), key=key))
    if not is_view:
        fields = node.get("fields")
        for _, child in fields.items() if fields else ():
            if isinstance(child.value, Mapping) and "value" in child.value:
                problems.append(say.ONLY_IN_VIEW(_key(child, "value"), key="value"))
    return is_view


def view_fields(object: str, node: Node, problems: Problems) -> dict[str, Field]:
    """The fields that a view declares, and those of groups that it does not name."""
    fields: dict[str, Field] = {}
    declared, groups = node.get("fields"), node.get("group")
    for name, child in declared.items() if declared else ():
        for key, _ in child.items():
            if key not in _OF_FIELDS:
                problems.append(say.VIEW_KEY(_key(child, key), key=key))
        fields[name] = Field(
            name=name,
            object=object,
            type=Valued(),
            label=child.text("label") or _label(name),
            help=child.text("help"),
            read_only=True,
            restricted=child.plain("restricted", False),
            personal=child.plain("personal", ""),
            copied=False,
            source=child,
        )
    values = declared.items() if declared else ()
    named = {str(child.plain("value", "")).strip() for _, child in values}
    own = {
        name: Field(
            name=name, object=object, type=Valued(), label=_label(name), read_only=True,
            copied=False,
        )
        for name, _ in (groups.items() if groups else ())
        if name not in fields and name not in named
    }  # fmt: skip
    return own | fields


def as_view(definition: Object, node: Node, problems: Problems) -> Object:
    """The object as a view, without what only stored records have; expressions are still text."""
    return replace(
        definition,
        fields=view_fields(definition.name, node, problems),
        viewing=Viewing(
            source=str(node.plain("from", "")),
            seen_by=str(node.plain("seen_by", READER)),
            grouped=node.get("group") is not None,
        ),
        number=None,
        owned=False,
        search=(),
        checks=(),
        unique=(),
        quick=(),
    )


def with_view_fields(definition: Object, objects: Mapping[str, Object]) -> Object:
    """The view with its id and, where each row is a record that has them, owner and department."""
    assert definition.viewing is not None
    return ownership(definition, objects.get(definition.viewing.source))


def leads_to_view(field: Field, objects: Mapping[str, Object], problems: Problems) -> bool:
    """Whether the field would lead to a view, of which it says why that cannot be."""
    type_ = field.type
    if not isinstance(type_, Link | Links | Collection):
        return False
    key, target = ("of", type_.of) if isinstance(type_, Collection) else ("to", type_.to)
    if isinstance(type_, Links):
        key, target = "to", type_.to
    view = objects.get(target)
    if view is None or view.viewing is None:
        return False
    name = f"{field.object}.{field.name}"
    problems.append(
        say.VIEW_LINKED(field.place(key), field=name, object=target, source=view.viewing.source)
    )
    return True


def _label(name: str) -> Text:
    return Text.of(name.replace("_", " ").capitalize())


def _key(node: Node, key: str) -> Any:
    child = node.get(key)
    return (child.key_place or child.place) if child is not None else node.place
