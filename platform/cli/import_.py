"""`formwright import`: a CSV or XLSX file becomes records, through the gate."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from assembly.application import Application, build_application
from assembly.long_work import work_files
from cli.acting import acting
from cli.opening import database, settings
from cli.printing import locale_of, locale_option, print_json, print_problems
from cli.progress import ending_in_good_order, progress_bar
from engine.files import Files
from engine.pausing import freeze, frozen
from engine.permissions.actors import Actor
from exchange.import_work import import_here, import_work, request_of
from exchange.importing import Order, Watch, prepared, run_import
from exchange.mapping import find_mapping
from exchange.report import Report
from exchange.said import reasons
from jobs.work import start_work

FILE = click.Path(path_type=Path, dir_okay=False)
CORRECTED = {
    "en": "{column}: {found} → {became}, {count} rows (lines {lines})",
    "zh": "{column}：{found} → {became}，共 {count} 行（第 {lines} 行）",
}
NO_FILES = "With --background the files about rows are kept with the work (formwright jobs show)."
REJECTED = {"en": "line {line}: {problems}", "zh": "第 {line} 行：{problems}"}
MORE = {"en": "and {number} more rejected rows", "zh": "另有 {number} 行被拒绝"}
SEE = {"en": "rejected rows and their reasons: {file}", "zh": "被拒绝的行及原因：{file}"}
DRY = {"en": "dry run: nothing was written", "zh": "试运行：未写入任何数据"}
NOTHING = {
    "en": "nothing was written, since not all rows could be (--all-or-nothing)",
    "zh": "由于并非所有行都可写入（--all-or-nothing），未写入任何数据",
}
EMPTY = {"en": "(empty)", "zh": "（空）"}
LEFT_EMPTY = {
    "en": "{column}: nothing there and left empty, {count} rows (lines {lines})",
    "zh": "{column}：无内容，保持为空，共 {count} 行（第 {lines} 行）",
}


@click.command("import")
@click.argument("name", metavar="OBJECT")
@click.argument("file", type=FILE)
@click.option("--map", "mapping", help="A mapping file, or the name of an applied mapping.")
@click.option("--match", multiple=True, metavar="FIELD", help="Update the record with this value.")
@click.option("--dry-run", is_flag=True, help="Do everything, then take it back.")
@click.option("--all-or-nothing", is_flag=True, help="Write nothing if any row is rejected.")
@click.option("--confirm-duplicates", is_flag=True, help="Take rows that rules warn of, too.")
@click.option("--rejects", type=FILE, help="Write rejected rows and their reasons here (CSV).")
@click.option("--corrections", type=FILE, help="Write every corrected cell here (CSV).")
@click.option("--background", is_flag=True, help="Let workers do it; prints its number.")
@click.option("--as", "user", metavar="USER", help="Import with this account's permissions.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@locale_option()
@click.pass_context
def import_(
    ctx: click.Context,
    name: str,
    file: Path,
    mapping: str | None,
    match: tuple[str, ...],
    dry_run: bool,
    all_or_nothing: bool,
    confirm_duplicates: bool,
    rejects: Path | None,
    corrections: Path | None,
    background: bool,
    user: str | None,
    as_json: bool,
    locale: str | None,
) -> None:
    """Read the records of OBJECT from FILE (CSV or XLSX) and create or update them.

    Without --map the columns are named like fields or labels. Prints how many records were
    created, updated, unchanged and rejected; exits 1 when rows were rejected. `formwright jobs`
    shows it on its way, `formwright undo` takes it back.
    """
    if background and (rejects or corrections):
        raise click.UsageError(NO_FILES)
    locale = locale or locale_of(os.environ)
    chosen = settings(check_layers=False)
    with database(chosen) as databases:
        application = build_application(databases)
        order = Order(
            object=name,
            path=file,
            mapping=find_mapping(mapping, application.catalog) if mapping else None,
            match=tuple(name.strip() for part in match for name in part.split(",")),
            dry_run=dry_run,
            all_or_nothing=all_or_nothing,
            confirm_duplicates=confirm_duplicates,
            rejects=rejects,
            corrections=corrections,
            locale=locale,
        )
        actor = acting(application, user)
        files = work_files(chosen)
        if background:
            click.echo(_handed_over(application, actor, files, order))
            return
        if not frozen():
            freeze()  # or each collection would go through all definitions again
        with ending_in_good_order(), _progress(file) as watch:
            if dry_run:
                report = run_import(application.gate, actor, order, watch)
            else:
                report = import_here(application.gate, actor, files, order, watch)
    _say(report, order, locale)
    if as_json:
        print_json(_json(report, order, locale))
    else:
        click.echo(report.summary)
    ctx.exit(0 if report.ok else 1)


def _handed_over(application: Application, actor: Actor, files: Files, order: Order) -> int:
    """Asks for the import as long work; its number."""
    source, _ = prepared(application.gate, actor, order)
    work = import_work(application.catalog, request_of(files, order, source))
    return application.gate.write(actor, lambda tx: start_work(tx, work))


def _say(report: Report, order: Order, locale: str) -> None:
    """Everything that the counts do not tell, to standard error."""
    print_problems(report.notices, locale, err=True)
    for (column, found, became), group in report.corrections.items():
        lines = ", ".join(map(str, group.lines)) + (", …" if group.count > len(group.lines) else "")
        template = CORRECTED if found or became else LEFT_EMPTY
        text = template[locale].format(
            column=column,
            found=found or EMPTY[locale],
            became=became or EMPTY[locale],
            count=group.count,
            lines=lines,
        )
        click.echo(text, err=True)
    for line, problems in report.examples:
        text = REJECTED[locale].format(line=line, problems=reasons(problems, locale))
        click.echo(text, err=True)
    if more := report.rejected - len(report.examples):
        click.echo(MORE[locale].format(number=more), err=True)
    if report.rejected and order.rejects:
        click.echo(SEE[locale].format(file=order.rejects), err=True)
    if report.stopped:
        print_problems([report.stopped], locale, err=True)
    if order.dry_run:
        click.echo(DRY[locale], err=True)
    elif not report.written:
        click.echo(NOTHING[locale], err=True)


def _json(report: Report, order: Order, locale: str) -> dict[str, Any]:
    stopped = report.stopped
    return {
        **report.counts,
        "written": report.written,
        "dry_run": order.dry_run,
        "batch": report.batch,
        "corrections": [
            {"column": column, "found": found, "became": became, "count": group.count}
            for (column, found, became), group in report.corrections.items()
        ],
        "problems": [
            {
                "line": line,
                "field": problem.path or None,
                "code": problem.code,
                "message": problem.sentence(locale),
            }
            for line, problems in report.examples
            for problem in problems
        ],
        "notices": [problem.sentence(locale) for problem in report.notices],
        "stopped": stopped.sentence(locale) if stopped else None,
    }


@contextmanager
def _progress(file: Path) -> Iterator[Watch]:
    """A progress bar on a terminal; elsewhere nothing."""
    with progress_bar(file.name) as shown:
        yield lambda report, source: shown(report.rows, source.count)
