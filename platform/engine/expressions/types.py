"""What kinds of value the expression language knows, and what it asks of its surroundings.

The language stands below objects and fields: a `Names` tells it which members an object has,
a `View` gives it tables and columns. Both are implemented by rooms above.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

if TYPE_CHECKING:
    from engine.expressions.language import Expression


class Kind(StrEnum):
    """The kinds of value."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"  # a point in time, UTC
    DURATION = "duration"
    CHOICE = "choice"  # one of declared options, written as its name
    CHOICES = "choices"  # several of them
    RECORD = "record"  # a link to one record
    RECORDS = "records"  # lines, or records that link here
    LIST = "list"  # a literal list: ["won", "lost"]
    FILE = "file"  # an uploaded file, or several: only whether there is one can be asked
    SECRET = "secret"  # sealed: only whether there is one can be asked
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Type:
    """The type of an expression or a member.

    `scale` is the number of decimals of a NUMBER. `unit` is "" for a plain number, "money" or
    "percent"; for a DURATION it is "days" (exact: weeks, days), "seconds" (exact: hours,
    minutes) or "months" (calendar: months, years). `object` names the object of RECORD and
    RECORDS. `options` are the names allowed for CHOICE and CHOICES. `item` is the element type
    of a LIST.
    """

    kind: Kind
    scale: int = 0
    unit: str = ""
    object: str = ""
    options: tuple[str, ...] = ()
    item: Type | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """A constant that every option of a choice carries: `stage.probability`.

    `values` maps the option's name to its value (None: empty).
    """

    type: Type
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sought:
    """How a secret is found by its value.

    `digests` gives those under which a value may stand in the member's folded column, `rows` the
    condition under which a row of an alias may be looked into, or None for always.
    """

    digests: Callable[[Any], tuple[str, ...]]
    rows: Callable[[sa.FromClause], sa.ColumnElement[bool] | None]


@dataclass(frozen=True, slots=True)
class Member:
    """A name that can stand after an object's dot.

    `column` is the physical column (empty for RECORDS and virtual formulas), `folded` the
    column with its folded text, if there is one. A virtual `formula` is compiled in place.
    `keys` maps option names to the stored values (names can change, keys never do).
    `via` is, for RECORDS, the member of the other object that links back here. RECORDS that the
    record itself names stand in the join table `join` (columns `from_id`, `to_id`). `currency`
    is the path to the currency of an amount that is not in the company's. `normal` brings a text
    into the form that the member is stored in, or refuses it. A secret that may be looked for has
    `sought`.
    """

    name: str
    type: Type
    column: str = ""
    folded: str = ""
    formula: Expression | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    via: str = ""
    join: str = ""
    currency: str = ""
    normal: Callable[[Any], Any] | None = None
    sought: Sought | None = None


class Names(Protocol):
    """What members each object has."""

    def member(self, object: str, name: str) -> Member | None:
        """The member of that name, or None.

        Members of the object "" are the settings objects, each a RECORD under its own name.
        """

    def members(self, object: str) -> Iterable[str]:
        """All names, for suggestions."""

    def tree(self, object: str) -> str:
        """The link that makes the object a tree (its `type: parent`), or an empty string."""

    @property
    def user_object(self) -> str:
        """The object whose records are people: the type of `user` (empty: none)."""


class View(Protocol):
    """What the SQL reading stands on: tables and columns as an actor (or the system) sees them."""

    def source(self, object: str) -> sa.FromClause:
        """A fresh alias of the object's table, with the record's id as its column `id`."""

    def visible(self, object: str, source: sa.FromClause) -> sa.ColumnElement[bool] | None:
        """The condition under which a row of `source` exists for this view, or None for always."""

    def column(self, object: str, member: Member, source: sa.FromClause) -> sa.ColumnElement[Any]:
        """The member's column on that alias, masked where this view may not read it.

        For folded text it is asked with the same name and the folded column's physical name.
        """

    def formula(
        self, object: str, member: Member, value: sa.ColumnElement[Any], source: sa.FromClause
    ) -> sa.ColumnElement[Any]:
        """A virtual formula's value, masked where this view may not read the member."""

    def inside_formula(self) -> View:
        """The view in which a formula itself is computed: derived values are the system's."""


class Row(Protocol):
    """What the Python reading stands on: a record whose members can be asked for.

    Values are: NUMBER decimal.Decimal with the member's scale, TEXT str (never ""), BOOLEAN
    bool, DATE datetime.date, MOMENT an aware datetime in UTC, CHOICE the option's name, CHOICES
    a tuple of names, RECORD a Row, RECORDS a sequence of Rows; None is empty for all but RECORDS.
    Virtual formulas are computed by the evaluator, never asked for.
    """

    @property
    def id(self) -> int | None:
        """The record's id; None before it is written."""

    def value(self, name: str) -> Any:
        """The member's value."""
