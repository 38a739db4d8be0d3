"""What stands in a database: tables, their columns and indexes, by name."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from engine.schema.guards import triggers_in

GRAMS_COLUMN = "grams"
"""The column for search, which SQLite has a search table beside."""
SEARCH_SUFFIX = "__fts"
"""The end of the names of SQLite's search tables; they bring further tables of their own."""

_INVALID = """
SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE NOT i.indisvalid AND c.relnamespace = current_schema()::regnamespace
"""


@dataclass(frozen=True, slots=True)
class TableStructure:
    """The columns and indexes that a table has; `over` has the columns of each index."""

    columns: frozenset[str]
    indexes: frozenset[str]
    over: Mapping[str, frozenset[str]] = field(default_factory=dict, compare=False)

    def without(self, columns: Collection[str]) -> TableStructure:
        """The table as it stood before these columns were added."""
        gone = {name for name, over in self.over.items() if not over.isdisjoint(columns)}
        return replace(self, columns=self.columns - set(columns), indexes=self.indexes - gone)


@dataclass(frozen=True, slots=True)
class Structure:
    """All tables of a database. `other` are names that views and search tables occupy.

    `invalid` are PostgreSQL's indexes whose concurrent creation did not come to its end; they
    serve nobody and are not among the indexes of their tables. `triggers` are the platform's.
    """

    tables: Mapping[str, TableStructure]
    other: frozenset[str] = frozenset()
    invalid: frozenset[str] = frozenset()
    triggers: frozenset[str] = frozenset()

    def without(self, fresh: Iterable[tuple[str, str]]) -> Structure:
        """The structure as it stood before these columns (table, column) were added."""
        gone: dict[str, set[str]] = defaultdict(set)
        for table, column in fresh:
            gone[table].add(column)
        tables = {
            name: found.without(gone[name]) if name in gone else found
            for name, found in self.tables.items()
        }
        searches = {f"{t}{SEARCH_SUFFIX}" for t, found in gone.items() if GRAMS_COLUMN in found}
        return replace(self, tables=tables, other=self.other - searches)

    def digest(self, tables: Iterable[str]) -> str:
        """A digest of those of `tables` that exist, as they stand."""
        found = {
            name: [sorted(self.tables[name].columns), sorted(self.tables[name].indexes)]
            for name in sorted(tables)
            if name in self.tables
        }
        return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def read_structure(connection: sa.Connection) -> Structure:
    """The structure of the database that `connection` leads to (its default schema)."""
    inspector = sa.inspect(connection)
    invalid: frozenset[str] = frozenset()
    if connection.dialect.name == "postgresql":
        invalid = frozenset(connection.exec_driver_sql(_INVALID).scalars())
    names = inspector.get_table_names()
    plain = [name for name in names if SEARCH_SUFFIX not in name]
    columns = inspector.get_multi_columns(filter_names=plain) if plain else {}
    indexes = inspector.get_multi_indexes(filter_names=plain) if plain else {}
    tables = {
        name: TableStructure(
            frozenset(column["name"] for column in found),
            frozenset(i["name"] for i in indexes.get((schema, name), []) if i["name"]) - invalid,
            {
                i["name"]: frozenset(c for c in i["column_names"] if c)
                for i in indexes.get((schema, name), [])
                if i["name"]
            },
        )
        for (schema, name), found in columns.items()
    }
    other = {*names, *inspector.get_view_names()} - tables.keys()
    return Structure(tables, frozenset(other), invalid, triggers_in(connection))
