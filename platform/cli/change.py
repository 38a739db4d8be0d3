"""`formwright change`: many records get values, take a transition, or are deleted."""

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
from engine.schema.findings import Count
from exchange.bulk import BulkRequest, Named, preview_bulk
from exchange.bulk_work import bulk_here, bulk_work
from exchange.said import reasons
from jobs.work import start_work

REFUSED = {"en": "{what}: {why}", "zh": "{what}：{why}"}
MORE = {"en": "and {number} more refused records", "zh": "另有 {number} 条记录被拒绝"}
SURE = {"en": "Change {count:# record|# records}?", "zh": "确定修改 {count} 条记录？"}
TRIED = {
    "en": "dry run: nothing was written; {tried} of {count} records were tried",
    "zh": "试运行：未写入任何数据；共 {count} 条记录，已试 {tried} 条",
}


@click.command()
@click.argument("name", metavar="OBJECT")
@click.option("--where", default="", metavar="EXPR", help="Only records that fulfil this.")
@click.option("--set", "sets", multiple=True, metavar="FIELD=VALUE", help="What they get.")
@click.option("--do", "transition", default="", metavar="TRANSITION", help="What they go through.")
@click.option("--delete", is_flag=True, help="Move them to the recycle bin.")
@click.option("--confirm-duplicates", is_flag=True, help="Change what rules warn of, too.")
@click.option("--dry-run", is_flag=True, help="Try the first 200, and take that back.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--background", is_flag=True, help="Let workers do it; prints its number.")
@click.option("--as", "user", metavar="USER", help="Act with this account's permissions.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@locale_option()
@click.pass_context
def change(
    ctx: click.Context,
    name: str,
    where: str,
    sets: tuple[str, ...],
    transition: str,
    delete: bool,
    confirm_duplicates: bool,
    dry_run: bool,
    yes: bool,
    background: bool,
    user: str | None,
    as_json: bool,
    locale: str | None,
) -> None:
    """Change the records of OBJECT, each as if it were changed by itself.

    What is refused is listed and stops none of the others; then the exit status is 1.
    `formwright undo` takes the whole change back.
    """
    locale = locale or locale_of(os.environ)
    request = BulkRequest(
        object=name,
        where=where,
        fields=dict(_pair(given) for given in sets),
        transition=transition,
        delete=delete,
        confirm_duplicates=confirm_duplicates,
        locale=locale,
    )
    chosen = settings(check_layers=False)
    with database(chosen) as databases:
        application = build_application(databases)
        gate, actor = application.gate, acting(application, user)
        if dry_run:
            seen = preview_bulk(gate, actor, request)
            counts, problem = seen.counts, None
            refused = [(_called(named), reasons(why, locale)) for named, why in seen.refused]
            click.echo(TRIED[locale].format(tried=seen.tried, count=seen.count), err=True)
        else:
            work = bulk_work(gate, actor, request)
            if not yes:
                count = Count(work.total or 0).in_(locale)
                click.confirm(SURE[locale].format(count=count), abort=True, err=True)
            if background:
                click.echo(gate.write(actor, lambda tx: start_work(tx, work)))
                return
            with ending_in_good_order(), progress_bar(work.title[locale]) as shown:
                ended = bulk_here(gate, actor, work_files(chosen), request, shown)
            counts, problem = ended.counts, ended.problem
            refused = [
                (_called(Named(row["id"], row["number"], row["title"])), row[locale])
                for row in ended.said
            ]
    for what, why in refused:
        click.echo(REFUSED[locale].format(what=what, why=why), err=True)
    rejected = counts.get("rejected", 0)
    if rejected > len(refused):
        click.echo(MORE[locale].format(number=rejected - len(refused)), err=True)
    if problem is not None:
        print_problems([problem], locale, err=True)
    if as_json:
        examples = [{"record": what, "reason": why} for what, why in refused]
        print_json({**counts, "dry_run": dry_run, "examples": examples})
    else:
        click.echo(counts_said(counts, locale))
    ctx.exit(1 if rejected or problem is not None else 0)


def _pair(given: str) -> tuple[str, str | None]:
    """A field and its value from `field=value`; nothing behind the sign empties the field."""
    name, sign, value = given.partition("=")
    if not sign:
        raise click.BadParameter(f"{given!r} is not of the form FIELD=VALUE.", param_hint="--set")
    return name.strip(), value.strip() or None


def _called(record: Named) -> str:
    return " ".join(filter(None, (record.number, record.title))) or f"#{record.id}"
