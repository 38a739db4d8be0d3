"""The running site and the revisions that come."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from assembly.application import Application, build_application
from assembly.proposing import differs
from assembly.revisions import Failure, Site
from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.schema.engines import Databases
from engine.schema.state import current
from support.workshop import Workshop, workshop

ROLE = """
role: reader
grants:
  book:
    read: price > 3
    fields: {"*": read}
"""


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Iterator[Workshop]:
    """A workshop on a fresh empty database, the test running once on each kind."""
    with workshop(tmp_path / "layer", database_url) as made:
        yield made


def test_an_empty_database_is_told(shop: Workshop) -> None:
    """Nothing applied, nothing to run."""
    with pytest.raises(Refusal, match="nothing-applied"):
        Site(shop.databases)


def test_a_site_notices_the_next_revision(shop: Workshop) -> None:
    """A request keeps the application that it took; the next one gets the new revision."""
    shop.write(book="fields: {name: {type: text}}").apply()
    site = Site(shop.databases)
    taken = site.current
    assert site.refresh() and site.current is taken
    shop.write(book="fields: {name: {type: text}, pages: {type: integer}}").apply()
    assert site.current is taken
    assert site.refresh(wait=True)
    assert "pages" not in taken.catalog.objects["book"].fields
    assert "pages" in site.current.catalog.objects["book"].fields
    assert (taken.revision, site.current.revision) == (1, 2)


def test_expressions_follow_the_keys(shop: Workshop) -> None:
    """After a rename, formulas, roles and indexes read the column that there is."""
    shop.write(book="fields: {name: {type: text}, price: {type: money}}")
    shop.apply()
    shop.write(
        book="""
        views: {dear: {sort: -cost}}
        fields:
          name: {type: text}
          cost: {type: money, was: price}
          double: {type: money, formula: cost * 2}
        """
    )
    shop.file("roles/reader.yaml", ROLE.replace("price", "cost")).apply()
    application = build_application(shop.databases)
    book = application.catalog.objects["book"]
    assert book.fields["double"].formula is not None
    member = application.catalog.member("book", "cost")
    assert member is not None and member.column == "price"
    indexes = {str(index.name) for index in application.tables.table("book").indexes}
    assert "ix_book_price_id" in indexes
    assert application.catalog.of("role")["reader"].key == "reader"


def test_options_keep_their_keys(shop: Workshop) -> None:
    """Stages and options are stored under keys; the draft takes them before it is connected."""
    shop.write(
        book="""
        fields:
          name: {type: text}
          kind: {type: choice, options: {novel: Novel, poem: Poem}}
          status: {type: stage, workflow: lending}
        """
    )
    shop.file(
        "workflows/lending.yaml",
        """
        workflow: lending
        object: book
        field: status
        stages: {home: {state: open}, away: {state: done}}
        transitions: {lend: {from: home, to: away}}
        """,
    )
    shop.apply()
    fields = build_application(shop.databases).catalog.objects["book"].fields
    assert fields["kind"].type.keys == {"novel": "novel", "poem": "poem"}  # type: ignore[attr-defined]
    assert fields["status"].type.keys == {"home": "home", "away": "away"}  # type: ignore[attr-defined]


def test_files_that_differ(shop: Workshop) -> None:
    """`serve` can say that the files are no longer what runs."""
    shop.write(book="fields: {name: {type: text}}").apply()
    with shop.databases.reading() as connection:
        applied = current(connection)
    assert applied is not None
    assert not differs(applied, shop.loaded())
    shop.write(book="fields: {name: {type: text, required: true}}")
    assert differs(applied, shop.loaded())


BOOK = "fields: {name: {type: text}}"
LONGER = "fields: {name: {type: text}, pages: {type: integer}}"


class Builder:
    """Builds applications when it is let, and not at all where `broken`."""

    def __init__(self) -> None:
        self.free, self.broken = threading.Event(), False
        self.free.set()
        self.began = threading.Event()

    def __call__(self, databases: Databases, former: Application | None) -> Application:
        self.began.set()
        assert self.free.wait(30)
        if self.broken:
            raise LookupError("no such step")
        return build_application(databases, former=former)


def test_building_holds_nobody_up(shop: Workshop) -> None:
    """Who notices another revision goes on with the old one; who must have it waits for it."""
    shop.write(book=BOOK).apply()
    builder = Builder()
    site = Site(shop.databases, builder)
    old = site.current
    shop.write(book=LONGER).apply()
    builder.free.clear()
    builder.began.clear()
    site.look()
    assert builder.began.wait(30) and site.current is old
    assert not site.refresh()
    site.look()  # one builds, and that is enough
    builder.free.set()
    assert site.refresh(wait=True)
    assert (site.current.revision, site.swaps.count) == (2, 1) and not site.failed


def test_a_revision_that_cannot_be_built(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old one goes on serving, help is called for once, and the next one mends it."""
    shop.write(book=BOOK).apply()
    builder, alarms = Builder(), list[Failure]()
    site = Site(shop.databases, builder)
    site.alarm = alarms.append
    old, builder.broken = site.current, True
    shop.write(book=LONGER).apply()
    assert not site.refresh(wait=True)
    assert site.current is old
    assert site.failed is not None and "no such step" in site.failed.why
    builder.began.clear()
    assert not site.refresh(wait=True) and not builder.began.is_set()  # it has only just failed
    monkeypatch.setattr("assembly.revisions.AGAIN_AFTER", 0.0)
    assert not site.refresh(wait=True) and builder.began.is_set()
    assert [alarm.revision for alarm in alarms] == [2]
    builder.broken = False
    shop.write(book="fields: {name: {type: text}, price: {type: money}}").apply(allow_loss=True)
    assert site.refresh(wait=True)
    assert site.current.revision == 3 and not site.failed


def test_old_applications_go(shop: Workshop) -> None:
    """Nothing holds on to what was replaced, neither statements nor their tables."""
    shop.write(book=BOOK).apply()
    site = Site(shop.databases)
    kept = list[weakref.ref[object]]()
    for number in range(5):
        id = site.gate().create(SYSTEM, "book", [{"name": str(number)}])[0].id
        assert id is not None
        site.current.reader.one(SYSTEM, "book", id)
        kept += [weakref.ref(site.gate()), weakref.ref(site.current.tables)]
        shop.write(book=f"fields: {{name: {{type: text}}, more_{number}: {{type: integer}}}}")
        shop.apply(allow_loss=True)
        assert site.refresh(wait=True)
    gc.collect()
    assert [one() for one in kept] == [None] * len(kept)
