"""Where something is used: every place in the definitions that names an object or a field.

1. Expressions of all kinds (formulas, conditions, scopes, templates) know what they read.
2. What is named as plain text (columns of lists, grants, mappings, titles) is found in the trees:
   a word, or a path such as `customer.region`, is followed from the object that it is about.

The place of the definition itself is no use of it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.definition.tree import Node
from engine.expressions import Expression
from engine.fieldtypes.link import Collection, Link
from engine.loading.explaining import UNKNOWN_PART, UNKNOWN_THING
from engine.loading.merging import Trees
from engine.problems import Place, Refusal, did_you_mean

_PATH = re.compile(r"-?[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_WORDS = re.compile(r"(?<![\w.\"'])[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*")
_BRACES = re.compile(r"\{([^{}]*)\}")
_TEXTS = frozenset(
    ("label", "plural", "help", "say", "icon", "colour", "type", "kind", "was",
     "workflow", "role", "roles", "state", "remove", "pattern", "format", "mask", "personal",
     "starts_on", "granted", "rejected", "withdrawn", "needed_in", "number", "keep", "after",
     "before", "attributes", "options", "stages", "default", "start", "replace")
)  # fmt: skip
"""Keys whose values name no field: texts, words of the platform, names of other things."""
_OBJECTS = frozenset(
    ("object", "to", "of", "from", "person", "department", "team", "into", "source", "objects")
)
"""Keys whose values may name an object."""
_KEYED = frozenset(
    ("fields", "set", "columns", "meta", "totals", "terms", "values", "map", "match", "fuzzy",
     "grants", "lines", "items", "parts")
)  # fmt: skip
"""Keys of maps whose own keys may be names of fields or objects."""
_ABOUT_LINES = frozenset(("lines", "columns", "taxes", "groups", "detail", "by"))


@dataclass(frozen=True, order=True)
class Use:
    """One place that names the thing: which definition, under which keys, what stands there."""

    place: Place
    kind: str
    name: str
    text: str
    path: str = ""


def uses(catalog: Catalog, trees: Trees, thing: str) -> tuple[Use, ...]:
    """Every use of `object` or `object.field`, by place. Raises Refusal where there is no such."""
    object, _, field = thing.partition(".")
    definition = catalog.objects.get(object)
    if definition is None:
        raise Refusal(UNKNOWN_THING(name=thing, best=did_you_mean(object, catalog.objects)))
    if field and field not in definition.fields:
        best = did_you_mean(field, definition.fields)
        raise Refusal(UNKNOWN_PART(thing=object, name=field, best=best))
    found = {use.place: use for use in _in_trees(catalog, trees, object, field)}
    for use in _in_expressions(catalog, object, field):
        found.setdefault(use.place, use)
    own = _own_place(trees, object, field)
    return tuple(sorted(use for use in found.values() if use.place != own))


def _own_place(trees: Trees, object: str, field: str) -> Place | None:
    tree = trees.get("object", {}).get(object)
    if tree is None:
        return None
    if not field:
        return tree.at("object")
    fields = tree.get("fields")
    node = fields.get(field) if fields else None
    return (node.key_place or node.place) if node else None


# Expressions


def _in_expressions(catalog: Catalog, object: str, field: str) -> Iterator[Use]:
    word = re.compile(rf"\b{re.escape(field)}\b") if field else None
    kinds: Mapping[str, Mapping[str, Any]] = {"object": catalog.objects, **catalog.others}
    for kind, things in kinds.items():
        for name, thing in things.items():
            for expression in _expressions(thing, set()):
                read = any(o == object and field in ("", f) for o, f in expression.reads)
                if not field and expression.object == object and name != object:
                    read = True
                # what is read only through another formula is that formula's use
                if read and expression.place and (word is None or word.search(expression.source)):
                    yield Use(expression.place, kind, name, expression.source)


def _expressions(value: Any, seen: set[int]) -> Iterator[Expression]:
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _expressions(one, seen)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _expressions(one, seen)
    elif dataclasses.is_dataclass(value) and not isinstance(value, Node | Place):
        if id(value) not in seen:
            seen.add(id(value))
            for part in dataclasses.fields(value):
                yield from _expressions(getattr(value, part.name, None), seen)


# Trees


def _in_trees(catalog: Catalog, trees: Trees, object: str, field: str) -> Iterator[Use]:
    for kind, things in trees.items():
        for name, tree in things.items():
            about = name if kind in ("object", "data") else str(tree.plain("object", ""))
            walk = _Walk(catalog, kind, name, object, field)
            yield from walk.node(tree, (), (about,) if about in catalog.objects else ())


def _in_braces(text: str) -> list[str]:
    """The paths in the expressions of a text: "{name} of {customer.name}"."""
    return [path for part in _BRACES.findall(text) for path in _WORDS.findall(part)]


@dataclass(frozen=True)
class _Walk:
    """One definition that is looked through for an object, or for one of its fields."""

    catalog: Catalog
    kind: str
    name: str
    object: str
    field: str

    def node(self, node: Node, path: tuple[str, ...], about: tuple[str, ...]) -> Iterator[Use]:
        """The uses below a node; `about` are the objects that names in it may belong to."""
        for key, child in node.items():
            yield from self.key(key, child, path, about)
            inner = about
            if key in self.catalog.objects and path[-1:] == ("grants",):
                inner = (key,)
            elif key in _ABOUT_LINES:
                inner = (*about, *(line for one in about for line in self.lines(one)))
            if key not in _TEXTS or (path[-1:] and path[-1] in _KEYED):
                yield from self.node(child, (*path, key), inner)
        for child in node.elements():
            yield from self.node(child, path, about)
        if isinstance(node.value, str) and path:
            yield from self.scalar(node, node.value, path, about)

    def key(
        self, key: str, child: Node, path: tuple[str, ...], about: tuple[str, ...]
    ) -> Iterator[Use]:
        """A key that is itself a name."""
        defined = self.kind == "object" and path == ("fields",)
        last = path[-1] if path else ""
        seed = self.kind == "data" and len(path) == 2
        if defined or not (last in _KEYED or seed) or child.key_place is None:
            return
        if not self.field and last == "grants" and key == self.object:
            yield self.use(child.key_place, key, path)
        if self.field and any(self.leads(one, key) for one in about):
            yield self.use(child.key_place, key, path)

    def scalar(
        self, node: Node, text: str, path: tuple[str, ...], about: tuple[str, ...]
    ) -> Iterator[Use]:
        """A word or a path."""
        if not self.field:
            if text == self.object and path[-1] in _OBJECTS:
                yield self.use(node.place, text, path)
            return
        found = [text.lstrip("-")] if _PATH.fullmatch(text) else _in_braces(text)
        if any(self.leads(one, name) for one in about for name in found):
            yield self.use(node.place, text, path)

    def use(self, place: Place, text: str, path: tuple[str, ...]) -> Use:
        """A use at a place."""
        return Use(place, self.kind, self.name, text, ".".join(path))

    def leads(self, about: str, path: str) -> bool:
        """Whether a path from an object passes the field that is looked for."""
        definition: Object | None = self.catalog.objects.get(about)
        for step in path.split("."):
            found: Field | None = definition.fields.get(step) if definition else None
            if found is None or definition is None:
                return False
            if (definition.name, step) == (self.object, self.field):
                return True
            type_ = found.type
            target = type_.to if isinstance(type_, Link) else ""
            if isinstance(type_, Collection):
                target = type_.of
            definition = self.catalog.objects.get(target)
        return False

    def lines(self, about: str) -> Iterator[str]:
        """The objects of an object's lines."""
        definition = self.catalog.objects.get(about)
        for field in definition.lines if definition else ():
            if isinstance(field.type, Collection):
                yield field.type.of
