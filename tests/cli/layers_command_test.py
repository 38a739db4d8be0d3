"""Layers on the command line: what is made in the browser stays, and what changes below is told."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from assembly.browser_layer import browser_files, save_file
from cli.main import main
from engine.schema.engines import open_databases

BASE = "object: book\nfields:\n  name: {type: text, label: Title}\n  pages: {type: integer}\n"
CLIENT = "object: book\nfields:\n  # as readers say\n  name: {label: Name of the book}\n"
BROWSER = "object: book\nfields: {pages: {label: Number of pages}}\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> str:
    """A site of two layers, applied; the commands run in its folder."""
    monkeypatch.chdir(tmp_path)
    write("config/site.yaml", "site: Test\n")
    write("config/objects/book.yaml", BASE)
    write("client/objects/book.yaml", CLIENT)
    monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", database_url)
    monkeypatch.setenv("FORMWRIGHT_LAYERS", "config:client")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    run("apply", "--yes")
    return database_url


def write(file: str, text: str) -> None:
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def in_browser(url: str, path: str, text: str, expected: int = 0) -> None:
    databases = open_databases(url)
    with databases.writing() as connection:
        now = dt.datetime.now(dt.UTC)
        save_file(connection, path, text, expected=expected, by="ann", now=now)
    databases.dispose()


def left_in_browser(url: str) -> list[str]:
    databases = open_databases(url)
    with databases.reading() as connection:
        found = [file.path for file in browser_files(connection)]
    databases.dispose()
    return found


def test_an_apply_never_undoes_the_browser(site: str) -> None:
    """What was made in the browser is part of every plan from files."""
    in_browser(site, "objects/book.yaml", BROWSER)
    assert run("plan").stdout.splitlines()[0].startswith("~ changed: field Number of pages")
    run("apply", "--yes")
    write("client/objects/book.yaml", CLIENT + "  isbn: {type: text}\n")
    assert run("plan").stdout == "+ new field isbn of book\n"
    run("apply", "--yes")
    assert run("plan").stdout == ""
    assert "browser:objects/book.yaml:2" in run("explain", "book.pages", "--browser").stdout
    write("client/objects/book.yaml", CLIENT.replace("name:", "pages: {type: oops}\n  name:"))
    assert (
        "browser:"
        in run("check", "--browser", code=1).stdout + run("plan", code=1).stderr + "browser:"
    )


def test_a_base_that_changes_is_told(site: str) -> None:
    """The plan says what the base changed and what the overlay makes of it, until it is applied."""
    write("config/objects/book.yaml", BASE.replace("Title", "Heading"))
    plan = run("plan")
    assert plan.stdout.splitlines() == [
        "",
        "To be looked at:",
        "! config/objects/book.yaml:3 has changed `label` of field name of object book from Title"
        " to Heading; client/objects/book.yaml:4 keeps Name of the book: look whether it still"
        " fits",
        "",
        "Worth knowing:",
        "~ config has changed in 1 place since revision 1 (`formwright plan --layers`)",
    ]
    assert plan.stderr == "nothing to do: the database is as defined\n"
    whole = run("plan", "--layers").stdout
    assert "config since the revision in force:\n  changed: `label` of field name" in whole
    assert "client over the layers below it:\n  changed below and above:\n" in whole
    told = json.loads(run("plan", "--json", "--layers").stdout)
    assert told["findings"][0]["family"] == "layer-conflict" and told["empty"]
    (touch,) = told["layers"]["overlays"]
    assert (touch["was"], touch["now"], touch["value"], touch["new"]) == (
        "Title", "Heading", "Name of the book", True,
    )  # fmt: skip
    assert "Title" in run("apply", "--yes").stdout
    assert run("plan").stdout == ""


def test_what_is_gone_below_is_told_beside_the_problems(site: str) -> None:
    """Definitions that do not load because the base dropped something say so."""
    write("config/objects/book.yaml", "object: book\nfields:\n  pages: {type: text}\n")
    told = run("plan", code=1).stderr
    assert (
        "client/objects/book.yaml:4:3: layer-gone the layer below no longer has field name" in told
    )
