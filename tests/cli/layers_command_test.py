"""Layers on the command line: what is made in the browser stays, and what changes below is told."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from assembly.browser_layer import browser_files, save_file
from assembly.drafting import published_texts, read_draft
from engine.schema.engines import open_databases
from support.commands import run, write
from support.templates import Templates

_templates = Templates()

BASE = "object: book\nfields:\n  name: {type: text, label: Title}\n  pages: {type: integer}\n"
CLIENT = "object: book\nfields:\n  # as readers say\n  name: {label: Name of the book}\n"
BROWSER = "object: book\nfields: {pages: {label: Number of pages}}\n"


@pytest.fixture
def site(folder: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> str:
    """A site of two layers, applied; the commands run in its folder."""
    write("config/site.yaml", "site: Test\n")
    write("config/objects/book.yaml", BASE)
    write("client/objects/book.yaml", CLIENT)
    monkeypatch.setenv("FORMWRIGHT_LAYERS", "config:client")

    def make(url: str) -> None:
        with monkeypatch.context() as other:
            other.setenv("FORMWRIGHT_DATABASE_URL", url)
            run("apply", "--yes")

    _templates.fill(database_url, "layers", make)
    return database_url


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
    assert run("plan").stdout == "+ new field Isbn (isbn) of book\n"
    run("apply", "--yes")
    assert run("plan").stdout == ""
    assert "browser:objects/book.yaml:2" in run("explain", "book.pages", "--browser").stdout
    in_browser(site, "objects/book.yaml", BROWSER.replace("label", "lable"), expected=1)
    for command in (["check", "--browser"], ["plan"], ["apply", "--yes"]):
        refused = run(*command, code=1)
        assert "browser:objects/book.yaml:2:18: unknown-key" in refused.stdout + refused.stderr
    run("check")


def test_a_base_that_changes_is_told(site: str) -> None:
    """The plan says what the base changed and what the overlay makes of it, until it is applied."""
    write("config/objects/book.yaml", BASE.replace("Title", "Heading"))
    plan = run("plan")
    assert plan.stdout.splitlines() == [
        "",
        "To be looked at:",
        "! config/objects/book.yaml:3 has changed `label` of field name of book from Title"
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


def test_a_rename_below_keeps_the_overlay_and_the_data(site: str) -> None:
    """The base renames a field; the overlay's old name is understood, and told."""
    write("client/objects/book.yaml", CLIENT + "  pages: {min: 1}\n")
    run("apply", "--yes")
    write("config/objects/book.yaml", BASE.replace("pages: {", "leaves: {was: pages, "))
    told = run("plan").stdout
    assert "~ renamed: field leaves of book: pages → leaves\n" in told
    assert (
        "config/objects/book.yaml:4 has renamed field pages of book to leaves;"
        " client/objects/book.yaml:5 still says pages, which is understood"
    ) in told
    run("apply", "--yes")
    assert run("plan").stdout == ""
    assert "min: 1" in run("explain", "book.leaves").stdout


def test_files_that_change_under_the_browser(site: str) -> None:
    """Where a folder changes what the browser changes too, the plan says so."""
    in_browser(site, "objects/book.yaml", "object: book\nfields: {name: {label: Work}}\n")
    run("apply", "--yes")
    write("client/objects/book.yaml", CLIENT.replace("Name of the book", "Volume"))
    told = run("plan", "--locale", "zh").stdout
    assert (
        "! client/objects/book.yaml:4 已将 book 的字段 name 的 `label` 从 Name of the book 改为"
        " Volume；browser:objects/book.yaml:2 仍为 Work：请确认是否仍合适"
    ) in told


SAME = "nothing to do: the database is as defined\n"


def test_pull(site: str) -> None:
    """The browser's overlay becomes part of the file; the next apply is empty and takes it away."""
    in_browser(site, "objects/book.yaml", BROWSER)
    in_browser(site, "objects/shelf.yaml", "object: shelf\nfields: {name: {type: text}}\n")
    run("apply", "--yes")
    tried = run("pull", "--dry-run").stdout
    assert "+++ client/objects/book.yaml" in tried and "+  pages: {label: Number of pages}" in tried
    assert Path("client/objects/book.yaml").read_text() == CLIENT
    assert run("pull").stdout.splitlines() == [
        "changed: client/objects/book.yaml", "new: client/objects/shelf.yaml",
    ]  # fmt: skip
    assert Path("client/objects/book.yaml").read_text() == (
        CLIENT + "  pages: {label: Number of pages}\n"
    )
    assert left_in_browser(site) == ["objects/book.yaml", "objects/shelf.yaml"]
    assert run("plan").stderr == SAME  # files and browser say the same
    assert [one["action"] for one in json.loads(run("pull", "--json").stdout)] == ["none", "none"]
    assert run("apply").stderr == SAME
    assert left_in_browser(site) == []
    assert (run("plan").stdout, run("apply").stderr) == ("", SAME)
    assert run("pull").stderr == "nothing was made in the browser\n"


def test_what_is_left_in_the_browser_stays_published(site: str) -> None:
    """One file was pulled, another begun since: the browser's is no draft, the pulled one gone."""
    in_browser(site, "objects/book.yaml", BROWSER)
    run("pull")
    in_browser(site, "site.yaml", "site: Library\n")
    run("apply", "--yes")
    assert left_in_browser(site) == ["site.yaml"]
    databases = open_databases(site)
    with databases.reading() as connection:
        assert read_draft(connection).changes() == ()
        assert list(published_texts(connection)) == ["site.yaml"]
    databases.dispose()
    assert run("plan").stderr == SAME


def test_pulling_into_a_new_layer(site: str) -> None:
    """A folder that is no layer yet takes the files; the browser keeps them until it is one."""
    in_browser(site, "objects/book.yaml", BROWSER)
    run("apply", "--yes")
    told = run("pull", "--into", "extra")
    assert told.stderr.startswith("extra is none of the layers")
    assert Path("extra/objects/book.yaml").read_text() == BROWSER
    assert run("apply").stderr == SAME
    assert left_in_browser(site) == ["objects/book.yaml"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORMWRIGHT_LAYERS", "config:client:extra")
        assert run("apply").stderr == SAME
        assert left_in_browser(site) == []
        assert run("plan").stderr == SAME


def test_a_newer_file_is_never_overwritten(site: str) -> None:
    """Where both have changed the same, nothing of that file is written; other files are."""
    in_browser(site, "objects/book.yaml", BROWSER.replace("pages: {", "name: {max_length: 5, "))
    in_browser(site, "site.yaml", "site: Library\n")
    newer = CLIENT.replace("Name of the book", "Name of the work")
    write("client/objects/book.yaml", newer)
    told = run("pull", code=1)
    assert told.stdout.splitlines() == [
        "not written: client/objects/book.yaml", "new: client/site.yaml",
    ]  # fmt: skip
    assert told.stderr.splitlines()[0] == (
        "client/objects/book.yaml:4:17: pull-conflict `label` of field name of book has been"
        " changed here to Name of the work since the browser's was begun; browser:objects/book.yaml"
        ":2 says Number of pages (write the right one here and there, then pull again)"
    )
    assert Path("client/objects/book.yaml").read_text() == newer
    write("client/objects/book.yaml", newer.replace("Name of the work", "Number of pages"))
    assert "changed: client/objects/book.yaml" in run("pull").stdout
    assert "max_length: 5" in Path("client/objects/book.yaml").read_text()


def test_a_file_that_dropped_it(site: str) -> None:
    """What the file no longer says is not written back into it."""
    in_browser(site, "objects/book.yaml", "object: book\nfields: {name: {label: Other}}\n")
    write("client/objects/book.yaml", "object: book\nlabel: Book\n")
    assert "pull-gone" in run("pull", code=1).stderr
    assert Path("client/objects/book.yaml").read_text() == "object: book\nlabel: Book\n"


def test_changed_again_after_a_pull(site: str) -> None:
    """What was pulled is what the browser goes on from; a killed pull is simply done again."""
    in_browser(site, "objects/book.yaml", BROWSER)
    run("pull")
    in_browser(site, "objects/book.yaml", BROWSER.replace("Number", "Count"), expected=1)
    run("apply", "--yes")
    assert left_in_browser(site) == ["objects/book.yaml"]
    assert run("pull").stdout == "changed: client/objects/book.yaml\n"
    assert "Count of pages" in Path("client/objects/book.yaml").read_text()
    assert run("apply").stderr == SAME
    assert left_in_browser(site) == []


def test_a_pull_that_was_killed(site: str) -> None:
    """The file is written, the browser's not marked: both say the same, and it is done again."""
    in_browser(site, "objects/book.yaml", BROWSER)
    run("apply", "--yes")
    run("pull")
    databases = open_databases(site)
    with databases.writing() as connection:
        connection.exec_driver_sql("UPDATE fw_layer_file SET pulled = NULL, base = NULL")
    databases.dispose()
    assert run("apply").stderr == SAME
    assert left_in_browser(site) == ["objects/book.yaml"]
    assert run("pull").stdout == "as it is: client/objects/book.yaml\n"
    assert run("apply").stderr == SAME
    assert left_in_browser(site) == []


def test_what_cannot_be_said_in_one_file(site: str) -> None:
    """Removed in the file, added again in the browser: a person has to write it."""
    write("config/objects/book.yaml", BASE.replace("integer", "integer, min: 0"))
    write("client/objects/book.yaml", "object: book\nfields: {pages: {remove: true}}\n")
    run("apply", "--yes", "--allow-loss")
    in_browser(site, "objects/book.yaml", "object: book\nfields: {pages: {type: integer}}\n")
    told = run("pull", code=1)
    assert "client/objects/book.yaml:1:1: pull-by-hand" in told.stderr
    assert "remove: true" in Path("client/objects/book.yaml").read_text()


def test_an_older_checkout_takes_nothing_away(site: str) -> None:
    """Where the files do not say what was pulled, the browser keeps it."""
    in_browser(site, "objects/book.yaml", BROWSER)
    run("apply", "--yes")
    run("pull")
    write("client/objects/book.yaml", CLIENT)
    assert run("apply").stderr == SAME
    assert left_in_browser(site) == ["objects/book.yaml"]


def test_scenarios_are_pulled(site: str) -> None:
    """A scenario made in the browser becomes a file like everything else."""
    text = (
        "scenario: a_book\nlabel: A book\nsteps:\n  - create: book\n    as: it\n"
        "    with: {name: Faust}\n"
    )
    in_browser(site, "scenarios/a_book.yaml", text)
    run("pull")
    assert Path("client/scenarios/a_book.yaml").read_text() == text
    run("apply")
    assert left_in_browser(site) == []
