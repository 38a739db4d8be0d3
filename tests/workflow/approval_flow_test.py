"""The shipped approval of discounts, end to end, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Refusal
from engine.records.changes import UPDATE, Change
from support.sites import Company, make_company
from support.small import KINDS_OF_DATABASE, codes, fresh_url, refusal
from workflow.approvals.definitions import reserved
from workflow.approvals.service import Approvals
from workflow.approvals.states import InboxQuery

_numbers = count(1)


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def company(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """Wang and Li report to Chen; Zhao, in the south, is in finance here."""
    with fresh_url(request.param, tmp_path_factory.mktemp("approvals")) as url:
        made = make_company(url)
        yield made
        made.databases.dispose()


@pytest.fixture
def approvals(company: Company) -> Approvals:
    return Approvals(company.gate)


@pytest.fixture
def wang(company: Company) -> Actor:
    return company.actor("wang")


@pytest.fixture
def chen(company: Company) -> Actor:
    return company.actor("chen", "sales_manager")


@pytest.fixture
def zhao(company: Company) -> Actor:
    return company.actor("zhao", "finance")


@pytest.fixture
def quote(company: Company, wang: Actor) -> Callable[..., int]:
    """Makes a quotation of Wang's with one line."""
    customer = company.create(wang, "customer", name=f"Acme {next(_numbers)}")

    def make(line: str = "0", **values: Any) -> int:
        lines = [{"description": "Lathe", "quantity": "2", "price": "1000", "discount": line}]
        return company.create(wang, "quotation", customer=customer, lines=lines, **values)

    return make


def status(company: Company, id: int) -> Any:
    return company.reader.one(SYSTEM, "quotation", id).values["status"]


def rows(company: Company, table: str, record: int) -> list[dict[str, Any]]:
    source = company.application.tables.system(table)
    mine = (source.c.record == record, source.c.object == "quotation")
    statement = sa.select(source).where(*mine).order_by(source.c.id)
    with company.databases.reading() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def submitted(company: Company, approvals: Approvals, id: int) -> int:
    """Submits Wang's quotation; the task that is open then."""
    company.gate.perform(company.actor("wang"), "quotation", id, "submit")
    (state,) = [s for s in approvals.of(SYSTEM, "quotation", id) if s.state == "running"]
    return next(task.id for task in state.tasks if task.state == "waiting" and task.opened)


@pytest.mark.parametrize("values", [{}, {"line": "0.1"}, {"discount": "0.1"}])
def test_small_discounts_need_nobody(
    company: Company, quote: Callable[..., int], wang: Actor, values: dict[str, str]
) -> None:
    """Up to ten per cent it is sent from the draft, or goes straight through when submitted."""
    direct, through = quote(**values), quote(**values)
    company.gate.perform(wang, "quotation", direct, "send")
    company.gate.perform(wang, "quotation", through, "submit")
    assert (status(company, direct), status(company, through)) == ("sent", "approved")
    assert rows(company, "fw_approval", through) == []


@pytest.mark.parametrize("values", [{"line": "0.1001"}, {"discount": "0.2"}])
def test_the_manager_agrees(
    company: Company,
    approvals: Approvals,
    quote: Callable[..., int],
    wang: Actor,
    chen: Actor,
    values: dict[str, str],
) -> None:
    """Above ten per cent the owner's manager is asked, and nobody else; then it is sent."""
    id = quote(**values)
    assert codes(lambda: company.gate.perform(wang, "quotation", id, "send")) == [
        ("approval-needed", "status")
    ]
    task = submitted(company, approvals, id)
    assert status(company, id) == "in_approval"
    assert task in [item.task for item in approvals.inbox(chen).items]
    assert approvals.inbox(wang).items == ()
    approvals.decide(chen, task, "approve", " 同意 ")
    assert status(company, id) == "approved"
    (state,) = approvals.of(wang, "quotation", id)
    assert (state.state, state.tasks[0].comment) == ("granted", "同意")
    assert state.tasks[0].decided_by is not None
    assert state.tasks[0].decided_by.title == "Chen"
    for transition in ("send", "accept"):
        company.gate.perform(wang, "quotation", id, transition)
    assert status(company, id) == "accepted"


def test_what_is_written(
    company: Company, approvals: Approvals, quote: Callable[..., int], chen: Actor, zhao: Actor
) -> None:
    """Each act is one transaction with audit, stage history and outbox; one step after another."""
    id = quote("0.25")
    first = submitted(company, approvals, id)
    assert approvals.inbox(zhao).items == ()
    approvals.decide(chen, first, "approve")
    assert status(company, id) == "in_approval"
    (item,) = approvals.inbox(zhao).items
    assert (str(item.step), item.record, str(item.asked)) == ("Finance", id, "Finance")
    approvals.decide(zhao, item.task, "approve", "within the budget")
    moves = [(r["source"], r["target"], r["transition"]) for r in _moves(company, id)]
    assert moves == [
        (None, "draft", None),
        ("draft", "in_approval", "submit"),
        ("in_approval", "approved", "approve"),
    ]
    effects = [(r["kind"], json.loads(r["payload"])) for r in rows(company, "fw_outbox", id)]
    kinds = [(kind, payload) for kind, payload in effects if kind.startswith("approval.")]
    assert [kind for kind, _ in kinds] == [
        "approval.requested", "approval.decided", "approval.requested", "approval.decided",
    ]  # fmt: skip
    assert kinds[0][1]["people"] == [company.people["chen"]]
    assert kinds[2][1]["roles"] == ["finance", "administrator"]
    assert [p["state"] for k, p in kinds if k == "approval.decided"] == ["running", "granted"]
    audit = [(r["action"], r["actor"], r["version"]) for r in rows(company, "fw_audit", id)]
    people = company.people
    assert audit == [
        ("create", people["wang"], 1),
        ("update", people["wang"], 2),
        ("approve", people["chen"], 2),
        ("update", people["zhao"], 3),
        ("approve", people["zhao"], 3),
    ]
    (approval,) = rows(company, "fw_approval", id)
    snapshot = json.loads(approval["snapshot"])
    assert snapshot["fields"]["status"] == "in_approval"
    assert snapshot["lines"]["lines"][0]["discount"] == "0.2500"
    assert approval["revision"] == company.application.revision


def _moves(company: Company, id: int) -> list[dict[str, Any]]:
    return [r for r in rows(company, "fw_stage_history", id) if r["object"] == "quotation"]


def test_reject_gives_back(
    company: Company,
    approvals: Approvals,
    quote: Callable[..., int],
    wang: Actor,
    chen: Actor,
    zhao: Actor,
) -> None:
    """A rejection needs a reason, and the draft can be changed and submitted again."""
    id = quote("0.3")
    task = submitted(company, approvals, id)
    for empty in (None, "", "  "):
        assert codes(lambda empty=empty: approvals.decide(chen, task, "reject", empty)) == [
            ("approval-comment-needed", "comment")
        ]
    approvals.decide(chen, task, "reject", "Too much.")
    assert status(company, id) == "draft"
    assert approvals.inbox(zhao).items == ()
    company.gate.update(wang, "quotation", id, {"notes": "Again."})
    again = submitted(company, approvals, id)
    approvals.decide(chen, again, "approve")
    states = approvals.of(wang, "quotation", id)
    assert [(s.state, s.comment) for s in states] == [("running", None), ("rejected", "Too much.")]
    assert [t.state for t in states[1].tasks] == ["rejected", "cancelled", "cancelled"]


def test_withdraw_restores(
    company: Company, approvals: Approvals, quote: Callable[..., int], wang: Actor, chen: Actor
) -> None:
    """Who submitted takes it back: stage and values are as before, and nobody is asked any more."""
    id = quote("0.3", discount="0.05")
    before = company.reader.one(SYSTEM, "quotation", id).values
    task = submitted(company, approvals, id)
    (state,) = approvals.of(wang, "quotation", id)
    assert state.may_withdraw and not approvals.of(chen, "quotation", id)[0].may_withdraw
    assert codes(lambda: approvals.withdraw(chen, state.id)) == [("forbidden-withdrawal", "")]
    approvals.withdraw(wang, state.id, "a mistake")
    after = company.reader.one(SYSTEM, "quotation", id).values
    moved = {"version", "changed_on", "changed_by"}
    assert {n for n in before if before[n] != after[n]} <= moved
    assert approvals.inbox(chen, InboxQuery(object="quotation")).items == ()
    assert codes(lambda: approvals.withdraw(wang, state.id)) == [("approval-ended", "")]
    assert codes(lambda: approvals.decide(chen, task, "approve")) == [("approval-decided", "")]
    kinds = [row["kind"] for row in rows(company, "fw_outbox", id)]
    assert kinds.count("approval.withdrawn") == 1
    assert rows(company, "fw_audit", id)[-1]["action"] == "withdraw"


def test_an_administrator_withdraws(
    company: Company, approvals: Approvals, quote: Callable[..., int]
) -> None:
    """Somebody can always free a record that waits for people who have left."""
    id = quote("0.3")
    submitted(company, approvals, id)
    (state,) = approvals.of(SYSTEM, "quotation", id)
    approvals.withdraw(company.actor("li", "administrator"), state.id)
    assert status(company, id) == "draft"


def test_locked_for_everybody(
    company: Company, approvals: Approvals, quote: Callable[..., int], wang: Actor, chen: Actor
) -> None:
    """Fields, lines, stage, owner and deletion; whoever asks; the refusal names who is asked."""
    id = quote("0.15")
    submitted(company, approvals, id)
    before = company.reader.one(SYSTEM, "quotation", id).values
    admin = company.actor("li", "administrator")
    for actor in (wang, chen, admin, SYSTEM):
        for values in ({"notes": "x"}, {"lines": []}, {"status": "draft"}, {"notes": None}):
            assert codes(lambda a=actor, v=values: company.gate.update(a, "quotation", id, v)) == [
                ("approval-running", "")
            ]
        for transition in ("approve", "return_to_draft", "submit"):
            assert codes(
                lambda a=actor, t=transition: company.gate.perform(a, "quotation", id, t)
            ) == [("approval-running", "")]
    for actor in (chen, admin, SYSTEM):
        assert codes(lambda a=actor: company.gate.delete(a, "quotation", [id])) == [
            ("approval-running", "")
        ]
    assert codes(
        lambda: company.gate.update(admin, "quotation", id, {"owner": company.people["li"]})
    ) == [("approval-running", "")]
    assert company.reader.one(SYSTEM, "quotation", id).values == before
    update = lambda: company.gate.update(wang, "quotation", id, {"notes": "x"})  # noqa: E731
    assert refusal(update) == (
        "approval-running the Quotation is waiting for Discount approval: Sales manager, asked is"
        " Chen (wait for the decision, or withdraw it from approval first)"
    )
    assert refusal(update, "zh").startswith(
        "approval-running 该报价单正在等待折扣审批：销售经理，审批人为Chen"
    )


def test_one_record_of_many_is_locked(
    company: Company, approvals: Approvals, quote: Callable[..., int], wang: Actor
) -> None:
    """An import goes on without the locked record, however often it names it."""
    locked, free = quote("0.15"), quote("0.15")
    submitted(company, approvals, locked)
    changes = [
        Change(given={"notes": str(n)}, id=id) for n, id in enumerate((locked, free, locked))
    ]
    batch = company.gate.write(
        wang, lambda tx: tx.gate.pass_steps(tx, "quotation", UPDATE, changes, lenient=True)
    )
    assert [change.id for change in batch.rejected] == [locked, locked]
    assert company.reader.one(SYSTEM, "quotation", free).values["notes"] == "1"
    assert company.reader.one(SYSTEM, "quotation", locked).values["notes"] is None


def test_what_the_system_derives_goes_on(
    company: Company, approvals: Approvals, quote: Callable[..., int], wang: Actor
) -> None:
    """A deleted contact is cleared from a locked quotation, whose own version says so."""
    customer = company.create(wang, "customer", name="Clearing Ltd.")
    contact = company.create(wang, "contact", name="Ms Li", customer=customer, mobile="13800000000")
    lines = [{"description": "Lathe", "price": "10", "discount": "0.15"}]
    id = company.create(wang, "quotation", customer=customer, contact=contact, lines=lines)
    submitted(company, approvals, id)
    company.gate.delete(wang, "contact", [contact])
    assert company.reader.one(SYSTEM, "quotation", id).values["contact"] is None
    assert status(company, id) == "in_approval"


def test_as_it_was_approved(
    company: Company, approvals: Approvals, quote: Callable[..., int], wang: Actor, chen: Actor
) -> None:
    """An approved quotation keeps its content until it is revised; then it needs approval anew."""
    id = quote("0.15")
    approvals.decide(chen, submitted(company, approvals, id), "approve")
    for values, field in (
        ({"discount": "0.5"}, "discount"),
        ({"notes": "x"}, "notes"),
        ({"status": "sent", "discount": "0.12"}, "discount"),
        ({"lines": [{"description": "Other", "price": "1", "discount": "0.15"}]}, "lines"),
    ):
        assert codes(lambda v=values: company.gate.update(wang, "quotation", id, v)) == [
            ("approval-frozen", field)
        ]
    company.gate.update(chen, "quotation", id, {"owner": company.people["li"]})
    company.gate.update(chen, "quotation", id, {"owner": company.people["wang"]})
    company.gate.perform(wang, "quotation", id, "send")
    company.gate.perform(wang, "quotation", id, "reject", {"reject_reason": "price"})
    company.gate.perform(wang, "quotation", id, "revise")
    company.gate.update(wang, "quotation", id, {"discount": "0.12"})
    assert codes(lambda: company.gate.perform(wang, "quotation", id, "send")) == [
        ("approval-needed", "status")
    ]


def test_no_way_around(company: Company, quote: Callable[..., int], wang: Actor) -> None:
    """Neither a stage in a form, nor a raise after sending, nor the approval's own transition."""
    id = quote("0.15")
    gate = company.gate
    assert codes(lambda: gate.update(wang, "quotation", id, {"status": "sent"})) == [
        ("approval-needed", "status")
    ]
    sent = quote("0.1")
    gate.perform(wang, "quotation", sent, "send")
    gate.update(wang, "quotation", sent, {"notes": "Free, since it needs no approval."})
    assert codes(lambda: gate.update(wang, "quotation", sent, {"discount": "0.11"})) == [
        ("approval-frozen", "discount")
    ]
    imported = _historical(company, "in_approval")
    assert codes(lambda: gate.perform(wang, "quotation", imported, "approve")) == [
        ("transition-by-approval", "")
    ]
    gate.perform(wang, "quotation", imported, "return_to_draft")  # nothing runs, so it is free
    assert status(company, imported) == "draft"


def _historical(company: Company, stage: str) -> int:
    values = {
        "customer": company.create(SYSTEM, "customer", name=f"Old {stage}"),
        "status": stage,
        "owner": company.people["wang"],
        "lines": [{"description": "Lathe", "price": "10", "discount": "0.5"}],
    }
    change = Change(given=values)
    company.gate.write(
        SYSTEM,
        lambda tx: tx.gate.pass_steps(tx, "quotation", "create", [change]),
        historical=True,
    )
    assert change.id is not None
    return change.id


def test_reserved(company: Company) -> None:
    """What screens need not offer, since approvals do it."""
    catalog = company.application.catalog
    assert reserved(catalog, "quotation") == {"approve", "return_to_draft"}
    assert reserved(catalog, "order") == set()


def test_who_may_decide(
    company: Company,
    approvals: Approvals,
    quote: Callable[..., int],
    wang: Actor,
    chen: Actor,
    zhao: Actor,
) -> None:
    """Only who is asked, now, and can read the record; others learn no more than they may see."""
    id = quote("0.25")
    first = submitted(company, approvals, id)
    second = approvals.of(chen, "quotation", id)[0].tasks[1].id
    li, stranger = company.actor("li"), company.actor("zhao")
    nobody = Actor(roles=frozenset({"administrator"}), name="no person")
    for actor, task, code in (
        (wang, first, "forbidden-own-decision"),
        (zhao, first, "forbidden-decision"),
        (zhao, second, "approval-not-open"),
        (li, first, "not-found"),
        (stranger, first, "not-found"),
        (chen, 10**9, "not-found"),
        (nobody, first, "forbidden-without-person"),
        (SYSTEM, first, "forbidden-without-person"),
        (company.actor("chen", "finance"), second, "approval-not-open"),
        (company.actor("chen"), first, "not-found"),  # asked, but may no longer read it
    ):
        assert codes(lambda a=actor, t=task: approvals.decide(a, t, "approve")) == [(code, "")]
    for actor in (li, stranger):
        assert codes(lambda a=actor: approvals.of(a, "quotation", id)) == [("not-found", "")]
        assert approvals.inbox(actor).items == ()
        state = approvals.of(wang, "quotation", id)[0]
        assert codes(lambda a=actor, s=state: approvals.withdraw(a, s.id)) == [("not-found", "")]
    approvals.decide(chen, first, "approve")
    former = company.actor("zhao", "sales_manager")
    assert codes(lambda: approvals.decide(former, second, "approve")) == [("not-found", "")]
    reader = company.actor("chen", "sales_manager")
    assert codes(lambda: approvals.decide(reader, second, "approve")) == [
        ("forbidden-decision", "")
    ]
    assert codes(lambda: approvals.decide(zhao, second, "maybe")) == [("unknown-decision", "")]
    approvals.decide(zhao, second, "approve")
    assert status(company, id) == "approved"


def test_a_bad_comment(
    company: Company, approvals: Approvals, quote: Callable[..., int], chen: Actor
) -> None:
    """What no column can hold, and what nobody would read, is refused at the comment."""
    task = submitted(company, approvals, quote("0.15"))
    for comment in ("a\0b", "x" * 2_001):
        with pytest.raises(Refusal) as refused:
            approvals.decide(chen, task, "approve", comment)
        assert [p.path for p in refused.value.problems] == ["comment"]


def test_pages_of_the_inbox(
    company: Company, approvals: Approvals, quote: Callable[..., int], wang: Actor, chen: Actor
) -> None:
    """The oldest first; every task once."""
    made = [submitted(company, approvals, quote("0.15")) for _ in range(3)]
    found: list[int] = []
    query = InboxQuery(limit=2)
    while True:
        page = approvals.inbox(chen, query)
        assert len(page.items) <= 2
        found += [item.task for item in page.items]
        if page.next is None:
            break
        query = InboxQuery(limit=2, after=page.next)
    assert found == sorted(set(found))
    assert found[-3:] == made
    mine = approvals.inbox(wang, InboxQuery(submitted=True, limit=1_000)).items
    assert [item.task for item in mine][-3:] == made
    assert {str(item.asked) for item in mine if item.task in made} == {"Chen"}
    for limit in (0, 1_001):
        assert codes(lambda n=limit: approvals.inbox(chen, InboxQuery(limit=n))) == [
            ("bad-query", "")
        ]
