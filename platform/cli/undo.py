"""`formwright undo`: a whole import, bulk change or undo goes back."""

from __future__ import annotations

import os
from collections.abc import Mapping

import click

from assembly.application import build_application
from assembly.long_work import COUNTED, work_files
from cli.acting import acting
from cli.jobs import progress_bar
from cli.opening import database, settings
from cli.printing import LOCALES, locale_of, print_json, print_problems
from exchange.undo_work import EXAMPLES, Undone, try_undo, undo_here, undo_work
from jobs.work import start_work

CONFLICT = {"en": "{what} #{id}: {why}", "zh": "{what} #{id}：{why}"}
MORE = {"en": "and {number} more conflicts", "zh": "另有 {number} 处冲突"}
DRY = {"en": "dry run: nothing was written", "zh": "试运行：未写入任何数据"}
NOTHING = {"en": "nothing to do", "zh": "没有可撤销的内容"}


@click.command()
@click.argument("batch", type=int)
@click.option("--dry-run", is_flag=True, help="Do everything, then take it back.")
@click.option("--background", is_flag=True, help="Let workers do it; prints its number.")
@click.option("--as", "user", metavar="USER", help="Act with this account's permissions.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option("--locale", type=click.Choice(LOCALES), help="Language of the sentences.")
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
            undone = Undone(tally.counts, tally.said[:EXAMPLES])
        else:
            with progress_bar(f"undo {batch}") as shown:
                undone = undo_here(gate, actor, work_files(chosen), batch, locale, shown)
    counts, said, problem = undone.counts, undone.said, undone.stopped
    for sort, data in said:
        if sort == "conflict":
            text = {"what": data["label"][locale], "id": data["id"], "why": data[locale]}
            click.echo(CONFLICT[locale].format(**text), err=True)
    conflicts = counts.get("conflicts", 0)
    if conflicts > len(said):
        click.echo(MORE[locale].format(number=conflicts - len(said)), err=True)
    if dry_run:
        click.echo(DRY[locale], err=True)
    if problem is not None:
        print_problems([problem], locale, err=True)
    if as_json:
        print_json({**counts, "dry_run": dry_run, "conflict_examples": [d for _, d in said]})
    else:
        click.echo(_summary(counts, locale))
    ctx.exit(1 if conflicts or problem is not None else 0)


def _summary(counts: Mapping[str, int], locale: str) -> str:
    said = [COUNTED[n].in_(locale).format(number) for n, number in counts.items() if number]
    return ", ".join(said) or NOTHING[locale]
