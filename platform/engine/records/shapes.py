"""How an object's rows travel between the database and the gate: worked out once per revision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pypinyin import lazy_pinyin

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.expressions.folding import fold
from engine.fieldtypes.choice import Choice, Choices
from engine.schema.searching import grams
from engine.schema.tables import DELETED, GRAMS, POSITION, Tables

Row = dict[str, Any]


def sort_key(text: str) -> str:
    """The text's place in the order people expect: Chinese by pinyin, then the text itself."""
    if text.isascii():
        return fold(text)
    return fold(" ".join(lazy_pinyin(text)))


@dataclass(frozen=True, eq=False)
class Shape:
    """An object's table with its translations.

    `names` are the fields in the order of `columns`. `hidden` are columns that are no fields
    (line position, deletion of lines). `renamed` translates stored option keys to names.
    """

    definition: Object
    table: sa.Table
    names: tuple[str, ...]
    columns: tuple[sa.Column[Any], ...]
    decode: Mapping[str, Callable[[Any], Any]]
    encode: Mapping[str, Callable[[Any], Any]]

    def select_columns(self, source: sa.FromClause) -> list[sa.ColumnElement[Any]]:
        """The columns of an alias, labelled with the fields' names."""
        return [source.c[c.name].label(n) for n, c in zip(self.names, self.columns, strict=True)]

    def row(self, values: Iterable[Any]) -> Row:
        """A row by field names from the values of `select_columns`."""
        row = dict(zip(self.names, values, strict=False))
        for name, decode in self.decode.items():
            row[name] = decode(row[name])
        return row

    def stored(self, row: Row, names: Iterable[str]) -> dict[str, Any]:
        """Column values for these fields, with their folded forms, sort keys and grams."""
        columns: dict[str, Any] = {}
        fields = self.definition.fields
        search_touched = False
        for name in names:
            field = fields.get(name)
            value = row.get(name)
            if field is None:  # a hidden column
                columns[name] = value
                continue
            columns[field.column] = self.encode[name](value) if name in self.encode else value
            if field.folded:
                columns[field.folded] = None if value is None else fold(value)
            if name == self.definition.title and f"{field.column}__s" in self.table.c:
                columns[f"{field.column}__s"] = None if value is None else sort_key(value)
            search_touched = search_touched or name in self.definition.search
        if search_touched and GRAMS in self.table.c:
            columns[GRAMS] = self.grams(row)
        return columns

    def grams(self, row: Row) -> tuple[str, ...]:
        """The search grams of the row's own searched texts."""
        found: dict[str, None] = {}
        for name in self.definition.search:
            value = row.get(name) if "." not in name else None
            if value:
                found.update(dict.fromkeys(grams(fold(value))))
        return tuple(found)


def make_shapes(catalog: Catalog, tables: Tables) -> dict[str, Shape]:
    """The shapes of all objects."""
    return {name: _shape(o, tables.table(name)) for name, o in catalog.objects.items()}


def _shape(definition: Object, table: sa.Table) -> Shape:
    names = [field.name for field in definition.stored_fields]
    columns = [table.c[field.column] for field in definition.stored_fields]
    if definition.parent:
        names += [POSITION, DELETED]
        columns += [table.c[POSITION], table.c[DELETED]]
    decode: dict[str, Callable[[Any], Any]] = {}
    encode: dict[str, Callable[[Any], Any]] = {}
    for field in definition.stored_fields:
        translation = _renamed(field)
        if translation:
            decode[field.name], encode[field.name] = translation
    return Shape(definition, table, tuple(names), tuple(columns), decode, encode)


def _renamed(field: Field) -> tuple[Callable[[Any], Any], Callable[[Any], Any]] | None:
    """Translations between option names and keys, where an option was ever renamed (rule 1)."""
    if not isinstance(field.type, Choice):
        return None
    keys = {name: key for name, key in field.type.keys.items() if name != key}
    if not keys:
        return None
    names = {key: name for name, key in keys.items()}
    if isinstance(field.type, Choices):
        return (
            lambda value: value and tuple(names.get(v, v) for v in value),
            lambda value: value and tuple(keys.get(v, v) for v in value),
        )
    return lambda value: names.get(value, value), lambda value: keys.get(value, value)
