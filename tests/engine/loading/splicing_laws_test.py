"""Laws of writing an overlay into a file, for overlays of any content and any style."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.definition.tree import Node
from engine.loading.merging import merge
from engine.loading.reading import read_text
from engine.loading.schemas import prepared
from engine.loading.splicing import spliced

SCHEMA = prepared("object.schema.json")
BELOW = {
    "object": "thing",
    "fields": {
        "a": {"type": "text", "label": {"en": "A", "zh": "甲"}, "max_length": 9},
        "b": {"type": "choice", "options": {"x": {"label": "X"}, "y": {"label": "Y"}}},
    },
}
REMOVED = {"remove": True}
TEXTS = st.sampled_from(["plain", "a, b", "{x}", "two\nlines", "it's", '"q"', "否", "12", "#no"])
LABELS = st.dictionaries(st.sampled_from(["en", "zh"]), TEXTS, min_size=1)
OPTIONS = st.dictionaries(
    st.sampled_from("xyz"),
    st.fixed_dictionaries({"label": LABELS}, optional={"colour": st.just("red")}),
    min_size=1,
)
FIELDS = st.dictionaries(
    st.sampled_from("abcd"),
    st.fixed_dictionaries(
        {},
        optional={
            "label": LABELS,
            "required": st.booleans(),
            "max_length": st.integers(1, 5),
            "options": OPTIONS,
            "words": st.lists(TEXTS, max_size=2),
        },
    ),
)
FILES = st.fixed_dictionaries({"object": st.just("thing"), "fields": FIELDS})


@st.composite
def yamls(draw: st.DrawFn, plain: Any) -> str:
    """The text of a plain value, each map in lines or in braces, with comments here and there."""
    lines = [f"{key}: {value}" for key, value in _written(draw, plain, 0)]
    return "\n".join(["# head", *lines]) + "\n"


def _written(draw: st.DrawFn, plain: dict[str, Any], depth: int) -> list[tuple[str, str]]:
    return [(key, _value(draw, value, depth)) for key, value in plain.items()]


def _value(draw: st.DrawFn, value: Any, depth: int) -> str:
    if not isinstance(value, dict) or not value or draw(st.integers(0, 3)) == 0:
        text = json.dumps(value, ensure_ascii=False)
        flat = isinstance(value, str) and value.isalpha() and draw(st.booleans())
        return value if flat else text
    indent = " " * (2 if depth % 2 else draw(st.sampled_from([2, 4])))
    lines = []
    for key, inner in _written(draw, value, depth + 1):
        if draw(st.integers(0, 4)) == 0:
            lines.append(f"# about {key}")
        comment = "  # so" if draw(st.integers(0, 4)) == 0 and "\n" not in inner else ""
        lines += f"{key}: {inner}{comment}".splitlines()
    return "\n" + "\n".join(indent + line for line in lines)


def node(text: str) -> Node:
    reading = read_text(text, "f")
    assert reading.node is not None and not reading.problems, (text, reading.problems)
    return reading.node


def over(*texts: str) -> Any:
    merged: Node | None = None
    problems: list[Any] = []
    for text in texts:
        merged = merge(merged, node(text), SCHEMA, problems)
    assert merged is not None
    return json.dumps(merged.to_plain()), problems


BASE = json.dumps(BELOW, ensure_ascii=False)


@given(st.data(), FILES, FILES)
def test_it_says_the_same(data: st.DataObject, lower: Any, upper: Any) -> None:
    """One file says what two said over each other, in the same order."""
    file, overlay = data.draw(yamls(lower)), data.draw(yamls(upper))
    result = spliced(file, overlay, node(BASE), SCHEMA)
    assert over(BASE, result) == over(BASE, file, overlay), (file, overlay, result)
    assert spliced(result, overlay, node(BASE), SCHEMA) == result


@given(st.data(), FILES)
def test_what_is_removed(data: st.DataObject, lower: Any) -> None:
    """Things go, whether the file has them, something below, or both."""
    gone = [name for name in {**BELOW["fields"], **lower["fields"]} if data.draw(st.booleans())]  # type: ignore[dict-item]
    upper = {"object": "thing", "fields": {name: REMOVED for name in gone}}
    file, overlay = data.draw(yamls(lower)), data.draw(yamls(upper))
    result = spliced(file, overlay, node(BASE), SCHEMA)
    assert over(BASE, result) == over(BASE, file, overlay), (file, overlay, result)
