"""Lines of several objects: one definition, and for each object a line object of its own.

object: priced_line
lines_of: {quotation: quotation_line, order: order_line}

1. The shared definition is merged over all layers, and stands under the lines of every object that
   it names, with a link `parent` to that object.
2. What a file of the line object itself says is laid over that, with the usual marks.
3. Where an object says `of: priced_line`, its own lines are meant; where a role grants something
   on `priced_line`, all of them are.

So everything that follows knows only lines of one object (decision 13).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.definition.kinds import Problems
from engine.definition.messages import UNKNOWN_OBJECT
from engine.definition.tree import Node
from engine.loading.keywords import Schema
from engine.loading.merging import Trees, merge_trees
from engine.loading.names import name_problem
from engine.problems import Message, Place, did_you_mean

KEY = "lines_of"
PARENT = "parent"
"""The link of every such line to its record."""
OBJECT, ROLE = "object", "role"

NAME_TAKEN = Message(
    "line-object-name-taken",
    en="the lines of {parent} cannot be called {name!r}: that is the name of something else",
    zh="{parent} 的明细不能命名为 {name!r}：该名称已被占用",
    hint_en="give the lines of each object a name of their own, such as {like!r}",
    hint_zh="请为每个对象的明细分别命名，如 {like!r}",
)
NOT_A_PARENT = Message(
    "not-among-parents",
    en="{object} is not among the objects that {shared} gives lines to",
    zh="{shared} 的 lines_of 中没有 {object}",
    hint_en="add `{object}: {like}` under `lines_of` of {shared}",
    hint_zh="请在 {shared} 的 `lines_of` 下添加 `{object}: {like}`",
)
NO_LINES_FIELD = Message(
    "no-lines-field",
    en="{parent} has no field that holds these lines",
    zh="{parent} 没有容纳这些明细的字段",
    hint_en="add a field with `type: lines` and `of: {shared}` to {parent}",
    hint_zh="请在 {parent} 中添加 `type: lines`、`of: {shared}` 的字段",
)

Shared = Mapping[str, Mapping[str, str]]
"""Of each shared definition, its line objects by the object that they are part of."""


def merged_layers(
    layers: Sequence[Trees], schemas: Mapping[str, Schema], problems: Problems
) -> tuple[dict[str, dict[str, Node]], tuple[Trees, ...]]:
    """The definitions of all layers laid over each other, and the layers that were merged.

    Each layer's part of a shared definition is a layer of each line object. Problems are added
    to `problems`.
    """
    names = {name for layer in layers for name, tree in _objects(layer) if tree.get(KEY)}
    if not names:
        return merge_trees(layers, schemas, problems), tuple(layers)
    only = [{OBJECT: {n: t for n, t in _objects(layer) if n in names}} for layer in layers]
    definitions = merge_trees(only, schemas, [])[OBJECT]
    shared = _shared(definitions, problems)
    lowest = {OBJECT: {n: t for name in shared for n, t in _brought(definitions[name])}}
    parts = [{OBJECT: dict(_parts(layer, shared))} for layer in layers]
    own = [_named(layer, shared) for layer in layers]
    trees = merge_trees([lowest, *parts, *own], schemas, problems)
    for name in shared:
        _finish(name, definitions[name], trees[OBJECT], problems)
    return trees, (*parts, *own)


def _objects(layer: Trees) -> Iterator[tuple[str, Node]]:
    yield from layer.get(OBJECT, {}).items()


def _shared(definitions: Mapping[str, Node], problems: Problems) -> Shared:
    """What is well written; what is wrong with the others the schema says, or it is said here."""
    found: dict[str, dict[str, str]] = {}
    used = set(definitions)
    for name, tree in definitions.items():
        entries = dict(_entries(tree))
        if not entries or not all(map(_is_name, entries.values())):
            continue
        found[name] = {}
        for parent, line in entries.items():
            if line.value in used:
                like = f"{parent}_{name}"[:40]
                problems.append(NAME_TAKEN(line.place, parent=parent, name=line.value, like=like))
            else:
                used.add(str(line.value))
                found[name][parent] = str(line.value)
    return found


def _entries(tree: Node) -> Iterator[tuple[str, Node]]:
    listed = tree.get(KEY)
    if listed is not None:
        yield from listed.items()


def _is_name(node: Node) -> bool:
    return isinstance(node.value, str) and name_problem(node.value, node.place) is None


def _brought(shared: Node) -> Iterator[tuple[str, Node]]:
    """Of each line object the link to its record, which nobody writes."""
    for parent, line in _entries(shared):
        at = line.place

        def node(value: Any, at: Place = at) -> Node:
            return Node(value, at, None, (at,))

        link = {
            "type": node("link"), "to": node(parent), "required": node(True),
            "on_delete": node("cascade"),
        }  # fmt: skip
        fields = Node({PARENT: node(link)}, shared.place, None, (shared.place,))
        yield str(line.value), replace(shared, value={OBJECT: node(line.value), "fields": fields})


def _parts(layer: Trees, shared: Shared) -> Iterator[tuple[str, Node]]:
    """What a layer says of shared lines, under the name of each of their line objects."""
    for name, tree in _objects(layer):
        for line in shared.get(name, {}).values():
            entries = {key: child for key, child in tree.items() if key not in (KEY, "was")}
            if (head := entries.get(OBJECT)) is not None:
                entries[OBJECT] = replace(head, value=line)
            yield line, replace(tree, value=entries)


def _named(layer: Trees, shared: Shared) -> Trees:
    """A layer without the shared definitions; whoever names one means its line objects."""
    objects = {
        name: _with_lines(name, tree, shared)
        for name, tree in _objects(layer)
        if name not in shared
    }
    roles = {name: _with_grants(tree, shared) for name, tree in layer.get(ROLE, {}).items()}
    return {**layer, OBJECT: objects, ROLE: roles}


def _with_lines(name: str, tree: Node, shared: Shared) -> Node:
    found = {
        key: _with(field, {"of": replace(of, value=shared[str(of.value)][name])})
        for key, field, of in _collections(tree)
        if name in shared.get(str(of.value), {})
    }
    fields = tree.get("fields")
    return _with(tree, {"fields": _with(fields, found)}) if fields and found else tree


def _collections(tree: Node) -> Iterator[tuple[str, Node, Node]]:
    """The fields that say what they hold: name, field and the object that it names."""
    fields = tree.get("fields")
    for key, field in fields.items() if fields else ():
        if (of := field.get("of")) is not None:
            yield key, field, of


def _with_grants(role: Node, shared: Shared) -> Node:
    grants = role.get("grants")
    if grants is None or not any(name in shared for name, _ in grants.items()):
        return role
    entries: dict[str, Node] = {}
    for name, grant in grants.items():
        for line in shared[name].values() if name in shared else (name,):
            if line == name or grants.get(line) is None:  # its own grant says it better
                entries[line] = grant
    return _with(role, {"grants": replace(grants, value=entries)})


def _with(node: Node, entries: Mapping[str, Node]) -> Node:
    """The map with these entries."""
    return replace(node, value={**dict(node.items()), **entries}) if entries else node


def _finish(name: str, shared: Node, objects: dict[str, Node], problems: Problems) -> None:
    """The link to the record is called like its object, which must hold the lines."""
    for object, tree in objects.items():
        for _, _, of in _collections(tree):
            if of.value == name:
                like = f"{object}_line"
                problems.append(NOT_A_PARENT(of.place, object=object, shared=name, like=like))
    for parent, line in _entries(shared):
        above, below = objects.get(parent), objects.get(str(line.value))
        if above is None:
            best = did_you_mean(parent, objects)
            problems.append(UNKNOWN_OBJECT(line.key_place, name=parent, best=best))
        elif below is not None:
            if not any(of.value == line.value for _, _, of in _collections(above)):
                problems.append(NO_LINES_FIELD(line.place, parent=parent, shared=name))
            objects[str(line.value)] = _labelled(below, above.get("label"))


def _labelled(line: Node, label: Node | None) -> Node:
    fields = line.get("fields")
    link = fields.get(PARENT) if fields else None
    if fields is None or link is None or label is None or link.get("label") is not None:
        return line
    return _with(line, {"fields": _with(fields, {PARENT: _with(link, {"label": label})})})
