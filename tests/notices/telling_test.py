"""Notices: who is told, in which words, and that it happens once; on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.definition.tree import Node
from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Place
from jobs.carrying import Carrier
from jobs.claims import Claims
from jobs.handlers import LeaseLost, Running
from jobs.tables import OUTBOX, QUEUES
from notices.tellers import Teller
from notices.telling import Notice, check_template
from support.small import KINDS_OF_DATABASE
from support.telling import Office, office

TITLE = {"en": "{number} for {customer} expires", "zh": "{number}（{customer}）即将到期"}
TEXT = {
    "en": "{amount} until {valid_until}, cost {cost} ({double_cost}), {customer.level}, {user}",
    "zh": "{amount}，{valid_until}，成本 {cost}（{double_cost}），{customer.level}，{user}",
}


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def at(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """Wang has a customer and a quotation; Chen leads Wang and Li."""
    with office(request.param, tmp_path_factory.mktemp("telling")) as made:
        yield made


@pytest.fixture(autouse=True)
def clean(at: Office) -> None:
    """Nobody has been told anything yet."""
    with at.site.databases.writing() as connection:
        for name in ("fw_notice", OUTBOX):
            connection.execute(at.gate.tables.system(name).delete())


@pytest.fixture(scope="module")
def quote(at: Office) -> int:
    customer = at.site.create("customer", name="Acme", level="gold", owner=at.people["chen"])
    return at.site.create(
        "quote",
        subject="Lathe",
        customer=customer,
        amount="12345.6",
        cost="9000",
        valid_until="2026-03-31",
        region="north",
        owner=at.people["wang"],
    )


def teller(at: Office) -> Teller:
    return Teller(directory=at.directory)


def everybody(at: Office) -> tuple[int, ...]:
    return tuple(at.people.values())


def test_each_reads_what_they_may(at: Office, quote: int) -> None:
    """Wang does not see costs, nor the customer of Chen's; Li does not see the quotation."""
    at.tell("quote", quote, Notice(to=everybody(at), title=TITLE, text=TEXT))
    assert at.carry(teller(at).handler()) == {"notice": ("done", None)}
    assert at.told("chen") == [
        (
            "Q-0001（Acme）即将到期",
            "¥12,345.60，2026年3月31日，成本 ¥9,000.00（¥18,000.00），金牌，Chen",
        )
    ]
    assert at.told("wang") == [
        ("Q-0001 for — expires", "CNY\xa012,345.60 until March 31, 2026, cost — (—), —, Wang")
    ]
    assert at.told("li") == []


def test_nothing_hidden_is_told_in_a_roundabout_way(at: Office, quote: int) -> None:
    """What is computed from hidden values is hidden, and looks like what is empty."""
    title = {
        "en": "{'rich' if cost > 1000 else 'poor'} {cost * 2} {'x' if cost is empty else 'y'} "
        "{customer.name} {this.cost} {text(customer.name)} {'' if customer is empty else 'z'}"
    }
    at.tell("quote", quote, Notice(to=(at.people["wang"],), title=title))
    at.carry(teller(at).handler())
    ((told, _),) = at.told("wang")
    assert told == "— — — — — — —"


def test_roles_and_people_once_each_without_the_author(at: Office, quote: int) -> None:
    """Members of roles and people named are one set; who did it is not told."""
    notice = Notice(
        to=(at.people["wang"], at.people["chen"]),
        roles=("seller", "manager", "nobody"),
        title={"en": "{by} changed {this}", "zh": "{by} 修改了 {this}"},
        by=at.people["wang"],
    )
    at.tell("quote", quote, notice)
    at.carry(teller(at).handler())
    assert (at.told("chen"), at.told("wang")) == ([("Wang 修改了 Q-0001", "")], [])


def test_scopes_about_the_person(at: Office, quote: int) -> None:
    """A scope that looks at the reading person counts for each of them."""
    north, south = (
        at.hire(f"{region}_{at.site.gate.dialect}", "regional", region=region)
        for region in ("north", "south")
    )
    at.tell("quote", quote, Notice(to=(north, south), title={"en": "{number} {user.region}"}))
    at.carry(teller(at).handler())
    assert [(row["person"], row["title"]) for row in at.site.rows("fw_notice")] == [
        (north, "Q-0001 —")  # this role does not read people
    ]


def test_scopes_through_links(at: Office, quote: int) -> None:
    """A scope that follows links of the record and of the person counts for each of them."""
    level, other = (at.site.create("department", name=name) for name in ("gold", "tin"))
    rich, poor = (
        at.hire(f"{name}_{at.site.gate.dialect}", "linked", department=department)
        for name, department in (("rich", level), ("poor", other))
    )
    at.tell("quote", quote, Notice(roles=("linked",), title={"en": "{number} {amount}"}))
    at.carry(teller(at).handler())
    assert poor and [(row["person"], row["title"]) for row in at.site.rows("fw_notice")] == [
        (rich, "Q-0001 CNY 12,345.60")
    ]


def test_fields_of_one_role_on_rows_of_another(at: Office, quote: int) -> None:
    """Costs that one of somebody's roles shows, but not on this row, stay hidden (rule 27)."""
    person = at.hire(f"both_{at.site.gate.dialect}", "seller", "manager")
    own = at.site.create("quote", cost="5", owner=person)
    at.site.gate.update(SYSTEM, "quote", quote, {"region": "mixed"})
    mixed = at.hire(f"mixed_{at.site.gate.dialect}", "costs", "regional", region="mixed")
    for record in (own, quote):
        at.tell("quote", record, Notice(to=(person, mixed), title={"en": "{amount} {cost}"}))
    at.carry(teller(at).handler())
    told = [(row["person"], row["record"], row["title"]) for row in at.site.rows("fw_notice")]
    assert told == [(person, own, "— CNY 5.00"), (mixed, quote, "CNY 12,345.60 —")]
    at.site.gate.update(SYSTEM, "quote", quote, {"region": "north"})


def test_the_locked_and_the_gone(at: Office, quote: int) -> None:
    """Who cannot sign in, and who is no person, is passed over; a deleted record tells nobody."""
    boss = at.directory.actors.pop(at.people["chen"])
    gone = at.site.create("quote", subject="x", owner=at.people["wang"])
    at.site.delete("quote", gone)
    try:
        for record in (quote, gone, 10**9):
            at.tell("quote", record, Notice(to=(*everybody(at), 10**9), title={"en": "{this}"}))
        at.carry(teller(at).handler())
    finally:
        at.directory.actors[at.people["chen"]] = boss
    assert (at.told("chen"), at.told("wang")) == ([], [("Q-0001", "")])


def test_once_whatever_happens(at: Office, quote: int) -> None:
    """The handler called again for an effect that was ended writes nothing more."""
    at.tell("quote", quote, Notice(to=everybody(at), title={"en": "{this}"}))
    claims = Claims(at.site.databases, at.gate.tables.system(OUTBOX), "test")
    (effect,) = claims.take("urgent", at.site.clock(), 10)
    teller(at).run(Running(at.gate, effect, claims))
    with pytest.raises(LeaseLost):
        teller(at).run(Running(at.gate, effect, claims))
    assert Carrier(lambda: at.gate, {"notice": teller(at).handler()}).drain(QUEUES) == 0
    assert at.told("wang") == [("Q-0001", "")]


def test_about_no_record(at: Office) -> None:
    """A notice need not be about a record."""
    at.tell("", None, Notice(to=(at.people["wang"],), title={"en": "Hello {user.name}"}))
    at.carry(teller(at).handler())
    assert at.told("wang") == [("Hello Wang", "")]


def test_values_cannot_break_out(at: Office) -> None:
    """Line breaks and control characters do not get into titles; braces of values stay text."""
    hostile = at.site.create("quote", subject="{cost} <b>\u2028x", owner=at.people["wang"])
    at.tell("quote", hostile, Notice(to=(at.people["wang"],), title={"en": "a\r\nBcc: {subject}"}))
    at.carry(teller(at).handler())
    assert at.told("wang") == [("a Bcc: {cost} <b> x", "")]


def test_long_texts_are_cut(at: Office, quote: int) -> None:
    """Titles at 200 characters, texts at 4,000."""
    long = {"en": "x" * 5_000}
    at.tell("quote", quote, Notice(to=(at.people["wang"],), title=long, text=long))
    at.carry(teller(at).handler())
    ((title, text),) = at.told("wang")
    assert (len(title), len(text), title[-1]) == (200, 4_000, "…")


def test_templates_that_fit_no_more(at: Office, quote: int) -> None:
    """A field that is gone is told to whoever looks after failed jobs."""
    at.tell("quote", quote, Notice(to=(at.people["wang"],), title={"en": "{colour}"}))
    status, problem = at.carry(teller(at).handler())["notice"]
    assert status == "failed" and problem is not None and "colour" in problem


def test_many_people_few_questions(at: Office, quote: int) -> None:
    """Telling 300 members of a role takes some dozen statements, whatever their scope is."""
    people = []
    for number in range(300):
        person = 1_000_000 + number
        roles = frozenset(("seller", "manager"))
        people.append(person)
        at.directory.actors[person] = Actor(
            person=person, name=f"P{number}", roles=roles, team=(person, at.people["wang"])
        )
    notice = Notice(roles=("seller",), title=TITLE, text=TEXT)
    try:
        found: list[object] = []
        count = at.statements(
            lambda: found.extend(teller(at).prepare(at.gate, notice, "quote", quote))
        )
    finally:
        for person in people:
            del at.directory.actors[person]
    assert len(found) == 301
    assert count < 30


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("{number} of {customer.name} for {user.name} by {by.name}", []),
        ("{colour}", ["unknown-name"]),
        ("{number", ["text-braces"]),
        ("{lines}", ["notice-many-records", "text-not-printable"]),
        ("{count(line for line in lines)}", ["notice-many-records"]),
        ("{1 +}", ["expression-syntax"]),
    ],
)
def test_templates_are_checked(at: Office, text: str, codes: list[str]) -> None:
    """What is wrong with a template is known before anybody is told."""
    found = check_template(Node(text, Place("a.yaml", 3, 8)), "quote", at.gate.catalog)
    assert [problem.code for problem in found] == codes
    assert all(problem.place and problem.place.line == 3 for problem in found)
