"""`formwright demo`: a company with a year of history, on this machine, to look around in.

1. A program beside the layers (`demo/company.py`) tells the story; `demo_history` plays it.
2. It is built in a file of its own, which takes its place only when it is complete.
3. Every start gives the accounts new random passwords and serves on the loopback address
   only (rule 37).
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from assembly.application import Application, build_application, utc_now
from assembly.keeping import vault_of
from assembly.settings import Settings
from cli import demo_texts as say
from cli.demo_building import Wanted, build, differs, plot_of
from cli.demo_history import DemoAccount
from cli.demo_redis import redis_program, serve_as_family
from cli.housing import OneSite, Opened
from cli.opening import caught_up, settings
from cli.printing import locale_of, locale_option
from cli.serve import Server
from engine.permissions.actors import SYSTEM
from engine.problems import Refusal, Text
from engine.records.query import Query
from engine.schema.engines import open_databases
from webapp import accounts

HOST = "127.0.0.1"
THREADS = 4
DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--seed", type=click.IntRange(0), help="Another seed makes another company.")
@click.option("--today", type=DAY, help="The last day of the history; otherwise it is today.")
@click.option("--fresh", is_flag=True, help="Build the data anew; what was changed is lost.")
@click.option("--company", default="demo", show_default=True, type=click.Path(path_type=Path),
              help="Folder of the program that tells the history.")  # fmt: skip
@click.option("--redis", is_flag=True,
              help="Run it as in production: with Redis, workers and a scheduler.")  # fmt: skip
@click.option("--no-serve", is_flag=True, help="Build it only.")
@locale_option("Language of what is printed.")
def demo(
    port: int,
    seed: int | None,
    today: dt.datetime | None,
    fresh: bool,
    company: Path,
    redis: bool,
    no_serve: bool,
    locale: str | None,
) -> None:
    """Build a demonstration company and serve it on this machine.

    The data lie in var/demo and are used again at the next start; --fresh makes them anew. The
    accounts to sign in with are printed.
    """
    locale = locale or locale_of(os.environ)
    if today is not None and today.date() > utc_now().date() + dt.timedelta(days=1):
        raise click.UsageError("--today lies in the future.")
    chosen = settings()
    if not no_serve:
        _require_free(port)
        if redis:
            redis_program()
    folder = chosen.folder / "var" / "demo"
    wanted = Wanted(seed, today.date() if today else None, company.absolute())
    plot = plot_of(folder)
    if plot is None or fresh or wanted.differs(plot):
        plot = build(folder, chosen, wanted, locale)
    databases = open_databases(plot.url, vault=vault_of(replace(chosen, database_url=plot.url)))
    caught_up(databases, by="demo")
    application = build_application(databases)
    if differs(databases, chosen, wanted):
        _say(say.CHANGED, locale)
    _say(say.READY, locale, today=plot.today, reset=say.RESET)
    _introduce(application, _let_in(application, plot.accounts), locale)
    databases.dispose()
    if no_serve:
        return
    _say(say.SERVING, locale, address=f"http://{HOST}:{port}")
    chosen = replace(chosen, database_url=plot.url, redis_url="")
    if redis:
        serve_as_family(chosen, HOST, port)
    else:
        _serve(chosen, port)


def _require_free(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            why = error.strerror or str(error)
            raise Refusal(say.PORT_TAKEN(port=port, why=why)) from None


def _let_in(
    application: Application, wanted: Sequence[DemoAccount]
) -> list[tuple[DemoAccount, str]]:
    """Gives each account a new random password; returns them."""
    result = []
    with application.databases.writing() as connection:
        for account in wanted:
            password = secrets.token_urlsafe(9)
            found = accounts.find_account(connection, account.name)
            accounts.set_password(connection, found.id, password)
            result.append((account, password))
    return result


def _introduce(
    application: Application, let_in: list[tuple[DemoAccount, str]], locale: str
) -> None:
    """Prints who may sign in, to standard output: role, person, account, password."""
    catalog = application.catalog
    site, roles = catalog.site, catalog.of("role")
    by_account = {}
    for account, _ in let_in:
        filters = {site.person_account: account.name}
        by_account[account.name] = _person(application, filters)
    for account, password in let_in:
        labels = ", ".join(roles[name].label.in_(locale) for name in account.roles)
        click.echo(f"  {account.name:<16} {password:<14} {by_account[account.name]} ({labels})")


def _person(application: Application, filters: dict[str, str]) -> str:
    site = application.catalog.site
    title = application.catalog.objects[site.person].title
    query = Query(filters=filters, fields=(title,), limit=1)
    found = application.reader.page(SYSTEM, site.person, query).items
    return str(found[0].values[title]) if found else "–"


def _serve(chosen: Settings, port: int) -> None:
    options = {"bind": f"{HOST}:{port}", "workers": 2, "loglevel": "warning"}
    Server(OneSite(Opened(replace(chosen, hosts=()))), options).run()


def _say(text: Text, locale: str, **words: object) -> None:
    shown = {n: w.in_(locale) if isinstance(w, Text) else w for n, w in words.items()}
    click.echo(text.in_(locale).format(**shown), err=True)
