"""Sites that the tests of this folder share: the shipped system and a random one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from leaks.runs import Run, running


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The shipped system with shipped and random roles."""
    with running(tmp_path_factory.mktemp("leaks"), "shipped", 1, 6) as run:
        yield run


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A random catalog of all field types with random roles."""
    with running(tmp_path_factory.mktemp("leaks"), "random", 1, 6) as run:
        yield run
