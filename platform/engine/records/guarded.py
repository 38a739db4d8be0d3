"""Plain filters on files and secrets: whether there is one, and which record has this secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.definition.objects import Field
from engine.expressions.among import among_words
from engine.fieldtypes.file import File
from engine.fieldtypes.secret import Secret
from engine.problems import Message, Refusal
from engine.records.sealing import digests_of

if TYPE_CHECKING:
    from engine.records.listing import Builder

MAY_NOT_REVEAL = Message(
    "may-not-reveal",
    en="your roles do not allow to see or look for the value of {field}",
    zh="您的角色不允许查看或查找“{field}”的内容",
    hint_en="ask an administrator; a role's grant names it under `reveal:`",
    hint_zh="请联系管理员；角色授权须在 `reveal:` 中列出该字段",
)
ONLY_EMPTY = Message(
    "file-filter",
    en="records can only be filtered by whether {field} is empty",
    zh="只能按“{field}”是否为空来筛选",
    hint_en="leave the value out, as in {name}=",
    hint_zh="请不填值，例如 {name}=",
)


def is_guarded(found: Field) -> bool:
    """Whether the field can be neither sorted nor compared."""
    return isinstance(found.type, File | Secret)


def guarded_filter(builder: Builder, found: Field, shape: str) -> Callable[[Any], dict[str, Any]]:
    """The filter on a secret by its value, for roles that may see it; on rows where they may.

    Whoever may not could find out short secrets by asking often enough. Raises Refusal for them,
    and for values of files.
    """
    from engine.records.revealing import may_reveal, revealing

    if isinstance(found.type, File):
        raise Refusal(ONLY_EMPTY(path=found.name, field=found.label, name=found.name))
    lens, source = builder.lens, builder.source
    if not may_reveal(lens, found.name):
        raise Refusal(MAY_NOT_REVEAL(path=found.name, field=found.label))
    if not lens.is_system:
        rows = lens.rows_of("read", revealing(lens, found.name), source, builder.binds)
        if rows is not None:
            builder.conditions.append(rows)
    parameter = f"f_{found.name}"
    builder.conditions.append(among_words(source.c[found.folded], parameter, builder.gate.dialect))

    def read(raw: Any) -> dict[str, Any]:
        many = [raw] if shape == "one" else list(raw)
        definition = builder.definition
        digests = [d for one in many for d in digests_of(builder.gate, definition, found, one)]
        return {parameter: tuple(digests)}

    return read
