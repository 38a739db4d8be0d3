"""`formwright revisions`: what has been applied, when and by whom; `show N`: what it changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from textwrap import indent
from typing import Any

import click

from assembly.revision_changes import revision_changes
from cli.opening import database, settings
from cli.printing import locale_of, locale_option, print_json
from cli.rehearsing import kept_json
from cli.rehearsing import told as in_words
from engine.schema.backfilling import LET_GO, RUNNING, read_journal
from engine.schema.state import Applied, Rehearsed
from engine.schema.state import revisions as read_revisions

NOTHING = {"en": "the definitions are those of the revision before", "zh": "定义与前一版本相同"}
FIRST = {"en": "the first revision: {number} definitions", "zh": "首个版本：{number} 个定义"}
WRITTEN = {"en": "values written anew: batch {batch}", "zh": "重写的值：批次 {batch}"}
FAILED = {"en": "failed: {names}", "zh": "失败：{names}"}
DESPITE = {"en": "applied all the same: {despite}", "zh": "仍予应用，原因：{despite}"}
NO_WAY_BACK = {
    "en": "cannot be gone back to: an earlier version of the platform applied it",
    "zh": "无法回退到此版本：它由早期版本的平台应用",
}
UNENDED = {
    "en": "an apply that was begun goes on or was interrupted (last at {at}, {count} records are"
    " computed): `formwright apply` of the same files goes on with it",
    "zh": "有一次应用尚未结束（最后进展 {at}，已计算 {count} 条记录）：以相同文件再次执行"
    " `formwright apply` 即可继续",
}
LET_GO_OF = {
    "en": "an apply that was interrupted was let go of (last at {at}): the next `formwright apply`"
    " begins anew, or removes what it has added",
    "zh": "一次中断的应用已被放弃（最后进展 {at}）：下次 `formwright apply` 将重新开始，"
    "或移除其新增内容",
}


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print the revisions as JSON.")
@click.pass_context
def revisions(ctx: click.Context, as_json: bool) -> None:
    """List the applied revisions, the newest first; the first line is the one in force.

    `!` marks those that were applied although scenarios failed.
    """
    if ctx.invoked_subcommand is not None:
        return
    with database(settings(check_layers=False)) as databases:
        with databases.reading() as connection:
            found, journal = read_revisions(connection), read_journal(connection)
    if journal is not None and journal.status in (RUNNING, LET_GO) and journal.passes:
        said = UNENDED if journal.status == RUNNING else LET_GO_OF
        at = f"{journal.at:%Y-%m-%d %H:%M:%SZ}"
        click.echo(said[locale_of(os.environ)].format(at=at, count=journal.count), err=True)
    if as_json:
        print_json([_data(one) for one in found])
        return
    for one in found:
        at = one.at.strftime("%Y-%m-%d %H:%M:%SZ")
        told = f"  {one.message.splitlines()[0]}" if one.message else ""
        mark = "!" if one.rehearsed and one.rehearsed.despite else " "
        click.echo(f"{one.id:>5}{mark} {at}  {one.digest[:12]}  {one.by}{told}")


@revisions.command()
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@locale_option()
def show(number: int, as_json: bool, locale: str | None) -> None:
    """Show revision NUMBER: who applied it, when and why, and what it changed."""
    locale = locale or locale_of(os.environ)
    with database(settings(check_layers=False)) as databases:
        with databases.reading() as connection:
            told = revision_changes(connection, number)
    one = told.one
    if as_json:
        texts = [text.in_(locale) for text in told.texts]
        said = {"changes": texts, "batch": told.batch, "back": told.back}
        print_json(_data(one) | {"before": told.former} | said)
        return
    click.echo(f"{one.id}  {one.at:%Y-%m-%d %H:%M:%SZ}  {one.digest[:12]}  {one.by}")
    if one.message:
        click.echo(f"\n{indent(one.message, '    ')}\n")
    for line in _rehearsed(one.rehearsed, locale):
        click.echo(line)
    for text in told.texts:
        click.echo(f"~ {text.in_(locale)}")
    if told.former is None:
        click.echo(FIRST[locale].format(number=told.definitions))
    elif not told.texts:
        click.echo(NOTHING[locale])
    if told.batch is not None:
        click.echo(WRITTEN[locale].format(batch=told.batch))
    if not told.back:
        click.echo(NO_WAY_BACK[locale])


def _rehearsed(kept: Rehearsed | None, locale: str) -> Iterator[str]:
    """How the scenarios went before it, and why it was applied all the same."""
    if kept is None:
        return
    yield in_words(kept, locale)
    if kept.failed:
        yield FAILED[locale].format(names=", ".join(kept.failed))
    if kept.despite:
        yield DESPITE[locale].format(despite=kept.despite)


def _data(one: Applied) -> dict[str, Any]:
    return {
        "revision": one.id,
        "at": one.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "by": one.by or None,
        "digest": one.digest,
        "message": one.message or None,
        "scenarios": kept_json(one.rehearsed),
    }
