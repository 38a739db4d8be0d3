"""Views through the API and the screens: lists, records, export, and no way to write."""

from __future__ import annotations

import pytest

from engine.permissions.actors import SYSTEM
from support.world import World

REFUSED = "read-only-object"


@pytest.fixture(scope="module")
def sold(world: World) -> World:
    """An order of the seller, confirmed, and one of somebody else."""
    gate = world.site.current.gate
    valve = {"code": "V-1", "name": "Valve", "list_price": "100", "unit": "piece"}
    (product,) = gate.create(SYSTEM, "product", [valve])
    for owner in ("rep", "other"):
        person = world.people[owner]
        buyer = {"name": f"Views of {owner}", "owner": person}
        (customer,) = gate.create(SYSTEM, "customer", [buyer])
        values = {
            "customer": customer.id, "owner": person, "ordered_on": "2026-03-04",
            "delivery_date": "2026-05-01", "lines": [{"product": product.id}],
        }  # fmt: skip
        (order,) = gate.create(SYSTEM, "order", [values])
        assert order.id is not None
        gate.perform(SYSTEM, "order", order.id, "confirm")
    return world


def test_rest(sold: World) -> None:
    """Lists and single rows are read; every way of writing is refused by name."""
    rep = sold.client("rep")
    (row,) = rep.items("o/sales_by_month?sort=-gross_total&count=exact")
    assert row["customer"]["title"] == "Views of rep" and "margin" not in row
    assert rep.items("o/sales_by_month?month=2026-03-01&where=orders == 1") == [row]
    one = rep.get(f"o/sales_by_month/{row['id']}")
    assert one.get_json()["gross_total"] == row["gross_total"]
    assert len(sold.client("boss").items("o/sales_by_month")) == 1
    assert len(sold.client("clerk").items("o/sales_by_month")) == 2
    assert rep.get("o/sales_by_month?q=x").get_json()["code"] == "view-without-search"
    path = f"o/sales_by_month/{row['id']}"
    for method, where, body in (
        ("POST", "o/sales_by_month", {"orders": 1}),
        ("POST", "o/sales_by_month", [{"orders": 1}]),
        ("PATCH", path, {"orders": 1}),
        ("DELETE", path, None),
        ("POST", f"{path}/restore", None),
        ("POST", f"{path}/comments", {"text": "hello"}),
    ):
        answer = rep.call(method, where, body)
        assert answer.status_code in (400, 403, 404, 405, 409, 422), (method, where)
        if "restore" not in where:
            assert answer.get_json()["code"] == REFUSED, (method, where, answer.text)
    assert rep.get(f"{path}/history").status_code in (200, 404)


def test_descriptions(sold: World) -> None:
    """What describes the application knows that a view is only read."""
    admin = sold.client("admin")
    paths = admin.get("_openapi").get_json()["paths"]
    assert set(paths["/o/sales_by_month"]) == {"get"}
    assert not [p for p in paths if p.startswith("/o/sales_by_month/") and p.count("/") > 3]
    mine = admin.get("me").get_json()["objects"]["sales_by_month"]
    assert mine["actions"] == ["read", "export"]
    fields = admin.get("definitions/sales_by_month").get_json()["fields"]
    assert not any(field["writable"] for field in fields.values())


def test_screens(sold: World) -> None:
    """The list, its groups, the record's page and the export; nothing to write with."""
    browser = sold.browser("boss")
    listing = browser.get("/o/sales_by_month")
    assert listing.status_code == 200 and "Views of rep" in listing.text
    for absent in ("new", "import", "bulk"):
        assert f"/o/sales_by_month/{absent}" not in listing.text
    assert browser.get("/o/sales_by_month?view=by_customer").status_code == 200
    id = sold.client("boss").items("o/sales_by_month")[0]["id"]
    page = browser.get(f"/o/sales_by_month/{id}")
    assert page.status_code == 200 and "Views of rep" in page.text
    for absent in ("/edit", "/delete", "/copy"):
        assert f"/o/sales_by_month/{id}{absent}" not in page.text
    assert browser.get("/").status_code == 200
    assert browser.get("/search?q=Views").status_code == 200
    for path in ("new", f"{id}/edit"):
        assert browser.get(f"/o/sales_by_month/{path}").status_code == 422
