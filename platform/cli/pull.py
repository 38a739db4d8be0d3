"""`formwright pull`: what was made in the browser becomes files."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

import click

from assembly.kinds import KINDS
from assembly.pulling import Pull, pulls, write
from cli.opening import database, settings
from cli.printing import locale_of, locale_option, print_json, print_problems, problem_json
from engine.loading.reading import shown
from scenarios.building import KINDS as SCENARIO_KINDS

SAID = {
    "create": {"en": "new: {file}", "zh": "新建：{file}"},
    "change": {"en": "changed: {file}", "zh": "已更改：{file}"},
    "none": {"en": "as it is: {file}", "zh": "无需更改：{file}"},
    "conflict": {"en": "not written: {file}", "zh": "未写入：{file}"},
}
NOTHING = {"en": "nothing was made in the browser", "zh": "浏览器中没有更改"}
NEXT = {
    "en": "next: look at the files, then `formwright apply`",
    "zh": "下一步：查看文件，然后运行 `formwright apply`",
}
NO_LAYER = {
    "en": "{folder} is none of the layers: put it at the end of FORMWRIGHT_LAYERS first",
    "zh": "{folder} 不在层中：请先将其加到 FORMWRIGHT_LAYERS 末尾",
}


@click.command()
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write into; without it the highest layer.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be written; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@locale_option()
@click.pass_context
def pull(
    ctx: click.Context, into: Path | None, dry_run: bool, as_json: bool, locale: str | None
) -> None:
    """Write what was made in the browser into the files of the highest layer.

    It becomes part of the YAML that is there; comments and order stay. Where a file says something
    newer than the browser began with, nothing of that file is written. The next apply takes what
    was pulled out of the browser. Exits 1 when there are such conflicts.
    """
    locale = locale or locale_of(os.environ)
    chosen = settings()
    folder = into or chosen.layers[-1]
    with database(chosen) as databases:
        with databases.reading() as connection:
            found = pulls(connection, chosen.layers, folder, (*KINDS, *SCENARIO_KINDS))
        if not dry_run:
            write(databases, found)
    conflicts = [problem for one in found for problem in one.conflicts]
    if as_json:
        print_json([_json(one, locale) for one in found])
    else:
        for one in found:
            click.echo(SAID[one.action][locale].format(file=shown(one.file)))
            if dry_run and not one.conflicts:
                click.echo(_diff(one), nl=False)
        print_problems(conflicts, locale, err=True)
    written = any(not one.conflicts for one in found) and not dry_run
    if not found:
        click.echo(NOTHING[locale], err=True)
    elif written and folder.resolve() not in [layer.resolve() for layer in chosen.layers]:
        click.echo(NO_LAYER[locale].format(folder=shown(folder)), err=True)
    elif written:
        click.echo(NEXT[locale], err=True)
    ctx.exit(1 if conflicts else 0)


def _diff(one: Pull) -> str:
    """The change of a file, as version control shows it."""
    before = (one.before or "").splitlines(keepends=True)
    name = shown(one.file)
    lines = difflib.unified_diff(before, one.after.splitlines(keepends=True), name, name)
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def _json(one: Pull, locale: str) -> dict[str, Any]:
    return {
        "path": one.source.path,
        "file": shown(one.file),
        "action": one.action,
        "changed_by": one.source.changed_by or None,
        "conflicts": [problem_json(problem, locale) for problem in one.conflicts],
        "diff": None if one.conflicts else _diff(one),
    }
