"""What of a value is shown to roles that may see its mask only: dots, at times with an end of it.

The mask is made by the database, so the value itself never leaves it. Everything else takes a
masked field for one that may not be read: it cannot be filtered, sorted, grouped, searched or
named in a condition.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from engine.definition.kinds import Problems
from engine.definition.objects import Field, Object
from engine.definition.tree import Node
from engine.expressions.sqltypes import String
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.choice import Stage
from engine.fieldtypes.composite import Composite
from engine.fieldtypes.file import File
from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.obscured import Obscured
from engine.fieldtypes.secret import Secret
from engine.fieldtypes.text import Email
from engine.problems import Message
from engine.vault import DOTS, LEAST_TO_SHOW

MASK = "mask"
"""The level between none and read."""
SHAPES = ("last4", "first1", "email", "all")

NO_MASK = Message(
    "field-without-mask",
    en="{field} cannot be masked: {type} fields are read or not",
    zh="“{field}”不能设为掩码：{type} 类型的字段只能可读或不可读",
    hint_en="use `none`; of an address name its parts, a secret has a mask of its own",
    hint_zh="请使用 `none`；地址请列出其组成部分，密文字段自带掩码",
)


def maskable(type_: FieldType) -> bool:
    """Whether a mask can stand for values of the type."""
    return not isinstance(type_, Collection | Composite | File | Link | Secret | Stage)


def shape_of(field: Field) -> str:
    """What the field's mask shows: as declared; of texts the last four characters."""
    if not field.type.textual:
        return "all"
    return field.mask or ("email" if isinstance(field.type, Email) else "last4")


def masked_fields(
    definition: Object, levels: dict[str, str], named: Node, problems: Problems
) -> frozenset[str]:
    """The fields of a grant whose level is `mask`; says which of them can have none."""
    found = {name for name, level in levels.items() if level == MASK}
    without = {name for name in found if not maskable(definition.fields[name].type)}
    for name in sorted(without):
        node = named.get(name)
        if node is not None:
            field = definition.fields[name]
            problems.append(NO_MASK(node.place, field=field.label, type=field.type.name))
    return frozenset(found - without)


def is_mask(raw: Any) -> bool:
    """Whether input is a mask that comes back, in whatever shape."""
    return isinstance(raw, Obscured) or (isinstance(raw, str) and DOTS in raw)


def mask_sql(field: Field, value: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[Any]:
    """The mask of a value: a text where there is a value, else empty.

    `last4` and `first1` show nothing of values so short that little would stay hidden.
    """
    dots = sa.literal(DOTS, String())
    shape = shape_of(field)
    if shape == "all":
        return sa.case((value.is_not(None), dots), else_=sa.cast(sa.null(), String()))
    text = sa.type_coerce(value, String())
    length = sa.func.length(text)
    first, rest = sa.func.substr(text, 1, 1), sa.func.substr(text, length - 3, 4)
    position = sa.func.instr if dialect == "sqlite" else sa.func.strpos
    at = position(text, sa.literal("@", String()))
    shown: tuple[sa.ColumnElement[bool], sa.ColumnElement[Any]]
    match shape:
        case "first1":
            shown = (length > 1, first + dots)
        case "email":
            shown = (at > 2, first + dots + sa.func.substr(text, at, length))
        case _:
            shown = (length >= LEAST_TO_SHOW, dots + rest)
    empty = (value.is_(None), sa.cast(sa.null(), String()))
    return sa.type_coerce(sa.case(empty, shown, else_=dots), String())
