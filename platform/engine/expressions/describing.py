"""Types in words, for problems and for the reference."""

from __future__ import annotations

from engine.expressions.types import Kind, Type
from engine.problems import Text

_KINDS = {
    Kind.NUMBER: ("a number", "数字"),
    Kind.TEXT: ("a text", "文本"),
    Kind.BOOLEAN: ("yes or no", "是/否"),
    Kind.DATE: ("a date", "日期"),
    Kind.MOMENT: ("a point in time", "时间点"),
    Kind.DURATION: ("a duration", "时长"),
    Kind.CHOICE: ("a choice", "选项"),
    Kind.CHOICES: ("several choices", "多选项"),
    Kind.RECORD: ("a record", "记录"),
    Kind.RECORDS: ("records", "一组记录"),
    Kind.LIST: ("a list", "列表"),
    Kind.FILE: ("a file", "文件"),
    Kind.SECRET: ("a secret", "机密内容"),
    Kind.EMPTY: ("empty", "空值"),
}
_UNITS = {
    "money": ("an amount of money", "金额"),
    "percent": ("a percentage", "百分比"),
    "days": ("a duration in days", "以天计的时长"),
    "seconds": ("a duration in hours and minutes", "以小时和分钟计的时长"),
    "months": ("a duration in months", "以月计的时长"),
}


def describe(type: Type) -> Text:
    """`type` as a noun with its article, in English and Chinese."""
    if type.unit:
        return _pair(*_UNITS[type.unit])
    if type.kind is Kind.RECORD and type.object:
        return _pair(f"a record of {type.object!r}", f"{type.object!r} 的记录")
    if type.kind is Kind.RECORDS and type.object:
        return _pair(f"records of {type.object!r}", f"一组 {type.object!r} 记录")
    return _pair(*_KINDS[type.kind])


def describe_kind(kind: Kind) -> Text:
    """A kind of value as a noun with its article."""
    return _pair(*_KINDS[kind])


def _pair(en: str, zh: str) -> Text:
    return Text({"en": en, "zh": zh})
