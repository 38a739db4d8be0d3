"""Why a conversion is refused."""

from __future__ import annotations

from engine.problems import Message

NO_CONVERSION = Message(
    "no-such-conversion",
    en="{object} has no conversion {name!r}",
    zh="{object}没有转换 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NOT_NOW = Message("conversion-not-now", en="{say}", zh="{say}")
NOT_NOW_UNSAID = Message(
    "conversion-condition",
    en="{conversion} needs: {condition}",
    zh="{conversion}需要满足：{condition}",
)
NOT_YOURS = Message(
    "forbidden-conversion",
    en="{conversion} is only for: {allowed}; your roles are {roles}",
    zh="{conversion}仅限：{allowed}；您的角色是{roles}",
    hint_en="ask somebody with one of these roles",
    hint_zh="请联系拥有上述角色的同事",
)
ALREADY = Message(
    "conversion-done",
    en="{conversion} has been done for this {object} already",
    zh="该{object}已执行过“{conversion}”",
    hint_en="go on with what was made, or delete it first",
    hint_zh="请继续处理已生成的记录，或先将其删除",
)
UNKNOWN_PART = Message(
    "conversion-unknown-part",
    en="{conversion} makes no {name!r}",
    zh="“{conversion}”不会生成 {name!r}",
    hint_en="it makes: {possible}",
    hint_zh="会生成：{possible}",
)
NOT_MADE = Message(
    "conversion-not-made",
    en="no {object} is made here, so it takes no values",
    zh="此处不会生成{object}，不能为其填写内容",
    hint_en="leave its values out and change the record itself",
    hint_zh="请去掉这些内容，直接修改该记录",
)
NO_VALUES = Message(
    "conversion-values",
    en="the values of {name!r} must be fields with their values",
    zh="{name!r} 的内容必须是字段及其值",
)
LINES_COME_ALONG = Message(
    "conversion-lines-given",
    en="{field} comes from the {source} and takes no input here",
    zh="{field}取自{source}，此处不能填写",
    hint_en="convert first, then change the lines",
    hint_zh="请先转换，再修改明细",
)
HIDDEN = Message(
    "conversion-hidden",
    en="{field} would come from what your roles do not show: {roles}",
    zh="{field}的来源内容超出您的角色权限：{roles}",
    hint_en="ask somebody who may see it, or enter a value of your own",
    hint_zh="请联系有权查看的同事，或自行填写",
)
