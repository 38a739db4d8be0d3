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

_SQLITE = (
    """
    SELECT m.name, m.type = 'table', c.name
    FROM sqlite_master m LEFT JOIN pragma_table_xinfo(m.name) c
        ON m.type = 'table' AND instr(m.name, '__fts') = 0 AND c.hidden <> 1
    WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~'
    """,
    """
    SELECT m.tbl_name, m.name, 1, c.name
    FROM sqlite_master m LEFT JOIN pragma_index_info(m.name) c
    WHERE m.type = 'index' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~'
    """,
)
_POSTGRESQL = (
    """
    SELECT c.relname, c.relkind <> 'v', a.attname
    FROM pg_class c LEFT JOIN pg_attribute a
        ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'v'
    WHERE c.relkind IN ('r', 'p', 'v') AND c.relnamespace = current_schema()::regnamespace
    """,
    """
    SELECT t.relname, c.relname, i.indisvalid, a.attname
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_class t ON t.oid = i.indrelid
    LEFT JOIN pg_attribute a
        ON a.attrelid = t.oid AND a.attnum = ANY(i.indkey[0:i.indnkeyatts - 1])
    WHERE NOT i.indisprimary AND c.relnamespace = current_schema()::regnamespace
    """,
)
_STATEMENTS = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}
"""What asks for tables and views with their columns, and for indexes with theirs."""
_COLUMNS = {
    "sqlite": "SELECT name FROM pragma_table_info(?)",
    "postgresql": """
    SELECT a.attname
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE a.attnum > 0 AND NOT a.attisdropped
        AND c.relname = %s AND c.relnamespace = current_schema()::regnamespace
    """,
}


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


def columns_of(connection: sa.Connection, table: str) -> frozenset[str]:
    """The columns of one table; none where it is not there.

    It is asked again and again on new connections, where SQLAlchemy's inspector takes ten times
    as long.
    """
    statement = _COLUMNS[connection.dialect.name]
    return frozenset(connection.exec_driver_sql(statement, (table,)).scalars())


def read_structure(connection: sa.Connection) -> Structure:
    """The structure of the database that `connection` leads to (its default schema).

    Two statements whatever there is: a plan is made several times before it is carried out.
    """
    standing, indexes = _STATEMENTS[connection.dialect.name]
    columns: dict[str, set[str]] = defaultdict(set)
    other: set[str] = set()
    for name, is_table, column in connection.exec_driver_sql(standing):
        if not is_table or SEARCH_SUFFIX in name:
            other.add(name)
        else:
            columns[name] |= {column} - {None}
    over: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    invalid: set[str] = set()
    for table, index, is_valid, column in connection.exec_driver_sql(indexes):
        if not is_valid:
            invalid.add(index)
        over[table][index] |= {column} - {None}  # an expression is over no column
    tables = {
        name: TableStructure(
            frozenset(found),
            frozenset(over[name].keys() - invalid),
            {index: frozenset(names) for index, names in over[name].items()},
        )
        for name, found in columns.items()
    }
    return Structure(tables, frozenset(other), frozenset(invalid), triggers_in(connection))
