"""Showing a plan, asking, carrying it out: the same for `apply` and for `rollback`."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from dataclasses import dataclass

import click

from assembly.layering import settle
from assembly.publishing import Order, Proposal, publish
from cli.opening import settings
from cli.plan import NOTHING, print_plan
from cli.printing import print_json, print_problems
from cli.running import hints_of
from engine.problems import Refusal
from engine.schema.applying import ASKS
from engine.schema.findings import Severity
from engine.schema.planning import Plan
from webapp.mirroring import mirror_roles

MEANT = {
    "en": "No, it is something else: apply as it is written?",
    "zh": "不是改名，确实是不同的东西：是否按现写法应用？",
}
WRITE = {"en": "then write:", "zh": "请改写为："}
DONE = {"en": "revision {number} is in force", "zh": "版本 {number} 已生效"}
NOT_DONE = {"en": "nothing was changed", "zh": "未做任何更改"}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How the person wants it: asked or not, what may be lost, what the revision is told to be."""

    locale: str
    yes: bool = False
    allow_loss: bool = False
    as_json: bool = False
    message: str = ""


def carry_out(
    ctx: click.Context,
    proposed: Proposal,
    asked: Asked,
    question: str,
    check: Callable[[Plan], None] = lambda made: None,
) -> None:
    """Shows the plan, asks `question`, carries the plan out and says which revision is in force.

    `check` may refuse what was made, before anything is shown.
    """
    made, locale = proposed.plan, asked.locale
    revision = made.applied.id if made.applied else None
    if not made.empty:
        check(made)
        if not asked.as_json:
            print_plan(made, proposed.databases.dialect, locale)
        answered = False
        if not made.problems and not asked.yes:
            answered = _answered(made, asked)
            if not answered or not _agreed(question):
                click.echo(NOT_DONE[locale], err=True)
                ctx.exit(1)
        try:
            revision = _apply(proposed, asked, answered) or revision
        except Refusal as refusal:
            print_problems(refusal.problems, locale, err=True)
            ctx.exit(1)
    else:
        if not asked.as_json:
            print_plan(made, proposed.databases.dialect, locale)
        settle(proposed.databases, made, proposed.folders)
    if asked.as_json:
        print_json({"revision": revision, "changed": not made.empty})
    text = NOTHING[locale] if made.empty else DONE[locale].format(number=revision)
    click.echo(text, err=True)


def _apply(proposed: Proposal, asked: Asked, answered: bool) -> int | None:
    """Carries out the plan, and tells the processes that serve."""
    order = Order(by=_who(), message=asked.message, allow_loss=asked.allow_loss, answered=answered)
    hints = hints_of(settings(check_layers=False), proposed.databases)
    tell = hints.tell if hints is not None else lambda revision: None
    return publish(proposed, order, (mirror_roles,), tell)


def _answered(made: Plan, asked: Asked) -> bool:
    """Whether everything that is probably not meant is meant: somebody is asked, one by one."""
    asking = [f for f in made.findings if f.severity == Severity.ASKS]
    if asked.allow_loss or not asking:
        return True
    if not sys.stdin.isatty():
        raise Refusal(*(ASKS(what=finding.text) for finding in asking))
    for finding in asking:
        click.echo(finding.text.in_(asked.locale), err=True)
        if not click.confirm(MEANT[asked.locale], err=True):
            click.echo(f"{WRITE[asked.locale]}\n{finding.remedy}", err=True)
            return False
    return True


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: add --yes.")
    return click.confirm(question, err=True)


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in some containers
        return ""
