"""`formwright why`: the decision on an action, and every rule that led to it."""

from __future__ import annotations

import os
from typing import Any

import click

from assembly.application import build_application
from cli.acting import acting
from cli.opening import database, settings
from cli.printing import locale_of, locale_option, print_json
from engine.permissions.roles import ACTIONS
from engine.problems import Place, Text
from engine.records.explaining import Decision, Reason, explain

ALLOWED = Text({"en": "allowed", "zh": "允许"})
REFUSED = Text({"en": "not allowed", "zh": "不允许"})
APPLIES = Text({"en": "applies", "zh": "适用"})
APPLIES_NOT = Text({"en": "does not apply", "zh": "不适用"})
NO_ROLES = Text({"en": "The account has no roles.", "zh": "该账号没有任何角色。"})
SENTENCE = Text(
    {
        "en": "{user} · {action} · {thing}: {answer}",
        "zh": "{user} · {action} · {thing}：{answer}",
    }
)


@click.command()
@click.argument("user")
@click.argument("action", type=click.Choice(sorted(ACTIONS)))
@click.argument("object")
@click.argument("record", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the decision as JSON.")
@locale_option("Language of the reasons.")
@click.pass_context
def why(
    ctx: click.Context,
    user: str,
    action: str,
    object: str,
    record: str | None,
    as_json: bool,
    locale: str | None,
) -> None:
    """Say whether the account USER may do ACTION with OBJECT, and because of which rules.

    RECORD is the id or the number of one record; without it the answer is about the object as a
    whole. Exits 0 when it is allowed and 1 when it is not.
    """
    locale = locale or locale_of(os.environ)
    with database(settings(check_layers=False)) as databases:
        application = build_application(databases)
        decision = explain(application.gate, acting(application, user), action, object, record)
    if as_json:
        print_json(_json(decision, user, locale))
    else:
        for line in _lines(decision, user, record, locale):
            click.echo(line)
    ctx.exit(0 if decision.allowed else 1)


def _lines(decision: Decision, user: str, record: str | None, locale: str) -> list[str]:
    thing = decision.object if record is None else f"{decision.object} {record}"
    answer = (ALLOWED if decision.allowed else REFUSED).in_(locale)
    words = {"user": user, "action": decision.action, "thing": thing, "answer": answer}
    lines = [SENTENCE.in_(locale).format(**words)]
    if decision.note is not None:
        lines.append(f"  {decision.note.in_(locale)}")
    elif not decision.reasons:
        lines.append(f"  {NO_ROLES.in_(locale)}")
    return lines + [_reason(reason, locale) for reason in decision.reasons]


def _reason(reason: Reason, locale: str) -> str:
    applies = (APPLIES if reason.applies else APPLIES_NOT).in_(locale)
    place = f"  {_where(reason.place)}" if reason.place else ""
    return f"  {applies}: {reason.label.in_(locale)} – {reason.scope.in_(locale)}{place}"


def _where(place: Place) -> str:
    return f"{place.file}:{place.line}" if place.line else place.file


def _json(decision: Decision, user: str, locale: str) -> dict[str, Any]:
    return {
        "user": user,
        "action": decision.action,
        "object": decision.object,
        "record": decision.record,
        "allowed": decision.allowed,
        "note": decision.note.in_(locale) if decision.note else None,
        "reasons": [
            {
                "role": reason.role,
                "label": reason.label.in_(locale),
                "scope": reason.scope.in_(locale),
                "file": reason.place.file if reason.place else None,
                "line": reason.place.line if reason.place else None,
                "applies": reason.applies,
            }
            for reason in decision.reasons
        ],
    }
