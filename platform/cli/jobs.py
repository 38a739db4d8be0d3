"""`formwright jobs`: long work and effects: what there is, pause, resume, cancel, retry."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from assembly.long_work import work_files
from cli.acting import acting
from cli.jobs_printing import effect_json, effect_line, work_json, work_line, work_lines
from cli.opening import settings
from cli.printing import locale_of, locale_option, print_json
from cli.progress import progress_bar
from cli.running import opened_site, start_logging
from engine.permissions.actors import Actor
from engine.problems import Message, Refusal
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from jobs import acting as effects
from jobs import work
from jobs.states import STATES, JobQuery, Jobs
from jobs.work_rights import require_results
from jobs.work_rows import WorkRow
from jobs.work_tables import STATUSES

LOOK_EVERY = 0.5
"""Seconds between two looks at work that is followed."""
NOTHING = {"en": "there is nothing", "zh": "没有任务"}
NO_FILE = Message(
    "work-no-file",
    en="long work {id} has no file {name!r}",
    zh="批量任务 {id} 没有文件 {name!r}",
    hint_en="it has: {names}",
    hint_zh="现有文件：{names}",
)

_as = click.option("--as", "user", metavar="USER", help="Act with this account's permissions.")
_json = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
_effect = click.option("--effect", is_flag=True, help="The number is that of an effect.")
_locale = locale_option()


@click.group(invoke_without_command=True)
@click.pass_context
def jobs(ctx: click.Context) -> None:
    """Long work (import, export, bulk change, undo) and effects: see them and steer them."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@jobs.command("list")
@click.option("--status", help="Only what has this status.")
@click.option("--effects", is_flag=True, help="Effects of the outbox instead of long work.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=20, show_default=True)
@_as
@_json
@_locale
def list_(
    status: str | None = None,
    effects: bool = False,
    limit: int = 20,
    user: str | None = None,
    as_json: bool = False,
    locale: str | None = None,
) -> None:
    """List long work, the latest first; or effects with one status (failed unless given)."""
    locale = locale or locale_of(os.environ)
    allowed = STATES if effects else STATUSES
    if status and status not in allowed:
        raise click.UsageError(f"--status is one of {', '.join(allowed)}.")
    with _site(user) as (gate, actor):
        if effects:
            page = Jobs(gate).page(actor, JobQuery(status=status or "failed", limit=limit))
            data = [effect_json(job) for job in page.items]
            lines = [effect_line(job, locale) for job in page.items]
        else:
            of = work.of_everybody if actor.is_system else work.of_person
            rows = of(gate, actor, limit=limit, status=status or "")
            data = [work_json(row) for row in rows]
            lines = [work_line(row, locale) for row in rows]
    if as_json:
        print_json(data)
    elif lines:
        click.echo("\n".join(lines))
    else:
        click.echo(NOTHING[locale], err=True)


@jobs.command()
@click.argument("id", type=int)
@click.option("--follow", is_flag=True, help="Stay until it is over.")
@click.option("--file", "name", metavar="NAME", help="Write this file of it to standard output.")
@_effect
@_as
@_json
@_locale
def show(
    id: int,
    follow: bool,
    name: str | None,
    effect: bool,
    user: str | None,
    as_json: bool,
    locale: str | None,
) -> None:
    """Show one in full, follow it, or take one of its files."""
    locale = locale or locale_of(os.environ)
    with _site(user) as (gate, actor):
        if effect:
            job = Jobs(gate).one(actor, id)
            print_json(effect_json(job))
            return
        row = work.one(gate, actor, id)
        if follow:
            row = _followed(gate, actor, row, locale)
        if name is not None:
            require_results(gate, actor, row)
            _copy(row, name)
            return
    if as_json:
        print_json(work_json(row))
    else:
        click.echo("\n".join(work_lines(row, locale)))


def _steering(name: str, help: str, act: Callable[[Transaction, int], None]) -> None:
    """A command that steers long work."""

    @jobs.command(name, help=help)
    @click.argument("id", type=int)
    @_as
    @_locale
    def steer(id: int, user: str | None, locale: str | None) -> None:
        with _site(user) as (gate, actor):
            gate.write(actor, lambda tx: act(tx, id))
            click.echo(work_line(work.one(gate, actor, id), locale or locale_of(os.environ)))


_steering("pause", "Stop long work after its present chunk.", work.pause)
_steering("resume", "Let paused work go on.", work.resume)


def _ending(
    name: str,
    help: str,
    act: Callable[[Transaction, int], None],
    on_effect: Callable[[Gate, Actor, int], None],
) -> None:
    """A command for long work and for effects."""

    @jobs.command(name, help=help)
    @click.argument("id", type=int)
    @_effect
    @_as
    @_locale
    def end(id: int, effect: bool, user: str | None, locale: str | None) -> None:
        locale = locale or locale_of(os.environ)
        with _site(user) as (gate, actor):
            if effect:
                on_effect(gate, actor, id)
                click.echo(effect_line(Jobs(gate).one(actor, id), locale))
            else:
                gate.write(actor, lambda tx: act(tx, id))
                click.echo(work_line(work.one(gate, actor, id), locale))


_ending("cancel", "End long work after its present chunk; or take an effect away.",
        work.cancel, effects.cancel)  # fmt: skip
_ending("retry", "Go on with work that failed or was cancelled; or try an effect again.",
        work.retry, effects.retry)  # fmt: skip


@contextmanager
def _site(user: str | None) -> Iterator[tuple[Gate, Actor]]:
    """The gate, and as whom the command acts."""
    chosen = settings(check_layers=False)
    start_logging(chosen)
    with opened_site(chosen) as site:
        yield site.gate(), acting(site.current, user)


def _followed(gate: Gate, actor: Actor, row: WorkRow, locale: str) -> WorkRow:
    """Stays until the work is over, or paused; with a bar on a terminal."""
    with progress_bar(row.title.in_(locale)) as shown:
        while not row.over and row.status != "paused":
            shown(row.progress.done, row.progress.total)
            time.sleep(LOOK_EVERY)
            row = work.one(gate, actor, row.id)
    return row


def _copy(row: WorkRow, name: str) -> None:
    found = next((file for file in row.files if file.name == name), None)
    if found is None:
        names = ", ".join(file.name for file in row.files)
        raise Refusal(NO_FILE(id=row.id, name=name, names=names))
    with work_files(settings(check_layers=False)).open(found.digest) as stream:
        shutil.copyfileobj(stream, sys.stdout.buffer)
