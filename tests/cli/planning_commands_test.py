"""`formwright plan`, `apply` and `revisions`, as they are called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import main


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Path:
    """A folder with a small site in it, which the commands run in."""
    (tmp_path / "config/objects").mkdir(parents=True)
    (tmp_path / "config/site.yaml").write_text("site: Test\n")
    book(tmp_path, "{name: {type: text, label: {en: Title, zh: 书名}}}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", database_url)
    monkeypatch.delenv("FORMWRIGHT_LAYERS", raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return tmp_path


def book(folder: Path, fields: str) -> None:
    text = f"object: book\nlabel: {{en: Book, zh: 图书}}\nfields: {fields}\n"
    (folder / "config/objects/book.yaml").write_text(text)


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_from_nothing_to_the_second_revision(site: Path) -> None:
    """Plan, apply, change, plan, apply; the history tells."""
    assert run("revisions").stdout == ""
    assert run("plan").stdout.splitlines() == [
        "+ the platform's own tables",
        "+ tables for accounts",
        "+ new object Book (book) with 1 field",
        "~ new: site Test (site)",
    ]
    assert "+ 新增对象 图书（book），含 1 个字段" in run("plan", "--locale", "zh").stdout
    applied = run("apply", "--yes")
    assert applied.stderr == "revision 1 is in force\n"
    again = run("plan")
    assert (again.stdout, again.stderr) == ("", "nothing to do: the database is as defined\n")
    assert run("apply").stderr == "nothing to do: the database is as defined\n"
    book(site, "{name: {type: text, label: {en: Title, zh: 书名}}, pages: {type: integer}}")
    assert run("plan").stdout == "+ new field Pages (pages) of Book (book)\n"
    assert "ALTER TABLE book ADD COLUMN pages" in run("plan", "--sql").stdout
    assert json.loads(run("apply", "--yes", "--json").stdout) == {"revision": 2, "changed": True}
    lines = run("revisions").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["2", "1"]
    newest = json.loads(run("revisions", "--json").stdout)[0]
    assert newest["revision"] == 2 and newest["at"].endswith("Z")


def test_plan_for_programs(site: Path) -> None:
    """The same as JSON: steps with phase, text and SQL."""
    plan = json.loads(run("plan", "--json").stdout)
    assert (plan["empty"], plan["revision"], plan["problems"]) == (False, None, [])
    step = next(step for step in plan["steps"] if step["kind"] == "new-object")
    assert (step["phase"], step["table"]) == ("create", "book")
    assert step["sql"].startswith("CREATE TABLE book")


def test_problems_are_told(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Definitions with problems, a changed type, hidden data, an unusable setting: status 1."""
    run("apply", "--yes")
    book(site, "{name: {type: date}}")
    assert "unsuitable-title" in run("plan", code=1).stderr
    book(site, "{name: {type: text}, title: {type: text}, pages: {type: integer}}")
    run("apply", "--yes")
    book(site, "{name: {type: text}, title: {type: text}, pages: {type: date}}")
    for command in (["plan"], ["apply", "--yes"]):
        line = run(*command, code=1).stderr.splitlines()[0]
        assert line.startswith("config/objects/book.yaml:3:") and "type-changed" in line
    monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", "mysql://here/db")
    assert run("plan", code=1).stderr.startswith("unknown-database ")


def test_nobody_to_ask(site: Path) -> None:
    """Without a terminal and without --yes nothing happens: wrong usage."""
    assert "--yes" in run("apply", code=2).stderr
    assert run("revisions").stdout == ""


def test_what_it_does_to_the_records(site: Path) -> None:
    """Findings stand below the steps, with examples and remedies; a probable rename is asked."""
    book(site, "{name: {type: text}, pages: {type: text}}")
    run("apply", "--yes")
    (site / "books.csv").write_text("name,pages\nKim,12\nEmma,many\n")
    run("import", "book", "books.csv")
    book(site, "{name: {type: text}, pages: {type: integer}}")
    told = run("plan").stdout.splitlines()
    assert told[told.index("Would be lost to people:") :][:6] == [
        "Would be lost to people:",
        "! Pages (pages) of Book (book): 1 record holds a value that cannot become integer; it"
        " would be empty (the old value is parked)",
        "    such as #2 Emma: many",
        "    remedy (config/objects/book.yaml:3):",
        "      fields:",
        "        pages:",
    ]
    found = {one["family"]: one for one in json.loads(run("plan", "--json").stdout)["findings"]}
    assert found["converted"]["count"] == {"value": 1, "exact": True}
    assert found["not-convertible"]["examples"] == [{"id": 2, "title": "Emma", "value": "many"}]
    assert "用户将不再可见：" in run("plan", "--locale", "zh").stdout
    book(site, "{name: {type: text}, page: {type: text}}")
    assert "Probably not meant:" in run("plan").stdout
    for options in (["--yes"], []):
        assert "plan-asks" in run("apply", *options, code=1).stderr
    run("apply", "--yes", "--allow-loss")
