"""What can be wrong with a view: each said at its place, with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.small import loaded

SITE = """
object: order
fields:
  name: {type: text, required: true}
  amount: {type: money}
  state: {type: choice, options: {open: Open, won: Won}}
  on: {type: date}
  owns: {type: file}
---
"""
VIEW = """object: sales
kind: view
from: order
group: {state: state}
fields:
  total: {value: sum(amount)}
"""


def changed(old: str, new: str) -> str:
    assert old in VIEW
    return SITE + VIEW.replace(old, new)


CASES = {
    "unknown source": (changed("from: order", "from: ordr"), "sales.yaml:3:7", "'order'"),
    "no source": (changed("from: order\n", ""), "view-without-source", "add `from: <object>`"),
    "unknown field": (changed("sum(amount)", "sum(amout)"), "sales.yaml:6:22", "'amount'"),
    "unknown in group": (changed("{state: state}", "{state: stat}"), "sales.yaml:4:16", "'state'"),
    "no aggregate": (changed("sum(amount)", "amount"), "sales.yaml:6:18", "name one of the groups"),
    "misspelt": (changed("sum(amount)", "summ(amount)"), "view-grouped-value", "'sum'"),
    "wrong kind": (changed("sum(amount)", "sum(name)"), "view-aggregate", "number or"),
    "two arguments": (changed("sum(amount)", "'sum(amount, amount)'"), "view-aggregate", "sum("),
    "no value": (changed("value: sum(amount)", "type: money"), "view-field-without-value", "order"),
    "other type": (
        changed("value: sum(amount)", "value: sum(amount), type: date"), "sales.yaml:6:37",
        "leave out `type`",
    ),
    "condition": (changed("group:", "where: amount\ngroup:"), "sales.yaml:4:8", ""),
    "file": (changed("sum(amount)", "count(owns)"), "sales.yaml:6:24", ""),
    "input": (changed("value:", "required: true, value:"), "view-key", "remove it"),
    "search": (changed("group:", "search: [total]\ngroup:"), "view-key", "remove it"),
    "elsewhere": (
        SITE.replace("fields:", "from: order\nfields:") + VIEW, "only-in-view", "kind: view",
    ),
    "value elsewhere": (
        SITE.replace("amount: {", "amount: {value: name, ") + VIEW, "only-in-view", "kind: view",
    ),
    "view of view": (
        SITE + VIEW + "---\n" + VIEW.replace("object: sales", "object: more").replace(
            "from: order", "from: sales"
        ),
        "view-of-view", "order",
    ),
    "link": (
        SITE.replace("on: {", "best: {type: link, to: sales}\n  on: {") + VIEW, "link-to-view",
        "link to order",
    ),
    "links": (
        SITE.replace("on: {", "best: {type: links, to: sales}\n  on: {") + VIEW, "link-to-view",
        "link to order",
    ),
    "related": (
        SITE.replace("on: {", "best: {type: related, of: sales}\n  on: {") + VIEW, "link-to-view",
        "link to order",
    ),
    "grant": (
        SITE + VIEW + "---\nrole: a\ngrants:\n  sales: {read: all, create: true, "
        'fields: {"*": read}}\n', "a.yaml:3:30", "grant `read` and `export` only",
    ),
    "owner": (
        SITE + VIEW + '---\nrole: a\ngrants:\n  sales: {read: own, fields: {"*": read}}\n',
        "scope-without-owner", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_problems(tmp_path: Path, case: str) -> None:
    """One mistake gives one problem, at its place, with a suggestion."""
    text, where, suggestion = CASES[case]
    problems = loaded(tmp_path, text.lstrip("\n")).problems
    assert len(problems) == 1, [problem.line() for problem in problems]
    line = problems[0].line()
    assert where in line and suggestion in line, line
    assert problems[0].line("zh") != line


def test_types_follow_from_values(tmp_path: Path) -> None:
    """Fields have the type of what they show; groups that nobody names are fields by themselves."""
    found = loaded(
        tmp_path,
        (SITE + VIEW).lstrip("\n")
        + "  first: {value: min(on)}\n  each: {value: avg(amount), type: number, scale: 3}\n"
        + "  orders: {value: count()}\n",
    )
    assert not found.problems and found.catalog is not None
    fields = found.catalog.objects["sales"].fields
    assert {n: f.type.name for n, f in fields.items()} == {
        "id": "identifier", "state": "choice", "total": "money", "first": "date",
        "each": "number", "orders": "integer",
    }  # fmt: skip
    assert found.catalog.objects["sales"].title == "id"
