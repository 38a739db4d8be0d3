"""Field types that hold one plain value: what they read, what they refuse, what they show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.fieldtypes.base import FieldType
from engine.fieldtypes.code import Code, Json
from engine.fieldtypes.date import TimeOfDay
from engine.fieldtypes.number import Progress, Rating
from engine.fieldtypes.registry import FIELD_TYPES
from engine.fieldtypes.text import Colour, Markdown
from engine.problems import Refusal
from engine.texts.markdown import to_html
from support.small import KINDS_OF_DATABASE, SmallSite, codes, small_site

SITE = """
object: thing
fields:
  name: {type: text}
  notes: {type: markdown}
  script: {type: code}
  settings: {type: json}
  colour: {type: colour}
  opens: {type: time}
  stars: {type: rating}
  ten: {type: rating, max: 10}
  done: {type: progress}
  late: {type: boolean, formula: opens > "09:00"}
  good: {type: boolean, formula: stars >= 4 and done > 0.5}
"""

READ: list[tuple[FieldType, Any, Any]] = [
    (TimeOfDay(), "8:30", "08:30"),
    (TimeOfDay(), "23:59:00", "23:59"),
    (TimeOfDay(), "8点05分", "08:05"),
    (TimeOfDay(), dt.time(7, 5), "07:05"),
    (TimeOfDay(), " ", None),
    (Colour(), "#1F6FEB", "#1f6feb"),
    (Colour(), "abc", "#aabbcc"),
    (Rating(), "4", Decimal(4)),
    (Rating(max=Decimal(10)), 10, Decimal(10)),
    (Progress(), "35%", Decimal("0.35")),
    (Progress(), 1, Decimal(1)),
    (Code(), "if a:\n    b\n", "if a:\n    b"),
    (Code(), "\r\n  a  b\r\n", "  a  b"),
    (Code(), " \n ", None),
    (Json(), '{"b": 1, "a": [true, null]}', '{"a": [true, null], "b": 1}'),
    (Json(), {"b": 1, "a": "中"}, '{"a": "中", "b": 1}'),
    (Json(), "", None),
    (Json(), 0, "0"),
    (Markdown(), "# A\r\n\r\n*b*", "# A\n\n*b*"),
]
REFUSED: list[tuple[FieldType, Any, str]] = [
    (TimeOfDay(), "24:00", "value-not-readable"),
    (TimeOfDay(), "8:60", "value-not-readable"),
    (TimeOfDay(), 830, "value-not-readable"),
    (Colour(), "red", "value-not-readable"),
    (Colour(), "#12345", "value-not-readable"),
    (Rating(), 0, "out-of-range"),
    (Rating(), 6, "out-of-range"),
    (Rating(), "3.5", "too-many-decimals"),
    (Progress(), "101%", "out-of-range"),
    (Progress(), "-1%", "out-of-range"),
    (Code(), 5, "value-not-readable"),
    (Code(), "a\x00b", "bad-character"),
    (Json(), "{", "not-json"),
    (Json(), "NaN", "value-not-readable"),
    (Json(), {"a": float("nan")}, "value-not-readable"),
    (Json(), {"a": {1}}, "value-not-readable"),
    (Json(), "[" * 200_000, "text-too-long"),
    (Json(), "[" * 60 + "]" * 60, "json-too-deep"),
    (Json(max_length=5), "[1, 2, 3]", "text-too-long"),
]


def shown(case: Any) -> str:
    return f"{case.name}" if isinstance(case, FieldType) else repr(case)[:30]


@pytest.mark.parametrize(("type_", "raw", "value"), READ, ids=shown)
def test_read(type_: FieldType, raw: Any, value: Any) -> None:
    """Input in any of its usual forms becomes the one value, which reads as itself again."""
    found = type_.read(raw)
    assert found == value
    assert type_.read(type_.to_text(found)) == found
    assert type_.read(type_.to_json(found)) == found


@pytest.mark.parametrize(("type_", "raw", "code"), REFUSED, ids=shown)
def test_refused(type_: FieldType, raw: Any, code: str) -> None:
    """What has another form is refused, with a sentence in both languages."""
    with pytest.raises(Refusal) as caught:
        type_.read(raw)
    (problem,) = caught.value.problems
    assert problem.code == code
    assert problem.sentence("zh") != problem.sentence("en")


def test_deep_input_from_programs() -> None:
    """A value nested beyond all limits is refused before anything tries to walk down to its end."""
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(Refusal) as caught:
        Json().read(value)
    assert caught.value.problems[0].code == "json-too-deep"


def test_stars() -> None:
    """A rating is shown as full and empty stars."""
    assert Rating().format(Decimal(3), "zh") == "★★★☆☆"


def test_every_type_has_a_name_and_a_control() -> None:
    """The word after `type:` finds the class; each says which control edits it."""
    assert all(name == cls.name and cls.control for name, cls in FIELD_TYPES.items())


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("**a** <b>x</b>", "<p><strong>a</strong> &lt;b&gt;x&lt;/b&gt;</p>\n"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        ("[x](//evil.example/a)", None),
        ("![x](http://spy.example/a.png)", None),
        ("[x](https://a.example/)",
         '<p><a href="https://a.example/" rel="noopener noreferrer nofollow">x</a></p>\n'),
        ("| a | b |\n|---|---|\n| 1 | 2 |", None),
    ],
)  # fmt: skip
def test_markdown(source: str, html: str | None) -> None:
    """Formatted text becomes HTML without scripts, pictures or styles."""
    found = to_html(source)
    assert html is None or found.strip() == html.strip()
    for bad in ("<script", "<img", 'javascript:alert(1)"', " on", "style="):
        assert bad not in found


@pytest.fixture(params=KINDS_OF_DATABASE)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path, SITE) as made:
        yield made


def test_through_the_gate(site: SmallSite) -> None:
    """They are kept, computed with, filtered and sorted alike on both databases."""
    first = site.create(
        "thing", name="a", notes="# Hi", script="x = 1\n  y", settings={"b": [1], "a": None},
        colour="#ABC", opens="9:30", stars=4, ten=7, done="75%",
    )  # fmt: skip
    second = site.create("thing", name="b", opens="08:00", stars=1, done="1%")
    names = ("settings", "colour", "opens", "stars", "ten", "done", "script", "late", "good")
    assert site.values("thing", first, *names) == [
        '{"a": null, "b": [1]}', "#aabbcc", "09:30", 4, 7, Decimal("0.75"), "x = 1\n  y",
        True, True,
    ]  # fmt: skip
    assert site.values("thing", second, "late", "good") == [False, False]
    assert site.ids("thing", where='opens < "09:00"') == [second]
    assert site.ids("thing", where="stars >= 4 and done > 0.5") == [first]
    assert site.ids("thing", sort=("opens",)) == [second, first]
    assert "unchanged" in site.update("thing", first, settings='{"a":null,"b":[1]}').notes
    assert codes(lambda: site.create("thing", stars=9, colour="x")) == [
        ("out-of-range", "stars"), ("value-not-readable", "colour"),
    ]  # fmt: skip
