"""Browsers without a browser: Flask's client, signed in, on the shipped system with data in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from support.showroom import Showroom, furnish
from support.world import World, opened_world

_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


@dataclass
class Visitor:
    """Somebody who is signed in."""

    client: FlaskClient
    locale: str = "en"

    def get(self, address: str, **headers: str) -> TestResponse:
        """A screen."""
        return self.client.get(address, headers={"Accept-Language": self.locale, **headers})

    def text(self, address: str, status: int = 200) -> str:
        """The text of a screen that must answer with `status`."""
        response = self.get(address)
        assert response.status_code == status, response.text[:2000]
        return response.text

    def post(self, address: str, *, script: bool = True, **form: Any) -> TestResponse:
        """A form, sent as a script sends it or as a plain form; `_` in names stands as it is."""
        token = _TOKEN.search(self.text("/"))
        assert token is not None
        headers = {"Accept-Language": self.locale}
        if script:
            headers["Accept"] = "application/json"
        return self.client.post(address, data={"csrf_token": token[1], **form}, headers=headers)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """An application of the screens' own: what stands in it is theirs alone."""
    with opened_world(request.param, tmp_path_factory.mktemp("screens"), "screens") as made:
        yield made


@pytest.fixture(scope="session")
def made(world: World) -> Showroom:
    """The company's data."""
    return furnish(world, 12)


@pytest.fixture
def visit(world: World, made: Showroom) -> Iterator[Any]:
    """Signs somebody in: `visit("rep", "zh")`."""
    known: dict[str, FlaskClient] = {}

    def enter(name: str, locale: str = "en") -> Visitor:
        if name not in known:
            known[name] = world.browser(name)
        return Visitor(known[name], locale)

    yield enter
