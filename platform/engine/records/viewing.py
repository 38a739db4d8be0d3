"""View objects: a query stands in the place of their table, so nobody writes their records."""

from __future__ import annotations

from engine.definition.objects import Object
from engine.problems import Message, Problem, Refusal
from engine.records.changes import Batch

READ_ONLY_OBJECT = Message(
    "read-only-object",
    en="{object} is a view: its records are only read, not written",
    zh="“{object}”是视图：其记录只能查看，不能写入",
    hint_en="change the {source} records from which it is made",
    hint_zh="请修改其来源对象 {source} 的记录",
)
NO_SEARCH = Message(
    "view-without-search",
    en="{object} is a view, which is not searched by words",
    zh="“{object}”是视图，不支持按词搜索",
    hint_en="use filters or a condition instead",
    hint_zh="请改用筛选或条件",
)


def refuse_views(batch: Batch) -> None:
    """Step: refuses every change of a view's records, whoever asks."""
    if batch.definition.is_view:
        raise Refusal(read_only(batch.definition))


def read_only(definition: Object) -> Problem:
    """The problem that the records of a view are not written."""
    assert definition.viewing is not None
    return READ_ONLY_OBJECT(object=definition.label, source=definition.viewing.source)


def refuse_words(definition: Object) -> None:
    """Refuses a search by words: there is no index of what a query computes."""
    if definition.is_view:
        raise Refusal(NO_SEARCH(object=definition.label, path="q"))
