"""Who may see what came of long work: its files, and what it says about single rows.

They hold what whoever asked could read then. Who wants to see them now needs the right now,
administrators as well.
"""

from __future__ import annotations

from engine.permissions.actors import Actor
from engine.problems import Refusal
from engine.records.gate import Gate
from engine.records.rights import forbidden
from jobs import work_messages as say
from jobs.work_rows import WorkRow

EXPORT = "export"
"""The kind of work whose files need the right to export."""


def require_results(gate: Gate, actor: Actor, row: WorkRow) -> None:
    """Refuses whoever may not read what the work is about, or not export it if that is its kind."""
    if not row.object:
        return
    if row.object not in gate.catalog.objects:
        raise Refusal(say.RESULTS_GONE(object=row.object))
    lens = gate.lenses.lens(row.object, None if actor.is_system else actor.roles)
    for action in ("read", EXPORT) if row.kind == EXPORT else ("read",):
        if not lens.may(action):
            raise Refusal(forbidden(lens, action, actor.roles))


def may_see_results(gate: Gate, actor: Actor, row: WorkRow) -> bool:
    """Whether `require_results` lets the actor pass."""
    try:
        require_results(gate, actor, row)
    except Refusal:
        return False
    return True
