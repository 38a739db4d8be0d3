"""The catalog: all definitions of an application, frozen, connected and cross-checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from engine.definition.objects import Field, Object
from engine.definition.settling import settled
from engine.definition.site import Site
from engine.expressions.mixing import RATE
from engine.expressions.types import Kind, Member, Type
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.choice import Choice
from engine.fieldtypes.composite import Composite
from engine.fieldtypes.currency import ExchangeRate
from engine.fieldtypes.link import Collection
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import Money


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
        site = next(iter(sites.values()), Site())
        return cls(
            site=site,
            objects=MappingProxyType(settled(definitions.get("object", {}), site)),
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
        if not object:
            return self._settings(name)
        definition = self.objects.get(object)
        found = definition.fields.get(name) if definition else None
        if found is None or isinstance(found.type, Composite):  # its parts have values
            return None
        return as_member(found)

    def _settings(self, name: str) -> Member | None:
        found = self.objects.get(name)
        if found is None or not found.is_settings:
            return None
        return Member(name=name, type=Type(Kind.RECORD, object=name))

    def tree(self, object: str) -> str:
        """The link that makes the object a tree, or an empty string."""
        definition = self.objects.get(object)
        return definition.tree if definition else ""

    def members(self, object: str) -> Iterable[str]:
        """All names that can follow a record of `object`."""
        if not object:
            return [name for name, found in self.objects.items() if found.is_settings]
        definition = self.objects.get(object)
        fields = definition.fields if definition else {}
        return [name for name, f in fields.items() if not isinstance(f.type, Composite)]


def _currency(type_: FieldType) -> str:
    """How expressions know of an amount's currency, and of an exchange rate."""
    if isinstance(type_, ExchangeRate):
        return RATE
    return type_.currency_path if isinstance(type_, Money) else ""


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
        currency=_currency(type_),
        via=type_.by if isinstance(type_, Collection) else "",
        join=type_.table if isinstance(type_, Links) else "",
        normal=type_.read if type_.expression_type().kind is Kind.TEXT else None,
    )
