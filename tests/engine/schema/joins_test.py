"""Join tables of many links: made, renamed, parked and found again by plan and apply."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.schema.structure import read_structure
from support.small import loaded
from support.workshop import Workshop

NAMED = "fields: {name: {type: text}"
BOOK = f"{NAMED}, authors: {{type: links, to: writer, on_delete: clear}}}}\n"
JOIN = "fw_links_book__to_authors"


def tables(shop: Workshop) -> set[str]:
    with shop.databases.reading() as connection:
        return {name for name in read_structure(connection).tables if name.startswith("fw_links")}


def held(shop: Workshop, field: str, object: str = "book") -> list[str]:
    """The titles that the first record names."""
    record = shop.application().reader.one(SYSTEM, object, 1)
    return [linked.title for linked in record.values[field]]


@pytest.fixture
def books(shop: Workshop) -> Workshop:
    """A book with two authors."""
    shop.write(writer=NAMED + "}", book=BOOK)
    shop.apply()
    gate = shop.application().gate
    gate.create(SYSTEM, "writer", [{"name": "Lu"}, {"name": "Ba"}])
    gate.create(SYSTEM, "book", [{"name": "Home", "authors": ["Ba", "Lu"]}])
    return shop


def test_new_and_existing_objects(shop: Workshop) -> None:
    """A field of a new object needs no step of its own in words; of an existing one it has one."""
    shop.write(writer=NAMED + "}", book=NAMED + "}")
    shop.apply()
    shop.write(book=BOOK)
    assert shop.said() == ["new field Authors (authors) of book"]
    assert shop.apply() == 2
    assert tables(shop) == {JOIN}
    assert shop.plan().empty
    with shop.databases.reading() as connection:
        structure = read_structure(connection).tables[JOIN]
    assert structure.columns == {"from_id", "to_id", "position"}
    assert structure.indexes == {f"ix_{JOIN}_to_id"}


def test_rename(books: Workshop) -> None:
    """`was:` of the field and of both objects touches no table; the lists stay."""
    books.write(book=BOOK.replace("authors: {", "writers: {was: authors, "))
    assert books.said() == ["renamed: field writers of book: authors → writers"]
    books.apply()
    assert (tables(books), held(books, "writers")) == ({JOIN}, ["Ba", "Lu"])
    poet = BOOK.replace("authors: {", "writers: {").replace("to: writer", "to: poet")
    books.write(book="", volume="was: book\n" + poet)
    books.write(writer="", poet="was: writer\n" + NAMED + "}")
    books.apply()
    assert (tables(books), held(books, "writers", "volume")) == ({JOIN}, ["Ba", "Lu"])
    assert books.plan().empty


def test_parking(books: Workshop) -> None:
    """A removed field is told with what it holds; it comes back with it."""
    books.write(book=NAMED + "}")
    plan = books.plan()
    assert plan.loses and "(1 record holds some)" in str(plan.steps[0].text)
    with pytest.raises(Refusal):
        books.apply()
    books.apply(allow_loss=True)
    assert tables(books) == {JOIN}
    books.write(book=BOOK)
    assert "comes back" in books.said()[0]
    books.apply()
    assert held(books, "authors") == ["Ba", "Lu"]


def test_another_target(books: Workshop) -> None:
    """The field cannot lead to another object all at once; a parked one begins anew."""
    books.write(city=NAMED + "}", book=BOOK.replace("to: writer", "to: city"))
    assert [problem.code for problem in books.plan().problems] == ["type-changed"]
    books.write(book=NAMED + "}")
    books.apply(allow_loss=True)
    books.write(book=BOOK.replace("to: writer", "to: city"))
    books.apply()
    assert tables(books) == {JOIN, f"{JOIN}_2"}
    assert held(books, "authors") == []


def test_circles_and_long_names(shop: Workshop) -> None:
    """Objects that name each other and themselves, with the longest names there can be."""
    long = "x" * 40
    shop.write(**{
        long: f"{NAMED}, {long}: {{type: links, to: b}}, y__z: {{type: links, to: {long}}}}}",
        "b": f"{NAMED}, a: {{type: links, to: {long}}}, one: {{type: link, to: {long}}}}}",
    })  # fmt: skip
    shop.apply()
    assert len(tables(shop)) == 3
    assert all(len(name.encode()) <= 60 for name in tables(shop))
    assert shop.plan().empty


WRONG = """
object: part
fields:
  name: {type: text}
---
object: line
fields:
  deal: {type: link, to: deal, on_delete: cascade}
  parts: {type: links, to: part}
---
object: deal
fields:
  name: {type: text}
  lines: {type: lines, of: line}
  nowhere: {type: links, to: nothing}
  gone: {type: links, to: part, on_delete: cascade}
  lists: {type: links, to: [part, deal]}
  given: {type: links, to: part, default: [1]}
  found: {type: links, to: part, formula: parts}
  total: {type: integer, rollup: count(p for p in parts)}
  parts: {type: links, to: part, searchable: true, unique: true}
views:
  all: {label: All, equal: [parts], sort: parts}
"""


def test_what_is_refused_at_load(tmp_path: Path) -> None:
    """Wrong targets, rules that make no sense for lists, rollups over them."""
    found = {(p.code, p.place.line if p.place else 0) for p in loaded(tmp_path, WRONG).problems}
    codes = {code for code, _ in found}
    assert codes >= {
        "unknown-object", "links-cascade", "no-default-here", "rollup-shape",
        "links-computed",
        "not-searchable", "not-stored",
    }  # fmt: skip
