"""Search by grams: what they are, and that both databases find by them through an index."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.expressions import fold
from engine.schema.searching import (
    MOST_GRAMS,
    asked_grams,
    grams,
    match,
    search_statements,
    tokens,
)
from support.workshop import Workshop, workshop

OBJECT = "search: [name]\nfields: {name: {type: text}}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("a", ("a",)),
        ("abc", ("a", "b", "c", "ab", "bc")),
        ("北方机械", ("北", "方", "机", "械", "北方", "方机", "机械")),
        ("ab, c-d", ("a", "b", "ab", "c", "d")),
        ("aaa", ("a", "aa")),
    ],
)
def test_grams(text: str, expected: tuple[str, ...]) -> None:
    """Single characters and pairs, within words."""
    assert grams(text) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [("北", ("北",)), ("北方", ("北方",)), ("Ａb c", ("ab", "c")), ("…  !", ())],
)
def test_asked_grams(words: str, expected: tuple[str, ...]) -> None:
    """A query is folded, and asks for pairs where it can."""
    assert asked_grams(words) == expected


def test_limits() -> None:
    """A long text keeps a bounded number of grams, a long query asks for few."""
    text = "".join(chr(0x4E00 + n) for n in range(9000))
    assert len(grams(text)) == MOST_GRAMS
    assert len(asked_grams(text)) == 40


NAMES = [
    "北方机械有限公司",
    "南方机械",
    "Northern Machinery",
    "O'Neill AND sons",
    "数控 CNC-500",
    "Ｎｅｔ",
]


def fill(shop: Workshop, names: list[str]) -> None:
    tables = shop.application().tables
    statements = search_statements(tables, "thing", shop.databases.dialect)
    with shop.databases.writing() as connection:
        for number, name in enumerate(names, 1):
            found = grams(fold(name))
            connection.execute(
                sa.insert(tables.table("thing")).values(id=number, name=name, grams=found)
            )
            if statements:
                parameters = {"id": number, "tokens": tokens(found)}
                connection.execute(statements.write, parameters)
                connection.execute(statements.write, parameters)  # a change replaces


CASES: dict[str, set[int]] = {
    "机械": {1, 2},
    "北方": {1},
    "方 械": {1, 2},
    "north": {3},
    "ＮＯＲＴＨ": {3},
    "and": {4},
    "o'neill": {4},
    "cnc 500": {5},
    "net": {6},
    "械机": set(),
    "北方 north": set(),
    "?!": {1, 2, 3, 4, 5, 6},
    '" OR *': {3},
    "NOT cnc": set(),
}


def test_match(shop: Workshop) -> None:
    """Candidates for words in Chinese and Latin script; nothing in them is query syntax."""
    shop.write(thing=OBJECT).apply()
    fill(shop, NAMES)
    assert {words: found(shop, words) for words in CASES} == CASES


def found(shop: Workshop, words: str) -> set[int]:
    tables = shop.application().tables
    source = tables.source("thing")
    condition = match(tables, "thing", words, shop.databases.dialect, source)
    with shop.databases.reading() as connection:
        return set(connection.scalars(sa.select(source.c.id).where(condition)))


def test_deleted_from_the_search_table(tmp_path: Path, sqlite_url: str) -> None:
    """SQLite: a removed row is no longer found."""
    with workshop(tmp_path / "layer", sqlite_url) as shop:
        shop.write(thing=OBJECT).apply()
        fill(shop, NAMES)
        statements = search_statements(shop.application().tables, "thing", "sqlite")
        assert statements is not None
        with shop.databases.writing() as connection:
            connection.execute(statements.delete, {"id": 1})
        assert found(shop, "机械") == {2}


def test_the_index_is_used(shop: Workshop) -> None:
    """Among twenty thousand rows, search asks the index, not the rows."""
    shop.write(thing=OBJECT).apply()
    tables = shop.application().tables
    table, dialect = tables.table("thing"), shop.databases.dialect
    statements = search_statements(tables, "thing", dialect)
    names = [f"{chr(0x4E00 + n % 3000)}{chr(0x5E00 + n % 1777)}{n}" for n in range(1, 20001)]
    rows = [(n, name, grams(fold(name))) for n, name in enumerate(names, 1)]
    with shop.databases.writing() as connection:
        connection.execute(
            sa.insert(table), [{"id": n, "name": name, "grams": g} for n, name, g in rows]
        )
        if statements:
            connection.execute(
                statements.write, [{"id": n, "tokens": tokens(g)} for n, _, g in rows]
            )
    source = tables.source("thing")
    query = sa.select(source.c.id).where(match(tables, "thing", names[4711], dialect, source))
    explain = "EXPLAIN QUERY PLAN" if dialect == "sqlite" else "EXPLAIN"
    with shop.databases.writing() as connection:
        connection.exec_driver_sql("ANALYZE")
        compiled = query.compile(connection, compile_kwargs={"render_postcompile": True})
        given = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in compiled.construct_params().items()
        }
        bound = tuple(given[name] for name in compiled.positiontup or ()) or given
        lines = connection.exec_driver_sql(f"{explain} {compiled}", bound).all()
        shown = "\n".join(" ".join(map(str, line)) for line in lines)
        ids = set(connection.scalars(query))
    assert 4712 in ids
    if dialect == "sqlite":
        assert "VIRTUAL TABLE INDEX" in shown and "SCAN thing" not in shown.replace(
            "thing__fts", ""
        )
    else:
        assert "gin_thing_grams" in shown
