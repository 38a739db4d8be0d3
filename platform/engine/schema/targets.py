"""What a plan leads to, and what is to be computed on the way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as field_
from typing import Any, Protocol

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.schema.backfilling import Ahead, Journal, Pass
from engine.schema.differences import Plain
from engine.schema.state import Keys
from engine.schema.tables import Tables


@dataclass(frozen=True, kw_only=True)
class Target:
    """What shall be: tables of a keyed catalog, and the definitions that they come from.

    `definitions` are compared, `stored` is the text that goes into the database. `extra` are
    tables of others (accounts), which are created when missing and otherwise left alone.
    `converted` are the fields (object, field) whose values go to a column of another type,
    `rewritten` those whose values go to a new column of the same type, written anew on the way.
    `compared` are the definitions with the names that things have now under `was:`, where the
    way to the target is a way back: they are only compared. `layers` gives what the revision keeps
    of the layers that the definitions were merged from.
    """

    tables: Tables
    definitions: Plain
    stored: str
    keys: Keys
    extra: tuple[sa.MetaData, ...] = ()
    converted: frozenset[tuple[str, str]] = frozenset()
    rewritten: frozenset[tuple[str, str]] = frozenset()
    compared: Plain | None = None
    layers: Callable[[sa.Connection], str] = lambda connection: ""


@dataclass(frozen=True, slots=True)
class Fill:
    """A column of existing records that has to be computed; `column` is physical.

    Without a column the field itself stands as it was, but what is computed from it means
    something else now. Without a field it is the search grams.
    """

    object: str
    field: str
    column: str


@dataclass(frozen=True, kw_only=True)
class Fix:
    """Values of existing records that publishing writes anew, as the definitions say.

    `kind`: "convert" reads what `former` (the field as it was) holds in its column and writes it
    to the field; "replace" exchanges options and tags (stored value to new name, None: none);
    "default" fills what is empty; "return" takes back what applying wrote. A `strict` conversion
    was shown to lose nothing. `source` is the field on the column that it has until then, where
    what it holds goes to a new column of the same type.
    """

    kind: str
    object: str
    field: str
    former: Field | None = None
    replaced: Mapping[str, str | None] = field_(default_factory=dict)
    strict: bool = False
    source: Field | None = None
    settings: Mapping[str, Any] = field_(default_factory=dict)


class Filling(Protocol):
    """Fixes and computes columns of existing records."""

    def __call__(
        self,
        connection: sa.Connection,
        tables: Tables,
        fills: Sequence[Fill],
        fixes: Sequence[Fix],
        done: Collection[Pass] = (),
    ) -> int | None:
        """Everything that is not `done` already, in the transaction that publishes.

        Returns the batch that what was fixed is audited in, None where nothing was to fix.
        """

    def ahead(
        self,
        tables: Tables,
        fills: Sequence[Fill],
        fixes: Sequence[Fix],
        fresh: Collection[tuple[str, str]],
    ) -> Ahead | None:
        """What of it can be computed before, in columns (table, column) that are `fresh`."""

    def tell(self, connection: sa.Connection, journal: Journal) -> int:
        """Writes to the audit some of what was converted before; returns how much."""
