"""Showing a plan, asking, carrying it out: the same for `apply` and for `rollback`."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import click

from assembly.layering import settle
from assembly.publishing import Order, Proposal, publish
from cli.opening import settings
from cli.plan import NOTHING, print_plan
from cli.printing import print_json, print_problems
from cli.progress import progress_bar
from cli.rehearsing import kept_json, rehearsed
from cli.running import hints_of
from engine.problems import Refusal
from engine.schema.applying import ASKS
from engine.schema.findings import Severity
from engine.schema.planning import Plan
from engine.schema.state import Rehearsed
from webapp.mirroring import mirror_roles

MEANT = {
    "en": "No, it is something else: apply as it is written?",
    "zh": "不是改名，确实是不同的东西：是否按现写法应用？",
}
WRITE = {"en": "then write:", "zh": "请改写为："}
COMPUTING = {"en": "existing records", "zh": "已有记录"}
DONE = {"en": "revision {number} is in force", "zh": "版本 {number} 已生效"}
NOT_DONE = {"en": "nothing was changed", "zh": "未做任何更改"}


def _reason(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str:
    if value is not None and not value.strip():
        raise click.BadParameter("say why")
    return value or ""


despite_option = click.option(
    "--despite",
    metavar="REASON",
    callback=_reason,
    help="Apply although scenarios fail; the reason is kept.",
)
"""The option that takes what fails upon somebody; a reason has to be given."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How the person wants it: asked or not, what may be lost, what the revision is told to be.

    `despite` is the reason for which scenarios that fail do not stand in the way.
    """

    locale: str
    yes: bool = False
    allow_loss: bool = False
    as_json: bool = False
    message: str = ""
    despite: str = ""


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
    made, locale, kept = proposed.plan, asked.locale, None
    revision = made.applied.id if made.applied else None
    if not made.empty:
        check(made)
        if not asked.as_json:
            print_plan(made, proposed.databases.dialect, locale)
        answered = False
        try:
            kept = None if made.problems else _rehearsed(proposed, asked)
            if not made.problems and not asked.yes:
                answered = _answered(made, asked)
                if not answered or not _agreed(question):
                    click.echo(NOT_DONE[locale], err=True)
                    ctx.exit(1)
            revision = _apply(proposed, asked, answered, kept) or revision
        except Refusal as refusal:
            print_problems(refusal.problems, locale, err=True)
            ctx.exit(1)
    else:
        if not asked.as_json:
            print_plan(made, proposed.databases.dialect, locale)
        settle(proposed.databases, made, proposed.folders)
    if asked.as_json:
        told = {"revision": revision, "changed": not made.empty}
        print_json(told | ({"scenarios": kept_json(kept)} if kept else {}))
    text = NOTHING[locale] if made.empty else DONE[locale].format(number=revision)
    click.echo(text, err=True)


def _rehearsed(proposed: Proposal, asked: Asked) -> Rehearsed | None:
    """Plays the scenarios. Raises Refusal when some fail and no reason is given."""
    found = rehearsed(proposed, asked.locale, quietly=asked.as_json)
    return found.kept(asked.despite) if found is not None else None


def _apply(proposed: Proposal, asked: Asked, answered: bool, kept: Rehearsed | None) -> int | None:
    """Carries out the plan, and tells the processes that serve."""
    order = Order(
        by=_who(),
        message=asked.message,
        allow_loss=asked.allow_loss,
        answered=answered,
        rehearsed=kept,
    )
    with progress_bar(COMPUTING[asked.locale]) as bar:
        return publish(
            proposed, order, (mirror_roles,), partial(_tell, proposed),
            progress=lambda progress: bar(progress.done, progress.total),
        )  # fmt: skip


def _tell(proposed: Proposal, revision: int) -> None:
    """Says by Redis that the revision is in force; before the first one the site has no name."""
    if hints := hints_of(settings(check_layers=False), proposed.databases):
        hints.tell(revision)


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
