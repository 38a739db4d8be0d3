"""`formwright revisions`: what has been applied, when and by whom; `show N`: what it changed."""

from __future__ import annotations

import json
import os
from textwrap import indent
from typing import Any

import click
import sqlalchemy as sa

from cli.opening import database, settings
from cli.printing import locale_of, locale_option, print_json
from engine.loading.packing import plain
from engine.loading.storing import restore
from engine.problems import Refusal, Text
from engine.schema import wording
from engine.schema.differences import Plain, differences
from engine.schema.returning import NO_REVISION
from engine.schema.state import Applied, pasts, revision_definitions
from engine.schema.state import revisions as read_revisions

NOTHING = {"en": "the definitions are those of the revision before", "zh": "定义与前一版本相同"}
FIRST = {"en": "the first revision: {number} definitions", "zh": "首个版本：{number} 个定义"}
WRITTEN = {"en": "values written anew: batch {batch}", "zh": "重写的值：批次 {batch}"}
NO_WAY_BACK = {
    "en": "cannot be gone back to: an earlier version of the platform applied it",
    "zh": "无法回退到此版本：它由早期版本的平台应用",
}


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print the revisions as JSON.")
@click.pass_context
def revisions(ctx: click.Context, as_json: bool) -> None:
    """List the applied revisions, the newest first; the first line is the one in force."""
    if ctx.invoked_subcommand is not None:
        return
    with database(settings(check_layers=False)) as databases:
        with databases.reading() as connection:
            found = read_revisions(connection)
    if as_json:
        print_json([_data(one) for one in found])
        return
    for one in found:
        at = one.at.strftime("%Y-%m-%d %H:%M:%SZ")
        told = f"  {one.message.splitlines()[0]}" if one.message else ""
        click.echo(f"{one.id:>5}  {at}  {one.digest[:12]}  {one.by}{told}")


@revisions.command()
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@locale_option()
def show(number: int, as_json: bool, locale: str | None) -> None:
    """Show revision NUMBER: who applied it, when and why, and what it changed."""
    locale = locale or locale_of(os.environ)
    with database(settings(check_layers=False)) as databases:
        with databases.reading() as connection:
            known = read_revisions(connection)
            one = next((one for one in known if one.id == number), None)
            if one is None:
                raise Refusal(NO_REVISION(revision=number))
            former = next((other.id for other in known if other.id < number), None)
            after = _definitions(connection, number)
            before = _definitions(connection, former) if former is not None else {}
            left = pasts(connection, number)[:1]
    texts = _changes(before, after) if former is not None else []
    batch, back = (left[0].batch, left[0].keys is not None) if left else (None, False)
    if as_json:
        said = {"changes": [text.in_(locale) for text in texts], "batch": batch, "back": back}
        print_json(_data(one) | {"before": former} | said)
        return
    click.echo(f"{one.id}  {one.at:%Y-%m-%d %H:%M:%SZ}  {one.digest[:12]}  {one.by}")
    if one.message:
        click.echo(f"\n{indent(one.message, '    ')}\n")
    for text in texts:
        click.echo(f"~ {text.in_(locale)}")
    if former is None:
        click.echo(FIRST[locale].format(number=sum(map(len, after.values()))))
    elif not texts:
        click.echo(NOTHING[locale])
    if batch is not None:
        click.echo(WRITTEN[locale].format(batch=batch))
    if not back:
        click.echo(NO_WAY_BACK[locale])


def _definitions(connection: sa.Connection, number: int) -> Plain:
    return plain(restore(json.loads(revision_definitions(connection, number))))


def _changes(before: Plain, after: Plain) -> list[Text]:
    return [
        wording.of_difference(difference, before, after)
        for difference in differences(before, after)
    ]


def _data(one: Applied) -> dict[str, Any]:
    return {
        "revision": one.id,
        "at": one.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "by": one.by or None,
        "digest": one.digest,
        "message": one.message or None,
    }
