"""Comments: whoever may read the record reads and writes them, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.permissions.actors import Actor
from engine.problems import Refusal
from notices.comments import Comment, add_comment, comments_of
from support.sites import Company, make_company


@pytest.fixture
def company(database_url: str) -> Iterator[Company]:
    """A small company on an empty database."""
    made = make_company(database_url)
    yield made
    made.databases.dispose()


def test_comments(company: Company) -> None:
    """The latest first, with who wrote them; texts are kept as they are, trimmed."""
    wang, chen = company.actor("wang"), company.actor("chen", "sales_manager")
    record = company.create(wang, "customer", name="甲公司")
    for actor, text in ((wang, " 已联系 "), (chen, "<b>跟进\n下周</b>")):
        add_comment(company.gate, company.reader, actor, "customer", record, text)
    found = read(company, wang, record)
    assert [(c.person, c.text) for c in found] == [
        (company.people["chen"], "<b>跟进\n下周</b>"),
        (company.people["wang"], "已联系"),
    ]


def test_refusals(company: Company) -> None:
    """Records of others do not exist; empty and overlong texts are no comments."""
    wang, zhao = company.actor("wang"), company.actor("zhao")
    record = company.create(wang, "customer", name="乙公司")
    for actor, text, code in (
        (zhao, "x", "not-found"), (wang, " \n ", "empty-comment"),
        (wang, "x" * 5_001, "text-too-long"), (wang, "\0", "bad-character"),
    ):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            add_comment(company.gate, company.reader, actor, "customer", record, text)
        assert [problem.code for problem in refused.value.problems] == [code]
    with pytest.raises(Refusal):
        read(company, zhao, record)
    assert read(company, wang, record) == []


def read(company: Company, actor: Actor, record: int) -> list[Comment]:
    """The comments on a customer."""
    return comments_of(company.gate, company.reader, actor, "customer", record)
