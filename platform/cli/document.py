"""`formwright document`: one record on paper, as a PDF."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from assembly.application import build_application
from cli.acting import acting
from cli.opening import database, settings
from cli.printing import locale_of, locale_option
from documents.messages import UNWRITABLE
from documents.printing import Documents, Printed
from documents.rendering import Renderer
from engine.files import Files
from engine.problems import Refusal

DONE = {"en": "written to {file}", "zh": "已写入 {file}"}


@click.command()
@click.argument("name")
@click.argument("record")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file, or its folder.")
@click.option("--as", "user", metavar="USER", help="Print what this account may see.")
@locale_option("Language of the document and the sentences.")
def document(
    name: str, record: str, output: Path | None, user: str | None, locale: str | None
) -> None:
    """Print the document NAME of RECORD (its id or number) as a PDF.

    Written to standard output unless a file is named. Without --locale it is in the site's first
    language.
    """
    if output is None and sys.stdout.isatty():
        raise click.UsageError("A PDF is nothing for a terminal: name a file with -o.")
    chosen = settings(check_layers=False)
    renderer = Renderer(size=1)
    try:
        with database(chosen) as databases:
            application = build_application(databases)
            actor = acting(application, user)
            files = Files(chosen.files_url, chosen.folder)
            documents = Documents(application.reader, renderer, chosen.layers, files)
            printed = documents.pdf(actor, name, record, locale or "")
    finally:
        renderer.close()
    if output is None:
        sys.stdout.buffer.write(printed.data)
        return
    file = _written(printed, output)
    click.echo(DONE[locale_of(os.environ)].format(file=file), err=True)


def _written(printed: Printed, output: Path) -> Path:
    """Writes the document; it appears under its name only when it is complete."""
    file = output / printed.file_name if output.is_dir() else output
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        draft.write_bytes(printed.data)
        draft.replace(file)
    except OSError as error:
        why = error.strerror or str(error)
        raise Refusal(UNWRITABLE(file=str(file), why=why)) from None
    finally:
        draft.unlink(missing_ok=True)
    return file
