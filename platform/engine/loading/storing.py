"""Merged definitions as plain JSON, and back: what an applied revision is stored as (rule 5).

Each definition is a JSON text of its own, `[files, node]`, so that the next revision's can be
compared with it without being read. A node is written as a list, which keeps a catalog of 50
objects at a few hundred kilobytes:

    [tag, value, place, place of the key, layers]

`tag` is "v" for a value, "d" for a decimal (as text), "m" for a map, "l" for a list. Files are
numbers into the table `files`; places are [file, line, column]; missing trailing parts are left
out. `layers` is only written when more than one layer set the value.

Format 1, which earlier versions wrote, has one table of files for all nodes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.definition.tree import Node
from engine.loading.merging import Trees
from engine.problems import Message, Place, Refusal

FORMAT = 2
FORMER = 1

UNREADABLE = Message(
    "unreadable-revision",
    en="the stored definitions cannot be read: {why}",
    zh="无法读取已存储的定义：{why}",
    hint_en="restore a backup, or apply the files again",
    hint_zh="请恢复备份，或重新应用定义文件",
)

Texts = Mapping[str, Mapping[str, str]]
"""The stored text of each definition, by kind and name."""

_Json = list[Any]
_UNUSABLE = (
    KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError, InvalidOperation,
)  # fmt: skip


def dump(trees: Trees) -> dict[str, Any]:
    """The definitions as data that `json.dumps` takes; `restore` gives the same trees back."""
    definitions = {
        kind: {name: _text(tree) for name, tree in things.items()} for kind, things in trees.items()
    }
    return {"format": FORMAT, "definitions": definitions}


def restore(data: Any) -> dict[str, dict[str, Node]]:
    """The trees that `dump` wrote. Raises Refusal when `data` is nothing that it writes."""
    return {
        kind: {name: restored(text) for name, text in things.items()}
        for kind, things in texts_of(data).items()
    }


def texts_of(data: Any) -> Texts:
    """The text of each definition. Raises Refusal when `data` is nothing that `dump` writes."""
    try:
        if data["format"] not in (FORMAT, FORMER):
            raise ValueError(f"format {data['format']!r}")
        definitions = {kind: dict(things) for kind, things in data["definitions"].items()}
        if data["format"] == FORMER:
            files = [str(file) for file in data["files"]]
            for things in definitions.values():
                things |= {name: _dumped([files, node]) for name, node in things.items()}
        return definitions
    except _UNUSABLE as error:
        raise _unreadable(error) from None


def restored(text: str) -> Node:
    """The tree of one definition. Raises Refusal when that is no text of one."""
    try:
        files, node = json.loads(text)
        return _read(node, [str(file) for file in files])
    except _UNUSABLE as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> Refusal:
    return Refusal(UNREADABLE(why=f"{type(error).__name__} {error}"))


def _dumped(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _text(tree: Node) -> str:
    files: dict[str, int] = {}

    def place(at: Place) -> _Json:
        return [files.setdefault(at.file, len(files)), at.line, at.column]

    def value(node: Node) -> tuple[str, Any]:
        if isinstance(node.value, Mapping):
            return "m", {key: written(child) for key, child in node.value.items()}
        if isinstance(node.value, tuple):
            return "l", [written(child) for child in node.value]
        if isinstance(node.value, Decimal):
            return "d", str(node.value)
        return "v", node.value

    def written(node: Node) -> _Json:
        key = place(node.key_place) if node.key_place else None
        layers = [place(p) for p in node.layers] if node.layers != (node.place,) else None
        whole: _Json = [*value(node), place(node.place), key, layers]
        while whole[-1] is None and len(whole) > 3:
            whole.pop()
        return whole

    node = written(tree)
    return _dumped([list(files), node])


def _read(raw: _Json, files: list[str]) -> Node:
    tag, value, at, key, layers = (*raw, None, None)[:5]
    match tag:
        case "m":
            value = {name: _read(child, files) for name, child in value.items()}
        case "l":
            value = tuple(_read(child, files) for child in value)
        case "d":
            value = Decimal(value)
        case "v" if value is None or isinstance(value, str | int):
            pass
        case _:
            raise ValueError(f"tag {tag!r}")
    place = _place(at, files)
    return Node(
        value,
        place,
        None if key is None else _place(key, files),
        (place,) if layers is None else tuple(_place(p, files) for p in layers),
    )


def _place(raw: list[int], files: list[str]) -> Place:
    file, line, column = raw
    return Place(files[file], int(line), int(column))
