"""A merged definition as YAML, each value with the place that set it and what it was before."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from engine.definition.tree import Node, Scalar
from engine.loading.loading import Loaded
from engine.loading.scalars import resolve
from engine.problems import Message, Place, Refusal, did_you_mean

UNKNOWN_THING = Message(
    "unknown-thing",
    en="nothing is called {name!r}",
    zh="没有名为 {name!r} 的定义",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
UNKNOWN_PART = Message(
    "unknown-part",
    en="{thing!r} has nothing called {name!r}",
    zh="{thing!r} 中没有 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)

SHORT_LIST = 60
"""Characters up to which a list stands on one line."""
LATEST_COMMENT = 72
"""The column at which comments begin at the latest, where values are short enough."""

_T = TypeVar("_T")
_PLAIN = re.compile(r"[^\W\d](?:[\w .()/+*<>='-]*[\w.()/+*<>='-])?\Z")


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a definition. `before` are the values of lower layers, latest first."""

    path: tuple[str | int, ...]
    value: Any
    place: Place
    before: tuple[tuple[Any, Place], ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The merged definition of something, and where each of its values comes from."""

    kind: str
    name: str
    path: tuple[str | int, ...]
    node: Node
    written: Mapping[Place, Node]

    def values(self) -> Iterator[Value]:
        """All single values, in order; lists of single values count as one."""
        yield from self._values(self.node, ())

    def _values(self, node: Node, path: tuple[str | int, ...]) -> Iterator[Value]:
        if _inline(node):
            yield Value(path, node.to_plain(), node.place, self._before(node))
        elif isinstance(node.value, tuple):
            for index, child in enumerate(node.value):
                yield from self._values(child, (*path, index))
        else:
            for key, child in node.items():
                yield from self._values(child, (*path, key))

    def _before(self, node: Node) -> tuple[tuple[Any, Place], ...]:
        earlier = [place for place in node.layers if place != node.place]
        return tuple(
            (self.written[place].to_plain(), place)
            for place in reversed(earlier)
            if place in self.written
        )

    def lines(self) -> Iterator[tuple[str, Value | None]]:
        """The definition as YAML, line by line, each with the value that ends it."""
        return _lines(self.node, (), {value.path: value for value in self.values()})

    def to_json(self) -> dict[str, Any]:
        """The explanation for programs."""
        return {
            "kind": self.kind,
            "name": self.name,
            "path": list(self.path),
            "values": [
                {
                    "path": list(value.path),
                    "value": _json(value.value),
                    **_place_json(value.place),
                    "before": [{"value": _json(v), **_place_json(p)} for v, p in value.before],
                }
                for value in self.values()
            ],
        }

    def to_text(self) -> str:
        """The explanation for people: YAML with comments."""
        comments = {value.path: _comment(value) for value in self.values()}
        found = _lines(self.node, (), comments)
        lines = [(text, comment or "") for text, comment in found]
        if self.path:
            last = str(self.path[-1])
            if _inline(self.node):
                lines = [(f"{yaml_text(last)}: {lines[0][0]}", lines[0][1])]
            else:
                lines = [(f"{yaml_text(last)}:", ""), *((f"  {t}", c) for t, c in lines)]
        widest = min(max((_width(text) for text, _ in lines), default=0), LATEST_COMMENT)
        return "\n".join(
            f"{text}{' ' * max(widest - _width(text), 0)}  # {comment}" if comment else text
            for text, comment in lines
        )


def explain(loaded: Loaded, thing: str) -> Explanation:
    """What is known of `thing`: `name`, `name.part`, or `kind:name…` where names clash.

    Raises Refusal when there is no such thing.
    """
    kind, _, rest = thing.rpartition(":")
    name, *steps = rest.split(".")
    found = next((k for k, t in loaded.trees.items() if name in t and kind in ("", k)), None)
    if found is None:
        names = [n for k, t in loaded.trees.items() if kind in ("", k) for n in t]
        raise Refusal(UNKNOWN_THING(name=thing, best=did_you_mean(name, names)))
    node = loaded.trees[found][name]
    path: list[str | int] = []
    for step in steps:
        inner = _part(node, step)
        if inner is None:
            shown = ".".join((name, *map(str, path)))
            best = did_you_mean(step, _parts(node))
            raise Refusal(UNKNOWN_PART(thing=shown, name=step, best=best))
        for key in inner:
            node = node.elements()[key] if isinstance(key, int) else node.get(key) or node
        path += inner
    written: dict[Place, Node] = {}
    for layer in loaded.layers:
        if tree := layer.get(found, {}).get(name):
            written |= {child.place: child for child in _all(tree) if _inline(child)}
    return Explanation(found, name, tuple(path), node, written)


def _part(node: Node, step: str) -> list[str | int] | None:
    """The way from `node` to what `step` names: a field, else a key, else an entry of a map."""
    if step.isdecimal() and int(step) < len(node.elements()):
        return [int(step)]
    fields = node.get("fields")
    if fields and fields.get(step):
        return ["fields", step]
    if node.get(step):
        return [step]
    for key, child in node.items():
        if child.get(step):
            return [key, step]
    return None


def _parts(node: Node) -> list[str]:
    return [key for key, _ in node.items()] + [k for _, c in node.items() for k, _ in c.items()]


def _all(node: Node) -> Iterator[Node]:
    yield node
    for child in (*node.elements(), *(child for _, child in node.items())):
        yield from _all(child)


def _inline(node: Node) -> bool:
    """Whether the node is written on one line: a single value, a short list, or nothing."""
    if isinstance(node.value, Mapping):
        return not node.value
    if isinstance(node.value, tuple):
        return (
            not any(isinstance(child.value, Mapping | tuple) for child in node.value)
            and len(_flow(node.to_plain())) <= SHORT_LIST
        )
    return True


def _lines(
    node: Node, path: tuple[str | int, ...], comments: Mapping[tuple[str | int, ...], _T]
) -> Iterator[tuple[str, _T | None]]:
    if _inline(node):
        yield _flow(node.to_plain()), comments[path]
    elif isinstance(node.value, tuple):
        for index, child in enumerate(node.value):
            for number, (text, comment) in enumerate(_lines(child, (*path, index), comments)):
                yield ("  " if number else "- ") + text, comment
    else:
        for key, child in node.items():
            inner = _lines(child, (*path, key), comments)
            if _inline(child):
                text, comment = next(inner)
                yield f"{yaml_text(key)}: {text}", comment
            else:
                yield f"{yaml_text(key)}:", None
                yield from ((f"  {text}", comment) for text, comment in inner)


def _comment(value: Value) -> str:
    place = f"{value.place.file}:{value.place.line}"
    before = (f"was {_flow(old)} at {at.file}:{at.line}" for old, at in value.before)
    return ", ".join((place, *before))


def _flow(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{yaml_text(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return yaml_text(value)


def yaml_text(value: Scalar) -> str:
    """A single value as YAML: plain where that is safe, else in quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | Decimal):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    if _PLAIN.match(value) and isinstance(resolve(value), str):
        return value
    if '"' in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\x7F")


def _width(text: str) -> int:
    """The columns that a text takes on a terminal; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return [_json(item) for item in value] if isinstance(value, list) else value


def _place_json(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column}
