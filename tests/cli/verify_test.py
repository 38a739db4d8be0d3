"""`formwright verify`: what has drifted is told, as text and as JSON, and mended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from cli.main import main
from support.small import SmallSite, small_site

SITE = """
object: order
owned: false
fields:
  name: {type: text}
  amount: {type: money}
  twice: {type: money, formula: amount * 2}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallSite]:
    """One order whose stored formula somebody has spoilt."""
    with small_site("sqlite", tmp_path, SITE) as made:
        monkeypatch.chdir(tmp_path)
        url = made.databases.url.render_as_string(hide_password=False)
        monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", url)
        monkeypatch.setenv("LC_ALL", "C.UTF-8")
        made.create("order", name="A", amount=5)
        table = made.application.tables.table("order")
        with made.databases.writing() as connection:
            connection.execute(sa.update(table).values(twice=7))
        yield made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["verify", *arguments])


def test_told(site: SmallSite) -> None:
    """Object, field, record, what is stored and what is right; exit status 1."""
    told = run()
    assert told.stdout.splitlines() == [
        "order.twice of #1: stored 7.00, right 10.00",
        "1 drifted in 1 record.",
    ]
    assert told.exit_code == 1
    assert run("order", "--locale", "zh").stdout.startswith("order.twice，记录 #1：存储值 7.00")
    found = json.loads(run("--json").stdout)
    assert found["found"] == [
        {"object": "order", "field": "twice", "record": 1, "what": "value",
         "stored": "7.00", "right": "10.00"}
    ]  # fmt: skip


def test_mended(site: SmallSite) -> None:
    """The right value is written; afterwards nothing has drifted."""
    assert (run("--mend").exit_code, site.values("order", 1, "twice")) == (0, [10])
    told = run()
    assert (told.exit_code, told.stdout) == (0, "Nothing has drifted in 1 record.\n")


def test_unknown_object(site: SmallSite) -> None:
    """A name that nothing has is refused, with the nearest one."""
    told = run("ordr")
    assert told.exit_code == 1
    assert "did you mean 'order'" in told.stderr
