"""What pulls an automation, whom it tells, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM
from engine.records.changes import CREATE, Change
from engine.records.gate import Gate
from support.rulebook import WEBHOOK, Rulebook, rulebook
from support.small import KINDS_OF_DATABASE


def rule(name: str, on: str, condition: str = "", then: str = "") -> str:
    """An automation that tells the owner of claims."""
    asked = f"if: {condition}\n" if condition else ""
    then = then or "{tell: {notify: owner, title: '{name}'}}"
    return f"automation: {name}\nobject: claim\non: {on}\n{asked}then: {then}\n"


CALL = "{call: {webhook: erp}}"
EVERY = (
    WEBHOOK,
    rule("made", "created"),
    rule("edited", "updated"),
    rule("gone", "deleted", then=CALL),
    rule("back", "restored"),
    rule("dearer", "{changed: amount}", "amount > 100"),
    rule("handed_over", "[created, {changed: owner}]", "owner != user"),
    rule("grown", "{changed: kind, from: small, to: [large]}"),
    rule("calm", "{changed: urgent, from: true}"),
    rule("asked", "{transition: ask}"),
    rule("in_draft", "{stage: draft}"),
    rule("settled", "{stage: [paid]}", then=CALL),
    rule("parted", "{changed: parts}"),
    rule("totalled", "{changed: part_total}"),
    rule(
        "helped", "{changed: helper}", "helper is not empty",
        then="{tell: {notify: [helper, helper.manager, room.keeper, {role: boss}], title: Hi}}",
    ),
    rule("too_much", "updated", "amount * 999999999 * 999999 > 10 and amount > 1000000"),
)  # fmt: skip


@pytest.fixture(params=KINDS_OF_DATABASE)
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rulebook]:
    with rulebook(request.param, tmp_path, *EVERY) as found:
        for name, manager in (("ann", None), ("bob", 1), ("cid", 2)):
            found.site.create("person", name=name, account=name, manager=manager)
        yield found


def said(book: Rulebook) -> list[str]:
    """The automations that told somebody since the last time, but `edited`."""
    return [source for source, _ in book.news() if source != "edited"]


def test_life_of_a_record(book: Rulebook) -> None:
    """Created, changed, moved through its stages, deleted and restored."""
    site = book.site
    claim = site.create("claim", name="a", owner=1, amount="50")
    assert said(book) == ["handed_over", "in_draft", "made"]
    site.update("claim", claim, amount="100")
    assert book.news() == [("edited", claim)]
    site.update("claim", claim, amount="101", urgent=True)
    assert said(book) == ["dearer"]
    site.update("claim", claim, amount="101", urgent=True)
    assert book.news() == []
    site.update("claim", claim, urgent=False, kind="small")
    assert said(book) == ["calm"]
    site.update("claim", claim, kind="large")
    assert said(book) == ["grown"]
    site.gate.perform(SYSTEM, "claim", claim, "ask")
    assert said(book) == ["asked"]
    site.update("claim", claim, state="paid")
    assert said(book) == ["erp claim.paid"]
    site.update("claim", claim, state="draft")
    assert said(book) == ["in_draft"]
    site.delete("claim", claim)
    assert said(book) == ["erp claim.deleted"]
    site.restore("claim", claim)
    assert said(book) == ["back"]


def test_lines(book: Rulebook) -> None:
    """Lines that come, change or go, and the totals over them."""
    site = book.site
    claim = site.create("claim", name="a", owner=1, parts=[{"name": "x", "price": "1"}])
    said(book)
    (line,) = site.read("claim", claim).values["parts"]
    site.update("claim", claim, parts=[{"id": line.id, "name": "y"}])
    assert said(book) == ["parted"]
    site.update("claim", claim, parts=[{"id": line.id}, {"name": "z", "price": "2"}])
    assert said(book) == ["parted", "totalled"]
    site.update("claim", claim, parts=[])
    assert said(book) == ["parted", "totalled"]
    site.update("claim", claim, name="b")
    assert said(book) == []


def asked_for(book: Rulebook, record: int, source: str) -> dict[str, Any]:
    """The notice that an automation asked for about a record."""
    rows = [row for row in book.effects("notice") if row["record"] == record]
    payloads = [json.loads(row["payload"]) for row in rows]
    (found,) = [p for p in payloads if p["of"] == f"automation:{source}"]
    return dict(found)


def test_who_is_told(book: Rulebook) -> None:
    """People by expressions, each once, and roles."""
    site = book.site
    room = site.create("room", name="r", keeper=1)
    claim = site.create("claim", name="a", owner=1, room=room)
    site.update("claim", claim, helper=3)
    notice = asked_for(book, claim, "helped")
    assert (notice["to"], notice["roles"], notice["by"]) == ([3, 2, 1], ["boss"], None)
    assert notice["title"] == {"": "Hi"}


def test_who_did_it(book: Rulebook) -> None:
    """`user` is who acts; the notice says so, for that person need not be told."""
    ann = replace(SYSTEM, person=1)
    claim = book.site.create("claim", ann, name="a", owner=1)
    assert asked_for(book, claim, "made")["by"] == 1
    assert said(book) == ["in_draft", "made"]
    book.site.create("claim", ann, name="a", owner=2)
    assert said(book) == ["handed_over", "in_draft", "made"]


def test_nobody_to_tell(book: Rulebook) -> None:
    """A claim without an owner: no effect, no error."""
    book.site.create("claim", name="a")
    assert book.news() == []


def test_what_receivers_learn(book: Rulebook) -> None:
    """A webhook is told the word and what changed."""
    claim = book.site.create("claim", name="a", state="draft")
    book.site.gate.perform(SYSTEM, "claim", claim, "ask")
    book.site.update("claim", claim, state="paid", amount="2", parts=[{"name": "x"}])
    (effect,) = book.effects("webhook")
    payload = json.loads(effect["payload"])
    assert payload == {
        "webhook": "erp", "event": "claim.paid",
        "fields": ["amount", "parts", "state", "twice"],
    }  # fmt: skip


def test_a_condition_without_result(book: Rulebook) -> None:
    """The cube of the amount has too many digits: the save stands, a person sees why not."""
    claim = book.site.create("claim", name="a", owner=1)
    book.site.update("claim", claim, amount="900000000")
    assert book.site.values("claim", claim, "amount") == [900_000_000]
    assert said(book) == ["dearer", "handed_over", "in_draft", "made"]
    (effect,) = book.effects("automation")
    problem = json.loads(effect["problem"])
    assert (effect["status"], effect["record"]) == ("failed", claim)
    assert problem["code"] == "automation-failed"
    assert "too_much" in problem["en"] and "too_much" in problem["zh"]


def test_nothing_happens_without_the_change(book: Rulebook) -> None:
    """After a rollback nothing was asked for; quiet and historical changes ask for nothing."""
    gate = book.gate()

    def made(*, fails: bool, **mode: bool) -> None:
        with gate.transaction(SYSTEM, **mode) as tx:
            change = Change(given={"name": "a", "owner": 1})
            gate.pass_steps(tx, "claim", CREATE, [change])
            if fails:
                raise LookupError

    with pytest.raises(LookupError):
        made(fails=True)
    made(fails=False, quiet=True)
    made(fails=False, historical=True)
    assert book.news() == []
    made(fails=False)
    assert said(book) == ["handed_over", "in_draft", "made"]


def test_many_rows(book: Rulebook) -> None:
    """An import of many rows asks for everything at once, and leaves out what is rejected."""
    gate = book.gate()
    changes = [Change(given={"name": f"{n}", "owner": 1 + n % 3}) for n in range(300)]
    changes.append(Change(given={"name": "x", "owner": 99}))
    with gate.transaction(SYSTEM) as tx:
        batch = gate.pass_steps(tx, "claim", CREATE, changes, lenient=True)
    assert len(batch.rejected) == 1
    assert said(book).count("made") == 300
    first, *_, last = book.effects("notice")
    assert last["id"] - first["id"] == 899  # one after the other: three automations of 300 claims


def statements(gate: Gate, object: str, action: str, changes: list[Change]) -> list[str]:
    """What the database is asked while the changes pass; on SQLite, where the driver tells."""
    found: list[str] = []
    with gate.transaction(SYSTEM) as tx:
        driver: Any = tx.connection.connection.driver_connection
        driver.set_trace_callback(found.append)
        gate.pass_steps(tx, object, action, changes)
        driver.set_trace_callback(None)
    return found


def test_what_it_costs(tmp_path: Path) -> None:
    """A save that no automation is about: not one statement more. Many that fire: few more."""
    with rulebook("sqlite", tmp_path, *EVERY, rule("later", "{at: due_on}")) as book:
        book.site.create("person", name="ann")
        gate = book.gate()
        plain = copy(gate)
        plain.steps = tuple(step for step in gate.steps if step.name != "automations")
        assert len(plain.steps) == len(gate.steps) - 1

        def cost(gate: Gate, object: str, count: int, **values: Any) -> int:
            changes = [Change(given={"name": "n", **values}) for _ in range(count)]
            return len(statements(gate, object, CREATE, changes))

        cost(gate, "note", 1), cost(plain, "note", 1)
        assert cost(gate, "note", 1) == cost(plain, "note", 1)
        claims = {"owner": 1, "due_on": "2026-05-01"}
        cost(gate, "claim", 1, **claims)  # a connection reads once how the search index is kept
        few = cost(gate, "claim", 2, **claims) - cost(plain, "claim", 2, **claims)
        many = cost(gate, "claim", 50, **claims) - cost(plain, "claim", 50, **claims)
        assert few <= 2 + 2 * 4  # SQLite traces each row of a statement that writes many
        assert many <= 2 + 50 * 4
