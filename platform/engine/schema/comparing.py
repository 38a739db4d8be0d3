"""Comparing tables: what is missing from the database, and what it has too much (rule 3).

Missing tables, columns and indexes are added; nothing that holds data is dropped, only indexes
that nothing asks for any more.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic.operations import ops

from engine.definition.objects import Field, Object
from engine.problems import Text
from engine.schema import wording
from engine.schema.guarding import guard_operations, missing_guards
from engine.schema.joins import joined_fields, new_join
from engine.schema.naming import OWN_PREFIXES
from engine.schema.searching import create_search_table, search_table_names
from engine.schema.steps import (
    Phase,
    Step,
    add_columns,
    create_index,
    create_tables,
    drop_index,
    indexes_of,
)
from engine.schema.structure import Structure
from engine.schema.tables import GRAMS
from engine.schema.targets import Fill, Target

PLATFORM_TABLES = Text({"en": "the platform's own tables", "zh": "平台自身的数据表"})
ACCOUNT_TABLES = Text({"en": "tables for accounts", "zh": "账号相关的数据表"})
CIRCLES = Text({"en": "links that form a circle", "zh": "互相指向的链接"})
OWN_TABLES = "fw_"


class Comparison:
    """One comparison; gathers `fills` and what was `told` while it yields steps."""

    def __init__(self, connection: sa.Connection, target: Target, structure: Structure) -> None:
        self.connection, self.target, self.structure = connection, target, structure
        self.dialect = connection.dialect.name
        self.tables = target.tables
        self.objects = {o.table: o for o in self.tables.catalog.objects.values()}
        self.joins = joined_fields(self.tables.catalog.objects.values())
        self.searches = search_table_names(list(self.tables.by_object.values()), self.dialect)
        self.told: set[tuple[str, str]] = set()
        self.fills: list[Fill] = []

    def steps(self) -> Iterator[Step]:
        """What has to be created, added, indexed and dropped."""
        yield from self.new_tables()
        own = [t for t in self.extra_tables() if t.name.startswith(OWN_TABLES)]
        for table in (*self.tables.standing().values(), *own):
            if table.name in self.structure.tables:
                yield from self.changed_table(table)
        yield from missing_guards(self.tables.platform, self.structure, self.dialect)

    def extra_tables(self) -> list[sa.Table]:
        """The tables of others; those that are the platform's, too, get new columns later."""
        return [t for metadata in self.target.extra for t in metadata.tables.values()]

    def new_tables(self) -> Iterator[Step]:
        """Tables that are missing: the platform's, those for accounts, one step per object."""
        missing = [t for n, t in self.tables.standing().items() if n not in self.structure.tables]
        operations, circles = create_tables(missing, self.dialect)
        internal = [n for n in operations if n not in self.objects and n not in self.joins]
        if internal:
            yield Step(
                kind="platform-tables",
                text=PLATFORM_TABLES,
                phase=Phase.CREATE,
                operations=(
                    *(op for name in internal for op in operations[name]),
                    *guard_operations(missing, self.dialect),
                ),
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
        for name, (definition, field) in self.joins.items():
            if name in operations:
                if (definition.name, "") not in self.told:
                    self.told.add((definition.name, field.name))
                yield new_join(definition, field, operations[name])
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
                yield Step(
                    kind="new-index",
                    text=wording.new_index(label, _labels(definition, index), index.unique),
                    phase=Phase.INDEX,
                    table=table.name,
                    operations=self.created(index, concurrently),
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

    def created(self, index: sa.Index, concurrently: bool) -> tuple[ops.MigrateOperation, ...]:
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
            if field.derived or field.name == definition.tree:
                self.fills.append(Fill(definition.name, field.name, field.column))
            kind, said = self.coming(definition, field)
            yield Step(
                kind=kind,
                text=said,
                phase=Phase.ALTER,
                table=table.name,
                operations=add_columns(table, own),
                columns=tuple(own),
            )
        yield from self.new_beside(definition, table, rest)

    def coming(self, definition: Object, field: Field) -> tuple[str, Text]:
        """The kind of the step that gives a field its column, and what it says."""
        key = (definition.name, field.name)
        if key in self.target.rewritten:
            return "rewritten-field", wording.rewritten_field(definition, field)
        if key in self.target.converted:
            return "converted-field", wording.converted_field(definition, field)
        return "new-field", wording.new_field(definition, field)

    def new_beside(self, definition: Object, table: sa.Table, rest: list[str]) -> Iterator[Step]:
        """Missing columns beside fields that are there: what search and order need."""
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
                columns=tuple(rest),
            )


def _labels(definition: Object | None, index: sa.Index) -> Text:
    """The fields of an index as people know them; the id at its end is left out."""
    fields = _by_column(definition) if definition else {}
    names = [column.name for column in index.columns if column.name != "id"]
    return wording.joined(fields[n].label if n in fields else Text.of(n) for n in names)


def _by_column(definition: Object) -> dict[str, Field]:
    return {name: f for f in definition.stored_fields for name in _columns_of(f.column)}


def _columns_of(column: str) -> tuple[str, ...]:
    """A field's column, its folded form, its sort key and its path."""
    return column, f"{column}__f", f"{column}__s", f"{column}__p"
