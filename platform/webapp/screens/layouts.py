"""Layouts on the screens: which one the actor gets, its tabs, and what stands in none of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.definition.layouts import Layout, LayoutTab, RelatedList, Section, fits
from engine.definition.objects import Object
from engine.fieldtypes.link import Related
from engine.permissions.binds import Binds
from engine.problems import Text
from engine.records.states import States
from webapp.screens.here import Here

REST = "more"
"""The name of the tab with the lists that no tab places."""


@dataclass(frozen=True, slots=True)
class RecordTab:
    """One tab of a record's page, as it stands in the row of tabs."""

    name: str
    label: str
    current: bool


def roles_of(at: Here) -> frozenset[str] | None:
    """The actor's roles as layouts ask for them."""
    return None if at.actor.is_system else at.actor.roles


def layout_for(at: Here, definition: Object) -> Layout:
    """The first layout that is for the actor's roles; everything in one tab without any."""
    roles = roles_of(at)
    return next((one for one in definition.layouts if fits(one.roles, roles)), Layout())


def tabs_for(at: Here, definition: Object) -> tuple[LayoutTab, ...]:
    """The tabs of the actor's layout, for any record, with whatever it does not place.

    Fields that no section names stand in a last section; lists of related records that no tab
    names in a last tab, or below everything where there is only one.
    """
    roles = roles_of(at)
    layout = layout_for(at, definition)
    tabs = [
        replace(tab, sections=tuple(s for s in tab.sections if fits(s.roles, roles)))
        for tab in layout.tabs
        if fits(tab.roles, roles)
    ]
    rest = _rest(at, definition, layout)
    place = next((i for i in reversed(range(len(tabs))) if tabs[i].sections), -1)
    if rest is None:
        pass
    elif place < 0:
        tabs.insert(0, LayoutTab(name="", label=definition.label, sections=(rest,)))
    else:
        tabs[place] = replace(tabs[place], sections=(*tabs[place].sections, rest))
    lists = _unplaced(definition, layout)
    if lists and len(tabs) > 1:
        label = Text({"": at.t("related")})
        tabs.append(LayoutTab(name=REST, label=label, related=lists))
    elif lists and tabs:
        tabs[0] = replace(tabs[0], related=(*tabs[0].related, *lists))
    return tuple(tabs)


def _rest(at: Here, definition: Object, layout: Layout) -> Section | None:
    """The section of the fields that no section names."""
    named = {name for section in layout.sections for name in section.fields}
    fields = [
        name
        for name, found in definition.fields.items()
        if name not in named
        and not found.system
        and not isinstance(found.type, Related)
        and not found.part_of
        and not found.beside
    ]
    fields += [n for n in ("owner", "department") if n in definition.fields and n not in named]
    if not fields:
        return None
    label = at.t("more_fields") if named else at.say(definition.label)
    return Section(label=Text({"": label}), fields=tuple(fields))


def _unplaced(definition: Object, layout: Layout) -> tuple[RelatedList, ...]:
    """The lists of related records that no tab places, in the order of the sections or fields."""
    placed = {one.field for tab in layout.tabs for one in tab.related}
    named = [name for section in layout.sections for name in section.fields]
    names = dict.fromkeys((*named, *definition.fields))
    return tuple(
        RelatedList(field=name)
        for name in names
        if name not in placed
        and name in definition.fields
        and isinstance(definition.fields[name].type, Related)
    )


def hidden_sections(at: Here, definition: Object, states: States) -> frozenset[str]:
    """The sections that are not shown for the record.

    A condition that reads what the actor may not read, or not on every record, hides nothing:
    nobody shall learn of a value from what is there.
    """
    if not states.sections:
        return frozenset()
    conditions = {
        section.name: section.visible_when
        for layout in definition.layouts
        for section in layout.sections
    }
    return frozenset(
        name
        for name in states.sections
        if (condition := conditions.get(name)) is not None
        and all(
            _plain_to(at, object, field, object == definition.name)
            for object, field in condition.reads
        )
    )


def _plain_to(at: Here, object: str, field: str, own: bool) -> bool:
    """Whether the actor sees the field on every record of the object; of their own object, on
    every record that they see at all."""
    lens = at.lens(object)
    if not lens.may_read(field):
        return False
    if lens.is_system:
        return True
    everywhere = lens.showing(field) == lens.allowing("read")
    source = at.gate.lenses.view.source(object)
    return everywhere and (own or lens.rows("read", source, Binds()) is None)


def shown_tabs(at: Here, definition: Object) -> tuple[LayoutTab, ...]:
    """The tabs in which the actor may read anything at all."""
    lens = at.lens(definition.name)

    def lists(one: RelatedList) -> bool:
        found = definition.fields.get(one.field)
        if found is None or not isinstance(found.type, Related) or not lens.may_read(one.field):
            return False
        return at.lens(found.type.of).may("read")

    return tuple(
        tab
        for tab in tabs_for(at, definition)
        if any(lens.may_read(name) for section in tab.sections for name in section.fields)
        or any(map(lists, tab.related))
    )


def chosen_tab(tabs: tuple[LayoutTab, ...], name: str) -> LayoutTab:
    """The tab of that name, else the first."""
    found = (tab for tab in tabs if tab.name == name)
    return next(found, tabs[0] if tabs else LayoutTab(name="", label=Text({"": ""})))


def placed_sections(at: Here, definition: Object) -> list[tuple[str, Section]]:
    """All sections of the form in order, each with the label of its tab where there are several."""
    tabs = [tab for tab in tabs_for(at, definition) if tab.sections]
    several = len(tabs) > 1
    return [
        (at.say(tab.label) if several else "", section) for tab in tabs for section in tab.sections
    ]
