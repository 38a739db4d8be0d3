"""The plan: what leads from what stands in the database to what is defined.

1. Tables, columns and indexes that are missing are added; nothing that holds data is dropped.
2. Definitions are compared with those of the revision in force, for what changes without any
   change of tables: labels, rules, roles, fields that are no longer used.
3. Indexes that nothing asks for any more are dropped at the end.

A plan is data. Its digest covers both sides, so that it is carried out as it was shown, or not
at all. When everything is as defined, it is empty.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from alembic.operations import ops

from engine.definition.objects import Field, Object
from engine.problems import Message, Problem, Text
from engine.schema import wording
from engine.schema.differences import Difference, Plain, differences, digest_of
from engine.schema.naming import OWN_PREFIXES
from engine.schema.searching import create_search_table, search_table_names
from engine.schema.state import Applied, Keys
from engine.schema.steps import (
    Phase,
    Step,
    add_columns,
    create_index,
    create_tables,
    drop_index,
    indexes_of,
)  # fmt: skip
from engine.schema.structure import Structure
from engine.schema.tables import GRAMS, Tables

NOT_UNIQUE = Message(
    "not-unique-yet",
    en="{object} must be unique in {fields}, but {count} values occur more than once",
    zh="{object} 的 {fields} 必须唯一，但有 {count} 个值重复",
    hint_en="change the records first, or take `unique` away",
    hint_zh="请先修改这些记录，或去掉 `unique`",
)

PLATFORM_TABLES = Text({"en": "the platform's own tables", "zh": "平台自身的数据表"})
ACCOUNT_TABLES = Text({"en": "tables for accounts", "zh": "账号相关的数据表"})
CIRCLES = Text({"en": "links that form a circle", "zh": "互相指向的链接"})
OWN_TABLES = "fw_"
_COMPUTED = ("formula", "rollup", "stored")


@dataclass(frozen=True, kw_only=True)
class Target:
    """What shall be: tables of a keyed catalog, and the definitions that they come from.

    `definitions` are compared, `stored` is the text that goes into the database. `extra` are
    tables of others (accounts), which are created when missing and otherwise left alone.
    """

    tables: Tables
    definitions: Plain
    stored: str
    keys: Keys
    extra: tuple[sa.MetaData, ...] = ()


@dataclass(frozen=True, slots=True)
class Fill:
    """A column of existing records that has to be computed; `column` is physical."""

    object: str
    field: str
    column: str


Filling = Callable[[sa.Connection, Tables, Sequence[Fill]], None]
"""Computes columns of existing records, inside the transaction that publishes."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What applying would do. `fills` are the columns of existing records to compute."""

    target: Target
    applied: Applied | None
    steps: tuple[Step, ...]
    problems: tuple[Problem, ...]
    fills: tuple[Fill, ...]
    digest: str

    @property
    def empty(self) -> bool:
        """Whether everything is as defined already."""
        return not self.steps and not self.problems and not self.definitions_differ

    @property
    def definitions_differ(self) -> bool:
        """Whether a new revision has to be written."""
        return self.applied is None or self.applied.digest != digest_of(self.target.definitions)

    @property
    def loses(self) -> bool:
        """Whether something that people see now would be hidden."""
        return any(step.loses for step in self.steps)

    def of(self, *phases: Phase) -> tuple[Step, ...]:
        """The steps of these phases."""
        return tuple(step for step in self.steps if step.phase in phases)


def plan(
    connection: sa.Connection,
    target: Target,
    structure: Structure,
    applied: Applied | None,
    before: Plain,
    problems: Sequence[Problem] = (),
) -> Plan:
    """The plan for `target`.

    `structure` and `applied` are the database's, `before` the applied definitions without
    places; `problems` are those already found on the way here.
    """
    making = _Making(connection, target, structure, before)
    steps = sorted(making.all(), key=lambda step: step.phase)
    return Plan(
        target=target,
        applied=applied,
        steps=tuple(steps),
        problems=(*problems, *making.problems),
        fills=tuple(making.fills),
        digest=_digest(target, structure, applied),
    )


def _digest(target: Target, structure: Structure, applied: Applied | None) -> str:
    ours = [*target.tables.metadata.tables, *(k.key for n, k in target.keys.items() if not n[1])]
    others = [name for metadata in target.extra for name in metadata.tables]
    sides = (
        f"{applied.id} {applied.digest}" if applied else "",
        structure.digest({*ours, *others}),
        digest_of(target.definitions),
        repr(sorted(target.keys.items(), key=lambda item: item[0])),
    )
    return hashlib.sha256("\n".join(sides).encode()).hexdigest()


class _Making:
    """One comparison; gathers problems and fills while it yields steps."""

    def __init__(
        self, connection: sa.Connection, target: Target, structure: Structure, before: Plain
    ) -> None:
        self.connection, self.target, self.structure = connection, target, structure
        self.before = before
        self.dialect = connection.dialect.name
        self.tables = target.tables
        self.objects = {o.table: o for o in self.tables.catalog.objects.values()}
        self.searches = search_table_names(list(self.tables.by_object.values()), self.dialect)
        self.told: set[tuple[str, str]] = set()
        self.problems: list[Problem] = []
        self.fills: list[Fill] = []

    def all(self) -> Iterator[Step]:
        yield from self.new_tables()
        own = [t for t in self.extra_tables() if t.name.startswith(OWN_TABLES)]
        for table in (*self.tables.metadata.tables.values(), *own):
            if table.name in self.structure.tables:
                yield from self.changed_table(table)
        yield from self.notes()

    def extra_tables(self) -> list[sa.Table]:
        """The tables of others; those that are the platform's, too, get new columns later."""
        return [t for metadata in self.target.extra for t in metadata.tables.values()]

    def new_tables(self) -> Iterator[Step]:
        missing = [
            t for n, t in self.tables.metadata.tables.items() if n not in self.structure.tables
        ]
        operations, circles = create_tables(missing, self.dialect)
        internal = [name for name in operations if name not in self.objects]
        if internal:
            yield Step(
                kind="platform-tables",
                text=PLATFORM_TABLES,
                phase=Phase.CREATE,
                operations=tuple(op for name in internal for op in operations[name]),
            )
        others = [t for t in self.extra_tables() if t.name not in self.structure.tables]
        if others:
            by_table, late = create_tables(others, self.dialect)
            yield Step(
                kind="account-tables",
                text=ACCOUNT_TABLES,
                phase=Phase.CREATE,
                operations=(*(op for found in by_table.values() for op in found), *late),
            )
        for name, found in operations.items():
            if name in self.objects:
                definition = self.objects[name]
                self.told.add((definition.name, ""))
                search = self.searches.get(name)
                yield Step(
                    kind="new-object",
                    text=wording.new_object(definition),
                    phase=Phase.CREATE,
                    table=name,
                    operations=(*found, *((create_search_table(search),) if search else ())),
                )
        if circles:
            yield Step(kind="links", text=CIRCLES, phase=Phase.CREATE, operations=circles)

    def changed_table(self, table: sa.Table) -> Iterator[Step]:
        """What is missing from a table that exists, and what it has too much."""
        found = self.structure.tables[table.name]
        missing = [column.name for column in table.c if column.name not in found.columns]
        definition = self.objects.get(table.name)
        label = wording.of_object(definition) if definition else Text.of(table.name)
        if definition:
            yield from self.new_fields(definition, table, missing)
        elif missing:
            yield Step(
                kind="platform-columns",
                text=PLATFORM_TABLES,
                phase=Phase.ALTER,
                table=table.name,
                operations=add_columns(table, missing),
            )
        concurrently = self.dialect == "postgresql"
        wanted = indexes_of(table, self.dialect)
        for index in wanted:
            if index.name not in found.indexes:
                columns = tuple(column.name for column in index.columns)
                if index.unique and definition and not set(columns) & set(missing):
                    self.duplicates(definition, table, index)
                yield Step(
                    kind="new-index",
                    text=wording.new_index(label, columns, index.unique),
                    phase=Phase.INDEX,
                    table=table.name,
                    operations=self.create(index, concurrently),
                )
        for name in sorted(found.indexes - {index.name for index in wanted}):
            if name.startswith(OWN_PREFIXES):
                yield Step(
                    kind="drop-index",
                    text=wording.old_index(label, name),
                    phase=Phase.DROP,
                    table=table.name,
                    operations=(drop_index(name, table.name, concurrently),),
                )

    def create(self, index: sa.Index, concurrently: bool) -> tuple[ops.MigrateOperation, ...]:
        made = create_index(index, concurrently)
        if index.name in self.structure.invalid:
            assert index.name and index.table is not None
            return (drop_index(index.name, index.table.name, concurrently), made)
        return (made,)

    def new_fields(self, definition: Object, table: sa.Table, missing: list[str]) -> Iterator[Step]:
        """Missing columns of an object: its new fields, and what search and order need."""
        rest = list(missing)
        for field in definition.stored_fields:
            if field.column not in missing:
                continue
            own = [name for name in missing if name in _columns_of(field.column)]
            rest = [name for name in rest if name not in own]
            self.told.add((definition.name, field.name))
            if field.derived:
                self.fills.append(Fill(definition.name, field.name, field.column))
            yield Step(
                kind="new-field",
                text=wording.new_field(definition, field),
                phase=Phase.ALTER,
                table=table.name,
                operations=add_columns(table, own),
            )
        fields = _by_column(definition)
        self.fills += [
            Fill(definition.name, fields[name].name if name in fields else "", name)
            for name in rest
        ]
        search = self.searches.get(table.name)
        searching: tuple[ops.MigrateOperation, ...] = ()
        if search and search not in self.structure.other:
            searching = (create_search_table(search),)
            if GRAMS not in rest:
                self.fills.append(Fill(definition.name, "", GRAMS))
        if rest or searching:
            yield Step(
                kind="search-columns",
                text=wording.new_columns(definition),
                phase=Phase.ALTER,
                table=table.name,
                operations=(*add_columns(table, rest), *searching),
            )

    def duplicates(self, definition: Object, table: sa.Table, index: sa.Index) -> None:
        """Values that stand in the way of a unique index are a problem now, not later."""
        columns = [table.c[column.name] for column in index.columns]
        groups = (
            sa.select(sa.literal(1).label("one"))
            .where(table.c.deleted_on.is_(None), *(c.is_not(None) for c in columns))
            .group_by(*columns)
            .having(sa.func.count() > 1)
            .subquery()
        )
        count = self.connection.scalar(sa.select(sa.func.count()).select_from(groups))
        if count:
            fields = _by_column(definition)
            labels = [fields[c.name].label for c in columns if c.name in fields]
            self.problems.append(
                NOT_UNIQUE(
                    definition.place(),
                    object=wording.of_object(definition),
                    fields=wording.both(
                        ", ".join(label.in_("en") for label in labels).replace("{", "{{"),
                        "、".join(label.in_("zh") for label in labels).replace("{", "{{"),
                    ),
                    count=count,
                )
            )

    def notes(self) -> Iterator[Step]:
        """What changes without a change of tables, and lists that stay without an index."""
        after = self.target.definitions
        found = differences(self.before, after)
        changed = {d.name for d in found if d.kind == "object"}
        for difference in found:
            told = difference.kind == "object" and (difference.name, difference.field) in self.told
            if told and difference.change == "new":
                continue
            yield self.note(difference)
            self.recomputed(difference)
        for missing in self.tables.unserved:
            if missing.object in changed:
                yield Step(kind="unserved", text=wording.unserved(missing, self.tables.catalog))

    def note(self, difference: Difference) -> Step:
        kind = f"{difference.change}-{'field' if difference.field else difference.kind}"
        definition = self.tables.catalog.objects.get(difference.name)
        if difference.kind == "object" and difference.change == "gone":
            # a rename is no loss: its key lives on under the new name
            rows = self.kept(difference)
            what = wording.subject(difference, self.before, self.target.definitions)
            return Step(kind=kind, text=wording.parked(what, rows), loses=rows > 0)
        if definition and difference.field and difference.change == "new":
            field = definition.fields[difference.field]
            if field.stored:
                return Step(kind="returning-field", text=wording.returning_field(definition, field))
        text = wording.of_difference(difference, self.before, self.target.definitions)
        return Step(kind=kind, text=text)

    def kept(self, difference: Difference) -> int:
        """How many records hold something of what is no longer used."""
        keys = self.target.keys
        owner = keys.get(("object", "", difference.name))
        if owner is None or owner.key not in self.structure.tables:
            return 0
        query = sa.select(sa.func.count()).select_from(sa.table(owner.key))
        if difference.field:
            field = keys.get(("field", owner.key, difference.field))
            if field is None or field.key not in self.structure.tables[owner.key].columns:
                return 0
            query = query.where(sa.column(field.key).is_not(None))
        return self.connection.scalar(query) or 0

    def recomputed(self, difference: Difference) -> None:
        """A stored field that is computed in another way now has to be computed anew."""
        definition = self.tables.catalog.objects.get(difference.name)
        if not (definition and difference.field and difference.change != "gone"):
            return
        field = definition.fields.get(difference.field)
        keys = {key for key, _, _ in difference.keys}
        if field and field.stored and field.derived and keys & set(_COMPUTED):
            self.fills.append(Fill(definition.name, field.name, field.column))


def _by_column(definition: Object) -> dict[str, Field]:
    return {name: f for f in definition.stored_fields for name in _columns_of(f.column)}


def _columns_of(column: str) -> tuple[str, str, str]:
    """A field's column, its folded form and its sort key."""
    return column, f"{column}__f", f"{column}__s"
