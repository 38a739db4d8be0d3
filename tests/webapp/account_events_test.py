"""The audit says who signed in and out, who could not, and whose password and roles changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from cli.main import main
from support.world import PASSWORD, World


def events(world: World, account: str) -> list[tuple[str, dict[str, Any]]]:
    """What the audit says of the account, in order."""
    table = world.site.current.tables.system("fw_audit")
    with world.site.databases.reading() as connection:
        rows = connection.execute(
            sa.select(table).where(table.c.object == "").order_by(table.c.id)
        ).all()
    said = [(row.action, json.loads(row.data)) for row in rows]
    return [(action, data) for action, data in said if data.get("account") == account]


def test_signing_in_and_out(world: World) -> None:
    """Each by its door: in by form and by API, refused, out."""
    name = world.account("finance")
    assert world.login(name, "wrong").status_code == 401
    assert world.login(name).status_code == 200
    browser = world.browser(name)
    page = browser.get("/logout/").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert browser.post("/logout/", data={"csrf_token": token}).status_code == 302
    told = events(world, name)
    assert [action for action, _ in told] == [
        "sign-in failed", "sign-in", "sign-in", "sign-out",
    ]  # fmt: skip
    assert told[0][1]["address"] == "127.0.0.1"


def test_a_mistyped_password_is_not_kept(world: World) -> None:
    """A name that no account has stands there as a digest only."""
    assert world.login("my secret password", "x").status_code == 401
    assert events(world, "my secret password") == []


def test_changed_on_the_pages_of_accounts(world: World) -> None:
    """Roles and password, changed by an administrator in the browser: in the same transaction."""
    name = world.account("finance")
    manager = world.app.extensions["appbuilder"].sm
    with world.app.test_request_context("/"):
        user = manager.find_user(username=name)
        user.roles = [manager.find_role("sales_manager")]
        manager.session.commit()
        manager.reset_password(user.id, "another long password")
    assert events(world, name) == [
        ("roles", {"account": name, "roles": [["finance"], ["sales_manager"]]}),
        ("password", {"account": name}),
    ]


def test_changed_on_the_command_line(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`formwright user`: an account, its roles, its password."""
    url = world.site.databases.url.render_as_string(hide_password=False)
    monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", url)
    name = f"line{next(world.numbers)}"

    def run(*arguments: str) -> None:
        done = CliRunner().invoke(main, ["user", *arguments], input=PASSWORD)
        assert done.exit_code == 0, done.output

    run("add", name, "--role", "finance", "--password", "-")
    run("roles", name, "sales_manager", "finance")
    run("password", name, "--password", "-")
    assert events(world, name) == [
        ("account", {"account": name, "roles": [[], ["finance"]]}),
        ("roles", {"account": name, "roles": [["finance"], ["finance", "sales_manager"]]}),
        ("password", {"account": name}),
    ]
