"""The gate's steps about duplicates: input confirms, rules are asked, keys are kept.

1. *confirmation*: takes `confirm_duplicates` out of the input.
2. *duplicates*: asks the rules whose fields changed, and does what they say for the way in. Input
   of the system, of automations and of history is not asked; nor is what an undo brings back.
3. *match keys*: after the records are written, set-wise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from engine.definition.duplicates import ALLOW, BLOCK, CONFIRM, MatchRule
from engine.expressions.among import among_ids
from engine.matching import messages as say
from engine.matching.finding import Asked, Candidate, Finder
from engine.matching.keys import keys_of, own_rules, stored_under
from engine.matching.tables import MATCH
from engine.problems import Problem, Text
from engine.records.changes import Batch, Change, Step
from engine.records.gate import with_steps
from engine.records.messages import SAME_BATCH
from engine.records.rights import joined
from engine.records.shapes import Row
from engine.records.transaction import Transaction

CONFIRMED, FOUND = "duplicates confirmed", "duplicates"
"""Notes of a change: that somebody goes on in spite of a warning, and the candidates."""
_CAUSES = (("conversion:", "conversion"), ("bulk change", "bulk"), ("undo", ""), ("merge", ""))
_YES, _NO = (True, "true", "1", "on", 1), (False, "false", "0", "", None, 0)


def matching_steps(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The gate's steps with those about duplicates."""
    return with_steps(
        steps,
        ("joined", Step("confirmation", take_confirmation)),
        ("references", Step("duplicates", check_duplicates)),
        ("attach", Step("match keys", keep_keys)),
    )


def take_confirmation(batch: Batch) -> None:
    """Takes `confirm_duplicates` out of the input of objects with match rules."""
    definition = batch.definition
    if not definition.duplicates or CONFIRM in definition.fields:
        return
    for change in batch.changes:
        if CONFIRM not in change.given:
            continue
        value = change.given[CONFIRM]
        change.given = {n: v for n, v in change.given.items() if n != CONFIRM}
        if value in _YES:
            change.notes[CONFIRMED] = True
        elif value not in _NO:
            change.refuse(say.NOT_YES_OR_NO(found=str(value)[:40]), CONFIRM)


def entry_of(tx: Transaction) -> str:
    """The way in by which changes come; empty where nobody is asked."""
    if tx.historical or (tx.actor.is_system and tx.actor.via != "import"):
        return ""
    for cause, entry in _CAUSES:
        if tx.cause.startswith(cause):
            return entry
    return tx.actor.via if tx.actor.via in ("screen", "api", "import") else ""


def check_duplicates(batch: Batch) -> None:
    """Refuses what a rule blocks, and what it warns of until somebody confirms it."""
    entry = entry_of(batch.tx)
    if not entry or not batch.definition.duplicates:
        return
    tx = batch.tx
    finder = Finder(tx.gate, tx.connection, tx.actor, tx.context)
    told: dict[Change, set[tuple[str, int]]] = {}
    for rule in batch.definition.duplicates:
        changes = [c for c in batch.changes if _matches_anew(c, rule)]
        policy = rule.policy(entry)
        if policy == ALLOW or not changes:
            continue
        asked = [Asked(change.row, change.id if change.before else None) for change in changes]
        found = finder.find(rule, asked)
        for place, candidates in found.items():
            change = changes[place]
            known = told.setdefault(change, set())
            fresh = [c for c in candidates if (c.object, c.record) not in known]
            known.update((c.object, c.record) for c in fresh)
            change.notes.setdefault(FOUND, []).extend(fresh)
            if fresh:
                _decide(change, rule, policy, joined([c.words() for c in fresh]), fresh)
        if rule.against is None and len(changes) > 1:
            _check_each_other(changes, rule, policy, set(found))
    batch.settle()


def touched(change: Change, names: Iterable[str]) -> bool:
    """Whether the change gives one of these fields another value."""
    before = change.before
    return before is None or any(before.get(name) != change.row.get(name) for name in names)


def _matches_anew(change: Change, rule: MatchRule) -> bool:
    """Whether the rule would say something else of the record: another spelling alone is none."""
    if not touched(change, rule.fields):
        return False
    if change.before is None or rule.against is not None:
        return True
    before, after = keys_of(rule, change.before), keys_of(rule, change.row)
    return after is not None and (before is None or before.whole != after.whole)


def _check_each_other(
    changes: Sequence[Change], rule: MatchRule, policy: str, refused: set[int]
) -> None:
    """The first of several changes of one batch that agree is written."""
    first: dict[str, Change] = {}
    for place, change in enumerate(changes):
        keys = keys_of(rule, change.row)
        if keys is None or place in refused or not change.sound:
            continue
        if first.setdefault(keys.whole, change) is not change:
            _decide(change, rule, policy, SAME_BATCH, ())


def _decide(
    change: Change, rule: MatchRule, policy: str, found: Text, candidates: Sequence[Candidate]
) -> None:
    if policy != BLOCK and CONFIRMED in change.notes:
        return
    message = say.DUPLICATE if policy == BLOCK else say.POSSIBLE
    problem: Problem = message(found=found, rule=rule.label, candidates=tuple(candidates))
    change.refuse(problem, rule.fields[0] if policy == BLOCK else "")


def keep_keys(batch: Batch) -> None:
    """Writes the keys of records whose matched values changed."""
    for rule in own_rules(batch.definition):
        changes = [
            c for c in batch.changes if "unchanged" not in c.notes and touched(c, rule.fields)
        ]
        old = [change.id for change in changes if change.before is not None and change.id]
        if old:
            drop_keys(batch.tx, rule, old)
        write_keys(batch.tx, rule, [(c.id, c.row) for c in changes if c.id is not None])


def drop_keys(tx: Transaction, rule: MatchRule, ids: Sequence[int]) -> None:
    """Removes the keys of records under a rule."""
    table = tx.tables.system(MATCH)
    statement = sa.delete(table).where(
        table.c.rule == stored_under(tx.catalog, rule), among_ids(table.c.record, "ids", tx.dialect)
    )
    tx.connection.execute(statement, {"ids": list(ids)})


def write_keys(tx: Transaction, rule: MatchRule, rows: Iterable[tuple[int, Row]]) -> None:
    """Writes the keys of records that have none under the rule."""
    name = stored_under(tx.catalog, rule)
    found = [
        {"rule": name, "key": key, "record": id}
        for id, row in rows
        if (keys := keys_of(rule, row)) is not None
        for key in keys.all
    ]
    tx.insert(tx.tables.system(MATCH), found)
