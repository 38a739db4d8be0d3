"""Values that a formula of SQL needs several times, computed once (PostgreSQL).

An argument of a function can be an expression of any size, with subqueries in it. Written out in
each place, it would double with every function around it: two functions inside each other that
use theirs sixty times make 3,600 copies. Here it becomes a column of a small query, of which
`OFFSET 0` keeps PostgreSQL from copying it after all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from engine.expressions.functions.table import Column


class _Once(FunctionElement[Any]):
    """The values, and behind them what is made of their names."""

    name = "once"
    inherit_cache = True


@compiles(_Once, "postgresql")
def _write(element: _Once, compiler: Any, **given: Any) -> str:
    given.pop("add_to_result_map", None)  # the whole is one column, not each of its parts
    *values, made = [compiler.process(clause, **given) for clause in element.clauses]
    named = ", ".join(f"{value} AS v{number}" for number, value in enumerate(values))
    return f"(SELECT {made} FROM (SELECT {named} OFFSET 0) AS once)"


def once(values: Sequence[Column], make: Callable[..., Column]) -> Column:
    """What `make` gives for these values, each of which it may use as often as it likes."""
    names = [
        sa.literal_column(f"once.v{number}", value.type) for number, value in enumerate(values)
    ]
    made = make(*names)
    return sa.type_coerce(_Once(*values, made), made.type)
