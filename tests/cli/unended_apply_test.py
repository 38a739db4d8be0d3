"""`formwright revisions` names an apply that was begun and has not ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from engine.schema.letting_go import let_go
from support.backfilled import AFTER, begun, killed
from support.workshop import NOW, Workshop, workshop


@pytest.fixture
def shop(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    """A site whose next revision was begun."""
    with workshop(tmp_path / "config", database_url) as made:
        begun(made).write(order=AFTER)
        killed(made)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", database_url)
        monkeypatch.setenv("LC_ALL", "C.UTF-8")
        yield made


def test_unended(shop: Workshop) -> None:
    """It says when it last went on, then that it was let go of; when it has ended, nothing."""

    def said() -> str:
        result = CliRunner().invoke(main, ["revisions"])
        assert result.exit_code == 0, result.output
        assert "test" in result.stdout
        return result.stderr

    assert "goes on or was interrupted (last at 2026-03-01 08:30" in said()
    assert let_go(shop.databases, NOW + dt.timedelta(days=1, hours=1))
    assert "let go of (last at 2026-03-01 08:30" in said()
    shop.apply(online_from=10)
    assert said() == ""
