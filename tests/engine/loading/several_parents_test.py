"""Lines of several objects: what is written once, what differs, and what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from assembly.kinds import KINDS
from engine.loading.explaining import explain
from engine.loading.loading import load
from engine.loading.storing import dump, restore
from support.small import loaded, write_files

PARENTS = """
object: offer
owned: false
title: name
fields:
  name: {type: text}
  days: {type: integer}
  lines: {type: lines, of: priced_line}
---
object: sale
owned: false
title: name
fields:
  name: {type: text}
  lines: {type: lines, of: priced_line}
"""
SHARED = f"""{PARENTS}
---
object: priced_line
label: Line
lines_of: {{offer: offer_line, sale: sale_line}}
fields:
  thing: {{type: text}}
  price: {{type: money}}
"""


def problems(folder: Path, text: str) -> list[tuple[str, str]]:
    """Code and file with line of each problem."""
    found = loaded(folder, text).problems
    return [(p.code, f"{Path(p.place.file).name}:{p.place.line}") for p in found if p.place]


def test_layers(tmp_path: Path) -> None:
    """An overlay changes what is shared, or one of the line objects; `explain` tells where."""
    lower = write_files(tmp_path / "lower", SHARED)
    upper = tmp_path / "upper" / "objects"
    upper.mkdir(parents=True)
    (upper / "priced_line.yaml").write_text(
        "object: priced_line\nfields:\n"
        "  price: {label: Cost, after: parent}\n  unit: {type: text}\n"
    )
    (upper / "sale_line.yaml").write_text(
        "object: sale_line\nfields:\n  unit: {remove: true}\n  price: {label: Price}\n"
    )
    found = load([lower, tmp_path / "upper"], KINDS)
    assert found.problems == () and found.catalog is not None
    fields = {name: list(o.fields) for name, o in found.catalog.objects.items()}
    assert fields["offer_line"] == ["id", "parent", "price", "thing", "unit"]
    assert fields["sale_line"] == ["id", "parent", "price", "thing"]
    (label,) = [v for v in explain(found, "sale_line.price").values() if v.path == ("label",)]
    assert (label.value, [value for value, _ in label.before]) == ("Price", ["Cost"])
    assert restore(dump(found.trees)) == found.trees


def test_a_parent_can_be_taken_back(tmp_path: Path) -> None:
    """An overlay may leave a parent out, and with it the field of its lines."""
    lower = write_files(tmp_path / "lower", SHARED)
    upper = tmp_path / "upper" / "objects"
    upper.mkdir(parents=True)
    (upper / "priced_line.yaml").write_text("object: priced_line\nlines_of: {sale: null}\n")
    (upper / "sale.yaml").write_text("object: sale\nfields:\n  lines: {remove: true}\n")
    found = load([lower, tmp_path / "upper"], KINDS)
    assert found.problems == () and found.catalog is not None
    assert "sale_line" not in found.catalog.objects


def test_parents_are_checked_one_by_one(tmp_path: Path) -> None:
    """What only one parent has is a problem of the others' lines, where it is written."""
    text = f"{SHARED}  late: {{type: boolean, formula: parent.days > 3}}\n"
    (problem,) = loaded(tmp_path, text).problems
    assert "sale" in problem.line() and "days" in problem.line()
    assert "offer" not in problem.sentence("en")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("sale: sale_line", "sale: offer_line", ("line-object-name-taken", "priced_line.yaml:3")),
        ("sale: sale_line", "sale: priced_line", ("line-object-name-taken", "priced_line.yaml:3")),
        (", sale: sale_line", "", ("not-among-parents", "sale.yaml:6")),
        ("sale: sale_line", "sale: sale_line, sole: x", ("unknown-object", "priced_line.yaml:3")),
        (
            "sale: sale_line", "sale: sale_line, third: x",
            ("no-lines-field", "priced_line.yaml:3"),
        ),
        ("sale: sale_line", "sale: Sale line", ("bad-name", "priced_line.yaml:3")),
        ("sale: sale_line", "sale: [a]", ("wrong-value", "priced_line.yaml:3")),
        ("{offer: offer_line, sale: sale_line}", "offer", ("wrong-value", "priced_line.yaml:3")),
        ("{offer: offer_line, sale: sale_line}", "{}", ("empty-value", "priced_line.yaml:3")),
    ],
)  # fmt: skip
def test_wrong(tmp_path: Path, before: str, after: str, expected: tuple[str, str]) -> None:
    """Each is told where it stands."""
    third = "---\nobject: third\nowned: false\nfields: {name: {type: text}}\n"
    assert expected in problems(tmp_path, SHARED.replace(before, after) + third)
