"""What is wrong with fields that consist of others, or that take something from the site."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.small import loaded

BASE = "object: thing\ntitle: name\nfields:\n  name: {type: text}\n"
CASES: dict[str, tuple[str, list[str]]] = {
    "a part's name is taken": (
        "  a: {type: address}\n  a_city: {type: text}\n", ["6:11 part-name-taken"]
    ),
    "the parts would have too long names": (
        "  a_place_with_a_very_long_name_12345: {type: address}\n",
        ["5:40 part-name-too-long"],
    ),
    "there is no such part": (
        "  a: {type: address, parts: {citi: {required: true}}}\n", ["5:30 unknown-part-of-field"]
    ),
    "keys of a single value": (
        '  a: {type: address, unique: true, formula: "name"}\n',
        ["5:22 key-of-a-part", "5:36 key-of-a-part"],
    ),
    "a default that is no address": (
        "  a: {type: address, default: {citi: X}}\n", ["5:31 bad-default"]
    ),
    "the whole in an expression": (
        "  a: {type: address}\n  b: {type: boolean, formula: a is empty}\n", ["6:31 unknown-name"]
    ),
    "no people, no teams": (
        "  a: {type: person}\n  b: {type: team}\n", ["5:13 no-people", "6:13 no-teams"]
    ),
    "a country that is none": (
        "  a: {type: phone, country: XX}\n", ["5:29 unknown-country"]
    ),
    "a pattern without a sequence": (
        "  a: {type: series, pattern: INV}\n", ["5:30 bad-number-pattern"]
    ),
    "a code of a number": (
        "  n: {type: integer}\n  a: {type: qr, of: n}\n", ["6:21 wrong-result"]
    ),
    "months have no length": (
        "  s: {type: duration}\n  a: {type: boolean, formula: s > months(1)}\n",
        ["6:31 not-comparable"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_problems(name: str, tmp_path: Path) -> None:
    """The definitions have exactly these problems, in both languages."""
    text, expected = CASES[name]
    found = loaded(tmp_path, BASE + text)
    said = [f"{p.place.line}:{p.place.column} {p.code}" for p in found.problems if p.place]
    assert sorted(said) == sorted(expected), "\n".join(map(str, found.problems))
    assert all(p.line("zh") != p.line("en") for p in found.problems)


def test_country_of_the_site(tmp_path: Path) -> None:
    """It is checked once, not at every field that has it from there."""
    text = BASE + "  a: {type: phone}\n---\nsite: X\ncountry: XX\n"
    assert [p.code for p in loaded(tmp_path, text).problems] == ["unknown-country"]
