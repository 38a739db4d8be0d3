"""Notices over REST, approvals and comments that tell people, and the directory of accounts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from assembly.background import Background, Services
from documents.rendering import Renderer
from engine.permissions.actors import SYSTEM
from jobs.outbox import put
from notices.sending import post_of
from notices.tables import NOTICE_TABLE
from notices.telling import Notice, telling
from support.patience import PATIENCE
from support.telling import Mailbox, mail_server
from support.world import Client, World
from webapp.directory import AccountDirectory
from webapp.preferences import keep_locale
from webapp.tables import USER


@pytest.fixture(autouse=True)
def clean(world: World) -> None:
    """Nobody has been told anything yet; everybody reads English."""
    background(world).drain()
    table = world.site.current.gate.tables.system(NOTICE_TABLE)
    with world.site.databases.writing() as connection:
        connection.execute(sa.delete(table))
        for user in connection.scalars(sa.select(USER.c.id)).all():
            keep_locale(connection, user, "en")


@pytest.fixture
def quote(world: World, rep: Client) -> Callable[..., int]:
    """Makes a quotation of rep's that needs the manager's approval."""

    def make(discount: str = "0.2") -> int:
        name = f"Acme {next(world.numbers)}"
        customer = rep.made("customer", name=name)["id"]
        lines = [{"description": "Lathe", "quantity": "1", "price": "1000", "discount": discount}]
        return int(rep.made("quotation", customer=customer, lines=lines)["id"])

    return make


def background(world: World, mail_url: str = "") -> Background:
    services = Services(
        directory=AccountDirectory(world.site.databases),
        renderer=Renderer(),
        post=post_of(mail_url),
        url="https://crm.example.com",
    )
    return Background(world.site, services)


def tell(world: World, title: str, *people: str, record: int = 0, **more: Any) -> None:
    notice = Notice(to=tuple(world.people[p] for p in people), title={"en": title}, **more)
    effect = telling(notice, *(("customer", record) if record else ()))
    gate = world.site.current.gate
    gate.write(SYSTEM, lambda tx: put(tx, [effect]))
    background(world).drain()


def titles(client: Client) -> list[str]:
    return [item["title"] for item in client.items("notices")]


def test_my_notices(world: World, rep: Client, other: Client) -> None:
    """The latest first, in pages; read one by one or all; nobody else's."""
    record = rep.made("customer", name=f"甲 {next(world.numbers)}")["id"]
    for title in ("one", "two", "{this.name}"):
        tell(world, title, "rep", "other", record=record)
    page = rep.get("notices?limit=2").get_json()
    first = page["items"][0]
    assert (first["object"], first["record"], page["unread"]) == ("customer", record, 3)
    assert first["title"].startswith("甲") and first["read_on"] is None
    rest = rep.get(f"notices?limit=2&after={page['next']}").get_json()
    assert [item["title"] for item in rest["items"]] == ["one"] and rest["next"] is None
    assert titles(other) == []
    assert other.call("POST", f"notices/{first['id']}/read").status_code == 404
    assert rep.call("POST", f"notices/{first['id']}/read").get_json()["read_on"]
    assert rep.get("notices").get_json()["unread"] == 2
    assert rep.call("POST", "notices/read").get_json() == {"unread": 0}
    assert rep.get("notices").get_json()["unread"] == 0


@pytest.mark.parametrize(
    ("path", "status"),
    [("notices?limit=0", 400), ("notices?limit=9999999", 400), ("notices?after=7", 400),
     ("notices?colour=red", 400)],
)  # fmt: skip
def test_unusable_calls(rep: Client, path: str, status: int) -> None:
    """Each is refused with a reason."""
    assert rep.get(path).status_code == status
    for id in ("x", "-1", "9" * 30, "%00"):
        assert rep.call("POST", f"notices/{id}/read").status_code in (400, 404)


def test_described(admin: Client) -> None:
    """The calls stand in the description of the API."""
    paths = admin.get("_openapi").get_json()["paths"]
    assert {"/notices", "/notices/read", "/notices/{id}/read"} <= paths.keys()


def test_an_approval(
    world: World, quote: Callable[..., int], rep: Client, boss: Client, other: Client, admin: Client
) -> None:
    """The manager is asked, and told no more once it is decided; the submitter is told the end."""
    id = quote()
    number = rep.get(f"o/quotation/{id}").get_json()["number"]
    assert rep.call("POST", f"o/quotation/{id}/do/submit", {}).status_code == 200
    background(world).drain()
    assert titles(boss) == [f"Rep asks for your approval: {number}"]
    assert (titles(rep), titles(other)) == ([], [])
    (asked,) = boss.items("notices")
    assert (asked["object"], asked["record"]) == ("quotation", id)
    task = next(item["id"] for item in boss.items("approvals") if item["record"]["id"] == id)
    said = {"comment": "too much {discount}"}
    assert boss.call("POST", f"approvals/{task}/reject", said).status_code == 200
    background(world).drain()
    assert boss.get("notices").get_json()["unread"] == 0
    (ended,) = rep.items("notices")
    assert (ended["title"], ended["text"]) == (f"Boss rejected {number}", "too much {discount}")


def test_an_approval_in_two_steps(
    world: World, quote: Callable[..., int], rep: Client, boss: Client, clerk: Client, admin: Client
) -> None:
    """Each step tells those who may decide it and is settled for all; the end is told once."""
    id = quote("0.3")
    number = rep.get(f"o/quotation/{id}").get_json()["number"]
    assert rep.call("POST", f"o/quotation/{id}/do/submit", {}).status_code == 200
    background(world).drain()
    assert (len(titles(boss)), titles(clerk), titles(admin)) == (1, [], [])
    for client in (boss, clerk):
        found = client.items("approvals")
        task = next(item["id"] for item in found if item["record"]["id"] == id)
        assert client.call("POST", f"approvals/{task}/approve", {}).status_code == 200
        if client is boss:
            background(world).drain()
            asked = [f"Rep asks for your approval: {number}"]
            assert (titles(clerk), titles(admin), titles(rep)) == (asked, asked, [])
            assert boss.get("notices").get_json()["unread"] == 0
    background(world).drain()
    assert [c.get("notices").get_json()["unread"] for c in (boss, clerk, admin, rep)] == [
        0,
        0,
        0,
        1,
    ]
    assert titles(rep) == [f"Clerk approved {number}"]


def test_an_approval_that_is_withdrawn(
    world: World, quote: Callable[..., int], rep: Client, boss: Client
) -> None:
    """What was asked is settled; a request that was not told yet is not told any more."""
    for told_first in (True, False):
        id = quote()
        assert rep.call("POST", f"o/quotation/{id}/do/submit", {}).status_code == 200
        if told_first:
            background(world).drain()
        found = boss.items("approvals")
        task = next(item["id"] for item in found if item["record"]["id"] == id)
        assert rep.call("POST", f"approvals/{task}/withdraw", {}).status_code == 200
        background(world).drain()
        assert boss.get("notices").get_json()["unread"] == 0
    assert len(titles(boss)) == 1


def test_comments(world: World, rep: Client, boss: Client, other: Client, admin: Client) -> None:
    """The owner, who commented before and who is named are told; not the author, nor strangers."""
    name = f"Acme {next(world.numbers)}"
    id = rep.made("customer", name=name)["id"]
    for client, text in (
        (boss, "Call them, @rep and @other {x}"), (rep, "I did. @admin @nobody"),
    ):  # fmt: skip
        assert client.call("POST", f"o/customer/{id}/comments", {"text": text}).status_code == 201
        background(world).drain()
    (named,) = rep.items("notices")
    assert named["title"] == f"Boss named you in a comment on {name}"
    assert named["text"] == "Call them, @rep and @other {x}"
    assert titles(boss) == [f"Rep commented on {name}"]
    assert titles(admin) == [f"Rep named you in a comment on {name}"]
    assert titles(other) == []


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


def test_mail_to_an_account(
    world: World, box: Mailbox, quote: Callable[..., int], rep: Client
) -> None:
    """Who has an address gets the request by mail, in the account's language."""
    gate = world.site.current.gate
    gate.update(SYSTEM, "person", world.people["boss"], {"email": "boss@example.com"})
    with world.site.databases.writing() as connection:
        user = connection.scalar(sa.select(USER.c.id).where(USER.c.username == "boss"))
        keep_locale(connection, user, "zh")
    id = quote()
    rep.call("POST", f"o/quotation/{id}/do/submit", {})
    background(world, box.url()).drain()
    gate.update(SYSTEM, "person", world.people["boss"], {"email": None})
    (mail,) = box.mails
    assert str(mail["Subject"]).startswith("Rep 请您审批：QT-")
    body = mail.get_body(("plain",))
    assert body is not None
    assert f"https://crm.example.com/o/quotation/{id}" in body.get_content()


def test_the_directory(world: World) -> None:
    """It agrees with requests about everybody, and forgets who may not sign in."""
    gate = world.site.current.gate
    directory = AccountDirectory(world.site.databases)
    shell = world.app.extensions["formwright"]
    for name, person in world.people.items():
        with world.site.databases.reading() as connection:
            user = connection.scalar(sa.select(USER.c.id).where(USER.c.username == name))
            account = shell.actors.account(connection, user)
        expected = shell.actors.actor_for(world.site.current, account)
        found = directory.actor_of(gate, person)
        assert found is not None
        for fact in ("person", "name", "roles", "department", "team", "departments"):
            assert getattr(found, fact) == getattr(expected, fact), (name, fact)
    assert world.people["boss"] in directory.people_of(gate, "sales_manager")
    assert world.people["rep"] not in directory.people_of(gate, "sales_manager")
    assert directory.named(gate, ["BOSS", "nobody"]) == {"BOSS": world.people["boss"]}
    locked = world.account("sales_manager")
    with world.site.databases.writing() as connection:
        connection.execute(sa.update(USER).where(USER.c.username == locked).values(active=False))
    directory.look_again()
    assert directory.actor_of(gate, world.people[locked]) is None
    assert world.people[locked] not in directory.people_of(gate, "sales_manager")


def test_the_directory_looks_again_by_itself(world: World) -> None:
    """What another process changes is seen within two seconds."""
    gate = world.site.current.gate
    directory = AccountDirectory(world.site.databases)
    directory.people_of(gate, "finance")
    added = world.people[world.account("finance")]
    deadline = time.monotonic() + PATIENCE
    while added not in directory.people_of(gate, "finance"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
