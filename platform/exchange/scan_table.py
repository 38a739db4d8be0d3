"""The groups of a scan as a table: a line for each record, as whoever asked may see it."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definition.objects import Object
from engine.permissions.actors import Actor
from engine.records.gate import Gate
from exchange.bulk import CHUNK, Named, named_records
from exchange.neutral import neutralised
from exchange.scan_results import Found, every_group

HEADER = {
    "en": ["group", "reason", "similarity", "object", "id", "number", "title", "known"],
    "zh": ["组", "原因", "相似度", "对象", "id", "编号", "名称", "可见信息"],
}
HIDDEN = {"en": "(may not be seen)", "zh": "（无权查看）"}


def table_rows(
    gate: Gate, actor: Actor, work: int, definition: Object, locale: str
) -> Iterator[list[str]]:
    """The table's lines. Of records that the actor may not see only what `reveal` names."""
    portion: list[Found] = []
    size = 0
    for group in every_group(gate, actor, work, definition):
        if portion and size + len(group.members) > CHUNK:
            yield from _lines(gate, actor, portion, locale)
            portion, size = [], 0
        portion.append(group)
        size += len(group.members)
    yield from _lines(gate, actor, portion, locale)


def _lines(gate: Gate, actor: Actor, groups: list[Found], locale: str) -> Iterator[list[str]]:
    known: dict[tuple[str, int], Named] = {}
    for object in {one.object for group in groups for one in group.members}:
        ids = sorted({o.id for g in groups for o in g.members if o.object == object and o.id})
        for named in named_records(gate, actor, object, ids):
            known[object, named.id] = named
    comma = "、" if locale == "zh" else ", "
    for group in groups:
        reason = comma.join(rule.in_(locale) for rule in group.rules)
        for one in group.members:
            label = gate.catalog.objects[one.object].label.in_(locale)
            told = comma.join(f"{a.in_(locale)}: {b.in_(locale)}" for a, b in one.reveal)
            seen = known.get((one.object, one.id or 0))
            number, title = (seen.number, seen.title) if seen else ("", HIDDEN[locale])
            texts = map(neutralised, (number, title, told))
            id = str(seen.id) if seen else ""
            yield [str(group.number), reason, str(group.similarity), label, id, *texts]
