"""Records that were there before a revision get what it computes, when it is published."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.records.verifying import verify
from engine.schema.searching import match
from support.workshop import Workshop, workshop

SHELF = """
title: name
fields:
  name: {type: text}
  books: {type: lines, of: book}
"""
BOOK = """
title: name
fields:
  shelf: {type: link, to: shelf}
  name: {type: text}
  price: {type: money}
  copies: {type: integer}
"""


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Iterator[Workshop]:
    """A workshop with two shelves of books, on both kinds of database."""
    with workshop(tmp_path / "layer", database_url) as made:
        made.write(shelf=SHELF, book=BOOK).apply()
        made.application().gate.create(
            SYSTEM,
            "shelf",
            [
                {"name": "北方", "books": [{"name": "Kim", "price": "2.50", "copies": 3}]},
                {
                    "name": "South",
                    "books": [
                        {"name": "Emma", "price": "1", "copies": 1},
                        {"name": "红楼梦", "price": "4", "copies": 2},
                    ],
                },
                {"name": "Empty"},
            ],
        )
        yield made


def rows(shop: Workshop, object: str, *columns: str) -> list[tuple[object, ...]]:
    table = shop.application().tables.table(object)
    query = sa.select(*(table.c[name] for name in columns)).order_by(table.c.id)
    with shop.databases.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_formulas_and_rollups(shop: Workshop) -> None:
    """A line's new formula, the parent's new rollup over it, and the formula over that."""
    shop.write(
        book=BOOK + "  total: {type: money, formula: price * copies}\n",
        shelf=SHELF
        + "  worth: {type: money, rollup: sum(b.total for b in books)}\n"
        + "  taxed: {type: money, formula: worth * 1.1}\n"
        + "  most: {type: integer, rollup: max(b.copies for b in books)}\n",
    ).apply()
    assert rows(shop, "book", "total") == [(Decimal("7.50"),), (Decimal(1),), (Decimal(8),)]
    assert rows(shop, "shelf", "worth", "taxed", "most") == [
        (Decimal("7.50"), Decimal("8.25"), 3),
        (Decimal(9), Decimal("9.90"), 2),
        (Decimal(0), Decimal(0), None),
    ]
    shop.write(book=BOOK + "  total: {type: money, formula: price * copies * 2}\n").apply()
    assert [row[0] for row in rows(shop, "shelf", "taxed")] == [
        Decimal("16.50"),
        Decimal("19.80"),
        0,
    ]


def test_words(shop: Workshop) -> None:
    """A field that becomes searched and the title is found, and sorts, for old records too."""
    shop.write(shelf=SHELF + "  room: {type: text}\n").apply()
    gate = shop.application().gate
    gate.update(SYSTEM, "shelf", 1, {"room": "东楼"})
    gate.update(SYSTEM, "shelf", 2, {"room": "ＷＥＳＴ"})
    shop.write(
        shelf=SHELF.replace("title: name", "title: room\nsearch: [room, name]")
        + "  room: {type: text, unique: true}\n"
    ).apply()
    assert rows(shop, "shelf", "room__f", "room__s") == [
        ("东楼", "dong lou"),
        ("west", "west"),
        (None, None),
    ]
    tables = shop.application().tables
    for words, expected in {"东楼": {1}, "west": {2}, "北方": {1}, "empty": {3}}.items():
        source = tables.source("shelf")
        condition = match(tables, "shelf", words, shop.databases.dialect, source)
        with shop.databases.reading() as connection:
            assert set(connection.scalars(sa.select(source.c.id).where(condition))) == expected


def test_what_cannot_be_computed(shop: Workshop) -> None:
    """A formula that overflows for an old record: the revision is refused, the old one stays."""
    shop.write(book=BOOK + "  huge: {type: money, formula: price * 900000000000000000}\n")
    with pytest.raises(Refusal):
        shop.apply()
    assert shop.application().revision == 1
    shop.write(book=BOOK)
    assert shop.plan().of() == ()


DEAR = """\
  dear: {type: number, stored: true, formula: 2 * count(b for b in books if b.of > 10)}
"""


def test_across_objects(shop: Workshop) -> None:
    """New formulas through links and over records, in the order in which they read each other."""
    shop.write(
        shelf=SHELF
        + DEAR
        + "  worth: {type: money, rollup: sum(b.price * b.copies for b in books)}\n",
        book=BOOK
        + "  of: {type: money, stored: true, formula: shelf.worth}\n"
        + "  place: {copy: shelf.name, keep: in_step, searchable: true}\n",
    ).apply()
    assert rows(shop, "shelf", "worth", "dear") == [
        (Decimal("7.5"), 0),
        (Decimal(9), 0),
        (Decimal(0), 0),
    ]
    assert rows(shop, "book", "of", "place", "place__f")[1] == (Decimal(9), "South", "south")
    shop.write(
        shelf=SHELF
        + DEAR
        + "  worth: {type: money, rollup: sum(2 * b.price * b.copies for b in books)}\n"
    ).apply()
    assert rows(shop, "shelf", "worth", "dear") == [
        (Decimal(15), 2),
        (Decimal(18), 4),
        (Decimal(0), 0),
    ]
    assert list(verify(shop.application().gate)) == []


def test_what_a_stored_formula_reads_in_place(shop: Workshop) -> None:
    """A formula computed when read, and an option's attribute, change under a stored one."""
    kind = """\
  kind:
    type: choice
    default: a
    attributes: {weight: {type: integer}}
    options: {a: {label: A, weight: %d}}
  later: {type: integer, stored: false, formula: copies * %d}
  sum: {type: integer, stored: true, formula: 'later + coalesce(kind.weight, 100)'}
"""
    shop.write(book=BOOK + kind % (1, 1)).apply()
    before = [row[0] for row in rows(shop, "book", "sum")]
    assert before == [103, 101, 102]
    shop.write(book=BOOK + kind % (1, 10)).apply()
    assert [row[0] for row in rows(shop, "book", "sum")] == [130, 110, 120]
    application = shop.application()
    application.gate.create(SYSTEM, "shelf", [{"name": "X", "books": [{"name": "Y", "copies": 1}]}])
    shop.write(book=BOOK + kind % (7, 10)).apply()
    assert rows(shop, "book", "sum")[-1] == (17,)
    assert list(verify(shop.application().gate)) == []
