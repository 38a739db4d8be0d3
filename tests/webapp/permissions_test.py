"""Nobody sees through the API what their roles do not grant, whichever way they ask."""

from __future__ import annotations

from typing import Any

import pytest

from support.world import Client, World
from webapp.accounts import find_account, set_roles


@pytest.fixture(scope="module")
def deals(world: World) -> dict[str, dict[str, Any]]:
    """An opportunity of each seller, for a customer of each."""
    found = {}
    for name in ("rep", "other"):
        client = world.client(name)
        customer = client.made("customer", name=f"Secret customer of {name}")
        found[name] = client.made(
            "opportunity", name=f"Deal of {name}", customer=customer["id"], amount="777"
        )
    return found


def test_lists(deals: dict[str, dict[str, Any]], rep: Client, boss: Client, admin: Client) -> None:
    """Own, the team's, all: in the list, its count, under filters, conditions and words."""
    mine, theirs = {"Deal of rep"}, {"Deal of rep", "Deal of other"}
    for query in (
        "amount=777", "where=amount == 777", "q=Deal of", "amount=777&sort=-customer",
        "name=Deal of rep&name=Deal of other", "where=customer.name != 'x' and amount == 777",
    ):  # fmt: skip
        for client, expected in ((rep, mine), (boss, mine), (admin, theirs)):
            page = client.get(f"o/opportunity?{query}&count=exact").get_json()
            assert {item["name"] for item in page["items"]} == expected, query
            assert page["count"]["value"] == len(expected)


@pytest.mark.parametrize(
    ("method", "suffix", "body"),
    [
        ("GET", "", None), ("PATCH", "", {"notes": "x"}), ("DELETE", "", None),
        ("GET", "/history", None), ("POST", "/do/lose", {}), ("POST", "/do/fly", {}),
    ],
)  # fmt: skip
def test_records_of_others_do_not_exist(
    deals: dict[str, dict[str, Any]], rep: Client, boss: Client, method: str, suffix: str, body: Any
) -> None:
    """By id and by number, the answer is that of an id which does not exist."""
    record = deals["other"]
    if method == "DELETE":
        rep = boss
    for name in (record["id"], record["number"]):
        hidden = rep.call(method, f"o/opportunity/{name}{suffix}", body)
        missing = rep.call(method, f"o/opportunity/{name}999{suffix}", body)
        assert hidden.status_code == missing.status_code == 404
        assert hidden.text.replace(str(name), "#") == missing.text.replace(f"{name}999", "#")


def test_objects_without_a_grant_do_not_exist(clerk: Client) -> None:
    """Finance has no grant on leads: the same answer as for an object that does not exist."""
    for method, suffix, body in (
        ("GET", "", None), ("GET", "/1", None), ("POST", "", {"name": "x"}), ("PATCH", "/1", {}),
        ("DELETE", "/1", None), ("GET", "/1/history", None), ("PUT", "/by/name/x", {}),
    ):  # fmt: skip
        hidden = clerk.call(method, "o/lead" + suffix, body)
        missing = clerk.call(method, "o/daeh" + suffix, body)
        assert hidden.status_code == missing.status_code == 404
        assert hidden.text.replace("lead", "daeh") == missing.text
    assert clerk.get("definitions/lead").status_code == 404
    assert "lead" not in clerk.get("me").get_json()["objects"]


def test_titles_of_links(deals: dict[str, dict[str, Any]], world: World, admin: Client) -> None:
    """A linked record that may not be seen keeps its title to itself, in history too."""
    customer = deals["other"]["customer"]
    made = world.client("rep").made("opportunity", name="Points elsewhere")
    path = f"o/opportunity/{made['id']}"
    assert admin.call("PATCH", path, {"customer": customer["id"]}).status_code == 200
    hidden = {"id": None, "title": None, "restricted": True}
    seen = world.client("rep").get(path)
    assert seen.get_json()["customer"] == hidden
    assert customer["title"] not in seen.text
    history = world.client("rep").get(f"{path}/history")
    assert history.get_json()["items"][0]["fields"]["customer"]["after"] == hidden
    assert customer["title"] not in history.text
    # it neither filters nor sorts, and sending it back changes nothing
    query = f"o/opportunity?where=customer.name == '{customer['title']}'"
    assert world.client("rep").items(query) == []
    kept = world.client("rep").call("PATCH", path, {"customer": hidden, "notes": "x"})
    assert kept.status_code == 200
    assert admin.get(path).get_json()["customer"]["id"] == customer["id"]


def test_hidden_fields(rep: Client, boss: Client, admin: Client) -> None:
    """What costs are may be read, filtered, sorted by and named by those who see them."""
    made = admin.made("product", name="Costly", code="COSTLY", cost="321")
    path = f"o/product/{made['id']}"
    assert boss.get(path).get_json()["cost"]["amount"].startswith("321")
    assert "cost" not in rep.get(path).get_json()
    for query in ("cost=321", "sort=cost", "fields=cost", "where=cost == 321"):
        hidden = rep.get(f"o/product?{query}")
        missing = rep.get(f"o/product?{query.replace('cost', 'tsoc')}")
        assert hidden.status_code == missing.status_code
        assert hidden.status_code in (400, 422)
        one, two = (r.get_json()["errors"][0] for r in (hidden, missing))
        assert one["code"] == two["code"]
    assert "cost" not in rep.get(f"{path}/history").text
    assert "cost" in boss.get(f"{path}/history").text


def test_two_roles(world: World, rep: Client) -> None:
    """A cell is seen only where one role grants both its row and its field, in history too."""
    name = world.account("sales_representative")
    both = world.client(name)
    with world.site.databases.writing() as connection:
        user = find_account(connection, name).id
        set_roles(connection, user, ["sales_representative", "finance"])
    own = both.made("customer", name="Of both roles")
    foreign = rep.made("customer", name="Of one role")
    assert both.get(f"o/customer/{own['id']}").get_json()["open_amount"] is not None
    assert both.get(f"o/customer/{foreign['id']}").get_json()["open_amount"] is None
    for record, seen in ((own, True), (foreign, False)):
        history = both.get(f"o/customer/{record['id']}/history").get_json()["items"]
        assert ("open_amount" in history[-1]["fields"]) is seen
        assert "name" in history[-1]["fields"]


def test_writing(deals: dict[str, dict[str, Any]], rep: Client, clerk: Client) -> None:
    """What may be read may not always be written, row by row and field by field."""
    made = rep.made("customer", name="Written Ltd.")
    path = f"o/customer/{made['id']}"
    assert clerk.call("PATCH", path, {"tax_number": "91350100M000100Y43"}).status_code == 200
    refused = clerk.call("PATCH", path, {"name": "Renamed"})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden-field")
    assert clerk.call("POST", "o/customer", {"name": "x"}).status_code == 403
    for field, value in (("owner", 1), ("version", 9), ("created_by", 1), ("open_amount", 5)):
        assert rep.call("PATCH", path, {field: value}).status_code in (403, 422), field


def test_unique_values_of_others(world: World) -> None:
    """A unique value that a hidden record holds is not available, and nothing more is said."""
    boss, rival = world.account("sales_manager"), world.account("sales_manager")
    held = world.client(boss).made("opportunity", name="Holder", external_id="EXT-HELD")
    body = {"name": "Mine"}
    response = world.client(rival).call("PUT", "o/opportunity/by/external_id/ext-held", body)
    assert (response.status_code, response.get_json()["code"]) == (409, "not-available")
    assert "Holder" not in response.text and held["number"] not in response.text


def test_team_moves(world: World) -> None:
    """Whoever gets another manager is seen by that one, at once, and no longer by the old one."""
    first, second = world.account("sales_manager"), world.account("sales_manager")
    seller = world.account("sales_representative", manager=first)
    made = world.client(seller).made("customer", name=f"Moves with {seller}")
    path = f"o/customer/{made['id']}"
    assert world.client(first).get(path).status_code == 200
    assert world.client(second).get(path).status_code == 404
    change = {"manager": world.people[second]}
    response = world.client("admin").call("PATCH", f"o/person/{world.people[seller]}", change)
    assert response.status_code == 200
    assert world.client(first).get(path).status_code == 404
    assert world.client(second).get(path).status_code == 200


def test_account_without_a_person(world: World) -> None:
    """The roles count, but nothing is one's own."""
    client = world.client(world.account("sales_representative", person=False))
    assert client.get("me").get_json()["person"] is None
    assert client.items("o/opportunity") == []
    assert client.get("o/product").status_code == 200


def test_roles_count_at_once(world: World) -> None:
    """A role given or taken counts from the next request on."""
    name = world.account()
    client = world.client(name)
    assert client.get("o/product").status_code == 404
    for roles, status in (["finance"], 200), ([], 404):
        with world.site.databases.writing() as connection:
            set_roles(connection, find_account(connection, name).id, roles)
        assert client.get("o/product").status_code == status
