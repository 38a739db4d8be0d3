"""Keys of records that are there already, when a rule comes or changes (while publishing)."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from engine.matching.keys import own_rules, stored_under
from engine.matching.steps import write_keys
from engine.matching.tables import MATCH
from engine.records.transaction import Transaction

STATE = "match:"
"""What the names in `fw_state` begin with that tell how the keys of a rule were made."""
FORM = "2"
"""Raised when normal forms or keys are made in another way, so that all are made anew."""
CHUNK = 2_000


def rebuild_keys(tx: Transaction) -> None:
    """Writes the keys of every rule that is new or matches otherwise; drops those of gone ones."""
    state, match = tx.tables.system("fw_state"), tx.tables.system(MATCH)
    statement = sa.select(state.c.name, state.c.value).where(state.c.name.like(f"{STATE}%"))
    made = {row.name: row.value for row in tx.connection.execute(statement)}
    wanted = {}
    for definition in tx.catalog.objects.values():
        for rule in own_rules(definition):
            columns = ":".join(definition.fields[name].column for name in rule.fields)
            countries = ":".join(rule.countries.get(name, "") for name in rule.fields)
            how = "|".join((FORM, columns, ":".join(rule.normalisers), countries, rule.fuzzy))
            name = STATE + stored_under(tx.catalog, rule)
            wanted[name] = (hashlib.sha256(how.encode()).hexdigest(), definition.name, rule)
    for name in made.keys() - wanted.keys():
        tx.connection.execute(sa.delete(match).where(match.c.rule == name.removeprefix(STATE)))
        tx.connection.execute(sa.delete(state).where(state.c.name == name))
    for name, (digest, object, rule) in wanted.items():
        if made.get(name) == digest:
            continue
        tx.connection.execute(sa.delete(match).where(match.c.rule == name.removeprefix(STATE)))
        table = tx.tables.table(object)
        last = 0
        ids = sa.select(table.c.id).order_by(table.c.id).limit(CHUNK)
        while found := list(tx.connection.scalars(ids.where(table.c.id > last))):
            rows = tx.fetch(object, found)
            write_keys(tx, rule, [(id, rows[id]) for id in found])
            tx.forget_all()
            last = found[-1]
        tx.connection.execute(sa.delete(state).where(state.c.name == name))
        tx.connection.execute(sa.insert(state).values(name=name, value=digest))
