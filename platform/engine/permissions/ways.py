"""The ways besides a role's scope in which a row becomes visible: one list for everything.

The predicate (`lens`) joins their rows to those of each role that grants the action on some rows;
the explanation (`engine.records.why`) and the list of who sees a record name the same ones.
A new way is one more entry here, and counts everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from engine.permissions.binds import Binds
from engine.permissions.deputies import deputised, stands_in
from engine.permissions.roles import ROW_ACTIONS
from engine.permissions.sharing import NEEDED, member_rows, shared_rows
from engine.problems import Text

if TYPE_CHECKING:
    from engine.permissions.lens import Lens

Rows = Callable[["Lens", str, sa.FromClause, Binds], sa.ColumnElement[bool]]
"""The condition on rows for a lens, an action and a source."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way: a stable name, what people call it, the actions that it can widen.

    `opens` tells whether records can be reached by it at all, as some roles see their object;
    `key` names the object's key that says so, if one does; `rows` gives the condition under which
    a row is.
    """

    name: str
    label: Text
    actions: frozenset[str]
    key: str
    opens: Callable[[Lens], bool]
    rows: Rows


SHARE = Way(
    name="share",
    label=Text({"en": "shared with them", "zh": "已共享给此人"}),
    actions=frozenset(NEEDED),
    key="sharing",
    opens=lambda lens: lens.definition.sharing is not None,
    rows=shared_rows,
)
MEMBER = Way(
    name="member",
    label=Text({"en": "among the record's members", "zh": "是记录的成员"}),
    actions=frozenset(NEEDED),
    key="members",
    opens=lambda lens: lens.definition.members is not None,
    rows=member_rows,
)
DEPUTY = Way(
    name="deputy",
    label=Text({"en": "theirs for whom they stand in", "zh": "属于被代理人"}),
    actions=frozenset(ROW_ACTIONS),
    key="",
    opens=stands_in,
    rows=lambda lens, action, source, binds: deputised(lens, action, source, binds, widened),
)
WAYS: tuple[Way, ...] = (SHARE, MEMBER, DEPUTY)
"""All ways, in the order in which they are told."""


def ways_of(lens: Lens, action: str) -> tuple[Way, ...]:
    """The ways in which records of an object can be reached for an action."""
    return tuple(way for way in WAYS if action in way.actions and way.opens(lens))


def widened(
    lens: Lens, action: str, source: sa.FromClause, binds: Binds
) -> list[sa.ColumnElement[bool]]:
    """The conditions under which a row joins those of each role that grants the action."""
    return [way.rows(lens, action, source, binds) for way in ways_of(lens, action)]
