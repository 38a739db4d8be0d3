"""What can be wrong with the shape of a definition."""

from __future__ import annotations

from engine.problems import Message, Text

KINDS = {
    "string": Text({"en": "a text", "zh": "文本"}),
    "integer": Text({"en": "a whole number", "zh": "整数"}),
    "number": Text({"en": "a number", "zh": "数字"}),
    "boolean": Text({"en": "true or false", "zh": "true 或 false"}),
    "array": Text({"en": "a list", "zh": "列表"}),
    "object": Text({"en": "a map of keys and values", "zh": "键值映射"}),
    "null": Text({"en": "nothing", "zh": "空"}),
}
YES_NO = {
    **dict.fromkeys(("yes", "y", "on", "true", "是"), "true"),
    **dict.fromkeys(("no", "n", "off", "false", "否"), "false"),
}

KEY_BELONGS_UNDER = Message(
    "key-belongs-under",
    en="{key!r} does not stand here, it belongs under `{under}:`",
    zh="{key!r} 不应写在此处，应写在 `{under}:` 之下",
    hint_en="write `{under}: {{{example}}}`",
    hint_zh="请写成 `{under}: {{{example}}}`",
)
UNKNOWN_KEY = Message(
    "unknown-key",
    en="there is no key {key!r} here",
    zh="此处没有名为 {key!r} 的键",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
WRONG_TYPE_KEY = Message(
    "key-of-other-type",
    en="with `{by}: {value}` there is no key {key!r}",
    zh="`{by}: {value}` 时没有名为 {key!r} 的键",
    hint_en="it belongs to {others}",
    hint_zh="它属于 {others}",
)
MISSING_SPACE = Message(
    "missing-space",
    en="there is no key {key!r} here",
    zh="此处没有名为 {key!r} 的键",
    hint_en="leave a space after the colon",
    hint_zh="冒号后请留一个空格",
)
MISSING_KEY = Message(
    "missing-key",
    en="the key {key!r} is missing here",
    zh="此处缺少键 {key!r}",
    hint_en="add `{key}: …`",
    hint_zh="请加上 `{key}: …`",
)
WRONG_VALUE = Message(
    "wrong-value",
    en="expected {expected}, found {found}",
    zh="此处应为{expected}，实际为{found}",
)
WRONG_VALUE_QUOTE = Message(
    "wrong-value-quote",
    en="expected {expected}, found {found}",
    zh="此处应为{expected}，实际为{found}",
    hint_en="put it in quotes",
    hint_zh="请加上引号",
)
NO_VALUE = Message(
    "no-value",
    en="expected {expected}, found nothing",
    zh="此处应为{expected}，实际为空",
    hint_en="give it a value, or delete the key",
    hint_zh="请填写值，或删除此键",
)
WRITE = Message(
    "not-boolean",
    en="expected true or false, found {found!r}",
    zh="此处应为 true 或 false，实际为 {found!r}",
    hint_en="write {best}",
    hint_zh="请写 {best}",
)
NOT_ONE_OF = Message(
    "not-one-of",
    en="{found} is not possible here",
    zh="此处不能是{found}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NOT_IN_LIST = Message(
    "not-in-list",
    en="{found} is not possible here",
    zh="此处不能是{found}",
    hint_en="use one of {options}",
    hint_zh="请使用以下之一：{options}",
)
EMPTY = Message(
    "empty-value",
    en="this must not be empty",
    zh="此处不能为空",
    hint_en="fill it, or delete the key",
    hint_zh="请填写，或删除此键",
)
TOO_FEW = Message(
    "too-few",
    en="expected more of {what} here",
    zh="此处的{what}数量不足",
)
TOO_SMALL = Message(
    "too-small",
    en="{found} is less than {limit}, the least that is possible here",
    zh="{found} 小于此处允许的最小值 {limit}",
)
TOO_BIG = Message(
    "too-big",
    en="{found} is more than {limit}, the most that is possible here",
    zh="{found} 大于此处允许的最大值 {limit}",
)
TWICE = Message(
    "named-twice",
    en="this list names something twice",
    zh="此列表中有重复项",
    hint_en="name it once",
    hint_zh="请只列一次",
)
BAD_NAME_HERE = Message(
    "bad-name-here",
    en="{name!r} cannot be a name here",
    zh="{name!r} 不能用作此处的名称",
    hint_en="choose another name",
    hint_zh="请换一个名称",
)
AND_MORE = Message(
    "and-more",
    en="there are more than {number} mistakes here; only the first are told",
    zh="此处有超过 {number} 个错误，仅列出前面的部分",
    hint_en="correct those and check again",
    hint_zh="请先更正这些，然后重新检查",
)
