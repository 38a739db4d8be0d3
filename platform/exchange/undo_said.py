"""What is said of a record that could not go back: only what whoever asked may know of it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from engine.definition.objects import Object
from engine.permissions.binds import Binds
from engine.problems import Problem
from engine.records.transaction import Transaction
from exchange.keeping import Said
from exchange.said import in_both
from exchange.undo_net import Net


def conflict_said(tx: Transaction, net: Net, problems: Sequence[Problem]) -> Said:
    """A conflict as it is kept. Fields that the actor may not read are not named; of a record that
    they may not see the id is 0."""
    definition = tx.catalog.objects.get(net.object)
    label = {"en": net.object, "zh": net.object}
    fields = {"en": "", "zh": ""}
    shown = list(problems)
    if definition is not None:
        lens = tx.lens(definition.name)
        label = {locale: definition.label.in_(locale) for locale in label}
        shown = [p for p in problems if not p.path or lens.may_read(_root(p.path))]
        names = sorted({_root(p.path) for p in shown if p.path})
        for locale in fields:
            labels = [definition.fields[n].label.in_(locale) if n in definition.fields else n
                      for n in names]  # fmt: skip
            fields[locale] = ", ".join(labels)
    shows = definition is None or tx.actor.is_system or _sees(tx, definition, net.record)
    data = {"object": net.object, "label": label, "id": net.record if shows else 0, "field": fields}
    return ("conflict", data | in_both(p.on("") for p in shown))


def _sees(tx: Transaction, definition: Object, record: int) -> bool:
    """Whether the actor may see the record, in the recycle bin or not."""
    lens, binds = tx.lens(definition.name), Binds()
    if not lens.may("read"):
        return False
    table = tx.tables.table(definition.name)
    rows = lens.rows("read", table, binds)
    statement = sa.select(table.c.id).where(table.c.id == record)
    if rows is not None:
        statement = statement.where(rows)
    values = binds.values(tx.actor, tx.context)
    return tx.connection.execute(statement, values).first() is not None


def _root(path: str) -> str:
    return path.partition("[")[0].partition(".")[0]
