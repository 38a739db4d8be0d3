"""What differs between two sets of definitions."""

from __future__ import annotations

from engine.schema.differences import Difference, differences, digest_of

BOOK = {"object": "book", "label": "Book", "fields": {"name": {"type": "text"}, "price": {}}}
BEFORE = {"site": {"site": {"site": "Test"}}, "object": {"book": BOOK}, "role": {}}


def with_book(**changes: object) -> dict[str, dict[str, object]]:
    return BEFORE | {"object": {"book": BOOK | changes}}


def test_nothing() -> None:
    """Equal definitions have no differences and the same digest."""
    assert differences(BEFORE, with_book()) == ()
    assert digest_of(BEFORE) == digest_of(with_book())


def test_from_nothing() -> None:
    """Everything is new; its parts go without saying."""
    assert differences({}, BEFORE) == (
        Difference("new", "site", "site"),
        Difference("new", "object", "book"),
    )


def test_keys() -> None:
    """Each changed key with its values; a map in another order is another map."""
    assert differences(BEFORE, with_book(label="Tome", icon="book")) == (
        Difference(
            "changed", "object", "book", keys=(("label", "Book", "Tome"), ("icon", None, "book"))
        ),
    )
    assert differences(BEFORE, BEFORE | {"site": {"site": {"site": "Other"}}}) == (
        Difference("changed", "site", "site", keys=(("site", "Test", "Other"),)),
    )
    turned = with_book(fields={"price": {}, "name": {"type": "text"}})
    assert differences(BEFORE, turned) == (
        Difference("changed", "object", "book", keys=(("fields", None, None),)),
    )
    assert digest_of(BEFORE) != digest_of(turned)


def test_fields() -> None:
    """Fields are compared one by one."""
    fields = {"name": {"type": "text", "required": True}, "pages": {}}
    assert differences(BEFORE, with_book(fields=fields)) == (
        Difference("changed", "object", "book", "name", (("required", None, True),)),
        Difference("new", "object", "book", "pages"),
        Difference("gone", "object", "book", "price"),
    )


def test_renames() -> None:
    """`was:` joins a new name with an old one, and what else changed is told as well."""
    fields = {"title": {"type": "text", "was": "name", "unique": True}, "price": {}}
    volume = BOOK | {"object": "volume", "was": "book", "fields": fields}
    assert differences(BEFORE, BEFORE | {"object": {"volume": volume}}) == (
        Difference("renamed", "object", "volume", keys=(("", "book", "volume"),)),
        Difference("renamed", "object", "volume", "title", (("", "name", "title"),)),
        Difference("changed", "object", "volume", "title", (("unique", None, True),)),
    )
    after = BEFORE | {"object": {"volume": volume}}
    assert differences(after, after) == ()


def test_was_of_something_that_is_still_there() -> None:
    """Then it is no rename."""
    volume = BOOK | {"object": "volume", "was": "book"}
    assert differences(BEFORE, BEFORE | {"object": {"book": BOOK, "volume": volume}}) == (
        Difference("new", "object", "volume"),
    )
