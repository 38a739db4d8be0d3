"""The catalog: all definitions of an application, frozen, connected and cross-checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from engine.definition.objects import Field, Object
from engine.definition.site import Site
from engine.expressions.types import Member
from engine.fieldtypes.choice import Choice
from engine.fieldtypes.link import Collection


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Everything that is defined. `others` holds the definitions of the rooms above, by kind.

    It is also what expressions ask for names (`engine.expressions.types.Names`).
    """

    site: Site = field(default_factory=Site)
    objects: Mapping[str, Object] = field(default_factory=dict)
    others: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def draft(cls, definitions: Mapping[str, Mapping[str, Any]]) -> Catalog:
        """A catalog of built, not yet connected definitions, by kind and name."""
        sites = definitions.get("site", {})
        return cls(
            site=next(iter(sites.values()), Site()),
            objects=MappingProxyType(dict(definitions.get("object", {}))),
            others=MappingProxyType(
                {k: v for k, v in definitions.items() if k not in ("site", "object")}
            ),
        )

    def with_objects(self, objects: Mapping[str, Object]) -> Catalog:
        """The catalog with these objects instead."""
        return replace(self, objects=MappingProxyType(dict(objects)))

    def with_others(self, kind: str, definitions: Mapping[str, Any]) -> Catalog:
        """The catalog with these definitions of `kind` instead."""
        return replace(self, others=MappingProxyType({**self.others, kind: definitions}))

    def of(self, kind: str) -> Mapping[str, Any]:
        """The definitions of a kind of the rooms above, by name."""
        return self.others.get(kind, {})

    @property
    def user_object(self) -> str:
        """The object whose records are people."""
        return self.site.person if self.site.person in self.objects else ""

    def member(self, object: str, name: str) -> Member | None:
        """What `name` means after a record of `object` in an expression."""
        definition = self.objects.get(object)
        found = definition.fields.get(name) if definition else None
        return None if found is None else as_member(found)

    def members(self, object: str) -> Iterable[str]:
        """All names that can follow a record of `object`."""
        definition = self.objects.get(object)
        return definition.fields.keys() if definition else ()


def as_member(field_: Field) -> Member:
    """A field as expressions see it."""
    type_ = field_.type
    return Member(
        name=field_.name,
        type=type_.expression_type(),
        column=field_.column if field_.stored else "",
        folded=field_.folded if field_.stored else "",
        formula=field_.formula if field_.virtual else None,
        keys=type_.keys if isinstance(type_, Choice) else {},
        attributes=type_.attributes if isinstance(type_, Choice) else {},
        via=type_.by if isinstance(type_, Collection) else "",
    )
