"""What is wrong with an approval is said at the place where it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.small import PEOPLE, loaded

SITE = """
object: claim
title: name
owned: true
fields:
  name: {type: text}
  amount: {type: money}
  helper: {type: link, to: person}
  stage: {type: stage, workflow: claims}
---
object: note
owned: false
fields:
  name: {type: text}
---
workflow: claims
object: claim
field: stage
stages: {draft: {state: open}, asked: {state: open}, paid: {state: done}}
transitions:
  ask: {from: draft, to: asked}
  pay: {from: asked, to: paid}
  back: {from: asked, to: draft}
  again: {from: paid, to: draft}
---
role: boss
grants: {claim: {read: all, fields: {"*": read}}}
---
role: clerk
grants: {claim: {create: true, fields: {"*": write}}}
---
role: stranger
grants: {note: {read: all, fields: {"*": read}}}
---
"""
GOOD = """\
approval: consent
object: claim
when: amount > 100
starts_on: ask
granted: pay
rejected: back
withdrawn: back
needed_in: paid
steps:
  first:
    when: amount > 200
    approvers:
      - {role: boss, within: team}
      - {manager: 2, of: submitter}
      - {person: helper.manager}
    if_nobody: skip
"""


def problems(folder: Path, approval: str, site: str = SITE, people: str = PEOPLE) -> list[str]:
    """The problems of the approval: line, column, code and what they name."""
    found = loaded(folder, people + "---" + site + approval)
    assert all(
        p.place is not None and p.place.file.endswith("consent.yaml") for p in found.problems
    )
    return [
        f"{p.place.line}:{p.place.column} {p.code}" for p in found.problems if p.place is not None
    ]


def test_good(tmp_path: Path) -> None:
    """The example that the others spoil."""
    assert problems(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("object: claim", "object: cliam", ["2:9 unknown-object"]),
        ("object: claim", "object: note", ["2:9 approval-without-workflow", "3:7 unknown-name",
                                           "11:11 unknown-name", "13:16 approver-cannot-read",
                                           "13:30 scope-without-owner", "15:18 unknown-name"]),
        ("amount > 100", "amuont > 100", ["3:7 unknown-name"]),
        ("amount > 100", "amount", ["3:7 wrong-result"]),
        ("starts_on: ask", "starts_on: aks", ["4:12 unknown-transition"]),
        ("starts_on: ask", "starts_on: [ask, pay]", ["4:18 approval-two-stages"]),
        ("starts_on: ask", "starts_on: []", ["4:12 empty-value"]),
        ("granted: pay", "granted: pya", ["5:10 unknown-transition"]),
        ("granted: pay", "granted: again", ["5:10 approval-no-way-back"]),
        ("rejected: back", "rejected: again", ["6:11 approval-no-way-back"]),
        ("withdrawn: back\n", "", ["1:1 missing-key"]),
        ("needed_in: paid", "needed_in: piad", ["8:12 unknown-stage"]),
        ("needed_in: paid", "needed_in: [paid, draft]", ["8:19 approval-needed-too-early"]),
        ("needed_in: paid", "needed_in: asked", ["8:12 approval-needed-too-early"]),
        ("amount > 200", "amount > ", ["11:19 expression-syntax"]),
        ("role: boss", "role: bosss", ["13:16 unknown-role"]),
        ("role: boss", "role: [boss, stranger]", ["13:23 approver-cannot-read"]),
        ("role: boss", "role: clerk", ["13:16 approver-cannot-read"]),
        ("role: boss, within: team", "role: boss, manager: 1", ["13:9 approver-shape"]),
        ("role: boss, within: team", "within: team", ["13:9 approver-shape"]),
        ("within: team", "of: owner", ["13:26 approver-key"]),
        ("within: team", "within: nowhere", ["13:30 not-in-list"]),
        ("manager: 2", "manager: 0", ["14:19 too-small"]),
        ("helper.manager", "name", ["15:18 wrong-result"]),
        ("helper.manager", "helper.boss", ["15:18 unknown-name"]),
        ("if_nobody: skip", "if_nobody: ask", ["16:16 not-in-list"]),
        ("if_nobody: skip", "if_self: boss", ["16:14 not-in-list"]),
    ],
)  # fmt: skip
def test_places(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    """One thing changed in the example."""
    assert old in GOOD
    assert problems(tmp_path, GOOD.replace(old, new, 1)) == expected


def test_ways_of_the_workflow(tmp_path: Path) -> None:
    """A second way into waiting, and ways back with conditions."""
    site = SITE.replace(
        "  back: {from: asked, to: draft}",
        "  back: {from: asked, to: draft, guard: amount > 1, require: [name]}\n"
        "  sneak: {from: paid, to: asked}",
    )
    assert problems(tmp_path, GOOD, site) == [
        "4:12 approval-silent-entry",
        "6:11 approval-conditional-return",
        "6:11 approval-conditional-return",
        "7:12 approval-conditional-return",
        "7:12 approval-conditional-return",
    ]


def test_two_approvals(tmp_path: Path) -> None:
    """A record cannot wait for two at once."""
    second = GOOD.replace("approval: consent", "approval: another")
    found = loaded(tmp_path, PEOPLE + "---" + SITE + GOOD + "---\n" + second)
    assert [(p.code, p.place.line if p.place else 0) for p in found.problems] == [
        ("two-approvals", 4)
    ]


def test_nobody_there(tmp_path: Path) -> None:
    """A site that does not say who people are, or whom they report to."""
    no_managers = PEOPLE.replace("manager: manager, ", "")
    assert problems(tmp_path / "a", GOOD, people=no_managers) == [
        "10:3 approval-no-managers",  # if_self: manager, the default
        "14:19 approval-no-managers",
    ]
    unowned = SITE.replace("owned: true", "owned: false", 1)
    text = GOOD.replace("of: submitter", "of: owner")
    assert problems(tmp_path / "b", text, unowned) == [
        "13:30 scope-without-owner",
        "14:19 scope-without-owner",
    ]
    nobody = "site: None\n"
    site = SITE.replace("  helper: {type: link, to: person}\n", "").replace("owned: true\n", "")
    text = GOOD.replace("person: helper.manager", "person: user")
    assert "15:18 approval-no-people" in problems(tmp_path / "c", text, site, nobody)
