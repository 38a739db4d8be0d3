"""`formwright prune`: list what is parked, and really drop what is named."""

from __future__ import annotations

import getpass
import json
import os
import sys

import click

from assembly.application import build_application, utc_now
from cli.opening import database, settings
from cli.printing import locale_of, locale_option, many, print_json
from engine.loading.packing import plain
from engine.loading.storing import restore
from engine.problems import Refusal, did_you_mean
from engine.records.events import APPLY, Event, note_in
from engine.schema.engines import Databases
from engine.schema.findings import Count
from engine.schema.pruning import NEEDED, NOT_PARKED, Parked, Past, drop, parked
from engine.schema.state import revision_definitions, revisions, state_of_revision

SURE = {"en": "Drop {what} for good?", "zh": "确定永久删除 {what}？"}
NOTHING = {"en": "nothing is parked", "zh": "没有停用的数据"}
DONE = {"en": "dropped: {what}", "zh": "已删除：{what}"}
SINCE = {"en": "since", "zh": "自"}
RECORDS = {"en": "{n:# record|# records}", "zh": "{n} 条记录"}
MOST_REVISIONS = 50
"""Earlier revisions that are looked at for when something was parked."""


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]…")
@click.option("--force", is_flag=True, help="Also what the revision before the present one needs.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print what is parked as JSON.")
@locale_option()
@click.pass_context
def prune(
    ctx: click.Context,
    names: tuple[str, ...],
    force: bool,
    yes: bool,
    as_json: bool,
    locale: str | None,
) -> None:
    """Drop the parked data of NAME for good; without a NAME list what is parked.

    Fields and objects that were removed, and columns from before a change of type, keep their
    data until then.
    """
    locale = locale or locale_of(os.environ)
    with database(settings(check_layers=False)) as databases:
        found = _parked(databases)
        if not names:
            _print(found, locale, as_json)
            return
        chosen = [_chosen(name, found) for name in names]
        _refuse_needed(databases, chosen, force)
        what = ", ".join(f"{one.name} ({many(one.rows, 'record')})" for one in chosen)
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError("Nobody can be asked here: add --yes.")
            if not click.confirm(SURE[locale].format(what=what), err=True):
                ctx.exit(1)
        drop(databases, chosen)
        _note(databases, chosen)
    click.echo(DONE[locale].format(what=what), err=True)


def _parked(databases: Databases) -> list[Parked]:
    application = build_application(databases)
    with databases.reading() as connection:
        known = revisions(connection)[:MOST_REVISIONS]
        past = [
            Past(
                one.id,
                one.at,
                plain(restore(json.loads(text))),
                state_of_revision(connection, one.id),
            )
            for one in known
            if (text := revision_definitions(connection, one.id))
        ]
        return parked(connection, application.tables, past)


def _chosen(name: str, found: list[Parked]) -> Parked:
    for one in found:
        if one.name == name:
            return one
    raise Refusal(NOT_PARKED(name=name, best=did_you_mean(name, [one.name for one in found])))


def _refuse_needed(databases: Databases, chosen: list[Parked], force: bool) -> None:
    with databases.reading() as connection:
        known = revisions(connection)
    before = known[1].id if len(known) > 1 else None
    needed = [
        one for one in chosen if one.last is not None and one.last == before and not one.computed
    ]
    if needed and not force:
        raise Refusal(*(NEEDED(what=one.name, revision=one.last) for one in needed))


def _print(found: list[Parked], locale: str, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "name": one.name,
                    "records": one.rows,
                    "since": one.since.strftime("%Y-%m-%dT%H:%M:%SZ") if one.since else None,
                    "revision": one.last,
                }
                for one in found
            ]
        )
        return
    for one in found:
        since = f"  {SINCE[locale]} {one.since:%Y-%m-%d}" if one.since else ""
        held = RECORDS[locale].format(n=Count(one.rows).in_(locale))
        click.echo(f"{one.name}  {held}{since}")
    if not found:
        click.echo(NOTHING[locale], err=True)


def _note(databases: Databases, chosen: list[Parked]) -> None:
    try:
        by = getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in some containers
        by = ""
    said = {"by": by, "pruned": [one.name for one in chosen]}
    with databases.writing() as connection:
        note_in(connection, Event(action=APPLY, data=said), utc_now(), None, "command")
