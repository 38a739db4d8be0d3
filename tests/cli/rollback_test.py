"""`formwright rollback`, `revisions show`, messages, and plans that are kept in a file."""

from __future__ import annotations

import json
from pathlib import Path

import sqlalchemy as sa

from engine.schema.engines import open_databases
from engine.schema.state import _METADATA
from support.commands import book, run


def test_back_and_told(site: Path) -> None:
    """A message is kept; `show` says what changed; rolling back makes a revision of its own."""
    run("apply", "--yes", "-m", "The beginning")
    book("name: {type: text}, pages: {type: integer}")
    run("apply", "--yes", "--message", "Pages are counted")
    assert [line.split("  ")[-1] for line in run("revisions").stdout.splitlines()] == [
        "Pages are counted",
        "The beginning",
    ]
    shown = run("revisions", "show", "2").stdout
    assert "    Pages are counted\n" in shown and "new: field pages of Book" in shown
    assert "the first revision: 2 definitions" in run("revisions", "show", "1").stdout
    told = json.loads(run("revisions", "show", "2", "--json").stdout)
    assert (told["message"], told["before"], told["back"]) == ("Pages are counted", 1, True)
    assert "no-such-revision" in run("revisions", "show", "9", code=1).stderr
    assert "of Book (book) is no longer used" in run("rollback", "1", "--plan").stdout
    run("rollback", "1", code=2)
    assert json.loads(run("rollback", "1", "--yes", "--json").stdout) == {
        "revision": 3,
        "changed": True,
    }
    assert json.loads(run("revisions", "--json").stdout)[0]["message"] == "back to revision 1"
    assert "nothing to do" in run("rollback", "1").stderr
    assert "new: field pages" not in run("plan").stdout
    assert "comes back" in run("plan").stdout
    assert "no-such-revision" in run("rollback", "12", code=1).stderr


def test_a_kept_plan(site: Path) -> None:
    """A plan in a file is carried out without asking, or refused with what differs."""
    run("plan", "--out", "first.json")
    run("apply", "first.json")
    book("name: {type: text}, pages: {type: integer}")
    run("plan", "--out", "second.json")
    book("name: {type: text}, weight: {type: integer}")
    refused = run("apply", "second.json", code=1).stderr
    assert "plan-is-another" in refused
    assert "not in the file: new field Weight (weight) of Book (book)" in refused
    assert "only in the file: new field Pages (pages) of Book (book)" in refused
    run("apply", "--yes")
    book("name: {type: text}, pages: {type: integer}")
    assert "the database is at revision 2, the plan was made at 1" in run(
        "apply", "second.json", code=1
    ).stderr  # fmt: skip
    run("rollback", "1", "--out", "back.json")
    assert "revision 3 is in force" in run("apply", "back.json").stderr
    (site / "none.json").write_text("[]")
    assert "no-plan-file" in run("apply", "none.json", code=1).stderr
    assert "no-plan-file" in run("apply", "gone.json", code=1).stderr


def test_revisions_of_an_earlier_version(site: Path, database_url: str) -> None:
    """Revisions that do not say how their data stood are listed, and not gone back to."""
    run("apply", "--yes")
    book("name: {type: text}, pages: {type: integer}")
    run("apply", "--yes")
    databases = open_databases(database_url)
    with databases.writing() as connection:
        for column in ("message", "state"):
            connection.exec_driver_sql(f"ALTER TABLE fw_revision DROP COLUMN {column}")
    assert len(run("revisions").stdout.splitlines()) == 2
    assert "cannot be gone back to" in run("revisions", "show", "1").stdout
    assert "revision-without-state" in run("rollback", "1", code=1).stderr
    book("name: {type: text}")
    run("apply", "--yes")
    with databases.reading() as connection:
        table = _METADATA.tables["fw_revision"]
        kept = connection.execute(sa.select(table.c.id, table.c.state).order_by(table.c.id)).all()
    databases.dispose()
    assert kept[0].state is None
    run("rollback", str(kept[-2].id), "--yes")
