"""Where a record comes from and what became of it, on its page and in its timeline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from flask import g, request

from engine.definition.objects import Object
from engine.records.reading import Record
from webapp.screens.filters import titled
from webapp.screens.here import Here
from workflow.conversions.service import Conversions, Related, conversions_of


@dataclass(frozen=True, slots=True)
class Relative:
    """A record on the other side of a conversion. `kind` is its object's label."""

    address: str
    title: str
    kind: str
    icon: str
    run: int
    at: dt.datetime
    actor: int | None
    label: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A conversion that the record page offers."""

    label: str
    icon: str
    address: str


@dataclass(frozen=True, slots=True)
class Origins:
    """Both sides, the latest first; `fresh` is what has just been made."""

    came_from: Sequence[Relative]
    became: Sequence[Relative]
    fresh: Sequence[Relative]


def origins_of(at: Here, record: Record) -> Origins:
    """What the record came from and what became of it, as far as one may see.

    It is asked for once for each request: the page and its timeline show the same.
    """
    known: dict[tuple[str, int], Origins] = g.setdefault("origins", {})
    key = (record.object, record.id)
    if key not in known:
        known[key] = _origins(at, record)
    return known[key]


def _origins(at: Here, record: Record) -> Origins:
    if not at.catalog.of("conversion"):
        return Origins((), (), ())
    service = Conversions(at.gate, at.reader)
    came = [_relative(at, one) for one in service.came_from(at.actor, record.object, record.id)]
    became = [_relative(at, one) for one in service.became(at.actor, record.object, record.id)]
    run = request.args.get("converted", "")
    fresh = [one for one in became if str(one.run) == run]
    return Origins(came, became, fresh[::-1])


def offers(at: Here, definition: Object, record: Record) -> list[Offer]:
    """The conversions that may be carried out on the record now."""
    if not conversions_of(at.catalog, definition.name):
        return []
    found = Conversions(at.gate, at.reader).offered(at.actor, definition.name, record.id)
    return [
        Offer(
            at.say(conversion.label),
            conversion.icon or "arrow-right",
            f"/o/{definition.name}/{record.id}/convert/{conversion.name}",
        )
        for conversion in found
    ]


def copies(at: Here, definition: Object) -> bool:
    """Whether the actor may make another record like this one."""
    return definition.kind == "ordinary" and at.lens(definition.name).may("create")


def _relative(at: Here, one: Related) -> Relative:
    record = one.record
    definition = at.catalog.objects[record.object]
    return Relative(
        address=f"/o/{record.object}/{record.id}",
        title=titled(definition, record.values, record.id),
        kind=at.say(definition.label),
        icon=definition.icon or "square",
        run=one.run,
        at=one.at,
        actor=one.actor,
        label=at.say(one.conversion),
    )


def merged_from() -> str:
    """The id of the record that has just become part of the one that is shown."""
    given = request.args.get("merged", "")
    return given if given.isascii() and given.isdigit() and len(given) < 19 else ""
