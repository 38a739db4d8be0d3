"""The bell, its panel, the page of notices, and the preference for mail."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from engine.records.transaction import Transaction
from notices.tables import NOTICE_TABLE
from notices.tellers import Told, write
from notices.telling import Notice
from support.showroom import Showroom
from support.telling import taken
from support.world import World
from webapp.directory import AccountDirectory
from webapp.preferences import wants_mail
from webapp.tables import ACCOUNT, USER


@pytest.fixture(autouse=True)
def clean(world: World) -> None:
    """Nobody has been told anything yet."""
    table = world.site.current.gate.tables.system(NOTICE_TABLE)
    with world.site.databases.writing() as connection:
        connection.execute(sa.delete(table))


def tell(world: World, name: str, *titles: str, object: str = "", record: int = 0) -> None:
    """Tells somebody several things."""

    def work(tx: Transaction) -> None:
        for title in titles:
            told = Told(world.people[name], title, f"about {title}", False)
            token = f"{name} {title} {next(world.numbers)}"
            write(tx, Notice(title={}), taken(tx, token, object, record or None), [told])

    world.site.current.gate.write(SYSTEM, work)


def first_id(world: World) -> int:
    table = world.site.current.gate.tables.system(NOTICE_TABLE)
    with world.site.databases.reading() as connection:
        return int(connection.scalar(sa.select(sa.func.min(table.c.id))) or 0)


@pytest.mark.parametrize(
    ("locale", "label"), [("en", "Notices: 2 unread"), ("zh", "通知：2 条未读")]
)
def test_the_bell(visit: Any, world: World, locale: str, label: str) -> None:
    """Every screen shows how many are unread, in the reader's language."""
    tell(world, "rep", "one", "two")
    visitor = visit("rep", locale)
    assert label in visitor.text("/") and label in visitor.text("/o/customer")
    assert "unread" not in visit("boss").text("/").partition("<main")[0].replace("{n} unread", "")
    assert visitor.get("/notices/count").get_json() == {"unread": 2, "shown": "2"}


def test_very_many(visit: Any, world: World) -> None:
    """They are counted up to 99, and paged by 50."""
    tell(world, "rep", *(f"n{number:03}" for number in range(120)))
    visitor = visit("rep")
    assert visitor.get("/notices/count").get_json() == {"unread": 100, "shown": "99+"}
    html = visitor.text("/notices")
    assert html.count("data-notice") == 50 and "n119" in html and "n069" not in html
    following = html.partition('rel="next" href="')[2].partition('"')[0]
    assert "n069" in visitor.text(following)
    assert visitor.text("/notices/panel").count("data-notice") == 8


def test_opening_one(visit: Any, world: World, made: Showroom) -> None:
    """It leads to the record and counts as read; that of another leads nowhere."""
    customer = made.ids["customer"][0]
    tell(world, "rep", "look", object="customer", record=customer)
    id = first_id(world)
    stranger = visit("boss").get(f"/notices/{id}")
    assert stranger.headers["Location"] == "/notices"
    visitor = visit("rep")
    assert visitor.get("/notices/count").get_json()["unread"] == 1
    answer = visitor.get(f"/notices/{id}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/o/customer/{customer}")
    assert visitor.get("/notices/count").get_json()["unread"] == 0
    for odd in (10**17, 2**63, 10**30):
        assert visitor.get(f"/notices/{odd}").status_code in (303, 404)


def test_reading_all(visit: Any, world: World) -> None:
    """By a script and by a plain form; only one's own, and not without the token."""
    tell(world, "rep", "one")
    tell(world, "boss", "two")
    visitor = visit("rep")
    assert visitor.client.post("/notices/read").status_code == 400
    assert visitor.post("/notices/read").get_json()["unread"] == 0
    tell(world, "rep", "three")
    answer = visitor.post("/notices/read", script=False, back="//evil.example.com")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert visitor.get("/notices/count").get_json()["unread"] == 0
    assert visit("boss").get("/notices/count").get_json()["unread"] == 1


def test_hostile_titles(visit: Any, world: World) -> None:
    """What somebody writes into a record is text in the bell."""
    tell(world, "rep", "<script>alert(1)</script>\"'>")
    for address in ("/notices", "/notices/panel"):
        html = visit("rep").text(address)
        assert "<script>alert" not in html and "&lt;script&gt;alert(1)" in html


def test_mail_as_chosen(visit: Any, world: World) -> None:
    """The switch is on until somebody turns it off; the directory goes by it."""
    visitor, gate = visit("rep"), world.site.current.gate
    person = world.people["rep"]
    assert 'aria-checked="true"' in visitor.text("/notices")
    for choice, expected in (("no", set()), ("yes", {person})):
        assert visitor.post("/notices/mail", script=False, mail=choice).status_code == 303
        assert AccountDirectory(world.site.databases).wants_mail(gate, [person]) == expected
    with world.site.databases.writing() as connection:
        user = connection.scalar(sa.select(USER.c.id).where(USER.c.username == "rep"))
        connection.execute(sa.delete(ACCOUNT).where(ACCOUNT.c.user_id == user))
        assert wants_mail(connection, int(user or 0))


def test_the_language_chosen_is_that_of_mails(visit: Any, world: World) -> None:
    """What is chosen on the screens counts for what reaches people elsewhere."""
    visitor, gate = visit("rep"), world.site.current.gate
    for locale in ("en", "zh"):
        visitor.post("/preferences/language", script=False, locale=locale, back="/")
        directory = AccountDirectory(world.site.databases)
        assert directory.locale_of(gate, world.people["rep"]) == locale


def test_without_a_person(visit: Any, world: World) -> None:
    """An account that is nobody's has an empty bell."""
    name = world.account("sales_manager", person=False)
    client = world.browser(name)
    assert client.get("/notices/count").get_json() == {"unread": 0, "shown": ""}
    assert client.get("/notices").status_code == 200
    assert client.get("/notices/7").headers["Location"] == "/notices"
