"""Examples of findings, as far as whoever looks at the plan may read the records.

A plan counts on all records. Administering does not give a right to read them, so their titles
and values are read anew, as the one who looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.problems import Refusal
from engine.records.query import Query
from engine.records.reading import Record
from engine.schema.findings import Example, Finding
from webapp.screens.filters import titled
from webapp.screens.here import Here


def examples_for(at: Here, findings: Sequence[Finding]) -> Mapping[int, tuple[str, ...]]:
    """The examples of each finding that may be shown, by the finding's place in the list."""
    wanted: dict[str, set[int]] = {}
    for found in findings:
        ids = {example.id for example in found.examples if example.id}
        wanted.setdefault(found.object, set()).update(ids)
    records = {name: _readable(at, name, ids) for name, ids in wanted.items()}
    return {
        number: tuple(_shown(at, found, records[found.object]))
        for number, found in enumerate(findings)
        if found.examples
    }


def _readable(at: Here, name: str, ids: set[int]) -> Mapping[int, Record]:
    """Those of the records that the actor may see, with what may be read of them."""
    definition = at.catalog.objects.get(name)
    if definition is None or definition.parent or not ids:
        return {}
    query = Query(where=f"id in [{', '.join(map(str, sorted(ids)))}]", limit=len(ids))
    try:
        return {record.id: record for record in at.reader.page(at.actor, name, query).items}
    except Refusal:
        return {}


def _shown(at: Here, found: Finding, records: Mapping[int, Record]) -> Iterator[str]:
    for example in found.examples:
        if not example.id:
            if at.actor.is_system or _reads_all(at, found):
                yield _said(example.title, example.value)
        elif (record := records.get(example.id)) is not None:
            definition = at.catalog.objects[found.object]
            value = example.value if _may_see_value(at, found, example, record) else ""
            yield _said(f"#{example.id} {titled(definition, dict(record.values), 0)}", value)


def _may_see_value(at: Here, found: Finding, example: Example, record: Record) -> bool:
    return found.field in record.values if found.field else _reads_all(at, found)


def _reads_all(at: Here, found: Finding) -> bool:
    """Whether the field, or every field, can be read on every record: nothing is given away."""
    definition = at.catalog.objects.get(found.object)
    if definition is None or definition.parent:
        return False
    lens = at.lens(found.object)
    names = [found.field] if found.field else definition.fields
    return lens.may_read_all() and all(lens.may_read(name) for name in names)


def _said(title: str, value: str) -> str:
    return ": ".join(filter(None, (title.removesuffix("#0").strip(), value)))
