"""How an object's rows travel between the database and the gate: worked out once per revision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as with_default
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.expressions.folding import fold
from engine.fieldtypes.choice import Choice, Choices
from engine.fieldtypes.file import File
from engine.records.sealing import opener, sealer, secret_fields
from engine.schema.searching import MOST_GRAMS, grams
from engine.schema.tables import DELETED, GRAMS, POSITION, Tables
from engine.vault import Vault

Row = dict[str, Any]


def sort_key(text: str) -> str:
    """The text's place in the order people expect: Chinese by pinyin, then the text itself.

    Each character by its most frequent reading: telling the readings of 重 apart takes a
    dictionary of phrases and far longer, for a place that is near enough.
    """
    if text.isascii():
        return fold(text)
    return fold(" ".join("".join(map(_reading, text)).split()))


@lru_cache(maxsize=32_768)
def _reading(character: str) -> str:
    """A Chinese character's reading, apart from what stands beside it; any other as it is."""
    if character.isascii():
        return character
    from pypinyin import lazy_pinyin  # loads its dictionaries, for half a second

    reading = str(lazy_pinyin(character)[0])
    return character if reading == character else f" {reading} "


class _Storing(NamedTuple):
    """How one field is stored: its column and what is kept beside it."""

    column: str
    encode: Callable[[Any], Any] | None = None
    folded: str = ""
    sorted: str = ""
    searched: bool = False


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
    openers: tuple[Callable[[Row], None], ...] = ()
    sealers: Mapping[str, Callable[[Row], dict[str, Any]]] = with_default(default_factory=dict)

    def select_columns(self, source: sa.FromClause) -> list[sa.ColumnElement[Any]]:
        """The columns of an alias, labelled with the fields' names."""
        return [source.c[c.name].label(n) for n, c in zip(self.names, self.columns, strict=True)]

    def row(self, values: Iterable[Any]) -> Row:
        """A row by field names from the values of `select_columns`."""
        row = dict(zip(self.names, values, strict=False))
        for name, decode in self.decode.items():
            row[name] = decode(row[name])
        for open_ in self.openers:
            open_(row)
        return row

    def stored(self, row: Row, names: Iterable[str]) -> dict[str, Any]:
        """Column values for these fields, with their folded forms, sort keys and grams."""
        columns: dict[str, Any] = {}
        search_touched = False
        for name in names:
            if name in self.sealers:
                columns |= self.sealers[name](row)
                continue
            value = row.get(name)
            column, encode, folded, sorted_, searched = self._storing[name]
            columns[column] = value if encode is None else encode(value)
            if folded:
                columns[folded] = None if value is None else fold(value)
            if sorted_:
                columns[sorted_] = None if value is None else sort_key(value)
            search_touched = search_touched or searched
        if search_touched:
            columns[GRAMS] = self.grams(row)
        return columns

    @cached_property
    def _storing(self) -> dict[str, _Storing]:
        """How each field is stored, worked out once."""
        return {name: self._stored_as(name) for name in self.names}

    def _stored_as(self, name: str) -> _Storing:
        field = self.definition.fields.get(name)
        if field is None:  # a hidden column
            return _Storing(name)
        key = f"{field.column}__s"
        return _Storing(
            column=field.column,
            encode=self.encode.get(name),
            folded=field.folded,
            sorted=key if name == self.definition.title and key in self.table.c else "",
            searched=name in self.definition.search and GRAMS in self.table.c,
        )

    def grams(self, row: Row) -> tuple[str, ...]:
        """The search grams of the row's own searched texts."""
        texts = [fold(value) for name in self.definition.search if (value := row.get(name))]
        if 2 * sum(map(len, texts)) <= MOST_GRAMS:  # no text can push out another's grams
            return grams(" ".join(texts))
        return tuple(dict.fromkeys(gram for text in texts for gram in grams(text)))


def make_shapes(catalog: Catalog, tables: Tables, vault: Vault) -> dict[str, Shape]:
    """The shapes of all objects; secrets are opened and sealed with the keys of `vault`."""
    return {name: _shape(o, tables.table(name), vault) for name, o in catalog.objects.items()}


def _shape(definition: Object, table: sa.Table, vault: Vault) -> Shape:
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
    secrets = secret_fields(definition)
    openers = tuple(opener(definition, secret, vault) for secret in secrets)
    sealers = {secret.name: sealer(definition, secret, vault) for secret in secrets}
    return Shape(definition, table, tuple(names), tuple(columns), decode, encode, openers, sealers)


def _renamed(field: Field) -> tuple[Callable[[Any], Any], Callable[[Any], Any]] | None:
    """Translations between option names and keys, where an option was ever renamed (rule 1), and
    of lists of files, whose ids stand as texts."""
    if isinstance(field.type, File) and field.type.multiple:
        return (
            lambda value: value and tuple(int(id) for id in value),
            lambda value: value and tuple(str(id) for id in value),
        )
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
