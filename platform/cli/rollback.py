"""`formwright rollback`: go back to an earlier revision, with the data that it had."""

from __future__ import annotations

import os
from pathlib import Path

import click

from cli.carrying_out import Asked, carry_out
from cli.opening import proposal_back
from cli.plan import show_plan
from cli.printing import locale_of, locale_option
from cli.sealing import write_plan

ASK = {
    "en": "Go back to revision {number} by this plan?",
    "zh": "是否按此计划回退到版本 {number}？",
}
MESSAGE = {"en": "back to revision {number}", "zh": "回退到版本 {number}"}


@click.command()
@click.argument("revision", type=int)
@click.option("--plan", "only_plan", is_flag=True, help="Only show what it would do.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the plan in this file, for `formwright apply FILE`; change nothing.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--allow-loss", is_flag=True, help="Also hide what holds data (it is kept).")
@click.option("-m", "--message", default="", help="Why, for `formwright revisions`.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome (or the plan) as JSON.")
@locale_option()
@click.pass_context
def rollback(
    ctx: click.Context,
    revision: int,
    only_plan: bool,
    out: Path | None,
    yes: bool,
    allow_loss: bool,
    message: str,
    as_json: bool,
    locale: str | None,
) -> None:
    """Put the definitions of REVISION in force again, with the data that belongs to them.

    The plan is shown first, with what is lost and what has been changed since. What was renamed
    has its former name, what was removed comes back, what was added is parked; values that
    applying wrote go back where nobody has changed them. It makes a new revision, so that it can
    be gone back on as well. The files stay as they are: bring them to the same state, or the next
    `apply` goes forward again.
    """
    locale = locale or locale_of(os.environ)
    with proposal_back(revision) as proposed:
        if only_plan or out is not None:
            show_plan(proposed, locale, as_json=as_json)
            if out is not None and not proposed.plan.problems:
                write_plan(out, proposed.plan, revision)
            ctx.exit(1 if proposed.plan.problems else 0)
        said = message or MESSAGE[locale].format(number=revision)
        asked = Asked(locale=locale, yes=yes, allow_loss=allow_loss, as_json=as_json, message=said)
        carry_out(ctx, proposed, asked, ASK[locale].format(number=revision))
