"""Reading: pages of a list, one record with its lines, counts; always as some actor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.definition.objects import Field, Object
from engine.expressions import Context, JoinSet
from engine.fieldtypes.link import Collection, Link
from engine.permissions.actors import Actor
from engine.problems import Refusal, Text
from engine.records import messages as say
from engine.records.keyset import Ordering
from engine.records.listing import Builder, Contains, containing
from engine.records.prepared import Prepared
from engine.records.query import CAP, COUNTS, MOST, Cursor, Query
from engine.records.rights import forbidden, not_found
from engine.records.rows import RowView
from engine.records.shapes import Row
from engine.records.words import word_conditions
from engine.schema.tables import POSITION

if TYPE_CHECKING:
    from engine.records.gate import Gate


@dataclass(frozen=True, slots=True)
class Linked:
    """A linked record as an actor sees it; `restricted` hides both its id and its title."""

    id: int | None
    title: str | None
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One record as an actor sees it: readable fields only; links are `Linked`, lines records."""

    object: str
    id: int
    values: Row

    @property
    def version(self) -> int:
        """The version that a change must be made from."""
        return int(self.values.get("version") or 0)


@dataclass(frozen=True, slots=True)
class Count:
    """How many records there are; not `exact` means: more than `value`."""

    value: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `next` is the cursor of the one after it."""

    items: list[Record]
    next: str | None = None
    count: Count | None = None


@dataclass(frozen=True, eq=False)
class Plan:
    """A built list: its statements by phase, its count, and how parameters and rows are read."""

    phases: Mapping[tuple[int, bool], Prepared]
    counting: Prepared
    builder: Builder
    ordering: Ordering
    readers: tuple[Callable[[Any], dict[str, Any]], ...]
    shown: tuple[Field, ...]
    titles: tuple[Field, ...]
    cells: tuple[tuple[str, ...], ...]
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def key_position(self) -> int:
        """Where the sort keys begin in a row: after its phase, values and masks."""
        return 1 + len(self.shown) + len(self.cells)

    def cursor(self, row: Any) -> Cursor:
        """The cursor of a row of the page."""
        start, count = self.key_position, len(self.ordering.keys)
        return Cursor(row[0], tuple(row[start : start + count]), row[start + count])


class Reader:
    """Reads records of one revision."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    def page(self, actor: Actor, object: str, query: Query | None = None) -> Page:
        """One page of the object's records that the actor may see.

        Raises Refusal for unknown fields, unusable values and actions that are not granted.
        """
        asked = query or Query()
        definition = self.object(object)
        lens = self.gate.lenses.lens(object, _roles(actor))
        if not lens.may(asked.action) or not lens.may("read"):
            raise Refusal(forbidden(lens, asked.action, actor.roles))
        _check_query(asked)
        self.gate.before_transaction()
        with self.gate.databases.reading() as connection:
            return self._page(connection, actor, definition, asked)

    def one(self, actor: Actor, object: str, record: int | str, *, deleted: bool = False) -> Record:
        """One record by id or number, with its lines.

        Raises Refusal (not-found) where there is none, or none that the actor may see.
        """
        definition = self.object(object)
        lens = self.gate.lenses.lens(object, _roles(actor))
        key = "id" if isinstance(record, int) or str(record).isdigit() else "number"
        if not lens.may("read") or key not in definition.fields:
            raise Refusal(not_found(lens, record))
        self.gate.before_transaction()
        with self.gate.databases.reading() as connection:
            query = Query(filters={key: record}, limit=1, deleted=deleted)
            try:
                page = self._page(connection, actor, definition, query)
            except Refusal:
                raise Refusal(not_found(lens, record)) from None
            if not page.items:
                raise Refusal(not_found(lens, record))
            found = page.items[0]
            for lines in definition.lines:
                if lens.may_read(lines.name):
                    found.values[lines.name] = self._lines(connection, actor, lines, found.id)
            return found

    def object(self, name: str) -> Object:
        """The object's definition; refuses an unknown name."""
        definition = self.gate.catalog.objects.get(name)
        if definition is None:
            raise Refusal(say.NOT_FOUND(object=name, record=""))
        return definition

    def _lines(
        self, connection: sa.Connection, actor: Actor, lines: Field, parent: int
    ) -> list[Record]:
        assert isinstance(lines.type, Collection)
        child = self.gate.catalog.objects[lines.type.of]
        query = Query(filters={lines.type.by: parent}, sort=(POSITION,), limit=MOST)
        return self._page(connection, actor, child, query).items

    def _page(
        self, connection: sa.Connection, actor: Actor, definition: Object, query: Query
    ) -> Page:
        context = self.context(connection, actor)
        plan = self._plan(connection, definition, query, actor, context)
        parameters = plan.parameters | plan.builder.binds.values(actor, context)
        for reader in plan.readers:
            parameters |= reader(query)
        parameters["limit_"] = query.limit + 1
        rows = self._rows(connection, plan, query, parameters)
        items = [self._record(definition, plan, row) for row in rows[: query.limit]]
        following = None
        if len(rows) > query.limit:
            following = plan.cursor(rows[query.limit - 1]).encode()
        count = None
        if query.count != "none":
            limit = CAP + 1 if query.count == "capped" else 2**62
            value = int(plan.counting.rows(connection, parameters | {"cap_": limit})[0][0])
            capped = query.count == "capped" and value > CAP
            count = Count(CAP if capped else value, not capped)
        return Page(items, following, count)

    def _rows(
        self, connection: sa.Connection, plan: Plan, query: Query, parameters: dict[str, Any]
    ) -> list[Any]:
        """The rows of the page and one more: with a sort value first, those without after."""
        start = Cursor.decode(query.after, len(plan.ordering.keys)) if query.after else None
        rows: list[Any] = []
        for phase in plan.ordering.phases:
            if start is not None and phase < start.phase:
                continue
            resumed = start is not None and phase == start.phase
            statement = plan.phases[phase, resumed]
            values = dict(parameters)
            if resumed and start is not None:
                values |= plan.ordering.parameters(start)
            values["limit_"] = query.limit + 1 - len(rows)
            rows += [(phase, *row) for row in statement.rows(connection, values)]
            if len(rows) > query.limit:
                break
        return rows

    def _plan(
        self,
        connection: sa.Connection,
        definition: Object,
        query: Query,
        actor: Actor,
        context: Context,
    ) -> Plan:
        roles = _roles(actor)
        shapes = tuple((name, _filter_shape(value)) for name, value in query.filters.items())
        key = (
            "list", definition.name, roles, query.where, shapes, query.sort,
            query.fields, query.deleted, query.action,
        )  # fmt: skip
        if query.words or any(shape == "contains" for _, shape in shapes):
            return self._build(connection, definition, query, actor, context, shapes)
        plan: Plan = self.gate.statements.lately(
            key, lambda: self._build(connection, definition, query, actor, context, shapes)
        )
        return plan

    def _build(
        self,
        connection: sa.Connection,
        definition: Object,
        query: Query,
        actor: Actor,
        context: Context,
        shapes: Iterable[tuple[str, str]],
    ) -> Plan:
        builder = Builder(self.gate, definition, _roles(actor))
        builder.restrict(query.action, query.deleted)
        readers = []
        for name, shape in shapes:
            try:
                reader = builder.filter(name, shape)
            except Contains as contains:
                values = query.filters[name]
                parts = contains.field.type.read(values) or ()
                builder.where(containing(name, list(parts)))
                continue
            readers.append(_filter_reader(name, reader))
        if query.where:
            builder.where(query.where)
        parameters: dict[str, Any] = {}
        if query.words:
            word_conditions(self, builder, connection, actor, context, query.words, parameters)
        ordering = Ordering.of(builder, query.sort)
        return _Assembled(builder, query, ordering, tuple(readers), parameters).plan()

    def _record(self, definition: Object, plan: Plan, row: Any) -> Record:
        """A record from a row: phase, shown values, masks, sort keys and id, titles."""
        values: Row = {}
        position = 1
        for found in plan.shown:
            values[found.name] = row[position]
            position += 1
        shape = self.gate.shapes[definition.name]
        for name, decode in shape.decode.items():
            if name in values:
                values[name] = decode(values[name])
        for names in plan.cells:
            if not row[position]:
                values.update(dict.fromkeys(names))
            position += 1
        position = plan.key_position + len(plan.ordering.keys) + 1
        for found in plan.titles:
            id, title = row[position], row[position + 1]
            position += 2
            if values.get(found.name) is not None:
                linked = Linked(id, str(title if title is not None else f"#{id}"))
                values[found.name] = linked if id is not None else Linked(None, None, True)
        return Record(definition.name, row[1], values)

    def context(self, connection: sa.Connection, actor: Actor) -> Context:
        """What a query's expressions are evaluated in; the person is read when asked for."""
        user = None
        people = self.gate.catalog.user_object
        if actor.person is not None and people:
            reading = _ReadingTransaction(self.gate, connection)
            user = RowView(reading, self.gate.catalog.objects[people], None, id=actor.person)  # type: ignore[arg-type]
        hierarchy = self.gate.hierarchy
        return Context(
            now=self.gate.clock(),
            zone=self.gate.zone,
            user=user,
            below=lambda object, id: hierarchy.below(connection, object, id),
            variables={},
        )


class _ReadingTransaction:
    """As much of a transaction as a `RowView` of the actor's person needs."""

    def __init__(self, gate: Gate, connection: sa.Connection) -> None:
        self.gate = gate
        self.connection = connection
        self.rows: dict[tuple[str, int], Row] = {}

    def fetch(self, object: str, ids: Iterable[int]) -> dict[int, Row]:
        shape = self.gate.shapes[object]
        statement = self.gate.statements.by_ids(shape)
        found = [shape.row(v) for v in statement.rows(self.connection, {"ids": list(ids)})]
        return {row["id"]: row for row in found}

    def linked(self, object: str, id: int) -> RowView:
        return RowView(self, self.gate.catalog.objects[object], None, id=id)  # type: ignore[arg-type]

    def collection(self, object: str, by: str, id: int) -> tuple[RowView, ...]:
        return ()


@dataclass(frozen=True, eq=False)
class _Assembled:
    """Puts the statements of a list together."""

    builder: Builder
    query: Query
    ordering: Ordering
    readers: tuple[Callable[[Any], dict[str, Any]], ...]
    parameters: dict[str, Any]

    def plan(self) -> Plan:
        builder = self.builder
        prepared = builder.gate.statements.prepared
        shown = self._shown()
        titles = tuple(f for f in shown if isinstance(f.type, Link))
        cells: dict[str, list[str]] = {}
        flags: list[sa.ColumnElement[Any]] = []
        for name, condition in builder.cells([f.name for f in shown]).items():
            text = str(condition)
            if text not in cells:
                cells[text] = []
                flags.append(sa.case((condition, 1), else_=0).label(f"m_{len(flags)}"))
            cells[text].append(name)
        phases = {
            (phase, resumed): prepared(self._statement(phase, resumed, shown, flags, titles))
            for phase in self.ordering.phases
            for resumed in (False, True)
        }
        return Plan(
            phases=phases,
            counting=prepared(self._counting()),
            builder=builder,
            ordering=self.ordering,
            readers=self.readers,
            shown=shown,
            titles=titles,
            cells=tuple(tuple(names) for names in cells.values()),
            parameters=self.parameters,
        )

    def _shown(self) -> tuple[Field, ...]:
        definition, lens = self.builder.definition, self.builder.lens
        names = self.query.fields
        if names is not None:
            for name in names:
                self.builder.readable(name, "fields")
        always = ("id",) if definition.parent else ("id", "version")
        wanted = list(dict.fromkeys((*always, *(names or definition.fields))))
        return tuple(
            definition.fields[name]
            for name in wanted
            if (lens.may_read(name) or name in always)
            and not isinstance(definition.fields[name].type, Collection)
        )

    def _statement(
        self,
        phase: int,
        resumed: bool,
        shown: tuple[Field, ...],
        flags: list[sa.ColumnElement[Any]],
        titles: tuple[Field, ...],
    ) -> sa.Select[Any]:
        builder = self.builder
        keys = [key.label(f"k_{i}") for i, key in enumerate(self.ordering.columns)]
        inner = (
            sa.select(*self._page_columns(shown, titles), *flags, *keys)
            .select_from(builder.joins.applied(builder.source))
            .where(*builder.conditions, *self.ordering.conditions(phase, resumed))
            .order_by(*self.ordering.order(phase))
            .limit(sa.bindparam("limit_", type_=sa.Integer()))
        )
        page = inner.subquery("page")
        outer = JoinSet()
        columns: list[Any] = []
        for found in shown:
            if found.virtual and found.formula is not None:
                columns.append(builder.computed(found, page, outer).label(f"v_{found.name}"))
            else:
                columns.append(page.c[found.column])
        columns += [page.c[flag.name] for flag in flags]
        columns += [page.c[key.name] for key in keys]
        columns.append(page.c.id.label("id_"))
        for number, found in enumerate(titles):
            id, title = builder.title_of(found, page, outer)
            columns += [id.label(f"l_{number}"), title.label(f"t_{number}")]
        return (
            sa.select(*columns)
            .select_from(outer.applied(page))
            .order_by(*self.ordering.outer_order(phase, page))
        )

    def _page_columns(
        self, shown: tuple[Field, ...], titles: tuple[Field, ...]
    ) -> list[sa.ColumnElement[Any]]:
        """The stored columns that are shown, and those that shown formulas may read."""
        definition, source = self.builder.definition, self.builder.source
        computed = any(found.virtual for found in shown)
        names = {found.column for found in shown if found.stored} | {"id"}
        if computed:
            names |= {found.column for found in definition.stored_fields}
        return [source.c[c.name] for c in source.c if c.name in names]

    def _counting(self) -> sa.Select[Any]:
        builder = self.builder
        limited = (
            sa.select(sa.literal(1).label("one"))
            .select_from(builder.joins.applied(builder.source))
            .where(*builder.conditions)
            .limit(sa.bindparam("cap_", type_=sa.BigInteger()))
        )
        return sa.select(sa.func.count()).select_from(limited.subquery())


def _roles(actor: Actor) -> frozenset[str] | None:
    return None if actor.is_system else actor.roles


def _filter_shape(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"many{len(value)}"
    return "empty" if value is None or value == "" else "one"


def _filter_reader(
    name: str, reader: Callable[[Any], dict[str, Any]]
) -> Callable[[Query], dict[str, Any]]:
    def read(query: Query) -> dict[str, Any]:
        try:
            return reader(query.filters[name])
        except Refusal as refusal:
            raise Refusal(*(problem.on(name) for problem in refusal.problems)) from None

    return read


def _check_query(query: Query) -> None:
    if not 1 <= query.limit <= MOST:
        expected = Text.of(f"1…{MOST}")
        raise Refusal(say.BAD_QUERY(key="limit", found=query.limit, expected=expected))
    if query.count not in COUNTS:
        expected = Text.of(" | ".join(COUNTS))
        raise Refusal(say.BAD_QUERY(key="count", found=query.count, expected=expected))
