"""The statements of a list, put together once for a set of roles and kept.

They are compiled when they are first needed: most lists never reach their second page.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Field, Object
from engine.expressions import JoinSet
from engine.fieldtypes.choice import Choices, Tags
from engine.fieldtypes.link import Collection, Link
from engine.problems import Refusal
from engine.records.amounts import currency_columns, currency_paths, needed_columns
from engine.records.keyset import Ordering
from engine.records.listing import Builder
from engine.records.prepared import Prepared
from engine.records.query import Cursor, Query

Reading = Callable[[Query], dict[str, Any]]
"""How a query's input becomes parameters of the statement."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A built list: its statements, and how parameters and rows are read.

    `gathered` are all names of a record, where there are composites among them; `lists` the
    many links that are fetched for the page; `masks` the fields of which masks are read.
    """

    builder: Builder
    ordering: Ordering
    readers: tuple[Reading, ...]
    shown: tuple[Field, ...]
    titles: tuple[Field, ...]
    flags: tuple[sa.ColumnElement[Any], ...]
    cells: tuple[tuple[str, ...], ...]
    parameters: dict[str, Any]
    gathered: tuple[str, ...] = ()
    lists: tuple[Field, ...] = ()
    masks: tuple[str, ...] = ()
    _compiled: dict[Any, Prepared] = field(default_factory=dict)

    @cached_property
    def currencies(self) -> tuple[str, ...]:
        """The paths to the currencies of the amounts that are shown."""
        return currency_paths(self.shown)

    @property
    def key_position(self) -> int:
        """Where the sort keys begin in a row: after its phase, values and masks."""
        return 1 + len(self.shown) + len(self.cells)

    def cursor(self, row: Any) -> Cursor:
        """The cursor of a row of the page."""
        start, count = self.key_position, len(self.ordering.keys)
        return Cursor(row[0], tuple(row[start : start + count]), row[start + count])

    def page(self, phase: int, resumed: bool) -> Prepared:
        """The statement of a phase, from its beginning or resumed at a cursor."""
        key = (phase, resumed)
        if key not in self._compiled:
            statement = self._statement(phase, resumed)
            self._compiled[key] = self.builder.gate.statements.prepared(statement)
        return self._compiled[key]

    def counting(self) -> Prepared:
        """The statement that counts, up to the parameter `cap_`."""
        if "count" not in self._compiled:
            self._compiled["count"] = self.builder.gate.statements.prepared(self._count())
        return self._compiled["count"]

    def _statement(self, phase: int, resumed: bool) -> sa.Select[Any]:
        builder = self.builder
        keys = [key.label(f"k_{i}") for i, key in enumerate(self.ordering.columns)]
        inner = (
            sa.select(*self._page_columns(), *self.flags, *keys, *self._mask_columns())
            .select_from(builder.joins.applied(builder.source))
            .where(*builder.conditions, *self.ordering.conditions(phase, resumed))
            .order_by(*self.ordering.order(phase))
            .limit(sa.bindparam("limit_", type_=sa.Integer()))
        )
        page = inner.subquery("page")
        outer = JoinSet()
        columns: list[Any] = []
        for found in self.shown:
            if found.virtual and found.formula is not None:
                columns.append(builder.computed(found, page, outer).label(f"v_{found.name}"))
            else:
                columns.append(page.c[found.column])
        columns += [page.c[flag.name] for flag in self.flags]
        columns += [page.c[key.name] for key in keys]
        columns.append(page.c.id.label("id_"))
        columns += [page.c[f"o_{number}"] for number, _ in enumerate(self.masks)]
        for number, found in enumerate(self.titles):
            id, title = builder.title_of(found, page, outer)
            columns += [id.label(f"l_{number}"), title.label(f"t_{number}")]
        columns += currency_columns(builder, self.currencies, page, outer)
        return (
            sa.select(*columns)
            .select_from(outer.applied(page))
            .order_by(*self.ordering.outer_order(phase, page))
        )

    def _page_columns(self) -> list[sa.ColumnElement[Any]]:
        """The stored columns that are shown, and those that shown formulas may read."""
        definition, source = self.builder.definition, self.builder.source
        computed = any(found.virtual for found in self.shown)
        names = {found.column for found in self.shown if found.stored} | {"id"}
        if computed:
            names |= {found.column for found in definition.stored_fields}
            names |= {found.folded for found in definition.stored_fields}
            names.add(definition.path_column)
        names |= needed_columns(definition, self.shown)
        return [source.c[c.name] for c in source.c if c.name in names]

    def _mask_columns(self) -> list[sa.ColumnElement[Any]]:
        builder = self.builder
        fields = [builder.definition.fields[name] for name in self.masks]
        return [builder.mask(found).label(f"o_{number}") for number, found in enumerate(fields)]

    def _count(self) -> sa.Select[Any]:
        builder = self.builder
        limited = (
            sa.select(sa.literal(1).label("one"))
            .select_from(builder.joins.applied(builder.source))
            .where(*builder.conditions)
            .limit(sa.bindparam("cap_", type_=sa.BigInteger()))
        )
        return sa.select(sa.func.count()).select_from(limited.subquery())


def make_plan(
    builder: Builder,
    query: Query,
    ordering: Ordering,
    readers: tuple[Reading, ...],
    parameters: dict[str, Any],
) -> Plan:
    """The plan of a list whose conditions the builder has."""
    names = _asked(builder, query)
    shown = _shown(builder, names)
    lists = _lists(builder, query)
    cells = builder.cells([found.name for found in (*shown, *lists)])
    flags = [
        sa.case((condition, 1), else_=0).label(f"m_{number}")
        for number, (condition, _) in enumerate(cells)
    ]
    return Plan(
        builder=builder,
        ordering=ordering,
        readers=readers,
        shown=shown,
        titles=tuple(f for f in shown if isinstance(f.type, Link)),
        flags=tuple(flags),
        cells=tuple(tuple(names) for _, names in cells),
        parameters=parameters,
        gathered=_gathered(builder, names, lists),
        lists=lists,
        masks=_masks(builder, query),
    )


def _masks(builder: Builder, query: Query) -> tuple[str, ...]:
    """The fields of which masks are read, where they are asked for."""
    names = builder.definition.fields if query.fields is None else query.fields
    if not query.masks or builder.lens.is_system:
        return ()
    return tuple(name for name in dict.fromkeys(names) if builder.lens.masking(name))


def _asked(builder: Builder, query: Query) -> tuple[str, ...]:
    """The names that are read: those asked for, else all that the roles may read."""
    definition, lens = builder.definition, builder.lens
    for name in query.fields or ():
        if not builder.lens.masking(name):  # what is masked is empty where no masks are asked for
            builder.readable(name, "fields")
    always = tuple(name for name in ("id", "version") if name in definition.fields)
    names = definition.fields if query.fields is None else query.fields
    return tuple(
        name
        for name in dict.fromkeys((*always, *names))
        if (lens.may_read(name) or name in always)
        and not isinstance(definition.fields[name].type, Collection)
    )


def _lists(builder: Builder, query: Query) -> tuple[Field, ...]:
    """The many links that are read, each by a statement of its own for the whole page."""
    asked = query.fields
    return tuple(
        found
        for found in builder.definition.many
        if builder.lens.may_read(found.name) and (asked is None or found.name in asked)
    )


def _gathered(
    builder: Builder, names: tuple[str, ...], lists: tuple[Field, ...]
) -> tuple[str, ...]:
    """All names of a record, where there are composites among them."""
    if builder.definition.wholes.keys().isdisjoint(names):
        return ()
    return (*names, *(found.name for found in lists))


def _shown(builder: Builder, names: tuple[str, ...]) -> tuple[Field, ...]:
    """The fields that are fetched for these names: of composites the parts that may be read."""
    definition, lens = builder.definition, builder.lens
    found: dict[str, Field] = {}
    for name in names:
        parts = definition.wholes.get(name)
        wanted = [name] if parts is None else [p for p in parts.values() if lens.may_read(p)]
        found |= {one: definition.fields[one] for one in wanted}
    return tuple(found.values())


def filter_shape(definition: Object, name: str, value: Any) -> str:
    """What of a filter the statement depends on: "one", "empty", "many3", or all of it."""
    found = definition.fields.get(name)
    if found is not None and isinstance(found.type, Choices | Tags) and value not in (None, "", []):
        return f"has {json.dumps(value, ensure_ascii=False, default=str)}"
    if isinstance(value, list | tuple):
        return f"many{len(value)}"
    return "empty" if value is None or value == "" else "one"


def filter_reader(name: str, reader: Callable[[Any], dict[str, Any]]) -> Reading:
    """Reads the filter `name` of a query; problems name it."""

    def read(query: Query) -> dict[str, Any]:
        try:
            return reader(query.filters[name])
        except Refusal as refusal:
            raise Refusal(*(problem.on(name) for problem in refusal.problems)) from None

    return read
