"""One site per kind of database for all tests of the room, emptied after each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.exchange_site import SITE, Exchange
from support.small import KINDS_OF_DATABASE, SmallSite, small_site


@pytest.fixture(scope="session", params=KINDS_OF_DATABASE)
def exchange_site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    """The running site."""
    with small_site(request.param, tmp_path_factory.mktemp("exchange"), SITE) as site:
        yield site


@pytest.fixture
def it(exchange_site: SmallSite, tmp_path: Path) -> Iterator[Exchange]:
    """The empty site, with a folder for files."""
    exchange = Exchange(exchange_site, tmp_path)
    yield exchange
    exchange.clear()
