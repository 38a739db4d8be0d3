"""Folders and databases that commands run with."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.commands import book, write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Path:
    """An empty folder, which the commands run in, and an empty database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", database_url)
    monkeypatch.delenv("FORMWRIGHT_LAYERS", raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return tmp_path


@pytest.fixture
def site(folder: Path) -> Path:
    """A folder with a small site in it, which nothing has been applied of."""
    write("config/site.yaml", "site: Test\n")
    book("name: {type: text, label: {en: Title, zh: 书名}}")
    return folder
