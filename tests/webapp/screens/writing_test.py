"""Writing through the screens: forms, values in place, transitions, comments, the recycle bin."""

from __future__ import annotations

from typing import Any

import pytest

from engine.permissions.actors import SYSTEM
from support.showroom import Showroom
from support.world import World


@pytest.fixture
def customer(world: World, made: Showroom) -> int:
    """A fresh record of `rep`."""
    name = f"新客户 {next(world.numbers)}"
    values = {"name": name, "owner": world.people["rep"]}
    id = world.site.current.gate.create(SYSTEM, "customer", [values])[0].id
    assert id is not None
    return id


def read(world: World, object: str, id: int) -> dict[str, Any]:
    """The record as the system sees it."""
    return dict(world.site.current.reader.one(SYSTEM, object, id).values)


def test_create(visit: Any, world: World) -> None:
    """A form as a script sends it tells where to go; a plain one leads there."""
    name = f"表单公司 {next(world.numbers)}"
    response = visit("rep").post("/o/customer/new", name=name, employees="1,200", tags="重点，华北")
    assert response.status_code == 200, response.text
    found = read(world, "customer", int(response.get_json()["location"].rpartition("/")[2]))
    assert (found["name"], int(found["employees"]), found["tags"]) == (name, 1200, ("重点", "华北"))
    other = f"另一家客户 {next(world.numbers)}"
    response = visit("rep").post("/o/customer/new", script=False, name=other)
    assert response.status_code == 303


def test_problems_by_field(visit: Any) -> None:
    """All problems come at once, each with its control; the plain form keeps what was typed."""
    form = {
        "short_name": "短",
        "employees": "many",
        "website": "not a site",
        "parent": "没有的公司",
    }
    response = visit("rep", "zh").post("/o/customer/new", **form)
    assert response.status_code == 422
    told = {one["field"]: one["message"] for one in response.get_json()["problems"]}
    assert set(told) == {"name", "employees", "website", "parent"}
    assert told["name"] == "请填写客户名称"
    text = visit("rep", "zh").post("/o/customer/new", script=False, **form).text
    for typed in form.values():
        assert f'value="{typed}"' in text
    assert "请填写客户名称" in text


def test_unchanged_fields_stay_others(visit: Any, world: World, customer: int) -> None:
    """A form changes what was typed into it, not what it was drawn with."""
    before = read(world, "customer", customer)
    form = {"version": str(before["version"]), "name": before["name"], "short_name": "新简称"}
    form |= {"employees": "", "status": "prospect", "tags": ""}
    response = visit("rep").post(f"/o/customer/{customer}/edit", **form)
    assert response.status_code == 200, response.text
    after = read(world, "customer", customer)
    changed = {n for n in after if after[n] != before[n]} - {"changed_on", "changed_by", "version"}
    assert changed == {"short_name"}


def test_stale(visit: Any, world: World, customer: int) -> None:
    """Somebody else was quicker: nothing is written, and the answer names them."""
    visit("boss").post(f"/o/customer/{customer}/value/phone", phone="010 1234567", version="1")
    response = visit("rep").post(
        f"/o/customer/{customer}/value/short_name", short_name="旧", version="1"
    )
    if read(world, "customer", customer)["version"] == 1:
        world.site.current.gate.update(SYSTEM, "customer", customer, {"country": "中国"})
        response = visit("rep").post(
            f"/o/customer/{customer}/value/short_name", short_name="旧", version="1"
        )
    assert response.status_code == 412
    assert "changed it" in response.get_json()["stale"]
    assert read(world, "customer", customer)["short_name"] in (None, "旧")


def test_value_in_place(visit: Any, world: World, customer: int) -> None:
    """One field, saved by itself; per cent are per cent; a forbidden field is refused."""
    visitor = visit("rep")
    assert 'name="short_name"' in visitor.text(f"/o/customer/{customer}/value/short_name")
    assert (
        visitor.post(f"/o/customer/{customer}/value/short_name", short_name="改").status_code == 200
    )
    assert read(world, "customer", customer)["short_name"] == "改"
    visitor.text(f"/o/customer/{customer}/value/won_total", 404)
    quotation = world.site.current.gate.create(
        SYSTEM, "quotation", [{"customer": customer, "owner": world.people["rep"]}]
    )[0].id
    response = visitor.post(f"/o/quotation/{quotation}/value/discount", discount="7.5")
    assert response.status_code == 200, response.text
    assert str(read(world, "quotation", quotation or 0)["discount"]) == "0.0750"


def lines(*rows: dict[str, str], name: str = "lines") -> dict[str, Any]:
    """Lines as a form sends them."""
    form: dict[str, Any] = {f"{name}:lines:there": "1", f"{name}:lines": []}
    for index, row in enumerate(rows):
        form[f"{name}:lines"].append(str(index))
        form |= {f"{name}.{index}.{key}": value for key, value in row.items()}
    return form


def test_lines(visit: Any, world: World, made: Showroom, customer: int) -> None:
    """Lines are created with their record, changed, removed; empty new ones do not count."""
    visitor = visit("rep")
    product = str(made.ids["product"][0])
    empty = {"description": "", "quantity": "1", "quantity:was": "1"}
    form = {"customer": "x", "customer:id": str(customer)}
    form |= lines({"product": "P", "product:id": product, "quantity": "2"}, empty)
    response = visitor.post("/o/quotation/new", **form)
    assert response.status_code == 200, response.text
    id = int(response.get_json()["location"].rpartition("/")[2])
    (line,) = read(world, "quotation", id)["lines"]
    assert line.values["description"] == "数控加工中心 VMC-850"
    form = lines({"id": str(line.id), "quantity": "3", "product": "数控加工中心 VMC-850",
                  "product:id": product}, {"description": "安装", "price": "10"})  # fmt: skip
    assert visitor.post(f"/o/quotation/{id}/edit", **form).status_code == 200
    found = [
        (int(x.values["quantity"]), x.values["description"])
        for x in read(world, "quotation", id)["lines"]
    ]
    assert found == [(3, "数控加工中心 VMC-850"), (1, "安装")]
    assert visitor.post(f"/o/quotation/{id}/edit", **lines()).status_code == 200
    assert read(world, "quotation", id)["lines"] == []


def test_problems_of_lines(visit: Any, customer: int) -> None:
    """A problem in a line has the name of that line's control, empty lines before it or not."""
    form = {"customer": "x", "customer:id": str(customer)}
    form |= lines({"quantity": "1", "quantity:was": "1"}, {"quantity": "-4", "description": "x"})
    problems = visit("rep").post("/o/quotation/new", **form).get_json()["problems"]
    assert {one["field"] for one in problems} >= {"lines.1.quantity", "lines.1.price"}


def test_preview(visit: Any, world: World, made: Showroom, customer: int) -> None:
    """Totals and suggestions of what is typed; nothing is written, no number is spent."""
    visitor, reader = visit("rep"), world.site.current.reader
    before = len(reader.page(SYSTEM, "quotation").items)
    form = {"customer": "x", "customer:id": str(customer)}
    form |= lines({"product": "P", "product:id": str(made.ids["product"][0]), "quantity": "2"})
    told = visitor.post("/o/quotation/preview", **form).get_json()
    assert "772,000.00" in told["shown"]["gross_total"]
    assert told["values"]["lines.0.price"] == {"text": "386000"}
    told = visitor.post("/o/quotation/preview", **lines()).get_json()
    assert {one["code"] for one in told["problems"]} >= {"required"}
    assert len(reader.page(SYSTEM, "quotation").items) == before


def test_transition(visit: Any, world: World, customer: int) -> None:
    """What a transition asks for comes back by field; a plain form shows it; then it is done."""
    gate = world.site.current.gate
    values = {"customer": customer, "owner": world.people["rep"], "name": "推进"}
    id = gate.create(SYSTEM, "opportunity", [values])[0].id
    visitor, address = visit("rep"), f"/o/opportunity/{id}/do/lose"
    assert 'name="loss_reason"' in visitor.text(address)
    assert "<dialog" in visitor.text(f"{address}?part=1")
    problems = visitor.post(address).get_json()["problems"]
    assert "loss_reason" in {one["field"] for one in problems}
    assert visitor.post(address, script=False).status_code == 422
    today = read(world, "opportunity", id or 0)["start_date"].isoformat()
    assert visitor.post(address, loss_reason="price", close_date=today).status_code == 200
    assert read(world, "opportunity", id or 0)["stage"] == "lost"
    assert visitor.post(f"/o/opportunity/{id}/do/reopen").status_code in (403, 422)
    visitor.text(f"/o/opportunity/{id}/do/reopen", 404)


def test_recycle_bin(visit: Any, world: World, customer: int) -> None:
    """Deleting answers with the way back; a selection goes together."""
    visitor = visit("boss")
    visit("rep").post(f"/o/customer/{customer}/delete").get_json()
    response = visitor.post(f"/o/customer/{customer}/delete")
    assert response.status_code == 200, response.text
    visitor.text(f"/o/customer/{customer}", 404)
    assert visitor.post(response.get_json()["undo"]).status_code == 200
    visitor.text(f"/o/customer/{customer}")
    response = visitor.post("/o/customer/delete-many", id=[str(customer)])
    assert visitor.post(response.get_json()["undo"]).status_code == 200


def test_comments(visit: Any, customer: int) -> None:
    """Whoever reads a record reads and writes its comments; nobody else; never an empty one."""
    assert (
        visit("rep").post(f"/o/customer/{customer}/comments", comment="已联系").status_code == 200
    )
    assert "已联系" in visit("boss").text(f"/o/customer/{customer}")
    assert visit("rep").post(f"/o/customer/{customer}/comments", comment=" ").status_code == 422
    assert visit("other").post(f"/o/customer/{customer}/comments", comment="x").status_code == 404


def test_csrf(visit: Any, customer: int) -> None:
    """Nothing is written without the token."""
    client = visit("rep").client
    for address in (
        "/o/customer/new", f"/o/customer/{customer}/edit", f"/o/customer/{customer}/value/name",
        f"/o/customer/{customer}/delete", f"/o/customer/{customer}/comments",
        f"/o/customer/{customer}/do/win", "/o/customer/restore?id=1", "/o/customer/delete-many",
        "/o/customer/preview", "/preferences/language",
    ):  # fmt: skip
        assert client.post(address, data={"name": "x"}).status_code == 400, address


def test_language(visit: Any, world: World) -> None:
    """The choice is kept, and leads back only within the site."""
    name = world.account("finance")
    visitor = visit(name)
    for back, there in (("/o/order?q=1", "/o/order?q=1"), ("//evil.example", "/"),
                        ("https://evil.example/", "/"), ("/\\evil.example", "/")):  # fmt: skip
        response = visitor.post("/preferences/language", script=False, locale="zh", back=back)
        assert response.headers["Location"] == there
    assert "首页" in visitor.text("/")
    visitor.post("/preferences/language", script=False, locale="en")
    assert "Home" in visitor.text("/")


def test_what_a_link_brings(visit: Any, world: World) -> None:
    """A form opened for a customer is about that customer when it is sent as it is."""
    gate, owner = world.site.current.gate, world.people["rep"]
    number = next(world.numbers)
    name, mobile = f"Of a link {number}", f"1380013{number:04}"
    customer = gate.create(SYSTEM, "customer", [{"name": name, "owner": owner}])[0].id
    page = visit("rep").text(f"/o/contact/new?customer={customer}&mobile={mobile}")
    assert f'name="customer:id" value="{customer}"' in page
    assert 'name="customer:was"' not in page and 'name="mobile:was"' not in page
    form = {"name": "Li", "customer": name, "customer:id": str(customer), "mobile": mobile}
    made = visit("rep").post("/o/contact/new", **form)
    assert made.status_code == 200, made.text
