"""Reading: pages of a list, one record with its lines, counts; always as some actor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.definition.objects import Field, Object
from engine.expressions import Context
from engine.expressions.among import among_ids
from engine.fieldtypes.link import Collection
from engine.fieldtypes.obscured import Obscured
from engine.permissions.actors import Actor
from engine.permissions.roles import ROW_ACTIONS
from engine.problems import Refusal, Text
from engine.records import accessing
from engine.records import messages as say
from engine.records.amounts import with_currencies
from engine.records.any_links import spread_filters
from engine.records.contexts import reading_context, with_linking
from engine.records.joining_reading import read_lists
from engine.records.keyset import Ordering
from engine.records.listing import Builder, Contains, containing
from engine.records.plans import Plan, filter_reader, filter_shape, make_plan
from engine.records.presenting import present
from engine.records.query import CAP, COUNTS, MOST, Query
from engine.records.rights import forbidden, not_found
from engine.records.scoping import walks
from engine.records.seen import Count as Count
from engine.records.seen import Linked as Linked
from engine.records.seen import Record as Record
from engine.records.shapes import Row
from engine.records.wholes import gathered
from engine.records.words import word_conditions
from engine.schema.tables import POSITION

if TYPE_CHECKING:
    from engine.records.gate import Gate


FOUND = "found_"
LINES_OF = "lines_of_"
MOST_FOUND = 5_000
"""Up to so many records with the words of a search are found before they are sorted."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `next` is the cursor of the one after it."""

    items: list[Record]
    next: str | None = None
    count: Count | None = None


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
        _check_query(asked)
        if not lens.may(asked.action) or not lens.may("read"):
            raise Refusal(forbidden(lens, asked.action, actor.roles))
        self.gate.before_transaction()
        with self.gate.databases.reading() as connection:
            page = self._page(connection, actor, definition, asked)
        if asked.action == "read":
            accessing.note_listed(self.gate, actor, definition, asked, page.items)
        return page

    def one(
        self,
        actor: Actor,
        object: str,
        record: int | str,
        *,
        deleted: bool = False,
        masks: bool = False,
    ) -> Record:
        """One record by id or number, with its lines; with `masks` as in a `Query`.

        Raises Refusal (not-found) where there is none, or none that the actor may see.
        """
        definition = self.object(object)
        lens = self.gate.lenses.lens(object, _roles(actor))
        key = "id" if isinstance(record, int) or str(record).isdigit() else "number"
        if not lens.may("read") or key not in definition.fields:
            raise Refusal(not_found(lens, record))
        self.gate.before_transaction()
        with self.gate.databases.reading() as connection:
            query = Query(filters={key: record}, limit=1, deleted=deleted, masks=masks)
            found = self._one(connection, actor, definition, query)
            if found is None:
                raise Refusal(not_found(lens, record))
        accessing.note_opened(self.gate, actor, definition, found.id)
        return found

    def within(
        self, connection: sa.Connection, actor: Actor, object: str, id: int
    ) -> Record | None:
        """A live record with its lines, as a transaction that is open on `connection` has it.

        None where there is none, or none that the actor may see.
        """
        if not self.gate.lenses.lens(object, _roles(actor)).may("read"):
            return None
        return self._one(connection, actor, self.object(object), Query(filters={"id": id}, limit=1))

    def _one(
        self, connection: sa.Connection, actor: Actor, definition: Object, query: Query
    ) -> Record | None:
        try:
            items = self._page(connection, actor, definition, query).items
        except Refusal:
            return None
        if not items:
            return None
        lens = self.gate.lenses.lens(definition.name, _roles(actor))
        for lines in definition.lines:
            if lens.may_read(lines.name):
                found = self._lines(connection, actor, lines, items[0].id, query.masks)
                items[0].values[lines.name] = found
        return items[0]

    def object(self, name: str) -> Object:
        """The object's definition; refuses an unknown name."""
        definition = self.gate.catalog.objects.get(name)
        if definition is None:
            raise Refusal(say.NOT_FOUND(object=name, record=""))
        return definition

    def _lines(
        self, connection: sa.Connection, actor: Actor, lines: Field, parent: int, masks: bool
    ) -> list[Record]:
        assert isinstance(lines.type, Collection)
        child = self.gate.catalog.objects[lines.type.of]
        query = Query(lines_of=parent, sort=(POSITION,), limit=MOST, masks=masks)
        page = self._page(connection, actor, child, query)
        items = page.items
        while page.next:  # a record that showed only some of its lines would lose the others
            page = self._page(connection, actor, child, replace(query, after=page.next))
            items += page.items
        return items

    def _page(
        self, connection: sa.Connection, actor: Actor, definition: Object, query: Query
    ) -> Page:
        lens = self.gate.lenses.lens(definition.name, _roles(actor))
        query = replace(query, filters=spread_filters(lens, query.filters))
        context = self.context(connection, actor)
        if query.linking is not None:
            context = with_linking(self.gate, connection, context, query.linking)
        plan = self._plan(connection, definition, query, actor, context)
        parameters = dict(plan.parameters) | {LINES_OF: query.lines_of}
        for reader in plan.readers:
            parameters |= reader(query)
        rows = self._rows(connection, plan, query, parameters, actor, context)
        parameters |= plan.builder.binds.values(actor, context)
        items = [self._record(definition, plan, row) for row in rows[: query.limit]]
        read_lists(self.gate, connection, actor, context, plan.lists, items)
        present(self.gate, connection, definition, items)
        following = None
        if len(rows) > query.limit:
            following = plan.cursor(rows[query.limit - 1]).encode()
        count = None
        if query.count != "none":
            limit = CAP + 1 if query.count == "capped" else 2**62
            value = int(plan.counting().rows(connection, parameters | {"cap_": limit})[0][0])
            capped = query.count == "capped" and value > CAP
            count = Count(CAP if capped else value, not capped)
        return Page(items, following, count)

    def _rows(
        self,
        connection: sa.Connection,
        plan: Plan,
        query: Query,
        parameters: dict[str, Any],
        actor: Actor,
        context: Context,
    ) -> list[Any]:
        """The rows of the page and one more: with a sort value first, those without after."""
        start = plan.ordering.cursor(query.after) if query.after else None
        rows: list[Any] = []
        for phase in plan.ordering.phases:
            if start is not None and phase < start.phase:
                continue
            resumed = start is not None and phase == start.phase
            statement = plan.page(phase, resumed)
            values = parameters | plan.builder.binds.values(actor, context)
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
        context: Context | None = None,
    ) -> Plan:
        """The built list for a query; kept, unless its words stand in very many records.

        Without a context it is not asked how the actor's records are best found.
        """
        shapes = tuple(
            (name, filter_shape(definition, name, value)) for name, value in query.filters.items()
        )
        found = self._found(connection, definition, query, actor) if query.words else None
        if query.words and found is None:
            return self._build(connection, definition, query, actor, shapes)
        walking = context is not None and walks(
            self.gate, connection, definition, query, actor, context
        )
        key = (
            "list", definition.name, _roles(actor), walking, query.where, shapes, query.sort,
            query.fields, query.deleted, query.action, query.masks,
            bool(query.words), type(query.lines_of),
            (query.linking.object, query.linking.name) if query.linking else None,
        )  # fmt: skip
        without_words = replace(query, words="")
        plan: Plan = self.gate.statements.lately(
            key,
            lambda: self._build(
                connection, definition, without_words, actor, shapes, found, walking
            ),
        )
        return plan if found is None else replace(plan, parameters={FOUND: found})

    def _found(
        self, connection: sa.Connection, definition: Object, query: Query, actor: Actor
    ) -> list[int] | None:
        """The ids of all records with the words, or None when they are too many.

        A database that sorts first and looks at words after reads the whole table for a rare
        word; one that looks at words first reads it for a common one. This settles which.
        """
        builder = Builder(self.gate, definition, _roles(actor))
        builder.restrict(query.action, query.deleted)
        parameters: dict[str, Any] = {}
        context = self.context(connection, actor)
        word_conditions(builder, query.words, parameters)
        statement = sa.select(builder.source.c.id).where(*builder.conditions).limit(MOST_FOUND + 1)
        parameters |= builder.binds.values(actor, context)
        ids = list(connection.execute(statement, parameters).scalars())
        return ids if len(ids) <= MOST_FOUND else None

    def _build(
        self,
        connection: sa.Connection,
        definition: Object,
        query: Query,
        actor: Actor,
        shapes: Iterable[tuple[str, str]],
        found: list[int] | None = None,
        walking: bool = False,
    ) -> Plan:
        builder = Builder(self.gate, definition, _roles(actor))
        builder.restrict(query.action, query.deleted, walking)
        if query.lines_of is not None:
            builder.only_lines_of(LINES_OF, isinstance(query.lines_of, tuple))
        readers = []
        for name, shape in shapes:
            try:
                reader = builder.filter(name, shape)
            except Contains as contains:
                parts = contains.field.type.read(query.filters[name]) or ()
                builder.where(containing(name, list(parts)))
                continue
            readers.append(filter_reader(name, reader))
        if query.where:
            builder.where(query.where)
        if query.linking is not None:
            builder.linkable(query.linking.object, query.linking.name)
        parameters: dict[str, Any] = {}
        if found is not None:
            builder.conditions.append(among_ids(builder.source.c.id, FOUND, self.gate.dialect))
        elif query.words:
            word_conditions(builder, query.words, parameters)
        ordering = Ordering.of(builder, query.sort)
        return make_plan(builder, query, ordering, tuple(readers), parameters)

    def _record(self, definition: Object, plan: Plan, row: Any) -> Record:
        """A record from a row: phase, shown values, masks, sort keys and id, titles."""
        values: Row = {found.name: () for found in plan.lists}  # what is hidden becomes None
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
        masks = dict(zip(plan.masks, row[position : position + len(plan.masks)], strict=True))
        position += len(plan.masks)
        for found in plan.titles:
            id, title = row[position], row[position + 1]
            position += 2
            if values.get(found.name) is not None:
                linked = Linked(id, str(title if title is not None else f"#{id}"))
                values[found.name] = linked if id is not None else Linked(None, None, True)
        if plan.currencies:
            company = self.gate.catalog.site.currency
            with_currencies(values, plan.shown, plan.currencies, row[position:], company)
        if plan.gathered:
            values = gathered(definition, values, plan.gathered)
        for name, mask in masks.items():
            if mask is not None or name not in values:
                values[name] = None if mask is None else Obscured(mask)
        return Record(definition.name, row[1], values)

    def context(self, connection: sa.Connection, actor: Actor) -> Context:
        """What a query's expressions are evaluated in."""
        return reading_context(self.gate, connection, actor)


def _roles(actor: Actor) -> frozenset[str] | None:
    return None if actor.is_system else actor.roles


def _check_query(query: Query) -> None:
    if not 1 <= query.limit <= MOST:
        expected = Text.of(f"1…{MOST}")
        raise Refusal(say.BAD_QUERY(key="limit", found=query.limit, expected=expected))
    for key, found, known in (
        ("count", query.count, COUNTS), ("action", query.action, ROW_ACTIONS),
    ):  # fmt: skip
        if found not in known:
            expected = Text.of(" | ".join(known))
            raise Refusal(say.BAD_QUERY(key=key, found=found, expected=expected))
