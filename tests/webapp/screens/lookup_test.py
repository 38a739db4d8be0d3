"""Choosing a linked record: what is offered follows the rules of the link."""

from __future__ import annotations

from typing import Any

import pytest

from engine.permissions.actors import SYSTEM
from support.world import World


@pytest.fixture
def contacts(world: World) -> dict[str, int]:
    """Two customers of `rep`, each with a contact of its own."""
    gate, owner = world.site.current.gate, world.people["rep"]
    made = {}
    for name in ("one", "two"):
        given = {"name": f"{name} {next(world.numbers)}", "owner": owner}
        customer = gate.create(SYSTEM, "customer", [given])[0].id
        given = {
            "name": f"Contact of {name}",
            "customer": customer,
            "owner": owner,
            "mobile": "138 0013 8000",
        }
        made[name] = customer or 0
        made[f"contact of {name}"] = gate.create(SYSTEM, "contact", [given])[0].id or 0
    return made


def offered(visit: Any, **query: Any) -> set[int]:
    """The ids that are offered for a contact."""
    address = "/o/contact/lookup?q=Contact of&" + "&".join(f"{k}={v}" for k, v in query.items())
    return {item["id"] for item in visit("rep").get(address).get_json()["items"]}


def test_of_what_the_form_holds(visit: Any, contacts: dict[str, int]) -> None:
    """Of the chosen customer's contacts only; of all as long as none is chosen."""
    asked = {"for": "quotation.contact"}
    one, two = contacts["contact of one"], contacts["contact of two"]
    assert offered(visit, **asked, **{"of.customer": contacts["one"]}) & {one, two} == {one}
    assert offered(visit, **asked, **{"of.customer": ""}) >= {one, two}
    assert offered(visit, **{"for": "quotation.subject"}) >= {one, two}
    assert offered(visit, **asked, **{"of.customer": "no id"}) >= {one, two}


def test_of_what_the_record_holds(visit: Any, world: World, contacts: dict[str, int]) -> None:
    """Where the form shows one field only, the rest comes from the record."""
    given = {"customer": contacts["two"], "owner": world.people["rep"]}
    quotation = world.site.current.gate.create(SYSTEM, "quotation", [given])[0].id
    one, two = contacts["contact of one"], contacts["contact of two"]
    asked = {"for": "quotation.contact", "record": quotation}
    assert offered(visit, **asked) & {one, two} == {two}
    assert (
        visit("rep").get("/o/contact/lookup?for=quotation.contact&record=999999999").status_code
        == 404
    )
    control = visit("rep").text(f"/o/quotation/{quotation}/value/contact")
    assert 'data-needs="customer"' in control and f'data-own="{quotation}"' in control
