"""What commands that need the database begin with: settings, definitions, pools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from assembly.browser_layer import with_browser
from assembly.catching_up import catch_up
from assembly.keeping import vault_of
from assembly.kinds import KINDS
from assembly.layering import why_not_loaded
from assembly.proposing import back_planner, planner
from assembly.publishing import Proposal
from assembly.settings import Settings
from cli.choosing import settings
from cli.late import account_tables
from engine.loading import Loaded, Source, load
from engine.problems import Refusal
from engine.schema.engines import Databases, open_databases
from engine.schema.state import Applied, current

__all__ = [
    "caught_up",
    "database",
    "definitions",
    "proposal",
    "proposal_back",
    "settings",
    "sources",
]


def definitions(of: Settings, databases: Databases | None = None) -> Loaded:
    """The definitions in the layers, with those made in the browser where a database is given.

    Raises Refusal with all their problems.
    """
    loaded = load(sources(of.layers, databases), KINDS)
    if not loaded.problems:
        return loaded
    if databases is None:
        raise Refusal(*loaded.problems)
    with databases.reading() as connection:
        raise Refusal(*loaded.problems, *why_not_loaded(connection, loaded))


def sources(layers: Sequence[Path], databases: Databases | None) -> tuple[Source, ...]:
    """The layers, with the one made in the browser where a database is given."""
    if databases is None:
        return tuple(layers)
    with databases.reading() as connection:
        return with_browser(connection, layers)


@contextmanager
def database(of: Settings) -> Iterator[Databases]:
    """The database of the settings, closed at the end."""
    databases = open_databases(of.database_url, vault=vault_of(of))
    try:
        yield databases
    finally:
        databases.dispose()


def caught_up(databases: Databases, by: str) -> Applied | None:
    """The revision in force, None in an empty database; an earlier version's is caught up first."""
    with databases.reading() as connection:
        applied = current(connection)
    if applied is not None:
        catch_up(databases, applied, account_tables, by=by)
    return applied


@contextmanager
def proposal() -> Iterator[Proposal]:
    """The plan that leads to what the files say, with what was made in the browser.

    Raises Refusal when they or it have problems.
    """
    chosen = settings()
    with database(chosen) as databases:
        loaded = definitions(chosen, databases)
        replan = planner(loaded, account_tables())
        with databases.reading() as connection:
            plan = replan(connection)
            layers = with_browser(connection, chosen.layers)
        yield Proposal(databases, plan, replan, loaded, layers)


@contextmanager
def proposal_back(revision: int) -> Iterator[Proposal]:
    """The plan that goes back to a revision. Raises Refusal when nothing leads there."""
    with database(settings(check_layers=False)) as databases:
        caught_up(databases, "rollback")
        with databases.reading() as connection:
            replan = back_planner(connection, revision, account_tables())
            plan = replan(connection)
        yield Proposal(databases, plan, replan)
