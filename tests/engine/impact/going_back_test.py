"""Going back to an earlier revision: names, parked data and values, with what was done since."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.schema.findings import Severity
from engine.schema.planning import Plan
from engine.schema.pruning import drop, parked
from support.workshop import Workshop

BOOK = """
title: name
search: [name, author]
fields:
  name: {type: text}
  author: {type: text}
  price: {type: text}
  kind: {type: choice, options: {novel: Novel, essay: Essay}}
  pages: {type: integer}
"""
LATER = """
title: name
search: [name]
fields:
  name: {type: text}
  writer: {type: text, was: author}
  price: {type: number, scale: 2, convert: {otherwise: null}}
  kind:
    type: choice
    options: {story: Story, essay: {label: Essay}}
    replace: {novel: story}
  weight: {type: integer, default_for_existing: 100}
"""

FLOW = """
workflow: way
object: lead
field: stage
stages:
  new: {label: New}
  done: {label: Done, state: done}
transitions:
  end: {label: End, from: new, to: done}
"""


def stocked(shop: Workshop, yaml: str, later: str, **rows: dict[str, Any]) -> None:
    """A site with some books at revision 1, and the later definitions at revision 2."""
    shop.write(book=yaml)
    shop.apply()
    values = [{"name": name, **given} for name, given in rows.items()]
    shop.application().gate.create(SYSTEM, "book", values)
    shop.write(book=later)
    shop.apply(allow_loss=True)


def books(shop: Workshop) -> dict[str, dict[str, Any]]:
    """The records by name, with their values as texts."""
    application = shop.application()
    fields = [
        f
        for f in application.catalog.objects["book"].fields.values()
        if not f.system and f.name != "name"
    ]
    table = application.tables.table("book")
    with shop.databases.reading() as connection:
        ids = list(connection.scalars(sa.select(table.c.id).order_by(table.c.id)))
    rows = application.gate.write(SYSTEM, lambda tx: dict(tx.fetch("book", ids)))
    return {
        row["name"]: {f.name: str(row[f.name]) for f in fields if row.get(f.name) is not None}
        for row in rows.values()
    }


def told(plan: Plan) -> dict[str, str]:
    return {f"{f.family} {f.field}": str(f.text) for f in plan.findings}


def change(shop: Workshop, id: int, **values: Any) -> None:
    shop.application().gate.update(SYSTEM, "book", id, values)


def test_there_and_back(shop: Workshop) -> None:
    """Names, removed fields, types and options come back; what was added is parked; and again."""
    first = {
        "Kim": {"author": "Kipling", "price": "12.5", "kind": "novel", "pages": "3"},
        "Emma": {"author": "Austen", "price": "by agreement", "kind": "essay"},
    }
    stocked(shop, BOOK, LATER, **first)
    then = books(shop)
    assert then["Kim"] == {
        "writer": "Kipling", "price": "12.50", "kind": "story", "weight": "100"
    }  # fmt: skip
    plan, _ = shop.way_back(1)
    assert [str(step.text) for step in plan.steps] == [
        "changed: object book: search",
        "renamed: field author of book: writer → author",
        "changed: field price of book: type number → text, scale 2 → –, convert",
        "changed: field kind of book: options, replace",
        "field Pages (pages) of book comes back, with the values that were kept",
        "field weight of book is no longer used: its data is kept, hidden (2 records hold some)",
    ]
    assert told(plan) == {
        "back-restored price": "book: 2 records get back in Price (price) what they had before it"
        " was applied",
        "back-restored kind": "book: 1 record gets back in Kind (kind) what it had before it was"
        " applied",
    }
    assert shop.go_back(1, allow_loss=True) == 3
    assert books(shop) == first
    shop.write(book=BOOK)
    assert shop.plan().empty
    assert shop.go_back(2, allow_loss=True) == 4
    assert books(shop) == then
    assert shop.way_back(2)[0].empty


def test_what_was_done_since(shop: Workshop) -> None:
    """What was entered since is converted back or told as a conflict."""
    stocked(
        shop, BOOK, LATER,
        Kim={"price": "12.5", "kind": "novel"},
        Emma={"price": "by agreement", "kind": "novel"},
        Lear={"price": "7"},
    )  # fmt: skip
    change(shop, 1, price="15.00")
    change(shop, 2, kind="essay")
    shop.application().gate.create(
        SYSTEM, "book", [{"name": "Ulysses", "kind": "story", "price": 3}]
    )
    plan, _ = shop.way_back(1)
    found = {f"{f.family} {f.field}": [e.id for e in f.examples] for f in plan.findings}
    assert found == {
        "back-restored price": [2, 3],
        "back-carried price": [1, 4],
        "back-restored kind": [1],
        "back-conflict kind": [2],
        "option-since kind": [4],
    }
    with pytest.raises(Refusal, match="plan-loses"):
        shop.go_back(1)
    shop.go_back(1, allow_loss=True)
    now = books(shop)
    assert {name: row.get("price") for name, row in now.items()} == {
        "Kim": "15.00", "Emma": "by agreement", "Lear": "7", "Ulysses": "3.00"
    }  # fmt: skip
    assert {name: row.get("kind") for name, row in now.items()} == {
        "Kim": "novel", "Emma": "essay", "Lear": None, "Ulysses": "story"
    }  # fmt: skip


def test_what_cannot_be_converted_back(shop: Workshop) -> None:
    """A later value that the former type cannot hold is a loss: the former one comes back."""
    before = "title: name\nfields: {name: {type: text}, price: {type: number}}"
    stocked(shop, before, before.replace("number", "text"), Kim={"price": 12}, Emma={"price": 7})
    change(shop, 1, price="by agreement")
    change(shop, 2, price="8")
    plan, _ = shop.way_back(1)
    lost = next(f for f in plan.findings if f.severity == Severity.LOSES)
    assert (lost.family, [(e.id, e.value) for e in lost.examples]) == (
        "back-conflict", [(1, "by agreement")]
    )  # fmt: skip
    shop.go_back(1, allow_loss=True)
    assert [row["price"] for row in books(shop).values()] == ["12.00", "8.00"]
    shop.go_back(2, allow_loss=True)
    assert [row["price"] for row in books(shop).values()] == ["by agreement", "8"]


def test_renamed_and_removed_objects(shop: Workshop) -> None:
    """An object has its name again, with its history; one that was removed is there again."""
    shop.write(book="title: name\nfields: {name: {type: text}}")
    shop.write(shelf="title: name\nfields: {name: {type: text}, book: {type: link, to: book}}")
    shop.apply()
    gate = shop.application().gate
    gate.create(SYSTEM, "book", [{"name": "Kim"}])
    gate.create(SYSTEM, "shelf", [{"name": "North", "book": 1}])
    shop.write(book="", shelf="", volume="was: book\ntitle: name\nfields: {name: {type: text}}")
    shop.apply(allow_loss=True)
    shop.application().gate.create(SYSTEM, "volume", [{"name": "Emma"}])
    shop.go_back(1)
    assert list(books(shop)) == ["Kim", "Emma"]
    application = shop.application()
    row = application.gate.write(SYSTEM, lambda tx: dict(tx.fetch("shelf", [1])))[1]
    assert (row["name"], row["book"]) == ("North", 1)
    assert "volume" in application.catalog.objects["book"].formers


def test_stages(shop: Workshop) -> None:
    """A stage that came since cannot simply go while records stand in it."""
    shop.write(
        lead="title: name\nfields: {name: {type: text}, stage: {type: stage, workflow: way}}"
    )
    shop.file("workflows/way.yaml", FLOW)
    shop.apply()
    gate = shop.application().gate
    gate.create(SYSTEM, "lead", [{"name": "Kim"}, {"name": "Emma"}])
    called = FLOW.replace("new: {label: New}", "fresh: {label: Fresh}").replace(
        "from: new", "from: fresh"
    )
    shop.file("workflows/way.yaml", called + "replace: {new: fresh}\n")
    shop.apply()
    assert [f"{f.family} {f.count}" for f in shop.way_back(1)[0].findings] == [
        "back-restored Count(value=2, exact=True)"
    ]
    shop.application().gate.create(SYSTEM, "lead", [{"name": "Lear"}])
    plan, _ = shop.way_back(1)
    assert [problem.code for problem in plan.problems] == ["stage-since"]
    shop.application().gate.delete(SYSTEM, "lead", [3])
    shop.go_back(1)
    rows = shop.application().gate.write(SYSTEM, lambda tx: dict(tx.fetch("lead", [1, 2])))
    assert [row["stage"] for row in rows.values()] == ["new", "new"]


def test_what_was_dropped(shop: Workshop) -> None:
    """Data that was dropped for good cannot come back; before the first revision is no revision."""
    stocked(shop, BOOK, BOOK.replace("  pages: {type: integer}\n", ""), Kim={"pages": 3})
    application = shop.application()
    with shop.databases.reading() as connection:
        found = [one for one in parked(connection, application.tables, []) if "pages" in one.name]
    drop(shop.databases, found)
    plan, _ = shop.way_back(1)
    assert [problem.code for problem in plan.problems] == ["data-pruned"]
    with pytest.raises(Refusal, match="data-pruned"):
        shop.go_back(1)
    with pytest.raises(Refusal, match="no-such-revision"):
        shop.way_back(7)


def test_renamed_and_retyped_in_one(shop: Workshop) -> None:
    """A field that got another name and another type at once comes back with what it held, and
    with what was entered since."""
    shop.write(book="title: name\nfields:\n  name: {type: text}\n  price: {type: text}\n")
    shop.apply()
    rows = [{"name": f"b{n}", "price": f"{n}.50"} for n in range(1, 4)]
    shop.application().gate.create(SYSTEM, "book", rows)
    shop.write(
        book="title: name\nfields:\n  name: {type: text}\n"
        "  cost: {type: number, scale: 2, was: price}\n"
    )
    assert shop.apply() == 2
    shop.application().gate.update(SYSTEM, "book", 2, {"cost": "9.75"})
    shop.go_back(1, allow_loss=True)
    gate = shop.application().gate
    found = gate.write(
        SYSTEM, lambda tx: [r["price"] for _, r in sorted(tx.fetch("book", [1, 2, 3]).items())]
    )
    assert found == ["1.50", "9.75", "3.50"]
