"""An overlay is written into another's file, of which everything else stays as it was typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.definition.tree import Node
from engine.loading.merging import merge
from engine.loading.reading import read_text
from engine.loading.schemas import prepared
from engine.loading.splicing import spliced

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = prepared("object.schema.json")

BELOW = """\
object: order
label: {en: Order, zh: 订单}
fields:
  name: {type: text}
  amount: {type: money, label: {en: Amount, zh: 金额}, min: 0}
  grade: {type: choice, options: {a: A, b: B, c: C}}
"""
FILE = """\
# What is special here
object: order

fields:
  # how much, all told
  amount:   {label: {zh: 总额}, required: true}   # as agreed
  own:
    type: text
    label: {en: Own, zh: 自有}   # a label

  # the last one
  more: {type: integer,
         label: More}
"""
OWN = FILE[FILE.index("  own:") : FILE.index("\n  # the last")]


def node(text: str) -> Node:
    found = read_text(text, "f").node
    assert found is not None
    return found


def said(*texts: str) -> str:
    """The definition that texts over each other make."""
    merged: Node | None = None
    problems: list[object] = []
    for text in texts:
        merged = merge(merged, node(text), SCHEMA, problems)  # type: ignore[arg-type]
    assert merged is not None and problems == []
    return json.dumps(merged.to_plain(), ensure_ascii=False, default=str)


def fields(text: str) -> str:
    return f"object: order\nfields:\n{text}"


@pytest.mark.parametrize(
    ("overlay", "old", "new"),
    [
        (fields("  amount: {label: {zh: 合计}}\n"), "总额", "合计"),
        (fields("  amount: {label: {en: Sum}}\n"), "{zh: 总额}", "{zh: 总额, en: Sum}"),
        (fields("  amount:\n    label:\n      en: a, b\n"), "{zh: 总额}", '{zh: 总额, en: "a, b"}'),
        (fields("  amount: {max: 5}\n"), "required: true}", "required: true, max: 5}"),
        (fields("  amount: {required: false}\n"), "required: true", "required: false"),
        (fields("  own: {type: date}\n"), "type: text", "type: date"),
        (
            fields("  own:\n    # why\n    max_length: 5\n    help: |\n      One\n      two\n"),
            "# a label\n",
            "# a label\n    # why\n    max_length: 5\n    help: |\n      One\n      two\n",
        ),
        (fields("  more: {min: 1}\n"), "label: More}", "label: More, min: 1}"),
        (fields("  own: {remove: true}\n"), OWN, ""),
        (
            fields("  amount: {remove: true}\n"),
            "amount:   {label: {zh: 总额}, required: true}",
            "amount: {remove: true}",
        ),
        (
            fields("    new: {type: text,\n          label: New}\n"),
            "label: More}\n",
            "label: More}\n  new: {type: text,\n        label: New}\n",
        ),
        (
            fields("  # why new\n  new: {type: text, after: name}\n"),
            "label: More}\n",
            "label: More}\n  # why new\n  new: {type: text, after: name}\n",
        ),
        (
            fields("  grade: {options: {b: {remove: true}, d: D}}\n"),
            "label: More}\n",
            "label: More}\n  grade: {options: {b: {remove: true}, d: D}}\n",
        ),
        ("object: order\nlabel: {en: A}\n", "label: More}\n", "label: More}\nlabel: {en: A}\n"),
        (fields("  more: {label: {zh: 更多}}\n"), "label: More", 'label: {"": More, zh: 更多}'),
        (fields("  amount: {required: true}\n"), "", ""),
    ],
)  # fmt: skip
def test_only_what_differs(overlay: str, old: str, new: str) -> None:
    """One piece of the text changes, and both say what they said over each other."""
    result = spliced(FILE, overlay, node(BELOW), SCHEMA)
    assert result == FILE.replace(old, new, 1) if old else result == FILE
    assert said(BELOW, result) == said(BELOW, FILE, overlay)


def test_the_last_entry_goes() -> None:
    """A map of which nothing is left goes with its key."""
    file = "object: order\nfields:\n  own: {type: text}\nsearch: [name]\n"
    result = spliced(file, fields("  own: {remove: true}\n"), node(BELOW), SCHEMA)
    assert result == "object: order\nsearch: [name]\n"
    flow = "object: order\nfields: {own: {type: text}, b: {type: date}, c: {type: text}}\n"
    gone = fields("  own: {remove: true}\n  c: {remove: true}\n")
    assert spliced(flow, gone, node(BELOW), SCHEMA) == "object: order\nfields: {b: {type: date}}\n"


def test_line_breaks_stay() -> None:
    """A file with other line breaks keeps them, and one without the last gets no more."""
    file = FILE.replace("\n", "\r\n")
    result = spliced(file, fields("  new: {type: text}\n"), node(BELOW), SCHEMA)
    assert result == file + "  new: {type: text}\r\n"
    bare = "object: order\nfields:\n  a: {type: text}"
    assert spliced(bare, fields("  b: {type: text}\n"), node(BELOW), SCHEMA) == (
        bare + "\n  b: {type: text}"
    )


@pytest.mark.parametrize("name", sorted(p.name for p in (ROOT / "config/objects").iterdir()))
def test_shipped_files_stay_as_they_are(name: str) -> None:
    """A file laid over itself is itself; a new label changes one line."""
    text = (ROOT / "config/objects" / name).read_text(encoding="utf-8")
    head = node(text).plain("object")
    assert spliced(text, text, None, SCHEMA) == text
    overlay = f"object: {head}\nlabel: {{zh: 新名称}}\nfields: {{brand_new: {{type: text}}}}\n"
    result = spliced(text, overlay, None, SCHEMA)
    before, after = text.splitlines(), result.splitlines()
    assert len([line for line in after if line not in before]) == 2
    assert said(result) == said(text, overlay)
