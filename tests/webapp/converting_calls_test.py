"""Converting and copying through REST: what is made, previewed, refused, and done only once."""

from __future__ import annotations

from typing import Any

import pytest

from engine.permissions.actors import SYSTEM
from support.world import Client, World


@pytest.fixture
def lead(world: World) -> int:
    """A lead of `rep` that may be converted."""
    values = {
        "name": f"Lead {next(world.numbers)}",
        "contact_name": "Ms Sun",
        "mobile": "138 0000 0001",
        "rating": "hot",
        "owner": world.people["rep"],
        "estimated_amount": 80000,
    }
    gate = world.site.current.gate
    id = gate.create(SYSTEM, "lead", [values])[0].id
    assert id is not None
    gate.perform(SYSTEM, "lead", id, "contact")
    return id


def test_convert(rep: Client, lead: int) -> None:
    """Everything that is made comes back, and the source as it is now."""
    call = f"o/lead/{lead}/convert/lead_to_customer"
    response = rep.call("POST", call, {"values": {"opportunity": {"expected_close": "2027-06-30"}}})
    assert response.status_code == 201, response.text
    body = response.get_json()
    made = body["made"]
    assert {name: (one["object"], one["new"]) for name, one in made.items()} == {
        "customer": ("customer", True),
        "contact": ("contact", True),
        "opportunity": ("opportunity", True),
    }
    deal = made["opportunity"]["record"]
    assert deal["expected_close"] == "2027-06-30"
    assert deal["customer"]["id"] == made["customer"]["record"]["id"]
    assert body["record"]["status"] == "qualified"
    again = rep.call("POST", call, {})
    assert (again.status_code, again.get_json()["code"]) == (422, "conversion-not-now")


def test_preview(rep: Client, lead: int) -> None:
    """A preview tells what would be made and what is wrong; it makes nothing."""
    call = f"o/lead/{lead}/convert/lead_to_customer?preview=true"
    response = rep.call("POST", call, {"values": {"customer": {"website": "no site"}}})
    assert response.status_code == 200, response.text
    body = response.get_json()
    assert body["made"]["contact"]["record"]["name"] == "Ms Sun"
    assert "id" not in body["made"]["contact"]["record"]
    assert [p["field"] for p in body["problems"]] == ["customer.website"]
    assert rep.get(f"o/lead/{lead}").get_json()["status"] == "contacted"


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"values": {"custommer": {}}}, 422, "conversion-unknown-part", "custommer"),
        ({"values": {"customer": {"nmae": "x"}}}, 422, "unknown-field", "customer.nmae"),
        ({"values": {"customer": {"won_total": 1}}}, 422, "computed-field", "customer.won_total"),
        ({"values": {"opportunity": {"external_id": "x"}}}, 403, "forbidden-field",
         "opportunity.external_id"),
        ({"values": {"customer": 5}}, 422, "conversion-values", "customer"),
        ({"value": {}}, 400, "json-shape", "value"),
    ],
)  # fmt: skip
def test_refused(rep: Client, lead: int, body: Any, status: int, code: str, field: str) -> None:
    """What is wrong with the input is told by part and field."""
    response = rep.call("POST", f"o/lead/{lead}/convert/lead_to_customer", body)
    assert response.status_code == status, response.text
    problems = response.get_json()["errors"]
    assert (code, field) in [(p["code"], p["field"]) for p in problems]


def test_not_there(rep: Client, other: Client, clerk: Client, lead: int) -> None:
    """Unknown conversions, records that one does not see, objects that one does not know."""
    assert (
        rep.call("POST", f"o/lead/{lead}/convert/nothing", {}).get_json()["code"]
        == "no-such-conversion"
    )
    assert other.call("POST", f"o/lead/{lead}/convert/lead_to_customer", {}).status_code == 404
    assert clerk.call("POST", f"o/lead/{lead}/convert/lead_to_customer", {}).status_code == 404
    assert rep.call("POST", "o/lead/999999999/convert/lead_to_customer", {}).status_code == 404


def test_idempotency(rep: Client, lead: int) -> None:
    """The same request sent twice makes everything once and answers the same."""
    call, headers = (
        f"o/lead/{lead}/convert/lead_to_customer",
        {"Idempotency-Key": f"convert-{lead}"},
    )
    first = rep.call("POST", call, {}, **headers)
    second = rep.call("POST", call, {}, **headers)
    assert (first.status_code, second.status_code) == (201, 201), second.text
    assert first.get_json() == second.get_json()
    assert second.headers["Idempotency-Replayed"] == "true"


def test_stale(rep: Client, lead: int) -> None:
    """From an older version nothing is made."""
    response = rep.call(
        "POST", f"o/lead/{lead}/convert/lead_to_customer", {}, **{"If-Match": '"1"'}
    )
    assert (response.status_code, response.get_json()["code"]) == (412, "stale-version")


def test_definition_and_openapi(rep: Client, admin: Client) -> None:
    """Both tell of conversions: who may do what, and how."""
    found = rep.get("definitions/lead").get_json()["conversions"]
    assert [(c["name"], list(c["creates"])) for c in found] == [
        ("lead_to_customer", ["customer", "contact", "opportunity"])
    ]
    paths = admin.get("_openapi").get_json()["paths"]
    assert "/o/lead/{record}/convert/{conversion}" in paths
    assert "/o/lead/{record}/copy" in paths


def test_copy(rep: Client, world: World) -> None:
    """A copy takes over what belongs to any such record, and what is said to be different."""
    gate = world.site.current.gate
    owner = world.people["rep"]
    customer = {"name": f"Copied {next(world.numbers)}", "owner": owner}
    customer_id = gate.create(SYSTEM, "customer", [customer])[0].id
    values = {
        "customer": customer_id, "subject": "Pumps", "discount": "0.05", "owner": owner,
        "lines": [{"description": "Pump", "price": 10, "quantity": 2, "tax_rate": "vat_6"}],
    }  # fmt: skip
    id = gate.create(SYSTEM, "quotation", [values])[0].id
    first = rep.get(f"o/quotation/{id}").get_json()
    response = rep.call("POST", f"o/quotation/{id}/copy", {"subject": "Again"})
    assert response.status_code == 201, response.text
    copy = response.get_json()
    assert (copy["subject"], copy["discount"], copy["customer"]) == (
        "Again", first["discount"], first["customer"],
    )  # fmt: skip
    assert copy["number"] != first["number"]
    assert copy["gross_total"] == first["gross_total"]
    assert [line["description"] for line in copy["lines"]] == ["Pump"]
    assert copy["lines"][0]["id"] != first["lines"][0]["id"]
    assert rep.call("POST", "o/quotation/999999999/copy", {}).status_code == 404
