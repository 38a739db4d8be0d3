"""Which names definitions may have (rule 7).

Python's keywords and the query words cannot stand in expressions and addresses; system fields
exist on every record, so no other field can have their names. `schemas/common.schema.json` says
the same as regular expressions, for editors.
"""

from __future__ import annotations

import keyword
import re

from engine.definition.objects import OWNERSHIP_FIELDS, SYSTEM_FIELDS
from engine.problems import Message, Place, Problem

QUERY_WORDS = ("limit", "count", "sort", "fields", "where", "q", "after")
"""The parameters of the list address."""

BAD_NAME = Message(
    "bad-name",
    en="{name!r} is no name: at most 40 small letters, digits and underscores, a letter first",
    zh="{name!r} 不能作为名称：最多 40 个小写字母、数字和下划线，以字母开头",
    hint_en="write {best!r}",
    hint_zh="请写 {best!r}",
)
PYTHON_WORD = Message(
    "keyword-name",
    en="{name!r} is a word of the expression language, so it cannot be a name",
    zh="{name!r} 是表达式语言的关键字，不能用作名称",
    hint_en="choose another name, such as {like!r}",
    hint_zh="请换一个名称，如 {like!r}",
)
RESERVED_NAME = Message(
    "reserved-name",
    en="{name!r} is reserved for list addresses, so it cannot be a name",
    zh="{name!r} 保留用于列表地址，不能用作名称",
    hint_en="choose another name, such as {like!r}",
    hint_zh="请换一个名称，如 {like!r}",
)
SYSTEM_NAME = Message(
    "system-field-name",
    en="{name!r} is a field that every record has by itself",
    zh="{name!r} 是每条记录自带的字段",
    hint_en="choose another name, such as {like!r}",
    hint_zh="请换一个名称，如 {like!r}",
)
OWNERSHIP_NAME = Message(
    "ownership-field-name",
    en="{name!r} is a field that every owned record has by itself",
    zh="{name!r} 是每条有负责人的记录自带的字段",
    hint_en="choose another name, or say `owned: false` for this object",
    hint_zh="请换一个名称，或为此对象写 `owned: false`",
)

_SHAPE = re.compile(r"[a-z][a-z0-9_]{0,39}\Z", re.ASCII)


def name_problem(name: str, place: Place, *, field: bool = False) -> Problem | None:
    """What is wrong with `name` as the name of anything, or of a field; None when nothing is."""
    like = f"{name}_" if len(name) < 40 else name[:-1]
    if not _SHAPE.match(name):
        return BAD_NAME(place, name=name, best=_shaped(name))
    if keyword.iskeyword(name):
        return PYTHON_WORD(place, name=name, like=like)
    if name in QUERY_WORDS:
        return RESERVED_NAME(place, name=name, like=like)
    if field and name in OWNERSHIP_FIELDS:
        return OWNERSHIP_NAME(place, name=name)
    if field and name in SYSTEM_FIELDS:
        return SYSTEM_NAME(place, name=name, like=like)
    return None


def _shaped(name: str) -> str:
    """The nearest usable name: "Close Date" becomes "close_date"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    better = re.sub(r"[^a-z0-9]+", "_", words).strip("_")[:40]
    return better if _SHAPE.match(better) and not keyword.iskeyword(better) else ""
