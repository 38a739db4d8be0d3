"""Colours of records in a list: the first rule of the view that a record fulfils."""

from __future__ import annotations

from collections.abc import Sequence

from engine.definition.layouts import ViewShape
from engine.definition.objects import Object
from engine.records.query import MOST, Query
from webapp.screens.here import Here


def tints(at: Here, definition: Object, shape: ViewShape, ids: Sequence[int]) -> dict[int, str]:
    """The colour of each of these records that has one; a statement per rule, not per record.

    Rules that read what the actor may not read are left out.
    """
    found: dict[int, str] = {}
    for rule in shape.colours:
        if rule.when is None or not _readable(at, rule.when.reads):
            continue
        rest = [id for id in ids if id not in found][:MOST]
        if not rest:
            break
        query = Query(
            where=rule.when.source,
            filters={"id": [str(id) for id in rest]},
            fields=("id",),
            limit=len(rest),
            sort=("id",),
        )
        page = at.reader.page(at.actor, definition.name, query)
        found.update({record.id: rule.colour for record in page.items})
    return found


def _readable(at: Here, reads: frozenset[tuple[str, str]]) -> bool:
    return all(at.lens(object).may_read(name) for object, name in reads)
