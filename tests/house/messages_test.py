"""Every declared `Message` says the same thing in both languages, under a code of its own."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from string import Formatter
from typing import Any

import pytest

from engine.problems import Message
from support.project import shown, trees


@dataclass(frozen=True)
class Declared:
    """A message and where it stands."""

    place: str
    message: Message


def declared() -> Iterator[Declared]:
    """All `Message(…)` in platform/, read from the source: they must be written in literals."""
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) == "Message":
                place = f"{shown(path)}:{node.lineno}"
                yield Declared(place, Message(*map(_literal, node.args), **_keywords(node, place)))


def _name(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def _keywords(call: ast.Call, place: str) -> dict[str, Any]:
    assert all(keyword.arg for keyword in call.keywords), f"{place}: ** in a Message"
    return {str(keyword.arg): _literal(keyword.value) for keyword in call.keywords}


def _literal(node: ast.expr) -> str:
    value = ast.literal_eval(node)
    assert isinstance(value, str)
    return value


def placeholders(template: str) -> set[str]:
    """The names that a template fills in: "{key!r} of {thing.name}" has key and thing.name."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


ALL = list(declared())


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.message.code)
def test_both_languages(one: Declared) -> None:
    """Both sentences are there, the Chinese one in Chinese; so are both hints, or neither.

    A sentence that is nothing but a placeholder passes on what a definition says.
    """
    message = one.message
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", message.code), one.place
    passed_on = message.en == message.zh and re.fullmatch(r"\{\w+\}", message.en)
    assert message.en, one.place
    assert passed_on or re.search("[\u4e00-\u9fff]", message.zh), one.place
    assert not re.search("[\u4e00-\u9fff]", message.en + message.hint_en), one.place
    assert bool(message.hint_en) == bool(message.hint_zh), one.place


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.message.code)
def test_same_placeholders(one: Declared) -> None:
    """What one language tells, the other tells too."""
    message = one.message
    assert placeholders(message.en) == placeholders(message.zh), one.place
    assert placeholders(message.hint_en) == placeholders(message.hint_zh), one.place
    assert "path" not in placeholders(message.en), "a message is told its path apart"


def test_codes_are_unique() -> None:
    """A code is looked up by people and programs: it stands for one kind of problem."""
    count = Counter(one.message.code for one in ALL)
    assert [(o.place, o.message.code) for o in ALL if count[o.message.code] > 1] == []
