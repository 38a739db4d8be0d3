"""Two people at once: one wins, the other is told so; nothing is done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from support.sites import make_company
from workflow.approvals.service import Approvals


def at_once(*actions: Callable[[], object]) -> list[str]:
    """Runs them at the same moment; the code of each one's refusal, "" where it was done."""
    start, results = threading.Barrier(len(actions)), [""] * len(actions)

    def run(index: int) -> None:
        start.wait()
        try:
            actions[index]()
        except Refusal as refusal:
            results[index] = refusal.problems[0].code
        except Exception as error:
            results[index] = repr(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_races(database_url: str) -> None:
    """Decisions on one task, decision against withdrawal, submission against a change."""
    company = make_company(database_url)
    gate, approvals = company.gate, Approvals(company.gate)
    wang, chen = company.actor("wang"), company.actor("chen", "sales_manager", "finance")
    clerk = company.actor("zhao", "finance")
    customer = company.create(wang, "customer", name="Acme")

    def quotation() -> int:
        line = {"description": "x", "price": "10", "discount": "0.25"}
        return company.create(wang, "quotation", customer=customer, lines=[line])

    def stage(id: int) -> str:
        return str(company.reader.one(SYSTEM, "quotation", id).values["status"])

    def once() -> None:
        id = quotation()
        # asked for twice, and changed meanwhile: one submission, and the change before or never
        results = at_once(
            lambda: gate.perform(wang, "quotation", id, "submit"),
            lambda: gate.perform(wang, "quotation", id, "submit"),
            lambda: gate.update(wang, "quotation", id, {"notes": "x"}),
        )
        assert sorted(results[:2]) == ["", "approval-running"]
        assert results[2] in ("", "approval-running")
        (state,) = approvals.of(chen, "quotation", id)
        first, second, _ = (task.id for task in state.tasks)
        results = at_once(
            lambda: approvals.decide(chen, first, "approve"),
            lambda: approvals.decide(chen, first, "reject", "no"),
            lambda: approvals.decide(chen, first, "approve"),
        )
        assert sorted(results) == ["", "approval-decided", "approval-decided"]
        if results[1] == "":
            assert stage(id) == "draft"
            return
        results = at_once(
            lambda: approvals.decide(clerk, second, "approve"),
            lambda: approvals.decide(chen, second, "approve"),
            lambda: approvals.withdraw(wang, state.id),
            lambda: gate.update(wang, "quotation", id, {"notes": "y"}),
        )
        assert results[:3].count("") == 1
        assert set(results[:3]) <= {"", "approval-decided", "approval-ended"}
        (state,) = approvals.of(chen, "quotation", id)
        assert (state.state, stage(id)) in (("granted", "approved"), ("withdrawn", "draft"))
        assert all(task.state != "waiting" for task in state.tasks)

    for _ in range(4):
        once()
    company.databases.dispose()
