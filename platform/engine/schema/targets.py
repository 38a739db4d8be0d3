"""What a plan leads to, and what is to be computed on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from engine.schema.differences import Plain
from engine.schema.state import Keys
from engine.schema.tables import Tables


@dataclass(frozen=True, kw_only=True)
class Target:
    """What shall be: tables of a keyed catalog, and the definitions that they come from.

    `definitions` are compared, `stored` is the text that goes into the database. `extra` are
    tables of others (accounts), which are created when missing and otherwise left alone.
    """

    tables: Tables
    definitions: Plain
    stored: str
    keys: Keys
    extra: tuple[sa.MetaData, ...] = ()


@dataclass(frozen=True, slots=True)
class Fill:
    """A column of existing records that has to be computed; `column` is physical.

    Without a column the field itself stands as it was, but what is computed from it means
    something else now. Without a field it is the search grams.
    """

    object: str
    field: str
    column: str


Filling = Callable[[sa.Connection, Tables, Sequence[Fill]], None]
"""Computes columns of existing records, inside the transaction that publishes."""
