"""Whether an actor sees all that an expression of a conversion reads away from the record itself.

The paths of the expression are followed, hop by hop, from the record, from a part made before or
from a settings object: through links, lines and other collections. At every hop the actor must see
the records, and of them the fields that hold something there; one statement a hop, whatever the
number of records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from engine.definition.paths import paths
from engine.expressions import Expression
from engine.expressions.among import among_ids
from engine.fieldtypes.link import Collection
from engine.permissions.binds import Binds
from engine.permissions.lens import Lens
from engine.records.rows import RowView
from engine.records.transaction import Transaction
from engine.schema.tables import DELETED
from workflow.conversions.names import MADE

USER, SETTINGS = "user", "settings"
"""Names that start a path away from the record; who somebody is they know themselves."""


def reads_unseen(
    tx: Transaction, expression: Expression, view: RowView, made: Mapping[str, RowView | None]
) -> bool:
    """Whether the value depends on something beyond the fields of `view` that is not seen."""
    if tx.actor.is_system:
        return False
    for first, *rest in paths(expression.source):
        if first == MADE:
            part = made.get(rest[0]) if rest else None
            unseen = part is not None and _unseen(tx, [part], rest[1:])
        elif first in view.definition.fields:
            unseen = _unseen(tx, _behind([view], first), rest)
        elif first == SETTINGS:
            one = tx.context.settings(rest[0]) if rest else None
            unseen = isinstance(one, RowView) and _unseen(tx, [one], rest[1:])
        else:
            unseen = bool(rest) and first != USER and not _open(tx, expression, rest[0])
        if unseen:
            return True
    return False


def _unseen(tx: Transaction, views: Sequence[RowView], names: Sequence[str]) -> bool:
    """Whether something that `names` lead to from these records is hidden from the actor."""
    for name in names:
        if not views:
            return False
        definition = views[0].definition
        if name not in definition.fields:
            return True
        holding = [view for view in views if _holds(view, name)]
        if not _sees(tx, tx.lens(definition.name), name, holding):
            return True
        views = _behind(views, name)
    return bool(views) and not _sees(tx, tx.lens(views[0].definition.name), "id", views)


def _behind(views: Sequence[RowView], name: str) -> list[RowView]:
    """The records that a link or collection leads to; none where the field is a value."""
    found: dict[int, RowView] = {}
    for view in views:
        value: Any = view.value(name)
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, RowView) and one.id is not None:
                found[one.id] = one
    return list(found.values())


def _holds(view: RowView, name: str) -> bool:
    """Whether the field has a value, or might have: what is computed is not looked into."""
    field = view.definition.fields[name]
    known = field.stored or isinstance(field.type, Collection)
    return not known or bool(view.value(name) not in (None, (), []))


def _sees(tx: Transaction, lens: Lens, name: str, views: Sequence[RowView]) -> bool:
    """Whether the actor sees the field on each of these records."""
    if not views:
        return True
    if not lens.may("read") or not lens.may_read(name):
        return False
    binds, table = Binds(), tx.tables.table(lens.definition.name)
    asked = [
        condition
        for condition in (lens.rows("read", table, binds), lens.cell(name, table, binds))
        if condition is not None
    ]
    if not asked:
        return True
    ids = sorted({view.id for view in views if view.id is not None})
    statement = sa.select(sa.func.count()).where(
        among_ids(table.c.id, "ids", tx.dialect), table.c[DELETED].is_(None), *asked
    )
    parameters = {"ids": ids} | binds.values(tx.actor, tx.context)
    return bool(tx.connection.scalar(statement, parameters) == len(ids))


def _open(tx: Transaction, expression: Expression, name: str) -> bool:
    """Whether the actor sees the field, of whichever object it is, on every record there is."""
    for object, read in expression.reads:
        if read != name or object not in tx.catalog.objects:
            continue
        lens, binds = tx.lens(object), Binds()
        table = tx.tables.table(object)
        if not (lens.may("read") and lens.may_read(name)):
            return False
        if lens.rows("read", table, binds) is not None:
            return False
        if lens.cell(name, table, binds) is not None:
            return False
    return True
