"""What stands in a database is read from its catalogue, on both alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.schema.engines import Databases, open_databases
from engine.schema.structure import columns_of, read_structure

STATEMENTS = (
    "CREATE TABLE drafts (id INTEGER PRIMARY KEY, name TEXT, code TEXT UNIQUE)",
    "CREATE INDEX ix_drafts_name ON drafts (name, code)",
    "CREATE INDEX ix_drafts_lower ON drafts (lower(name), id)",
    "CREATE UNIQUE INDEX uq_drafts_some ON drafts (code) WHERE name IS NOT NULL",
    "CREATE TABLE a__fts (name TEXT)",
    "CREATE VIEW seen AS SELECT name FROM drafts",
)


@pytest.fixture
def databases(database_url: str) -> Iterator[Databases]:
    made = open_databases(database_url)
    with made.writing() as connection:
        for statement in STATEMENTS:
            connection.exec_driver_sql(statement)
    yield made
    made.dispose()


def test_tables_columns_and_indexes(databases: Databases) -> None:
    """Every table with its columns and named indexes, each index with the columns that it is over;
    views and the tables of searches are only names that are taken."""
    with databases.reading() as connection:
        found = read_structure(connection)
    assert found.tables.keys() == {"drafts"} and found.other == {"a__fts", "seen"}
    drafts = found.tables["drafts"]
    assert drafts.columns == {"id", "name", "code"}
    own = {"ix_drafts_name", "ix_drafts_lower", "uq_drafts_some"}
    by_itself = {"drafts_code_key"} if databases.dialect == "postgresql" else set()
    assert drafts.indexes == own | by_itself
    assert {name: set(drafts.over[name]) for name in own} == {
        "ix_drafts_name": {"name", "code"},
        "ix_drafts_lower": {"id"},
        "uq_drafts_some": {"code"},
    }
    assert found.invalid == frozenset() == found.triggers


def test_columns_of_one_table(databases: Databases) -> None:
    """Those of a table that is there; none of one that is not."""
    with databases.reading() as connection:
        assert columns_of(connection, "drafts") == {"id", "name", "code"}
        assert columns_of(connection, "nothing") == frozenset()
