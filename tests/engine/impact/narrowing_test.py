"""Fields and links that take less than before, and what has probably only got another name."""

from __future__ import annotations

import pytest

from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.schema.findings import Finding, Severity
from support.workshop import Workshop

BOOK = """
title: name
fields:
  name: {type: text}
  pages: {type: integer}
  shelf: {type: link, to: shelf}
  price: {type: money, label: {en: Price, zh: 价格}}
"""
SHELF = "title: name\nfields: {name: {type: text}, open: {type: boolean}}"
ROLE = "role: %s\nlabel: %s\ngrants: {}\n"


def stocked(shop: Workshop) -> None:
    shop.write(book=BOOK, shelf=SHELF)
    shop.file("roles/reader.yaml", ROLE % ("reader", "Reader"))
    shop.apply()
    gate = shop.application().gate
    gate.create(SYSTEM, "shelf", [{"name": "North", "open": True}, {"name": "South"}])
    gate.create(
        SYSTEM,
        "book",
        [
            {"name": "Kim", "pages": 3, "shelf": 1, "price": "12"},
            {"name": "A very long title", "pages": 300, "shelf": 2},
        ],
    )


def findings(shop: Workshop) -> dict[tuple[str, str], Finding]:
    return {(found.family, found.field): found for found in shop.plan().findings}


def test_narrowed(shop: Workshop) -> None:
    """Values that a field or a link no longer takes are counted; they stay as they are."""
    stocked(shop)
    changed = BOOK.replace("name: {type: text}", "name: {type: text, max_length: 10}")
    changed = changed.replace("type: integer", "type: integer, max: 100")
    changed = changed.replace("to: shelf", "to: shelf, where: open")
    shop.write(book=changed)
    found = findings(shop)
    assert {key: [(e.id, e.value) for e in f.examples] for key, f in found.items()} == {
        ("narrowed", "name"): [(2, "A very long title")],
        ("narrowed", "pages"): [(2, "300")],
        ("link-narrowed", "shelf"): [(2, "")],
    }
    assert all(f.severity == Severity.TELLS and f.place for f in found.values())
    shop.apply()
    assert shop.plan().empty


def test_limits(shop: Workshop) -> None:
    """Where only a limit is new, what lies beyond it is counted as reading would have it."""
    shop.write(book="fields:\n  name: {type: text}\n  price: {type: number}\n")
    shop.apply()
    texts = ["四个汉字", "😀😀😀😀", "five5", "ab c", None]
    prices = ["-0.01", "0", "9.99", "10", None]
    books = [{"name": text, "price": price} for text, price in zip(texts, prices, strict=True)]
    shop.application().gate.create(SYSTEM, "book", books)
    new = (
        "fields:\n  name: {type: text, max_length: 4}\n  price: {type: number, min: %s, max: %s}\n"
    )
    for low, high in (("0", "9.99"), ("0.000", "9.995"), ("-0.005", "9.99")):
        shop.write(book=new % (low, high))
        found = findings(shop)
        assert [e.value for e in found["narrowed", "name"].examples] == ["five5"]
        assert sorted(e.value for e in found["narrowed", "price"].examples) == ["-0.01", "10.00"]


def test_probable_renames(shop: Workshop) -> None:
    """A field or role that went while its like came is asked about, with the remedy."""
    stocked(shop)
    shop.write(
        book=BOOK.replace(
            "price: {type: money, label: {en: Price", "cost: {type: money, label: {en: Price"
        )
    )
    shop.file("roles/reader.yaml", "").file("roles/reading.yaml", ROLE % ("reading", "Reader"))
    asked = [f for f in shop.plan().findings if f.severity == Severity.ASKS]
    assert [f.remedy for f in asked] == ["fields:\n  cost:\n    was: price", "was: reader"]
    with pytest.raises(Refusal) as refused:
        shop.apply()
    assert [problem.code for problem in refused.value.problems] == ["plan-asks", "plan-asks"]
    shop.write(book=BOOK.replace("price: {type: money", "cost: {was: price, type: money"))
    shop.file("roles/reading.yaml", ROLE % ("reading", "Reader") + "was: reader\n")
    assert findings(shop) == {}
    shop.apply()
    assert shop.plan().empty


def test_probably_renamed_object(shop: Workshop) -> None:
    """So is an object with records whose like came; without records there is nothing to ask."""
    stocked(shop)
    shop.write(shelf="", rack=SHELF + "\nlabel: Shelf rack")
    shop.write(book=BOOK.replace("to: shelf", "to: rack").replace("shelf:", "rack:"))
    assert ("renamed", "") not in findings(shop)  # neither the name nor the fields are enough
    shop.write(rack=SHELF + "\nlabel: shelf")
    found = findings(shop)["renamed", ""]
    assert (found.object, found.remedy, found.count and found.count.value) == (
        "rack", "was: shelf", 2,
    )  # fmt: skip
