"""Files and secrets in definitions: what cannot be said of them, and an object's attachments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.definition.kinds import Problems
from engine.definition.tree import Node
from engine.fieldtypes.file import File
from engine.fieldtypes.secret import Secret
from engine.problems import Message, Text, did_you_mean

if TYPE_CHECKING:
    from engine.definition.objects import Field, Object

ATTACHMENTS = "attachments"
"""The field that `attachments: true` gives an object."""
LABEL = Text({"en": "Attachments", "zh": "附件"})

NOT_COMPUTED = Message(
    "file-or-secret-computed",
    en="{field} holds {what}, which `{key}` cannot give or compare",
    zh="{field} 保存{what}，不能使用 `{key}`",
    hint_en="remove the key: such values only come from people",
    hint_zh="请去掉该键：此类值只能由人提供",
)
ATTACHMENTS_TAKEN = Message(
    "attachments-taken",
    en="{object} has a field `attachments` and `attachments: true`, which brings one",
    zh="{object} 已有字段 `attachments`，同时又设置了 `attachments: true`",
    hint_en="rename the field, or leave the key out",
    hint_zh="请将该字段改名，或去掉此键",
)
LINES_ATTACHMENTS = Message(
    "attachments-of-lines",
    en="{object} is part of {parent}, so its attachments are those of that record",
    zh="{object} 是 {parent} 的明细，附件应放在其所属记录上",
    hint_en="set `attachments: true` there, or give the lines a field of type `file`",
    hint_zh="请在所属对象上设置 `attachments: true`，或为明细增加 `file` 类型字段",
)
NOT_A_SECRET_FIELD = Message(
    "reveal-no-secret",
    en="`reveal` names {name!r}, which is no field of type `secret` of {object}",
    zh="`reveal` 中的 {name!r} 不是 {object} 的 `secret` 类型字段",
    hint_en="did you mean {best}?",
    hint_zh="是否想写 {best}？",
)
REVEAL_HIDDEN = Message(
    "reveal-hidden",
    en="`reveal` names {name}, but the role does not show the field at all",
    zh="`reveal` 中的 {name} 对该角色不可见",
    hint_en="grant it under `fields`, as `read` or `write`",
    hint_zh="请在 `fields` 中授予 `read` 或 `write`",
)
_WHAT = {
    "file": Text({"en": "files", "zh": "文件"}),
    "secret": Text({"en": "a secret", "zh": "机密内容"}),
}
_COMPUTING = ("formula", "rollup", "suggest", "copy", "default", "default_from", "searchable")


def check_guarded(definition: Object, field: Field, problems: Problems) -> None:
    """Adds what a file or secret field says that it cannot mean."""
    node = field.source
    if node is None or not isinstance(field.type, File | Secret):
        return
    is_file = isinstance(field.type, File)
    for key in (*_COMPUTING, *(("unique",) if is_file else ())):
        if node.get(key) is not None and node.plain(key) is not False:
            what = _WHAT["file" if is_file else "secret"]
            place = field.place(key)
            problems.append(NOT_COMPUTED(place, field=field.name, what=what, key=key))


def with_attachments(
    name: str, node: Node, fields: Mapping[str, Field], problems: Problems
) -> dict[str, Field]:
    """The fields with that of the object's attachments, where it has them."""
    from engine.definition.objects import Field

    result = dict(fields)
    if node.plain(ATTACHMENTS, False) is not True:
        return result
    if ATTACHMENTS in result:
        problems.append(ATTACHMENTS_TAKEN(node.at(ATTACHMENTS), object=name))
        return result
    result[ATTACHMENTS] = Field(
        name=ATTACHMENTS, object=name, type=File(multiple=True), label=LABEL, attached=True
    )
    return result


def check_attachments(definition: Object, problems: Problems) -> None:
    """Adds a problem where lines ask for attachments of their own."""
    found = definition.fields.get(ATTACHMENTS)
    if found is not None and found.attached and definition.parent:
        place = definition.place(ATTACHMENTS)
        parent = definition.parent_object
        problems.append(LINES_ATTACHMENTS(place, object=definition.name, parent=parent))


def attachment_level(definition: Object, grant: Node, levels: dict[str, str]) -> None:
    """Attachments follow the record: whoever may change it adds some, whoever sees it reads them.

    A role may say otherwise by naming the field.
    """
    found = definition.fields.get(ATTACHMENTS)
    named = grant.get("fields")
    if found is None or not found.attached or (named and named.get(ATTACHMENTS) is not None):
        return
    if any(level != "none" for level in levels.values()):
        changes = grant.plain("update", "none") not in ("none", False, None)
        changes = changes or grant.plain("create", False) is True
        levels[ATTACHMENTS] = "write" if changes else "read"


def read_reveal(definition: Object, grant: Node, problems: Problems) -> frozenset[str]:
    """The secrets that a grant reveals."""
    node = grant.get("reveal")
    names = node.to_plain() if node else ()
    secrets = [f.name for f in definition.fields.values() if isinstance(f.type, Secret)]
    for index, name in enumerate(names):
        if name not in secrets:
            best = did_you_mean(str(name), secrets)
            problems.append(
                NOT_A_SECRET_FIELD(
                    grant.at("reveal", index), name=name, object=definition.name, best=best
                )
            )
    return frozenset(name for name in names if name in secrets)


def check_reveal(
    grant: Node, revealed: frozenset[str], levels: Mapping[str, str], problems: Problems
) -> None:
    """Adds a problem for secrets that a role reveals and hides."""
    for name in sorted(revealed - levels.keys()):
        problems.append(REVEAL_HIDDEN(grant.at("reveal"), name=name))
