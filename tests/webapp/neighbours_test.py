"""Two sites in one process: what is worth something in one is worth nothing in the other."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from engine.permissions.actors import SYSTEM
from jobs.outbox import Effect, put
from support.neighbours import neighbours
from support.world import Client, World
from webapp.accounts import add_key, find_account

MARKER = "Zyzzogeton"
"""A word that only the other site has."""
VALUES = {
    "object": ("customer",),
    "name": ("name", "contacts"),
    "field": ("attachments",),
    "locale": ("en",),
    "ending": ("csv",),
    "path": ("nothing",),
    "filename": ("nothing",),
    "digest": ("0" * 16,),
}
"""What stands for a part of an address; anything else is the number of a record."""
ELSEWHERE = ("/logout/", "/lang/", "/back", "/static/", "/assets/")
"""Addresses that end the session, or answer with the platform's own files."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, World]]:
    """Two sites that only their keys and their places tell apart."""
    with neighbours(request.param, tmp_path_factory.mktemp("sites")) as made:
        yield made


def api_key(world: World) -> str:
    """A key of the administrator."""
    keys = world.app.extensions["formwright"].keys
    with world.site.databases.writing() as connection:
        account = find_account(connection, "admin")
        return add_key(connection, keys, account.id, "test")


def bearing(world: World, token: str) -> Client:
    """Somebody who brings this token or key."""
    return Client(world.app.test_client(use_cookies=False), {"Authorization": f"Bearer {token}"})


def test_tokens_and_keys(both: tuple[World, World]) -> None:
    """A token, a refresh token and an API key: valid at home, refused next door."""
    acme, north = both
    tokens = acme.login("admin", refresh=True).get_json()
    for world, status in ((acme, 200), (north, 401)):
        for token in (tokens["access_token"], api_key(acme)):
            answer = bearing(world, token).get("me")
            assert answer.status_code == status, answer.text
        refreshed = bearing(world, tokens["refresh_token"]).call("POST", "security/refresh")
        assert refreshed.status_code == status


def test_cookies_and_csrf_tokens(both: tuple[World, World]) -> None:
    """A session's cookie under the other's name; a CSRF token beside the other's own session."""
    acme, north = both
    name, other = (world.app.config["SESSION_COOKIE_NAME"] for world in both)
    assert name != other
    session = acme.browser("admin").get_cookie(name)
    assert session is not None
    for world, cookie, status in ((acme, name, 200), (north, other, 302)):
        client = world.app.test_client()
        client.set_cookie(cookie, session.value)
        assert client.get("/o/customer").status_code == status
    here, there = acme.browser("admin"), north.browser("admin")
    at_home, from_next_door = (csrf(one) for one in (there, here))
    form = {"notices": "none", "locale": "zh"}
    for token, status in ((from_next_door, 400), (at_home, 303)):
        answer = there.post("/preferences/language", data=form | {"csrf_token": token})
        assert answer.status_code == status, answer.text


def csrf(client: FlaskClient) -> str:
    """The token within a page."""
    return (
        client.get("/o/customer").text.partition('name="csrf-token" content="')[2].partition('"')[0]
    )


def test_cursors_and_idempotency_keys(both: tuple[World, World]) -> None:
    """A cursor is refused; a key that was used makes a record of its own."""
    acme, north = (world.client("admin") for world in both)
    for client in (acme, north):
        for number in range(3):
            client.made("product", name=f"P{number}", code=f"P{number}")
    cursor = acme.get("o/product?limit=1").get_json()["next"]
    assert acme.get(f"o/product?limit=1&after={quote(cursor)}").status_code == 200
    refused = north.get(f"o/product?limit=1&after={quote(cursor)}")
    assert 400 <= refused.status_code < 500, refused.text
    body = {"name": "Once", "code": "once"}
    for client in (acme, north):
        made = client.call("POST", "o/product", body, Idempotency_Key="one-and-the-same")
        assert made.status_code == 201
        assert "Idempotency-Replayed" not in made.headers


def test_files(both: tuple[World, World]) -> None:
    """The address of a file: next door it leads nowhere, though the record has the same number."""
    acme, north = (world.client("admin") for world in both)
    here, there = (client.made("customer", name="Filed")["id"] for client in (acme, north))
    assert here == there
    sent = acme.flask.post(
        f"/api/v1/o/customer/{here}/files",
        data={"file": (io.BytesIO(MARKER.encode()), "a.txt")},
        headers=acme.headers,
    )
    assert sent.status_code == 201, sent.text
    url = sent.get_json()["items"][0]["url"].removeprefix("/api/v1/")
    assert acme.get(url).data == MARKER.encode()
    assert north.get(url).status_code == 404


def test_jobs_and_all_that_is_signed(both: tuple[World, World]) -> None:
    """The number of a job leads nowhere next door; no purpose has a key in common."""
    effect = Effect(kind="nothing", payload={}, queue="slow")
    (id,) = both[0].site.gate().write(SYSTEM, lambda tx: put(tx, [effect]))
    acme, north = (world.client("admin") for world in both)
    assert acme.get(f"jobs/{id}").status_code == 200
    assert north.get(f"jobs/{id}").status_code == 404
    one, other = (world.app.extensions["formwright"].keys for world in both)
    for purpose in ("session", "token", "api key", "session stamp", "cursor", "form", "import"):
        assert one.sign(purpose, "the same") != other.sign(purpose, "the same")


def test_nothing_of_the_busy_neighbour_is_seen(both: tuple[World, World]) -> None:
    """All pages and calls that can be read, while the other site is written to and read."""
    acme, north = both
    for world, word in ((acme, "Quiet"), (north, MARKER)):
        furnish(world, word)
    ending, seen = threading.Event(), []

    def bustle(name: str) -> None:
        client, browser, number = north.client("admin"), north.browser("admin"), 0
        while not ending.wait(0.05):
            number += 1
            client.made("customer", name=f"{MARKER} {name} {number}")
            seen.append(browser.get(f"/o/customer?q={MARKER}").text)
            seen.append(client.get(f"o/customer?q={MARKER}").text)

    others = [threading.Thread(target=bustle, args=(name,)) for name in "ab"]
    for thread in others:
        thread.start()
    try:
        client, browser = acme.client("admin"), acme.browser("admin")
        found = 0
        for address in addresses(acme):
            if address.startswith("/api/v1/"):
                answer = client.get(address.removeprefix("/api/v1/"))
            else:
                answer = browser.get(address)
            assert answer.status_code < 500, (address, answer.text)
            found += "Quiet" in answer.text
            assert MARKER not in answer.text, address
            assert MARKER not in str(answer.headers), address
    finally:
        ending.set()
        for thread in others:
            thread.join()
    assert found > 20, "the pages show what is there"
    assert any(MARKER in text for text in seen)
    assert not any("Quiet" in text for text in seen)


def furnish(world: World, word: str) -> None:
    """Records, a comment, a file, an account with that word in them."""
    client = world.client("admin")
    customer = client.made("customer", name=f"{word} Ltd.")["id"]
    client.made("contact", name=f"{word} Contact", customer=customer, mobile="13800138000")
    client.call("POST", f"o/customer/{customer}/comments", {"text": f"{word} said"})
    client.flask.post(
        f"/api/v1/o/customer/{customer}/files",
        data={"file": (io.BytesIO(word.encode()), f"{word}.txt")},
        headers=client.headers,
    )
    world.account("sales_representative", name=word.lower())


def addresses(world: World) -> Iterator[str]:
    """Every address that is read by GET, with some values for its parts."""
    customer = world.client("admin").items("o/customer?name=Quiet Ltd.")[0]["id"]
    for rule in world.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.rule.startswith(ELSEWHERE):
            continue
        parts = sorted(rule.arguments)
        for values in product(*(VALUES.get(part, (customer,)) for part in parts)):
            given: dict[str, Any] = dict(zip(parts, values, strict=True))
            with world.app.test_request_context():
                yield world.app.url_map.bind("localhost").build(rule.endpoint, given)
