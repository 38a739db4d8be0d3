"""What can be wrong with the definition of an approval."""

from __future__ import annotations

from engine.problems import Message

TWO_APPROVALS = Message(
    "two-approvals",
    en="{first!r} and {second!r} both start on the transition {transition!r}",
    zh="{first!r} 与 {second!r} 都由流转 {transition!r} 发起",
    hint_en="make them steps of one approval",
    hint_zh="请合并为同一审批的多个步骤",
)
NO_WORKFLOW = Message(
    "approval-without-workflow",
    en="{object} has no workflow, so nothing could wait for an approval",
    zh="{object} 没有流程，无法等待审批",
    hint_en="define a workflow for it first",
    hint_zh="请先为其定义流程",
)
UNKNOWN_TRANSITION = Message(
    "unknown-transition",
    en="{workflow} has no transition {name!r}",
    zh="流程 {workflow} 没有流转 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
TWO_TARGETS = Message(
    "approval-two-stages",
    en="{transition!r} leads to {stage!r}, another transition of `starts_on` to {other!r}",
    zh="{transition!r} 通向 {stage!r}，而 `starts_on` 的另一流转通向 {other!r}",
    hint_en="records wait in one stage: let all of them lead there",
    hint_zh="等待审批只能在同一阶段：请让它们通向同一阶段",
)
SILENT_ENTRY = Message(
    "approval-silent-entry",
    en="{transition!r} leads to {stage!r} too, but asks for no approval",
    zh="{transition!r} 也通向 {stage!r}，但不会发起审批",
    hint_en="add it to `starts_on`, or let it lead elsewhere",
    hint_zh="请将其加入 `starts_on`，或改为通向其他阶段",
)
NO_WAY_BACK = Message(
    "approval-no-way-back",
    en="`{key}`: {transition!r} does not start from {stage!r}, where records wait",
    zh="`{key}`：{transition!r} 不能从等待审批的阶段 {stage!r} 开始",
    hint_en="add the stage to its `from`, or name another transition",
    hint_zh="请在其 `from` 中加入该阶段，或改用其他流转",
)
CONDITION_ON_RETURN = Message(
    "approval-conditional-return",
    en="`{key}`: {transition!r} has `{condition}`, but a record must always be able to go back",
    zh="`{key}`：{transition!r} 带有 `{condition}`，但记录必须随时能够退回",
    hint_en="remove it there, or name a transition without conditions",
    hint_zh="请去掉该条件，或改用不带条件的流转",
)
NEEDED_TOO_EARLY = Message(
    "approval-needed-too-early",
    en="a record that needs approval could never get out of {stage!r} to ask for it",
    zh="需要审批的记录将无法处于阶段 {stage!r}，也就无法提交",
    hint_en="take it out of `needed_in`: records are there before they are approved",
    hint_zh="请将其移出 `needed_in`：记录在批准前即处于该阶段",
)
APPROVER_SHAPE = Message(
    "approver-shape",
    en="an approver has exactly one of `role`, `manager` and `person`",
    zh="审批人必须且只能填写 `role`、`manager`、`person` 之一",
    hint_en="found {found}; write several approvers as several entries",
    hint_zh="此处有 {found}；多个审批人请分多项填写",
)
KEY_OF = Message(
    "approver-key",
    en="`{key}` means nothing here, it belongs to `{belongs}`",
    zh="`{key}` 在此无意义，它只与 `{belongs}` 搭配使用",
    hint_en="remove it",
    hint_zh="请去掉",
)
CANNOT_READ = Message(
    "approver-cannot-read",
    en="nobody could decide: the role {role!r} may not read {object}",
    zh="无人能够审批：角色 {role!r} 无权查看 {object}",
    hint_en="grant it `read`, or ask another role",
    hint_zh="请授予其 `read` 权限，或改用其他角色",
)
NO_MANAGERS = Message(
    "approval-no-managers",
    en="people have no managers here",
    zh="人员没有设置直属上级",
    hint_en="name the link under `people: {{manager: …}}` in site.yaml, or set `if_self: ask`",
    hint_zh="请在 site.yaml 的 `people: {{manager: …}}` 中指明该链接字段，或设 `if_self: ask`",
)
NO_PEOPLE = Message(
    "approval-no-people",
    en="there are no people here who could be asked",
    zh="没有可供选择的人员对象",
    hint_en="name their object under `people:` in site.yaml",
    hint_zh="请在 site.yaml 的 `people:` 中指明人员对象",
)
