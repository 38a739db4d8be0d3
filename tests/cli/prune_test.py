"""What is parked is listed, and dropped only when it is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from engine.schema.state import read_keys
from engine.schema.structure import read_structure
from support.commands import run
from support.workshop import Workshop, workshop

BOOK = """
title: name
fields:
  name: {type: text}
  price: {type: text}
  pages: {type: integer}
  shelf: {type: link, to: shelf}
  topics: {type: links, to: shelf}
"""
SHELF = "title: name\nfields: {name: {type: text}}"


def test_prune(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Removed fields, objects and columns of other types; what going back needs is kept."""
    monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    with workshop(tmp_path / "layer", database_url) as shop:
        _stock(shop)
        told = json.loads(run("prune", "--json").stdout)
        assert [(one["name"], one["records"], one["revision"]) for one in told] == [
            ("book.pages", 1, 1),
            ("book.price~price", 2, 1),
            ("book.shelf", 1, 1),
            ("book.topics", 1, 1),
            ("shelf", 1, 1),
        ]
        assert "parked-needed" in run("prune", "book.pages", "--yes", code=1).stderr
        assert "not-parked" in run("prune", "book.name", "--yes", code=1).stderr
        run("prune", "book.pages", "--force", code=2)
        names = [one["name"] for one in told]
        run("prune", *names, "--yes", "--force")
        assert shop.plan().empty
        with shop.databases.reading() as connection:
            structure, keys = read_structure(connection), read_keys(connection)
            event = connection.scalar(
                sa.text("SELECT data FROM fw_audit WHERE action = 'apply' ORDER BY id DESC LIMIT 1")
            )
        assert json.loads(event)["pruned"] == names
        assert not {"pages", "price"} & structure.tables["book"].columns
        assert "shelf" not in structure.tables and ("object", "", "shelf") not in keys
        left = json.loads(run("prune", "--json").stdout)
        # SQLite cannot drop a column that links to another table
        assert [(one["name"], one["records"]) for one in left] == (
            [("book.shelf", 0)] if "sqlite" in database_url else []
        )


def _stock(shop: Workshop) -> None:
    shop.write(book=BOOK, shelf=SHELF)
    shop.apply()
    gate = shop.application().gate
    gate.create(SYSTEM, "shelf", [{"name": "North"}])
    gate.create(
        SYSTEM,
        "book",
        [
            {"name": "Kim", "price": "12", "pages": 3, "shelf": 1, "topics": [1]},
            {"name": "Emma", "price": "13"},
        ],
    )
    text = "title: name\nfields: {name: {type: text}, price: {type: integer}}"
    shop.write(book=text, shelf="")
    shop.apply(allow_loss=True)
