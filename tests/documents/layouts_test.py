"""What is wrong with a layout is told when it is loaded, each at its exact place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assembly.kinds import KINDS
from documents.connecting import DOCUMENT_KIND
from engine.definition.catalog import Catalog
from engine.loading.loading import load
from engine.texts.phrases import split

BASE = {
    "site.yaml": "site: Shop\ncompany: {en: Shop Ltd., zh: 商店}\n",
    "objects/person.yaml": "object: person\nowned: false\nfields: {name: {type: text}}\n",
    "objects/note.yaml": """\
object: note
owned: false
fields:
  name: {type: text}
  to: {type: link, to: person}
  day: {type: date}
  lines: {type: lines, of: note_line}
  sum: {type: money, rollup: sum(line.price for line in lines)}
  copies: {type: related, of: copy}
""",
    "objects/note_line.yaml": """\
object: note_line
owned: false
title: what
fields:
  note: {type: link, to: note, required: true}
  what: {type: text}
  price: {type: money}
""",
    "objects/copy.yaml": """\
object: copy
owned: false
fields: {name: {type: text}, note: {type: link, to: note}}
""",
    "roles/clerk.yaml": "role: clerk\n",
}
HEAD = "document: slip\nobject: note\n"
GOOD = """\
document: slip
object: note
roles: [clerk]
header: {text: "About {name}"}
parties:
  reader: {label: To, title: to.name, fields: {day: {when: day is not empty}}}
  first: {fields: {line: {from: lines, prefer: price > 1, field: what}}}
meta: {name: name, day: {label: {en: Day, zh: 日期}}}
lines:
  numbered: true
  columns: {what: {detail: what}, price: {total: true, optional: true, width: 20}}
taxes: {by: what, columns: {price: {}}}
totals: {sum: {emphasis: true}}
words: {field: sum}
terms: {a: {text: {en: "By {day} {{sic}}", zh: "{day} 前"}}}
signatures: {us: {label: Us, seal: true, lines: [{en: Name, zh: 姓名}]}}
footer: "{to} of {to.name}"
watermark: {text: Draft, when: sum == 0}
"""


def loaded(folder: Path, layout: str, name: str = "slip") -> tuple[Catalog | None, list[str]]:
    """The catalog of the small shop with this layout, and its problems, with short file names."""
    for file, text in {**BASE, f"reports/{name}.yaml": layout}.items():
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = load([folder], KINDS)
    shown = [str(problem).replace(f"{folder.as_posix()}/", "") for problem in found.problems]
    return found.catalog, shown


def test_good(tmp_path: Path) -> None:
    """Everything a layout can say."""
    catalog, problems = loaded(tmp_path, GOOD)
    assert problems == []
    assert catalog is not None
    layout = catalog.of("document")["slip"]
    assert (layout.title.in_("zh"), layout.template) == ("Slip", "standard")
    assert [c.last.name for c in layout.lines.columns] == ["what", "price"]
    assert layout.groups.last.name == "what"


@pytest.mark.parametrize(
    ("layout", "problem"),
    [
        ("object: nott", "2:9: unknown-object there is no object 'nott' (did you mean 'note'?)"),
        ("roles: [clark]", "3:9: document-role there is no role 'clark' that could print this "
         "(did you mean 'clerk'?)"),
        ("meta: {a: dya}", "3:11: unknown-field note has no field 'dya' (did you mean 'day'?)"),
        ("meta: {dya: {}}", "3:8: unknown-field note has no field 'dya' (did you mean 'day'?)"),
        ("meta: {a: to.nam}", "3:14: unknown-field person has no field 'nam' "
         "(did you mean 'name'?)"),
        ("meta: {a: {field: day.year}}", "3:23: document-path 'day.year' cannot go on after 'day', "
         "which is no link (only links lead to the fields of another record)"),
        ("meta: {lines: {}}", "3:8: document-many-values 'lines' are many records, which cannot be "
         "printed as one value (put them into `from:`, or into the line table)"),
        ("meta: {a: {from: copies, field: name}}", "3:18: document-related note.copies are records "
         "of their own, which a document does not read (use a rollup field of note instead)"),
        ("meta: {a: {from: day, field: name}}", "3:18: document-path 'day' cannot go on after "
         "'day', which is no link (only links lead to the fields of another record)"),
        ("meta: {a: {field: day, text: x}}", "3:30: document-field-or-text `field` and `text` "
         "stand side by side; only one of them can be printed (keep one of them)"),
        ("parties: {a: {title: to.nmae}}", "3:25: unknown-field person has no field 'nmae' "
         "(did you mean 'name'?)"),
        ("lines: {field: sum, columns: {}}", "3:16: document-lines 'sum' are no lines of note"),
        ("lines: {columns: {prize: {}}}", "3:19: unknown-field note_line has no field 'prize' "
         "(did you mean 'price'?)"),
        ("lines: {columns: {what: {total: true}}}", "3:19: document-no-sum 'what' is no number, so "
         "it cannot be added up"),
        ("lines: {columns: {what: {detail: wat}}}", "3:34: unknown-field note_line has no field "
         "'wat' (did you mean 'what'?)"),
        ("taxes: {by: what, columns: {price: {}}}", "3:8: document-lines 'lines' are no lines of "
         "note"),
        ("words: {field: name}", "3:16: document-no-amount 'name' is no number, so it cannot be "
         "written in words"),
        ('terms: {a: {text: "until {dya}"}}', "3:27: unknown-name 'note' has no member 'dya' "
         "(did you mean 'day'?)"),
        ('terms: {a: {text: {en: x, zh: "至 {day} {sum +}"}}}', "3:46: expression-syntax "),
        ('terms: {a: {text: "a } b"}}', "3:22: text-braces a brace is not closed, is not "
         "opened, or there is nothing in it (write {{ and }} for braces that are to be printed)"),
        ('terms: {a: {text: "a {day"}}', "3:22: text-braces"),
        ('terms: {a: {text: "a {}"}}', "3:23: text-braces"),
        ('terms: {a: {text: "{lines}"}}', "3:21: text-not-printable 'lines' is no single "
         "value, so it cannot be printed in a text"),
        ('terms: {a: {text: "{count(c for c in copies)}"}}', "3:21: document-related note.copies "
         "are records of their own"),
        ("terms:\n  a:\n    text: |\n      one\n      two {dya}", "7:12: unknown-name"),
        ("meta: {day: {when: sum}}", "3:20: wrong-result "),
        ("meta: {day: {from: lines, field: what, prefer: dya > 1}}", "3:48: unknown-name "),
        ("footer: '{nam}'", "3:11: unknown-name 'note' has no member 'nam' "
         "(did you mean 'name'?)"),
        ("watermark: {text: Draft, when: sum = 0}", "3:32: expression-syntax "),
        ("colour: red", "3:1: unknown-key there is no key 'colour' here"),
        ("header: {logo: ../secret.png}", "3:16: wrong-value "),
        ("header: {logo: script.js}", "3:16: wrong-value "),
        ("template: ../x", "3:11: "),
    ],
)  # fmt: skip
def test_broken(tmp_path: Path, layout: str, problem: str) -> None:
    """The line and column of what is wrong, and what was probably meant."""
    head = "document: slip\n" if layout.startswith("object:") else HEAD
    catalog, problems = loaded(tmp_path, f"{head}{layout}\n")
    assert catalog is None
    assert problems[0].startswith(f"reports/slip.yaml:{problem}"), problems


def test_folder_of_two_kinds(tmp_path: Path) -> None:
    """A file in a folder that several kinds share is of the kind that its head key names."""
    listing = replace(
        DOCUMENT_KIND,
        name="listing",
        schema="data.schema.json",
        build=lambda name, node, problems: node.plain("listing"),
        connect=lambda catalog, problems: catalog,
    )
    loaded(tmp_path, GOOD)
    (tmp_path / "reports/all.yaml").write_text("listing: all\n")
    (tmp_path / "reports/none.yaml").write_text("lasting: none\n")
    found = load([tmp_path], [*KINDS, listing])
    assert list(found.trees["document"]) == ["slip"]
    assert list(found.trees["listing"]) == ["all"]
    assert "no-head-key" in [problem.code for problem in found.problems]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("plain", ["plain"]),
        ("{a}", [("a",)]),
        ("x {a} y {b.c}", ["x ", ("a",), " y ", ("b.c",)]),
        ("{{a}} {b}", ["{a} ", ("b",)]),
        ("""{'}' if a else "}"}!""", [("""'}' if a else "}\"""",), "!"]),
        ("{a", [("",)]),
        ("a}", ["a", ("",)]),
        ("{}", [("",)]),
    ],
)
def test_split(text: str, parts: list[str | tuple[str]]) -> None:
    """Texts and expressions; quotes may hold braces; what does not match comes as empty."""
    assert [(part,) if braced else part for _, part, braced in split(text)] == parts
