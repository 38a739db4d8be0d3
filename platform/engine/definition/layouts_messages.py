"""What can be wrong with layouts and views."""

from __future__ import annotations

from engine.problems import Message

UNKNOWN_ROLE = Message(
    "unknown-role-shown",
    en="there is no role {name!r}",
    zh="不存在角色 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
UNSUITABLE = Message(
    "unsuitable-in-view",
    en="`{key}` needs {expected}, which {field} is not",
    zh="`{key}` 需要{expected}，而 {field} 不是",
)
KEY_OF_OTHER_KIND = Message(
    "key-of-other-kind",
    en="a view of kind {kind} does not know `{key}`",
    zh="{kind} 类型的视图没有 `{key}`",
    hint_en="it belongs to: {kinds}",
    hint_zh="它适用于：{kinds}",
)
KEY_MISSING = Message(
    "view-key-missing",
    en="a view of kind {kind} needs `{key}`",
    zh="{kind} 类型的视图需要 `{key}`",
)
NOT_FOR_QUICK = Message(
    "not-for-quick",
    en="{field} cannot be entered, so it cannot stand in `quick`",
    zh="{field} 不能录入，不能放入 `quick`",
    hint_en="name fields that people fill in; lines need the full form",
    hint_zh="请填写可录入的字段；明细需使用完整表单",
)
NO_VALUE = Message(
    "no-single-value",
    en="{field} holds records, not a value, so it cannot stand in `{key}`",
    zh="{field} 是记录列表而非单个值，不能放入 `{key}`",
)
LAYOUT_AND_SECTIONS = Message(
    "layout-and-sections",
    en="{object} has a layout, so its `sections` are not used",
    zh="{object} 已有 layout，`sections` 不会生效",
    hint_en="place the sections in a tab of the layout",
    hint_zh="请将这些分组放入 layout 的标签页中",
)
