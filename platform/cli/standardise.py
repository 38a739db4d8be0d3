"""`formwright standardise`: the values of a field are all written in one way."""

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
from engine.matching.spelling import SPELLINGS
from exchange.bulk import BulkRequest
from exchange.standard_work import standard_work, standardise_here
from exchange.standardising import Example, StandardPreview, StandardRequest, preview_standard
from jobs.work import start_work

SURE = {"en": "Write them so?", "zh": "确定按此修改？"}
LOOKED = {
    "en": "looked at {looked} of {count} records",
    "zh": "共 {count} 条记录，已检查 {looked} 条",
}
REFUSED = {"en": "{what}: {why}", "zh": "{what}：{why}"}


@click.command()
@click.argument("name", metavar="OBJECT")
@click.argument("field")
@click.argument("spelling", metavar="SPELLING", type=click.Choice(list(SPELLINGS)))
@click.option("--where", default="", metavar="EXPR", help="Only records that fulfil this.")
@click.option("--dry-run", is_flag=True, help="Say what would change; write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--background", is_flag=True, help="Let workers do it; prints its number.")
@click.option("--as", "user", metavar="USER", help="Act with this account's permissions.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@locale_option()
@click.pass_context
def standardise(
    ctx: click.Context,
    name: str,
    field: str,
    spelling: str,
    where: str,
    dry_run: bool,
    yes: bool,
    background: bool,
    user: str | None,
    as_json: bool,
    locale: str | None,
) -> None:
    """Write FIELD of the records of OBJECT in a standard spelling.

    SPELLING is trim, width, company, phone, email or code. Shows examples first. What is refused
    is listed and stops none of the others; `formwright undo` takes the whole change back.
    """
    locale = locale or locale_of(os.environ)
    chosen = settings(check_layers=False)
    with database(chosen) as databases:
        application = build_application(databases)
        gate, actor = application.gate, acting(application, user)
        bulk = BulkRequest(object=name, where=where, locale=locale)
        request = StandardRequest(chosen=bulk, field=field, spelling=spelling)
        seen = preview_standard(gate, actor, request)
        if dry_run or not yes:
            _show(seen, locale, counts=not dry_run)
        if dry_run:
            if as_json:
                print_json(_json_of(seen, locale))
            else:
                click.echo(counts_said(seen.counts, locale))
            return
        if not yes:
            click.confirm(SURE[locale], abort=True, err=True)
        work = standard_work(gate, actor, request)
        if background:
            click.echo(gate.write(actor, lambda tx: start_work(tx, work)))
            return
        with ending_in_good_order(), progress_bar(work.title[locale]) as shown:
            ended = standardise_here(gate, actor, work_files(chosen), request, shown)
    for row in ended.said:
        what = " ".join(filter(None, (row["number"], row["title"]))) or f"#{row['id']}"
        click.echo(REFUSED[locale].format(what=what, why=row[locale]), err=True)
    if ended.problem is not None:
        print_problems([ended.problem], locale, err=True)
    if as_json:
        print_json({**ended.counts, "work": ended.id, "dry_run": False})
    else:
        click.echo(counts_said(ended.counts, locale))
    ctx.exit(1 if ended.counts.get("rejected") or ended.problem is not None else 0)


def _show(seen: StandardPreview, locale: str, *, counts: bool) -> None:
    """Examples and how many there are, to standard error."""
    for one in seen.changing:
        click.echo(f"{_called(one)}: {one.before} → {one.after}", err=True)
    for one in seen.refused:
        if one.problem is not None:
            why = one.problem.sentence(locale)
            click.echo(REFUSED[locale].format(what=_called(one), why=why), err=True)
    click.echo(LOOKED[locale].format(looked=seen.looked, count=seen.count), err=True)
    if counts:
        click.echo(counts_said(seen.counts, locale), err=True)


def _called(one: Example) -> str:
    return one.record.number or f"#{one.record.id}"


def _json_of(seen: StandardPreview, locale: str) -> dict[str, object]:
    return {
        "count": seen.count,
        "looked": seen.looked,
        **seen.counts,
        "dry_run": True,
        "examples": [
            {"id": one.record.id, "before": one.before, "after": one.after} for one in seen.changing
        ],
        "refused": [
            {"id": one.record.id, "value": one.before, "reason": one.problem.sentence(locale)}
            for one in seen.refused
            if one.problem is not None
        ],
    }
