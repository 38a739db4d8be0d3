"""`formwright why`: the decision on an action, and every rule that led to it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import click

from assembly.application import build_application
from assembly.explaining import why as explained
from cli.acting import acting
from cli.opening import database, settings
from cli.printing import locale_of, locale_option, print_json
from engine.permissions.actors import SYSTEM
from engine.permissions.roles import ACTIONS
from engine.problems import Place, Text
from engine.records.why.findings import Decision, Finding, Proposal, decision_json, opened

ALLOWED = Text({"en": "allowed", "zh": "允许"})
REFUSED = Text({"en": "not allowed", "zh": "不允许"})
NO_ROLES = Text({"en": "The account has no roles.", "zh": "该账号没有任何角色。"})
SENTENCE = Text(
    {
        "en": "{user} · {action} · {thing}: {answer}",
        "zh": "{user} · {action} · {thing}：{answer}",
    }
)
PROPOSALS = Text(
    {
        "en": "What would allow it, the least first:",
        "zh": "以下调整可允许该操作（影响最小的在前）：",
    }
)
ASK = Text({"en": "Who may do it: {names}", "zh": "可执行该操作的人员：{names}"})
AND = Text({"en": ", ", "zh": "、"})
MARKS = {True: "✓", False: "✗", None: "?"}


@click.command()
@click.argument("user")
@click.argument("action", type=click.Choice(sorted(ACTIONS)))
@click.argument("object")
@click.argument("record", required=False)
@click.argument("field", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the decision as JSON.")
@locale_option("Language of the reasons.")
@click.pass_context
def why(
    ctx: click.Context,
    user: str,
    action: str,
    object: str,
    record: str | None,
    field: str | None,
    as_json: bool,
    locale: str | None,
) -> None:
    """Say whether the account USER may do ACTION with OBJECT, and because of which rules.

    RECORD is the id or the number of one record; without it, or with "-", the answer is about the
    object as a whole. FIELD asks about one field. ✓ holds, ✗ does not, ? cannot be known
    beforehand. Exits 0 when it is allowed and 1 when it is not.
    """
    locale = locale or locale_of(os.environ)
    record = None if record == "-" else record
    with database(settings(check_layers=False)) as databases:
        application = build_application(databases)
        subject = acting(application, user)
        from webapp.directory import AccountDirectory

        people = AccountDirectory(databases).everybody(application.gate)
        decision = explained(
            application, SYSTEM, subject, action, object, record, field or "", people
        )
    if as_json:
        print_json({"user": user} | decision_json(decision, locale))
    else:
        thing = " ".join(word for word in (object, record, field) if word)
        for line in lines_of(decision, user, thing, locale):
            click.echo(line)
    ctx.exit(0 if decision.allowed else 1)


def lines_of(decision: Decision, user: str, thing: str, locale: str) -> Iterator[str]:
    """The decision as a tree of lines."""
    answer = (ALLOWED if decision.allowed else REFUSED).in_(locale)
    yield SENTENCE.in_(locale).format(user=user, action=decision.action, thing=thing, answer=answer)
    if decision.note is not None:
        yield f"  {decision.note.in_(locale)}"
    elif not any(finding.kind == "role" for finding in decision.findings):
        yield f"  {NO_ROLES.in_(locale)}"
    for finding in decision.findings:
        yield from _finding(finding, locale, 1)
    if decision.proposals:
        yield PROPOSALS.in_(locale)
    for proposal in decision.proposals:
        yield from _proposal(proposal, locale)
    if decision.ask:
        names = AND.in_(locale).join(actor.name for actor in decision.ask)
        yield ASK.in_(locale).format(names=names)


def _proposal(proposal: Proposal, locale: str) -> Iterator[str]:
    place = f"  {where(proposal.place)}" if proposal.place and proposal.place.file else ""
    opens = opened(proposal.opens).in_(locale)
    yield f"  • {proposal.text.in_(locale)}: {opens}{place}"
    for line in proposal.yaml.splitlines():
        yield f"      {line}"


def _finding(finding: Finding, locale: str, depth: int) -> Iterator[str]:
    values = f"  [{finding.values.in_(locale)}]" if finding.values else ""
    place = f"  {where(finding.place)}" if finding.place and finding.place.file else ""
    yield f"{'  ' * depth}{MARKS[finding.holds]} {finding.text.in_(locale)}{values}{place}"
    for part in finding.parts:
        yield from _finding(part, locale, depth + 1)


def where(place: Place) -> str:
    """A place that editors can jump to."""
    return f"{place.file}:{place.line}" if place.line else place.file
