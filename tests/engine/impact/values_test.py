"""Fields that become required, change their type, become unique: counted before, right after."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.schema.findings import Finding
from engine.schema.state import SEED
from support.workshop import Workshop

BOOK = """
title: name
fields:
  name: {type: text}
  price: {type: text}
  pages: {type: integer}
"""


def stocked(shop: Workshop, yaml: str = BOOK, **rows: dict[str, Any]) -> None:
    shop.write(book=yaml)
    shop.apply()
    values = [{"name": name, **given} for name, given in rows.items()]
    shop.application().gate.create(SYSTEM, "book", values)


def findings(shop: Workshop) -> dict[str, Finding]:
    return {found.family: found for found in shop.plan().findings}


def column(shop: Workshop, field: str) -> list[Any]:
    application = shop.application()
    table = application.tables.table("book")
    found = application.catalog.objects["book"].fields[field].column
    with shop.databases.reading() as connection:
        return list(connection.scalars(sa.select(table.c[found]).order_by(table.c.id)))


def audited(shop: Workshop) -> list[tuple[int, str]]:
    table = shop.application().tables.system("fw_audit")
    with shop.databases.reading() as connection:
        query = sa.select(table.c.record, table.c.data).where(table.c.cause == "apply")
        query = query.where(table.c.object == "book").order_by(table.c.id)
        return [(row.record, row.data) for row in connection.execute(query)]


def test_required(shop: Workshop) -> None:
    """Empties are counted with examples; `default_for_existing` fills them, once, audited."""
    stocked(shop, Kim={"pages": 3}, Emma={}, Lear={})
    shop.write(book=BOOK.replace("integer}", "integer, required: true}"))
    found = findings(shop)["required"]
    assert str(found.text) == (
        "Pages (pages) of book becomes required: 2 records have none; they stay as they are,"
        " but must be filled at their next change"
    )
    assert [(e.id, e.title) for e in found.examples] == [(2, "Emma"), (3, "Lear")]
    assert found.remedy == "fields:\n  pages:\n    default_for_existing: 0"
    assert found.place is not None and found.place.line == 7
    rest = "integer, required: true, default_for_existing: {from: 'length(name) * 10'}}"
    shop.write(book=BOOK.replace("integer}", rest))
    assert list(findings(shop)) == ["filled"]
    shop.apply()
    assert column(shop, "pages") == [3, 40, 40]
    assert [record for record, _ in audited(shop)] == [2, 3]
    assert audited(shop)[0][1] == '{"fields":{"pages":[null,"40"]}}'
    assert shop.plan().empty


def test_new_and_required(shop: Workshop) -> None:
    """A new required field is empty in every record, unless it is filled."""
    stocked(shop, Kim={}, Emma={})
    more = BOOK + "  grade: {type: choice, options: {a: A, b: B}, required: true%s}\n"
    shop.write(book=more % "")
    found = findings(shop)["required"]
    assert (found.count and found.count.value, found.remedy.splitlines()[-1]) == (
        2, "    default_for_existing: a",
    )  # fmt: skip
    shop.write(book=more % ", default_for_existing: b")
    shop.apply()
    assert column(shop, "grade") == ["b", "b"]


def test_links_are_filled(shop: Workshop) -> None:
    """With the seed of a key, or the record of that name; one that is not there is told."""
    shop.write(publisher="title: name\nfields: {name: {type: text, unique: true}}\n")
    stocked(shop, Kim={}, Emma={})
    application = shop.application()
    ids = [
        c.id for c in application.gate.create(SYSTEM, "publisher", [{"name": "A"}, {"name": "B"}])
    ]
    seeds = application.tables.system("fw_key")
    with shop.databases.writing() as connection:
        seed = {"kind": SEED, "owner": "publisher", "name": "house", "key": str(ids[1])}
        connection.execute(sa.insert(seeds).values(seed))
    by = BOOK + "  %s: {type: link, to: publisher, default_for_existing: %s}\n"
    shop.write(book=by % ("by", "Zz"))
    with pytest.raises(Refusal) as refused:
        shop.apply()
    assert [problem.code for problem in refused.value.problems] == ["default-not-found"]
    shop.write(book=by % ("by", "house"))
    shop.apply()
    assert column(shop, "by") == [ids[1], ids[1]]
    shop.write(
        book=by % ("by", "house")
        + "  other: {type: link, to: publisher, default_for_existing: a}\n"
    )
    shop.apply()
    assert column(shop, "other") == [ids[0], ids[0]]


def test_required_when(shop: Workshop) -> None:
    """Of a condition only those records count that fulfil it."""
    stocked(shop, Kim={"pages": 3}, Emma={"pages": 30}, Lear={"pages": 40, "price": "1"})
    shop.write(
        book=BOOK.replace("price: {type: text}", "price: {type: text, required_when: pages > 10}")
    )
    assert [e.title for e in findings(shop)["required"].examples] == ["Emma"]


def test_text_becomes_number(shop: Workshop) -> None:
    """What reads as a number is one; the rest needs an answer, and the old column stays."""
    stocked(shop, Kim={"price": "1,200.50"}, Emma={"price": "dear"}, Lear={"price": "7"}, Poor={})
    number = BOOK.replace("price: {type: text}", "price: {type: number}")
    shop.write(book=number)
    found = findings(shop)
    assert (str(found["converted"].count and found["converted"].count.value)) == "2"
    wrong = found["not-convertible"]
    assert [(e.id, e.title, e.value) for e in wrong.examples] == [(2, "Emma", "dear")]
    assert wrong.remedy == (
        "fields:\n  price:\n    convert: {replace: {dear: null}, otherwise: null}"
    )
    with pytest.raises(Refusal) as refused:
        shop.apply()
    assert refused.value.problems[0].code == "plan-loses"
    answer = "{type: number, convert: {replace: {dear: 99}}}"
    shop.write(book=BOOK.replace("price: {type: text}", f"price: {answer}"))
    shop.apply()
    assert column(shop, "price") == [Decimal("1200.50"), Decimal(99), Decimal(7), None]
    assert [record for record, _ in audited(shop)] == [1, 2, 3]
    assert shop.plan().empty
    with shop.databases.reading() as connection:
        old = connection.exec_driver_sql("SELECT price FROM book ORDER BY id").scalars().all()
    assert old == ["1,200.50", "dear", "7", None]
    shop.write(book=BOOK)  # and back: the text of the numbers, in a third column
    shop.apply()
    assert column(shop, "price") == ["1200.50", "99.00", "7.00", None]


def test_allowed_loss(shop: Workshop) -> None:
    """What cannot be converted is empty when that was allowed; the records know it."""
    stocked(shop, Kim={"price": "12"}, Emma={"price": "dear"})
    shop.write(book=BOOK.replace("price: {type: text}", "price: {type: integer}"))
    shop.apply(allow_loss=True)
    assert column(shop, "price") == [12, None]
    assert audited(shop)[-1] == (2, '{"fields":{"price":["dear",null]}}')


def test_renamed_and_converted(shop: Workshop) -> None:
    """A field may change its name and its type at once; formulas follow the new values."""
    stocked(shop, Kim={"price": "12"})
    text = "cost: {type: integer, was: price}\n  twice: {type: integer, formula: cost * 2}"
    shop.write(book=BOOK.replace("price: {type: text}", text))
    shop.apply()
    assert (column(shop, "cost"), column(shop, "twice")) == ([12], [24])
    assert shop.plan().empty


def test_conversions(shop: Workshop) -> None:
    """Formats, expressions, options for texts, and links found by a field of the other object."""
    shop.write(shelf="title: name\nfields: {name: {type: text}, code: {type: text, unique: true}}")
    yaml = """
        title: name
        fields:
          name: {type: text}
          sold: {type: text}
          price: {type: number, scale: 4}
          kind: {type: choice, options: {old: {en: Old, zh: 旧}, young: Young}}
          place: {type: text}
        """
    stocked(
        shop, yaml,
        Kim={"sold": "31.01.2026", "price": "2.5049", "kind": "old", "place": "N1"},
        Emma={"sold": "soon", "place": "S7"},
    )  # fmt: skip
    shop.application().gate.create(SYSTEM, "shelf", [{"name": "North", "code": "N1"}])
    after = yaml.replace("sold: {type: text}", "sold: {type: date, convert: {format: '%d.%m.%Y'}}")
    after = after.replace("scale: 4", "scale: 2, convert: 'round(before, 2)'")
    after = after.replace(
        "kind: {type: choice, options: {old: {en: Old, zh: 旧}, young: Young}}",
        "kind: {type: text}",
    )
    after = after.replace(
        "place: {type: text}", "place: {type: link, to: shelf, convert: {by: code}}"
    )
    shop.write(book=after)
    lost = [f for f in shop.plan().findings if f.family == "not-convertible"]
    assert [(f.field, f.examples[0].value) for f in lost] == [("sold", "soon"), ("place", "S7")]
    shop.apply(allow_loss=True)
    assert column(shop, "sold") == [dt.date(2026, 1, 31), None]
    assert column(shop, "price") == [Decimal("2.50"), None]
    assert column(shop, "kind") == ["Old", None]
    assert column(shop, "place") == [1, None]


def test_wrong_conversion(shop: Workshop) -> None:
    """An expression that cannot be the new value stops the plan, at its place."""
    stocked(shop, Kim={"price": "12"})
    text = "price: {type: date, convert: 'before'}"
    shop.write(book=BOOK.replace("price: {type: text}", text))
    (problem,) = shop.plan().problems
    assert problem.code == "conversion-wrong" and problem.place and problem.place.line == 6


def test_duplicates(shop: Workshop) -> None:
    """A new unique key names the values that occur more than once."""
    stocked(shop, Kim={"price": "7"}, Emma={"price": "7"}, Lear={"price": "8"})
    shop.write(book=BOOK.replace("price: {type: text}", "price: {type: text, unique: true}"))
    plan = shop.plan()
    assert [problem.code for problem in plan.problems] == ["not-unique-yet"]
    assert [(e.title, e.value) for e in plan.findings[0].examples] == [("× 2", "7")]
    with pytest.raises(Refusal):
        shop.apply()


def test_checks(shop: Workshop) -> None:
    """Records that a new check would refuse are counted; records without the value, too."""
    stocked(shop, Kim={"pages": 3}, Emma={"pages": 30}, Lear={})
    check = "checks: [{that: 'pages > 10', say: {en: Too thin., zh: 太薄。}}]"
    shop.write(book=BOOK + check)
    found = findings(shop)["check-fails"]
    assert [e.title for e in found.examples] == ["Kim", "Lear"]
    assert "Too thin." in str(found.text) and "太薄。" in found.text.in_("zh")
    assert found.remedy.startswith("checks:\n  - that: 'date_of(created_on) < date(\"")
    shop.apply()
    assert shop.plan().empty
