"""Names that the platform keeps beside records follow when objects, fields or stages are renamed.

Records stand under permanent keys (rule 1); counters, comments, timers, effects, seeds and the
history of stages are kept by name, and are written anew. The audit is sealed and stays as it was
written: whoever reads it asks for the former names, too (`Object.names`).
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.impact.fixing import RENAMED, RENAMED_STAGES
from engine.records.transaction import Transaction
from engine.schema.state import SEED
from engine.schema.targets import Fix
from jobs.tables import OUTBOX
from jobs.timers import TIMERS
from jobs.work_tables import WORK
from notices import comments
from workflow import history

NAMED = ("fw_counter", comments.TABLE, history.TABLE, TIMERS, OUTBOX, WORK)
"""Tables whose column `object` holds the object's name."""
KINDS = (RENAMED, RENAMED_STAGES)


def rename(tx: Transaction, fix: Fix) -> None:
    """Writes the present names in the place of former ones."""
    if fix.kind == RENAMED_STAGES:
        for column in ("source", "target"):
            _exchange(tx, fix, column)
    elif fix.field:
        _exchange(tx, fix, "field")
    else:
        ((old, new),) = fix.replaced.items()
        for name in NAMED:
            table = tx.tables.system(name)
            change = sa.update(table).where(table.c.object == old).values(object=new)
            tx.connection.execute(change)
        keys = tx.tables.system("fw_key")
        seeds = sa.update(keys).where(keys.c.kind == SEED, keys.c.owner == old)
        tx.connection.execute(seeds.values(owner=new))


def _exchange(tx: Transaction, fix: Fix, column: str) -> None:
    """Exchanges names in the history of stages, all at once: two may have swapped theirs."""
    table = tx.tables.system(history.TABLE)
    mine = [table.c.object == fix.object, table.c[column].in_(tuple(fix.replaced))]
    if column != "field":
        mine.append(table.c.field == fix.field)
    new = sa.case(dict(fix.replaced), value=table.c[column], else_=table.c[column])
    tx.connection.execute(sa.update(table).where(*mine).values({column: new}))
