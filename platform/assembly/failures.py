"""What follows when an effect has failed for good: long work fails with it, people are told.

Administrators are told once per kind and hour, not per row.

The first failure of a kind within an hour of the clock tells; whoever comes after it finds it in
the outbox. Two at the same moment agree on which of them was the first.
"""

from __future__ import annotations

import sqlalchemy as sa

from assembly.long_work import tell
from engine.permissions.actors import SYSTEM
from engine.permissions.roles import roles_of
from engine.problems import Problem
from engine.records.gate import Gate
from engine.redaction import redacted_text
from jobs.handlers import Claimed
from jobs.labels import label_of
from jobs.outbox import Effect, put
from jobs.states import being
from jobs.tables import FAILED, OUTBOX, URGENT
from jobs.work_failing import fail_work
from notices.telling import NOTICE, Notice

OF = "jobs"
"""Where these notices come from: `jobs:7` is the effect 7."""
LONGEST = 500
TITLES = {"en": "Background job failed: {}", "zh": "后台任务失败：{}"}
TEXTS = {
    "en": "{}. Look at Background jobs under Administration: there it can be retried or cancelled.",
    "zh": "{}。请在“系统管理”的“后台任务”中查看，并重试或取消。",
}


def after_failure(gate: Gate, effect: Claimed, problem: Problem) -> None:
    """Ends the long work that the effect carried out, and tells whoever should know."""
    try:
        fail_work(gate, effect, problem, tell)
    finally:
        tell_of_failure(gate, effect, problem)


def tell_of_failure(gate: Gate, effect: Claimed, problem: Problem) -> None:
    """Tells the members of the roles that administer, if this failure is the first of its kind."""
    roles = tuple(name for name, role in roles_of(gate.catalog).items() if role.administer)
    of_ours = effect.kind == NOTICE and str(effect.payload.get("of")).startswith(f"{OF}:")
    if of_ours or not roles or not _first(gate, effect):
        return
    label = label_of(effect.kind)
    notice = Notice(
        roles=roles,
        title={locale: text.format(_plain(label.in_(locale))) for locale, text in TITLES.items()},
        text={
            locale: text.format(_plain(redacted_text(problem.sentence(locale), LONGEST)))
            for locale, text in TEXTS.items()
        },
        of=f"{OF}:{effect.id}",
    )
    with gate.transaction(SYSTEM) as tx:
        put(tx, [Effect(kind=NOTICE, payload=notice.payload(), queue=URGENT)])


def _first(gate: Gate, effect: Claimed) -> bool:
    """Whether no other effect of the kind failed in this hour before this one."""
    t = gate.tables.system(OUTBOX)
    hour = gate.clock().replace(minute=0, second=0, microsecond=0)
    with gate.databases.reading() as connection:
        finished = connection.scalar(sa.select(t.c.finished).where(t.c.id == effect.id))
        if finished is None:  # somebody lets it begin anew already
            return False
        before = sa.select(t.c.id).where(
            being(t, FAILED),
            t.c.kind == effect.kind,
            t.c.finished.between(hour, finished),
            sa.or_(t.c.finished < finished, t.c.id < effect.id),
        )
        return connection.execute(before.limit(1)).first() is None


def _plain(text: str) -> str:
    """The text as a template that says nothing else."""
    return text.replace("{", "{{").replace("}", "}}")
