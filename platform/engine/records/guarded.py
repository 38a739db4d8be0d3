"""Plain filters on files and secrets: whether there is one, and which record has this secret."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.expressions.among import among_words
from engine.expressions.types import Kind, Member, Sought
from engine.fieldtypes.file import File
from engine.fieldtypes.secret import Secret
from engine.permissions.binds import Binds
from engine.permissions.names import ReadableNames
from engine.problems import Message, Refusal
from engine.records.sealing import digests_of

if TYPE_CHECKING:
    from engine.records.gate import Gate
    from engine.records.listing import Builder

HIDDEN_TEXT = "…"
_WORDS = re.compile(r"\w+")

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


@dataclass(frozen=True)
class SeekingNames(ReadableNames):
    """The members that some roles may name in a query, with the secrets that they may look for.

    A secret is looked for only on rows where they may see it, as by a plain filter.
    """

    gate: Gate
    binds: Binds

    def member(self, object: str, name: str) -> Member | None:
        """The member, as `ReadableNames` gives it."""
        from engine.records.revealing import may_reveal, revealing

        member = super().member(object, name)
        if member is None or member.type.kind is not Kind.SECRET:
            return member
        lens = self.lenses.lens(object, self.roles)
        if not may_reveal(lens, name):
            return member
        definition, field = lens.definition, lens.definition.fields[name]

        def rows(source: sa.FromClause) -> sa.ColumnElement[bool] | None:
            if lens.is_system:
                return None
            return lens.rows_of("read", revealing(lens, name), source, self.binds)

        def digests(value: Any) -> tuple[str, ...]:
            return digests_of(self.gate, definition, field, value)

        return replace(member, sought=Sought(digests, rows))


def without_secrets(gate: Gate, where: str) -> str:
    """A condition as it may be written down: where it names a secret, its texts are left out."""
    if not _secret_names(gate) & set(_WORDS.findall(where)):
        return where
    try:
        tree = ast.parse(where.strip(), mode="eval")
    except (SyntaxError, ValueError):
        return HIDDEN_TEXT
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = HIDDEN_TEXT
    return ast.unparse(tree)


def _secret_names(gate: Gate) -> frozenset[str]:
    names: frozenset[str] = gate.statements.once(
        ("secret names",),
        lambda: frozenset(
            field.name
            for definition in gate.catalog.objects.values()
            for field in definition.stored_fields
            if isinstance(field.type, Secret)
        ),
    )
    return names


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
