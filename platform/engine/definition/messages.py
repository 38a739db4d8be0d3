"""What can be wrong with the meaning of object definitions."""

from __future__ import annotations

from engine.problems import Message

FORMULA_CYCLE = Message(
    "formula-cycle",
    en="the formula depends on itself: {circle}",
    zh="公式循环依赖自身：{circle}",
    hint_en="take one of the fields out of the circle",
    hint_zh="请从循环中移除其中一个字段",
)
CANNOT_STORE = Message(
    "cannot-store",
    en="{field} cannot be stored: it reads {found}, which moves without any record being changed",
    zh="{field} 无法存储：它读取了{found}，其变化不经任何记录的修改",
    hint_en="leave out `stored`, it is then computed when read; or take that out of the formula",
    hint_zh="请去掉 `stored`，该字段将在读取时计算；或从公式中移除该部分",
)
ROLLUP_SHAPE = Message(
    "rollup-shape",
    en="the rollup {field} is not one sum, count, avg, min or max over lines or related records",
    zh="汇总 {field} 必须是对明细或相关记录的一个 sum、count、avg、min 或 max",
    hint_en="write it like sum(line.amount for line in lines if line.kind == 'goods')",
    hint_zh="写法如 sum(line.amount for line in lines if line.kind == 'goods')",
)
ROLLUP_CLOCK = Message(
    "rollup-clock",
    en="the rollup {field} cannot be kept exact: it reads {found}, which moves by itself",
    zh="汇总 {field} 无法保持准确：它读取了{found}，其变化不经任何记录的修改",
    hint_en="use a formula instead, it is computed when read",
    hint_zh="请改用公式，在读取时计算",
)
UNKNOWN_OBJECT = Message(
    "unknown-object",
    en="there is no object {name!r}",
    zh="不存在对象 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
UNKNOWN_FIELD = Message(
    "unknown-field",
    en="{object} has no field {name!r}",
    zh="{object} 没有字段 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
UNKNOWN_WORKFLOW = Message(
    "unknown-workflow",
    en="there is no workflow {name!r}",
    zh="不存在流程 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NO_LINK_BACK = Message(
    "no-link-back",
    en="{child} has no single link to {parent}",
    zh="{child} 没有唯一指向 {parent} 的链接字段",
    hint_en="name the link with `by:`",
    hint_zh="请用 `by:` 指明链接字段",
)
TWO_PARENTS = Message(
    "two-parents",
    en="{child} is used as lines by both {first} and {second}",
    zh="{child} 同时被 {first} 和 {second} 用作明细",
    hint_en="write what they share once, with `lines_of: {{{first}: …, {second}: …}}`",
    hint_zh="请用 `lines_of: {{{first}: …, {second}: …}}` 将共用部分只写一次",
)
UNSUITABLE_TITLE = Message(
    "unsuitable-title",
    en="{field} cannot serve as the title of {object}: it is not a text",
    zh="{field} 不是文本，不能作为 {object} 的标题",
    hint_en="use a text field, `number`, or a text formula",
    hint_zh="请使用文本字段、`number` 或文本公式",
)
NO_TITLE = Message(
    "no-title",
    en="{object} does not say which field names its records",
    zh="{object} 未说明用哪个字段命名其记录",
    hint_en="add `title: <field>` or a `number:`",
    hint_zh="请加上 `title: <字段>` 或 `number:`",
)
NOT_SEARCHABLE = Message(
    "not-searchable",
    en="{field} of {object} cannot be searched: it is not a stored text",
    zh="{object} 的 {field} 不是已存储的文本，无法搜索",
)
SEARCHED_ELSEWHERE = Message(
    "not-searched-there",
    en="{found} cannot be searched: {target} itself is not searched by {field}",
    zh="无法搜索 {found}：{target} 本身不按 {field} 搜索",
    hint_en="add {field} to `search` of {target}; a search goes one link deep",
    hint_zh="请将 {field} 加入 {target} 的 `search`；搜索只经过一层链接",
)
NESTED_LINES = Message(
    "nested-lines",
    en="{parent} is used as lines, so it cannot have lines of its own",
    zh="{parent} 已用作明细，不能再有自己的明细",
    hint_en="use `type: related` here",
    hint_zh="此处请使用 `type: related`",
)
NAME_IN_USE = Message(
    "name-in-use",
    en="{object} cannot have a field {name!r}: the platform keeps something of its own there",
    zh="{object} 不能有名为 {name!r} 的字段：平台自身使用该名称",
    hint_en="choose another name",
    hint_zh="请换一个名称",
)
NO_DEFAULT_HERE = Message(
    "no-default-here",
    en="a field of type {type} takes no default",
    zh="{type} 类型的字段不能有默认值",
    hint_en="links take `default_from`, an expression",
    hint_zh="链接可使用表达式 `default_from`",
)
BAD_DEFAULT = Message(
    "bad-default",
    en="the default of {field} is not usable: {why}",
    zh="{field} 的默认值不可用：{why}",
)
LINKING_RECORD = Message(
    "linking-record-path",
    en="{found} is no field of the record that links; a condition on the target reads only those",
    zh="{found} 不是引用方记录自身的字段；目标条件只能读取引用方自身的字段",
    hint_en="give that record a field or formula with the value, and read that",
    hint_zh="请在引用方对象上增加含该值的字段或公式，再读取它",
)
DERIVED_AND_RULE = Message(
    "derived-and-rule",
    en="{field} is computed, so `{key}` has no effect",
    zh="{field} 是计算字段，`{key}` 不起作用",
    hint_en="remove one of the two",
    hint_zh="请去掉其中之一",
)
NOT_STORED = Message(
    "not-stored",
    en="{field} of {object} is computed when read, so it cannot stand in `{key}`",
    zh="{object} 的 {field} 在读取时计算，不能用于 `{key}`",
)
