"""Search in any language, without extensions: by grams (rule 26).

1. A record's searched text is folded and cut into words; each word gives its single characters
   and its pairs of neighbouring characters: its grams. The gate writes them with the record.
2. A query's words give grams alike; a record that has all of them is a candidate. Pairs imply
   their characters, so a word of two and more asks for its pairs only.
3. Candidates still need an exact recheck: "abc" and "bca ab" share all pairs of "abca".

PostgreSQL keeps the grams in the row's `grams` column under a GIN index. SQLite keeps them in an
FTS5 table beside it, each gram as the hexadecimal digits of its bytes: FTS5 would cut it up.
"""

from __future__ import annotations

import functools
import operator
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.sql.elements import ColumnElement

from engine.expressions.folding import fold
from engine.expressions.sqltypes import Names
from engine.schema.steps import statement
from engine.schema.structure import SEARCH_SUFFIX
from engine.schema.tables import GRAMS, Tables

MOST_GRAMS = 5_000
"""Grams kept of one record; a long note is searchable by its beginning."""
MOST_ASKED = 40
"""Grams asked for in one query; the recheck sees to the rest."""
_ASCII_WORD = re.compile("[A-Za-z0-9]+")


def grams(folded_text: str) -> tuple[str, ...]:
    """The grams of a folded text, each once, at most `MOST_GRAMS`."""
    found: dict[str, None] = {}
    for word in _words(folded_text):
        found.update(dict.fromkeys(word))
        found.update(dict.fromkeys(map(operator.add, word, word[1:])))
        if len(found) >= MOST_GRAMS:
            break
    return tuple(found)[:MOST_GRAMS]


def asked_grams(words: str) -> tuple[str, ...]:
    """The grams that a record must have to match `words` (as typed; any number of words)."""
    asked: dict[str, None] = {}
    for word in _words(fold(words)):
        asked.update(dict.fromkeys(_pairs(word) if len(word) > 1 else word))
    return tuple(asked)[:MOST_ASKED]


def tokens(of: Sequence[str]) -> str:
    """Grams in the form that SQLite's search tables hold and are asked for."""
    return " ".join(map(_token, of))


@functools.lru_cache(maxsize=65_536)
def _token(gram: str) -> str:
    return gram.encode().hex()


def match(
    tables: Tables, object: str, words: str, dialect: str, source: sa.FromClause
) -> ColumnElement[bool]:
    """The condition that the record of `source`, an alias of the object's table, may match.

    It is true of every record when `words` hold nothing to search for.
    """
    asked = asked_grams(words)
    if not asked:
        return sa.true()
    if dialect == "postgresql":
        wanted = sa.bindparam(None, asked, type_=Names(), unique=True)
        return source.c[GRAMS].op("@>", is_comparison=True)(wanted)
    search = _search_table(tables.table(object))
    whole: ColumnElement[str] = sa.literal_column(f'"{search.name}"')
    found = sa.select(search.c.rowid).where(whole.op("MATCH")(tokens(asked)))
    return source.c.id.in_(found)


@dataclass(frozen=True, slots=True)
class SearchStatements:
    """What keeps a search table up to date, beside the record; parameters `id` and `tokens`.

    `write` serves a new record and a changed one alike.
    """

    write: sa.Executable
    delete: sa.Executable


def search_statements(tables: Tables, object: str, dialect: str) -> SearchStatements | None:
    """The statements for SQLite; None where the row itself holds the grams, or has none."""
    table = tables.table(object)
    if dialect == "postgresql" or GRAMS not in table.c:
        return None
    search = _search_table(table)
    write = (
        sa.insert(search)
        .prefix_with("OR REPLACE")
        .values(rowid=sa.bindparam("id"), grams=sa.bindparam("tokens"))
    )
    return SearchStatements(write, sa.delete(search).where(search.c.rowid == sa.bindparam("id")))


def search_table_names(tables: Sequence[sa.Table], dialect: str) -> dict[str, str]:
    """The search tables that `tables` need, by the table that they serve."""
    if dialect != "sqlite":
        return {}
    return {t.name: f"{t.name}{SEARCH_SUFFIX}" for t in tables if GRAMS in t.c}


def create_search_table(name: str) -> ops.ExecuteSQLOp:
    """What creates a search table; it keeps no positions and no lengths, which nobody asks for."""
    quoted = name.replace('"', '""')
    return statement(
        f'CREATE VIRTUAL TABLE "{quoted}" USING fts5'
        f"({GRAMS}, tokenize='ascii', detail=none, columnsize=0)"
    )


def _search_table(table: sa.Table) -> sa.TableClause:
    return sa.table(
        f"{table.name}{SEARCH_SUFFIX}",
        sa.column("rowid", sa.Integer),
        sa.column(GRAMS, sa.Text),
    )


def _words(text: str) -> Iterator[str]:
    """Runs of letters, marks and digits; everything else separates."""
    if text.isascii():
        yield from _ASCII_WORD.findall(text)
        return
    word: list[str] = []
    for character in text:
        if unicodedata.category(character)[0] in "LMN":
            word.append(character)
        elif word:
            yield "".join(word)
            word = []
    if word:
        yield "".join(word)


def _pairs(word: str) -> list[str]:
    return list(map(operator.add, word, word[1:]))
