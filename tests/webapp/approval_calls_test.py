"""The calls on approvals: what waits for me, and what I decide."""

from __future__ import annotations

from itertools import count
from typing import Any

from support.world import Client

_numbers = count(1)


def submitted(rep: Client, discount: str = "0.15") -> int:
    """A quotation that waits for the manager; the task's id."""
    customer = rep.made("customer", name=f"Approval {next(_numbers)} Ltd.")
    lines = [{"description": "Lathe", "price": "10", "discount": discount}]
    made = rep.made("quotation", customer=customer["id"], lines=lines)
    response = rep.call("POST", f"o/quotation/{made['id']}/do/submit")
    assert (response.status_code, response.get_json()["status"]) == (200, "in_approval")
    found = [
        i
        for i in rep.items("approvals?show=submitted&limit=1000")
        if i["record"]["id"] == made["id"]
    ]
    (item,) = found
    assert item["record"]["title"] == made["number"]
    return int(item["id"])


def decide(client: Client, task: int | str, decision: str, **body: Any) -> tuple[int, str]:
    """Status, and what became of the approval or the problem's code."""
    response = client.call("POST", f"approvals/{task}/{decision}", body)
    found = response.get_json()
    return response.status_code, found.get("state") or found["code"]


def test_approve(rep: Client, boss: Client, clerk: Client, other: Client) -> None:
    """The manager, then finance; each sees it in the inbox when it is their turn."""
    task = submitted(rep, "0.25")
    (item,) = [i for i in boss.items("approvals?limit=1000&object=quotation") if i["id"] == task]
    assert (item["step"], item["asked"], item["submitted_by"]["title"]) == (
        "Sales manager", "Boss", "Rep",
    )  # fmt: skip
    assert item["opened"].endswith("Z")
    assert clerk.items("approvals") == [] == other.items("approvals")
    assert decide(rep, task, "approve") == (403, "forbidden-own-decision")
    assert decide(clerk, task, "approve") == (403, "forbidden-decision")
    assert decide(other, task, "approve") == (404, "not-found")
    assert decide(boss, task, "approve", comment="fine") == (200, "running")
    assert decide(boss, task, "approve") == (409, "approval-decided")
    (item,) = clerk.items("approvals")
    response = clerk.call("POST", f"approvals/{item['id']}/approve")
    answered = response.get_json()
    assert (answered["state"], answered["may_withdraw"]) == ("granted", False)
    assert [t["comment"] for t in answered["tasks"]][:2] == ["fine", None]
    assert clerk.items("approvals") == []


def test_reject_and_withdraw(rep: Client, boss: Client, other: Client) -> None:
    """A rejection needs a comment; the submitter withdraws with the task's id."""
    task = submitted(rep)
    assert decide(boss, task, "reject") == (422, "approval-comment-needed")
    assert decide(boss, task, "reject", comment="No.") == (200, "rejected")
    task = submitted(rep)
    assert decide(other, task, "withdraw") == (404, "not-found")
    assert decide(boss, task, "withdraw") == (403, "forbidden-withdrawal")
    assert decide(rep, task, "withdraw", comment="a mistake") == (200, "withdrawn")
    assert decide(rep, task, "withdraw") == (409, "approval-ended")
    assert decide(boss, task, "approve") == (409, "approval-decided")


def test_locked(rep: Client, boss: Client) -> None:
    """A change of a record in approval is a conflict, in the caller's language."""
    task = submitted(rep)
    (item,) = [i for i in rep.items("approvals?show=submitted&limit=1000") if i["id"] == task]
    path = f"o/quotation/{item['record']['id']}"
    response = boss.call("PATCH", path, {"notes": "x"}, Accept_Language="zh")
    assert (response.status_code, response.get_json()["code"]) == (409, "approval-running")
    assert "审批人为Boss" in response.get_json()["detail"]
    assert boss.call("DELETE", path).status_code == 409


def test_unusable(rep: Client, boss: Client) -> None:
    """Unknown ids, decisions, parameters and bodies are problems, never errors."""
    task = submitted(rep)
    for id in ("0", "99999999", "9" * 30, "x", "-1", "%00", "²"):
        assert decide(boss, id, "approve") == (404, "not-found"), id
        assert decide(boss, id, "withdraw") == (404, "not-found"), id
    assert decide(boss, task, "burn") == (422, "unknown-decision")
    for body, status in ((["x"], 400), ({"comment": 5}, 400), ({"remark": "x"}, 400)):
        assert boss.call("POST", f"approvals/{task}/approve", body).status_code == status
    assert decide(boss, task, "approve", comment="x" * 2_001) == (422, "text-too-long")
    for query in ("show=all", "limit=0", "limit=5000", "after=1", "object=nothing", "colour=red"):
        assert boss.get(f"approvals?{query}").status_code in (400, 404), query


def test_pages(rep: Client, boss: Client) -> None:
    """Page by page, every task once."""
    made = [submitted(rep) for _ in range(3)]
    found, after = list[int](), ""
    while True:
        page = boss.get(f"approvals?limit=2{after}").get_json()
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == sorted(set(found))
    assert set(made) <= set(found)
