"""`formwright apply`: carry out the plan that leads to what the files say."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import click

from assembly.kept_plans import refuse_drift
from cli.carrying_out import Asked, carry_out, despite_option
from cli.opening import proposal, proposal_back
from cli.printing import locale_of, locale_option
from cli.sealing import read_plan

ASK = {"en": "Apply this plan?", "zh": "是否应用此计划？"}


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--allow-loss", is_flag=True, help="Also hide what holds data (it is kept).")
@click.option("-m", "--message", default="", help="What is changed and why, for `revisions`.")
@despite_option
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@locale_option()
@click.pass_context
def apply(
    ctx: click.Context,
    file: Path | None,
    yes: bool,
    allow_loss: bool,
    message: str,
    despite: str,
    as_json: bool,
    locale: str | None,
) -> None:
    """Bring the database to what the layers define, after showing the plan.

    Exactly the plan that was shown is carried out: if the database changes in between, nothing is.
    Before that, the scenarios of the layers play on what it leads to, on a scratch database; what
    fails stands in the way, unless --despite says why it does not.
    FILE is a plan that `formwright plan --out FILE` (or `rollback --out`) has kept: it is carried
    out without asking, or refused when the way there has become another one.
    """
    locale = locale or locale_of(os.environ)
    kept = read_plan(file) if file is not None else None
    asked = Asked(
        locale=locale,
        yes=yes or kept is not None,
        allow_loss=allow_loss,
        as_json=as_json,
        message=message,
        despite=despite,
    )
    opened = proposal_back(kept.back_to) if kept and kept.back_to is not None else proposal()
    with opened as proposed:
        if kept is None:
            carry_out(ctx, proposed, asked, ASK[locale])
        else:
            carry_out(ctx, proposed, asked, ASK[locale], partial(refuse_drift, kept))
