"""One stage for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.stages import Theatre, open_theatre


@pytest.fixture(scope="session")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The shipped configuration on a stage."""
    made = open_theatre(tmp_path_factory.mktemp("theatre"))
    yield made
    made.stage.close()
