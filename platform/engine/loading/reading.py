"""From the text of a YAML file to a tree of nodes that know their places.

1. The bytes must be UTF-8 text without tabs and control characters, of at most 1 MiB.
2. PyYAML turns the text into events (start of a map, scalar, end of a map …). Its loader is never
   asked to construct anything, so no tag can run code and no alias can multiply itself.
3. The events are folded into nodes with an own stack, so depth costs no recursion. Everything that
   YAML offers beyond maps, lists and scalars is refused: tags, anchors and aliases, merge keys,
   keys that are no text, several documents.

Anchors are refused rather than followed: a definition that a file repeats belongs written out,
and one that several clients share belongs into a layer; both keep "who set this value?" answerable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from engine.definition.tree import Node, Scalar
from engine.loading import reading_messages as say
from engine.loading.scalars import resolve
from engine.loading.syntax import translated
from engine.problems import Message, Place, Problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40
MAX_NODES = 100_000

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Tabs, and what YAML 1.2 §5.1 calls not printable. NEL, LS and PS are line breaks to some
# programs and not to others, so line numbers would be anybody's guess.
_FORBIDDEN = re.compile(
    "[^\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


@dataclass(slots=True)
class Reading:
    """What a file held: its tree, or None when it could not be read to the end; and problems."""

    node: Node | None = None
    problems: list[Problem] = field(default_factory=list)


def shown(path: Path) -> str:
    """The path as problems name it: relative to the current folder where it lies below it."""
    try:
        name = path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        name = path.as_posix()
    return printable(name)


def printable(name: str) -> str:
    """A file's name without what would break a line or cannot be written."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", name)


def read_file(path: Path, root: Path) -> Reading:
    """The tree of the file at `path`, which must lie inside the folder `root`."""
    file = shown(path)
    place = Place(file)
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root.resolve()):
            return Reading(problems=[say.OUTSIDE(place, target=real.as_posix())])
        if not real.is_file():
            return Reading(problems=[say.NOT_A_FILE(place)])
        with real.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, RuntimeError) as error:  # RuntimeError: a symbolic link to itself
        why = getattr(error, "strerror", None) or str(error)
        return Reading(problems=[say.UNREADABLE(place, why=why)])
    return read_bytes(data, file)


def read_bytes(data: bytes, file: str) -> Reading:
    """The tree of a file's content."""
    if len(data) > MAX_BYTES:
        return Reading(problems=[say.TOO_LARGE(Place(file), limit=MAX_BYTES // 1024)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start)
        start = data.rfind(b"\n", 0, error.start) + 1
        column = len(data[start : error.start].decode("utf-8-sig", "replace"))
        return Reading(problems=[say.NOT_UTF8(Place(file, line + 1, column + 1))])
    return read_text(text, file)


def read_text(text: str, file: str, loader: Any = LOADER) -> Reading:
    """The tree of a YAML text; `file` names it in places, `loader` is PyYAML's."""
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        at = forbidden.start()
        line = text.count("\n", 0, at)
        place = Place(file, line + 1, at - text.rfind("\n", 0, at))
        if forbidden[0] == "\t":
            return Reading(problems=[say.TAB(place)])
        return Reading(problems=[say.CONTROL_CHARACTER(place, code=f"U+{ord(forbidden[0]):04X}")])
    builder = _Builder(text, file)
    try:
        node = builder.built(yaml.parse(text, Loader=loader))
    except _Stop as stop:
        builder.problems.append(stop.problem)
        node = None
    except yaml.MarkedYAMLError as error:
        builder.problems.append(translated(error, text, file))
        node = None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # The parser in Python lets `chr()` of an escape beyond Unicode fall through.
        builder.problems.append(say.NOT_YAML(Place(file), why=str(error).splitlines()[0]))
        node = None
    return Reading(node, builder.problems)


class _Stop(Exception):
    """The rest of the file cannot be understood."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(slots=True)
class _Open:
    """A map or list whose end has not been seen."""

    place: Place
    key_place: Place | None
    entries: dict[str, Node] | list[Node]
    key: str | None = None
    at_key: Place | None = None
    dropped: bool = False


class _Builder:
    """Folds parser events into nodes."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.lines: list[str] = []
        self.problems: list[Problem] = []
        self.stack: list[_Open] = []
        self.root: Node | None = None
        self.nodes = 0

    def built(self, events: Iterable[Any]) -> Node:
        """The tree. Raises _Stop when there is none."""
        documents = 0
        for event in events:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self.scalar(event)
            elif kind is yaml.MappingStartEvent:
                self.open(event, {})
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self.close()
            elif kind is yaml.SequenceStartEvent:
                self.open(event, [])
            elif kind is yaml.AliasEvent:
                raise _Stop(say.ALIAS(self.place(event), name=event.anchor))
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    raise _Stop(say.SEVERAL_DOCUMENTS(self.place(event)))
        if self.root is None or self.root.value is None:
            raise _Stop(say.EMPTY_FILE(Place(self.file)))
        return self.root

    def place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self.file, mark.line + 1, mark.column + 1)

    def count(self, event: Any) -> None:
        """Counts one more node and refuses what is too much, or not plain YAML."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _Stop(say.TOO_MANY_NODES(self.place(event), limit=MAX_NODES))
        if event.anchor is not None:
            self.problems.append(say.ANCHOR(self.place(event), name=event.anchor))
        if event.tag is not None:
            self.problems.append(say.TAG(self.place(event), tag=event.tag))

    def open(self, event: Any, entries: dict[str, Node] | list[Node]) -> None:
        self.count(event)
        if len(self.stack) >= MAX_DEPTH:
            raise _Stop(say.TOO_DEEP(self.place(event), limit=MAX_DEPTH))
        parent = self.stack[-1] if self.stack else None
        if parent and isinstance(parent.entries, dict) and parent.key is None:
            raise _Stop(say.KEY_NOT_TEXT(self.place(event), found=say.A_COLLECTION))
        self.stack.append(_Open(self.place(event), parent.at_key if parent else None, entries))

    def close(self) -> None:
        done = self.stack.pop()
        entries = done.entries if isinstance(done.entries, dict) else tuple(done.entries)
        self.add(Node(entries, done.place, done.key_place, (done.place,)))

    def scalar(self, event: Any) -> None:
        self.count(event)
        top = self.stack[-1] if self.stack else None
        if top and isinstance(top.entries, dict) and top.key is None:
            self.key(event, top)
            return
        place = self.content(event) if event.style else self.place(event)
        self.add(Node(self.value(event), place, top.at_key if top else None, (place,)))

    def key(self, event: Any, top: _Open) -> None:
        place = self.place(event)
        value = self.value(event)
        key: str = event.value
        if not isinstance(value, str):
            self.problems.append(say.KEY_NOT_TEXT(place, found=key or say.NOTHING))
        merges = key == "<<" and not event.style
        if merges:
            self.problems.append(say.MERGE_KEY(place))
        repeated = key in top.entries
        top.key, top.at_key, top.dropped = key, place, repeated or merges
        if repeated:
            assert isinstance(top.entries, dict)
            first = top.entries[key].key_place
            self.problems.append(
                say.DUPLICATE_KEY(place, key=key, first=first.line if first else 1)
            )

    def add(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if isinstance(top.entries, list):
            top.entries.append(node)
            return
        if not top.dropped:
            assert top.key is not None
            top.entries[top.key] = node
        top.key = top.at_key = None

    def value(self, event: Any) -> Scalar:
        """A scalar's value; quoted and block scalars are always text."""
        text: str = event.value
        if event.style:
            if found := _NO_TEXT.search(text):
                self.refuse(event, say.CONTROL_CHARACTER, code=f"U+{ord(found[0]):04X}")
            return text
        try:
            return resolve(text)
        except OverflowError:
            self.refuse(event, say.LONG_NUMBER)
            return text

    def refuse(self, event: Any, message: Message, **args: Any) -> None:
        self.problems.append(message(self.place(event), **args))

    def content(self, event: Any) -> Place:
        """Where the text of a quoted or block scalar begins."""
        mark = event.start_mark
        if event.style in "'\"":
            return Place(self.file, mark.line + 1, mark.column + 2)
        if not self.lines:
            self.lines = re.split(r"\r\n|\r|\n", self.text)
        for number in range(mark.line + 1, min(event.end_mark.line + 1, len(self.lines))):
            line = self.lines[number]
            if line.strip():
                return Place(self.file, number + 1, len(line) - len(line.lstrip(" ")) + 1)
        return self.place(event)
