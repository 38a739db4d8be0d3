"""The words in which people are told about approvals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.definition.objects import Object
from engine.problems import Text
from notices.telling import Notice
from workflow.approvals.definitions import Approval
from workflow.approvals.tables import GRANTED

ASKED = Text({"en": "{{by}} asks for your approval: {what}", "zh": "{{by}} 请您审批：{what}"})
ASKED_BY_NOBODY = Text({"en": "Your approval is asked for: {what}", "zh": "请您审批：{what}"})
APPROVED = Text({"en": "{{by}} approved {what}", "zh": "{{by}} 批准了 {what}"})
REJECTED = Text({"en": "{{by}} rejected {what}", "zh": "{{by}} 驳回了 {what}"})


def asking(
    definition: Object,
    approval: Approval,
    row: Any,
    people: Sequence[int],
    payload: Mapping[str, Any],
) -> Notice:
    """What those are told who are asked: who asks, about what, and for which step."""
    step = approval.step_label(payload["step"])
    title = ASKED if row.submitted_by is not None else ASKED_BY_NOBODY
    return Notice(
        to=tuple(people),
        title=_filled(title, definition),
        text={
            "en": _literal(f"{approval.label.in_('en')} · {step.in_('en')}"),
            "zh": _literal(f"{approval.label.in_('zh')} · {step.in_('zh')}"),
        },
        mail=True,
        by=row.submitted_by,
        of=source_of(payload),
    )


def ending(definition: Object, approval: Approval, row: Any, payload: Mapping[str, Any]) -> Notice:
    """What the submitter is told: who decided, how, and with which words."""
    title = APPROVED if payload["state"] == GRANTED else REJECTED
    said = _literal(row.comment or "")
    return Notice(
        to=(row.submitted_by,),
        title=_filled(title, definition),
        text={"en": said, "zh": said} if said else {},
        mail=True,
        by=payload["actor"],
        of=f"approval:{row.id}",
    )


def _filled(text: Text, definition: Object) -> dict[str, str]:
    """The title with what names the record: its number, and its title where that is another."""
    numbered = "number" in definition.fields and definition.title != "number"
    what = "{this.number} {this}" if numbered else "{this}"
    return {locale: template.format(what=what) for locale, template in text.by_locale.items()}


def _literal(text: str) -> str:
    """The text as a template that says just that."""
    return text.replace("{", "{{").replace("}", "}}")


def source_of(payload: Mapping[str, Any]) -> str:
    """What the notices about a step say of where they come from."""
    return f"approval:{payload['approval']}:{payload['step']}"
