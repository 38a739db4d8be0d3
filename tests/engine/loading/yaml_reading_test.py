"""What YAML means to us: values, places, and the same from both of PyYAML's parsers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import yaml

from engine.definition.tree import Node
from engine.loading.reading import LOADER, read_bytes, read_text

LOADERS = [LOADER, yaml.SafeLoader]


def read(text: str) -> Node:
    reading = read_text(text, "f.yaml")
    assert reading.problems == []
    assert reading.node is not None
    return reading.node


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("0", 0),
        ("-12", -12),
        ("+3", 3),
        ("0.50", Decimal("0.50")),
        ("-.5", Decimal("-0.5")),
        ("007", "007"),
        ("1e3", "1e3"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        (".inf", ".inf"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-01-31", "2026-01-31"),
        ("٣", "٣"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("Customer", "Customer"),
        ("客户", "客户"),
    ],
)
def test_plain_scalars(text: str, value: Any) -> None:
    """Only the YAML 1.2 words are special, and numbers are never floats."""
    found = read(f"key: {text}\n").plain("key", "absent")
    assert found == value
    assert type(found) is type(value)
    assert str(found) == str(value)  # 0.50 keeps its zero


def test_places() -> None:
    """One-based; inside the quote; the first line of a block; right after an empty key's colon."""
    node = read(
        "object: customer\n"
        "label: {en: 'Customer', zh: \"客户\"}\n"
        "empty:\n"
        "folded: >-\n"
        "\n"
        "   first\n"
        "   second\n"
        "list:\n"
        "  - one\n"
        "  - {a: 1}\n"
    )
    assert str(node.at("object")) == "f.yaml:1:9"
    assert str(node.at("label")) == "f.yaml:2:8"
    assert str(node.at("label", "en")) == "f.yaml:2:14"
    assert str(node.at("label", "zh")) == "f.yaml:2:30"
    assert str(node.at("empty")) == "f.yaml:3:7"
    assert str(node.at("folded")) == "f.yaml:6:4"
    assert str(node.at("list", 1, "a")) == "f.yaml:10:9"
    label = node.get("label")
    assert label is not None and str(label.key_place) == "f.yaml:2:1"
    assert label.layers == (label.place,)


def test_windows_file() -> None:
    """A byte order mark and CRLF line ends change nothing."""
    reading = read_bytes("\ufeffa: 1\r\nb: 'x'\r\n".encode(), "f.yaml")
    assert reading.node is not None
    assert reading.node.to_plain() == {"a": 1, "b": "x"}
    assert str(reading.node.at("b")) == "f.yaml:2:5"


@pytest.mark.parametrize("loader", LOADERS)
def test_both_parsers(loader: Any) -> None:
    """libyaml and the parser in Python give the same tree, places included."""
    text = "a: [1, {b: 'c'}]\nd: |\n  text\ne: # comment\nf: 3.0\n'g h': i\n"
    assert read_text(text, "f.yaml", loader).node == read(text)
