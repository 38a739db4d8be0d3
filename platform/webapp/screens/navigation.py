"""The side bar: modules, and in each the objects that the person may read."""

from __future__ import annotations

from dataclasses import dataclass

from engine.definition.objects import Object
from webapp.screens.here import Here


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of the side bar."""

    name: str
    label: str
    icon: str
    creates: bool
    quick: bool


@dataclass(frozen=True, slots=True)
class Group:
    """One module of the side bar."""

    label: str
    icon: str
    entries: tuple[Entry, ...]


def navigation(here: Here) -> tuple[Group, ...]:
    """The side bar for the actor. Worked out once per application, set of roles and language."""
    roles = None if here.actor.is_system else here.actor.roles
    key = ("navigation", roles, here.locale)
    groups: tuple[Group, ...] = here.gate.statements.once(key, lambda: _groups(here))
    return groups


def readable_objects(here: Here) -> list[Object]:
    """The objects that the actor may read, in the order of the side bar, others after."""
    in_order = [name for module in here.catalog.site.modules.values() for name in module.objects]
    names = dict.fromkeys((*in_order, *here.catalog.objects))
    found = [here.catalog.objects[name] for name in names if name in here.catalog.objects]
    return [one for one in found if not one.parent and here.lens(one.name).may("read")]


def _groups(here: Here) -> tuple[Group, ...]:
    readable = {one.name: one for one in readable_objects(here)}
    groups = []
    for module in here.catalog.site.modules.values():
        entries = [_entry(here, readable[n]) for n in module.objects if n in readable]
        if entries:
            groups.append(Group(here.say(module.label), module.icon, tuple(entries)))
    listed = {n for module in here.catalog.site.modules.values() for n in module.objects}
    rest = [one for name, one in readable.items() if name not in listed]
    for label, settings in (("more_objects", False), ("settings", True)):
        entries = [_entry(here, one) for one in rest if one.is_settings is settings]
        if entries:
            groups.append(Group(here.t(label), "", tuple(entries)))
    return tuple(groups)


def _entry(here: Here, definition: Object) -> Entry:
    return Entry(
        name=definition.name,
        label=here.say(definition.label if definition.is_settings else definition.plural),
        icon=definition.icon or "square",
        creates=here.lens(definition.name).may("create"),
        quick=bool(definition.quick),
    )
