"""What becomes of an overlay when what lies below it changes: base then, base now, overlay.

1. The layers of the applied revision and those of now are paired by name.
2. For each layer that lies over others, those below are merged as they were then and as they
   are now.
3. Every value that the overlay writes is looked up in both: did what it changes stay (`CHANGES`),
   has it changed meanwhile (`CONFLICT`), does the base say the same by itself (`SAME`), is it
   gone (`GONE`) or renamed (`RENAMED`)? What only the overlay has `ADDS`.

Nothing is decided here: the overlay wins, as always. It is told to whoever updates the base.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.definition.kinds import DefinitionKind
from engine.definition.tree import Node
from engine.loading.keywords import Schema
from engine.loading.merging import Trees, full, merge_trees, present_name, wrapped
from engine.loading.packing import KeptLayer, said
from engine.loading.schemas import SCHEMAS, child, prepared
from engine.loading.sources import TreeLayer
from engine.problems import Place

Path = tuple[str, ...]
NOTHING: Any = None
"""What stands for a value that is not there."""
_MARKS = ("remove", "after", "before")


class Standing(StrEnum):
    """How an overlay's entry stands to what lies below it."""

    CONFLICT = "conflict"
    GONE = "gone"
    RENAMED = "renamed"
    SAME = "same"
    CHANGES = "changes"
    ADDS = "adds"


@dataclass(frozen=True, kw_only=True, slots=True)
class Touch:
    """An entry of an overlay: what it says (`value`), where, and how that stands to the base.

    `was` and `now` are what the base said at the applied revision and what it says now; of a
    rename, the names. `below` is where it says so now. `news`: not so at the applied revision.
    """

    layer: str
    standing: Standing
    kind: str
    name: str
    path: Path
    place: Place
    value: Any = None
    was: Any = None
    now: Any = None
    below: Place | None = None
    news: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What a layer itself says otherwise than at the applied revision.

    `change` is "new", "gone", "renamed" or "changed"; `was` and `now` are plain values.
    """

    layer: str
    change: str
    kind: str
    name: str
    path: Path
    was: Any = None
    now: Any = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """Both sides of a change: of every layer that others lie over, and of every one over others."""

    changes: tuple[Change, ...] = ()
    touches: tuple[Touch, ...] = ()

    def of(self, *standings: Standing) -> tuple[Touch, ...]:
        """The touches that stand so and did not at the applied revision."""
        return tuple(t for t in self.touches if t.news and t.standing in standings)


def picture(
    then: Sequence[KeptLayer],
    now: Sequence[TreeLayer],
    kinds: Sequence[DefinitionKind],
    *,
    whole: bool = False,
) -> Picture:
    """The picture of the layers of the applied revision and those of now, lowest first.

    With `whole` also what the overlays change where nothing below them has changed; otherwise
    layers that say what they said then are not even unpacked. Raises Refusal when the layers of
    the revision cannot be understood.
    """
    if len(now) < 2 or not (then or whole):
        return Picture()
    schemas = {kind.name: prepared(kind.schema, SCHEMAS) for kind in kinds}
    before = _Then(then)
    changes: list[Change] = []
    touches: list[Touch] = []
    known = 0
    moved = False
    for index, layer in enumerate(now):
        if index and (whole or (moved and known)):
            base_now = merge_trees([below.trees for below in now[:index]], schemas, [])
            # where nothing below was there then, nothing can have changed
            base_then = merge_trees(before.trees(known), schemas, []) if known else base_now
            looking = _Looking(layer.name, schemas)
            found = looking.touches(layer.trees, base_then, base_now)
            touches += [touch for touch in found if whole or touch.news]
        paired = before.index(layer.name, known)
        if paired is None:
            moved = moved or index < len(now) - 1
            continue
        known = paired + 1
        if index < len(now) - 1 and then[paired].digest != said(layer.trees):
            moved = True
            changes += _changes(layer.name, before.trees(known)[paired], layer.trees)
    return Picture(tuple(changes), tuple(touches))


def overlay_touches(
    layer: str, overlay: Trees, then: Trees, now: Trees, kinds: Sequence[DefinitionKind]
) -> list[Touch]:
    """How an overlay stands to something else that was `then` and is `now`; only what is news."""
    schemas = {kind.name: prepared(kind.schema, SCHEMAS) for kind in kinds}
    return [one for one in _Looking(layer, schemas).touches(overlay, then, now) if one.news]


class _Then:
    """The layers of the applied revision, unpacked when somebody asks."""

    def __init__(self, layers: Sequence[KeptLayer]) -> None:
        self.layers = layers
        self._trees: list[Trees] = []

    def trees(self, count: int) -> list[Trees]:
        """The lowest `count` layers."""
        for layer in self.layers[len(self._trees) : count]:
            self._trees.append(layer.unpacked().trees)
        return self._trees[:count]

    def index(self, name: str, first: int) -> int | None:
        """The layer of that name from `first` on; else the only one whose folder is called so.

        The same layers may lie in other places on the machine that they come from.
        """
        names = [layer.name for layer in self.layers]
        if name in names[first:]:
            return names.index(name, first)
        last = _folder(name)
        like = [i for i, n in enumerate(names) if i >= first and _folder(n) == last]
        return like[0] if len(like) == 1 else None


def _folder(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]


class _Looking:
    """Walks an overlay beside the base as it was and as it is."""

    def __init__(self, layer: str, schemas: Mapping[str, Schema]) -> None:
        self.layer, self.schemas = layer, schemas

    def touches(self, overlay: Trees, then: Trees, now: Trees) -> Iterator[Touch]:
        for kind, things in overlay.items():
            was, is_ = then.get(kind, {}), now.get(kind, {})
            for name, tree in things.items():
                at = _At(kind, name, (), tree)
                yield from self.entry(at, name, was, is_, self.schemas.get(kind, {}), ("remove",))

    def entry(
        self, at: _At, name: str, then: Mapping[str, Node], now: Mapping[str, Node],
        schema: Schema, marks: Sequence[str],
    ) -> Iterator[Touch]:  # fmt: skip
        """An entry called `name` of the overlay; `then` and `now` are what it may lie over."""
        former = present_name(name, then) if marks else name
        present = present_name(name, now) if marks else name
        was, is_ = then.get(former), now.get(present)
        if is_ is not None and present != name:
            news = was is not None and former != present
            yield self.touch(at, Standing.RENAMED, name, present, is_, news=news)
        removes = "remove" in marks and _says(at.node, "remove")
        if was is not None and is_ is None:
            yield self.touch(at, Standing.GONE, _plain(was), NOTHING, None)
        elif is_ is None:
            yield self.touch(at, Standing.ADDS, NOTHING, NOTHING, None, news=False)
        elif removes:
            same = was is not None and _content(was) == _content(is_)
            standing = Standing.CHANGES if same else Standing.CONFLICT
            yield self.touch(at, standing, NOTHING, NOTHING, is_, news=not same)
        else:
            yield from self.node(at, was, is_, schema)

    def node(self, at: _At, was: Node | None, is_: Node, schema: Schema) -> Iterator[Touch]:
        """A node of the overlay that lies over `is_`, and at the applied revision over `was`."""
        upper, before, after = _alike(schema, at.node, was, is_)
        if upper is None or after is None:
            return
        if not isinstance(upper.value, Mapping) or not isinstance(after.value, Mapping):
            yield from self.value(at, was, is_)
            return
        marks = schema.get("x-entries") or ()
        then = dict(before.items()) if before is not None else {}
        now = dict(after.items())
        for key, entry in upper.items():
            head = not at.path and key == at.kind and entry.value == at.name
            if head or key in _MARKS or key == "was":
                continue
            inner = _At(at.kind, at.name, (*at.path, key), entry)
            yield from self.entry(inner, key, then, now, child(schema, key), marks)

    def value(self, at: _At, was: Node | None, is_: Node) -> Iterator[Touch]:
        value, before, after = at.node.to_plain(), _plain(was), _plain(is_)
        same = was is not None and before == after
        standing = Standing.CHANGES if same else Standing.CONFLICT
        if value == after:
            standing = Standing.SAME
        yield self.touch(at, standing, before, after, is_, news=not same)

    def touch(
        self, at: _At, standing: Standing, was: Any, now: Any, below: Node | None,
        news: bool = True,
    ) -> Touch:  # fmt: skip
        return Touch(
            layer=self.layer,
            standing=standing,
            kind=at.kind,
            name=at.name,
            path=at.path,
            place=at.node.key_place or at.node.place,
            value=at.node.to_plain(),
            was=was,
            now=now,
            below=below.place if below is not None else None,
            news=news,
        )


@dataclass(frozen=True, slots=True)
class _At:
    """Where in an overlay we are."""

    kind: str
    name: str
    path: Path
    node: Node


def _alike(schema: Schema, *nodes: Node | None) -> tuple[Node | None, Node | None, Node | None]:
    """The nodes in one form where a text or a labelled thing may be written short.

    The first is the overlay; its plain text takes the place of all texts below.
    """
    upper = nodes[0]
    if "x-short" in schema:
        nodes = tuple(full(node, schema["x-short"]) if node else None for node in nodes)
    elif "x-text" in schema and upper is not None and isinstance(upper.value, Mapping):
        nodes = tuple(
            wrapped(node, "") if node is not None and isinstance(node.value, str) else node
            for node in nodes
        )
    first, second, third = nodes
    return first, second, third


def _says(node: Node, mark: str) -> bool:
    found = node.get(mark)
    return found is not None and found.value is True


def _plain(node: Node | None) -> Any:
    return NOTHING if node is None else node.to_plain()


def _content(node: Node) -> Any:
    """What an entry says besides its former name."""
    plain = node.to_plain()
    return {k: v for k, v in plain.items() if k != "was"} if isinstance(plain, dict) else plain


def _changes(layer: str, then: Trees, now: Trees) -> Iterator[Change]:
    """What a layer says otherwise, thing by thing."""
    for kind in [*now, *(kind for kind in then if kind not in now)]:
        was, is_ = then.get(kind, {}), now.get(kind, {})
        for one in _differences(was, is_, (), kind):
            path, change, before, after, place = one
            yield Change(
                layer=layer, change=change, kind=kind, name=path[0], path=path[1:],
                was=before, now=after, place=place,
            )  # fmt: skip


_Difference = tuple[Path, str, Any, Any, Place | None]


def _differences(
    then: Mapping[str, Node], now: Mapping[str, Node], path: Path, kind: str
) -> Iterator[_Difference]:
    former = {key: key for key in now if key in then}
    for key, node in now.items():
        was = node.get("was")
        if key not in former and was is not None and was.value in then and was.value not in now:
            former[key] = str(was.value)
    for key, node in now.items():
        here = (*path, key)
        place = node.key_place or node.place
        if key not in former:
            yield here, "new", NOTHING, node.to_plain(), place
            continue
        before = then[former[key]]
        if former[key] != key:
            yield here, "renamed", former[key], key, place
        if isinstance(node.value, Mapping) and isinstance(before.value, Mapping):
            ignored = {"was"} if former[key] != key else set()
            ignored |= {kind} if former[key] != key and not path else set()
            inner, outer = (
                {k: n for k, n in side.items() if k not in ignored} for side in (before, node)
            )
            yield from _differences(inner, outer, here, kind)
        elif node.to_plain() != before.to_plain():
            yield here, "changed", before.to_plain(), node.to_plain(), place
    for key, node in then.items():
        if key not in former.values():
            yield (*path, key), "gone", node.to_plain(), NOTHING, None
