"""Connecting layouts: every field, path, role and expression in them is looked up and checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from documents import messages as say
from documents.layouts import Column, Groups, Item, Layout, Lines, Party, build_layout
from engine.definition.catalog import Catalog
from engine.definition.kinds import DefinitionKind, Problems
from engine.definition.messages import UNKNOWN_FIELD, UNKNOWN_OBJECT
from engine.definition.objects import Field
from engine.definition.tree import Node
from engine.expressions import Expression
from engine.expressions.types import Kind, Type
from engine.fieldtypes.file import Image
from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.link import Lines as LinesType
from engine.fieldtypes.number import NumberType
from engine.problems import Place, did_you_mean
from engine.texts.phrases import AsRead, Phrase, compile_for, compile_phrase

DOCUMENT = "document"


def connect_layouts(catalog: Catalog, problems: Problems) -> Catalog:
    """The catalog with connected layouts; everything wrong is added to `problems`."""
    layouts = {}
    for name, layout in catalog.of(DOCUMENT).items():
        if layout.object in catalog.objects:
            layouts[name] = _Connector(layout, catalog, problems).connected()
        else:
            best = did_you_mean(layout.object, catalog.objects)
            problems.append(UNKNOWN_OBJECT(layout.place("object"), name=layout.object, best=best))
    return catalog.with_others(DOCUMENT, layouts)


class _Connector:
    def __init__(self, layout: Layout, catalog: Catalog, problems: Problems) -> None:
        self.layout = layout
        self.object = layout.object
        self.catalog = catalog
        self.names = AsRead(catalog, {"related": say.RELATED})
        self.problems = problems

    def connected(self) -> Layout:
        layout, source = self.layout, self.layout.source
        assert source is not None
        self.roles(layout)
        lines = self.lines(layout.lines) if layout.lines else None
        child = self.line_object(lines) if lines else ""
        header = source.get("header")
        return replace(
            layout,
            issuer=self.phrase(header, "company", self.object) if header else None,
            letterhead=self.phrase(header, "text", self.object) if header else None,
            picture=self.picture(layout.picture),
            signatures=tuple(replace(s, stamp=self.picture(s.stamp)) for s in layout.signatures),
            parties=tuple(map(self.party, layout.parties)),
            meta=self.items(layout.meta),
            lines=lines,
            groups=self.groups(layout.groups, child) if layout.groups else None,
            totals=self.items(layout.totals),
            words=self.words(layout.words) if layout.words else None,
            terms=self.items(layout.terms),
            footer=self.phrase(source, "footer", self.object),
            watermark=self.item(layout.watermark) if layout.watermark else None,
        )

    def roles(self, layout: Layout) -> None:
        known = self.catalog.of("role")
        for index, name in enumerate(layout.roles):
            if name not in known:
                place = layout.place("roles", index)
                best = did_you_mean(name, known)
                self.problems.append(say.UNKNOWN_ROLE(place, name=name, best=best))

    def party(self, party: Party) -> Party:
        title = self.item(party.title) if party.title else None
        return replace(party, title=title, items=self.items(party.items))

    def items(self, items: Iterable[Item]) -> tuple[Item, ...]:
        return tuple(map(self.item, items))

    def item(self, item: Item) -> Item:
        """The item with its path looked up and its expressions compiled."""
        source = item.source
        assert source is not None
        about = self.way(item) if item.way else self.object
        if item.path and source.get("text"):
            self.problems.append(say.FIELD_OR_TEXT(item.place("text")))
        if not about:
            return item
        return replace(
            item,
            last=self.one_value(about, item.path, self.named(source)) if item.path else None,
            text=self.phrase(source, "text", about),
            prefer=self.condition(source, "prefer", about),
            when=self.condition(source, "when", self.object),
        )

    def picture(self, item: Item | None) -> Item | None:
        """The item, which must lead to a picture."""
        if item is None:
            return None
        found = self.item(item)
        if found.last is not None and not isinstance(found.last.type, Image):
            path = ".".join(found.path)
            self.problems.append(say.NO_PICTURE_FIELD(item.place(), field=path))
        return found

    def way(self, item: Item) -> str:
        """The object that the item's `from` leads to, or an empty string."""
        last = self.field(self.object, item.way, item.place("from"), lines=True)
        if last is None:
            return ""
        if isinstance(last.type, LinesType):
            return last.type.of
        if isinstance(last.type, Link):
            return last.type.to
        path = ".".join(item.way)
        self.problems.append(say.NO_LINK(item.place("from"), field=path, name=last.name))
        return ""

    def words(self, item: Item) -> Item:
        found = self.item(item)
        if found.last is None or not isinstance(found.last.type, NumberType):
            if found.last is not None or not found.path:
                path = ".".join(found.path) or "text"
                self.problems.append(say.NO_AMOUNT(found.place("field"), field=path))
        return found

    def lines(self, lines: Lines) -> Lines:
        path = ".".join(lines.path)
        fields = self.catalog.objects[self.object].fields
        found = fields.get(path)
        if found is None or not isinstance(found.type, LinesType):
            known = [name for name, field in fields.items() if isinstance(field.type, LinesType)]
            best = did_you_mean(path, known)
            place = lines.place("field")
            self.problems.append(say.NO_LINES(place, field=path, object=self.object, best=best))
            return lines
        child = found.type.of
        return replace(lines, columns=tuple(self.column(child, c) for c in lines.columns))

    def line_object(self, lines: Lines) -> str:
        field = self.catalog.objects[self.object].fields.get(".".join(lines.path))
        return field.type.of if field and isinstance(field.type, LinesType) else ""

    def column(self, object: str, column: Column, *, summed: bool = False) -> Column:
        assert column.source is not None
        named = self.named(column.source)
        last = self.one_value(object, column.path, named)
        detail = None
        if column.detail:
            detail = self.one_value(object, column.detail, column.place("detail"))
        if (column.total or summed) and last and not isinstance(last.type, NumberType):
            self.problems.append(say.NO_SUM(named, field=".".join(column.path)))
        return replace(column, last=last, last_detail=detail)

    def groups(self, groups: Groups, child: str) -> Groups:
        if not child:
            if not self.layout.lines:
                self.problems.append(
                    say.NO_LINES(groups.place(), field="lines", object=self.object, best="")
                )
            return groups
        return replace(
            groups,
            last=self.one_value(child, groups.path, groups.place("by")),
            columns=tuple(self.column(child, c, summed=True) for c in groups.columns),
        )

    def one_value(self, object: str, path: tuple[str, ...], place: Place) -> Field | None:
        """The field at the end of the path; refuses collections."""
        found = self.field(object, path, place)
        if found is not None and isinstance(found.type, Collection):
            self.problems.append(say.MANY(place, field=".".join(path)))
            return None
        return found

    def field(
        self, object: str, path: tuple[str, ...], place: Place, *, lines: bool = False
    ) -> Field | None:
        """The field at the end of a path through links, or None after adding a problem."""
        whole, column = ".".join(path), 0
        found: Field | None = None
        for step in path:
            at = place.shifted(column)
            if found is not None and not isinstance(found.type, Link):
                self.problems.append(say.NO_LINK(at, field=whole, name=found.name))
                return None
            object = found.type.to if found and isinstance(found.type, Link) else object
            fields = self.catalog.objects[object].fields
            if step not in fields:
                best = did_you_mean(step, fields)
                self.problems.append(UNKNOWN_FIELD(at, object=object, name=step, best=best))
                return None
            found = fields[step]
            column += len(step) + 1
        if lines and found and isinstance(found.type, Collection):
            if not isinstance(found.type, LinesType):
                self.problems.append(say.RELATED(place, object=object, name=found.name))
                return None
        return found

    def phrase(self, node: Node, key: str, object: str) -> Phrase | None:
        inner = node.get(key)
        if inner is None or inner.value is None:
            return None
        return compile_phrase(inner, object, self.names, self.problems)

    def condition(self, node: Node, key: str, object: str) -> Expression | None:
        inner = node.get(key)
        if inner is None:
            return None
        return compile_for(inner, object, self.names, self.problems, Type(Kind.BOOLEAN))

    @staticmethod
    def named(source: Node) -> Place:
        """Where the path of an item or column is written: `field`, the short form, or its key."""
        if named := source.get("field"):
            return named.place
        return source.place if isinstance(source.value, str) else source.key_place or source.place


DOCUMENT_KIND = DefinitionKind(
    DOCUMENT, "reports", "document.schema.json", build_layout, connect_layouts
)
