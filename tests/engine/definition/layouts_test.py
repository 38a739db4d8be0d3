"""Layouts and views: what is built from them, and what is wrong with them at which place."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.definition.layouts import Section, fits
from support.small import loaded

BASE = """
object: thing
title: name
fields:
  name: {type: text}
  notes: {type: text, multiline: true}
  size: {type: integer}
  due: {type: date}
  kind: {type: choice, options: {a: A, b: B}}
  part_of: {type: link, to: thing}
  parts: {type: related, of: thing, by: part_of}
  big: {type: boolean, formula: size > 10, stored: false}
"""
# Each case: what is added to the object, and every problem as "line:column code".
CASES: dict[str, tuple[str, list[str]]] = {
    "a whole layout": (
        """
layout:
  head: [size, due]
  tabs:
    main:
      sections:
        - {fields: [name, {field: notes, wide: true}], columns: 3, visible_when: size > 3}
      related:
        - {field: parts, columns: [name, size], sort: -size, limit: 3, where: size > 1}
""",
        [],
    ),
    "unknown names in a layout": (
        """
layout:
  head: [sise, parts]
  tabs:
    main:
      sections:
        - {fields: [nam, {field: note}], visible_when: siz > 3}
      related:
        - {field: part, columns: [name]}
        - {field: parts, columns: [nme], sort: -sze}
        - name
""",
        ["13:10 unknown-field", "13:16 no-single-value", "17:21 unknown-field",
         "17:26 unknown-field", "17:56 unknown-name", "19:19 unknown-field",
         "20:36 unknown-field", "20:48 unknown-field", "21:11 unsuitable-in-view"],
    ),
    "views of each kind": (
        """
views:
  rows: {group: kind, sums: [size], filters: [kind], colour: [{when: size > 5, is: red}]}
  cards: {kind: board, by: kind, card: [due], sum: size}
  days: {kind: calendar, from: due, to: due}
  bars: {kind: timeline, from: due, zoom: year, group: part_of}
  levels: {kind: tree}
""",
        [],
    ),
    "unsuitable fields of views": (
        """
views:
  rows: {group: size, sums: [name, big], filters: [kin], colour: [{when: size > "a", is: red}]}
  cards: {kind: board, by: name}
  days: {kind: calendar, from: name}
  bars: {kind: timeline}
  levels: {kind: tree, parent: size}
  more: {kind: board, from: due}
""",
        ["13:17 unsuitable-in-view", "13:30 unsuitable-in-view", "13:36 unsuitable-in-view",
         "13:52 unknown-field", "13:81 not-comparable", "14:28 unsuitable-in-view",
         "15:32 unsuitable-in-view", "16:16 view-key-missing", "17:32 unsuitable-in-view",
         "18:16 view-key-missing", "18:29 key-of-other-kind"],
    ),
    "roles": ("\nviews:\n  rows: {for: [sales]}\n", ["13:15 unknown-role-shown"]),
    "quick": ("\nquick: [name, nme, big, parts]\n",
              ["12:15 unknown-field", "12:20 not-for-quick", "12:25 not-for-quick"]),
    "both forms": (
        "\nsections: [{fields: [name]}]\nlayout: {tabs: {a: {sections: [{fields: [name]}]}}}\n",
        ["12:11 layout-and-sections"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_problems_of_layouts(name: str, tmp_path: Path) -> None:
    """Exactly these problems, each where the name was written."""
    added, expected = CASES[name]
    found = loaded(tmp_path, BASE + added.lstrip("\n"))
    said = [f"{p.place.line}:{p.place.column} {p.code}" for p in found.problems if p.place]
    assert sorted(said) == sorted(expected), "\n".join(map(str, found.problems))


def test_meant_names_are_told(tmp_path: Path) -> None:
    """A wrong name in a layout is told with the one that was probably meant."""
    found = loaded(tmp_path, BASE + "layout: {tabs: {a: {sections: [{fields: [nots]}]}}}\n")
    assert "did you mean 'notes'?" in str(found.problems[0])


def test_short_form(tmp_path: Path) -> None:
    """`sections` are a layout with one tab; variants for roles come before the general one."""
    text = BASE + "sections: [{label: All, fields: [name, {field: notes, wide: true}]}]\n"
    thing = loaded(tmp_path, text).catalog.objects["thing"]
    (layout,) = thing.layouts
    assert [s.fields for s in layout.sections] == [("name", "notes")]
    assert next(layout.sections).wide == {"notes"}
    assert next(layout.sections).columns == Section(label=thing.label, fields=()).columns == 2


def test_fits() -> None:
    """What is for nobody in particular is for all; the system sees everything."""
    assert fits(frozenset(), ["a"]) and fits(frozenset("a"), None)
    assert fits(frozenset("ab"), ["b"]) and not fits(frozenset("a"), ["b"])
