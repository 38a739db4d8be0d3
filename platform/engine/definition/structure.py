"""The structure between objects: link targets, collections, line parents, stages, system fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from engine.definition import messages as say
from engine.definition.catalog import Catalog
from engine.definition.copying import with_copies
from engine.definition.currencies import connected as connected_currency
from engine.definition.currencies import idle_rates, with_currency_links
from engine.definition.joining import connected_links, is_many_link, with_labels
from engine.definition.kinds import Problems
from engine.definition.objects import Field, Object
from engine.definition.settling import check_settled
from engine.definition.system import with_system_fields
from engine.definition.viewing_building import leads_to_view, with_view_fields
from engine.expressions.types import Attribute
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.choice import Option, Stage
from engine.fieldtypes.currency import Currency
from engine.fieldtypes.link import Collection, Lines, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import Money
from engine.problems import did_you_mean


class OptionSource(Protocol):
    """A definition of a higher room that gives a stage field its options."""

    @property
    def options(self) -> tuple[Option, ...]:
        """The stages, in order."""

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        """What every stage carries."""


def with_structure(catalog: Catalog, problems: Problems) -> Catalog:
    """The catalog with objects that know each other; their expressions are still text."""
    catalog = with_currency_links(catalog)
    parents, idle = _parents(catalog, problems), idle_rates(catalog)
    objects = {}
    for name, definition in catalog.objects.items():
        fields = {
            key: _with_type(f, _connected(f, catalog, problems))
            for key, f in definition.fields.items()
        }
        fields = {
            k: f for k, f in fields.items() if _has_target(f, catalog) and (name, k) not in idle
        }
        fields = with_labels(fields, catalog)
        parent = parents.get(name, "")
        if parent in fields:
            link = fields[parent]
            assert isinstance(link.type, Link)
            fields[parent] = replace(link, type=replace(link.type, on_delete="cascade"))
        built = replace(definition, fields=fields, parent=parent if parent in fields else "")
        if not built.is_view:
            built = with_system_fields(built, catalog.site, bool(built.parent))
        objects[name] = built
    copied = with_copies(objects, problems)
    whole = {n: with_view_fields(o, copied) if o.is_view else o for n, o in copied.items()}
    return catalog.with_objects({name: _with_title(o, problems) for name, o in whole.items()})


def _with_type(field: Field, type_: FieldType) -> Field:
    return field if type_ is field.type else replace(field, type=type_)


def _connected(field: Field, catalog: Catalog, problems: Problems) -> FieldType:
    type_ = field.type
    if leads_to_view(field, catalog.objects, problems):
        return type_
    if isinstance(type_, Money | Currency):
        return connected_currency(field, catalog, problems)
    if isinstance(type_, Stage):
        return _stage(field, type_, catalog, problems)
    if not check_settled(field, problems):
        return type_
    if isinstance(type_, Link) and type_.to not in catalog.objects:
        _unknown_object(field, "to", type_.to, catalog, problems)
    if isinstance(type_, Links):
        return connected_links(field, type_, catalog, problems)
    if isinstance(type_, Collection):
        if type_.of not in catalog.objects:
            _unknown_object(field, "of", type_.of, catalog, problems)
        else:
            return replace(type_, by=_link_back(field, type_, catalog, problems))
    return type_


def _stage(field: Field, type_: Stage, catalog: Catalog, problems: Problems) -> Stage:
    workflows = catalog.of("workflow")
    source: OptionSource | None = workflows.get(type_.workflow)
    if source is None:
        problems.append(
            say.UNKNOWN_WORKFLOW(
                field.place("workflow"),
                name=type_.workflow,
                best=did_you_mean(type_.workflow, workflows),
            )
        )
        return type_
    return replace(type_, options=source.options, attributes=source.attributes)


def _link_back(field: Field, type_: Collection, catalog: Catalog, problems: Problems) -> str:
    child = catalog.objects[type_.of]
    links = [
        f.name
        for f in child.fields.values()
        if isinstance(f.type, Link) and f.type.to == field.object
    ]
    if type_.by and (type_.by in links or _system_link(type_.by, field.object, catalog)):
        return type_.by
    if not isinstance(type_, Lines) and is_many_link(child, type_.by, field.object):
        return type_.by
    if not type_.by and len(links) == 1:
        return links[0]
    problems.append(
        say.NO_LINK_BACK(
            field.place("by" if type_.by else "of"), child=child.name, parent=field.object
        )
    )
    return ""


def _system_link(name: str, target: str, catalog: Catalog) -> bool:
    site = catalog.site
    return (name in ("owner", "created_by", "changed_by") and target == site.person) or (
        name == "department" and target == site.department
    )


def _has_target(field: Field, catalog: Catalog) -> bool:
    type_ = field.type
    if isinstance(type_, Link):
        return type_.to in catalog.objects and not catalog.objects[type_.to].is_view
    if isinstance(type_, Links):
        return bool(type_.table)
    if isinstance(type_, Collection):
        return type_.of in catalog.objects and bool(type_.by)
    return True


def _parents(catalog: Catalog, problems: Problems) -> dict[str, str]:
    """Of each line object, its link to the record that it is part of."""
    found: dict[str, tuple[str, str]] = {}
    for definition in catalog.objects.values():
        for field in definition.fields.values():
            if not isinstance(field.type, Lines) or field.type.of not in catalog.objects:
                continue
            child = field.type.of
            if child in found:
                problems.append(
                    say.TWO_PARENTS(
                        field.place("of"), child=child, first=found[child][0], second=field.object
                    )
                )
            elif any(parent == child for parent, _ in found.values()) or field.object in found:
                problems.append(say.NESTED_LINES(field.place(), parent=field.object))
            else:
                quiet: Problems = []
                found[child] = (field.object, _link_back(field, field.type, catalog, quiet))
    return {child: link for child, (_, link) in found.items()}


def _unknown_object(
    field: Field, key: str, name: str, catalog: Catalog, problems: Problems
) -> None:
    problems.append(
        say.UNKNOWN_OBJECT(field.place(key), name=name, best=did_you_mean(name, catalog.objects))
    )


def _with_title(definition: Object, problems: Problems) -> Object:
    """The object with its title decided and its searched fields marked."""
    if definition.is_view:
        return replace(definition, title=definition.title or "id")
    title = definition.title or ("number" if definition.number else "")
    if not title and not definition.parent:
        first = next(
            (f.name for f in definition.fields.values() if f.type.name == "text" and not f.system),
            "",
        )
        title = "name" if "name" in definition.fields else first
        if not title and not definition.is_settings:
            problems.append(say.NO_TITLE(definition.place(), object=definition.name))
    search = definition.search or tuple(n for n in (title, "number") if n in definition.fields)
    own = {name for name in (*search, title) if "." not in name}
    fields = {
        key: replace(f, searchable=True) if key in own and f.type.textual else f
        for key, f in definition.fields.items()
    }
    return replace(definition, fields=fields, title=title or "id", search=search)
