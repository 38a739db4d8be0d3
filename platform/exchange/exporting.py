"""Export: the records that somebody may export, with the fields that they may read.

Pages of `PAGE` records are read by keyset and written at once, so that memory does not depend on
how many there are. A file that comes back to the import unchanged changes nothing: records are
named by their number or id, links by what names their record (`naming.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, BinaryIO

from engine.definition.objects import Field, Object
from engine.expressions.folding import fold
from engine.fieldtypes.boolean import Boolean
from engine.fieldtypes.choice import Choice
from engine.fieldtypes.composite import Composite
from engine.fieldtypes.file import FileRef
from engine.fieldtypes.link import Collection, Lines, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.obscured import Obscured
from engine.fieldtypes.secret import Masked
from engine.permissions.actors import Actor
from engine.permissions.lens import Lens
from engine.permissions.watermarks import watermark_of
from engine.problems import Problem, Refusal, did_you_mean
from engine.records.events import EXPORT as EXPORTED
from engine.records.events import Event, note
from engine.records.guarded import without_secrets
from engine.records.query import MOST, Query
from engine.records.reading import Linked, Reader, Record
from engine.schema.tables import POSITION
from exchange import messages as say
from exchange.limits import admit
from exchange.lists import list_text, lists_in
from exchange.naming import RESTRICTED, link_key, own_key
from exchange.scope import exchanged
from exchange.writers import FORMATS, Sheet, Writer

PAGE = MOST
EXPORT = "export"
LEFT_OUT = frozenset(("version", "deleted_on", "deleted_by"))


@dataclass(frozen=True, kw_only=True)
class ExportOrder:
    """What is to be exported: records of `object`, in `format`.

    `where`, `filters` and `words` choose them as in a list (`engine.records.query.Query`). Only
    the `fields` are exported, and what a record is recognised by; without any, everything is.
    With a locale in `labels` columns are headed, and options, stages and yes or no are written,
    by their labels in that language, else by names. The `reason`, if one is given, stands in the
    audit.
    """

    object: str
    where: str = ""
    filters: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    fields: Sequence[str] = ()
    format: str = "csv"
    labels: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Exported:
    """How many records were written, and what somebody should know about them."""

    count: int
    notices: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Cell:
    """A column of an export: the field, and of a link which field of its record (`of`)."""

    header: str
    field: Field
    of: Field | None = None


@dataclass(eq=False)
class _Sheet:
    """A sheet on its way: its cells, and the values of links that are named by another field."""

    definition: Object
    cells: tuple[Cell, ...]
    named: dict[tuple[str, str], dict[int, Any]] = field(default_factory=dict)
    worded: dict[tuple[str, Any], Any] = field(default_factory=dict)


def export_records(
    reader: Reader,
    actor: Actor,
    order: ExportOrder,
    out: BinaryIO,
    watch: Callable[[int], None] = lambda count: None,
) -> Exported:
    """Writes the records to `out`; `watch` is told after every page how many there are by then.

    Raises Refusal when the actor may not export, or not as much (`limits`), for unknown objects,
    fields and formats, and when the format cannot hold what is to be written.
    """
    if order.format not in FORMATS:
        best = did_you_mean(order.format, FORMATS)
        raise Refusal(say.BAD_FORMAT(found=order.format, best=best))
    definition = exchanged(reader.gate.catalog, order.object)
    admit(reader, actor, order)
    made, written, whole = _Export(reader, actor, order, definition), 0, False

    def count(so_far: int) -> None:
        nonlocal written
        written = so_far
        watch(so_far)

    try:
        done = made.run(out, count)
        whole = True
    finally:
        if whole or written:  # what was refused at once has not left
            said = replace(order, where=without_secrets(reader.gate, order.where))
            note(reader.gate, actor, exported(said, written, whole=whole))
    return done


def exported(order: ExportOrder, count: int, *, whole: bool) -> Event:
    """What the audit says of an export: what was asked for, and how many records it has."""
    said = {
        "count": count, "format": order.format, "where": order.where, "words": order.words,
        "filters": sorted(order.filters), "fields": list(order.fields), "reason": order.reason,
        "whole": whole,
    }  # fmt: skip
    return Event(action=EXPORTED, object=order.object, data={k: v for k, v in said.items() if v})


def chosen(order: ExportOrder, **more: Any) -> Query:
    """The query for what the order chooses."""
    return Query(where=order.where, filters=order.filters, words=order.words, action=EXPORT, **more)


class _Export:
    """One export on its way."""

    def __init__(
        self, reader: Reader, actor: Actor, order: ExportOrder, definition: Object
    ) -> None:
        self.reader = reader
        self.actor = actor
        self.order = order
        self.definition = definition
        self.main = _Sheet(definition, self._cells(definition, order.fields))
        lens = self._lens(definition.name)
        lines = [f for f in definition.lines if lens.may_read(f.name)]
        if order.fields:
            lines = [f for f in lines if f.name in order.fields]
        self.lines: dict[str, _Sheet] = {}
        self.notices: tuple[Problem, ...] = ()
        if order.format == "csv":
            names = ", ".join(f.name for f in lines)
            self.notices = (say.LINES_LEFT_OUT(fields=names),) if names else ()
        else:
            children = {f.name: self._child(f) for f in lines}
            self.lines = {n: _Sheet(c, self._line_cells(c)) for n, c in children.items()}

    def run(self, out: BinaryIO, watch: Callable[[int], None]) -> Exported:
        """Writes all pages."""
        # the first page is asked for before anything is written: it may be refused
        names = tuple(dict.fromkeys(cell.field.name for cell in self.main.cells))
        read = names if self.order.fields else None
        pages = self._pages(self.definition.name, chosen(self.order, sort=("id",), fields=read))
        page = next(pages)
        sheets = [_described(self.definition.name, self.main)]
        sheets += [_described(name, sheet) for name, sheet in self.lines.items()]
        count = 0
        gate = self.reader.gate
        mark = watermark_of(gate.catalog, self.actor, gate.clock(), gate.zone)
        with FORMATS[self.order.format](out, sheets, gate.catalog, mark) as writer:
            while True:
                self._write(writer, page)
                count += len(page)
                watch(count)
                following = next(pages, None)
                if following is None:
                    return Exported(count, self.notices)
                page = following

    def _write(self, writer: Writer, page: list[Record]) -> None:
        self._name_links(self.main, page)
        lines = {name: self._lines_of(name, page) for name in self.lines}
        for name, sheet in self.lines.items():
            self._name_links(sheet, [line for found in lines[name].values() for line in found])
        for record in page:
            own = {name: found.get(record.id, []) for name, found in lines.items()}
            writer.record(record, self._values(self.main, record), own)
            for name, found in own.items():
                key = record.values.get(own_key(self.definition)) or record.id
                for line in found:
                    writer.line(name, [key, *self._values(self.lines[name], line)])

    def _values(self, sheet: _Sheet, record: Record) -> list[Any]:
        """The record's cells: values of fields, and texts that name linked records."""
        values: list[Any] = []
        for cell in sheet.cells:
            value = record.values.get(cell.field.name)
            if isinstance(value, Obscured):
                value = str(value)
            elif isinstance(value, Linked):
                value = _link_value(sheet, cell, value)
            elif isinstance(cell.field.type, Links):
                value = list_text(value or (), partial(_link_value, sheet, cell)) or None
            elif self.order.labels and isinstance(cell.field.type, Choice | Boolean):
                value = self._worded(sheet, cell.field, value)
            values.append(cell.field.type.to_text(value) if _as_text(cell, value) else value)
        return values

    def _worded(self, sheet: _Sheet, field: Field, value: Any) -> Any:
        """The value by its label, if the import reads the same value from it."""
        if value is None:
            return None
        key = (field.name, value)
        if key not in sheet.worded:
            sheet.worded[key] = labelled(field, value, self.order.labels)
        return sheet.worded[key]

    def _pages(self, object: str, query: Query) -> Iterator[list[Record]]:
        asked = replace(query, action=EXPORT, limit=PAGE, masks=True)
        while True:
            page = self.reader.page(self.actor, object, asked)
            yield page.items
            if page.next is None:
                return
            asked = replace(asked, after=page.next)

    def _lines_of(self, name: str, page: Sequence[Record]) -> dict[int, list[Record]]:
        """The lines of a page's records, in order, by record."""
        found: dict[int, list[Record]] = {record.id: [] for record in page}
        child = self.lines[name].definition
        if not found:
            return found
        if self._lens(child.name).may_read(child.parent):
            for lines in self._pages(child.name, Query(lines_of=tuple(found), sort=(POSITION,))):
                for line in lines:
                    found[line.values[child.parent].id].append(line)
        else:  # nothing in a line tells whose it is
            for id, own in found.items():
                for lines in self._pages(child.name, Query(lines_of=id, sort=(POSITION,))):
                    own += lines
        return found

    def _name_links(self, sheet: _Sheet, records: Sequence[Record]) -> None:
        """Looks up, set-wise, what names the linked records besides their titles."""
        sheet.named.clear()
        for cell in sheet.cells:
            link = cell.field.type
            if cell.of is None or not isinstance(link, Link | Links) or cell.of.name == "id":
                continue
            target = self.reader.gate.catalog.objects[link.to]
            if cell.of.name == target.title:
                continue
            values = lists_in([record.values.get(cell.field.name) for record in records])
            ids = sorted({value.id for value in values if value.id is not None})
            known: dict[int, Any] = {}
            for start in range(0, len(ids), PAGE):
                part = ids[start : start + PAGE]
                query = Query(filters={"id": part}, fields=(cell.of.name,), limit=PAGE)
                for found in self.reader.page(self.actor, target.name, query).items:
                    known[found.id] = found.values.get(cell.of.name)
            sheet.named[cell.field.name, cell.of.name] = known

    def _cells(self, definition: Object, wanted: Sequence[str] = ()) -> tuple[Cell, ...]:
        lens = self._lens(definition.name)
        headers = _headers(definition, lens, self.order.labels)
        cells: list[Cell] = []
        for found in definition.fields.values():
            beside = isinstance(found.type, Collection) and not isinstance(found.type, Links)
            skipped = found.name in LEFT_OUT or beside
            if skipped or isinstance(found.type, Composite) or not lens.may_show(found.name):
                continue  # of a composite its parts
            if wanted and found.name not in (*wanted, own_key(definition)):
                continue
            if found.name == "id" and own_key(definition) != "id":
                continue
            if isinstance(found.type, Links):
                cells += self._link_cells(found, headers[found.name])[:1]
            elif isinstance(found.type, Link):
                cells += self._link_cells(found, headers[found.name])
            else:
                cells.append(Cell(headers[found.name], found))
        return tuple(cells)

    def _link_cells(self, link: Field, header: str) -> list[Cell]:
        """The column that names the linked record, and its title for people."""
        assert isinstance(link.type, Link | Links)
        target = self.reader.gate.catalog.objects[link.type.to]
        lens = self._lens(target.name)
        key = link_key(target)
        if not lens.may_read(key):
            key = "id"
        cells = [Cell(header, link, target.fields[key])]
        if key != target.title and lens.may_read(target.title):
            title = target.fields[target.title]
            cells.append(Cell(f"{link.name}.{title.name}", link, title))
        return cells

    def _line_cells(self, child: Object) -> tuple[Cell, ...]:
        return tuple(c for c in self._cells(child) if c.field.name != child.parent)

    def _child(self, lines: Field) -> Object:
        assert isinstance(lines.type, Lines)
        return self.reader.gate.catalog.objects[lines.type.of]

    def _lens(self, object: str) -> Lens:
        roles = None if self.actor.is_system else self.actor.roles
        return self.reader.gate.lenses.lens(object, roles)


def _described(name: str, sheet: _Sheet) -> Sheet:
    headers = [cell.header for cell in sheet.cells]
    parent = sheet.definition.parent
    return Sheet(name, [parent, *headers] if parent else headers)


def _headers(definition: Object, lens: Lens, locale: str) -> Mapping[str, str]:
    """The heading of each field: its label if that stands for this field alone, else its name."""
    names = {name: name for name in definition.fields}
    if not locale:
        return names
    taken: dict[str, int] = {}
    for found in definition.fields.values():
        if lens.may_read(found.name):
            for label in {fold(text) for text in found.label.by_locale.values()}:
                taken[label] = taken.get(label, 0) + 1
    for name, found in definition.fields.items():
        label = found.label.in_(locale)
        if taken.get(fold(label)) == 1 and (label == name or label not in definition.fields):
            names[name] = label
    return names


def labelled(field: Field, value: Any, locale: str) -> Any:
    """The label of options, or yes or no; the value itself where the label stands for another."""
    text = field.type.format(value, locale)
    try:
        return text if field.type.read(text) == value else value
    except Refusal:
        return value


def _link_value(sheet: _Sheet, cell: Cell, linked: Linked) -> Any:
    assert cell.of is not None
    if linked.restricted:
        return RESTRICTED
    if cell.of.name == "id":
        return linked.id
    named = sheet.named.get((cell.field.name, cell.of.name))
    if named is None:
        return linked.title
    return named.get(linked.id or 0) or f"#{linked.id}"


def _as_text(cell: Cell, value: Any) -> bool:
    """Several options or tags are one text, as are files and masks of secrets; links are named by
    text already."""
    return isinstance(value, tuple | FileRef | Masked) and not isinstance(cell.field.type, Link)
