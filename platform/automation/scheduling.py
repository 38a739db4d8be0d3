"""What a schedule does when its time comes: the actions for all records of the condition.

The records are read by pages, as lists are. Each page's effects, the wish for the next page and the
end of this one are one transaction, so no record is told twice or left out after a crash.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy.exc import DBAPIError

from automation.acting import Occasion, effects_of
from automation.definitions import Automation
from automation.rules import automations_of
from engine.permissions.actors import SYSTEM
from engine.records.query import Query
from engine.records.reading import Page, Reader
from engine.records.transaction import Transaction
from engine.schema.tables import DELETED
from jobs.handlers import Handler, Running
from jobs.outbox import Effect, put
from jobs.schedules import SCHEDULE

CHUNK = 500
"""Records that are looked at together."""


def run(running: Running) -> None:
    """Carries out the effect of a schedule, one page of records at a time."""
    gate, effect = running.gate, running.effect
    automation = automations_of(gate.catalog).get(effect.payload["name"])
    if automation is None or automation.schedule is None:
        return
    query = Query(
        where=automation.condition.source if automation.condition else "",
        sort=("id",),
        fields=("id",),
        limit=CHUNK,
        after=effect.payload.get("after", ""),
    )
    page = _page(Reader(gate), automation.object, query)
    with gate.transaction(SYSTEM, cause=f"automation:{automation.name}") as tx:
        effects = _effects(tx, automation, [record.id for record in page.items])
        if page.next:
            following = dict(effect.payload) | {"after": page.next}
            effects.append(Effect(kind=SCHEDULE, payload=following, queue=effect.queue))
        put(tx, effects)
        running.finish(tx)


def _page(reader: Reader, object: str, query: Query) -> Page:
    """The next records of the condition.

    Where the database cannot work it out, because a figure outgrows its digits somewhere, the
    next of all records: each is asked by itself then, and whichever it was is told of.
    """
    try:
        return reader.page(SYSTEM, object, query)
    except DBAPIError:
        return reader.page(SYSTEM, object, replace(query, where=""))


def _effects(tx: Transaction, automation: Automation, ids: Iterable[int]) -> list[Effect]:
    """The effects for records that still fulfil the condition."""
    known = tx.fetch(automation.object, ids)
    live = [id for id in ids if id in known and known[id][DELETED] is None]
    definition = tx.catalog.objects[automation.object]
    tx.prefetch(definition, [known[id] for id in live], automation.paths)
    occasion = Occasion(automation.name)
    return [
        effect
        for id in live
        for effect in effects_of(automation, tx.linked(automation.object, id), tx, occasion)
    ]


SCHEDULE_HANDLER = Handler(kind=SCHEDULE, run=run, timeout=300.0)
