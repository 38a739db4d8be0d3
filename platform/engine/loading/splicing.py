"""One overlay written into the file of another, of which everything else stays as it was typed.

1. Both files are read as YAML with the place of every node in its text.
2. Where both have a map, its entries are compared; what the upper one says otherwise becomes a
   replacement of just that piece of text, what it adds an insertion behind the last entry, what
   it takes away a deletion, unless something lies below that has to be taken away as well.
3. The replacements are made from the end to the beginning.

Comments, order, quotes and alignment are never touched, except within what is replaced. Not every
pair can be said in one file; whoever calls compares what comes out with what was meant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from engine.definition.tree import Node
from engine.loading.explaining import yaml_text
from engine.loading.keywords import Schema
from engine.loading.schemas import child

_YamlNode = yaml.nodes.Node
_FLOW_SIGNS = frozenset(",[]{}")
_BLOCKS = ("|", ">")


def spliced(file: str, overlay: str, below: Node | None, schema: Schema) -> str:
    """The text of `file` after `overlay` was written into it.

    Both are texts that `reading` takes, of the same kind, whose prepared schema is `schema`;
    `below` is what lower layers say of the thing.
    """
    lower = yaml.compose(file, Loader=yaml.SafeLoader)
    upper = yaml.compose(overlay, Loader=yaml.SafeLoader)
    if not isinstance(lower, yaml.MappingNode) or not isinstance(upper, yaml.MappingNode):
        return overlay
    work = _Splicing(file, overlay)
    work.map(lower, upper, below, schema)
    text = file
    # of those at one place the outer map's come first, so that they end up behind the inner one's
    numbered = sorted(enumerate(work.edits), key=lambda e: (e[1].start, e[1].end, e[0]))
    for _, edit in reversed(numbered):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text if "\r\n" not in file else text.replace("\r\n", "\n").replace("\n", "\r\n")


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


@dataclass(slots=True)
class _Map:
    """What becomes of one map of the file: entries that go, and texts that are added."""

    gone: list[int] = field(default_factory=list)
    added: list[str] = field(default_factory=list)


class _Splicing:
    def __init__(self, file: str, overlay: str) -> None:
        self.file, self.overlay = file, overlay
        self.edits: list[_Edit] = []

    def map(
        self, lower: yaml.MappingNode, upper: yaml.MappingNode, below: Node | None, schema: Schema
    ) -> bool:
        """Writes the entries of `upper` into `lower`; False where none would be left of it."""
        marked = bool(schema.get("x-entries"))
        found = {key.value: index for index, (key, _) in enumerate(lower.value)}
        work = _Map()
        begun = len(self.edits)
        for key, value in upper.value:
            beneath = below.get(key.value) if below is not None else None
            index = found.get(key.value)
            rule = child(schema, key.value)
            if (marked and _removes(value)) or _takes_back(value, rule):
                if beneath is None:
                    work.gone += [] if index is None else [index]
                    continue
            elif index is not None and not self.merged(lower, index, value, beneath, rule, work):
                continue
            if index is None:
                work.added.append(self.entry(lower, key, value))
            else:
                self.replace(lower, index, key, value)
        if work.gone and len(work.gone) == len(lower.value) and not work.added:
            del self.edits[begun:]
            return False
        self.change(lower, work)
        return True

    def merged(
        self, lower: yaml.MappingNode, index: int, value: _YamlNode, beneath: Node | None,
        rule: Schema, work: _Map,
    ) -> bool:  # fmt: skip
        """Whether the entry has to be replaced as a whole; False where that is done otherwise."""
        there = lower.value[index][1]
        if isinstance(there, yaml.MappingNode) and isinstance(value, yaml.MappingNode):
            if _removes(there):
                return True
            if not self.map(there, value, beneath, rule):
                work.gone.append(index)
            return False
        if isinstance(there, yaml.ScalarNode) and isinstance(value, yaml.MappingNode):
            short = rule.get("x-short", '""' if "x-text" in rule else "")
            if short and all(key.value != short for key, _ in value.value):
                start, end = there.start_mark.index, self.end(there, self.file)
                text = f"{{{short}: {self.file[start:end]}, {self.inline(value, True)[1:]}"
                self.edits.append(_Edit(start, end, text))
                return False
        return not _same(there, value)

    def replace(
        self, lower: yaml.MappingNode, index: int, key: yaml.ScalarNode, value: _YamlNode
    ) -> None:
        own, there = lower.value[index]
        short = isinstance(there, yaml.ScalarNode) and there.style not in _BLOCKS
        if lower.flow_style or (short and self.one_line(value)):
            start, end = there.start_mark.index, self.end(there, self.file)
            text = self.inline(value, bool(lower.flow_style))
            gap = "" if self.file[start - 1 : start].isspace() else " "
            self.edits.append(_Edit(start, end, gap + text))
            return
        start, end = own.start_mark.index, self.end(there, self.file)
        self.edits.append(_Edit(start, end, self.moved(key, value, own.start_mark.column)))

    def entry(self, lower: yaml.MappingNode, key: yaml.ScalarNode, value: _YamlNode) -> str:
        """A new entry of the map as its text, with the comments above it."""
        if lower.flow_style:
            return f"{self.raw(key)}: {self.inline(value, True)}"
        column = lower.start_mark.column
        above = "".join(f"{' ' * column}{line}\n" for line in self.comments(key))
        return f"{above}{' ' * column}{self.moved(key, value, column)}"

    def change(self, lower: yaml.MappingNode, work: _Map) -> None:
        """Takes entries out of a map, and adds others behind its last one."""
        entries = lower.value
        last = self.end(entries[-1][1], self.file) if entries else lower.start_mark.index + 1
        if lower.flow_style:
            left = [index for index in range(len(entries)) if index not in work.gone]
            for index in work.gone:
                self.edits.append(self.out_of_flow(entries, index, left))
            if work.added:
                comma = ", " if left else ""
                self.edits.append(_Edit(last, last, comma + ", ".join(work.added)))
            return
        for index in work.gone:
            key, value = entries[index]
            start = self.file.rfind("\n", 0, key.start_mark.index) + 1
            self.edits.append(_Edit(start, self.line_end(self.end(value, self.file), True), ""))
        if work.added:
            at = self.line_end(last, False)
            self.edits.append(_Edit(at, at, "".join("\n" + text for text in work.added)))

    def out_of_flow(
        self, entries: Sequence[tuple[yaml.ScalarNode, _YamlNode]], index: int, left: Sequence[int]
    ) -> _Edit:
        """An entry with the comma behind it, or before it where nothing that stays follows."""
        key, value = entries[index]
        if not left:
            following = entries[index + 1][0].start_mark if index + 1 < len(entries) else None
            end = following.index if following else self.end(value, self.file)
            return _Edit(key.start_mark.index, end, "")
        if any(other > index for other in left):
            return _Edit(key.start_mark.index, entries[index + 1][0].start_mark.index, "")
        before = self.end(entries[index - 1][1], self.file)
        return _Edit(before, self.end(value, self.file), "")

    def line_end(self, at: int, beyond: bool) -> int:
        """The end of the line that `at` is on; `beyond` its line break."""
        found = self.file.find("\n", at)
        if found < 0:
            return len(self.file)
        if beyond:
            return found + 1
        return found - 1 if self.file[found - 1 : found] == "\r" else found

    def end(self, node: _YamlNode, text: str) -> int:
        """Where the text of a node ends, without the white space and comments behind it."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self.end(last[1] if isinstance(last, tuple) else last, text)
        start, end = int(node.start_mark.index), int(node.end_mark.index)
        return start + len(text[start:end].rstrip())

    def raw(self, node: _YamlNode) -> str:
        """A node of the overlay as it was typed."""
        return self.overlay[node.start_mark.index : self.end(node, self.overlay)]

    def one_line(self, node: _YamlNode) -> bool:
        flat = not isinstance(node, yaml.CollectionNode) or bool(node.flow_style)
        return flat and "\n" not in self.raw(node)

    def moved(self, key: yaml.ScalarNode, value: _YamlNode, column: int) -> str:
        """An entry of the overlay as typed, its further lines shifted to the new column."""
        start = key.start_mark.index
        lines = self.overlay[start : self.end(value, self.overlay)].splitlines()
        shift = column - key.start_mark.column
        moved = [lines[0], *(_shifted(line, shift) for line in lines[1:])]
        return "\n".join(moved)

    def comments(self, key: yaml.ScalarNode) -> list[str]:
        """The comment lines right above an entry of the overlay, but not those of its file."""
        lines = self.overlay.splitlines()
        found: list[str] = []
        for line in reversed(lines[: key.start_mark.line]):
            if not line.strip().startswith("#"):
                return found[::-1]
            found.append(line.strip())
        return []

    def inline(self, node: _YamlNode, in_flow: bool) -> str:
        """A node of the overlay on one line."""
        if isinstance(node, yaml.ScalarNode):
            raw = self.raw(node)
            plain = node.style is None
            if "\n" in raw or node.style in _BLOCKS:
                return yaml_text(node.value)
            unsafe = plain and in_flow and (not raw or not _FLOW_SIGNS.isdisjoint(raw))
            return (
                (json.dumps(node.value, ensure_ascii=False) if raw else "null") if unsafe else raw
            )
        if self.one_line(node):
            return self.raw(node)
        if isinstance(node, yaml.MappingNode):
            inner = (f"{self.raw(key)}: {self.inline(value, True)}" for key, value in node.value)
            return "{" + ", ".join(inner) + "}"
        return "[" + ", ".join(self.inline(value, True) for value in node.value) + "]"


def _shifted(line: str, shift: int) -> str:
    if not line.strip():
        return ""
    if shift >= 0:
        return " " * shift + line
    return line[min(-shift, len(line) - len(line.lstrip(" "))) :]


def _removes(node: _YamlNode) -> bool:
    return isinstance(node, yaml.MappingNode) and any(
        key.value == "remove" and getattr(value, "value", "") == "true" for key, value in node.value
    )


def _takes_back(node: _YamlNode, rule: Mapping[str, Any]) -> bool:
    """Whether an entry without a value takes back the one below."""
    empty = isinstance(node, yaml.ScalarNode) and node.style is None
    return empty and node.value in ("", "null", "~") and "null" not in rule.get("type", ())


def _same(one: _YamlNode, other: _YamlNode) -> bool:
    """Whether two nodes say the same, in the same order."""
    if isinstance(one, yaml.ScalarNode) and isinstance(other, yaml.ScalarNode):
        return one.value == other.value and bool(one.style) == bool(other.style)
    if isinstance(one, yaml.SequenceNode) and isinstance(other, yaml.SequenceNode):
        return len(one.value) == len(other.value) and all(map(_same, one.value, other.value))
    return False
