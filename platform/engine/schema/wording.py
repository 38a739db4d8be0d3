"""The steps of a plan in business words, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.problems import Text
from engine.schema.differences import Difference, Plain
from engine.schema.findings import Count
from engine.schema.indexes import Unserved

KINDS = {
    "site": Text({"en": "site", "zh": "站点"}),
    "object": Text({"en": "object", "zh": "对象"}),
    "workflow": Text({"en": "workflow", "zh": "流程"}),
    "role": Text({"en": "role", "zh": "角色"}),
    "mapping": Text({"en": "import mapping", "zh": "导入映射"}),
    "data": Text({"en": "seed data", "zh": "初始数据"}),
    "approval": Text({"en": "approval", "zh": "审批"}),
    "document": Text({"en": "document", "zh": "单据"}),
    "automation": Text({"en": "automation", "zh": "自动化"}),
    "webhook": Text({"en": "webhook", "zh": "Webhook"}),
}
_UNSERVED = {
    "computed": Text({"en": "it uses a computed field", "zh": "其中用到了计算字段"}),
    "limit": Text({"en": "the object has its most indexes already", "zh": "该对象的索引已达上限"}),
}
LONGEST = 40
"""Characters of a value that are shown."""


def both(en: str, zh: str, **args: object) -> Text:
    """A text in both languages; arguments that are texts or counts appear in the language around
    them. The noun fits a count by `{count:# record|# records}` (`findings.Number`)."""

    def filled(template: str, locale: str) -> str:
        given = {k: v.in_(locale) if isinstance(v, Text | Count) else v for k, v in args.items()}
        return template.format(**given)

    # Chinese sets no space beside its full-width brackets
    return Text({"en": filled(en, "en"), "zh": filled(zh, "zh").replace("） ", "）")})


def named(label: Text, name: str) -> Text:
    """A label with the name that files use: `Full name (full_name)`."""
    if set(label.by_locale.values()) == {name}:
        return label
    return both("{label} ({name})", "{label}（{name}）", label=label, name=name)


def of_object(definition: Object) -> Text:
    """An object with label and name."""
    return named(definition.label, definition.name)


def of_field(field: Field) -> Text:
    """A field with label and name."""
    return named(field.label, field.name)


def new_object(definition: Object) -> Text:
    """A new object and how many fields it has."""
    count = sum(not field.system for field in definition.fields.values())
    return both(
        "new object {object} with {count:# field|# fields}",
        "新增对象 {object}，含 {count} 个字段",
        object=of_object(definition),
        count=Count(count),
    )


def new_field(definition: Object, field: Field) -> Text:
    """A new field with a column of its own."""
    return both(
        "new field {field} of {object}",
        "{object} 新增字段 {field}",
        object=of_object(definition),
        field=of_field(field),
    )


def converted_field(definition: Object, field: Field) -> Text:
    """A field that gets a column of another type."""
    return both(
        "{field} of {object} becomes {type}: its values move to a new column, the old one is kept",
        "{object}的{field}改为 {type}：值移入新列，旧列保留",
        object=of_object(definition),
        field=of_field(field),
        type=field.type.name,
    )


def rewritten_field(definition: Object, field: Field) -> Text:
    """A field whose values are written anew, in a column of their own."""
    return both(
        "{field} of {object}: its values are written to a new column, the old one is kept",
        "{object}的{field}：值写入新列，旧列保留",
        object=of_object(definition),
        field=of_field(field),
    )


def returning_field(definition: Object, field: Field) -> Text:
    """A parked field that comes back."""
    return both(
        "field {field} of {object} comes back, with the values that were kept",
        "{object} 恢复字段 {field}，使用保留的原值",
        object=of_object(definition),
        field=of_field(field),
    )


def new_columns(definition: Object) -> Text:
    """Columns that are no field of their own: folded text, sort keys, search grams."""
    return both(
        "search and order of {object} are prepared",
        "为 {object} 准备搜索与排序",
        object=of_object(definition),
    )


GIVEN_UP = Text(
    {
        "en": "what an apply that was not finished has begun to compute is removed",
        "zh": "移除此前未完成的应用操作已开始计算的内容",
    }
)
LEFT_OVER = Text(
    {
        "en": "what was converted with this revision is completed in the history of its records",
        "zh": "补全记录历史中随本版本转换的值",
    }
)


def respelled(definition: Object, field: Field) -> Text:
    """Values that are written in the form that their type has."""
    return both(
        "the numbers in {field} of {object} are written in one form (+86…)",
        "{object}的{field}统一为国际格式（+86…）",
        object=of_object(definition),
        field=of_field(field),
    )


def joined(labels: Iterable[Text]) -> Text:
    """Several labels in a row."""
    every = tuple(labels)
    return Text(
        {
            "en": ", ".join(label.in_("en") for label in every),
            "zh": "、".join(label.in_("zh") for label in every),
        }
    )


def new_index(table: Text, columns: Text, unique: bool) -> Text:
    """A new index."""
    en, zh = (
        ("{columns} of {table} must be unique", "{table} 的 {columns} 不可重复")
        if unique
        else ("new index on {table} for lists by {columns}", "{table} 新增列表索引：{columns}")
    )
    return both(en, zh, table=table, columns=columns)


def old_index(table: Text, name: str) -> Text:
    """An index that nothing asks for any more."""
    return both(
        "the index {name} on {table} is no longer used and is dropped",
        "{table} 的索引 {name} 不再使用，将被删除",
        name=name,
        table=table,
    )


def unserved(found: Unserved, catalog: Catalog) -> Text:
    """A declared list that stays without an index."""
    definition = catalog.objects[found.object]
    return both(
        "the list {view} of {object} has no index of its own: {why}",
        "{object} 的列表 {view} 没有专用索引：{why}",
        view=named(definition.views[found.view].label, found.view),
        object=of_object(definition),
        why=_UNSERVED[found.reason],
    )


def parked(what: Text, rows: int) -> Text:
    """Something that is no longer used, and how much is kept."""
    return both(
        "{what} is no longer used: its data is kept, hidden ({rows:# record holds|#"
        " records hold} some)",
        "{what} 不再使用：数据保留但不可见（{rows} 条记录有值）",
        what=what,
        rows=Count(rows),
    )


def of_difference(difference: Difference, before: Plain, after: Plain) -> Text:
    """What differs, where no table has to change for it."""
    en, zh = {
        "new": ("new: {what}", "新增：{what}"),
        "gone": ("no longer there: {what}", "已移除：{what}"),
        "changed": ("changed: {what}: {details}", "变更：{what}：{details}"),
        "renamed": ("renamed: {what}: {details}", "改名：{what}：{details}"),
    }[difference.change]
    return both(en, zh, what=subject(difference, before, after), details=_details(difference))


def subject(difference: Difference, before: Plain, after: Plain) -> Text:
    """What the difference is about."""
    side = before if difference.change == "gone" else after
    plain = side.get(difference.kind, {}).get(difference.name)
    kind = KINDS.get(difference.kind, Text.of(difference.kind))
    if not difference.field:
        what = named(_label(plain, difference.name), difference.name)
        return both("{kind} {what}", "{kind} {what}", kind=kind, what=what)
    inner = (plain or {}).get("fields", {}).get(difference.field)
    return both(
        "field {field} of {object}",
        "{object} 的字段 {field}",
        field=named(_label(inner, difference.field), difference.field),
        object=named(_label(plain, difference.name), difference.name),
    )


def _label(plain: Any, name: str) -> Text:
    label = plain.get("label", plain.get(name)) if isinstance(plain, Mapping) else None
    if isinstance(label, Mapping) and all(isinstance(text, str) for text in label.values()):
        return Text.of(label)
    return Text.of(label if isinstance(label, str) else name)


def _details(difference: Difference) -> str:
    return ", ".join(_detail(key, was, now) for key, was, now in difference.keys)


def _detail(key: str, was: Any, now: Any) -> str:
    if isinstance(was, Mapping | list) or isinstance(now, Mapping | list) or was == now:
        return key or "…"
    return f"{key} {shown(was)} → {shown(now)}".strip()


def shown(value: Any) -> str:
    if value is None:
        return "–"
    text = str(value).lower() if isinstance(value, bool) else " ".join(str(value).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
