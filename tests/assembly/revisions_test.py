"""The running site and the revisions that come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assembly.application import build_application
from assembly.proposing import differs
from assembly.revisions import Site
from engine.problems import Refusal
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
