"""From files to tables and from one revision to the next, on both databases."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.problems import Refusal
from engine.schema.engines import open_databases
from engine.schema.planning import Plan
from engine.schema.state import current, read_keys, revisions
from engine.schema.structure import read_structure
from support.workshop import NOW, Workshop, workshop

BOOK = """
fields:
  name: {type: text, label: {en: Title, zh: 书名}}
  price: {type: money}
"""


def columns(shop: Workshop, table: str) -> frozenset[str]:
    with shop.databases.reading() as connection:
        return read_structure(connection).tables[table].columns


def indexes(shop: Workshop, table: str) -> frozenset[str]:
    with shop.databases.reading() as connection:
        return read_structure(connection).tables[table].indexes


def insert(shop: Workshop, object: str, **values: object) -> None:
    table = shop.application().tables.table(object)
    with shop.databases.writing() as connection:
        connection.execute(sa.insert(table).values(**values))


def codes(refused: pytest.ExceptionInfo[Refusal]) -> list[str]:
    return [problem.code for problem in refused.value.problems]


def test_first_apply(shop: Workshop) -> None:
    """An empty database: tables, keys and revision 1 come into being; then nothing is left."""
    shop.write(book=BOOK)
    plan = shop.plan()
    assert [str(step.text) for step in plan.steps] == [
        "the platform's own tables",
        "new object book with 2 fields",
        "new: site Test (site)",
    ]
    assert plan.steps[1].text.in_("zh") == "新增对象 book，含 2 个字段"
    assert shop.apply() == 1
    assert columns(shop, "book") >= {"id", "name", "name__f", "name__s", "price", "grams"}
    assert shop.plan().empty
    assert shop.apply() is None
    with shop.databases.reading() as connection:
        assert [(r.id, r.at, r.by) for r in revisions(connection)] == [(1, NOW, "test")]
        keys = read_keys(connection)
    assert keys["object", "", "book"].key == "book"
    assert keys["field", "book", "price"].type == "number:2"


def test_the_application_comes_from_the_database(shop: Workshop) -> None:
    """What runs is what was applied, whatever the files say by now (rule 5)."""
    shop.write(book=BOOK)
    shop.apply()
    shop.write(book="fields: {name: {type: text}, author: {type: text}}")
    application = shop.application()
    assert application.revision == 1
    assert "author" not in application.catalog.objects["book"].fields
    assert str(application.catalog.objects["book"].fields["name"].label) == "Title"


def test_strict_tables(tmp_path: Path, sqlite_url: str) -> None:
    """SQLite: every table of ours is STRICT, also in its later columns."""
    with workshop(tmp_path / "layer", sqlite_url) as shop:
        shop.write(book=BOOK)
        shop.apply()
        shop.write(shelf="fields: {name: {type: text}}")
        shop.write(book=BOOK + "  shelf: {type: link, to: shelf}\n  pages: {type: integer}\n")
        shop.apply()
        with shop.databases.reading() as connection:
            rows = connection.exec_driver_sql(
                "SELECT m.name, c.type, t.strict FROM sqlite_master m"
                " JOIN pragma_table_list(m.name) t JOIN pragma_table_info(m.name) c"
                " WHERE m.type = 'table' AND m.name NOT LIKE '%__fts%'"
            ).all()
            (link,) = connection.exec_driver_sql("PRAGMA foreign_key_list(book)").all()
        assert {(kind, strict) for _, kind, strict in rows} == {("INTEGER", 1), ("TEXT", 1)}
        assert link[2:5] == ("shelf", "shelf", "id")


def test_new_field_and_object(shop: Workshop) -> None:
    """What is new is added beside the data that is there."""
    shop.write(book=BOOK)
    shop.apply()
    insert(shop, "book", name="Kim")
    shop.write(shelf="label: {en: Shelf, zh: 书架}\nfields: {name: {type: text}}")
    shop.write(book=BOOK + "  shelf: {type: link, to: shelf, label: Place}\n")
    assert shop.said() == [
        "new object Shelf (shelf) with 1 field",
        "new field Place (shelf) of book",
        "new index on book for lists by Place",
    ]
    assert shop.apply() == 2
    assert shop.plan().empty
    with pytest.raises(sa.exc.IntegrityError):
        insert(shop, "book", name="Emma", shelf=7)
    insert(shop, "shelf", name="North")
    insert(shop, "book", name="Emma", shelf=1)


def test_links_in_a_circle(shop: Workshop) -> None:
    """Two new objects that link to each other, and one to itself."""
    shop.write(
        book="""
        fields:
          name: {type: text}
          sequel: {type: link, to: book}
          shelf: {type: link, to: shelf}
        """,
        shelf="fields: {name: {type: text}, best: {type: link, to: book}}",
    )
    shop.apply()
    assert shop.plan().empty
    with pytest.raises(sa.exc.IntegrityError):
        insert(shop, "shelf", name="North", best=1)


def test_labels_and_rules_need_no_table(shop: Workshop) -> None:
    """A changed label or rule is a revision of its own, without SQL."""
    shop.write(book=BOOK)
    shop.apply()
    shop.write(
        book=BOOK.replace("书名", "标题").replace("{type: money}", "{type: money, required: true}")
    )
    plan = shop.plan()
    assert [str(step.text) for step in plan.steps] == [
        "changed: field Title (name) of book: label",
        "changed: field price of book: required – → true",
    ]
    assert not any(step.sql(shop.databases.reads.dialect) for step in plan.steps)
    assert shop.apply() == 2


def test_moving_a_file_is_no_change(shop: Workshop) -> None:
    """Comments and places do not count, the order of fields does."""
    shop.write(book=BOOK)
    shop.apply()
    shop.write(book="# a comment\n" + BOOK)
    assert shop.plan().empty
    shop.write(
        book="fields:\n  price: {type: money}\n  name: {type: text, label: {en: Title, zh: 书名}}\n"
    )
    assert shop.said() == ["changed: object book: fields"]


def test_index_follows_the_list(shop: Workshop) -> None:
    """A declared list earns an index; when it goes, so does the index, and no other."""
    view = "views: {dear: {sort: -price}}\n"
    shop.write(book=BOOK)
    shop.apply()
    before = indexes(shop, "book")
    with shop.databases.writing() as connection:
        connection.exec_driver_sql("CREATE INDEX mine ON book (version)")
    shop.write(book=view + BOOK)
    assert "new index on book for lists by Price" in shop.said()
    shop.apply()
    assert indexes(shop, "book") == before | {"mine", "ix_book_price_id"}
    shop.write(book=BOOK)
    assert "the index ix_book_price_id on book is no longer used and is dropped" in shop.said()
    shop.apply()
    assert indexes(shop, "book") == before | {"mine"}
    assert shop.plan().empty


def test_unserved_list_is_named(shop: Workshop) -> None:
    """A table has at most eight indexes for lists; a ninth list is told to be without."""
    views = "".join(f"  v{n}: {{label: List {n}, sort: n{n}}}\n" for n in range(9))
    fields = "".join(f"  n{n}: {{type: integer}}\n" for n in range(9))
    shop.write(book=f"views:\n{views}{BOOK}{fields}")
    assert [text for text in shop.said() if "List" in text] == [
        "the list List 8 (v8) of book has no index of its own:"
        " the object has its most indexes already"
    ]


def test_parked_field(shop: Workshop) -> None:
    """A removed field keeps its column; hiding values must be allowed; it can come back."""
    shop.write(book=BOOK)
    shop.apply()
    insert(shop, "book", name="Kim", price=12)
    shop.write(book="fields: {name: {type: text, label: {en: Title, zh: 书名}}}")
    plan = shop.plan()
    assert [str(step.text) for step in plan.steps] == [
        "field price of book is no longer used: its data is kept, hidden (1 record holds some)"
    ]
    with pytest.raises(Refusal) as refused:
        shop.apply()
    assert codes(refused) == ["plan-loses"]
    assert shop.apply(allow_loss=True) == 2
    assert "price" in columns(shop, "book")
    assert shop.plan().empty
    shop.write(book=BOOK)
    assert shop.said() == ["field Price (price) of book comes back, with the values that were kept"]
    assert shop.apply() == 3
    table = shop.application().tables.table("book")
    with shop.databases.reading() as connection:
        assert connection.scalar(sa.select(table.c.price)) == 12


def test_another_type_is_refused(shop: Workshop) -> None:
    """A field in use keeps its type; a parked one comes back with another as a new column."""
    shop.write(book=BOOK)
    shop.apply()
    shop.write(book=BOOK.replace("money", "date"))
    assert [problem.code for problem in shop.plan().problems] == ["type-changed"]
    with pytest.raises(Refusal) as refused:
        shop.apply()
    assert codes(refused) == ["type-changed"]
    shop.write(book=BOOK.replace("money", "number"))
    assert not shop.plan().problems  # a sum without its currency sign is the same column
    shop.write(book="fields: {name: {type: text, label: {en: Title, zh: 书名}}}")
    shop.apply()
    shop.write(book=BOOK.replace("money", "date"))
    shop.apply()
    assert columns(shop, "book") >= {"price", "price_2"}
    assert shop.application().catalog.objects["book"].fields["price"].column == "price_2"


def test_renaming_keeps_the_column(shop: Workshop) -> None:
    """`was:` moves the key to the new name; a new field of the old name gets another column."""
    shop.write(book=BOOK)
    shop.apply()
    insert(shop, "book", name="Kim", price=12)
    shop.write(book=BOOK.replace("price:", "cost:").replace("money", "money, was: price"))
    assert shop.said() == ["renamed: field cost of book: price → cost"]
    assert shop.apply() == 2
    assert "cost" not in columns(shop, "book")
    application = shop.application()
    field = application.catalog.objects["book"].fields["cost"]
    assert field.column == "price"
    assert shop.plan().empty
    shop.write(book=BOOK.replace("price:", "cost:") + "  price: {type: money}\n")
    shop.apply()
    assert "price_2" in columns(shop, "book")
    with shop.databases.reading() as connection:
        table = shop.application().tables.table("book")
        assert connection.execute(sa.select(table.c.price, table.c.price_2)).one() == (12, None)


def test_renamed_object(shop: Workshop) -> None:
    """The table stays; the fields of the object find their columns."""
    shop.write(book=BOOK)
    shop.apply()
    insert(shop, "book", name="Kim")
    shop.write(book="", volume="was: book\n" + BOOK.replace("money}", "money, required: true}"))
    assert shop.said() == [
        "renamed: object volume: book → volume",
        "changed: field price of volume: required – → true",
    ]
    assert shop.apply() == 2
    application = shop.application()
    assert application.tables.table("volume").name == "book"
    assert shop.plan().empty


def test_awkward_names(shop: Workshop) -> None:
    """SQL keywords, our own suffixes and prefixes, and the longest names there can be."""
    long = "x" * 40
    shop.write(
        order="""
        fields:
          name: {type: text}
          select: {type: integer}
          group: {type: link, to: group}
        """,
        group="fields: {name: {type: text}, table: {type: boolean}, name_f: {type: text}}",
        pg_thing="fields: {name: {type: text}, gram: {type: integer}, user: {type: date}}",
        a__fts="fields: {name: {type: text}}",
        **{
            long: f"""
            title: {long}
            views: {{ {long}: {{equal: [{"y" * 40}], sort: {long}}} }}
            fields:
              {long}: {{type: text, unique: true}}
              {"y" * 40}: {{type: link, to: {long}}}
            """
        },
    )
    shop.apply()
    assert shop.plan().empty
    tables = shop.application().tables
    assert {tables.table(name).name for name in ("order", "pg_thing", "a__fts")} == {
        "order",
        "o_pg_thing",
        "a_fts",
    }
    assert all(len(name) <= 63 for name in indexes(shop, long))
    insert(shop, "group", name="a", table=True, name_f="b")
    insert(shop, "order", name="b", select=3, group=1)


def test_foreign_tables_are_left_alone(shop: Workshop) -> None:
    """A table of another program keeps its name; ours takes the next."""
    with shop.databases.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE book (isbn TEXT)")
    shop.write(book=BOOK)
    shop.apply()
    assert shop.plan().empty
    assert shop.application().tables.table("book").name == "book_2"
    assert columns(shop, "book") == {"isbn"}


def test_unique_needs_unique_records(shop: Workshop) -> None:
    """Values that stand in the way are told by the plan where they can be, else by apply."""
    shop.write(book=BOOK + "  shelf: {type: integer}\n")
    shop.apply()
    for _ in range(2):
        insert(shop, "book", name="Ｋim", price=1, shelf=4)
    shop.write(book=BOOK + "  shelf: {type: integer, unique: true}\n")
    (problem,) = shop.plan().problems
    assert problem.sentence() == "book must be unique in Shelf, but 1 value occurs more than once"
    shop.write(book="unique: [[price, shelf]]\n" + BOOK + "  shelf: {type: integer}\n")
    assert [p.code for p in shop.plan().problems] == ["not-unique-yet"]


def test_folded_texts_are_filled(shop: Workshop) -> None:
    """A text that becomes unique gets its folded form for the records that are there."""
    shop.write(book=BOOK + "  isbn: {type: text}\n")
    shop.apply()
    for isbn in ("ＡＢ", "c", None):
        insert(shop, "book", name="Kim", isbn=isbn)
    shop.write(book=BOOK + "  isbn: {type: text, unique: true}\n")
    assert shop.apply() == 2
    table = shop.application().tables.table("book")
    with shop.databases.reading() as connection:
        assert set(connection.scalars(sa.select(table.c.isbn__f))) == {"ab", "c", None}
    with pytest.raises(sa.exc.IntegrityError):
        insert(shop, "book", name="Kim", isbn="AB", isbn__f="ab")


def test_folded_texts_in_the_way(shop: Workshop) -> None:
    """When folding makes records equal, nothing is published and the old revision goes on."""
    shop.write(book=BOOK + "  isbn: {type: text}\n")
    shop.apply()
    for isbn in ("ab", "AB"):
        insert(shop, "book", name="Kim", isbn=isbn)
    shop.write(book=BOOK + "  isbn: {type: text, unique: true}\n")
    with pytest.raises(Refusal) as refused:
        shop.apply()
    assert codes(refused) == ["records-in-the-way"]
    assert shop.application().revision == 1


def test_drift_is_refused(shop: Workshop) -> None:
    """A plan that was shown is not carried out on another database than it was made for."""
    shop.write(book=BOOK)
    shop.apply()
    shop.write(book=BOOK + "  pages: {type: integer}\n")
    plan, replan = shop.plan(), shop.replan()
    with shop.databases.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE book ADD COLUMN surprise INTEGER")
    with pytest.raises(Refusal) as refused:
        shop.carry_out(plan, replan)
    assert codes(refused) == ["plan-drifted"]
    assert "pages" not in columns(shop, "book")


def test_applied_meanwhile(shop: Workshop) -> None:
    """When another has applied the same in between, there is nothing left to do."""
    shop.write(book=BOOK)
    plan, replan = shop.plan(), shop.replan()
    assert shop.apply() == 1
    assert shop.carry_out(plan, replan) is None


def test_two_at_once(shop: Workshop, database_url: str) -> None:
    """Two applies of the same definitions at the same time: one does it all, once."""
    shop.write(book=BOOK)
    plan, replan = shop.plan(), shop.replan()
    other = Workshop(shop.folder, open_databases(database_url))
    start, outcomes = threading.Barrier(2), list[int | None]()

    def run(one: Workshop) -> None:
        start.wait()
        outcomes.append(one.carry_out(plan, replan))

    threads = [threading.Thread(target=run, args=(one,)) for one in (shop, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    other.databases.dispose()
    assert sorted(outcomes, key=str) == [1, None]
    with shop.databases.reading() as connection:
        assert len(revisions(connection)) == 1


def test_a_failing_hook_takes_everything_back(shop: Workshop) -> None:
    """What the rooms above do on publishing belongs to the same transaction."""
    shop.write(book=BOOK)
    shop.apply()
    shop.write(book=BOOK + "  pages: {type: integer}\n")

    def fail(connection: sa.Connection, plan: Plan) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        shop.apply(hooks=(fail,))
    with shop.databases.reading() as connection:
        applied = current(connection)
    assert applied is not None and applied.id == 1
    assert shop.apply() == 2  # also where the column was added before the hook failed
    assert shop.plan().empty
