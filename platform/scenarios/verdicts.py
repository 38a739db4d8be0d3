"""What is said of an expectation that does not hold, and of steps that go wrong."""

from __future__ import annotations

from engine.problems import Message

FIELD = Message(
    "expected-value",
    en="{record}: expected {field} {expected}, found {found}",
    zh="{record}：{field} 应为 {expected}，实际为 {found}",
)
LINES = Message(
    "expected-lines",
    en="{record}: expected {expected} lines in {field}, found {found}",
    zh="{record}：{field} 应有 {expected} 行，实际有 {found} 行",
)
CONDITION = Message(
    "expected-condition",
    en="{record}: expected `{that}`, which is not so",
    zh="{record}：应满足 `{that}`，实际不满足",
)
GONE = Message(
    "expected-record",
    en="{record} is not there any more",
    zh="{record} 已不存在",
)
REFUSED = Message(
    "unexpected-refusal",
    en="refused: {code} {sentence}",
    zh="被拒绝：{code} {sentence}",
    hint_en="if that is right, add `refused: {code}` to the step",
    hint_zh="如属预期，请在步骤中加上 `refused: {code}`",
)
GIVEN_REFUSED = Message(
    "given-refused",
    en="{record} cannot be given: {code} {sentence}",
    zh="无法准备 {record}：{code} {sentence}",
)
NOT_REFUSED = Message(
    "expected-refusal",
    en="expected to be refused with {expected}, found that it was done",
    zh="应以 {expected} 被拒绝，实际已执行",
)
OTHER_REFUSAL = Message(
    "expected-other-refusal",
    en="expected to be refused with {expected}, found {found}: {sentence}",
    zh="应以 {expected} 被拒绝，实际为 {found}：{sentence}",
)
REFUSAL_FIELD = Message(
    "expected-refused-field",
    en="expected to be refused because of {expected}, found {found}",
    zh="应因字段 {expected} 被拒绝，实际为 {found}",
)
REFUSAL_TEXT = Message(
    "expected-refusal-text",
    en="expected the refusal to say {expected!r}, found {found!r}",
    zh="拒绝提示应包含 {expected!r}，实际为 {found!r}",
)
APPROVAL_STATE = Message(
    "expected-approval",
    en="{record}: expected an approval that is {expected}, found {found}",
    zh="{record}：审批状态应为 {expected}，实际为 {found}",
)
APPROVAL_STEP = Message(
    "expected-approval-step",
    en="{record}: expected to wait for the step {expected}, found {found}",
    zh="{record}：应等待步骤 {expected}，实际为 {found}",
)
ASKED = Message(
    "expected-approvers",
    en="{record}: expected {expected} to be asked, found {found}",
    zh="{record}：审批人应为 {expected}，实际为 {found}",
)
NOTHING_WAITS = Message(
    "scenario-nothing-waits",
    en="{record}: nothing waits for the decision of {person}",
    zh="{record}：没有等待{person}审批的事项",
)
SEEN = Message(
    "expected-seen",
    en="expected {person} to see {record}, found that it is hidden",
    zh="{person} 应能看到 {record}，实际看不到",
)
UNSEEN = Message(
    "expected-unseen",
    en="expected {person} not to see {record}, found that it is seen",
    zh="{person} 不应看到 {record}，实际能看到",
)
ONLY = Message(
    "expected-only",
    en="expected only {expected}, found also {found}",
    zh="应仅有 {expected}，实际还有 {found}",
)
COUNT = Message(
    "expected-count",
    en="expected {expected}, found {found}",
    zh="应为 {expected} 条，实际为 {found} 条",
)
HIDDEN = Message(
    "expected-hidden",
    en="expected {person} not to see {field} of {record}, found {found}",
    zh="{person} 不应看到 {record} 的 {field}，实际看到 {found}",
)
NOT_READ = Message(
    "expected-readable",
    en="expected {person} to see {field} of {record}, found that it is hidden",
    zh="{person} 应能看到 {record} 的 {field}，实际看不到",
)
RIGHT = Message(
    "expected-right",
    en="{person} · {action} · {on}: expected {expected}, found {found}",
    zh="{person} · {action} · {on}：应为{expected}，实际为{found}",
)
INBOX = Message(
    "expected-inbox",
    en="expected {expected} to wait for {person}, found {found}",
    zh="等待{person}审批的应为 {expected}，实际为 {found}",
)
TEXT = Message(
    "expected-text",
    en="expected {what} to contain {expected!r}",
    zh="{what}应包含 {expected!r}",
)
NO_TEXT = Message(
    "expected-no-text",
    en="expected {what} not to contain {expected!r}",
    zh="{what}不应包含 {expected!r}",
)
ROWS = Message(
    "expected-rows",
    en="expected {expected} rows {what}, found {found}{because}",
    zh="{what} 应为 {expected} 行，实际为 {found} 行{because}",
)
TOLD = Message(
    "expected-notice",
    en="expected {what} to {person}{saying}, found {found}",
    zh="应有发给{person}的{what}{saying}，实际为{found}",
)
TOLD_COUNT = Message(
    "expected-notices",
    en="expected {expected} {what} to {person}{saying}, found {count}: {found}",
    zh="发给{person}的{what}{saying}应有 {expected} 条，实际有 {count} 条：{found}",
)
EFFECT_FAILED = Message(
    "effect-failed",
    en="what was to happen afterwards failed: {kind}: {sentence}",
    zh="后续处理失败：{kind}：{sentence}",
)
CRASHED = Message(
    "scenario-crashed",
    en="the step ended with an error of the program: {why}",
    zh="步骤因程序错误而中断：{why}",
    hint_en="please report it with this scenario",
    hint_zh="请附上此场景反馈该错误",
)
