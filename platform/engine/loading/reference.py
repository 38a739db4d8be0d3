"""The reference page of all keys, generated from the schemas.

    PYTHONPATH=platform python -m engine.loading.reference > docs/reference/definition-keys.md

A test fails while the page differs from what this makes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.loading.schemas import SCHEMAS

KINDS = ("site", "object", "workflow", "role", "mapping", "data")
"""The order of the chapters; schemas of other kinds follow by name."""

_HEAD = """\
# Keys of definition files

Generated from the JSON Schemas in `schemas/`; do not edit. The language itself, with examples, is
described in [definitions.md](definitions.md). An editor with a YAML language server checks and
completes these keys when a file begins with
`# yaml-language-server: $schema=../../schemas/object.schema.json`.
"""
_WORDS = {
    "string": "text", "integer": "whole number", "number": "number", "boolean": "true or false",
    "array": "list", "object": "map", "null": "nothing",
}  # fmt: skip


def page(folder: Path = SCHEMAS) -> str:
    """The whole page."""
    schemas = {
        path.name: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.schema.json"))
    }
    names = [name.removesuffix(".schema.json") for name in schemas]
    order = [*KINDS, *(name for name in names if name not in (*KINDS, "common"))]
    chapters = (_Chapter(schemas, f"{name}.schema.json").text() for name in order)
    return "\n".join((_HEAD, *chapters))


class _Chapter:
    """One kind of definition file."""

    def __init__(self, schemas: dict[str, Any], file: str) -> None:
        self.schemas, self.file = schemas, file

    def text(self) -> str:
        root = self.schemas[self.file]
        parts = [f"## {root['title']}\n\n{root['x-zh-title']}\n", *self.table("", root)]
        return "\n".join(parts)

    def table(self, path: str, schema: dict[str, Any]) -> Iterator[str]:
        """The table of a map's keys, then those of the maps in it."""
        if path:
            yield f"### `{path}`\n"
        only = _only(schema)
        needed = schema.get("required", ())
        yield "| key | value | meaning | 含义 |\n| --- | --- | --- | --- |"
        inner: list[tuple[str, dict[str, Any]]] = []
        for key, raw in schema["properties"].items():
            part = self.resolved(raw)
            zh, en = part.get("x-zh", ""), part.get("description", "")
            if key in only:
                types = ", ".join(f"`{name}`" for name in only[key])
                en, zh = f"{en} Only with {types}.", f"{zh}仅用于 {types}。"
            marked = f"`{key}` (required)" if key in needed else f"`{key}`"
            yield _row(marked, self.value(part), en, zh)
            inner += self.inner(f"{path}.{key}" if path else key, part)
        yield ""
        for name, part in inner:
            yield from self.table(name, part)

    def inner(self, path: str, part: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The maps with keys of their own in `part`."""
        if "properties" in part:
            yield path, part
        elif isinstance(part.get("additionalProperties"), dict):
            yield from self.inner(f"{path}.<name>", self.resolved(part["additionalProperties"]))
        elif isinstance(part.get("items"), dict):
            yield from self.inner(f"{path}[]", self.resolved(part["items"]))

    def resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        """`part` with what it refers to."""
        if "$ref" not in part:
            return part
        file, _, pointer = part["$ref"].partition("#/$defs/")
        target = _Chapter(self.schemas, file or self.file)
        found = target.resolved(self.schemas[target.file]["$defs"][pointer])
        return {**found, **{key: value for key, value in part.items() if key != "$ref"}}

    def value(self, part: dict[str, Any]) -> str:
        if "enum" in part:
            return ", ".join(f"`{word}`" for word in part["enum"])
        if "x-text" in part:
            return "text, or map of locales"
        if "x-expected" in part:
            return str(part["x-expected"][0])
        kinds = part["type"]
        words = " or ".join(_WORDS[k] for k in ([kinds] if isinstance(kinds, str) else kinds))
        if part.get("x-entries"):
            words = "map of names"
        default = part.get("default")
        return words if default is None else f"{words} ({json.dumps(default)})"


def _only(schema: dict[str, Any]) -> dict[str, list[str]]:
    """The keys that exist only with some values of the key that `x-by` names."""
    by = schema.get("x-by", "")
    return {
        rule["if"]["required"][0]: rule["then"]["properties"][by]["enum"]
        for rule in schema.get("allOf", ())
        if by and by in rule["then"].get("properties", ())
    }


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(page())
