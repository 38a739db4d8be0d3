"""`formwright export`: records to CSV, XLSX or JSON, with somebody's permissions."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from assembly.application import build_application
from cli.acting import acting
from cli.opening import database, settings
from cli.printing import locale_of, locale_option, print_problems
from engine.problems import Refusal
from exchange import messages as say
from exchange.export_work import ExportRequest, export_work
from exchange.exporting import ExportOrder, export_records
from exchange.limits import check
from exchange.writers import FORMATS
from jobs.work import start_work

DONE = {"en": "exported {count}", "zh": "已导出 {count} 条"}


@click.command()
@click.argument("name", metavar="OBJECT")
@click.option("--where", default="", metavar="EXPR", help="Only records that fulfil this.")
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), help="csv unless given.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file.")
@click.option("--labels", is_flag=True, help="Head columns by labels instead of field names.")
@click.option("--background", is_flag=True, help="Let workers do it; prints its number.")
@click.option("--reason", default="", help="What a large export is for; it is audited.")
@click.option("--as", "user", metavar="USER", help="Export with this account's permissions.")
@locale_option("Language of labels and sentences.")
def export(
    name: str,
    where: str,
    format_: str | None,
    output: Path | None,
    labels: bool,
    background: bool,
    reason: str,
    user: str | None,
    locale: str | None,
) -> None:
    """Write the records of OBJECT to standard output or to a file.

    The format follows the file's ending where --format is not given. What is exported comes
    back with `formwright import OBJECT FILE`, unchanged.
    """
    locale = locale or locale_of(os.environ)
    ending = output.suffix.lower().removeprefix(".") if output else ""
    chosen = format_ or (ending if ending in FORMATS else "csv")
    if background and output is not None:
        raise click.UsageError("With --background the file is kept with the work (jobs show).")
    if not background and output is None and chosen == "xlsx" and sys.stdout.isatty():
        raise click.UsageError("A workbook is nothing for a terminal: name a file with -o.")
    order = ExportOrder(
        object=name, where=where, format=chosen, labels=locale if labels else "", reason=reason
    )
    with database(settings(check_layers=False)) as databases:
        application = build_application(databases)
        actor = acting(application, user)
        if background:
            request = ExportRequest(
                object=name,
                where=where,
                format=chosen,
                labels=labels,
                locale=locale,
                reason=reason,
            )
            check(application.reader, actor, order)
            work = export_work(application.catalog, request)
            click.echo(application.gate.write(actor, lambda tx: start_work(tx, work)))
            return
        with _opened(output) as out:
            exported = export_records(application.reader, actor, order, out)
    print_problems(exported.notices, locale, err=True)
    click.echo(DONE[locale].format(count=exported.count), err=True)


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that appears under its name only when it is complete."""
    if output is None:
        yield sys.stdout.buffer
        return
    draft = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with draft.open("wb") as stream:
            yield stream
        draft.replace(output)
    except OSError as error:
        why = error.strerror or str(error)
        raise Refusal(say.UNWRITABLE(file=str(output), why=why)) from None
    finally:
        draft.unlink(missing_ok=True)
