"""The story played: every rule of the shipped system holds for it."""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from assembly.application import Application
from assembly.establishing import establish
from cli.demo_history import PACKAGE, Hands, Player, Story, program
from engine.schema.engines import open_databases
from support.project import ROOT
from support.small import KINDS_OF_DATABASE, fresh_url

END = dt.datetime(2026, 3, 20, 10, 0, tzinfo=dt.UTC)
SMALL = {"sales.COUNT": 80, "clients.OLD": 25, "leads.LEADS": 40, "leads.NEW": 12,
         "leads.INQUIRIES": 25}  # fmt: skip


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """A smaller story; what is counted by chapters is less, nothing else differs."""
    tell = program(ROOT / "demo")
    with pytest.MonkeyPatch.context() as patch:
        for name, count in SMALL.items():
            module, _, constant = name.partition(".")
            patch.setattr(importlib.import_module(f"{PACKAGE}.{module}"), constant, count)
        yield tell(3, END, ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def played(
    request: pytest.FixtureRequest, story: Story, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Application]:
    """The story in a database, which the tests only read."""
    with fresh_url(request.param, tmp_path_factory.mktemp("played")) as url:
        databases = open_databases(url)
        hands = Hands(min(deed.at for deed in story.deeds))
        layers: list[Path] = [ROOT / "config", ROOT / "demo" / "layer"]
        application = establish(databases, layers, clock=hands)
        assert Player(application, hands).play(story) == len(story.deeds)
        yield application
        databases.dispose()


def test_history(played: Application, story: Story) -> None:
    """All records are there; stages were entered on their days, by those who did it."""
    made = sum(deed.new for deed in story.deeds)
    system = played.tables.system
    audit, history, outbox = system("fw_audit"), system("fw_stage_history"), system("fw_outbox")
    count = sa.func.count()
    with played.databases.reading() as connection:
        creations = sa.select(count).where(audit.c.action == "create", audit.c.cause == "demo")
        assert connection.scalar(creations) == made
        assert connection.scalar(sa.select(sa.func.max(audit.c.at))) <= END
        moved = sa.select(history).where(history.c.transition == "win")
        wins = connection.execute(moved).all()
        assert len(wins) > 20
        assert all(win.actor is not None and win.seconds > 0 for win in wins)
        early = sa.select(count).where(outbox.c.at < story.live_from)
        assert connection.scalar(early) == 0
        opportunity = played.tables.table("opportunity")
        closed = sa.select(opportunity.c.close_date).where(opportunity.c.stage == "won")
        assert all(day is not None and day <= END.date() for (day,) in connection.execute(closed))


def test_sums_agree(played: Application) -> None:
    """A won opportunity with an accepted quotation is worth what the quotation comes to."""
    opportunity, quotation = played.tables.table("opportunity"), played.tables.table("quotation")
    statement = (
        sa.select(opportunity.c.amount, quotation.c.gross_total)
        .join(quotation, quotation.c.opportunity == opportunity.c.id)
        .where(opportunity.c.stage == "won", quotation.c.status == "accepted")
    )
    with played.databases.reading() as connection:
        pairs = connection.execute(statement).all()
    assert len(pairs) > 20
    assert [pair for pair in pairs if pair.amount != pair.gross_total] == []
