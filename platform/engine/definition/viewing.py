"""What a read-only view object is made of: the query that stands in the place of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.expressions import Expression
from engine.expressions.types import Type

AGGREGATES = ("sum", "count", "min", "max", "avg")
READER, EVERYTHING = "reader", "system"
"""As whom the records of the source are read: as who asks, or as the system."""


@dataclass(frozen=True, slots=True)
class Value:
    """One column of a view: an expression about a record of the source, or an aggregate of it.

    `function` names the aggregate, `type` is the type of the result. Without an `expression`,
    records are counted. `group` names the group that the value is.
    """

    type: Type
    expression: Expression | None
    function: str = ""
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class Viewing:
    """The query of a view object; expressions are None until it is connected.

    `source` is the object that it is about, `groups` the expressions by which its records are
    grouped (none: each is a row of its own), `values` the columns by field. `seen_by` says as
    whom the source is read: "reader" or "system".
    """

    source: str
    seen_by: str = READER
    grouped: bool = False
    where: Expression | None = None
    groups: Mapping[str, Expression] = field(default_factory=dict, hash=False)
    values: Mapping[str, Value] = field(default_factory=dict, hash=False)
