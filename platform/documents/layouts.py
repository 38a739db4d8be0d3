"""Layouts of documents as frozen values: what a sheet shows, block by block, and from where.

They are built here from their file with paths as names and expressions as text, and connected
(`connecting.py`) once everything is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.definition.kinds import Problems
from engine.definition.objects import Field
from engine.definition.tree import Node
from engine.expressions import Expression
from engine.problems import Place, Text
from engine.texts.phrases import Phrase

DEFAULT_TEMPLATE = "standard"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something of a layout that knows where it was written."""

    name: str = ""
    label: Text | None = None
    source: Node | None = field(default=None, compare=False, repr=False)

    def place(self, *path: str | int) -> Place:
        """Where it, or one of its keys, was written."""
        return self.source.at(*path) if self.source else Place("")


@dataclass(frozen=True, kw_only=True)
class Item(Part):
    """A printed value: a field at the end of a path, or a text with expressions.

    `way` leads from the record to the one that `path` and `text` are about; where it ends in
    lines, it is the first line that fulfils `prefer`, else the first. Without `when` it is always
    printed; an empty value never is.
    """

    way: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    prefer: Expression | None = None
    text: Phrase | None = None
    when: Expression | None = None
    emphasis: bool = False
    last: Field | None = None


@dataclass(frozen=True, kw_only=True)
class Party(Part):
    """A block about somebody: a first line that stands out, and values below it."""

    title: Item | None = None
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Column(Part):
    """A column of the line table.

    `detail` is a path printed small under the value, `width` in millimetres (0: as wide as
    needed), `total` prints the sum below, `optional` leaves the column out where no line has
    anything but zero or empty in it.
    """

    path: tuple[str, ...] = ()
    detail: tuple[str, ...] = ()
    align: str = ""
    width: int = 0
    total: bool = False
    optional: bool = False
    last: Field | None = None
    last_detail: Field | None = None


@dataclass(frozen=True, kw_only=True)
class Lines(Part):
    """The line table: `path` is the field with the lines, `numbered` puts 1, 2, 3 in front."""

    path: tuple[str, ...] = ()
    numbered: bool = False
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Groups(Part):
    """Sums over the lines, one row for each value of the field `path` (a line's tax rate)."""

    path: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    last: Field | None = None


@dataclass(frozen=True, kw_only=True)
class Signature(Part):
    """A place to sign; `seal` keeps room for a stamp, `stamp` is a
    picture of one. `lines` are words with a line behind them."""

    lines: tuple[Text, ...] = ()
    seal: bool = False
    stamp: Item | None = None


@dataclass(frozen=True, kw_only=True)
class Layout(Part):
    """A document of one object. `roles` empty: whoever may read the record may print it."""

    object: str
    label: Text
    title: Text
    template: str = DEFAULT_TEMPLATE
    roles: tuple[str, ...] = ()
    logo: str = ""
    picture: Item | None = None
    issuer: Phrase | None = None
    letterhead: Phrase | None = None
    parties: tuple[Party, ...] = ()
    meta: tuple[Item, ...] = ()
    lines: Lines | None = None
    groups: Groups | None = None
    totals: tuple[Item, ...] = ()
    words: Item | None = None
    terms: tuple[Item, ...] = ()
    signatures: tuple[Signature, ...] = ()
    footer: Phrase | None = None
    watermark: Item | None = None


def build_layout(name: str, node: Node, problems: Problems) -> Layout | None:
    """The layout from its file; `connect_layouts` checks what it names."""
    label = node.text("label") or Text.of(name.replace("_", " ").capitalize())
    header, lines, groups = node.get("header"), node.get("lines"), node.get("taxes")
    logo = header.get("logo_from") if header else None
    return Layout(
        name=name,
        object=node.plain("object", ""),
        label=label,
        title=node.text("title") or label,
        template=node.plain("template", DEFAULT_TEMPLATE),
        roles=tuple(node.plain("roles", ())),
        logo=header.plain("logo", "") if header else "",
        picture=_item("logo_from", logo) if logo else None,
        parties=tuple(_party(key, child) for key, child in _entries(node, "parties")),
        meta=_items(node, "meta"),
        lines=_lines(lines) if lines else None,
        groups=_groups(groups) if groups else None,
        totals=_items(node, "totals"),
        words=_item("words", words) if (words := node.get("words")) else None,
        terms=_items(node, "terms"),
        signatures=tuple(_signature(key, child) for key, child in _entries(node, "signatures")),
        watermark=_item("watermark", mark) if (mark := node.get("watermark")) else None,
        source=node,
    )


def _entries(node: Node | None, key: str) -> tuple[tuple[str, Node], ...]:
    inner = node.get(key) if node else None
    return tuple(inner.items()) if inner else ()


def _items(node: Node, key: str) -> tuple[Item, ...]:
    return tuple(_item(name, child) for name, child in _entries(node, key))


def _item(name: str, node: Node) -> Item:
    named = node.get("field") or (None if isinstance(node.value, Mapping) else node)
    if named is not None:
        path = _path(named)
    else:
        path = () if node.get("text") else (name,)
    return Item(
        name=name,
        label=node.text("label"),
        way=_path(way) if (way := node.get("from")) else (),
        path=path,
        emphasis=bool(node.plain("emphasis", False)),
        source=node,
    )


def _party(name: str, node: Node) -> Party:
    title = node.get("title")
    return Party(
        name=name,
        label=node.text("label"),
        title=_item("title", title) if title else None,
        items=_items(node, "fields"),
        source=node,
    )


def _lines(node: Node) -> Lines:
    return Lines(
        path=_path(named) if (named := node.get("field")) else ("lines",),
        numbered=bool(node.plain("numbered", False)),
        columns=_columns(node),
        source=node,
    )


def _groups(node: Node) -> Groups:
    return Groups(
        label=node.text("label"),
        path=_path(named) if (named := node.get("by")) else (),
        columns=_columns(node),
        source=node,
    )


def _columns(node: Node) -> tuple[Column, ...]:
    return tuple(_column(name, child) for name, child in _entries(node, "columns"))


def _column(name: str, node: Node) -> Column:
    named = node.get("field") or (None if isinstance(node.value, Mapping) else node)
    return Column(
        name=name,
        label=node.text("label"),
        path=_path(named) if named else (name,),
        detail=_path(detail) if (detail := node.get("detail")) else (),
        align=node.plain("align", ""),
        width=node.plain("width", 0),
        total=bool(node.plain("total", False)),
        optional=bool(node.plain("optional", False)),
        source=node,
    )


def _signature(name: str, node: Node) -> Signature:
    lines = node.get("lines")
    return Signature(
        name=name,
        label=node.text("label") or Text.of(name.replace("_", " ").capitalize()),
        lines=tuple(Text.of(child.to_plain()) for child in (lines.elements() if lines else ())),
        seal=bool(node.plain("seal", False)),
        stamp=_item("seal_from", named) if (named := node.get("seal_from")) else None,
        source=node,
    )


def _path(node: Node) -> tuple[str, ...]:
    return tuple(str(node.value).split("."))
