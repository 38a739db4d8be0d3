"""Many links, and links to any of several objects, as values: reading, JSON, text."""

from __future__ import annotations

from typing import Any

import pytest

from engine.fieldtypes.link import UNCHANGED, Reference
from engine.fieldtypes.link_any import LinkAny, OfObject
from engine.fieldtypes.links import Links, Moving
from engine.problems import Refusal
from engine.records.seen import Linked

MANY = Links(to="rival")
ANY = LinkAny(to=("firm", "lead"))


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (None, None), ("", None), ([], None), ([None, ""], None), (" ; ", None),
        ([3, "4", {"id": 5, "title": "x"}, 3], (3, 4, 5)), (7, (7,)), ({"id": 7}, (7,)),
        ("3; 4；Sun, Inc.\nMoon", (3, 4, Reference("Sun, Inc."), Reference("Moon"))),
        ([{"restricted": True}, 2, {"restricted": True}], (UNCHANGED, 2, UNCHANGED)),
        ({"add": [1], "remove": "2; 3"}, Moving((1,), (2, 3))), ({"add": []}, Moving()),
    ],
)  # fmt: skip
def test_reading_lists(raw: Any, value: Any) -> None:
    """Ids and words, each once; hidden ones keep their places."""
    assert MANY.read(raw) == value


@pytest.mark.parametrize(
    "raw", [True, 1.5, [True], [[1]], [-1], ["0"], {"add": True}, [1] * 1_001, {"id": [1]}]
)
def test_unreadable_lists(raw: Any) -> None:
    """What names no records."""
    with pytest.raises(Refusal) as refused:
        MANY.read(raw)
    assert refused.value.problems[0].code == "value-not-readable"


def test_reading_any() -> None:
    """The whole is spread over one part per object; the rest is emptied."""
    assert ANY.spread({"object": "lead", "id": 4}) == {"firm": None, "lead": 4}
    assert ANY.spread("firm/FI-1") == {"firm": "FI-1", "lead": None}
    assert ANY.spread(" ") == {"firm": None, "lead": None}
    hidden = {"object": None, "id": None, "title": None, "restricted": True}
    assert ANY.spread(hidden) == {"firm": hidden, "lead": hidden}


@pytest.mark.parametrize("raw", ["deal/1", "FI-1", 12, [1], {"id": 3}, {"object": 3}, 1.5])
def test_unreadable_any(raw: Any) -> None:
    """Without an object, or with one that it cannot lead to."""
    with pytest.raises(Refusal):
        ANY.spread(raw)


def test_writing_any() -> None:
    """JSON names object, id and title; text is read again; hidden records say nothing."""
    value = ANY.gather({"firm": None, "lead": Linked(4, "Moon")})
    assert value == OfObject("lead", Linked(4, "Moon"))
    assert ANY.to_json(value) == {"object": "lead", "id": 4, "title": "Moon"}
    assert (ANY.to_text(value), ANY.format(value, "zh")) == ("lead/4", "Moon")
    assert ANY.spread(ANY.to_text(value)) == {"firm": None, "lead": "4"}
    hidden = OfObject("lead", Linked(None, None, True))
    assert (ANY.to_json(hidden)["object"], ANY.to_text(hidden)) == (None, "")
    assert (ANY.gather({}), ANY.to_json(None), ANY.to_text(None)) == (None, None, "")
