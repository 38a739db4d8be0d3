"""What fills and fixes come to: which derived fields are computed, in which order, in how many
passes, and beside which texts something is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import Protocol

from engine.definition.catalog import Catalog
from engine.definition.dependencies import Dependencies, Key
from engine.schema.respelling import phone_fields
from engine.schema.tables import Tables
from engine.schema.targets import Fill


class Coming(Protocol):
    """The catalog that shall be, with its tables and what depends on what: a gate, for one."""

    @property
    def catalog(self) -> Catalog:
        """The definitions."""

    @property
    def tables(self) -> Tables:
        """Their tables."""

    @property
    def dependencies(self) -> Dependencies:
        """What every derived field reads."""


def is_tree(fill: Fill, coming: Coming) -> bool:
    """Whether it is about the link that makes an object a tree, beside which a path stands."""
    return bool(fill.field) and fill.field == coming.catalog.objects[fill.object].tree


def is_phone(fill: Fill, coming: Coming) -> bool:
    """Whether it is about telephone numbers that people have filled in."""
    phones = {f.name: f.column for f in phone_fields(coming.catalog.objects[fill.object])}
    return phones.get(fill.field) == fill.column


def with_mended(fills: Sequence[Fill], mended: Collection[Key]) -> list[Fill]:
    """The fills, with those fields whose values are written anew."""
    return [*fills, *(Fill(object, field, "") for object, field in mended)]


def wanted(fills: Sequence[Fill], coming: Coming) -> tuple[list[Key], dict[str, set[str]]]:
    """The derived fields to compute, and by object the texts with columns beside them."""
    fills = [fill for fill in fills if not (is_tree(fill, coming) or is_phone(fill, coming))]
    computed: list[Key] = []
    beside: dict[str, set[str]] = defaultdict(set)
    for fill in fills:
        definition = coming.catalog.objects[fill.object]
        key = (fill.object, fill.field)
        if not fill.column:
            kept = coming.dependencies.kept.items()
            computed += [other for other, one in kept if key in one.expression.reads]
        elif not fill.field:
            beside[fill.object] |= definition.fields.keys() & set(definition.search)
        elif key in coming.dependencies.kept:
            computed.append(key)
        else:
            beside[fill.object].add(fill.field)
    return computed, beside


def passes(keys: Sequence[Key], coming: Coming) -> Iterator[tuple[str, list[str]]]:
    """The fields of one object that are computed together, as none reads another's records."""
    for object, group in groupby(keys, key=lambda key: key[0]):
        together: list[str] = []
        for _, name in group:
            one = coming.dependencies.kept[object, name]
            read = {r.field for r in one.reads if r.object == object and r.path}
            if not read.union(one.own if one.aggregated else ()).isdisjoint(together):
                yield object, together
                together = []
            together.append(name)
        yield object, together
