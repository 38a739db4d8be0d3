"""`formwright hand-over`, as it is called."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from assembly.application import build_application
from assembly.establishing import establish
from cli.main import main
from engine.permissions.actors import SYSTEM
from engine.schema.engines import Databases, open_databases
from support.small import PEOPLE, write_files
from webapp.accounts import add_account
from webapp.tables import USER, account_tables

SITE = f"""
{PEOPLE}
---
object: client
fields:
  name: {{type: text}}
---
role: seller
grants:
  client: {{read: own, fields: {{"*": write}}}}
"""


@pytest.fixture
def databases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Databases:
    url = f"sqlite:///{tmp_path / 'site.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", url)
    monkeypatch.setenv("FORMWRIGHT_LAYERS", str(tmp_path / "layer"))
    made = open_databases(url)
    application = establish(made, [write_files(tmp_path / "layer", SITE)], extra=account_tables())
    with made.writing() as connection:
        add_account(connection, "ann", "a long password", [])
    people = [{"name": name, "account": name} for name in ("ann", "ben")]
    ann, _ = (one.id for one in application.gate.create(SYSTEM, "person", people))
    application.gate.create(SYSTEM, "client", [{"name": f"c{n}", "owner": ann} for n in range(3)])
    return made


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["hand-over", *words, "--locale", "en"])


def owners(databases: Databases) -> list[str | None]:
    reader = build_application(databases).reader
    found = [reader.one(SYSTEM, "client", id).values["owner"] for id in (1, 2, 3)]
    return [one.title for one in found]


def test_the_whole_way(databases: Databases) -> None:
    """The preview writes nothing; then the records move, and the account is closed at the end."""
    shown = run("ann", "ben", "--preview")
    assert (shown.exit_code, shown.output) == (0, "3 client (Owner) to ben\n"), shown.output
    assert owners(databases) == ["ann"] * 3
    planned = run("ann", "ben", "--yes", "--on", "2099-01-01")
    assert planned.exit_code == 0 and "planned as work 1 for 2099-01-01" in planned.output
    assert owners(databases) == ["ann"] * 3
    done = run("ann", "ben", "--yes", "--close-account")
    assert done.exit_code == 0, done.output
    assert owners(databases) == ["ben"] * 3
    with databases.reading() as connection:
        active = sa.select(USER.c.active).where(USER.c.username == "ann")
        assert not connection.scalar(active)
    assert "nothing to hand over" in run("ann", "ben", "--yes").output
