"""What a document says, as plain data for its template: texts only, already in one language.

The content is a map:

    locale      BCP 47; words_of_frame: the template's own words (`TEXTS`)
    title, number, company, letterhead, logo (its address or "")
    parties     [{label, title, rows: [{label, text, picture}]}]
    meta        [{label, text, picture}], `picture` being the address of a QR code or empty
    lines       {numbered, columns: [{label, unit, side, width, whole}], rows, totals} or null;
                a cell is {text, picture, detail}; what is `whole` stays on one line
    taxes       {label, columns, rows} or null
    totals      [{label, text, mark, emphasis}], `mark` being the currency
    words       {label, text} or null
    terms       [{label, text}]
    signatures  [{label, lines, seal}]
    footer, watermark                   texts or ""
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from documents.layouts import Column, Item, Layout, Lines, Party
from documents.pictures import Drawing
from documents.sight import Seen, Sight
from engine.definition.objects import Field
from engine.definition.site import Site
from engine.expressions import evaluate
from engine.fieldtypes import qr
from engine.fieldtypes.amounts import summed
from engine.fieldtypes.file import Image
from engine.fieldtypes.link import Link
from engine.fieldtypes.number import Money
from engine.fieldtypes.obscured import Obscured
from engine.problems import Text
from engine.texts.formatting import Formats, side
from engine.texts.phrases import Phrase

Plain = dict[str, Any]

TEXTS = {
    "page": Text({"en": "Page", "zh": "第"}),
    "of": Text({"en": "of", "zh": "页，共"}),
    "end": Text({"en": "", "zh": "页"}),
    "sum": Text({"en": "Total", "zh": "合计"}),
    "number": Text({"en": "No.", "zh": "序号"}),
    "seal": Text({"en": "(company seal)", "zh": "（盖章）"}),
}


class Content:
    """Gathers the content of one document of one record."""

    def __init__(
        self,
        layout: Layout,
        site: Site,
        sight: Sight,
        formats: Formats,
        draw: Drawing = lambda value: "",
    ) -> None:
        self.layout = layout
        self.site = site
        self.sight = sight
        self.formats = formats
        self.draw = draw
        self.locale = formats.locale

    def of(self, seen: Seen) -> Plain:
        """The content for the record."""
        layout = self.layout
        lines = list(seen.along(layout.lines.path)) if layout.lines else []
        words = layout.words and self.row(layout.words, seen)
        return {
            "locale": formats_tag(self.formats),
            "words_of_frame": {key: text.in_(self.locale) for key, text in TEXTS.items()},
            "title": layout.title.in_(self.locale),
            "number": self.number(seen),
            "company": self.phrase(layout.issuer, seen) or self.site.company.in_(self.locale),
            "logo": self.drawn(layout.picture, seen)
            or (f"asset:{layout.logo}" if layout.logo else ""),
            "letterhead": self.phrase(layout.letterhead, seen),
            "parties": [made for party in layout.parties if (made := self.party(party, seen))],
            "meta": self.rows(layout.meta, seen),
            "lines": self.lines(layout.lines, lines) if layout.lines else None,
            "taxes": self.groups(lines),
            "totals": self.rows(layout.totals, seen),
            "words": words if words and words["text"] else None,
            "terms": self.rows(layout.terms, seen),
            "signatures": [
                {
                    "label": signature.label.in_(self.locale) if signature.label else "",
                    "lines": [line.in_(self.locale) for line in signature.lines],
                    "seal": signature.seal,
                    "stamp": self.drawn(signature.stamp, seen),
                }
                for signature in layout.signatures
            ],
            "footer": self.phrase(layout.footer, seen),
            "watermark": (self.row(layout.watermark, seen) or {}).get("text", "")
            if layout.watermark
            else "",
        }

    def number(self, seen: Seen) -> str:
        """The record's number, else its title, where the actor may read it."""
        definition = self.sight.objects[seen.object]
        name = "number" if "number" in definition.fields else definition.title
        return self.shown(definition.fields[name], seen.value(name))

    def title(self, seen: Seen) -> str:
        """What names the record: told with the link to it, else its title field."""
        definition = self.sight.objects[seen.object]
        return seen.title or self.shown(
            definition.fields[definition.title], seen.value(definition.title)
        )

    def party(self, party: Party, seen: Seen) -> Plain | None:
        title = self.row(party.title, seen) if party.title else None
        rows = self.rows(party.items, seen)
        if not title and not rows:
            return None
        label = party.label.in_(self.locale) if party.label else ""
        return {"label": label, "title": title["text"] if title else "", "rows": rows}

    def rows(self, items: Iterable[Item], seen: Seen) -> list[Plain]:
        """The items that have something to print."""
        return [row for item in items if (row := self.row(item, seen))]

    def row(self, item: Item, seen: Seen) -> Plain | None:
        """The item with its label, or None where its value is empty or its condition false."""
        if item.when and not evaluate(item.when, seen, self.sight.context):
            return None
        about = self.about(item, seen)
        if about is None:
            return None
        mark, value = "", None
        if item.text is not None:
            text = self.phrase(item.text, about)
        else:
            assert item.last is not None
            value = about.along(item.path)
            if item is self.layout.words:
                text = self.formats.in_words(value)
            else:
                text = self.shown(item.last, value)
                is_money = isinstance(item.last.type, Money) and text
                mark = self.formats.mark_of(value) if is_money else ""
        if not text:
            return None
        label = item.label or (item.last.label if item.last else Text.of(""))
        return {
            "name": item.name,
            "label": label.in_(self.locale),
            "text": text,
            "picture": self.picture(item.last, text, value),
            "mark": mark,
            "emphasis": item.emphasis,
        }

    def about(self, item: Item, seen: Seen) -> Seen | None:
        """The record that the item is about: where it leads to lines, the preferred one."""
        if not item.way:
            return seen
        found = seen.along(item.way)
        if found is None or isinstance(found, Seen):
            return found
        first = next(iter(found), None)
        if item.prefer is None:
            return first
        context = self.sight.context
        return next((line for line in found if evaluate(item.prefer, line, context)), first)

    def lines(self, lines: Lines, rows: Sequence[Seen]) -> Plain:
        """The line table."""
        values = {c.name: [row.along(c.path) for row in rows] for c in lines.columns}
        columns = [c for c in lines.columns if not c.optional or any(values[c.name])]
        totals = [self.total(c, values[c.name]) if c.total else "" for c in columns]
        return {
            "numbered": lines.numbered,
            "columns": [self.head(column, values[column.name]) for column in columns],
            "rows": [
                [self.cell(column, values[column.name][index], row) for column in columns]
                for index, row in enumerate(rows)
            ],
            "totals": totals if any(totals) else [],
        }

    def cell(self, column: Column, value: Any, row: Seen) -> Plain:
        assert column.last is not None
        detail = ""
        if column.last_detail is not None:
            detail = self.shown(column.last_detail, row.along(column.detail))
        blank = column.optional and not value
        text = "" if blank else self.shown(column.last, value)
        picture = self.picture(column.last, text, value)
        return {"text": text, "picture": picture, "detail": "" if detail == text else detail}

    def head(self, column: Column, values: Iterable[Any]) -> Plain:
        """The column's head; amounts stand under the mark of their currency."""
        assert column.last is not None
        is_money = isinstance(column.last.type, Money)
        first = next((value for value in values if value is not None), None)
        return {
            "name": column.name,
            "label": (column.label or column.last.label).in_(self.locale),
            "unit": self.formats.mark_of(first) if is_money else "",
            "side": column.align or side(column.last.type),
            "width": column.width,
            "whole": not (column.last.type.textual or isinstance(column.last.type, Link)),
        }

    def total(self, column: Column, values: Iterable[Any]) -> str:
        """The sum of what can be read, or nothing where nothing can."""
        known = [value for value in values if value is not None and not isinstance(value, Obscured)]
        assert column.last is not None
        return self.formats.field(column.last.type, summed(known)) if known else ""

    def groups(self, lines: Sequence[Seen]) -> Plain | None:
        """Sums by the values of a field of the lines, in the order of its options, else as met."""
        groups = self.layout.groups
        if groups is None or groups.last is None:
            return None
        by: dict[str, list[Seen]] = {}
        for line in lines:
            by.setdefault(self.shown(groups.last, line.along(groups.path)), []).append(line)
        if not any(by):
            return None
        first = {"label": groups.last.label.in_(self.locale), "side": "left"}
        return {
            "label": groups.label.in_(self.locale) if groups.label else "",
            "columns": [
                first,
                *(self.head(c, [line.along(c.path) for line in lines]) for c in groups.columns),
            ],
            "rows": [
                [text, *(self.sum(column, by[text]) for column in groups.columns)]
                for text in self.ordered(groups.last, by)
            ],
        }

    def sum(self, column: Column, lines: Iterable[Seen]) -> str:
        return self.total(column, (line.along(column.path) for line in lines))

    def ordered(self, field: Field, texts: Iterable[str]) -> list[str]:
        options = getattr(field.type, "options", ())
        order = [option.label.in_(self.locale) for option in options]
        return sorted(texts, key=lambda text: order.index(text) if text in order else len(order))

    def phrase(self, phrase: Phrase | None, seen: Seen) -> str:
        """The text with its values; empty where it has expressions and all of them are empty."""
        if phrase is None:
            return ""
        parts, values = [], []
        for piece in phrase.in_(self.locale):
            if isinstance(piece, str):
                parts.append(piece)
                continue
            value = evaluate(piece.expression, seen, self.sight.context)
            is_record = isinstance(value, Seen)
            text = self.title(value) if is_record else self.formats.piece(piece, value)
            parts.append(text)
            values.append(text)
        return "" if values and not any(values) else "".join(parts).strip()

    def drawn(self, item: Item | None, seen: Seen) -> str:
        """The picture that an item leads to, where the actor may see it."""
        about = self.about(item, seen) if item is not None else None
        return self.draw(about.along(item.path)) if item is not None and about else ""

    def picture(self, field: Field | None, text: str, value: Any) -> str:
        """The address of the picture that stands for the text: a QR code, an image; else empty."""
        if field is not None and isinstance(field.type, Image):
            return self.draw(value)
        return qr.address(text) if field is not None and isinstance(field.type, qr.Qr) else ""

    def shown(self, field: Field, value: Any) -> str:
        """A field's value for people."""
        if isinstance(field.type, Link):
            return self.title(value) if isinstance(value, Seen) else ""
        return self.formats.field(field.type, value)


def formats_tag(formats: Formats) -> str:
    """The language tag of HTML and PDF (BCP 47): zh-CN, en."""
    return "zh-CN" if formats.is_chinese else formats.locale.replace("_", "-")
