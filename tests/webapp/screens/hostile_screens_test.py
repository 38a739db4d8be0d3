"""Hostile values and addresses: what comes from people stays text, and nothing answers 500."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.permissions.actors import SYSTEM
from support.showroom import Showroom
from support.world import World

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'{{7*7}}</textarea></title>"


@pytest.fixture(scope="session")
def hostile(world: World, made: Showroom) -> dict[str, int]:
    """Records whose every text is hostile."""
    gate, owner = world.site.current.gate, world.people["rep"]
    customer = gate.create(
        SYSTEM, "customer",
        [{"name": HOSTILE, "short_name": HOSTILE[:60], "notes": HOSTILE, "tags": [HOSTILE[:55]],
          "owner": owner, "country": HOSTILE[:80]}],
    )[0].id  # fmt: skip
    opportunity = gate.create(
        SYSTEM, "opportunity", [{"customer": customer, "owner": owner, "needs": HOSTILE}]
    )[0].id
    contact = gate.create(
        SYSTEM, "contact",
        [{"name": HOSTILE[:60], "customer": customer, "mobile": "139 1111 2222"}],
    )[0].id  # fmt: skip
    assert customer and opportunity and contact
    return {"customer": customer, "opportunity": opportunity, "contact": contact}


def test_everything_is_escaped(visit: Any, hostile: dict[str, int]) -> None:
    """No screen lets a value become markup."""
    visitor = visit("admin")
    visitor.post(f"/o/customer/{hostile['customer']}/comments", comment=HOSTILE)
    visitor.post(f"/o/customer/{hostile['customer']}/value/short_name", short_name=HOSTILE[:59])
    addresses = [
        "/",
        "/search?q=alert",
        "/search?part=1&q=alert",
        "/o/opportunity?view=board&list=all",
    ]
    addresses += [
        f"/o/customer?name.has={HOSTILE}",
        f"/o/customer?q={HOSTILE}",
        f"/o/{HOSTILE[9:17]}",
    ]
    addresses += [
        f"/o/customer?tags={HOSTILE}",
        f"/o/customer?sort={HOSTILE}",
        f"/o/customer?{HOSTILE}=1",
    ]
    addresses += [
        f"/o/customer?owner={HOSTILE}",
        f"/o/customer/new?name={HOSTILE}",
        f"/search?q={HOSTILE}",
    ]
    for object, id in hostile.items():
        addresses += [f"/o/{object}?list=all", f"/o/{object}/{id}", f"/o/{object}/{id}/edit"]
        addresses += [f"/o/{object}/{id}/timeline"]
    addresses += [f"/o/opportunity/{hostile['opportunity']}/do/lose?part=1"]
    for address in addresses:
        response = visitor.get(address)
        assert response.status_code in (200, 404, 422), address
        assert "<script>alert" not in response.text, address
        assert "<img src=x" not in response.text, address
    response = visitor.post("/o/customer/new", script=False, short_name=HOSTILE, employees=HOSTILE)
    assert response.status_code == 422
    assert "<script>alert" not in response.text


ODD = ("", "0", "-1", "1e999", "9" * 30, "2026-02-30", "%", "'", "\0")
TEXTS = st.text(max_size=30) | st.sampled_from(ODD)
NAMES = st.sampled_from(
    ["list", "view", "sort", "q", "after", "trail", "stage", "amount.from", "amount.to", "name.has",
     "owner", "owner.empty", "expected_close.from", "probability.to", "tags", "nothing", 
     "stage.from", "customer", "overdue", "created_on.to", "lines", "id", "version"]
)  # fmt: skip


def test_lists_take_anything(visit: Any) -> None:
    """Whatever the address says, a list answers, or says what is wrong with it."""
    visitor = visit("boss")

    @settings(max_examples=60)
    @given(st.lists(st.tuples(NAMES, TEXTS), max_size=4))
    def check(pairs: list[tuple[str, str]]) -> None:
        response = visitor.client.get("/o/opportunity", query_string=pairs)
        assert response.status_code in (200, 400, 422), (pairs, response.text[-600:])

    check()


def test_forms_take_anything(visit: Any, hostile: dict[str, int]) -> None:
    """Whatever a form says, the answer is a record or problems."""
    visitor = visit("admin")
    names = st.sampled_from(
        ["name", "customer", "customer:id", "amount", "probability", "expected_close", "tags",
         "lines:lines:there", "lines:lines", "lines.0.product", "lines.0.quantity", "lines.0.id",
         "version", "owner", "stage", "lines.0.product:id", "owner:id", "name:was"]
    )  # fmt: skip

    @settings(max_examples=40)
    @given(st.dictionaries(names, TEXTS, max_size=6))
    def check(form: dict[str, str]) -> None:
        for address in ("/o/opportunity/preview", f"/o/opportunity/{hostile['opportunity']}/edit"):
            response = visitor.post(address, **form)
            assert response.status_code in (200, 400, 409, 412, 422), (form, response.text[-600:])

    check()
