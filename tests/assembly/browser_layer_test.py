"""The layer made in the browser: kept in the database, over all folders, never undone by them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assembly.browser_layer import (
    NAME,
    applied_sources,
    browser_file,
    browser_files,
    discard,
    draft_sources,
    mark_pulled,
    remove_file,
    remove_pulled,
    save_file,
    with_browser,
)
from assembly.establishing import establish
from assembly.kinds import KINDS
from engine.loading import load
from engine.problems import Refusal
from engine.schema.engines import Databases, open_databases

NOW = dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC)
PATH = "objects/book.yaml"
OVERLAY = "object: book\nfields: {pages: {type: integer}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A layer with an object."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config/objects").mkdir(parents=True)
    (tmp_path / "config/site.yaml").write_text("site: Test\n")
    (tmp_path / "config" / PATH).write_text("object: book\nfields: {name: {type: text}}\n")
    return Path("config")


@pytest.fixture
def databases(folder: Path, database_url: str) -> Iterator[Databases]:
    """A database that the layer is applied to."""
    opened = open_databases(database_url)
    establish(opened, [folder])
    yield opened
    opened.dispose()


def save(databases: Databases, text: str = OVERLAY, expected: int = 0, path: str = PATH) -> int:
    with databases.writing() as connection:
        return save_file(connection, path, text, expected=expected, by="ann", now=NOW).version


def refused(databases: Databases, text: str, expected: int = 0, path: str = PATH) -> str:
    with pytest.raises(Refusal) as caught:
        save(databases, text, expected, path)
    (problem,) = caught.value.problems
    assert path[:20] in problem.line("en") and path[:20] in problem.line("zh")
    return problem.code


def test_saving(databases: Databases) -> None:
    """A file is saved, changed, discarded; each time in the version that was looked at."""
    assert save(databases) == 1
    assert refused(databases, OVERLAY) == "browser-file-stale"
    assert save(databases, OVERLAY + "# more\n", expected=1) == 2
    assert refused(databases, OVERLAY, expected=1) == "browser-file-stale"
    with databases.reading() as connection:
        (file,) = browser_files(connection)
        assert (file.path, file.version, file.changed_by, file.changed_on) == (PATH, 2, "ann", NOW)
        assert file.text.endswith("# more\n") and file.begun == 1
    with databases.writing() as connection, pytest.raises(Refusal):
        remove_file(connection, PATH, expected=1)
    with databases.writing() as connection:
        remove_file(connection, PATH, expected=2)
        assert browser_file(connection, PATH) is None
    assert refused(databases, OVERLAY, expected=2) == "browser-file-gone"
    save(databases)
    with databases.writing() as connection:
        assert discard(connection) == 1


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("site.yaml", ""),
        ("roles/clerk.yaml", ""),
        ("scenarios/first.yaml", ""),
        ("book.yaml", "browser-file-path"),
        ("objects/../site.yaml", "browser-file-path"),
        ("../objects/book.yaml", "browser-file-path"),
        ("/objects/book.yaml", "browser-file-path"),
        ("objects//book.yaml", "browser-file-path"),
        ("objects/book.yml", "browser-file-path"),
        ("objects/.yaml", "browser-file-path"),
        ("objects/Book.yaml", "browser-file-path"),
        ("objects/more/book.yaml", "browser-file-path"),
        ("templates/book.yaml", "browser-file-path"),
        ("", "browser-file-path"),
    ],
)
def test_paths(folder: Path, tmp_path: Path, path: str, code: str) -> None:
    """Only files of folders that a layer has."""
    databases = open_databases(f"sqlite:///{tmp_path}/paths.db")
    establish(databases, [folder])
    if code:
        assert refused(databases, "a: b\n", path=path) == code
    else:
        assert save(databases, "a: b\n", path=path) == 1
    databases.dispose()


def test_unfit_texts(databases: Databases) -> None:
    """Too large, empty, or holding what no database takes."""
    assert refused(databases, "x" * (1024 * 1024 + 1)) == "browser-file-size"
    assert refused(databases, " \n") == "browser-file-empty"
    assert refused(databases, "a: b\x00\n") == "browser-file-text"
    assert refused(databases, "a: \ud800\n") == "browser-file-text"


def test_over_the_folders(databases: Databases, folder: Path) -> None:
    """Whoever plans from folders takes it along; places say that it is the browser's."""
    save(databases)
    with databases.reading() as connection:
        loaded = load(with_browser(connection, [folder]), KINDS)
        draft = load(draft_sources(connection), KINDS)
    assert not loaded.problems
    pages = loaded.trees["object"]["book"].at("fields", "pages", "type")
    assert str(pages) == "browser:objects/book.yaml:2:24"
    assert [layer.name for layer in loaded.sources] == ["config", NAME]
    assert draft.trees == loaded.trees and draft.catalog is not None


def test_problems_are_told_at_their_place(databases: Databases, folder: Path) -> None:
    """A draft may be wrong; loading says where."""
    save(databases, "object: book\nfields: {pages: {type: intger}}\n")
    save(databases, "object: [", path="objects/shelf.yaml")
    with databases.reading() as connection:
        problems = load(draft_sources(connection), KINDS).problems
    assert [str(problem).split(" ")[0] for problem in problems] == [
        "browser:objects/book.yaml:2:24:",
        "browser:objects/shelf.yaml:2:1:",
    ]


def test_applying_takes_it_along(databases: Databases, folder: Path) -> None:
    """What was made in the browser is published with the folders, and not undone by them."""
    save(databases)
    for text in ("Test", "Tests"):
        (folder / "site.yaml").write_text(f"site: {text}\n")
        application = establish(databases, [folder])
        assert "pages" in application.catalog.objects["book"].fields
    with databases.reading() as connection:
        assert [layer.name for layer in applied_sources(connection)] == ["config"]
        assert load(draft_sources(connection), KINDS).trees == application_trees(databases, folder)


def application_trees(databases: Databases, folder: Path) -> object:
    with databases.reading() as connection:
        return load(with_browser(connection, [folder]), KINDS).trees


def test_the_folders_are_not_asked_in_the_browser(databases: Databases, folder: Path) -> None:
    """A draft lies over the revision in force, whatever the folders of this machine say."""
    (folder / PATH).write_text("object: book\nfields: {title: {type: text}}\n")
    save(databases)
    with databases.reading() as connection:
        draft = load(draft_sources(connection), KINDS)
    assert list(draft.trees["object"]["book"].to_plain()["fields"]) == ["name", "pages"]


@pytest.mark.parametrize("expected", [0, 1])
def test_many_save_at_once(databases: Databases, expected: int) -> None:
    """Of several who save the same version one does, the others are told."""
    if expected:
        save(databases)

    def one(number: int) -> str:
        try:
            save(databases, OVERLAY + f"# {number}\n", expected)
        except Refusal as refusal:
            return refusal.problems[0].code
        return ""

    with ThreadPoolExecutor(6) as pool:
        outcomes = sorted(pool.map(one, range(6)))
    assert outcomes == ["", *["browser-file-stale"] * 5]
    with databases.reading() as connection:
        assert [file.version for file in browser_files(connection)] == [expected + 1]


def test_what_was_pulled_goes_unless_it_was_changed(databases: Databases) -> None:
    """Only the version that was pulled is taken away."""
    save(databases)
    save(databases, "object: shelf\nfields: {name: {type: text}}\n", path="objects/shelf.yaml")
    with databases.writing() as connection:
        assert remove_pulled(connection, browser_files(connection)) == []
        mark_pulled(connection, {file: file.text for file in browser_files(connection)})
    save(databases, OVERLAY + "# later\n", expected=1)
    with databases.writing() as connection:
        assert remove_pulled(connection, browser_files(connection)) == ["objects/shelf.yaml"]
        assert [file.path for file in browser_files(connection)] == [PATH]
