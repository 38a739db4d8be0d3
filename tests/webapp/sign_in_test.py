"""Signing in, and everything that ends it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from support.world import PASSWORD, World
from webapp.accounts import add_key, find_account, revoke_keys, set_password
from webapp.tables import API_KEY, SIGN_IN, USER


@pytest.fixture(autouse=True)
def fresh(world: World) -> Iterator[None]:
    """No failed attempts are left over, and the clock is right again."""
    with world.site.databases.writing() as connection:
        connection.execute(sa.delete(SIGN_IN))
    yield
    world.clock.ahead = dt.timedelta()


def test_tokens(world: World) -> None:
    """A token to call with, and one to get more of them; neither does the other's work."""
    tokens = world.login("rep", refresh=True).get_json()
    client = world.app.test_client()

    def status(path: str, token: str, method: str = "GET") -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return client.open(f"/api/v1/{path}", method=method, headers=headers).status_code

    assert status("me", tokens["access_token"]) == 200
    assert status("me", tokens["refresh_token"]) == 401
    assert status("security/refresh", tokens["access_token"], "POST") == 401
    assert status("security/refresh", tokens["refresh_token"], "POST") == 200
    for bad in ("", "x", "a.b.c", tokens["access_token"][:-3], "fwk_unknown", "\xff"):
        assert status("me", bad) == 401
    headers = {"Authorization": "Basic YWRtaW46YWRtaW4="}
    assert client.get("/api/v1/me", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "body",
    [{}, {"username": "rep"}, {"username": 1, "password": 2}, {"username": "rep", "password": ""},
     {"username": "re\x01p", "password": PASSWORD}, {"username": "rep", "password": None},
     {"username": "x" * 100_000, "password": "y" * 1000}],
)  # fmt: skip
def test_unusable_sign_in(world: World, body: dict[str, object]) -> None:
    """Whatever is sent, the answer is the same 401."""
    response = world.app.test_client().post("/api/v1/security/login", json=body)
    assert (response.status_code, response.get_json()["code"]) == (401, "sign-in-failed")


@pytest.mark.parametrize("door", ["api", "form"])
def test_lock_out(world: World, door: str) -> None:
    """After five failures even the right password is refused, for a while; by both doors."""
    name = world.account("finance")

    def attempt(password: str) -> int:
        if door == "api":
            return world.login(name, password).status_code
        client = world.app.test_client()
        token = client.get("/login/").text.partition('csrf_token" value="')[2].partition('"')[0]
        form = {"username": name, "password": password, "csrf_token": token}
        return client.post("/login/", data=form).status_code

    right = 200 if door == "api" else 302
    assert [attempt("wrong password") for _ in range(5)] == [401] * 5
    assert attempt(PASSWORD) == 429
    response = world.login(name.upper())  # the same account, whatever the case
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 61
    world.clock.ahead = dt.timedelta(seconds=62)
    assert attempt(PASSWORD) == right
    assert attempt("wrong password") == 401
    assert attempt(PASSWORD) == right


def test_lock_out_of_an_address(world: World) -> None:
    """Guessing at many accounts from one address is slowed down as well."""
    assert world.login("nobody", "wrong").status_code == 401
    with world.site.databases.writing() as connection:
        counted = SIGN_IN.c.key.startswith("address:")
        assert connection.execute(sa.update(SIGN_IN).where(counted).values(failures=49)).rowcount
    assert world.login("nobody else", "wrong").status_code == 401
    assert world.login("rep").status_code == 429
    world.clock.ahead = dt.timedelta(seconds=32)
    assert world.login("rep").status_code == 200


def test_another_password_ends_everything(world: World) -> None:
    """Sessions, tokens and API keys made before a password change are worth nothing after it."""
    name = world.account("finance")
    tokens = world.login(name, refresh=True).get_json()
    browser = world.browser(name)
    keys = world.app.extensions["formwright"].keys
    with world.site.databases.writing() as connection:
        user = find_account(connection, name).id
        key = add_key(connection, keys, user, "test")
    api = world.app.test_client(use_cookies=False)

    def statuses() -> list[int]:
        found = [browser.get("/api/v1/me").status_code]
        for token in (tokens["access_token"], key):
            headers = {"Authorization": f"Bearer {token}"}
            found.append(api.get("/api/v1/me", headers=headers).status_code)
        return found

    assert statuses() == [200, 200, 200]
    with world.site.databases.writing() as connection:
        set_password(connection, user, "another long password")
    assert statuses() == [401, 401, 401]
    headers = {"Authorization": f"Bearer {tokens['refresh_token']}"}
    assert api.post("/api/v1/security/refresh", headers=headers).status_code == 401
    assert browser.get("/").status_code == 302


def test_inactive_account(world: World) -> None:
    """Locking an account out counts from the next request on."""
    name = world.account("finance")
    client = world.client(name)
    with world.site.databases.writing() as connection:
        connection.execute(sa.update(USER).where(USER.c.username == name).values(active=False))
    assert client.get("me").status_code == 401
    assert world.login(name).status_code == 401


def test_api_keys(world: World) -> None:
    """Only a digest is stored; a key may be for reading only, ends in time, and can be revoked."""
    name = world.account("sales_representative")
    keys = world.app.extensions["formwright"].keys
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    with world.site.databases.writing() as connection:
        user = find_account(connection, name).id
        full = add_key(connection, keys, user, "full")
        reading = add_key(connection, keys, user, "reading", read_only=True)
        short = add_key(connection, keys, user, "short", expires_on=soon)
        stored = connection.execute(sa.select(API_KEY).where(API_KEY.c.user_id == user)).all()
    assert all(key not in str(stored) for key in (full, reading, short))
    api = world.app.test_client(use_cookies=False)

    def status(key: str, method: str = "GET") -> int:
        headers = {"Authorization": f"Bearer {key}"}
        body = {"name": "By key"} if method == "POST" else None
        return api.open("/api/v1/o/customer", method=method, headers=headers, json=body).status_code

    assert [status(key) for key in (full, reading, short)] == [200, 200, 200]
    assert [status(key, "POST") for key in (full, reading)] == [201, 403]
    with world.site.databases.writing() as connection:
        assert revoke_keys(connection, user, "full") == 1
    world.clock.ahead = dt.timedelta(hours=2)
    assert [status(key) for key in (full, reading, short)] == [401, 200, 401]


def test_sessions_end(world: World) -> None:
    """When idle, and when old however busy."""
    browser = world.browser("rep")
    for hours in range(0, 7 * 24, 11):
        world.clock.ahead = dt.timedelta(hours=hours)
        assert browser.get("/api/v1/me").status_code == 200, hours
    world.clock.ahead = dt.timedelta(days=7, hours=1)
    assert browser.get("/api/v1/me").status_code == 401
    world.clock.ahead = dt.timedelta()
    browser = world.browser("rep")
    world.clock.ahead = dt.timedelta(hours=13)
    assert browser.get("/api/v1/me").status_code == 401
    assert browser.get("/").status_code == 302


def test_cookies(world: World) -> None:
    """Not for scripts, not for other sites, over HTTPS only there; a new one for each sign-in."""
    client = world.app.test_client()
    planted = client.get("/login/").headers["Set-Cookie"]
    assert "HttpOnly" in planted and "SameSite=Lax" in planted and "Secure" not in planted
    secure = client.get("/login/", base_url="https://localhost").headers
    assert "Strict-Transport-Security" in secure
    fresh_client = world.app.test_client()
    assert (
        "Secure" in fresh_client.get("/login/", base_url="https://localhost").headers["Set-Cookie"]
    )


def test_csrf(world: World) -> None:
    """What a cookie authorises needs the token of its session; what a header does, does not."""
    browser = world.browser("rep")
    body = {"name": "Forged Ltd."}
    forged = browser.post("/api/v1/o/customer", json=body)
    assert (forged.status_code, forged.get_json()["code"]) == (400, "csrf-token")
    token = browser.get("/api/v1/me").get_json()["csrf_token"]
    other = world.browser("other").get("/api/v1/me").get_json()["csrf_token"]
    wrong = browser.post("/api/v1/o/customer", json=body, headers={"X-CSRFToken": other})
    assert wrong.status_code == 400
    right = browser.post("/api/v1/o/customer", json=body, headers={"X-CSRFToken": token})
    assert right.status_code == 201
    # a made-up header does not turn the check off: then it is the header that must authorise
    tricked = browser.post("/api/v1/o/customer", json=body, headers={"Authorization": "Bearer x"})
    assert tricked.status_code == 401
    for path in ("/logout/", "/users/add", "/resetmypassword/form", "/lang/zh"):
        assert browser.post(path, data={}).status_code in (400, 405), path
    assert browser.get("/api/v1/me").status_code == 200


def test_signing_in_and_out(world: World) -> None:
    """The pages, in both languages; nowhere else does a sign-in lead."""
    client = world.app.test_client()
    assert client.get("/").headers["Location"].startswith("/login/")
    assert "登录" in client.get("/login/", headers={"Accept-Language": "zh"}).text
    assert "Sign in" in client.get("/login/?_l_=en").text
    browser = world.browser("rep")
    page = browser.get("/?_l_=en").text
    token = browser.get("/api/v1/me").get_json()["csrf_token"]
    assert "Rep" in page
    assert browser.get("/logout/").status_code == 200
    assert browser.get("/api/v1/me").status_code == 200
    assert browser.post("/logout/", data={"csrf_token": token}).status_code == 302
    assert browser.get("/api/v1/me").status_code == 401
    away = world.app.test_client()
    login = away.get("/login/?next=https://evil.example/").text
    token = login.partition('csrf_token" value="')[2].partition('"')[0]
    form = {"username": "rep", "password": PASSWORD, "csrf_token": token}
    response = away.post("/login/?next=https://evil.example/", data=form)
    assert (response.status_code, response.headers["Location"]) == (302, "/")


def test_pages_of_the_library(world: World) -> None:
    """Accounts and roles are managed by those who administer, and by nobody else."""
    admin, rep = world.browser("admin"), world.browser("rep")
    for path in ("/users/list/", "/roles/list/", "/users/add"):
        assert admin.get(path).status_code == 200, path
        assert rep.get(path).status_code == 403, path
    assert admin.get("/roles/add").status_code == 403
    assert rep.get("/resetmypassword/form").status_code == 200
    nobody = world.app.test_client().get("/users/list/")
    assert nobody.status_code == 302 and "/login/" in nobody.headers["Location"]


def test_own_password(world: World) -> None:
    """Set on the library's page: not a short one, and it ends the session."""
    name = world.account("finance")
    browser = world.browser(name)
    token = browser.get("/api/v1/me").get_json()["csrf_token"]
    for password, status in (("short", 200), ("long enough now", 401)):
        form = {"password": password, "conf_password": password, "csrf_token": token}
        browser.post("/resetmypassword/form", data=form)
        assert browser.get("/api/v1/me").status_code == status
    assert world.login(name, "long enough now").status_code == 200


def test_headers(world: World) -> None:
    """On every answer, whatever it is about."""
    client = world.app.test_client()
    for path in ("/", "/login/", "/healthz", "/api/v1/me", "/nowhere", "/static/plain.css"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
    assert client.get("/api/v1/me").headers["Cache-Control"] == "no-store"
