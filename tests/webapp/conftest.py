"""The shipped system behind the web application, set up once per database and session.

Tests make records and accounts of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.world import Client, World, opened_world


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """The application on each kind of database."""
    with opened_world(request.param, tmp_path_factory.mktemp("webapp"), "webapp") as made:
        yield made


@pytest.fixture
def rep(world: World) -> Client:
    """A representative, who reports to `boss`."""
    return world.client("rep")


@pytest.fixture
def other(world: World) -> Client:
    """Another representative, who reports to nobody."""
    return world.client("other")


@pytest.fixture
def boss(world: World) -> Client:
    """A manager."""
    return world.client("boss")


@pytest.fixture
def admin(world: World) -> Client:
    """An administrator."""
    return world.client("admin")


@pytest.fixture
def clerk(world: World) -> Client:
    """Somebody in finance."""
    return world.client("clerk")
