"""Building the data of the demonstration, in a file that takes its place when it is complete."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click

from assembly.application import Application, build_application, utc_now
from assembly.background import Background, Services
from assembly.establishing import establish
from assembly.keeping import vault_of
from assembly.kinds import KINDS
from assembly.proposing import planner
from assembly.revisions import Site
from assembly.settings import Settings
from cli import demo_texts as say
from cli.demo_history import DemoAccount, Hands, Player, Story, program
from cli.opening import sources
from documents.rendering import Renderer
from engine.loading import load
from engine.problems import Refusal
from engine.schema.engines import Databases, open_databases
from webapp import accounts
from webapp.directory import AccountDirectory
from webapp.mirroring import sync_roles
from webapp.tables import account_tables

SEED = 7
EVENING = dt.time(18)
"""When the last day of the history ends, unless that is still to come."""
_DATA, _PLOT, _DRAFT = "formwright.db", "demo.json", "building.db"


@dataclass(frozen=True)
class Plot:
    """What was built: from which seed, up to which day, for which accounts."""

    seed: int
    today: str
    accounts: tuple[DemoAccount, ...]
    url: str


@dataclass(frozen=True)
class Wanted:
    """What is asked for; None where it does not matter."""

    seed: int | None
    today: dt.date | None
    company: Path

    def differs(self, plot: Plot) -> bool:
        """Whether something else was built."""
        other_day = self.today is not None and self.today.isoformat() != plot.today
        return other_day or self.seed not in (None, plot.seed)


def plot_of(folder: Path) -> Plot | None:
    """What lies in `folder`; None when that is nothing, or nothing complete."""
    try:
        data = json.loads((folder / _PLOT).read_text(encoding="utf-8"))
        people = tuple(
            DemoAccount(
                name=entry["name"],
                person=entry["person"],
                roles=tuple(entry["roles"]),
                locale=entry["locale"],
            )
            for entry in data["accounts"]
        )
        plot = Plot(int(data["seed"]), str(data["today"]), people, _url(folder / _DATA))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return plot if (folder / _DATA).is_file() else None


def build(folder: Path, chosen: Settings, wanted: Wanted, locale: str) -> Plot:
    """Builds the data in `folder` anew.

    Raises Refusal for definitions with problems, and for a story that their rules refuse.
    """
    tell = program(wanted.company)
    loaded = load(layers(chosen, wanted), KINDS)
    if loaded.catalog is None or loaded.problems:
        raise Refusal(*loaded.problems)
    zone = loaded.catalog.site.zone
    end = _end(wanted.today, zone)
    today = end.astimezone(zone).date()
    click.echo(say.BUILDING.in_(locale).format(today=today), err=True)
    seed = SEED if wanted.seed is None else wanted.seed
    story = tell(seed, end, zone)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / _DRAFT
    _remove(draft)
    vault = vault_of(replace(chosen, database_url=_url(draft)))
    databases = open_databases(_url(draft), vault=vault)
    try:
        _play(databases, story, layers(chosen, wanted))
        _settle(databases, Hands(end))
    finally:
        databases.dispose()
    (folder / _PLOT).unlink(missing_ok=True)
    _remove(folder / _DATA)
    os.replace(draft, folder / _DATA)
    _remove(draft)
    plot = Plot(seed, today.isoformat(), tuple(story.accounts), _url(folder / _DATA))
    text = json.dumps(asdict(plot), ensure_ascii=False, indent=2)
    (folder / _PLOT).write_text(text, encoding="utf-8")
    return plot


def layers(chosen: Settings, wanted: Wanted) -> list[Path]:
    """The layers of the settings, and the one that the story brings, if it has any."""
    own = wanted.company / "layer"
    return [*chosen.layers, *([own] if own.is_dir() else [])]


def differs(databases: Databases, chosen: Settings, wanted: Wanted) -> bool:
    """Whether the files say something else than what was applied to the data."""
    loaded = load(sources(layers(chosen, wanted), databases), KINDS)
    if loaded.problems:
        return True
    with databases.reading() as connection:
        return not planner(loaded, account_tables())(connection).empty


def _play(databases: Databases, story: Story, folders: Sequence[Path]) -> None:
    hands = Hands(min(deed.at for deed in story.deeds) - dt.timedelta(hours=1))
    application = establish(databases, folders, by="demo", extra=account_tables(), clock=hands)
    bar = click.progressbar(length=len(story.deeds), file=sys.stderr)
    with bar as progress:
        Player(application, hands).play(story, lambda done: progress.update(done - progress.pos))
    _accounts(application, story.accounts)


def _settle(databases: Databases, hands: Hands) -> None:
    """Carries out what followed from the story, as of its end, so that nobody meets old news.

    No mail leaves the house.
    """
    site = Site(databases, lambda of, former: build_application(of, hands, former=former))
    renderer = Renderer()
    background = Background(
        site, Services(directory=AccountDirectory(databases), renderer=renderer)
    )
    try:
        background.minder.once()
        while background.drain():
            background.minder.once()
    finally:
        background.minder.resign()
        renderer.close()


def _accounts(application: Application, wanted: Sequence[DemoAccount]) -> None:
    with application.databases.writing() as connection:
        sync_roles(connection, application.catalog)
        for account in wanted:
            password = secrets.token_urlsafe(24)  # nobody learns it: each start sets another
            accounts.add_account(
                connection, account.name, password, account.roles, locale=account.locale
            )


def _end(day: dt.date | None, zone: dt.tzinfo) -> dt.datetime:
    now = utc_now()
    if day is None:
        return now
    return min(now, dt.datetime.combine(day, EVENING, zone).astimezone(dt.UTC))


def _url(path: Path) -> str:
    return f"sqlite:///{path}"


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-scheduler"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
