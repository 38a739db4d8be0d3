"""The shipped system behind the web application, set up once per database and session.

Tests make records and accounts of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from support import postgres
from support.world import Client, World, make_world


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """The application on each kind of database."""
    server, name = os.environ.get("FORMWRIGHT_TEST_POSTGRES_URL", ""), ""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('webapp') / 'formwright.db'}"
    elif server:
        name = f"test_webapp_{os.environ.get('PYTEST_XDIST_WORKER', 'gw')}"
        url = postgres.create_database(server, name)
    else:
        pytest.fail("there is no PostgreSQL", pytrace=False)
    made = make_world(url)
    yield made
    made.site.close()
    if name:
        postgres.drop_database(server, name)


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
