"""What can be wrong with a conversion's definition."""

from __future__ import annotations

from engine.problems import Message

NO_OWN_RECORD = Message(
    "conversion-of-part",
    en="{object} has no records of its own that could be converted or made",
    zh="{object} 没有可转换或可生成的独立记录",
    hint_en="lines come along by `lines:` of the record that they belong to",
    hint_zh="明细请通过所属记录的 `lines:` 带入",
)
UNKNOWN_TRANSITION = Message(
    "conversion-transition",
    en="{object} has no transition {name!r}",
    zh="{object} 没有流转 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
BY_APPROVAL = Message(
    "conversion-by-approval",
    en="the transition {name!r} happens by an approval only",
    zh="流转 {name!r} 只能由审批触发",
    hint_en="choose another transition, or let the conversion ask for the approved stage in `when`",
    hint_zh="请选择其他流转，或在 `when` 中要求已审批的阶段",
)
PART_IS_SOURCE = Message(
    "conversion-part-name",
    en="a part cannot be called {name!r}: that is the record which is converted",
    zh="生成部分不能命名为 {name!r}：它是被转换的记录",
    hint_en="give it another name and say `object: {name}`",
    hint_zh="请使用其他名称并注明 `object: {name}`",
)
NOT_SETTABLE = Message(
    "conversion-not-settable",
    en="{object}.{field} takes no value: it is computed or set by the system",
    zh="{object}.{field} 不能赋值：由系统计算或设置",
)
USE_LINES = Message(
    "conversion-lines",
    en="{object}.{field} holds lines, which `set` cannot fill",
    zh="{object}.{field} 是明细，不能用 `set` 赋值",
    hint_en="map them under `lines:`",
    hint_zh="请在 `lines:` 下建立映射",
)
NOT_LINES = Message(
    "conversion-not-lines",
    en="{object}.{field} does not hold lines",
    zh="{object}.{field} 不是明细字段",
    hint_en="its lines fields: {possible}",
    hint_zh="明细字段有：{possible}",
)
NOT_BACK = Message(
    "conversion-not-back",
    en="{object}.{field} is no link to {target}, so it cannot point back",
    zh="{object}.{field} 不是指向 {target} 的关联字段，无法回指",
    hint_en="links that can: {possible}",
    hint_zh="可用的关联字段：{possible}",
)
NOT_SET = Message(
    "conversion-as-system",
    en="`as_system` names {name!r}, which `set` does not fill",
    zh="`as_system` 中的 {name!r} 并未在 `set` 中赋值",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
