"""Why the gate refuses something."""

from __future__ import annotations

from engine.problems import Message, Text

NOT_FOUND = Message(
    "not-found",
    en="there is no {object} {record}",
    zh="不存在{object} {record}",
)
FORBIDDEN = Message(
    "forbidden",
    en="your roles ({roles}) do not allow to {action} {object}",
    zh="您的角色（{roles}）不允许{action}{object}",
    hint_en="ask an administrator; `formwright why` names the rules",
    hint_zh="请联系管理员；`formwright why` 可列出相关规则",
)
FORBIDDEN_ROW = Message(
    "forbidden-record",
    en="your roles ({roles}) allow to {action} only: {scopes}; this {object} is not among them",
    zh="您的角色（{roles}）只允许{action}：{scopes}；该{object}不在其中",
    hint_en="ask its owner or an administrator",
    hint_zh="请联系其负责人或管理员",
)
FORBIDDEN_FIELD = Message(
    "forbidden-field",
    en="your roles ({roles}) may not change {field}",
    zh="您的角色（{roles}）不能修改{field}",
    hint_en="leave it out",
    hint_zh="请不要提交该字段",
)
COMPUTED = Message(
    "computed-field",
    en="{field} is computed and takes no input",
    zh="{field}由系统计算，不接受输入",
    hint_en="leave it out",
    hint_zh="请不要提交该字段",
)
SYSTEM_FIELD = Message(
    "system-field",
    en="{field} is set by the system",
    zh="{field}由系统设置",
    hint_en="leave it out; a historical import may set it",
    hint_zh="请不要提交该字段；历史数据导入可以设置",
)
SET_ONCE = Message(
    "set-once",
    en="{field} can be set once only",
    zh="{field}一经填写不可修改",
    hint_en="leave it as it is",
    hint_zh="请保持原值",
)
CLOSED = Message(
    "field-closed",
    en="{field} cannot be changed any more",
    zh="{field}已锁定，不能修改",
    hint_en="leave it as it is, or bring the record back to where it was open",
    hint_zh="请保持原值，或先将记录退回到可修改的状态",
)
NOT_HERE = Message(
    "field-not-here",
    en="{field} has no place in this record",
    zh="此记录不适用{field}",
    hint_en="leave it empty",
    hint_zh="请留空",
)
NOT_OFFERED = Message(
    "option-not-offered",
    en="{option} cannot be chosen for {field} here",
    zh="此处{field}不能选择{option}",
    hint_en="choose one of: {offered}",
    hint_zh="可选：{offered}",
)
REQUIRED = Message(
    "required",
    en="{field} must be filled in",
    zh="请填写{field}",
)
CHECK_FAILED = Message("check-failed", en="{say}", zh="{say}")
LINK_NOT_FOUND = Message(
    "link-not-found",
    en="{field}: there is no {target} {found}",
    zh="{field}：不存在{target} {found}",
)
LINK_AMBIGUOUS = Message(
    "link-ambiguous",
    en="{field}: {found} names more than one {target}",
    zh="{field}：{found} 对应多个{target}",
    hint_en="give the id or the number",
    hint_zh="请使用 ID 或编号",
)
LINK_UNSUITABLE = Message(
    "link-unsuitable",
    en="{field}: this {target} does not fulfil the condition {condition}",
    zh="{field}：该{target}不满足条件 {condition}",
)
HIERARCHY_CYCLE = Message(
    "hierarchy-cycle",
    en="{field}: the records would stand above each other in a circle: {found}",
    zh="{field}：记录会互为上级，形成循环：{found}",
    hint_en="choose another one",
    hint_zh="请选择其他记录",
)
TREE_TOO_DEEP = Message(
    "tree-too-deep",
    en="{field}: a tree has at most {most} levels",
    zh="{field}：树最多 {most} 层",
    hint_en="choose one further up",
    hint_zh="请选择更上层的记录",
)
TREE_CIRCLE = Message(
    "tree-circle",
    en="the records would stand above each other in a circle: {found}",
    zh="记录会互为上级，形成循环：{found}",
    hint_en="move one of them elsewhere first",
    hint_zh="请先将其中一条移到别处",
)
NOT_UNIQUE = Message(
    "not-unique",
    en="{fields} {found} is already used by {holder}",
    zh="{fields} {found} 已被 {holder} 使用",
)
NOT_AVAILABLE = Message(
    "not-available",
    en="{fields} {found} is not available",
    zh="{fields} {found} 不可用",
    hint_en="choose another value",
    hint_zh="请换一个值",
)
STALE = Message(
    "stale-version",
    en="the record was changed meanwhile (version {current} instead of {expected}): {fields}",
    zh="记录已被他人修改（版本 {current}，而非 {expected}）：{fields}",
    hint_en="load it again and repeat your change",
    hint_zh="请重新加载后再修改",
)
STILL_USED = Message(
    "still-used",
    en="{count} {objects} still refer to it",
    zh="仍有 {count} 条{objects}引用它",
    hint_en="change or delete those first",
    hint_zh="请先修改或删除这些记录",
)
STILL_USED_UNSEEN = Message(
    "still-used-unseen",
    en="records that you may not see still refer to it",
    zh="仍有您无权查看的记录引用它",
    hint_en="ask an administrator",
    hint_zh="请联系管理员",
)
NOT_DELETED = Message(
    "not-deleted",
    en="this {object} is not in the recycle bin",
    zh="该{object}不在回收站中",
)
TOO_MANY_DIGITS = Message(
    "result-too-large",
    en="{field}: the result has more than 18 digits",
    zh="{field}：计算结果超过 18 位数字",
)
BAD_LINES = Message(
    "bad-lines",
    en="{field} takes a list of records",
    zh="{field}需要记录列表",
)
UNKNOWN_LINE = Message(
    "unknown-line",
    en="line {found} does not belong to this record",
    zh="明细 {found} 不属于该记录",
)
NUMBER_TAKEN = Message(
    "number-shape",
    en="the number {found!r} must contain a character that is no digit",
    zh="编号 {found!r} 必须包含非数字字符",
)
BAD_QUERY = Message(
    "bad-query",
    en="{key}: {found!r} is not usable; expected {expected}",
    zh="{key}：{found!r} 不可用；应为 {expected}",
)
RIGHT_MISSING = Message(
    "right-missing",
    en="your roles ({roles}) do not have the right to {right}",
    zh="您的角色（{roles}）没有“{right}”权限",
)
SAME_BATCH = Text(
    {"en": "another record that is written at the same time", "zh": "同时写入的另一条记录"}
)
"""Who holds a unique value that two changes of one batch ask for."""
