"""`formwright apply` and `plan --scenarios`: what the scenarios say comes before publishing."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from assembly.browser_layer import save_file
from engine.schema.engines import open_databases
from support.commands import book, run, write

TITLED = """
scenario: titled
about: {en: A book needs a title, zh: 图书必须有书名}
steps:
  - create: book
    fields: {}
    refused: {code: required, on: name}
"""
PAGES = """
scenario: pages_are_counted
steps:
  - create: book
    named: kim
    fields: {name: Kim, pages: 12}
    then: [{fields: {sheets: 6}}]
"""
SHORT = """
scenario: pages
steps:
  - create: book
    named: long
    fields: {name: A title of more letters than eighty would be longer than this one is}
    refused: out-of-range
"""


@pytest.fixture
def site(folder: Path) -> Path:
    """A folder with a small site in it, which says what it should do."""
    write("config/site.yaml", "site: Test\n")
    write("config/scenarios/titled.yaml", TITLED)
    book("name: {type: text, required: true}")
    return folder


def test_scenarios_come_first(site: Path) -> None:
    """They pass and are counted; one that fails keeps the revision in force, unless for a reason.

    Nothing of the real database is touched: the same plan leads there afterwards.
    """
    applied = run("apply", "--yes")
    assert "~ 1 scenario passed (" in applied.stdout
    assert json.loads(run("revisions", "--json").stdout)[0]["scenarios"] == {
        "passed": 1, "failed": [], "off": [], "despite": None,
    }  # fmt: skip

    (site / "config/scenarios/pages_are_counted.yaml").write_text(PAGES)
    sheets = "sheets: {type: integer, formula: pages + 1}"
    book(f"name: {{type: text}}, pages: {{type: integer}}, {sheets}")
    before = run("plan", "--json").stdout
    refused = run("apply", "--yes", code=1)
    assert "✗ titled (" in refused.stdout
    assert "expected to be refused with required, found that it was done" in refused.stdout
    assert "expected sheets 6, found 13" in refused.stdout
    assert "! 0 of 2 scenarios passed (" in refused.stdout
    assert refused.stderr.splitlines()[-1].startswith(
        "scenarios-fail 2 of 2 scenarios fail under the new definitions:"
        " pages_are_counted, titled (mend "
    )
    assert run("plan", "--json").stdout == before
    assert len(run("revisions").stdout.splitlines()) == 1

    run("apply", "--yes", "--despite", "  ", code=2)
    reason = "the checker is on holiday"
    assert "scenarios" in run("apply", "--yes", "--json", "--despite", reason).stdout
    told = run("revisions", "show", "2").stdout.splitlines()
    assert "0 of 2 scenarios passed" in told
    assert "failed: pages_are_counted, titled" in told
    assert f"applied all the same: {reason}" in told
    lines = run("revisions").stdout.splitlines()
    assert [line[:6] for line in lines] == ["    2!", "    1 "]
    assert "仍予应用，原因" in run("revisions", "show", "2", "--locale", "zh").stdout


def test_plan_tells_how_they_would_go(site: Path) -> None:
    """`plan --scenarios` plays them and changes nothing; for people and for programs."""
    run("apply", "--yes")
    book("name: {type: text}")
    told = run("plan", "--scenarios", code=1)
    assert "! 0 of 1 scenario passed (" in told.stdout
    data = json.loads(run("plan", "--scenarios", "--json", code=1).stdout)["scenarios"]
    assert (data["ok"], data["passed"], [one["name"] for one in data["failed"]]) == (
        False, 0, ["titled"],
    )  # fmt: skip
    assert "1 个场景中 0 个通过" in run("plan", "--scenarios", "--locale", "zh", code=1).stdout
    assert "scenario" not in run("plan").stdout
    book("name: {type: text, required: true, max_length: 80}")
    assert "~ 1 scenario passed (" in run("plan", "--scenarios").stdout


def test_when_they_are_not_played(site: Path) -> None:
    """Nothing to do; scenarios with mistakes (which stop it); going back."""
    run("apply", "--yes")
    assert "scenario" not in run("apply", "--yes").output
    book("name: {type: text, required: true, max_length: 80}")
    wrong = TITLED.replace("create: book", "create: bok")
    (site / "config/scenarios/titled.yaml").write_text(wrong)
    refused = run("apply", "--yes", code=1).stderr.splitlines()
    assert refused[0].startswith("config/scenarios/titled.yaml:5:")
    assert refused[1].startswith("scenarios-unplayed the scenarios cannot be played (mend ")
    run("apply", "--yes", "--despite", "they are being rewritten")
    back = run("rollback", "1", "--yes")
    assert "~ the scenarios are not played: revisions keep no scenarios" in back.stdout
    data = json.loads(run("revisions", "--json").stdout)
    assert [one["scenarios"] and one["scenarios"]["despite"] for one in data] == [
        None, "they are being rewritten", None,
    ]  # fmt: skip


def test_what_was_made_in_the_browser_counts(site: Path, database_url: str) -> None:
    """A scenario that was written there is played with those of the folders."""
    run("apply", "--yes")
    book("name: {type: text, required: true, max_length: 80}")
    databases = open_databases(database_url)
    now = dt.datetime(2026, 3, 16, tzinfo=dt.UTC)
    with databases.writing() as connection:
        save_file(connection, "scenarios/pages.yaml", SHORT, expected=0, by="ann", now=now)
    databases.dispose()
    told = run("apply", "--yes", code=1).stdout
    assert "browser:scenarios/pages.yaml:7:14: " in told
    assert "! 1 of 2 scenarios passed (" in told


def test_a_database_of_before(site: Path, database_url: str) -> None:
    """Its revisions are listed without the column, and the next apply adds it."""
    run("apply", "--yes")
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE fw_revision DROP COLUMN scenarios")
    engine.dispose()
    assert json.loads(run("revisions", "--json").stdout)[0]["scenarios"] is None
    book("name: {type: text, required: true, max_length: 80}")
    run("apply", "--yes")
    now, before = json.loads(run("revisions", "--json").stdout)
    assert (now["scenarios"]["passed"], before["scenarios"]) == (1, None)
