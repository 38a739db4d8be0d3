"""From an automation that applies to a record to the effects that it asks for.

Nothing is carried out here: every action becomes one effect per record, in the transaction that
causes it. Actions that write records would come in beside these, as changes of that transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from automation import messages as say
from automation.definitions import Action, Automation
from engine.expressions import evaluate
from engine.problems import Refusal, Text
from engine.records.rows import RowView
from engine.records.transaction import Transaction
from jobs.outbox import Effect
from notices.telling import Notice, telling
from notices.webhooks import calling

FAILED = "automation"
"""The kind of the effect that stands for an automation which could not be worked out."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why an automation applies: a word for receivers, the fields that changed, who did it."""

    word: str
    fields: Sequence[str] = ()
    by: int | None = None


def applies(automation: Automation, view: RowView, tx: Transaction) -> bool:
    """Whether the record fulfils the condition. Raises Refusal where it has no result."""
    if automation.condition is None:
        return True
    return bool(evaluate(automation.condition, view, tx.context))


def effects_of(
    automation: Automation, view: RowView, tx: Transaction, occasion: Occasion
) -> list[Effect]:
    """What the automation asks for, if its condition holds of the record.

    An automation that cannot be worked out gives an effect that fails, so that a person sees it;
    whoever saves the record is not to blame.
    """
    try:
        if not applies(automation, view, tx):
            return []
        return list(_actions(automation, view, tx, occasion))
    except Refusal as refusal:
        return [failure(automation, view.id or 0, refusal)]


def failure(automation: Automation, record: int, refusal: Refusal) -> Effect:
    """The effect that tells of an automation which could not be worked out."""
    problem = refusal.problems[0]
    payload = {
        "automation": automation.name,
        "why": {locale: problem.sentence(locale) for locale in ("en", "zh")},
    }
    return Effect(kind=FAILED, object=automation.object, record=record, payload=payload)


def failure_problem(name: str, why: dict[str, str]) -> Refusal:
    """What that effect fails with."""
    return Refusal(say.NOT_EVALUATED(automation=name, why=Text(why)))


def _actions(
    automation: Automation, view: RowView, tx: Transaction, occasion: Occasion
) -> Iterator[Effect]:
    record = view.id
    assert record is not None
    for action in automation.actions.values():
        if action.webhook:
            event = f"{automation.object}.{occasion.word}"
            yield calling(action.webhook, event, automation.object, record, fields=occasion.fields)
            continue
        people = _people(action, view, tx)
        if people or action.roles:
            yield telling(_notice(automation, action, people, occasion), automation.object, record)


def _notice(
    automation: Automation, action: Action, people: tuple[int, ...], occasion: Occasion
) -> Notice:
    return Notice(
        to=people,
        roles=action.roles,
        title=action.title,
        text=action.text,
        mail=action.mail,
        documents=action.documents,
        by=occasion.by,
        of=f"automation:{automation.name}",
    )


def _people(action: Action, view: RowView, tx: Transaction) -> tuple[int, ...]:
    """The people whom the expressions give for this record, each once."""
    found = (evaluate(expression, view, tx.context) for expression in action.to)
    return tuple(dict.fromkeys(p.id for p in found if p is not None and p.id is not None))
