"""Copies: fields that take their type, and their value, from a field of a linked record.

`copy: customer.region` follows links to a field. The copy has that field's type with its
settings, and its label unless it has one of its own. With `keep: once` the value is taken when
the first link is set; with `keep: in_step` the field is a stored formula.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.types import TypeEngine

from engine.definition.kinds import Problems
from engine.definition.objects import Field, Object
from engine.definition.tree import Node
from engine.expressions.sqltypes import String
from engine.expressions.types import Kind, Type
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.choice import Choice, Stage
from engine.fieldtypes.link import Link
from engine.fieldtypes.number import Money
from engine.fieldtypes.person import Person
from engine.fieldtypes.series import Series
from engine.fieldtypes.text import TextType
from engine.problems import Message, Text, did_you_mean

IN_STEP = "in_step"

COPY_AND_TYPE = Message(
    "copy-and-type",
    en="{field} is a copy, so its type comes from the field that it is copied from",
    zh="{field} 是复制字段，其类型取自来源字段",
    hint_en="leave out `type`",
    hint_zh="请去掉 `type`",
)
COPY_PATH = Message(
    "copy-path",
    en="{found} does not lead along links to a field of another record",
    zh="{found} 不是经由链接通向其他记录字段的路径",
    hint_en="write a link and a field behind it: product.unit",
    hint_zh="请写链接及其后的字段，例如 product.unit",
)
COPY_UNKNOWN = Message(
    "copy-unknown",
    en="{object} has no field {name!r} to copy or to go along",
    zh="{object} 没有可供复制或经过的字段 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
COPY_NOTHING = Message(
    "copy-without-value",
    en="{found} is of the type {type}, of which there is no copy",
    zh="{found} 的类型为 {type}，无法复制",
    hint_en="copy a single value: a text, a number, a date, a choice or a link",
    hint_zh="请复制单个值，例如文本、数值、日期、选项或链接",
)
COPY_CURRENCY = Message(
    "copy-of-currency",
    en="{found} is in a currency of its own record, which a copy would lose",
    zh="{found} 使用其自身记录的币种，复制后会丢失币种",
    hint_en="copy {instead}, the amount in the company's currency",
    hint_zh="请复制 {instead}，即公司本位币金额",
)
KEEP_WITHOUT_COPY = Message(
    "keep-without-copy",
    en="{field} is no copy, so there is nothing to `keep`",
    zh="{field} 不是复制字段，`keep` 无意义",
    hint_en="add `copy: link.field`, or remove `keep`",
    hint_zh="请加上 `copy: 链接.字段`，或去掉 `keep`",
)
_NO_COPY = frozenset(("secret", "address"))


@dataclass(frozen=True, kw_only=True)
class Copied(FieldType):
    """Stands for the type of a copy until the field that it is copied from is known."""

    name = "copy"
    path: str = ""

    def expression_type(self) -> Type:
        return Type(Kind.TEXT)

    def column_type(self) -> TypeEngine[Any]:
        return String()


def copied_type(object: str, name: str, node: Node, problems: Problems) -> Copied | None:
    """The type of a field that says `copy:`, or None where it does not."""
    if node.get("copy") is None:
        if node.get("keep") is not None:
            problems.append(KEEP_WITHOUT_COPY(node.at("keep"), field=f"{object}.{name}"))
        return None
    if node.get("type") is not None:
        problems.append(COPY_AND_TYPE(node.at("type"), field=f"{object}.{name}"))
    return Copied(path=str(node.plain("copy")).strip())


def with_copies(objects: Mapping[str, Object], problems: Problems) -> dict[str, Object]:
    """The objects with the types of their copies; what leads nowhere is a text without a copy."""
    resolver = _Resolver(objects, problems)
    return {
        name: replace(o, fields={n: resolver.field(name, n) for n in o.fields})
        if any(isinstance(f.type, Copied) for f in o.fields.values())
        else o
        for name, o in objects.items()
    }


class _Resolver:
    """Follows copies to what they are copied from, also where that is a copy itself."""

    def __init__(self, objects: Mapping[str, Object], problems: Problems) -> None:
        self.objects, self.problems = objects, problems
        self.done: dict[tuple[str, str], Field] = {}

    def field(self, object: str, name: str) -> Field:
        key = (object, name)
        if key not in self.done:
            raw = self.objects[object].fields[name]
            if not isinstance(raw.type, Copied):
                return raw
            self.done[key] = replace(raw, type=TextType())  # what a circle of copies meets
            self.done[key] = self.resolved(raw, raw.type)
        return self.done[key]

    def resolved(self, field: Field, type_: Copied) -> Field:
        source = self.followed(field, type_.path)
        if source is None:
            return replace(field, type=TextType(), source=None)
        given = field.source.text("label") if field.source else None
        copied = type_of_copy(source)
        if copied is None:
            place = field.place("copy")
            self.problems.append(COPY_NOTHING(place, found=type_.path, type=source.type.name))
            return replace(field, type=TextType(), source=None)
        return replace(field, type=copied, label=given or source.label)

    def followed(self, field: Field, path: str) -> Field | None:
        """The field that the path leads to."""
        *links, last = path.split(".")
        object, place = field.object, field.place("copy")
        if not links:
            self.problems.append(COPY_PATH(place, found=path))
            return None
        for name in links:
            link = self.known(object, name, field)
            if link is None:
                return None
            if not isinstance(link.type, Link):
                self.problems.append(COPY_PATH(place, found=path))
                return None
            object = link.type.to
        found = self.known(object, last, field)
        if found is None:
            return None
        if isinstance(found.type, Money) and found.type.currency_path:
            instead = Text.of(f"{'.'.join(links)}.{last}_company")
            self.problems.append(COPY_CURRENCY(place, found=path, instead=instead))
            return None
        return found

    def known(self, object: str, name: str, copy: Field) -> Field | None:
        """A field on the way of a copy, or None where the object has none of that name."""
        fields = self.objects[object].fields
        if name in fields:
            return self.field(object, name)
        best = did_you_mean(name, fields)
        place = copy.place("copy")
        self.problems.append(COPY_UNKNOWN(place, object=object, name=name, best=best))
        return None


def type_of_copy(source: Field) -> FieldType | None:
    """The type of a copy of this field; None where there is none."""
    type_ = source.type
    if isinstance(type_, Stage):  # a copy does not move through stages
        return Choice(options=type_.options, attributes=type_.attributes)
    if isinstance(type_, Series):
        return TextType()
    if isinstance(type_, Link) and not isinstance(type_, Person):
        kept = "refuse" if type_.on_delete == "refuse" else "clear"
        return Link(to=type_.to, on_delete=kept)
    if type_.name in _NO_COPY or not type_.stored:
        return None
    return type_
