"""`formwright sites`: the sites of this installation, and how they are."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click

from assembly.settings import Settings
from assembly.sharing import database_of
from assembly.sites import NO_SITES, incomplete
from cli.choosing import all_sites, folder_of_sites, overlooked, settings
from cli.printing import locale_of, locale_option, print_json, print_problems
from cli.site_option import chosen_site
from engine.problems import Refusal
from engine.schema.engines import open_databases
from engine.schema.state import current

AT_ONCE = 8
"""Databases that are asked at the same time: one that does not answer takes seconds."""
HEADS = {
    "en": ("site", "hosts", "database", "revision"),
    "zh": ("站点", "主机名", "数据库", "版本"),
}
NOTHING = {"en": "nothing applied", "zh": "尚未应用"}
AWAY = {"en": "not reachable", "zh": "无法连接"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the sites as JSON.")
@locale_option("Language of what is printed.")
@click.pass_context
def sites(ctx: click.Context, as_json: bool, locale: str | None) -> None:
    """List the sites: hosts, kind of database, revision in force, whether it can be reached.

    Exits 1 when their settings have problems, as when two sites share what each needs for itself.
    """
    locale = locale or locale_of(os.environ)
    found = _found()
    with ThreadPoolExecutor(AT_ONCE) as asking:
        looked = [*asking.map(_look, found)]
    if as_json:
        print_json(looked)
    else:
        _print(looked, locale)
    warnings = [*incomplete(found), *overlooked()]
    print_problems(warnings, locale, err=True)
    ctx.exit(0)


def _found() -> tuple[Settings, ...]:
    """All sites, or the one that was named."""
    if chosen_site():
        return (settings(check_layers=False),)
    folder = folder_of_sites()
    if folder is None:
        raise Refusal(NO_SITES())
    return all_sites(folder)


def _look(one: Settings) -> dict[str, Any]:
    told: dict[str, Any] = {
        "site": one.site,
        "hosts": list(one.hosts),
        "database": "postgresql" if one.own_server else "sqlite",
        "revision": None,
        "reachable": False,
        "why": None,
    }
    parts = database_of(one.database_url)
    if parts[0] == "sqlite" and not Path(parts[1]).exists():
        return told | {"reachable": True}  # looking shall not make it
    try:
        databases = open_databases(one.database_url)
    except Refusal as refusal:
        return told | {"why": refusal.problems[0].sentence()}
    try:
        with databases.reading() as connection:
            applied = current(connection)
        return told | {"reachable": True, "revision": applied.id if applied else None}
    finally:
        databases.dispose()


def _print(looked: list[dict[str, Any]], locale: str) -> None:
    rows = [HEADS[locale]]
    for one in looked:
        revision = str(one["revision"] or NOTHING[locale]) if one["reachable"] else AWAY[locale]
        rows.append((one["site"], ",".join(one["hosts"]) or "–", one["database"], revision))
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        click.echo("  ".join([*cells, row[3]]))
