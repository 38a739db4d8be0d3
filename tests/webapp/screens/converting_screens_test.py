"""Converting and copying on the screens: the button, the form, what was made and from what."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM
from support.showroom import Showroom
from support.world import World


@pytest.fixture
def lead(world: World, made: Showroom) -> int:
    """A lead of `rep` that may be converted."""
    values = {
        "name": f"转化线索 {next(world.numbers)}",
        "contact_name": "孙经理",
        "mobile": "138 0000 0001",
        "owner": world.people["rep"],
    }
    gate = world.site.current.gate
    id = gate.create(SYSTEM, "lead", [values])[0].id
    assert id is not None
    gate.perform(SYSTEM, "lead", id, "contact")
    return id


def name_of(world: World, object: str, id: int) -> str:
    return str(world.site.current.reader.one(SYSTEM, object, id).values["name"])


def test_the_whole_way(visit: Any, world: World, lead: int) -> None:
    """From the button to what was made, and back again by links on both sides."""
    rep, address = visit("rep", "zh"), f"/o/lead/{lead}/convert/lead_to_customer"
    assert f'href="{address}"' in rep.text(f"/o/lead/{lead}")
    form = rep.text(address)
    name = name_of(world, "lead", lead)
    for control in ("customer.name", "contact.name", "opportunity.name", "lead.rating"):
        assert f'name="{control}"' in form
    assert f'name="customer.name" aria-describedby="customer.name-note" value="{name}"' in form
    typed = {"customer.name": name + "有限公司", "customer.name:was": name, "contact.name": "孙"}
    refused = rep.post(address, script=False, **typed)
    assert refused.status_code == 422
    assert "请先评估意向程度" in refused.text
    assert f'value="{name}有限公司"' in refused.text
    done = rep.post(address, script=False, **typed, **{"lead.rating": "hot"})
    assert done.status_code == 303, done.text
    page = rep.text(done.headers["Location"])
    (customer,) = re.findall(rf'<a href="/o/customer/(\d+)">{name}有限公司</a>', page)[:1]
    assert address not in page
    target = rep.text(f"/o/customer/{customer}")
    assert f'<a href="/o/lead/{lead}">{name}</a>' in target
    assert "此前的记录：" in target
    assert name_of(world, "customer", int(customer)) == name + "有限公司"


def test_problems_for_scripts(visit: Any, lead: int) -> None:
    """A script is told by control what speaks against it."""
    response = visit("rep").post(
        f"/o/lead/{lead}/convert/lead_to_customer",
        **{"customer.name": "", "customer.name:was": "x", "opportunity.expected_close": "soon"},
    )
    assert response.status_code == 422
    fields = {one["field"] for one in response.get_json()["problems"]}
    assert {"customer.name", "opportunity.expected_close"} <= fields


def test_not_offered(visit: Any, world: World, lead: int) -> None:
    """Who may not convert it sees no button, and is told why at its address."""
    world.site.current.gate.perform(
        SYSTEM, "lead", lead, "disqualify", {"disqualify_reason": "other"}
    )
    rep = visit("rep")
    assert "lead_to_customer" not in rep.text(f"/o/lead/{lead}")
    assert "Contact the lead first" in rep.text(f"/o/lead/{lead}/convert/lead_to_customer", 422)
    assert rep.get(f"/o/lead/{lead}/convert/nothing").status_code == 404
    assert visit("other").get(f"/o/lead/{lead}/convert/lead_to_customer").status_code == 404


def test_copy(visit: Any, world: World, lead: int) -> None:
    """The form of a new record with the values of another one."""
    rep = visit("rep")
    assert f'href="/o/lead/new?copy={lead}"' in rep.text(f"/o/lead/{lead}")
    form = rep.text(f"/o/lead/new?copy={lead}")
    assert f'value="{name_of(world, "lead", lead)}"' in form
    assert 'value="孙经理"' in form
    assert visit("other").get(f"/o/lead/new?copy={lead}").status_code == 404
