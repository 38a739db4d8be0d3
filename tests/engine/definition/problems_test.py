"""What is wrong with the meaning of definitions, each at its place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from support.project import PLATFORM
from support.small import PEOPLE, loaded

BASE = """
object: thing
title: name
fields:
  name: {type: text}
"""
LINES = """
object: sheet
fields:
  name: {type: text}
  rows: {type: lines, of: row}
---
object: row
fields:
  sheet: {type: link, to: sheet}
  what: {type: text}
"""
FLOW = """
object: thing
fields:
  name: {type: text}
  stage: {type: stage, workflow: flow}
---
workflow: flow
object: thing
field: stage
stages:
  a: {label: A, state: open}
  b: {label: B, state: done}
"""
# Each case: the definitions, and every problem of theirs as "file:line:column code".
CASES: dict[str, tuple[str, list[str]]] = {
    "formula-cycle": (
        BASE + '  x: {type: number, formula: y + 1}\n  y: {type: number, formula: x + 1}\n',
        ["thing.yaml:5:30 formula-cycle"],
    ),
    "formula-cycle through lines": (
        LINES.replace("rows: {type: lines, of: row}",
                      "rows: {type: lines, of: row}\n"
                      "  total: {type: number, rollup: sum(r.part for r in rows)}")
        + "  part: {type: number, formula: sheet.total / 2}\n",
        ["row.yaml:5:33 formula-cycle"],
    ),
    "formula-cycle of suggestions": (
        BASE + "  x: {type: text, suggest: y}\n  y: {type: text, suggest: x}\n",
        ["thing.yaml:5:28 formula-cycle"],
    ),
    "cannot-store": (
        BASE + '  late: {type: boolean, stored: true, formula: today() > date("2026-01-01")}\n',
        ["thing.yaml:5:48 cannot-store"],
    ),
    "rollup-shape": (
        LINES.replace("lines, of: row}", "lines, of: row}\n"
                      "  total: {type: number, rollup: 1 + count(r for r in rows)}"),
        ["sheet.yaml:5:33 rollup-shape"],
    ),
    "rollup-clock": (
        LINES.replace("lines, of: row}", "lines, of: row}\n  n: {type: integer, rollup: "
                      "'count(r for r in rows if today() == date(\"2026-01-01\"))'}"),
        ["sheet.yaml:5:31 rollup-clock"],
    ),
    "unknown-object": (
        BASE + "  other: {type: link, to: thin}\n  all: {type: related, of: nothing}\n",
        ["thing.yaml:5:27 unknown-object", "thing.yaml:6:28 unknown-object"],
    ),
    "unknown-field": (
        BASE + "unique: [[name, nmae]]\nsections:\n  - {label: X, fields: [nothing]}\n"
        "views:\n  all: {label: All, sort: -nam, equal: [x], columns: [y]}\n"
        "checks:\n  - {name: c, that: name is empty, say: No, field: z}\nsearch: [name, w]\n",
        ["thing.yaml:5:10 unknown-field", "thing.yaml:7:25 unknown-field",
         "thing.yaml:9:8 unknown-field", "thing.yaml:9:8 unknown-field",
         "thing.yaml:9:8 unknown-field", "thing.yaml:11:52 unknown-field",
         "thing.yaml:12:16 unknown-field"],
    ),
    "unknown-workflow": (
        BASE + "  stage: {type: stage, workflow: nothing}\n", ["thing.yaml:5:34 unknown-workflow"],
    ),
    "no-link-back": (
        BASE + "  all: {type: related, of: thing}\n", ["thing.yaml:5:28 no-link-back"],
    ),
    "no-link-back by a link to another": (
        LINES + "---" + BASE + "  all: {type: related, of: row, by: sheet}\n",
        ["thing.yaml:5:37 no-link-back"],
    ),
    "two-parents": (
        LINES + "  thing: {type: link, to: thing}\n---" + BASE + "  rows: {type: lines, of: row}\n",
        ["thing.yaml:5:27 two-parents"],
    ),
    "nested-lines": (
        LINES + "  cells: {type: lines, of: cell}\n---\nobject: cell\nfields:\n"
        "  row: {type: link, to: row}\n  x: {type: text}\n",
        ["sheet.yaml:4:9 nested-lines"],
    ),
    "unsuitable-title": (
        "object: thing\ntitle: size\nfields:\n  size: {type: number}\n",
        ["thing.yaml:2:8 unsuitable-title"],
    ),
    "no-title": (
        "object: thing\nfields:\n  size: {type: number}\n", ["thing.yaml:1:1 no-title"],
    ),
    "not-searchable": (
        BASE + "  size: {type: number, searchable: true}\nsearch: [name, size, size.name]\n",
        ["thing.yaml:5:36 not-searchable", "thing.yaml:6:16 not-searchable",
         "thing.yaml:6:22 not-searchable"],
    ),
    "not-searched-there": (
        BASE + "  above: {type: link, to: thing}\n  code: {type: text}\n"
        "search: [name, above.code, above.above.name]\n",
        ["thing.yaml:7:16 not-searched-there", "thing.yaml:7:28 not-searched-there"],
    ),
    "bad-default": (
        BASE + "  size: {type: number, default: big}\n", ["thing.yaml:5:33 bad-default"],
    ),
    "no-default-here": (
        BASE + "  above: {type: link, to: thing, default: 1}\n",
        ["thing.yaml:5:43 no-default-here"],
    ),
    "linking-record-path": (
        BASE + "  above: {type: link, to: thing, where: name == thing.above.name}\n",
        ["thing.yaml:5:41 linking-record-path"],
    ),
    "derived-and-rule": (
        BASE + "  x: {type: text, formula: name, required: true}\n",
        ["thing.yaml:5:44 derived-and-rule"],
    ),
    "not-stored": (
        BASE + '  at: {type: date, formula: today(), unique: true}\nunique: [[name, at]]\n'
        "views:\n  all: {label: All, sort: at}\n",
        ["thing.yaml:5:46 not-stored", "thing.yaml:6:10 not-stored", "thing.yaml:8:8 not-stored"],
    ),
    "name-in-use": (
        LINES + "  position: {type: text}\n  grams: {type: text}\n  what__f: {type: text}\n",
        ["row.yaml:5:3 name-in-use", "row.yaml:6:3 name-in-use", "row.yaml:7:3 name-in-use"],
    ),
    "scope-without-owner": (
        BASE + "owned: false\n---\nrole: r\ngrants:\n"
        '  thing: {read: own, update: team, fields: {"*": read}}\n',
        ["r.yaml:3:17 scope-without-owner", "r.yaml:3:30 scope-without-owner"],
    ),
    "scope-without-department": (
        "site: S\npeople: {object: person}\n---\nobject: person\nowned: false\nfields:\n"
        "  name: {type: text}\n---" + BASE + "---\nrole: r\ngrants:\n"
        '  thing: {read: department, fields: {"*": read}}\n'
        '  person: {read: department_and_below, fields: {"*": read}}\n',
        ["r.yaml:3:17 scope-without-department", "r.yaml:4:18 scope-without-department"],
    ),
    "line-grant": (
        LINES + '---\nrole: r\ngrants:\n  row: {read: all, create: true, fields: {"*": read}}\n',
        ["r.yaml:3:15 line-grant", "r.yaml:3:28 line-grant"],
    ),
    "grant-without-fields": (
        BASE + "---\nrole: r\ngrants:\n  thing: {read: all}\n", ["r.yaml:3:3 grant-without-fields"],
    ),
    "grants on what there is not": (
        BASE + '---\nrole: r\ngrants:\n  thin: {read: all, fields: {"*": read}}\n'
        "  thing: {read: all, fields: {nam: read}}\n",
        ["r.yaml:3:3 unknown-object", "r.yaml:4:31 unknown-field"],
    ),
    "scopes that are no conditions": (
        BASE + '---\nrole: r\ngrants:\n  thing: {read: nam == "x", fields: {"*": read}}\n',
        ["r.yaml:3:17 unknown-name"],
    ),
    "unknown-stage": (
        FLOW + "start: c\ntransitions:\n  go: {label: Go, from: [a, x], to: y}\n"
        "  on: {label: On, from: a, to: b}\n",
        ["flow.yaml:7:8 unknown-stage", "flow.yaml:9:37 unknown-stage",
         "flow.yaml:9:25 unknown-stage", "flow.yaml:5:6 stage-unreachable",
         "flow.yaml:6:6 stage-unreachable"],
    ),
    "unknown-role": (
        FLOW + "transitions:\n  go: {label: Go, from: a, to: b, roles: [nobody]}\n",
        ["flow.yaml:8:42 unknown-role"],
    ),
    "stage-unreachable and dead end": (
        FLOW, ["flow.yaml:5:6 stage-dead-end", "flow.yaml:6:6 stage-unreachable"],
    ),
    "not-its-stage-field": (
        FLOW.replace("field: stage", "field: name")
        + "transitions:\n  go: {label: Go, from: a, to: b}\n",
        ["flow.yaml:3:8 not-its-stage-field", "thing.yaml:4:34 not-its-stage-field"],
    ),
    "two-transitions": (
        FLOW + "transitions:\n  go: {label: Go, from: a, to: b}\n"
        "  on: {label: On, from: a, to: b}\n",
        ["flow.yaml:9:7 two-transitions"],
    ),
    "stages-of-lines": (
        LINES + "  stage: {type: stage, workflow: flow}\n---"
        + FLOW.split("---")[1].replace("thing", "row")
        + "transitions:\n  go: {label: Go, from: a, to: b}\n",
        ["flow.yaml:2:9 stages-of-lines"],
    ),
    "transitions over what there is not": (
        FLOW + "transitions:\n  go: {label: Go, from: a, to: b, require: [x], asks: [name, y],\n"
        "    guard: z > 1}\n",
        ["flow.yaml:8:45 unknown-field", "flow.yaml:8:62 unknown-field",
            "flow.yaml:9:12 unknown-name"],
    ),
    "an object for a workflow": (
        FLOW.split("---")[1].replace("thing", "nothing")
        + "transitions:\n  go: {label: Go, from: a, to: b}\n",
        ["flow.yaml:2:9 unknown-object"],
    ),
    "unknown-time-zone": ("site: S\ntime_zone: Mars/Olympus\n---" + BASE,
        ["site.yaml:2:12 unknown-time-zone"]),
    "explicit-role": (
        BASE + "---\nrole: clerk\nexplicit: true\ngrants:\n"
        '  thing: {read: all, fields: {"*": read}}\n',
        ["clerk.yaml:4:36 explicit-role"],
    ),
    "scope-without-sharing": (
        BASE + '---\nrole: clerk\ngrants:\n  thing: {read: shared, fields: {"*": read}}\n',
        ["clerk.yaml:3:17 scope-without-sharing"],
    ),
    "calendar-field": (
        "site: S\nworking_calendar: {object: thing, date: name, kind: nothing}\n---" + BASE,
        ["site.yaml:2:41 calendar-field", "site.yaml:2:53 unknown-field"],
    ),
    "a calendar of what there is not": (
        "site: S\nworking_calendar: {object: day, working: [worked]}\n"
        "fiscal_year: day.date\n---\nobject: day\ntitle: id\nfields:\n  date: {type: date}\n"
        "  kind: {type: choice, options: {off: Off, work: Work}}\n",
        ["site.yaml:2:43 unknown-option", "site.yaml:3:14 fiscal-year-settings"],
    ),
    "no calendar": (
        "site: S\nworking_calendar: {object: days}\n---" + BASE, ["site.yaml:2:28 unknown-object"],
    ),
    "bad-number-pattern": (
        BASE.replace("title: name",
            'number: "{year}"') + "---\nobject: b\nnumber: '{seq}'\nfields:\n"
        "  name: {type: text}\n---\nobject: c\nnumber: 'C{sequence}'\nfields:\n"
        "  name: {type: text}\n",
        ["thing.yaml:2:10 bad-number-pattern", "b.yaml:2:10 bad-number-pattern",
         "c.yaml:2:10 bad-number-pattern"],
    ),
    "unknown-seed": (
        BASE + "  above: {type: link, to: thing}\n---\ndata: thing\nrecords:\n"
        "  one: {name: One}\n  two: {name: Two, above: on, nothing: 1}\n",
        ["thing.yaml:4:27 unknown-seed", "thing.yaml:4:40 unknown-field"],
    ),
    "data of what there is not": (
        BASE + "---\ndata: thin\nrecords:\n  one: {name: One}\n", ["thin.yaml:1:7 unknown-object"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_problems(name: str, tmp_path: Path) -> None:
    """The definitions have exactly these problems, in both languages."""
    text, expected = CASES[name]
    found = loaded(tmp_path, text)
    said = [f"{Path(str(p.place)).name} {p.code}" for p in found.problems]
    assert sorted(said) == sorted(expected), "\n".join(map(str, found.problems))
    assert all(p.line("zh") != p.line("en") for p in found.problems)


def test_every_message_is_shown() -> None:
    """Each declared problem of definitions, roles and workflows occurs in a case."""
    files = [
        "engine/definition/messages.py", "engine/definition/building.py",
        "engine/definition/site.py", "engine/definition/seeds.py", "engine/definition/working.py",
        "engine/permissions/roles.py", "workflow/connecting.py",
    ]  # fmt: skip
    declared = {
        call.args[0].value
        for file in files
        for call in ast.walk(ast.parse((PLATFORM / file).read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Message"
        if call.args and isinstance(call.args[0], ast.Constant)
    }
    shown = {problem.split()[1] for _, problems in CASES.values() for problem in problems}
    assert declared <= shown, declared - shown


def test_a_computed_title(tmp_path: Path) -> None:
    """A title may be computed when read; then there is only the number to search by."""
    text = PEOPLE + "---\nobject: thing\ntitle: shown\nfields:\n  region: {type: link, to: thing}\n"
    text += '  shown: {type: text, formula: region.number}\nnumber: "T{seq}"\n'
    assert loaded(tmp_path, text).problems == ()
