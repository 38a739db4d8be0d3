"""From the database's own refusals to problems that people understand.

The steps check first, so these come only from races: two writers at the same moment.
"""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from engine.definition.catalog import Catalog
from engine.problems import Message, Refusal, Text
from engine.records import messages as say
from engine.records.rights import joined
from engine.schema.naming import derived_name

GONE = Message(
    "link-gone",
    en="a linked record was removed at the same moment",
    zh="被引用的记录刚刚被删除",
    hint_en="load the record again",
    hint_zh="请重新加载记录",
)


def refusal_of(error: IntegrityError, catalog: Catalog) -> Refusal:
    """The refusal that a unique or foreign key of the database stands for."""
    text = str(error.orig)
    for definition in catalog.objects.values():
        groups = [(f.name,) for f in definition.fields.values() if f.unique and f.stored]
        for names in [*groups, *definition.unique]:
            fields = [definition.fields[name] for name in names]
            columns = [field.folded or field.column for field in fields]
            listed = ", ".join(f"{definition.table}.{column}" for column in columns)
            if derived_name("uq", definition.table, *columns) in text or text.endswith(listed):
                labels = joined([field.label for field in fields])
                return Refusal(say.NOT_AVAILABLE(fields=labels, found=Text.of("")).on(names[0]))
    return Refusal(GONE())
