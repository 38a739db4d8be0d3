"""Layers of definitions laid over each other.

1. Maps merge key by key; any other value is replaced by that of the higher layer, lists as a whole.
2. An entry of a map of named things (`x-entries` in the schema) may carry marks: `remove: true`
   takes it away, `after: name` and `before: name` place it. Several entries placed after the same
   one keep their written order.
3. A text for people may be a string below and a map of locales above; the string then stays as
   the text for every other locale.
4. A key without a value takes back the single value or list that a lower layer gave; a map is
   never lost that way.
5. What changes from a map to something else, or back, is a problem.
6. What a lower layer has renamed (`was:`) is still found under its old name, so an overlay that
   was written before goes on meaning the same thing (`present_name`).

Nodes are never changed: a merged map is a new node that stands where the lowest layer wrote it,
and every node lists in `layers` all places that set it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.definition.kinds import Problems
from engine.definition.tree import Node, Scalar
from engine.loading.keywords import Schema, is_text
from engine.loading.schemas import child
from engine.loading.validating import described
from engine.problems import Message, Place, did_you_mean

Trees = Mapping[str, Mapping[str, Node]]
"""The trees of definitions, by kind and name."""

MOST_SUGGESTIONS = 50
"""So many problems get a suggestion; comparing words is slow, and nobody reads more."""

NOTHING_TO_REMOVE = Message(
    "nothing-to-remove",
    en="there is no {name!r} in a lower layer that could be removed",
    zh="下层中没有可移除的 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NO_ANCHOR = Message(
    "no-anchor",
    en="there is no {name!r} here to be placed {where}",
    zh="此处没有可供定位的 {name!r}（{where}）",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
OTHER_SHAPE = Message(
    "other-shape",
    en="this is {found}, but a lower layer has {below} here ({place})",
    zh="此处为{found}，但下层（{place}）为{below}",
    hint_en="write it in the same form as there",
    hint_zh="请采用与下层相同的写法",
)


def merge_trees(
    layers: Sequence[Trees], schemas: Mapping[str, Schema], problems: Problems
) -> dict[str, dict[str, Node]]:
    """The definitions of all layers, lowest first, laid over each other.

    `schemas` holds the prepared schema of each kind; problems are added to `problems`.
    """
    result: dict[str, dict[str, Node]] = {kind: {} for kind in schemas}
    for layer in layers:
        for kind, trees in layer.items():
            things = result[kind]
            for written, tree in trees.items():
                name = present_name(written, things)
                upper = tree if name == written else headless(tree, kind)
                merged = merge(things.get(name), upper, schemas[kind], problems)
                if merged is not None:
                    things[name] = merged
                else:
                    things.pop(name, None)
    return result


def present_name(name: str, below: Mapping[str, Node]) -> str:
    """What lower layers call now what they called `name` before a rename; else the name itself."""
    if name in below:
        return name
    return next((now for now, node in below.items() if _was(node) == name), name)


def _was(node: Node) -> Scalar | Mapping[str, Node] | tuple[Node, ...]:
    was = node.get("was")
    return was.value if was is not None else None


def headless(tree: Node, kind: str) -> Node:
    """A definition without its head key, as it lies over one that has another name."""
    return replace(tree, value={key: child for key, child in tree.items() if key != kind})


def merge(lower: Node | None, upper: Node, schema: Schema, problems: Problems) -> Node | None:
    """One definition laid over the same one of lower layers; None when it is removed."""
    merging = _Merging(problems)
    marked, mark = _marked(upper, ("remove",))
    if mark.remove:
        if lower is None:
            name = next((str(node.value) for _, node in upper.items()), "")
            problems.append(NOTHING_TO_REMOVE(mark.place, name=name, best=""))
        return None
    return merging.node(lower, marked, schema)


class _Mark:
    """What an entry says about itself instead of about its content."""

    __slots__ = ("anchor", "place", "remove", "where")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.remove, self.where, self.anchor = False, "", ""


def _marked(node: Node, marks: Sequence[str]) -> tuple[Node, _Mark]:
    """The node without its marks, and what they say. Unusable ones are left for validation."""
    mark = _Mark(node.place)
    if not isinstance(node.value, Mapping):
        return node, mark
    usual: dict[str, Node] = {}
    for key, value in node.value.items():
        if key == "remove" and key in marks and isinstance(value.value, bool):
            mark.remove = value.value
        elif key in ("after", "before") and key in marks and isinstance(value.value, str):
            mark.where, mark.anchor, mark.place = key, value.value, value.place
        else:
            usual[key] = value
    return (node if len(usual) == len(node.value) else replace(node, value=usual)), mark


class _Merging:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def node(self, lower: Node | None, upper: Node, schema: Schema) -> Node:
        """`upper` over `lower`."""
        if isinstance(upper.value, tuple) or (lower is None and upper.value is None):
            return self.replaced(lower, upper)
        if lower is None or lower.value is None:
            return self.map(lower, upper, schema) if _is_map(upper) else self.replaced(lower, upper)
        if "x-short" in schema and (_is_map(lower) or _is_map(upper)) and upper.value is not None:
            lower, upper = full(lower, schema["x-short"]), full(upper, schema["x-short"])
        if "x-text" in schema:
            if not _is_map(upper):
                return self.replaced(lower, upper)
            if isinstance(lower.value, str):
                lower = wrapped(lower, "")
        if _is_map(lower) and _is_map(upper):
            return self.map(lower, upper, schema)
        if (_is_map(lower) or _is_map(upper)) and not _may_be_empty(upper, schema):
            self.problems.append(
                OTHER_SHAPE(
                    upper.place,
                    found=described(upper.to_plain()),
                    below=described(lower.to_plain()),
                    place=str(lower.place),
                )
            )
            return lower
        return self.replaced(lower, upper)

    def replaced(self, lower: Node | None, upper: Node) -> Node:
        return replace(upper, layers=lower.layers + upper.layers) if lower else upper

    def map(self, lower: Node | None, upper: Node, schema: Schema) -> Node:
        below = lower.value if lower and isinstance(lower.value, Mapping) else {}
        entries: dict[str, Node] = dict(below)
        placed: list[tuple[str, _Mark]] = []
        changed = False
        for key, entry in upper.items():
            value, mark = entry, None
            if marks := schema.get("x-entries"):
                key = present_name(key, below) if key not in entries else key
                value, mark = _marked(entry, marks)
                if mark.remove:
                    changed = True
                    self.remove(entries, key, mark)
                    continue
                if mark.where:
                    placed.append((key, mark))
            found = entries.get(key)
            rule = child(schema, key)
            if found and value.value is None and not _is_map(found) and not _nullable(rule):
                del entries[key]
                continue
            entries[key] = self.node(found, value, rule)
            changed = changed or entries[key] is not entry
        self.place(entries, placed)
        if lower is None:
            return replace(upper, value=entries) if changed or placed else upper
        layers = lower.layers + upper.layers
        return Node(entries, lower.place, lower.key_place, layers)

    def remove(self, entries: dict[str, Node], key: str, mark: _Mark) -> None:
        if entries.pop(key, None) is None:
            best = self.best(key, entries)
            self.problems.append(NOTHING_TO_REMOVE(mark.place, name=key, best=best))

    def place(self, entries: dict[str, Node], placed: list[tuple[str, _Mark]]) -> None:
        """Moves entries behind or in front of others, in place."""
        if not placed:
            return
        order = list(entries)
        followers: dict[str, str] = {}
        for key, mark in placed:
            mark.anchor = present_name(mark.anchor, entries)
            if mark.anchor not in entries or mark.anchor == key:
                best = self.best(mark.anchor, (name for name in entries if name != key))
                self.problems.append(
                    NO_ANCHOR(mark.place, name=mark.anchor, where=mark.where, best=best)
                )
                continue
            order.remove(key)
            if mark.where == "before":
                order.insert(order.index(mark.anchor), key)
            else:
                order.insert(order.index(followers.get(mark.anchor, mark.anchor)) + 1, key)
                followers[mark.anchor] = key
        ordered = {key: entries[key] for key in order}
        entries.clear()
        entries.update(ordered)

    def best(self, word: str, candidates: object) -> str:
        names = candidates if len(self.problems) < MOST_SUGGESTIONS else ()
        return did_you_mean(word, names)  # type: ignore[arg-type]


def _is_map(node: Node) -> bool:
    return isinstance(node.value, Mapping)


def _nullable(schema: Schema) -> bool:
    return "null" in schema.get("type", ())


def _may_be_empty(upper: Node, schema: Schema) -> bool:
    return upper.value is None and _nullable(schema)


def wrapped(node: Node, key: str) -> Node:
    """The map that `node` is the entry `key` of."""
    return replace(node, value={key: node})


def full(node: Node, short: str) -> Node:
    """A labelled thing in its long form."""
    if not isinstance(node.value, Mapping) or is_text(node.value):
        return wrapped(node, short)
    return node
