"""What the fields of settings objects must fulfil: their one record is made without any input."""

from __future__ import annotations

from engine.definition.kinds import Problems
from engine.definition.objects import Field, Object
from engine.definition.tree import Node
from engine.problems import Message

SETTINGS_DEFAULT = Message(
    "settings-default",
    en="{field} of the settings {object} is required but has no default, so they cannot be made",
    zh="设置“{object}”的字段 {field} 为必填但没有默认值，无法创建该设置",
    hint_en="give it a `default`",
    hint_zh="请为其设置 `default`",
)
_FILLING = ("default", "default_from", "suggest")


def check_setting(definition: Object, field: Field, node: Node, problems: Problems) -> None:
    """Adds a problem where the one record could never be made."""
    filled = any(node.get(key) is not None for key in _FILLING)
    if definition.is_settings and field.required and not filled:
        place = field.place("required")
        problems.append(SETTINGS_DEFAULT(place, object=definition.name, field=field.name))
