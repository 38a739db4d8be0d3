"""What can be wrong with view objects."""

from __future__ import annotations

from engine.problems import Message

VIEW_WITHOUT_SOURCE = Message(
    "view-without-source",
    en="the view {object} does not say what it is made from",
    zh="视图 {object} 未说明取自哪个对象",
    hint_en="add `from: <object>`",
    hint_zh="请加上 `from: <对象>`",
)
VIEW_OF_VIEW = Message(
    "view-of-view",
    en="{object} cannot be made from {name}, which is a view itself",
    zh="{object} 不能取自 {name}：后者本身就是视图",
    hint_en="make it from the object behind: {best}",
    hint_zh="请直接取自其来源对象：{best}",
)
VIEW_KEY = Message(
    "view-key",
    en="`{key}` has no effect in a view: nobody writes its records",
    zh="`{key}` 在视图中不起作用：视图的记录不可写入",
    hint_en="remove it",
    hint_zh="请去掉该项",
)
ONLY_IN_VIEW = Message(
    "only-in-view",
    en="`{key}` belongs to view objects",
    zh="`{key}` 只用于视图对象",
    hint_en="add `kind: view`, or remove it",
    hint_zh="请加上 `kind: view`，或去掉该项",
)
FIELD_WITHOUT_VALUE = Message(
    "view-field-without-value",
    en="{field} does not say what its value is",
    zh="{field} 未说明其值",
    hint_en="add `value:` with an expression about {source}",
    hint_zh="请加上 `value:`，写关于 {source} 的表达式",
)
GROUPED_VALUE = Message(
    "view-grouped-value",
    en="{found!r} is neither a group nor one of sum(…), count(), min(…), max(…), avg(…)",
    zh="{found!r} 既不是分组，也不是 sum(…)、count()、min(…)、max(…)、avg(…) 之一",
    hint_en="a row stands for many records: name one of the groups {groups}, or aggregate it; "
    "did you mean {best!r}?",
    hint_zh="一行代表多条记录：请写分组 {groups} 之一，或加以汇总；是否想写 {best!r}？",
)
VIEW_AGGREGATE = Message(
    "view-aggregate",
    en="{function} takes one {wanted}, not {found}",
    zh="{function} 需要一个{wanted}，而不是{found}",
    hint_en="write it like sum(amount) or count()",
    hint_zh="写法如 sum(amount) 或 count()",
)
VIEW_VALUE = Message(
    "view-value",
    en="{field} cannot be of the type {found}",
    zh="{field} 的值不能是 {found}",
    hint_en="give a text, a number, a date, yes or no, a link, or an option of a field",
    hint_zh="请给出文本、数值、日期、是否、链接或某字段的选项",
)
VIEW_TYPE = Message(
    "view-type",
    en="{field} is declared as {wanted}, but its value is {found}",
    zh="{field} 声明为 {wanted}，但其值是 {found}",
    hint_en="leave out `type`, it follows from the value",
    hint_zh="请去掉 `type`，类型由值决定",
)
VIEW_LINKED = Message(
    "link-to-view",
    en="{field} cannot lead to {object}: the rows of a view are no records that can be kept",
    zh="{field} 不能指向 {object}：视图的行不是可保存的记录",
    hint_en="link to {source}, from which the view is made",
    hint_zh="请链接到视图的来源对象 {source}",
)
VIEW_GRANT = Message(
    "view-grant",
    en="nobody can {key} records of the view {object}",
    zh="无人可以对视图 {object} 的记录执行 {key}",
    hint_en="grant `read` and `export` only",
    hint_zh="只能授予 `read` 与 `export`",
)
