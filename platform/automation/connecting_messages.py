"""What can be wrong with the definition of an automation."""

from __future__ import annotations

from engine.problems import Message

UNKNOWN_TRIGGER = Message(
    "unknown-trigger",
    en="there is no trigger {name!r}",
    zh="不存在触发条件 {name!r}",
    hint_en="did you mean {best}?",
    hint_zh="是否想写 {best}？",
)
TRIGGER_SHAPE = Message(
    "trigger-shape",
    en="a trigger has exactly one of `changed`, `transition`, `stage`, `at` and `every`",
    zh="触发条件必须且只能有 `changed`、`transition`、`stage`、`at`、`every` 之一",
    hint_en="found {found}; several triggers are written as a list, timers by themselves",
    hint_zh="此处有 {found}；多个触发条件请写成列表，定时和周期须单独使用",
)
KEY_OF = Message(
    "automation-key",
    en="`{key}` means nothing here, it belongs to `{belongs}`",
    zh="`{key}` 在此无意义，它只与 `{belongs}` 搭配使用",
    hint_en="remove it",
    hint_zh="请去掉",
)
NO_STAGES = Message(
    "automation-without-workflow",
    en="{object} has no workflow, so it has neither stages nor transitions",
    zh="{object} 没有流程，因此没有阶段和流转",
    hint_en="use `changed: <field>` for a choice",
    hint_zh="单选字段请使用 `changed: <字段>`",
)
NOT_NOTICED = Message(
    "change-not-noticed",
    en="{field} is computed from other records or when it is read, so no change of it is noticed",
    zh="{field} 由其他记录汇总或在读取时计算，其变化无法被察觉",
    hint_en="name a field that it follows from, or use a timer or a schedule",
    hint_zh="请改用其所依据的字段，或使用定时、周期",
)
NO_OPTIONS = Message(
    "trigger-without-options",
    en="`{key}` needs one field that is a choice, a stage or yes or no",
    zh="`{key}` 只能用于一个单选、阶段或是/否字段",
    hint_en="say it under `if:`",
    hint_zh="请写在 `if:` 中",
)
NO_MOMENT = Message(
    "timer-without-moment",
    en="a timer needs a date or a point in time, but this gives {found}",
    zh="定时需要日期或时间点，而此处得到的是{found}",
    hint_en="name a date, such as `due_on - days(3)`",
    hint_zh="请使用日期，如 `due_on - days(3)`",
)
NOT_ITS_OWN = Message(
    "timer-not-its-own",
    en="a timer's moment follows from the record's own fields, but this reads {found}",
    zh="定时的时刻必须由记录自身的字段得出，而此处读取了{found}",
    hint_en="put the clock and other records under `if:`, or copy the value into a field",
    hint_zh="当前时间和其他记录请写在 `if:` 中，或先将其值存入本记录的字段",
)
BAD_LATE = Message(
    "timer-late",
    en="{source!r} is no length of time",
    zh="{source!r} 不是时长",
    hint_en="write days(2), hours(4) or skip",
    hint_zh="请写 days(2)、hours(4) 或 skip",
)
LONG_LATE = Message(
    "timer-late-long",
    en="{source!r} is longer than {most} days",
    zh="{source!r} 超过 {most} 天",
    hint_en="write a shorter time, like days(2)",
    hint_zh="请写较短的时长，如 days(2)",
)
NOBODY_ACTS = Message(
    "automation-no-user",
    en="nobody acts at a moment or a fixed time, so there is no 'user' here",
    zh="定时和周期没有操作人，此处不能使用 'user'",
    hint_en="use a field of the record, such as its owner",
    hint_zh="请使用记录的字段，例如负责人",
)
BAD_CRON = Message(
    "bad-cron",
    en="{found!r} names no times that ever come",
    zh="{found!r} 不是有效的周期",
    hint_en='write minute, hour, day, month and weekday, like "0 8 * * mon-fri"',
    hint_zh='请依次写分、时、日、月、星期，如 "0 8 * * mon-fri"',
)
ACTION_SHAPE = Message(
    "action-shape",
    en="an action has either `notify` or `webhook`",
    zh="动作必须且只能有 `notify`、`webhook` 之一",
    hint_en="write several actions as several entries",
    hint_zh="多个动作请分多项填写",
)
NO_TITLE_TOLD = Message(
    "notice-without-title",
    en="a notice needs a `title`",
    zh="通知需要 `title`",
    hint_en='add `title: {{en: "…", zh: "…"}}`',
    hint_zh='请加上 `title: {{en: "…", zh: "…"}}`',
)
OF_DELETED = Message(
    "notice-of-deleted",
    en="nobody would be told: nobody reads a record that is deleted",
    zh="无人会收到通知：已删除的记录无人可查看",
    hint_en="call a webhook, or take `deleted` out of `on:`",
    hint_zh="请改用 Webhook，或从 `on:` 中去掉 `deleted`",
)
NOBODY = Message(
    "notice-without-people",
    en="there are no people here who could be told",
    zh="没有可通知的人员对象",
    hint_en="name their object under `people:` in site.yaml",
    hint_zh="请在 site.yaml 的 `people:` 中指明人员对象",
)
CANNOT_READ = Message(
    "notice-unreadable",
    en="nobody would be told: the role {role!r} may not read {object}",
    zh="无人会收到通知：角色 {role!r} 无权查看 {object}",
    hint_en="grant it `read`, or tell another role",
    hint_zh="请授予其 `read` 权限，或通知其他角色",
)
NO_DOCUMENT = Message(
    "notice-document",
    en="{object} has no document {name!r}",
    zh="{object} 没有单据 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
