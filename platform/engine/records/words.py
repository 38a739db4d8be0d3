"""The words of a search as conditions (rule 26): grams, exact recheck, readable fields only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.definition.objects import Object
from engine.expressions import Context
from engine.expressions.folding import fold
from engine.fieldtypes.link import Link
from engine.permissions.actors import Actor
from engine.records.listing import Builder
from engine.schema.searching import match

if TYPE_CHECKING:
    from engine.records.reading import Reader

MOST_LINKED = 200
"""Linked records by whose words a list is searched; a more common word finds its own texts only."""
MOST_WORDS = 8


def word_conditions(
    reader: Reader,
    builder: Builder,
    connection: sa.Connection,
    actor: Actor,
    context: Context,
    text: str,
    parameters: dict[str, Any],
) -> None:
    """Adds the condition that every word stands in some searched text the roles may read."""
    for number, word in enumerate(fold(text).split()[:MOST_WORDS]):
        parameter = f"w_{number}"
        parameters[parameter] = word
        ways = [_own(builder, word, parameter)]
        for link, names in _linked_fields(builder.definition).items():
            ids = _linked_ids(builder, connection, actor, context, link, names, word)
            if ids:
                found = builder.readable(link, "q")
                ways.append(builder.value(found).in_(ids))
        builder.conditions.append(sa.or_(*ways))


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
    if "grams" not in builder.source.c:
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


def _linked_ids(
    builder: Builder,
    connection: sa.Connection,
    actor: Actor,
    context: Context,
    link: str,
    names: list[str],
    word: str,
) -> list[int]:
    """Linked records with the word in one of `names`, as far as the roles may read them."""
    if not builder.lens.may_read(link):
        return []
    type_ = builder.definition.fields[link].type
    assert isinstance(type_, Link)
    target: Object = builder.gate.catalog.objects[type_.to]
    inner = Builder(builder.gate, target, builder.roles)
    if not inner.lens.may("read"):
        return []
    inner.restrict("read", False)
    texts = [
        contains_word(
            inner.view.masked(target.name, name, inner.source.c[field.folded], inner.source),
            "word_", builder.gate.dialect,
        )
        for name in names
        if (field := target.fields[name]).folded and inner.lens.may_read(name)
    ]  # fmt: skip
    if not texts:
        return []
    if "grams" in inner.source.c:
        inner.conditions.append(
            match(builder.gate.tables, target.name, word, builder.gate.dialect, inner.source)
        )
    statement = (
        sa.select(inner.source.c.id).where(*inner.conditions, sa.or_(*texts)).limit(MOST_LINKED)
    )
    parameters = inner.binds.values(actor, context) | {"word_": word}
    return list(connection.execute(statement, parameters).scalars())
