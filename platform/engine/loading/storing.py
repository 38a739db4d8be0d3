"""Merged definitions as plain JSON, and back: what an applied revision is stored as (rule 5).

A node is written as a list, which keeps a catalog of 50 objects at a few hundred kilobytes:

    [tag, value, place, place of the key, layers]

`tag` is "v" for a value, "d" for a decimal (as text), "m" for a map, "l" for a list. Files are
numbers into the table `files`; places are [file, line, column]; missing trailing parts are left
out. `layers` is only written when more than one layer set the value.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.definition.tree import Node
from engine.loading.merging import Trees
from engine.problems import Message, Place, Refusal

FORMAT = 1

UNREADABLE = Message(
    "unreadable-revision",
    en="the stored definitions cannot be read: {why}",
    zh="无法读取已存储的定义：{why}",
    hint_en="restore a backup, or apply the files again",
    hint_zh="请恢复备份，或重新应用定义文件",
)

_Json = list[Any]


def dump(trees: Trees) -> dict[str, Any]:
    """The definitions as data that `json.dumps` takes; `restore` gives the same trees back."""
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

    definitions = {
        kind: {name: written(tree) for name, tree in things.items()}
        for kind, things in trees.items()
    }
    return {"format": FORMAT, "files": list(files), "definitions": definitions}


def restore(data: Any) -> dict[str, dict[str, Node]]:
    """The trees that `dump` wrote. Raises Refusal when `data` is nothing that it writes."""
    try:
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']!r}")
        files = [str(file) for file in data["files"]]
        return {
            kind: {name: _read(tree, files) for name, tree in things.items()}
            for kind, things in data["definitions"].items()
        }
    except (
        KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError,
        InvalidOperation,
    ) as error:  # fmt: skip
        raise Refusal(UNREADABLE(why=f"{type(error).__name__} {error}")) from None


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
