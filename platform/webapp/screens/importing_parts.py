"""The second step of an import: the columns of a file held against the fields of an object."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from engine.definition.objects import Field, Object
from engine.expressions.folding import fold
from engine.fieldtypes.composite import Composite
from engine.fieldtypes.link import Lines, Link
from engine.problems import Refusal
from exchange.guessing import guess_mapping
from exchange.mapping import KIND, Column, ImportMapping
from exchange.mapping_checks import takes_input
from exchange.naming import link_key
from exchange.sources import Source
from exchange.translating import as_text
from webapp.screens.here import Here

SAMPLES = 3
"""Rows that are shown of a file."""
KEYS = ("id", "number")
"""Fields that only tell which record a row is about."""
BY_HAND = "by_hand"
"""What a mapping is called that somebody made on the screen."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A field that a column can go into; `value` is "field", or "link.field to find it by"."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Head:
    """One column of the file: its name, its first cells, the field that it goes into."""

    number: int
    name: str
    samples: list[str]
    chosen: str
    matches: bool


def heads_of(
    at: Here, definition: Object, source: Source, mapping: ImportMapping | None,
    typed: MultiDict[str, str] | None = None,
) -> list[Head]:  # fmt: skip
    """The columns of a file as guessed, as a saved mapping has them, or as typed before."""
    rows = [row.cells for row in itertools.islice(source.rows(), SAMPLES)]
    choices = choices_of(at, definition, mapping)
    known = {choice.value for choice in choices}
    taken: set[str] = set()
    heads = []
    for number, name in enumerate(source.columns):
        column, match = _column(at, definition, source, name, mapping)
        value = value_of(column) or (_likely(at, definition, name, choices) if not mapping else "")
        if typed is not None:
            value = typed.get(f"column.{number}", "")
            match = (column.field,) if f"match.{number}" in typed and column else ()
        field = value.partition(".")[0]
        if value not in known or (field in taken and typed is None):
            value, match = "", ()
        taken.add(field)
        samples = [as_text(row[number]) if number < len(row) else "" for row in rows]
        ticked = typed is not None and f"match.{number}" in typed
        heads.append(Head(number, name, samples, value, ticked or field in match))
    return heads


def _column(
    at: Here, definition: Object, source: Source, name: str, mapping: ImportMapping | None
) -> tuple[Column | None, Sequence[str]]:
    if mapping is not None:
        return mapping.columns.get(name), mapping.match
    lens = at.lens(definition.name)
    try:
        guessed = guess_mapping(replace(source, columns=(name,)), at.catalog, lens, at.actor.roles)
    except Refusal:
        return None, ()
    return guessed.columns[name], guessed.match


def _likely(at: Here, definition: Object, name: str, choices: Sequence[Choice]) -> str:
    """The one field of whose label the column's name is a part, or the other way round."""
    wanted = fold(name)
    found: dict[str, str] = {}
    for choice in choices:
        field = choice.value.partition(".")[0]
        labels = [fold(str(text)) for text in definition.fields[field].label.by_locale.values()]
        if any(len(min(wanted, label, key=len)) > 1 and (wanted in label or label in wanted)
               for label in labels):  # fmt: skip
            found.setdefault(field, choice.value)
    return next(iter(found.values())) if len(found) == 1 else ""


def value_of(column: Column | None) -> str:
    """The choice that a column stands for."""
    if column is None or not column.field:
        return ""
    return f"{column.field}.{column.find}" if column.find else column.field


def choices_of(at: Here, definition: Object, mapping: ImportMapping | None = None) -> list[Choice]:
    """What a column can go into: fields that the actor may write, and those that name a record;
    besides whatever a saved mapping says."""
    lens = at.lens(definition.name)
    found = []
    for field in definition.fields.values():
        key = field.name in KEYS and lens.may_read(field.name)
        if key:
            found.append(Choice(field.name, at.t("import_key", field=at.say(field.label))))
        if isinstance(field.type, Lines) or not takes_input(field, False):
            continue
        if not lens.may_write(field.name) or key:
            continue
        if isinstance(field.type, Link):
            found += _links(at, field, field.type)
        else:
            found.append(Choice(field.name, at.say(field.label)))
    known = {choice.value for choice in found}
    for column in mapping.columns.values() if mapping else ():
        value = value_of(column)
        if value and value not in known:
            found.append(Choice(value, _label(at, definition, column)))
            known.add(value)
    return found


def _label(at: Here, definition: Object, column: Column) -> str:
    """What a column of a saved mapping goes into."""
    field = definition.fields[column.field]
    if not column.find or not isinstance(field.type, Link):
        return at.say(field.label)
    by = at.catalog.objects[field.type.to].fields[column.find]
    return at.t("import_link", field=at.say(field.label), by=at.say(by.label))


def _links(at: Here, field: Field, link: Link) -> list[Choice]:
    """A link, once for each field by which its record can be found."""
    target = at.catalog.objects[link.to]
    lens = at.lens(target.name)
    unique = [f.name for f in target.fields.values() if f.unique and f.stored and f.type.textual]
    names = dict.fromkeys((link_key(target), target.title, "number", *unique, "id"))
    return [
        Choice(
            f"{field.name}.{name}",
            at.t("import_link", field=at.say(field.label), by=at.say(target.fields[name].label)),
        )
        for name in names
        if name in target.fields and target.fields[name].stored and lens.may_read(name)
    ]


def mappings_of(at: Here, definition: Object) -> Mapping[str, ImportMapping]:
    """The saved mappings that fill the object."""
    known: Mapping[str, ImportMapping] = at.catalog.of(KIND)
    return {name: one for name, one in known.items() if one.object == definition.name}


def mapping_plain(
    definition: Object, source: Source, saved: ImportMapping | None, typed: MultiDict[str, str]
) -> dict[str, Any]:
    """The mapping that was put together, as plain data; what a saved one knows besides stays."""
    columns: dict[str, Any] = {}
    match: list[str] = []
    for number, name in enumerate(source.columns):
        field, _, find = typed.get(f"column.{number}", "").partition(".")
        known = saved.columns.get(name) if saved else None
        if not field:
            columns[name] = None
            continue
        if known is not None and (known.field, known.find) == (field, find) and known.source:
            columns[name] = known.source.to_plain()
        else:
            columns[name] = {"field": field, "find": find} if find else field
        if f"match.{number}" in typed and field not in match:
            match.append(field)
    plain: dict[str, Any] = {"mapping": BY_HAND, "object": definition.name, "columns": columns}
    # a field of which nothing can be written only tells which record is meant
    match += [name for name in KEYS if name in columns.values() and name not in match]
    if saved is not None:  # what no column of its own says, the saved mapping does
        own = {column.field for column in saved.columns.values()}
        match += [name for name in saved.match if name not in own and name not in match]
    if match:
        plain["match"] = match
    if saved is not None:
        plain |= {"constants": dict(saved.constants)} if saved.constants else {}
        plain |= {"historical": True} if saved.historical else {}
    return plain


def template_headers(at: Here, definition: Object) -> list[str]:
    """The first row of an empty file: labels that stand for one field alone, else names."""
    lens = at.lens(definition.name)
    readable = [f for f in definition.fields.values() if lens.may_read(f.name)]
    folded = [fold(text) for f in readable for text in {str(t) for t in f.label.by_locale.values()}]
    headers = []
    for field in readable:
        if isinstance(field.type, Lines | Composite) or not takes_input(field, False):
            continue
        if not lens.may_write(field.name):
            continue
        label = at.say(field.label)
        own = {fold(str(text)) for text in field.label.by_locale.values()}
        alone = folded.count(fold(label)) == 1 or len(own) < len(field.label.by_locale)
        clashes = label in definition.fields and label != field.name
        headers.append(label if alone and not clashes else field.name)
    return headers
