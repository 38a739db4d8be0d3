"""A client moves from a test system to production: the same files, the same plan, twice empty."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from assembly.browser_layer import save_file
from cli.main import main
from engine.schema.engines import open_databases
from engine.schema.state import current

BASE = "object: book\nfields:\n  name: {type: text, label: Title}\n  pages: {type: integer}\n"
CLIENT = """\
object: book
fields:
  name: {label: {en: Name, zh: 书名}}
  grade: {type: choice, options: {a: A, b: B}, after: name}
  half: {type: number, formula: pages / 2}
"""
BROWSER = "object: book\nfields: {grade: {options: {b: {label: Second}}}, isbn: {type: text}}\n"


def write(file: str, text: str) -> None:
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_same_files_give_the_same_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    """From SQLite to PostgreSQL, with an overlay made in the browser of the test system."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMWRIGHT_LAYERS", "config:client")
    urls = {"test": f"sqlite:///{tmp_path}/test.db", "production": postgres_url}

    def run(system: str, *arguments: str) -> Any:
        monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", urls[system])
        result = CliRunner().invoke(main, [*arguments, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def planned(system: str) -> list[tuple[str, str]]:
        told = run(system, "plan")
        assert told["problems"] == [] and told["empty"] == (told["steps"] == [])
        return [(step["kind"], step["text"]) for step in told["steps"]]

    write("config/site.yaml", "site: Test\n")
    write("config/objects/book.yaml", BASE)
    write("client/objects/book.yaml", "object: book\n")
    for system in urls:
        run(system, "apply", "--yes")
        assert planned(system) == []
    write("client/objects/book.yaml", CLIENT)
    run("test", "apply", "--yes")
    in_browser(urls["test"])
    run("test", "apply", "--yes")
    run("test", "pull")
    assert planned("test") == [] and not run("test", "apply", "--yes")["changed"]
    pulled = Path("client/objects/book.yaml").read_text()
    urls["second"] = f"sqlite:///{tmp_path}/second.db"
    write("client/objects/book.yaml", "object: book\n")
    run("second", "apply", "--yes")  # begins where production stands
    write("client/objects/book.yaml", pulled)
    assert planned("second") == planned("production") != []
    for system in ("second", "production"):
        assert run(system, "apply", "--yes")["changed"]
        assert planned(system) == [] and not run(system, "apply", "--yes")["changed"]
    assert len({digest(url) for url in urls.values()}) == 1


def in_browser(url: str) -> None:
    databases = open_databases(url)
    with databases.writing() as connection:
        now = dt.datetime.now(dt.UTC)
        save_file(connection, "objects/book.yaml", BROWSER, expected=0, by="ann", now=now)
    databases.dispose()


def digest(url: str) -> str:
    databases = open_databases(url)
    with databases.reading() as connection:
        applied = current(connection)
    databases.dispose()
    assert applied is not None
    return applied.digest
