"""`formwright undo`: a whole import, bulk change or undo goes back."""

from __future__ import annotations

import os

import click

from assembly.application import build_application
from assembly.long_work import work_files
from cli.acting import acting
from cli.jobs_printing import counts_said
from cli.opening import database, settings
from cli.printing import locale_of, locale_option, print_json, print_problems
from cli.progress import ending_in_good_order, progress_bar
from exchange.undo_work import try_undo, undo_here, undo_work
from jobs.work import start_work
from jobs.work_here import EXAMPLES, Ended

CONFLICT = {"en": "{what} #{id}: {why}", "zh": "{what} #{id}：{why}"}
MORE = {"en": "and {number} more conflicts", "zh": "另有 {number} 处冲突"}
DRY = {"en": "dry run: nothing was written", "zh": "试运行：未写入任何数据"}


@click.command()
@click.argument("batch", type=int)
@click.option("--dry-run", is_flag=True, help="Do everything, then take it back.")
@click.option("--background", is_flag=True, help="Let workers do it; prints its number.")
@click.option("--as", "user", metavar="USER", help="Act with this account's permissions.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@locale_option()
@click.pass_context
def undo(
    ctx: click.Context,
    batch: int,
    dry_run: bool,
    background: bool,
    user: str | None,
    as_json: bool,
    locale: str | None,
) -> None:
    """Take back what BATCH wrote (`formwright jobs show` names it).

    Whatever has been changed since stays, and is listed; then the exit status is 1.
    """
    locale = locale or locale_of(os.environ)
    chosen = settings(check_layers=False)
    with database(chosen) as databases:
        application = build_application(databases)
        gate, actor = application.gate, acting(application, user)
        if background:
            work = undo_work(gate, actor, batch, locale)
            click.echo(gate.write(actor, lambda tx: start_work(tx, work)))
            return
        if dry_run:
            tally = try_undo(gate, actor, batch)
            said = [data for _, data in tally.said[:EXAMPLES]]
            ended = Ended(0, tally.counts, said, None)
        else:
            with ending_in_good_order(), progress_bar(f"undo {batch}") as shown:
                ended = undo_here(gate, actor, work_files(chosen), batch, locale, shown)
    for data in ended.said:
        text = {"what": data["label"][locale], "id": data["id"], "why": data[locale]}
        click.echo(CONFLICT[locale].format(**text), err=True)
    conflicts = ended.counts.get("conflicts", 0)
    if conflicts > len(ended.said):
        click.echo(MORE[locale].format(number=conflicts - len(ended.said)), err=True)
    if dry_run:
        click.echo(DRY[locale], err=True)
    if ended.problem is not None:
        print_problems([ended.problem], locale, err=True)
    if as_json:
        print_json({**ended.counts, "dry_run": dry_run, "examples": ended.said})
    else:
        click.echo(counts_said(ended.counts, locale))
    ctx.exit(1 if conflicts or ended.problem is not None else 0)
