"""`formwright apply`: carry out the plan that leads to what the files say."""

from __future__ import annotations

import getpass
import os
import sys

import click
import sqlalchemy as sa

from assembly.application import build_application, utc_now
from assembly.filling import filler
from assembly.noting import noting_apply
from assembly.seeding import sow
from cli.opening import Proposal, proposal, settings
from cli.plan import NOTHING, print_plan
from cli.printing import locale_of, locale_option, print_json, print_problems
from cli.running import hints_of
from engine.problems import Refusal
from engine.schema.applying import ASKS, Publishing, apply_plan
from engine.schema.findings import Severity
from engine.schema.planning import Plan
from webapp.mirroring import sync_roles

ASK = {"en": "Apply this plan?", "zh": "是否应用此计划？"}
MEANT = {
    "en": "No, it is something else: apply as it is written?",
    "zh": "不是改名，确实是不同的东西：是否按现写法应用？",
}
WRITE = {"en": "then write:", "zh": "请改写为："}
DONE = {"en": "revision {number} is in force", "zh": "版本 {number} 已生效"}
NOT_DONE = {"en": "nothing was changed", "zh": "未做任何更改"}


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--allow-loss", is_flag=True, help="Also hide what holds data (it is kept).")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@locale_option()
@click.pass_context
def apply(
    ctx: click.Context, yes: bool, allow_loss: bool, as_json: bool, locale: str | None
) -> None:
    """Bring the database to what the layers define, after showing the plan.

    Exactly the plan that was shown is carried out: if the database changes in between, nothing is.
    """
    locale = locale or locale_of(os.environ)
    with proposal() as proposed:
        made = proposed.plan
        revision = made.applied.id if made.applied else None
        if not made.empty:
            if not as_json:
                print_plan(made, proposed.databases.dialect, locale)
            answered = False
            if not made.problems and not yes:
                answered = _answered(made, locale, allow_loss)
                if not answered or not _agreed(locale):
                    click.echo(NOT_DONE[locale], err=True)
                    ctx.exit(1)
            try:
                applied = _apply(proposed, allow_loss, answered)
            except Refusal as refusal:
                print_problems(refusal.problems, locale, err=True)
                ctx.exit(1)
            revision = applied or revision
    if as_json:
        print_json({"revision": revision, "changed": not made.empty})
    text = NOTHING[locale] if made.empty else DONE[locale].format(number=revision)
    click.echo(text, err=True)


def _apply(proposed: Proposal, allow_loss: bool, answered: bool) -> int | None:
    """Carries out the plan, mirrors the roles with it, and sows seed records after it."""
    by, now = _who(), utc_now()
    publishing = Publishing(
        by=by,
        now=now,
        fill=filler(proposed.databases, utc_now),
        hooks=(_mirror_roles, noting_apply(by, now)),
    )
    revision = apply_plan(
        proposed.databases,
        proposed.plan,
        proposed.replan,
        publishing,
        allow_loss=allow_loss,
        answered=answered,
    )
    sow(build_application(proposed.databases).gate)
    hints = hints_of(settings(check_layers=False), proposed.databases)
    if revision is not None and hints is not None:
        hints.tell(revision)
    return revision


def _mirror_roles(connection: sa.Connection, made: Plan) -> None:
    sync_roles(connection, made.target.tables.catalog)


def _answered(made: Plan, locale: str, allow_loss: bool) -> bool:
    """Whether everything that is probably not meant is meant: somebody is asked, one by one."""
    asking = [f for f in made.findings if f.severity == Severity.ASKS]
    if allow_loss or not asking:
        return True
    if not sys.stdin.isatty():
        raise Refusal(*(ASKS(what=finding.text) for finding in asking))
    for finding in asking:
        click.echo(finding.text.in_(locale), err=True)
        if not click.confirm(MEANT[locale], err=True):
            click.echo(f"{WRITE[locale]}\n{finding.remedy}", err=True)
            return False
    return True


def _agreed(locale: str) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: add --yes.")
    return click.confirm(ASK[locale], err=True)


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in some containers
        return ""
