"""A workshop for the tests of what a change does to records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.workshop import Workshop, workshop


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Iterator[Workshop]:
    """A workshop on a fresh empty database, the test running once on each kind."""
    with workshop(tmp_path / "layer", database_url) as made:
        yield made
