"""What the gate says of possible duplicates."""

from __future__ import annotations

from engine.problems import Message

DUPLICATE = Message(
    "duplicate",
    en="there is already {found} ({rule})",
    zh="已存在：{found}（{rule}）",
    hint_en="open that record instead of entering another one",
    hint_zh="请使用已有记录，不要重复录入",
)
POSSIBLE = Message(
    "possible-duplicate",
    en="this may already be there: {found} ({rule})",
    zh="可能重复：{found}（{rule}）",
    hint_en="look at it first; to save it all the same, confirm (`confirm_duplicates`: true)",
    hint_zh="请先核对；如确需保存，请确认（`confirm_duplicates`: true）",
)
NOT_YES_OR_NO = Message(
    "confirm-duplicates",
    en="`confirm_duplicates` is {found!r}, but it must be true or false",
    zh="`confirm_duplicates` 的值 {found!r} 无效，应为 true 或 false",
)
NO_RULES = Message(
    "no-match-rules",
    en="{object} has no match rules",
    zh="{object} 没有查重规则",
    hint_en="a definition gives it some under `duplicates`",
    hint_zh="可在对象定义的 `duplicates` 中设置",
)
