"""`formwright keys`: encryption keys for secrets, made and changed."""

from __future__ import annotations

import os

import click

from assembly.application import build_application
from assembly.long_work import counted, work_files
from assembly.rotating import ROTATE_KIND, rotate_work
from cli.opening import database, settings
from cli.printing import locale_of, locale_option, print_problems
from cli.progress import ending_in_good_order, progress_bar
from engine.permissions.actors import SYSTEM
from engine.vault import new_key
from jobs.work_here import do_here

NOTHING = {"en": "nothing to do", "zh": "无需处理"}


@click.group()
def keys() -> None:
    """Encryption keys for fields of type `secret`."""


@keys.command()
@click.option("--id", "id_", default="", help="The key's own name; otherwise one is made.")
def new(id_: str) -> None:
    """Print a new key, as FORMWRIGHT_ENCRYPTION_KEYS holds it.

    Put it in front of the others, separated by a comma, and start all processes anew: the first
    key seals, all of them open. Then run `formwright keys rotate`.
    """
    click.echo(new_key(id_))


@keys.command()
@locale_option("Language of what is printed.")
@click.pass_context
def rotate(ctx: click.Context, locale: str | None) -> None:
    """Seal all secrets anew with the first key.

    It goes on where it was interrupted when it is run again, and while the site is in use. When it
    ends with nothing rejected, the other keys can be taken out of the setting.
    """
    locale = locale or locale_of(os.environ)
    chosen = settings(check_layers=False)
    with database(chosen) as databases:
        gate = build_application(databases).gate
        work = rotate_work(gate, SYSTEM)
        with ending_in_good_order(), progress_bar(work.title[locale]) as shown:
            ended = do_here(gate, SYSTEM, work, ROTATE_KIND, work_files(chosen), shown, "rejected")
    if ended.problem is not None:
        print_problems([ended.problem], locale, err=True)
    click.echo(counted(ended.counts, locale) or NOTHING[locale])
    ctx.exit(1 if ended.problem is not None or ended.counts.get("rejected") else 0)
