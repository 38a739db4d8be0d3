"""What can be wrong with a scenario as it is written, before anything runs."""

from __future__ import annotations

from engine.problems import Message

NO_BACKGROUND = Message(
    "scenario-no-background",
    en="there is no background {name!r}",
    zh="没有名为 {name!r} 的背景",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NO_WHY = Message(
    "scenario-removed-without-why",
    en="a scenario that is switched off says why",
    zh="停用场景时须说明原因",
    hint_en="add `why: …`",
    hint_zh="请加上 `why: …`",
)
NAME_TWICE = Message(
    "scenario-name-twice",
    en="{name!r} is the name of something else already, in line {line}",
    zh="名称 {name!r} 已在第 {line} 行用于其他内容",
    hint_en="choose another name",
    hint_zh="请换一个名称",
)
NO_RECORD = Message(
    "scenario-no-record",
    en="no record is called {name!r} up to here",
    zh="到此处为止没有名为 {name!r} 的记录",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NO_PERSON = Message(
    "scenario-no-person",
    en="nobody is called {name!r}",
    zh="没有名为 {name!r} 的人员",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NO_ACCOUNT = Message(
    "scenario-no-account",
    en="{name!r} has no roles, so nobody can sign in as {name!r}",
    zh="{name!r} 没有角色，不能登录",
    hint_en="give the person `roles: […]`",
    hint_zh="请为该人员填写 `roles: […]`",
)
NO_PEOPLE = Message(
    "scenario-no-people",
    en="the site names no object for its {what}",
    zh="site.yaml 未指明{what}对应的对象",
    hint_en="add `people:` or `departments:` to site.yaml",
    hint_zh="请在 site.yaml 中填写 `people:` 或 `departments:`",
)
NO_DEPARTMENT = Message(
    "scenario-no-department",
    en="there is no department {name!r} here",
    zh="此处没有名为 {name!r} 的部门",
    hint_en="add it to `departments:`",
    hint_zh="请将其加入 `departments:`",
)
NO_ROLE = Message(
    "scenario-no-role",
    en="there is no role {name!r}",
    zh="不存在角色 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NO_LOCALE = Message(
    "scenario-no-locale",
    en="the site has no language {name!r}",
    zh="本系统没有语言 {name!r}",
    hint_en="it has: {possible}",
    hint_zh="可用语言：{possible}",
)
NO_TRANSITION = Message(
    "scenario-no-transition",
    en="{object} has no transition {name!r}",
    zh="{object} 没有流转 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NO_VIEW = Message(
    "scenario-no-view",
    en="{object} has no view {name!r}",
    zh="{object} 没有视图 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NO_DOCUMENT = Message(
    "scenario-no-document",
    en="there is no document {name!r} of {object}",
    zh="{object} 没有名为 {name!r} 的单据",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NO_RIGHT = Message(
    "scenario-no-right",
    en="there is no action {name!r}",
    zh="不存在操作 {name!r}",
    hint_en="actions are: {possible}",
    hint_zh="可用操作：{possible}",
)
NO_APPROVAL_STEP = Message(
    "scenario-no-step",
    en="no approval of {object} has a step {name!r}",
    zh="{object} 的审批没有步骤 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NOTHING_DONE = Message(
    "scenario-empty-step",
    en="nothing happens in this step, and nothing is expected",
    zh="此步骤既没有操作，也没有预期",
    hint_en="add what is done, such as `update: …`, or `then: […]`",
    hint_zh="请写明操作（如 `update: …`）或 `then: […]`",
)
SEVERAL_ACTS = Message(
    "scenario-several-acts",
    en="one step does one thing, here are {first!r} and {other!r}",
    zh="一个步骤只做一件事，此处有 {first!r} 和 {other!r}",
    hint_en="make two steps of it",
    hint_zh="请拆成两个步骤",
)
KEY_ELSEWHERE = Message(
    "scenario-key-elsewhere",
    en="with {act!r} there is no key {key!r}",
    zh="与 {act!r} 同用时没有键 {key!r}",
    hint_en="it goes with: {others}",
    hint_zh="它用于：{others}",
)
KEY_NEEDED = Message(
    "scenario-key-needed",
    en="with {act!r} the key {key!r} is needed",
    zh="与 {act!r} 同用时需要键 {key!r}",
    hint_en="add `{key}: …`",
    hint_zh="请加上 `{key}: …`",
)
ONE_OF = Message(
    "scenario-one-of",
    en="exactly one of {possible} belongs here",
    zh="此处应有且仅有 {possible} 之一",
)
NO_SUBJECT = Message(
    "scenario-no-subject",
    en="it is not said which record is meant",
    zh="没有说明指的是哪条记录",
    hint_en="add `of: …`",
    hint_zh="请加上 `of: …`",
)
BAD_TIME = Message(
    "scenario-bad-time",
    en="there is no such day or time as {found!r}",
    zh="不存在日期或时间 {found!r}",
)
TOO_EARLY = Message(
    "scenario-too-early",
    en="{found} lies before {now}, where the scenario is by then",
    zh="{found} 早于场景此时的 {now}",
    hint_en="time only goes on",
    hint_zh="时间只能向后推进",
)
TOO_MUCH = Message(
    "scenario-too-much-time",
    en="something is due at more than {limit} moments of this time",
    zh="此段时间内到期的时刻超过 {limit} 个",
    hint_en="let less time pass, or begin later",
    hint_zh="请缩短经过的时间，或把开始时间设晚一些",
)
NO_DATA_FILE = Message(
    "scenario-no-file",
    en="there is no file {name!r} beside the scenario",
    zh="场景旁边没有文件 {name!r}",
)
LINE_OBJECT = Message(
    "scenario-line-object",
    en="{object} is part of {parent} and is made with it",
    zh="{object} 是 {parent} 的明细，随其一同创建",
    hint_en="give it under the field of {parent} that holds it",
    hint_zh="请写在 {parent} 的明细字段中",
)
NOT_A_LIST = Message(
    "scenario-lines",
    en="{field} takes a list of maps, one for each line",
    zh="{field} 应为列表，每行一个映射",
)
NO_WEBHOOK = Message(
    "scenario-no-webhook",
    en="there is no webhook {name!r}",
    zh="没有名为 {name!r} 的 Webhook",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
