"""Comments tell people: the owner, who wrote before, who is named; on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jobs.tables import OUTBOX
from notices.commenting import CommentNews
from notices.comments import add_comment
from notices.tellers import Teller
from support.small import KINDS_OF_DATABASE
from support.telling import Office, office


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def at(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    with office(request.param, tmp_path_factory.mktemp("commenting")) as made:
        made.hire("wangfang", "auditor")
        made.hire("wang.li@example.com", "auditor")
        made.hire("王伟", "auditor")
        yield made


@pytest.fixture(autouse=True)
def clean(at: Office) -> None:
    """Nobody has been told anything, or has commented."""
    with at.site.databases.writing() as connection:
        for name in ("fw_notice", OUTBOX, "fw_comment"):
            connection.execute(at.gate.tables.system(name).delete())


@pytest.fixture(scope="module")
def quote(at: Office) -> int:
    return at.site.create("quote", subject="Lathe", owner=at.people["wang"])


def comment(at: Office, name: str, quote: int, text: str) -> None:
    actor = at.directory.actors[at.people[name]]
    add_comment(at.gate, at.site.reader, actor, "quote", quote, text)
    at.carry(CommentNews(Teller(directory=at.directory)).handler())


def test_owner_and_who_wrote_before(at: Office, quote: int) -> None:
    """The author is not told; the others are, each in the own words."""
    comment(at, "wang", quote, "first")
    assert at.site.rows("fw_notice") == []
    comment(at, "chen", quote, "second {cost}")
    assert at.told("wang") == [("Chen commented on Q-0001", "second {cost}")]
    comment(at, "wang", quote, "third")
    assert at.told("chen") == [("Wang 评论了 Q-0001", "third")]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@chen please look", ["chen"]),
        ("请@chen看一下，@wangfang也看", ["chen", "wangfang"]),
        ("@王伟看一下", ["王伟"]),
        ("(@chen) @chen: @chen.", ["chen"]),
        ("@wang.li@example.com!", ["wang.li@example.com"]),
        ("write to chen@chen or x.@chen", []),
        ("@chenx @che @ @@chen @nobody", []),
        ("@li cannot read this one", []),
        ("@" * 5_000, []),
        ("@chen" + " @x" * 1_000, ["chen"]),
    ],
)
def test_who_is_named(at: Office, quote: int, text: str, named: list[str]) -> None:
    """Accounts after an @ of its own, also within Chinese; mail addresses are none."""
    comment(at, "wang", quote, text)
    told = {row["person"] for row in at.site.rows("fw_notice")}
    assert told == {at.people[name] for name in named}


def test_gone_before_it_was_told(at: Office, quote: int) -> None:
    """A comment that was erased tells nothing."""
    actor = at.directory.actors[at.people["chen"]]
    add_comment(at.gate, at.site.reader, actor, "quote", quote, "x")
    with at.site.databases.writing() as connection:
        connection.execute(at.gate.tables.system("fw_comment").delete())
    found = at.carry(CommentNews(Teller(directory=at.directory)).handler())
    assert found == {"comment": ("done", None)} and at.site.rows("fw_notice") == []
