"""Hand-over: what somebody is responsible for goes to others, in one step and with a preview.

1. Responsible means: the owner of a record, and whoever others report to. Other links to people
   say who did something once; they move only where they are named (`also`).
2. Each object goes to one person, by default the same for all (`givers`).
3. Every part is a bulk change: long work through the gate, one batch of the audit, refusals with
   their reasons, and `formwright undo` takes it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.definition.catalog import Catalog
from engine.definition.messages import UNKNOWN_FIELD, UNKNOWN_OBJECT
from engine.definition.objects import Field
from engine.fieldtypes.link import Link
from engine.permissions.actors import Actor
from engine.problems import Message, Refusal, did_you_mean
from engine.records.gate import Gate
from exchange.bulk import BulkRequest, count_chosen

SAME_PERSON = Message(
    "hand-over-to-same",
    en="{object} would be handed over to the person that it is taken from",
    zh="{object} 的接收人与移交人相同",
    hint_en="name somebody else",
    hint_zh="请指定其他人员",
)
NOT_A_PERSON_LINK = Message(
    "hand-over-field",
    en="{field} is no field that can be handed over: it does not name a person, or takes no input",
    zh="{field} 不能移交：它不是人员字段，或不接受输入",
    hint_en="name it as OBJECT.FIELD",
    hint_zh="请写成 对象.字段",
)


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """What is to be handed over: from the person `leaver` to `taker`, by their ids.

    `takers` are other people for some objects, `objects` limits the hand-over to these, `also`
    are further fields as (object, field).
    """

    leaver: int
    taker: int
    takers: Mapping[str, int] = field(default_factory=dict)
    objects: Sequence[str] = ()
    also: Sequence[tuple[str, str]] = ()
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Part:
    """One field of one object: how many records there are, and the change that moves them.

    Without a `request` they stay, and are only reported.
    """

    object: str
    field: Field
    count: int
    request: BulkRequest | None = None


def parts(gate: Gate, actor: Actor, order: HandOver) -> list[Part]:
    """What would move, and what stays, with counts as the actor sees them; empty parts left out.

    Raises Refusal for objects and fields that are none, and for somebody who would hand over to
    themselves.
    """
    catalog = gate.catalog
    _check(catalog, order)
    found = []
    for part in _fields(catalog):
        lens = gate.lenses.lens(part.object, None if actor.is_system else actor.roles)
        if not lens.may("read") or not lens.may_read(part.name):
            continue
        moves = _moves(catalog, part, order)
        request = moving_request(order, part.object, part.name)
        count = count_chosen(gate, actor, request)
        if count:
            found.append(Part(part.object, part, count, request if moves else None))
    return found


def moving_request(order: HandOver, object: str, name: str) -> BulkRequest:
    """The change that gives what the leaver has in a field to whoever takes that object."""
    return BulkRequest(
        object=object,
        filters={name: order.leaver},
        fields={name: order.takers.get(object, order.taker)},
        locale=order.locale,
    )


def _moves(catalog: Catalog, found: Field, order: HandOver) -> bool:
    if order.objects and found.object not in order.objects:
        return False
    responsible = found.name == "owner" or _is_manager(catalog, found)
    return responsible or (found.object, found.name) in set(order.also)


def _is_manager(catalog: Catalog, found: Field) -> bool:
    site = catalog.site
    return found.object == site.person and found.name == site.person_manager


def _fields(catalog: Catalog) -> Iterator[Field]:
    """The stored links to people that input can set, of objects with rows of their own."""
    for definition in catalog.objects.values():
        if definition.parent or definition.is_settings:
            continue
        for found in sorted(definition.links, key=lambda one: one.name != "owner"):
            assert isinstance(found.type, Link)
            if found.type.to == catalog.site.person and (found.name == "owner" or found.writable):
                yield found


def _check(catalog: Catalog, order: HandOver) -> None:
    problems = []
    for name in (*order.objects, *order.takers):
        if name not in catalog.objects:
            problems.append(UNKNOWN_OBJECT(name=name, best=did_you_mean(name, catalog.objects)))
    known = {(found.object, found.name) for found in _fields(catalog)}
    for object, name in order.also:
        definition = catalog.objects.get(object)
        if definition is not None and name not in definition.fields:
            best = did_you_mean(name, definition.fields)
            problems.append(UNKNOWN_FIELD(object=definition.label, name=name, best=best))
        elif (object, name) not in known:
            problems.append(NOT_A_PERSON_LINK(field=f"{object}.{name}"))
    for object, taker in {"": order.taker, **order.takers}.items():
        if taker == order.leaver:
            problems.append(SAME_PERSON(object=object or "*"))
    if problems:
        raise Refusal(*problems)
