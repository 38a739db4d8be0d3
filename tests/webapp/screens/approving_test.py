"""Approvals on the screens: the panel of a record, decisions, and what waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM
from engine.records.changes import CREATE, Change
from support.showroom import Showroom
from support.world import World


@dataclass(frozen=True)
class Submitted:
    """A quotation that waits for `boss`; `number` is its title."""

    address: str
    number: str
    id: int
    task: int

    def to(self, decision: str) -> str:
        """Where to post a decision."""
        return f"{self.address}/approvals/{self.task}/{decision}"


@pytest.fixture
def submit(world: World, made: Showroom, visit: Any) -> Any:
    """Makes quotations of `rep` that wait."""

    def one(discount: str = "0.15") -> Submitted:
        gate, owner = world.site.current.gate, world.people["rep"]
        name = f"审批客户 {next(world.numbers)}"
        customer = gate.create(SYSTEM, "customer", [{"name": name, "owner": owner}])[0].id
        lines = [{"description": "车床", "price": "10", "discount": discount}]
        values = {"customer": customer, "owner": owner, "lines": lines}
        id = gate.create(SYSTEM, "quotation", [values])[0].id or 0
        response = visit("rep").post(f"/o/quotation/{id}/do/submit")
        assert response.status_code == 200, response.text
        found = world.client("rep").items("approvals?show=submitted&limit=1000")
        (item,) = [i for i in found if i["record"]["id"] == id]
        return Submitted(f"/o/quotation/{id}", item["record"]["title"], id, item["id"])

    return one


def status(world: World, one: Submitted) -> Any:
    """The stage of the quotation."""
    return world.site.current.reader.one(SYSTEM, "quotation", one.id).values["status"]


def test_panel(visit: Any, submit: Any) -> None:
    """The manager can decide, the representative can withdraw; nobody can change the record."""
    one = submit("0.25")
    for locale, words in (("en", ("Discount approval", "Sales manager", "Approve", "Reject")),
                          ("zh", ("折扣审批", "财务", "尚未轮到", "同意", "驳回"))):  # fmt: skip
        page = visit("boss", locale).text(one.address)
        for word in words:
            assert word in page, word
        assert f'formaction="{one.to("approve")}"' in page
        assert {"en": "Finance or Administrator", "zh": "财务或系统管理员"}[locale] in page
        assert "/withdraw" not in page
    page = visit("rep").text(one.address)
    assert f'formaction="{one.to("withdraw")}"' in page and "/approve" not in page
    assert "Locked" in page
    for visitor in ("rep", "boss", "admin"):
        page = visit(visitor).text(one.address)
        for gone in ("/edit", "/delete", "/do/", "data-edit"):
            assert f"{one.address}{gone}" not in page and "data-edit" not in page, gone


def test_approve(visit: Any, submit: Any, world: World) -> None:
    """The manager's approval sends it on; the page then tells who decided and what was said."""
    one = submit()
    response = visit("boss", "zh").post(one.to("approve"), comment="同意，下不为例")
    assert response.status_code == 200, response.text
    assert response.get_json() == {"location": one.address, "told": "已同意"}
    assert status(world, one) == "approved"
    page = visit("rep", "zh").text(one.address)
    assert "同意，下不为例" in page and "已通过" in page and "同意了审批" in page
    assert "data-decision" not in page
    response = visit("boss", "zh").post(one.to("approve"))
    assert response.status_code == 409
    assert "已处理" in response.get_json()["problems"][0]["message"]


def test_reject(visit: Any, submit: Any, world: World) -> None:
    """A rejection needs a comment, which is told at its control; a plain form works too."""
    one = submit()
    response = visit("boss").post(one.to("reject"), comment=" ")
    assert response.status_code == 422
    (problem,) = response.get_json()["problems"]
    assert (problem["field"], problem["code"]) == ("comment", "approval-comment-needed")
    assert visit("boss").post(one.to("reject"), script=False).status_code == 422
    response = visit("boss").post(one.to("reject"), script=False, comment="<b>Too low</b>")
    assert (response.status_code, response.headers["Location"]) == (303, one.address)
    assert status(world, one) == "draft"
    page = visit("rep").text(one.address)
    assert "&lt;b&gt;Too low&lt;/b&gt;" in page and "<b>Too low" not in page
    assert f"{one.address}/edit" in page


def test_withdraw(visit: Any, submit: Any, world: World) -> None:
    """Whoever submitted it takes it back; nobody else may."""
    one = submit()
    assert visit("boss").post(one.to("withdraw")).status_code == 403
    assert visit("other").post(one.to("withdraw")).status_code == 404
    response = visit("rep").post(one.to("withdraw"), comment="typing error")
    assert response.get_json()["told"] == "Withdrawn from approval"
    assert status(world, one) == "draft"
    assert "typing error" in visit("boss").text(one.address)


def test_refused(visit: Any, submit: Any, world: World) -> None:
    """Not one's own, not another record's, not without the token, nothing that is unknown."""
    one, another = submit(), submit()
    response = visit("rep").post(one.to("approve"))
    assert response.status_code == 403
    assert response.get_json()["problems"][0]["code"] == "forbidden-own-decision"
    assert visit("other").post(one.to("approve")).status_code == 404
    assert visit("boss").client.post(one.to("approve")).status_code == 400
    crossed = f"{another.address}/approvals/{one.task}/approve"
    for address in (crossed, one.to("burn"), f"{one.address}/approvals/{'9' * 30}/approve",
                    f"/o/customer/{one.id}/approvals/{one.task}/approve",
                    f"/o/quotation/{'9' * 30}/approvals/{one.task}/approve"):  # fmt: skip
        assert visit("boss").post(address).status_code == 404, address
    assert status(world, one) == status(world, another) == "in_approval"


def test_home(visit: Any, submit: Any) -> None:
    """What waits stands on the home page and on its own page until it is decided."""
    one = submit()
    link = f'href="{one.address}#approval"'
    assert link in visit("boss", "zh").text("/approvals")
    assert "待我审批" in visit("boss", "zh").text("/")
    assert link not in visit("rep").text("/approvals")
    assert link in visit("rep").text("/approvals?show=submitted")
    assert link not in visit("other").text("/approvals?show=submitted")
    visit("boss").post(one.to("approve"))
    assert link not in visit("boss").text("/approvals")
    for odd in ("after=x", "after=99999999999999999999", "show=nothing", "after=²"):
        visit("boss").text(f"/approvals?{odd}")


def test_reserved(visit: Any, world: World, submit: Any) -> None:
    """What approvals perform is offered to nobody, neither on screens nor by the API."""
    one = submit()
    visit("boss").text(f"{one.address}/do/approve", 404)
    names = {
        t["name"]
        for t in world.client("boss").get("definitions/quotation").get_json()["transitions"]
    }
    assert "submit" in names and not names & {"approve", "return_to_draft"}


def test_imported_into_an_approval(visit: Any, world: World) -> None:
    """A record that came into the stage without an approval shows its way back, and takes it."""
    gate, owner = world.site.current.gate, world.people["rep"]
    with gate.transaction(SYSTEM, historical=True) as tx:
        customer = Change(given={"name": f"旧客户 {next(world.numbers)}", "owner": owner})
        gate.pass_steps(tx, "customer", CREATE, [customer])
        values = {"customer": customer.id, "owner": owner, "status": "in_approval"}
        values |= {"quoted_on": "2020-01-01", "number": f"OLD-{next(world.numbers)}"}
        quotation = Change(given=values)
        gate.pass_steps(tx, "quotation", CREATE, [quotation])
    address = f"/o/quotation/{quotation.id}"
    page = visit("rep").text(address)
    assert f"{address}/do/return_to_draft" in page and f"{address}/do/approve" not in page
    assert visit("rep").post(f"{address}/do/return_to_draft").status_code == 200
    one = Submitted(address, "", quotation.id or 0, 0)
    assert status(world, one) == "draft"
