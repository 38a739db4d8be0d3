"""The studio has a world of its own, since publishing changes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from support.publishing import HIDDEN, carrying
from support.world import World, opened_world

_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


@dataclass
class Administrator:
    """Somebody in the studio, in one language."""

    client: FlaskClient
    locale: str = "en"

    def get(self, address: str, **headers: str) -> TestResponse:
        """A page."""
        return self.client.get(address, headers={"Accept-Language": self.locale, **headers})

    def text(self, address: str, status: int = 200) -> str:
        """The text of a page that must answer with `status`."""
        answer = self.get(address)
        assert answer.status_code == status, answer.text[:3000]
        return answer.text

    def text_in(self, locale: str, address: str) -> str:
        """The text of a page in a language."""
        answer = self.client.get(address, headers={"Accept-Language": locale})
        assert answer.status_code == 200, answer.text[:3000]
        return answer.text

    def post(self, address: str, *, script: bool = True, **form: Any) -> TestResponse:
        """A form, sent as a script sends it or as a plain form."""
        token = _TOKEN.search(self.text("/styleguide"))
        assert token is not None
        headers = {"Accept-Language": self.locale}
        if script:
            headers["Accept"] = "application/json"
        return self.client.post(address, data={"csrf_token": token[1], **form}, headers=headers)

    def save(self, path: str, text: str, version: int = 0) -> dict[str, Any]:
        """Saves a file of the browser layer; what the page is told."""
        answer = self.post(f"/studio/files/{path}", do="save", text=text, version=version)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def hidden(self, address: str) -> dict[str, str]:
        """What the form of a plan keeps of what it has shown."""
        return {name: unescape(value) for name, value in HIDDEN.findall(self.text(address))}

    def send_plan(
        self, address: str = "/studio/plan", message: str = "a change", **agreed: Any
    ) -> TestResponse:
        """Sends the plan as it is shown."""
        given = {"message": message, **self.hidden(address), **agreed}
        return self.post(address, script=False, **given)

    def publish(
        self, address: str = "/studio/plan", message: str = "a change", **agreed: Any
    ) -> str:
        """Sends the plan, which must be taken; the address at which publishing is followed."""
        answer = self.send_plan(address, message, **agreed)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["Location"])


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """An application whose definitions are changed."""
    with opened_world(request.param, tmp_path_factory.mktemp("studio"), "studio") as made:
        yield made


@pytest.fixture
def admin(world: World) -> Iterator[Administrator]:
    """The administrator; what is left of a draft is gone afterwards."""
    made = Administrator(world.browser("admin"))
    yield made
    made.post("/studio/discard", script=False)


@pytest.fixture
def carry(world: World) -> Callable[[], object]:
    """Carries out what was asked for, as a worker does; no scenarios are played."""
    return carrying(world)
