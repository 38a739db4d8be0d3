"""From YAML to layouts and the shapes of views: shapes only, names are checked when connecting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.definition.layouts import (
    LIST,
    ZOOMS,
    ColourRule,
    Layout,
    LayoutTab,
    RelatedList,
    Section,
    ViewShape,
)
from engine.definition.tree import Node
from engine.problems import Text


def build_shape(node: Node) -> ViewShape:
    """What a view shows besides its rows, from the view's tree."""
    filters = node.plain("filters")
    return ViewShape(
        kind=node.plain("kind", LIST),
        roles=_roles(node),
        filters=None if filters is None else tuple(filters),
        group=node.plain("group", ""),
        sums=tuple(node.plain("sums", ())),
        colours=tuple(
            ColourRule(when=None, colour=child.plain("is", ""), source=child)
            for child in _elements(node, "colour")
        ),
        by=node.plain("by", ""),
        card=tuple(node.plain("card", ())),
        sum=node.plain("sum", ""),
        start=node.plain("from", ""),
        end=node.plain("to", ""),
        zoom=node.plain("zoom", ZOOMS[1]),
        parent=node.plain("parent", ""),
    )


def build_layouts(node: Node) -> tuple[Layout, ...]:
    """The layouts of an object, those for some roles first; `sections` are the short form."""
    variants = node.get("layouts")
    found = [_layout(name, child) for name, child in (variants.items() if variants else ())]
    general = node.get("layout")
    if general is not None:
        found.append(_layout("", general))
    elif sections := build_sections(node):
        label = node.text("label") or Text.of("")
        found.append(Layout(tabs=(LayoutTab(name="", label=label, sections=sections),)))
    return tuple(found)


def build_sections(node: Node, prefix: str = "") -> tuple[Section, ...]:
    """The sections of a tab, or of an object in the short form."""
    return tuple(
        _section(child, f"{prefix}{number}")
        for number, child in enumerate(_elements(node, "sections"))
    )


def _layout(name: str, node: Node) -> Layout:
    tabs = node.get("tabs")
    return Layout(
        name=name,
        head=tuple(node.plain("head", ())),
        tabs=tuple(_tab(name, key, child) for key, child in (tabs.items() if tabs else ())),
        roles=_roles(node),
        source=node,
    )


def _tab(layout: str, name: str, node: Node) -> LayoutTab:
    return LayoutTab(
        name=name,
        label=node.text("label") or Text.of(name.replace("_", " ").capitalize()),
        sections=build_sections(node, f"{layout}.{name}."),
        related=tuple(_related(child) for child in _elements(node, "related")),
        roles=_roles(node),
        source=node,
    )


def _section(node: Node, name: str) -> Section:
    placed = node.plain("fields", ())
    return Section(
        label=node.text("label") or Text.of(""),
        fields=tuple(_field(one) for one in placed),
        name=name,
        wide=frozenset(_field(one) for one in placed if _settings(one).get("wide")),
        columns=int(node.plain("columns", 2)),
        collapsed=node.plain("collapsed", False),
        help=node.text("help"),
        roles=_roles(node),
        source=node,
    )


def _related(node: Node) -> RelatedList:
    plain = node.to_plain()
    if not isinstance(plain, dict):
        return RelatedList(field=str(plain), source=node)
    return RelatedList(
        field=str(plain.get("field", "")),
        columns=tuple(plain.get("columns", ())),
        sort=_names(plain.get("sort", ())),
        limit=int(plain.get("limit", 0)),
        create=plain.get("create", True),
        source=node,
    )


def _elements(node: Node, key: str) -> Iterator[Node]:
    child = node.get(key)
    return iter(child.elements() if child else ())


def _settings(placed: Any) -> Mapping[str, Any]:
    return placed if isinstance(placed, dict) else {}


def _field(placed: Any) -> str:
    """The field of a reference: its name, or a map with it."""
    return str(_settings(placed).get("field", "")) if isinstance(placed, dict) else str(placed)


def _roles(node: Node) -> frozenset[str]:
    return frozenset(_names(node.plain("for", ())))


def _names(raw: Any) -> tuple[str, ...]:
    if isinstance(raw, str):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    return tuple(raw)
