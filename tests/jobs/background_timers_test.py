"""Timers within the process that serves: fired and carried out by its own threads."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import sqlalchemy as sa

from assembly.background import Background, Services
from assembly.establishing import establish
from assembly.revisions import Site
from documents.rendering import Renderer
from engine.permissions.actors import SYSTEM
from engine.schema.engines import open_databases
from jobs.leading import leader_for
from jobs.timers import TimerSetting, set_timers
from support.schedulers import eventually
from support.small import PEOPLE, write_files
from webapp.directory import AccountDirectory


def test_threads_of_one_process(database_url: str, tmp_path: Path) -> None:
    """A timer that becomes due is fired and carried out; ended, it leaves the lead to others."""
    databases = open_databases(database_url)
    establish(databases, [write_files(tmp_path / "layer", PEOPLE)])
    site, renderer = Site(databases), Renderer()
    background = Background(
        site, Services(directory=AccountDirectory(databases), renderer=renderer)
    )
    outbox = site.gate().tables.system("fw_outbox")

    def effects() -> list[tuple[str, str, int]]:
        with databases.reading() as connection:
            query = sa.select(outbox.c.kind, outbox.c.status, outbox.c.record)
            return [tuple(row) for row in connection.execute(query)]

    background.start()
    with site.gate().transaction(SYSTEM) as tx:
        due = tx.now + dt.timedelta(seconds=0.5)
        set_timers(tx, [TimerSetting("expires", "person", 7, due)])
    eventually(lambda: effects() == [("timer", "done", 7)])
    background.stop()
    assert leader_for(databases).leading()
    renderer.close()
    databases.dispose()
