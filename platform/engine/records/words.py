"""The words of a search as conditions (rule 26): grams, exact recheck, readable fields only."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Object
from engine.expressions.folding import fold
from engine.fieldtypes.link import Link
from engine.fieldtypes.phone import typed_digits
from engine.fieldtypes.text import TextType
from engine.problems import Refusal
from engine.records.listing import Builder
from engine.records.viewing import refuse_words
from engine.schema.searching import match
from engine.schema.tables import GRAMS

MOST_WORDS = 8


def word_conditions(builder: Builder, text: str, parameters: dict[str, Any]) -> None:
    """Adds the condition that every word stands in some searched text the roles may read.

    A telephone number is found by its digits as well, however they were grouped.
    Raises Refusal for characters that no text can hold.
    """
    refuse_words(builder.definition)
    try:
        words = fold(TextType(multiline=True).read(text) or "").split()[:MOST_WORDS]
    except Refusal as refusal:
        raise Refusal(*(problem.on("q") for problem in refusal.problems)) from None
    found = [_somewhere(builder, word, f"w_{n}", parameters) for n, word in enumerate(words)]
    digits = typed_digits(text)
    if digits and words != [digits]:
        dialled = _somewhere(builder, digits, "w_digits", parameters)
        found = [sa.or_(sa.and_(*found), dialled)]
    builder.conditions += found


def _somewhere(
    builder: Builder, word: str, parameter: str, parameters: dict[str, Any]
) -> sa.ColumnElement[bool]:
    """Whether the word stands in a searched text of the record, or of one that it links to."""
    parameters[parameter] = word
    ways = [_own(builder, word, parameter)]
    for link, names in _linked_fields(builder.definition).items():
        ids = _linked(builder, link, names, word, parameter)
        if ids is not None:
            ways.append(builder.value(builder.definition.fields[link]).in_(ids))
    return sa.or_(*ways)


def contains_word(
    column: sa.ColumnElement[Any], parameter: str, dialect: str
) -> sa.ColumnElement[bool]:
    """Whether a folded text contains the word exactly."""
    word = sa.bindparam(parameter, type_=column.type)
    position = sa.func.instr(column, word) if dialect == "sqlite" else sa.func.strpos(column, word)
    return position > 0


def _own(builder: Builder, word: str, parameter: str) -> sa.ColumnElement[bool]:
    dialect = builder.gate.dialect
    texts = _texts(builder, builder.definition, builder.source, parameter)
    if not texts:
        return sa.false()
    if GRAMS not in builder.source.c:
        return sa.or_(*texts)
    candidates = match(builder.gate.tables, builder.definition.name, word, dialect, builder.source)
    return sa.and_(candidates, sa.or_(*texts))


def _texts(
    builder: Builder, definition: Object, source: sa.FromClause, parameter: str
) -> list[sa.ColumnElement[bool]]:
    lens = builder.gate.lenses.lens(definition.name, builder.roles)
    texts = []
    for name in definition.search:
        if "." in name or not lens.may_read(name):
            continue
        field = definition.fields[name]
        if not field.folded:
            continue
        column = builder.view.masked(definition.name, name, source.c[field.folded], source)
        texts.append(contains_word(column, parameter, builder.gate.dialect))
    return texts


def _linked_fields(definition: Object) -> dict[str, list[str]]:
    """Searched fields of linked records: link to names, one step deep."""
    found: dict[str, list[str]] = {}
    for path in definition.search:
        link, _, name = path.partition(".")
        if name and "." not in name and isinstance(definition.fields[link].type, Link):
            found.setdefault(link, []).append(name)
    return found


def _linked(
    builder: Builder, link: str, names: list[str], word: str, parameter: str
) -> sa.Select[Any] | None:
    """Linked records with the word in one of `names`, as far as the roles may read them."""
    if not builder.lens.may_read(link):
        return None
    type_ = builder.definition.fields[link].type
    assert isinstance(type_, Link)
    target: Object = builder.gate.catalog.objects[type_.to]
    inner = Builder(builder.gate, target, builder.roles, builder.binds, alias="u")
    source = inner.source
    if not inner.lens.may("read"):
        return None
    inner.restrict("read", False)
    texts = [
        contains_word(
            inner.view.masked(target.name, name, source.c[field.folded], source),
            parameter, builder.gate.dialect,
        )
        for name in names
        if (field := target.fields[name]).folded and inner.lens.may_read(name)
    ]  # fmt: skip
    if not texts:
        return None
    if GRAMS in source.c:
        tables, dialect = builder.gate.tables, builder.gate.dialect
        inner.conditions.append(match(tables, target.name, word, dialect, source))
    return sa.select(source.c.id).where(*inner.conditions, sa.or_(*texts))
